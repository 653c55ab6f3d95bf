"""The chapters' functions on Dask arrays: lazy, in parallel, on one machine or many.

Each function does what its namesake in `cecore` does, with the same errors, for a `dask.array` that
may be chunked along every axis, and returns one. Labels are class indices. What the workers tell
each other of a row is its `LogSumExp` and the logit of its true class: four numbers for each chunk.

>>> import dask.array as da
>>> from cecore.scale import on_dask
>>> z = da.from_array([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], chunks=(1, 2))
>>> on_dask.softmax(z).compute().round(4)
array([[0.659 , 0.2424, 0.0986],
       [0.3333, 0.3333, 0.3333]])
"""

from __future__ import annotations

from functools import reduce
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from cecore._engine.dtypes import Array, Index, is_real, narrowed, quiet
from cecore._engine.inputs import (
    NotLogitsError,
    check_axis,
    check_entries,
    check_indices,
    check_rows,
    open_logits,
)
from cecore.scale.in_memory import fill, mean_of
from cecore.scale.parts import LogSumExp

try:
    import dask.array as da
except ImportError as error:
    raise ImportError("cecore.scale.on_dask needs Dask: pip install 'cecore[dask]'") from error

# A LogSumExp and the true class's logit, as entries of an array, which is what Dask moves about.
STATE = np.dtype([(name, np.float64) for name in ("maximum", "rest", "error", "own")])


def softmax(z: da.Array, axis: int = -1) -> da.Array:
    """Turn logits into probabilities, as `cecore.softmax` does (S1, S2)."""
    return _entries(LogSumExp.softmax, z, axis)


def log_softmax(z: da.Array, axis: int = -1) -> da.Array:
    """Logarithm of the probabilities, as `cecore.log_softmax` computes it."""
    return _entries(LogSumExp.log_softmax, z, axis)


def logsumexp(z: da.Array, axis: int = -1) -> da.Array:
    """Log-sum-exp, as `cecore.logsumexp` computes it (B4)."""
    return _of_rows(LogSumExp.logsumexp, z, axis)


def softmax_cross_entropy(z: da.Array, labels: Any, axis: int = -1) -> da.Array:
    """Loss of each example, as `cecore.softmax_cross_entropy` computes it (S14).

    ``labels`` holds class indices, in an array of NumPy's or Dask's.
    """
    return _of_rows(LogSumExp.loss, z, axis, labels)


def softmax_cross_entropy_grad(z: da.Array, labels: Any, axis: int = -1) -> da.Array:
    """Gradient of each example's loss, as `cecore.softmax_cross_entropy_grad` computes it (S17).

    ``labels`` holds class indices, in an array of NumPy's or Dask's.
    """
    return _entries(LogSumExp.grad, z, axis, labels)


def loss_and_grad(z: da.Array, labels: Any) -> tuple[da.Array, da.Array]:
    """Mean loss of a batch, and its gradient, as `cecore.loss_and_grad` computes them (S14, S17).

    ``labels`` holds class indices, in an array of NumPy's or Dask's. Compute both results together,
    with ``dask.compute(loss, grad)``: then the logits are read once. If no chunk ends within a row,
    ``z.numblocks[1] == 1``, nothing is merged: each chunk goes through `cecore.loss_and_grad`, and
    that is several times as fast. Otherwise the mean is Dask's, and so inf if the sum of the losses
    exceeds the largest float.
    """
    z, axis, dtype = _logits(z, -1)
    if z.ndim != 2 or not len(z):
        raise ValueError(f"z must have the shape (examples, classes), none 0; got {z.shape}")
    if z.numblocks[1] == 1:
        return _of_whole_rows(z, labels, dtype)
    losses = _of_rows(LogSumExp.loss, z, axis, labels, dtype=np.dtype(float))
    grad = _entries(LogSumExp.grad, z, axis, labels, count=(len(z),))
    return losses.mean(), grad


