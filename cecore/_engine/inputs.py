"""What is asked of an input, in one place: the chapters' functions stay formulas.

Each check takes what the user passed and gives back a floating-point (or index) array that the
formulas can trust, or raises an error that names the argument, what was wrong with it and what is
expected. Half precision is widened to float32 here; the functions narrow their result back.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import ArrayLike

from cecore._engine.dtypes import Array, Index, check_real, in_the_wider, widened


class NotLogitsError(Exception):
    """A block of logits has a row with NaN, +inf or only -inf; `check_values` says where."""


def check_logits(z: ArrayLike, axis: int = -1) -> tuple[Array, np.dtype[Any]]:
    """Return ``z`` as floats to compute with, and the dtype that the result must have."""
    z, dtype = open_logits(z, axis)
    check_values(z, axis)
    return _with_adjacent_classes(z, axis), dtype


def open_logits(z: ArrayLike, axis: int) -> tuple[Array, np.dtype[Any]]:
    """Do the same as `check_logits`, but for the values: `check_values` has to follow."""
    z, dtype = _floats(z, "z")
    check_axis(z, axis, "z")
    return z, dtype


def open_part(z: ArrayLike) -> Array:
    """Return a part of the classes of some rows of logits; what it holds is still to be checked."""
    z, dtype = _floats(z, "z")
    if dtype.itemsize > 8:
        raise TypeError(f"z must hold real numbers of at most 64 bits; got dtype {dtype}")
    if z.ndim == 0:
        raise ValueError("z must have a class axis; got a 0-d array, a single number")
    return z


def proper(z: Array, axis: int = -1) -> bool:
    """Return whether these are logits: a finite one in each row, and neither NaN nor +inf."""
    if not z.size or (np.isfinite(z.min()) and np.isfinite(z.max())):
        return True
    return bool(np.isfinite(z.max(axis)).all())  # NaN or +inf if the row has one; -inf if no other


def check_values(z: Array, axis: int) -> None:
    """Refuse logits that are no logits."""
    if not proper(z, axis):
        check_entries(z)
        check_rows(z.max(axis))


def check_entries(z: Array, start: Index = ()) -> None:
    """Refuse NaN and +inf as logits; ``start`` is where this part of them begins."""
    for bad, value in ((np.isnan(z), "NaN"), (z == np.inf, "+inf")):
        if bad.any():
            raise ValueError(
                f"z must hold finite logits (or -inf for a masked class); "
                f"got {value}{_at(bad, start)}"
            )


def check_rows(maxima: Array, start: Index = ()) -> None:
    """Refuse rows whose largest logit is -inf."""
    bad = np.isneginf(maxima)
    if bad.any():
        raise ValueError(
            f"z must leave every row at least one finite logit; "
            f"got only -inf (every class masked) in {_row(bad, start)}"
        )


def check_indices(labels: ArrayLike, n: int, start: Index = ()) -> Array:
    """Return ``labels`` as an array of class indices, each of them in 0..n-1."""
    labels = _array(labels, "labels")
    if labels.size == 0 and labels.dtype == np.float64:  # what NumPy makes of an empty list
        labels = labels.astype(np.intp)
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"labels must be integer class indices in 0..{n - 1}; got dtype {labels.dtype}"
        )
    if labels.dtype == np.intp and labels.size:
        unsigned = labels.view(np.uintp)  # a negative label is a large unsigned one
        if unsigned.item(unsigned.argmax()) < n:  # for few labels, a quarter of the time of max
            return labels
    bad = (labels < 0) | (labels >= n)
    if bad.any():
        raise ValueError(
            f"labels must be class indices in 0..{n - 1}; got {labels[bad][0]}{_at(bad, start)}"
        )
    return labels.astype(np.intp)


def check_class_count(n: int) -> int:
    """Return ``n``, a number of classes."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"n must be an integer, the number of classes; got {n!r}")
    if n < 1:
        raise ValueError(f"n must be at least 1, the number of classes; got {n}")
    return int(n)


def check_distribution(p: ArrayLike, axis: int, name: str) -> tuple[Array, np.dtype[Any]]:
    """Return ``p`` as floats to compute with, and its dtype; its rows are probabilities."""
    p, dtype = _floats(p, name)
    check_axis(p, axis, name)
    p = _with_adjacent_classes(p, axis)
    bad = ~(p >= 0)  # true of NaN as well
    if bad.any():
        raise ValueError(
            f"{name} must hold probabilities, none negative or NaN; got {p[bad][0]}{_at(bad)}"
        )
    n = p.shape[axis]
    total = p.sum(axis, dtype=np.promote_types(p.dtype, np.float64))
    # n rounded terms drift apart like a random walk: allow 4 units in the last place per sqrt(n).
    tolerance = min(4 * float(np.finfo(dtype).eps) * n**0.5, 0.05)
    bad = ~(abs(total - 1) <= tolerance)
    if bad.any():
        raise ValueError(
            f"{name} must sum to 1 along the class axis, within {tolerance:.1e} for "
            f"{n} classes in {dtype}; got a sum of {np.asarray(total)[bad][0]!s} in {_row(bad)} "
            f"(if it was computed in a narrower dtype, pass it in that, or divide by the sum)"
        )
    return p, dtype


