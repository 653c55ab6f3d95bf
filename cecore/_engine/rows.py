"""What speed and the last digit cost: the chapters' formulas, one block of rows after another.

Softmax needs ``e^z`` only up to a factor, which cancels, so any constant may be taken off a row of
logits first. The obvious one is its maximum. But ``z - max`` is rounded, and the exponential
magnifies what was lost: logits of size 100 come out wrong by 500 ulps. Hence `powers`.
"""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from cecore._engine.inputs import (
    Array,
    check_targets,
    check_values,
    narrowed,
    open_logits,
    proper,
    quiet,
)

T = TypeVar("T")

BLOCK = 2**21  # bytes of logits: what threads wait for each other counts little beside the work
LEAN = 2**19  # the same for a result of one number a row, beside which a block takes memory
PARALLEL = 2**20  # logits, from which it pays to start threads
FEW = 32  # classes, up to which each class is kept side by side instead of each row
SHORT = 128  # classes, up to which a loop for each row would cost more than what it does
SMALL = 2**12  # logits, up to which the number of NumPy's calls is what takes the time
LONG, PIECE = 768, 64  # classes, from which a row is added in pieces, and the length of those
ONE_THREAD = 2**13  # entries of a matrix that BLAS multiplies by a vector in one thread
_ONES = np.ones(SHORT)
# Exponentials of logits up to this size, and sums of 10^9 of them, are normal numbers.
DIRECT: dict[Any, int] = {np.float32: 64, np.float64: 640}
HEADROOM = 64  # e^64 times the smallest probability above 0 is a normal number


@quiet
def by_rows(
    formula: Callable[..., Array],
    z: ArrayLike,
    axis: int,
    *y: ArrayLike,
    reduces: bool = False,
) -> Array:
    """Check the logits, then apply a formula to blocks of rows, with the classes on the last axis.

    The formula gets a block of logits, its `powers` (which it may overwrite) and the rows' labels:
    class indices as a column, or distributions, if ``y`` is given. It returns one number for each
    logit or, if it ``reduces``, each row. Many blocks are shared among the processors.
    """
    z, dtype = open_logits(z, axis)
    n = z.shape[axis]
    elsewhere = axis not in (-1, z.ndim - 1)
    last = np.moveaxis(z, axis, -1) if elsewhere else z
    rows = last.reshape(-1, n)
    labels = []
    for given in y:
        check_values(z, axis)
        t = check_targets(given, z, axis)
        t = t.reshape(-1, 1) if t.ndim < z.ndim else np.moveaxis(t, axis, -1).reshape(-1, n)
        labels.append(t)
    starts = block_starts(len(rows), rows.nbytes, LEAN if reduces else BLOCK)
    step = starts.step

    def apply(start: int) -> Array:
        here = slice(start, start + step)
        block = rows[here]
        if n <= FEW and block.size >= SMALL:
            block = np.asfortranarray(block)
        if moderate(block):
            e = np.exp(block)
        else:
            if not y and not proper(block):
                check_values(z, axis)
            e, _ = powers(block)
        return narrowed(formula(block, e, *(x[here] for x in labels)), dtype)

    @quiet
    def fill(starts: range) -> None:
        keep_broadcasts_cheap(n)
        for start in starts:
            out[start : start + step] = apply(start)

    if len(rows) <= step:
        keep_broadcasts_cheap(n)
        out = np.ascontiguousarray(apply(0))
    else:
        out = np.empty(len(rows) if reduces else rows.shape, dtype)
        in_shares(fill, starts, processors() if z.size >= PARALLEL else 1)
    out = out.reshape(last.shape[: last.ndim - 2 + out.ndim])
    return np.moveaxis(out, -1, axis) if elsewhere and out.ndim == z.ndim else out[()]