def _of_whole_rows(z: da.Array, labels: Any, dtype: np.dtype[Any]) -> tuple[da.Array, da.Array]:
    """Do that where every row is whole in its chunk: a pair of results for each."""
    both = da.map_blocks(
        _loss_and_grad_of_block,
        z,
        _labels(labels, z, 1),
        count=len(z),
        into=dtype,
        meta=np.empty((0, 0), object),
    )
    ones = tuple((1,) * count for count in z.numblocks)
    losses = both.map_blocks(itemgetter(0), chunks=ones, meta=np.empty((0, 0)))
    grad = both.map_blocks(itemgetter(1), meta=np.empty((0, 0), dtype))
    return losses.sum(), grad


def _entries(formula: Any, z: da.Array, axis: int, *labels: Any, count: Index = ()) -> da.Array:
    """Apply a formula for each logit: to the logits, and to what is known of their whole rows."""
    z, axis, dtype = _logits(z, axis)
    arrays, known = _whole(z, axis, labels)
    return da.map_blocks(
        _entries_of_block,
        *arrays,
        known,
        formula=formula,
        axis=axis,
        count=count,
        into=dtype,
        meta=np.empty((0,) * z.ndim, dtype),
    )


def _of_rows(formula: Any, z: da.Array, axis: int, *labels: Any, dtype: Any = None) -> da.Array:
    """Apply a formula for each row: to what is known of it."""
    z, axis, own_dtype = _logits(z, axis)
    dtype = dtype or own_dtype
    _, known = _whole(z, axis, labels)
    return da.map_blocks(
        _rows_of_block,
        known,
        formula=formula,
        axis=axis,
        labelled=bool(labels),
        drop_axis=axis,
        into=dtype,
        meta=np.empty((0,) * (z.ndim - 1), dtype),
    )


def _whole(z: da.Array, axis: int, labels: tuple[Any, ...]) -> tuple[list[da.Array], da.Array]:
    """Return the logits (and labels), and the states of their rows, merged by Dask as a tree."""
    arrays = [z, *(_labels(given, z, axis) for given in labels)]
    ones = tuple((1,) * len(c) if i == axis else c for i, c in enumerate(z.chunks))
    meta = np.empty((0,) * z.ndim, STATE)
    parts = da.map_blocks(_state_of_block, *arrays, axis=axis, chunks=ones, meta=meta)
    known = da.reduction(parts, _part, _merged, axis, keepdims=True, dtype=STATE, meta=meta)
    return arrays, known


# What the workers do. Each block of labels or states has one entry along the class axis.


@quiet
def _loss_and_grad_of_block(
    z: Array, k: Array, *, count: int, into: Any, block_info: Any
) -> tuple[Array, Array]:
    """Return this block's share of the mean loss, as an array of one, and its gradient."""
    wide, _ = open_logits(z, 1)
    grad = np.empty(z.shape, into)
    try:
        parts = fill(wide, k[:, 0], grad, count, 1)
    except (NotLogitsError, ValueError):  # say where in the whole array
        start = _start(block_info[0])
        check_entries(wide, start)
        check_rows(wide.max(1), start[:1])
        raise
    return np.array([[mean_of(parts, count)]]), grad


@quiet
def _state_of_block(z: Array, k: Array | None = None, *, axis: int, block_info: Any) -> Array:
    start = _start(block_info[0])
    if z.size and not z.max() < np.inf:  # true of NaN as well
        check_entries(z, start)
    z = np.moveaxis(z, axis, -1)
    own = np.full(z.shape[:-1], -np.inf)
    if k is not None:
        k = np.moveaxis(k, axis, -1)[..., 0] - start[axis]
        here = (k >= 0) & (k < z.shape[-1])
        own[here] = z[here, k[here]]
    return _packed(LogSumExp.of(z), own, axis)


def _part(x: Array, axis: Any, keepdims: bool) -> Array:
    return x


def _merged(x: Array, axis: Any, keepdims: bool) -> Array:
    (along,) = axis
    states = np.moveaxis(x, along, 0)
    row = reduce(LogSumExp.merge, map(_unpacked, states))
    return _packed(row, states["own"].max(0), along)


