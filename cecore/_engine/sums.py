"""Sums of rows, rounded once or hardly more often."""

from typing import Any

import numpy as np

from cecore._engine.dtypes import Array

LOOP = 128  # classes, up to which a loop of NumPy's for each row would cost more than what it does
ONE_THREAD = 2**13  # entries of a matrix that BLAS multiplies by a vector in one thread
AT_ONCE = 8  # such matrices that are multiplied in one call: NumPy makes float64 of them first
# float32 rows of so many classes are added in pieces of 64 if they are as many numbers in all: the
# errors of dozens of pieces nearly cancel, and so many sums cost less than the numbers in float64.
LONG, PIECE, MANY = 768, 64, 2**16
# But not if one piece may be more than a fifth of its row, whose errors would count, nor if the
# largest of the first numbers is more than a 16th of them, which is quicker to see.
OF_THE_ROW, OF_THE_START = 5, 16
# If the largest sum of a row is less than this many times the smallest, one grid is fine enough for
# all of them: what does not fit on it is 2^-31 of the smallest at most, and is added apart.
APART = 2**20
_ONES = np.ones(LOOP)


def row_sums(e: Array, z: Array) -> Array:
    """Return the sum of each row of powers, rounded once, as a column, for a result like ``z``.

    A plain sum is off by 2 ulps for 10 terms and by 7 for 1000: most of what would be lost here.
    """
    return _row_sums(e, z)[:, None]


def _row_sums(e: Array, like: Array) -> Array:
    if like.dtype == np.float32:
        return _add(e).astype(e.dtype, copy=False)  # added in float64
    high, low, _ = split_sums(e)
    return high + low


def sums_along(terms: Array, axis: int, *, keepdims: bool = False) -> Array:
    """Return the sums of terms along an axis, within an ulp of what they would be without signs.

    A plain sum of a hundred equal terms rounds the same way again and again.
    """
    last = np.moveaxis(terms, axis, -1)
    rows = last.reshape(-1, last.shape[-1])
    if rows.min(initial=0) < 0:
        sums = _unsigned_sums(np.maximum(rows, 0)) - _unsigned_sums(np.maximum(0 - rows, 0))
    else:
        sums = _unsigned_sums(rows)
    sums = sums.reshape(last.shape[:-1])
    return np.expand_dims(sums, axis) if keepdims else sums[()]


def _unsigned_sums(rows: Array) -> Array:
    sums = _row_sums(rows, rows)
    lost = np.isnan(sums)  # where a term is inf, or the sum nearly so
    return np.where(lost, rows.sum(1), sums) if lost.any() else sums


def sums_with_own(
    e: Array, own: Array, z: Array, factor: float = 1, scratch: Array | None = None
) -> tuple[Array, Array]:
    """Return the sum of each row of ``e``, in which the class of ``own`` is 0, and the whole sum.

    The whole sum is multiplied by ``factor``. Both sums are rounded once; the whole one twice, if
    own exceeds the other sum. They are columns if own is one.
    """
    if z.dtype == np.float32:
        others = _add(e).reshape(own.shape)
        return others, (others + own) * factor
    high, low, grid = split_sums(e, factor, scratch)
    high, low = high.reshape(own.shape), low.reshape(own.shape)
    if isinstance(grid, np.ndarray):
        grid = grid.reshape(own.shape)
    own_high = (own + grid) - grid
    return high + low, factor * (high + own_high) + factor * (low + (own - own_high))


def split_sums(
    e: Array, factor: float = 1, scratch: Array | None = None
) -> tuple[Array, Array, Array | float]:
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
    if top < APART * smallest_of(sums):  # one grid is fine enough for all rows
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
    if n > LOOP or wide != np.float64:
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
    for i in range(0, len(parts), AT_ONCE):
        np.matmul(parts[i : i + AT_ONCE], ones, out=part_sums[i : i + AT_ONCE])
    np.dot(e[end:], ones, out=sums[end:])
    return sums


def _pieces(e: Array) -> Array:
    """Return the sums of pieces of long rows, which may be added instead of their entries.

    The rounding errors of many short pieces nearly cancel, unless one of them is most of the row:
    then, and for shorter rows, the result is ``e`` itself.
    """
    if e.shape[1] < LONG or e.size < MANY or not e.flags.c_contiguous:
        return e
    start = e[0, :LONG]
    if not start.max() < start.sum() / OF_THE_START:
        return e
    count = e.shape[1] // PIECE
    end = count * PIECE
    sums = np.empty((len(e), count + 1), e.dtype)
    np.einsum("ijk->ij", e[:, :end].reshape(-1, count, PIECE), out=sums[:, :count])
    np.einsum("ij->i", e[:, end:], out=sums[:, count])
    return sums if (sums < np.einsum("ij->i", sums)[:, None] / OF_THE_ROW).all() else e


def divide_rows(e: Array, by: Array, out: Array) -> None:
    """Divide each row by a number of its own, rounded to the dtype of ``e``."""
    n = e.shape[1]
    by = by.astype(e.dtype, copy=False)
    if n <= LOOP:  # to repeat each number is faster than to begin a loop for each row
        np.divide(e.ravel(), by.repeat(n), out=out.ravel())
    else:
        np.divide(e, by[:, None], out=out)


def largest_of(x: Array) -> Any:
    """Return the largest number, or NaN. For short arrays this takes a quarter of max's time."""
    return x.item(x.argmax())


def smallest_of(x: Array) -> Any:
    """Return the smallest number, or NaN."""
    return x.item(x.argmin())
