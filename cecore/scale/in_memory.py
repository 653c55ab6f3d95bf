"""The loss and its gradient for training: one pass over the logits, several times as fast.

The same numbers as `softmax_cross_entropy` and `softmax_cross_entropy_grad` give, to the last few
digits, without their intermediate arrays: each block of rows is read, turned into its gradient in
place, and left, while it is in the processor's cache.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike

from cecore._engine.dtypes import Array, limits, quiet
from cecore._engine.exponentials import FEW, shifted
from cecore._engine.inputs import (
    NotLogitsError,
    check_labels,
    check_out,
    check_values,
    check_workers,
    open_logits,
)
from cecore._engine.rows import (
    BLOCK,
    PARALLEL,
    ShortBuffer,
    block_starts,
    in_shares,
    processors,
)
from cecore._engine.sums import (
    LOOP,
    divide_rows,
    largest_of,
    smallest_of,
    sums_along,
    sums_with_own,
)
from cecore.chapters.combined import grad_of_distributions, loss_of_distributions


@quiet
def loss_and_grad(
    z: ArrayLike, labels: ArrayLike, *, out: Array | None = None, workers: int | None = None
) -> tuple[float, Array]:
    """Mean loss of a batch, and its gradient: ``sum L / N`` and ``(s - y) / N`` (S14, S17).

    Parameters
    ----------
    z : array_like of real numbers, shape (N, n)
        Logits of N examples, as for `softmax`; at least one example.
    labels : array_like
        Either integer class indices in 0..n-1, of shape (N,), or distributions of shape (N, n).
    out : ndarray, shape (N, n), optional
        Where to put the gradient, to save allocating it: C-contiguous, of the dtype of the result,
        and without memory in common with z or labels. After an error its contents are undefined.
    workers : int, optional
        The number of threads; by default one for small batches, and one for each processor that
        this process may use for large ones. The result does not depend on it.

    Returns
    -------
    loss : float
        In nats. ``inf`` where a label puts weight on a masked class, or a loss exceeds the largest
        float64.
    grad : ndarray, shape (N, n)
        The gradient of that mean with respect to z, of z's floating dtype; `out`, if given.

    Raises
    ------
    ValueError, TypeError
        On the logits and labels that `softmax_cross_entropy` refuses; if z is not 2-d or has no
        row; if `out` does not fit or shares memory; if `workers` is not a positive integer.

    Notes
    -----
    Each entry of the gradient is within 6 ulps of the exact result, and nearly always within 4 in
    float64; with distributions, within as many ulps of ``max(s_j, y_j) / N``. So is the mean loss.

    Examples
    --------
    >>> loss, grad = loss_and_grad([[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]], [0, 2])
    >>> print(round(loss, 4))
    0.7578
    >>> grad.round(4)
    array([[-0.1705,  0.1212,  0.0493],
           [ 0.1667,  0.1667, -0.3333]])
    """
    z, dtype = open_logits(z, -1)
    if z.ndim != 2 or not len(z):
        raise ValueError(f"z must have the shape (examples, classes), none 0; got {z.shape}")
    y = check_labels(labels, z, 1)
    grad = np.empty(z.shape, dtype) if out is None else check_out(out, z, y, dtype)
    workers = check_workers(workers, processors() if z.size >= PARALLEL else 1)
    plain = np.asarray(grad)  # the rows of a matrix, say, would be matrices
    try:
        return mean_of(fill(z, y, plain, len(z), workers), len(z)), grad
    except NotLogitsError:
        check_values(z, 1)  # raises an error that says where
        raise


def mean_of(parts: list[float], count: int) -> float:
    """Return the sum of some parts, none negative, divided by how many losses they are of."""
    try:
        return math.fsum(parts) / count
    except OverflowError:  # of the sum, and not of the mean
        return min(2 * math.fsum(part / 2 / count for part in parts), max(parts))


def fill(z: Array, y: Array, grad: Array, count: int, workers: int) -> list[float]:
    """Write the gradient of a mean over ``count`` examples, these among them.

    Returns parts of the sum of their losses.
    """
    # Beside the logits: a scratch array or repeated divisors, and eight numbers for each row.
    beside = z.nbytes if z.dtype == np.float64 or z.shape[1] <= LOOP else 0
    starts = block_starts(len(z), z.nbytes + beside + 64 * len(z), BLOCK)
    # Try without a shift, unless a look at the first rows says that this will not do.
    direct = y.ndim == 1 and z.size >= FEW and z[:9].max() <= limits(z.dtype).direct
    total = float(count)  # NumPy is slower with an int
    parts = in_shares(lambda share: _blocks(z, y, grad, share, direct, total), starts, workers)
    return [*itertools.chain(*parts)]


@quiet
def _blocks(
    z: Array, y: Array, grad: Array, starts: range, direct: bool, count: float
) -> list[float]:
    """Write the gradient of some blocks, and return the parts of their losses' sum."""
    n = z.shape[1]
    first = np.arange(0, starts.step * n, n)
    scratch = np.empty((starts.step, n)) if z.dtype == np.float64 else None

    def losses_of(block: Array, labels: Array, g: Array) -> Array:
        if labels.ndim == 2:
            np.divide(grad_of_distributions(block, labels), count, out=g)
            g += 0  # no -0
            return loss_of_distributions(block, labels)[:, 0].astype(np.float64)
        e = g if g.dtype == block.dtype else None
        if direct:
            e = np.exp(block, out=e)
            losses = _of_indices(block, labels, e, None, g, count, first, scratch)
            if losses is not None:
                return losses
        e, c = shifted(block, e)
        return _of_indices(block, labels, e, c, g, count, first, scratch)  # type: ignore[return-value]

    parts: list[float] = []
    with ShortBuffer(n):
        for start in starts:
            here = slice(start, start + starts.step)
            # Contiguous, or e, and what it is changed through, may be copies.
            losses = losses_of(np.ascontiguousarray(z[here]), y[here], grad[here])
            total = float(sums_along(losses, 0))
            if math.isnan(total):  # no logits have this loss
                check_values(z, 1)
            parts += [total] if total < math.inf else losses.tolist()
    return parts