@quiet
def _entries_of_block(
    z: Array, *others: Array, formula: Any, axis: int, count: Index, into: Any, block_info: Any
) -> Array:
    *labels, states = (np.moveaxis(x, axis, -1)[..., 0] for x in others)
    row = _checked(states, block_info[len(others)], axis)
    more = [states["own"], labels[0] - _start(block_info[0])[axis], *count] if labels else []
    result = formula(row, np.moveaxis(z, axis, -1), *more)
    return np.moveaxis(narrowed(result, into), -1, axis)


@quiet
def _rows_of_block(
    states: Array, *, formula: Any, axis: int, labelled: bool, into: Any, block_info: Any
) -> Array:
    states = np.moveaxis(states, axis, -1)[..., 0]
    row = _checked(states, block_info[0], axis)
    result = formula(row, states["own"]) if labelled else formula(row)
    return narrowed(np.asarray(result), into)


def _packed(row: LogSumExp, own: Array, axis: int) -> Array:
    states = np.empty(own.shape, STATE)
    states["maximum"], states["rest"], states["error"] = row.maximum, row.rest, row.error
    states["own"] = own
    return np.expand_dims(states, axis)


def _unpacked(states: Array) -> LogSumExp:
    return LogSumExp(states["maximum"], states["rest"], states["error"])


def _checked(states: Array, info: Any, axis: int) -> LogSumExp:
    """Return the state of the rows of a block, or refuse those without a class."""
    start = _start(info)
    check_rows(states["maximum"], start[:axis] + start[axis + 1 :])
    return _unpacked(states)


def _start(info: Any) -> Index:
    """Return the index in the whole array at which a block begins."""
    return tuple(first for first, _ in info["array-location"])


# What can be checked before anything is computed


def _logits(z: Any, axis: int) -> tuple[da.Array, int, Any]:
    """Return the logits, their class axis, and the dtype of the results."""
    if not isinstance(z, da.Array):
        raise TypeError(
            f"z must be a dask.array; got {type(z).__name__}, for which there are the functions of "
            f"cecore itself"
        )
    if not is_real(z.dtype) or z.dtype.itemsize > 8:
        raise TypeError(f"z must hold real numbers of at most 64 bits; got dtype {z.dtype}")
    _check_chunks(z, "z")
    check_axis(z, axis, "z")
    if z.dtype.kind != "f":
        z = z.astype(np.float64)
    return z, normalize_axis_index(axis, z.ndim), z.dtype


def _labels(y: Any, z: da.Array, axis: int) -> da.Array:
    """Return class indices, each to be checked where it is used, with an axis for the classes."""
    n = z.shape[axis]
    rows = z.shape[:axis] + z.shape[axis + 1 :]
    lazy = isinstance(y, da.Array)
    if not lazy:
        y = check_indices(y, n)
    elif y.dtype.kind not in "iu":
        check_indices(np.empty(1, y.dtype), n)
    else:
        _check_chunks(y, "labels")
    if y.shape != rows:
        raise ValueError(
            f"labels must be class indices of shape {rows}, to fit z of shape {z.shape} with its "
            f"classes on axis {axis}; got shape {y.shape}"
        )
    chunks = z.chunks[:axis] + z.chunks[axis + 1 :]
    y = y.rechunk(chunks) if lazy else da.from_array(y, chunks=chunks)
    if lazy:
        y = y.map_blocks(_checked_labels, n=n, meta=np.empty((0,) * y.ndim, np.intp))
    return da.expand_dims(y, axis)


def _checked_labels(y: Array, *, n: int, block_info: Any) -> Array:
    return check_indices(y, n, _start(block_info[0]))


def _check_chunks(x: da.Array, name: str) -> None:
    if any(np.isnan(size) for size in x.shape):
        raise ValueError(
            f"{name} must have chunks of known sizes; call {name}.compute_chunk_sizes() first"
        )