def check_labels(labels: ArrayLike, z: Array, axis: int) -> Array:
    """Return class indices (one axis fewer than ``z``) or distributions (z's shape)."""
    labels = _array(labels, "labels")
    axis = axis % z.ndim
    rows = z.shape[:axis] + z.shape[axis + 1 :]
    if labels.shape == rows:
        return check_indices(labels, z.shape[axis])
    if labels.shape == z.shape:
        return check_distribution(labels, axis, "labels")[0]
    raise ValueError(
        f"labels must be class indices of shape {rows} or distributions of shape {z.shape}, "
        f"to fit z of shape {z.shape} with its classes on axis {axis}; got shape {labels.shape}"
    )


def check_out(out: Array, z: Array, labels: Array, dtype: np.dtype[Any]) -> Array:
    """Return ``out``, which a result of z's shape can be written to."""
    if not isinstance(out, np.ndarray) or np.ma.isMaskedArray(out):
        raise TypeError(f"out must be a NumPy array; got {type(out).__name__}")
    if out.shape != z.shape or out.dtype != dtype:
        raise ValueError(
            f"out must have shape {z.shape} and dtype {dtype}, as the gradient has; "
            f"got shape {out.shape} and dtype {out.dtype}"
        )
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise ValueError("out must be C-contiguous and writeable")
    if np.may_share_memory(out, z) or np.may_share_memory(out, labels):
        raise ValueError("out must not share memory with z or labels, which are read to the end")
    return out


def check_workers(workers: int | None, default: int) -> int:
    """Return the number of threads."""
    if workers is None:
        return default
    if isinstance(workers, bool) or not isinstance(workers, (int, np.integer)):
        raise TypeError(f"workers must be an integer, the number of threads; got {workers!r}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, the number of threads; got {workers}")
    return int(workers)


def check_pair(p: ArrayLike, q: ArrayLike, axis: int) -> tuple[Array, Array, np.dtype[Any]]:
    """Return two distributions of one shape, and the dtype of what is computed from them."""
    p, p_dtype = check_distribution(p, axis, "p")
    q, q_dtype = check_distribution(q, axis, "q")
    if p.shape != q.shape:
        raise ValueError(f"p and q must have the same shape; got {p.shape} and {q.shape}")
    return *in_the_wider(p, q), np.promote_types(p_dtype, q_dtype)


def check_direction(z: ArrayLike, v: ArrayLike, name: str) -> tuple[Array, Array, np.dtype[Any]]:
    """Return logits and a direction of their shape, and the dtype of the product."""
    z, z_dtype = check_logits(z)
    v, v_dtype = _floats(v, name)
    if v.shape != z.shape:
        raise ValueError(f"{name} must have the shape of z, {z.shape}; got {v.shape}")
    limit = np.finfo(v.dtype).max / 2
    bad = ~(abs(v) <= limit)
    if bad.any():
        raise ValueError(
            f"{name} must be finite, and no larger than {limit:.4g}, so that differences of its "
            f"entries are finite too; got {v[bad][0]}{_at(bad)}"
        )
    return *in_the_wider(z, v), np.promote_types(z_dtype, v_dtype)


def _array(x: ArrayLike, name: str) -> Array:
    if _has_mask(x):
        raise TypeError(
            f"{name} must be a plain array; got a masked array, whose mask would be lost"
        )
    try:
        return np.asarray(x)
    except ValueError as error:  # ragged nested lists
        raise ValueError(f"{name} must be a rectangular array: {error}") from error


def _has_mask(x: Any) -> bool:
    """Return whether anything is masked here, or in what these lists and tuples hold."""
    inside: list[Any] = [x]
    seen = {}  # a list may hold itself
    while inside:
        x = inside.pop()
        if isinstance(x, np.ndarray):
            if np.ma.is_masked(x):
                return True
        elif isinstance(x, Sequence) and not isinstance(x, str) and id(x) not in seen:
            seen[id(x)] = x
            if any(issubclass(kind, (np.ndarray, Sequence)) for kind in {*map(type, x)}):
                inside += x  # most lists hold numbers only, and are done
    return False


def _floats(x: ArrayLike, name: str) -> tuple[Array, np.dtype[Any]]:
    x = _array(x, name)
    check_real(x.dtype, name)
    return widened(x)


def _with_adjacent_classes(x: Array, axis: int) -> Array:
    """Return ``x`` with each row's classes side by side in memory, where NumPy sums pairwise.

    Along any other axis it adds them one by one, and the error grows with their number.
    """
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, axis, -1)), -1, axis)


def check_axis(x: Array, axis: int, name: str) -> None:
    if x.ndim == 0:
        raise ValueError(f"{name} must have a class axis; got a 0-d array, a single number")
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"axis must be an integer; got {axis!r}")
    if x.shape[normalize_axis_index(axis, x.ndim, f"axis does not fit {name}")] == 0:
        raise ValueError(
            f"{name} must have at least one class; got shape {x.shape}, empty on axis {axis}"
        )


def _at(bad: Array, start: Index = ()) -> str:
    """Say where the first true entry is, as a user would write its index."""
    if not np.ndim(bad):
        return ""  # a single label
    index = tuple(int(i) for i in np.argwhere(bad)[0] + np.array(start or 0))
    return f" at index {index[0] if len(index) == 1 else index}"


def _row(bad: Array, start: Index = ()) -> str:
    return f"row{_at(bad, start).removeprefix(' at index')}" if np.ndim(bad) else "its only row"