def block_starts(rows: int, size: int, limit: int) -> range:
    """Return where blocks of rows start: of at most ``limit`` bytes, if all take ``size``."""
    blocks = -(-size // limit) or 1
    if blocks > 1:
        blocks = -(-blocks // 4) * 4  # so that 2 or 4 threads have as many each
    return range(0, rows, -(-rows // blocks) or 1)


def keep_broadcasts_cheap(n: int) -> None:
    """Make NumPy's buffer shorter than a row, or it copies what it broadcasts along one.

    The setting ends with the `quiet` function that this is called in.
    """
    if n >= 512:
        np.setbufsize(512)


def processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def in_shares(work: Callable[[range], T], blocks: range, workers: int) -> list[T]:
    """Do the work in even shares, each but the first in a thread of its own: NumPy lets them run.

    NumPy's settings are those of a thread, so ``work`` has to make its own.
    """
    if workers == 1:
        return [work(blocks)]
    bounds = [len(blocks) * i // workers for i in range(workers + 1)]
    shares = [blocks[a:b] for a, b in itertools.pairwise(bounds) if a < b]
    if len(shares) == 1:
        return [work(blocks)]
    with ThreadPoolExecutor(len(shares) - 1) as pool:
        try:
            others = pool.map(work, shares[1:])
        except RuntimeError:  # no thread can be started: in a browser none can
            pass
        else:
            return [work(shares[0]), *others]
    return [work(blocks)]


def powers(z: Array, out: Array | None = None) -> tuple[Array, Array]:
    """Return ``e^(z - c)``, every entry to the last digit, and c, one number for each row.

    Logits of moderate size need no shift: nothing is subtracted, so nothing is rounded. The result
    is float64 where float32 would not do, and otherwise in ``out``, if that is given.
    """
    if z.dtype == np.float32 and z.shape[1] > SHORT:
        top = z.max(1, keepdims=True)
        easy = (abs(top) >= 140) & (abs(top) < 2**24)
        if easy.any():
            # Exact: where e^d does not vanish, d is smaller than z and on the grid of its digits.
            c = np.rint(top, dtype=np.float64) - HEADROOM
            e = np.subtract(z, c.astype(np.float32), out=out)
            np.exp(e, out=e)
            if not easy.all():
                rest = ~easy[:, 0]
                e[rest] = np.exp(z[rest] - c[rest])  # in float64
            return e, c[:, 0]
    if moderate(z):
        return np.exp(z, out=out), np.zeros(len(z))
    if z.dtype == np.float32:
        if moderate(z, np.float64):
            return np.exp(z, dtype=np.float64), np.zeros(len(z))
        z = z.astype(np.float64)
    c = z.max(1, keepdims=True) - HEADROOM
    return shifted_powers(z, c), c[:, 0]


def shifted_powers(z: Array, c: Array) -> Array:
    """Return ``e^(z - c)`` to the last digit, of float64 or wider."""
    d = z - c
    # What is lost, exactly (Knuth 1969): hundreds of ulps of e^d.
    back = d - z
    lost = (z - (d - back)) - (c + back)
    e = np.exp(d)
    np.add(e, e * lost, out=e, where=e > 0)  # elsewhere lost may be NaN
    return e


def largest(z: Array, e: Array) -> tuple[Array, Array]:
    """Return each row's largest logit, and the sum of the others' powers, the largest's being 1.

    The sum leaves out the 1 in which it would drown near certainty. Overwrites ``e``.
    """
    if e.flags.c_contiguous:
        at = e.argmax(1) + np.arange(0, e.size, e.shape[1])
        flat = e.ravel()
        top = flat[at]
        flat[at] = 0
        rest = row_sums(e, z.dtype) / top
        m = z.ravel()[at]
    else:  # argmax would go row by row
        m = z.max(1)
        top = e.max(1)
        total = e.sum(1)
        e *= e < top[:, None]
        below = row_sums(e, z.dtype)
        ties = np.rint((total - below) / top) - 1  # others as large as the largest
        rest = below / top + ties
    return m, rest.astype(z.dtype, copy=False)


def row_sums(e: Array, dtype: DTypeLike) -> Array:
    """Return the sum of each row of powers, rounded once, for a result of this dtype.

    A plain sum is off by 2 ulps for 10 terms and by 7 for 1000: most of what would be lost here.
    """
    if dtype == np.float32:
        return _add(e).astype(e.dtype, copy=False)  # added in float64
    high, low, _ = split_sums(e)
    return high + low


def sums_along(terms: Array, axis: int) -> Array:
    """Return the sums of terms along an axis, within an ulp of what they would be without signs.

    A plain sum of a hundred equal terms rounds the same way again and again.
    """
    last = np.moveaxis(terms, axis, -1)
    rows = last.reshape(-1, last.shape[-1])
    if rows.min(initial=0) < 0:
        sums = _unsigned_sums(np.maximum(rows, 0)) - _unsigned_sums(np.maximum(0 - rows, 0))
    else:
        sums = _unsigned_sums(rows)
    return sums.reshape(last.shape[:-1])[()]


def _unsigned_sums(rows: Array) -> Array:
    sums = row_sums(rows, rows.dtype)
    lost = np.isnan(sums)  # where a term is inf, or the sum nearly so
    return np.where(lost, rows.sum(1), sums) if lost.any() else sums


def sums_with_own(
    e: Array, own: Array, dtype: DTypeLike, factor: float = 1, scratch: Array | None = None
) -> tuple[Array, Array]:
    """Return the sum of each row of ``e``, in which the class of ``own`` is 0, and the whole sum.

    The latter is multiplied by ``factor``. Both are rounded once; the latter twice, if own exceeds
    the other sum.
    """
    if dtype == np.float32:
        others = _add(e)
        return others, (others + own) * factor
    high, low, grid = split_sums(e, factor, scratch)
    own_high = (own + grid) - grid
    return high + low, factor * (high + own_high) + factor * (low + (own - own_high))


def split_sums(
    e: Array, factor: float = 1, scratch: Array | None = None
) -> tuple[Array, Array, Array]:
    """Return the sum of each row in two parts, and the grid that splits others the same way.

    ``(x + grid) - grid`` is x, rounded to a grid so coarse that the sums of such numbers are exact,
    and ``factor`` times those too (Rump, Ogita and Oishi 2008). The rounding errors are the other
    part.
    """
    pieces = _pieces(e)
    if pieces is not e:
        e, scratch = pieces, None
    sums = _add(e)
    if not e.size:
        return sums, sums, sums
    top = largest_of(sums)
    if top < 2**20 * smallest_of(sums):  # one grid is fine enough for all rows
        wide = grid = 2 * factor * top
    else:
        grid = 2 * factor * sums
        wide = grid[:, None]
    parts = np.add(e, wide, out=scratch)
    parts -= wide
    high = _add(parts)
    np.subtract(e, parts, out=parts)
    return high, _add(parts), grid


def _add(e: Array) -> Array:
    wide = np.promote_types(e.dtype, np.float64)
    if not e.flags.c_contiguous:
        return e.sum(1, dtype=wide)
    n = e.shape[1]
    if n > SHORT or wide != np.float64:
        if e.dtype == np.float32:
            e = _pieces(e)
        return np.einsum("ij->i", e, dtype=wide)  # several times as fast as sum, in short rows
    # Products with ones are faster still, but a large one would start threads of BLAS's own.
    ones = _ONES[:n]
    if e.size <= ONE_THREAD:
        return e.dot(ones)
    sums = np.empty(len(e))
    rows = ONE_THREAD // n
    end = len(e) // rows * rows
    parts, part_sums = e[:end].reshape(-1, rows, n), sums[:end].reshape(-1, rows)
    for i in range(0, len(parts), 8):  # not all at once, for NumPy makes float64 of them first
        np.matmul(parts[i : i + 8], ones, out=part_sums[i : i + 8])
    np.dot(e[end:], ones, out=sums[end:])
    return sums


def _pieces(e: Array) -> Array:
    """Return the sums of pieces of long rows, which may be added instead of their entries.

    The rounding errors of many short pieces nearly cancel, unless one of them is most of the row:
    then, and for shorter rows, the result is ``e`` itself.
    """
    if e.shape[1] < LONG or e.size < 2**16 or not e.flags.c_contiguous:
        return e
    start = e[0, :LONG]  # enough to tell most of those cases
    if not start.max() < start.sum() / 16:
        return e
    count = e.shape[1] // PIECE
    end = count * PIECE
    sums = np.empty((len(e), count + 1), e.dtype)
    np.einsum("ijk->ij", e[:, :end].reshape(-1, count, PIECE), out=sums[:, :count])
    np.einsum("ij->i", e[:, end:], out=sums[:, count])
    return sums if (sums < np.einsum("ij->i", sums)[:, None] / 5).all() else e


def divide_rows(e: Array, by: Array, out: Array) -> None:
    """Divide each row by a number of its own, rounded to the dtype of ``e``."""
    n = e.shape[1]
    by = by.astype(e.dtype, copy=False)
    if n <= SHORT:  # to repeat each number is faster than to begin a loop for each row
        np.divide(e.ravel(), by.repeat(n), out=out.ravel())
    else:
        np.divide(e, by[:, None], out=out)


def largest_of(x: Array) -> Any:
    """Return the largest number, or NaN. For short arrays this takes a quarter of max's time."""
    return x.item(x.argmax())


def smallest_of(x: Array) -> Any:
    """Return the smallest number, or NaN."""
    return x.item(x.argmin())


def moderate(z: Array, dtype: Any = None) -> bool:
    """Return whether no exponential, or sum of them, can overflow or lose digits in this dtype."""
    limit = DIRECT.get(dtype or z.dtype.type, 640)
    if z.size < SMALL:
        if np.vdot(z, z) < limit * limit:  # no call of NumPy's is faster
            return True
        return bool(-limit <= smallest_of(z) and largest_of(z) <= limit)
    return bool(-limit <= z.min() and z.max() <= limit)  # False for NaN