def _of_indices(
    z: Array,
    k: Array,
    e: Array,
    c: Array | None,
    g: Array,
    count: float,
    first: Array,
    scratch: Array | None,
) -> Array | None:
    """Turn ``e = e^(z - c)`` into the gradient ``g``, and return the loss of each row.

    Without c, it is 0, and the result is None if any digit may have been lost to that: tested on
    the sums, which are few.
    """
    at = first[: len(k)] + k  # flat indices: several times as fast as pairs
    flat = e.ravel()
    own = flat[at].astype(np.promote_types(e.dtype, np.float64), copy=False)
    flat[at] = 0
    others, divisor = sums_with_own(
        e, own, z, count, None if scratch is None else scratch[: len(k)]
    )  # divisor = N sum_i e_i
    if c is None and not _kept_digits(z, others, divisor, e.dtype):
        return None
    odds = others / own
    losses = np.log1p(odds)  # L = -ln s_k = ln(1 + sum of the others / own)
    flat[at] = 0 - others.astype(e.dtype, copy=False)  # s_k - 1
    divide_rows(e, divisor, g)
    g.ravel()[at] += 0  # and not -0 where it is too small for its dtype
    most = limits(e.dtype).odds
    if not largest_of(odds) < most:  # own no longer counts in the sum
        far = ~(odds < most)
        shift = 0.0 if c is None else c[far]
        losses[far] = (shift - z[far, k[far]].astype(np.float64)) + np.log(others[far])
    return losses


def _kept_digits(z: Array, others: Array, divisor: Array, dtype: np.dtype[np.floating]) -> bool:
    """Whether no exponential of unshifted logits has overflowed or underflowed to any effect."""
    if not largest_of(divisor) <= np.finfo(dtype).max / 4:  # true of NaN
        return False
    return bool(smallest_of(others) >= 1 or z.min() >= -limits(dtype).direct)
