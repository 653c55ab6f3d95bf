"""The loss of a linear layer's outputs, and both gradients, without all logits at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cecore._engine.dtypes import Array, check_real, quiet, widened
from cecore._engine.inputs import NotLogitsError, check_labels, check_values
from cecore._engine.rows import block_starts
from cecore.scale.in_memory import fill, mean_of

BLOCK = 2**25  # bytes of logits and their gradients at a time


@quiet
def linear_cross_entropy(
    hidden: ArrayLike, weights: ArrayLike, labels: ArrayLike
) -> tuple[float, Array, Array]:
    r"""Mean loss of the logits ``hidden @ weights``, and its gradients with respect to both.

    The logits of all examples together never exist: those of a few are made, turned into their
    gradient, and used up. So a vocabulary of 128,000 words takes 32 MB beside what is given and
    returned, however many examples there are.

    Parameters
    ----------
    hidden : array_like of real numbers, shape (N, d)
        What enters the last layer, for N examples; at least one.
    weights : array_like of real numbers, shape (d, n)
        Of the last layer, a column for each of n classes.
    labels : array_like
        Class indices of shape (N,), or distributions of shape (N, n), as for `loss_and_grad`.

    Returns
    -------
    loss : float
        In nats.
    grad_hidden : ndarray, shape (N, d)
        ``G @ weights.T``, where G is the gradient with respect to the logits.
    grad_weights : ndarray, shape (d, n)
        ``hidden.T @ G``. Both have the wider floating dtype of what was given.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit, on labels that `loss_and_grad` refuses, or if a logit is NaN or
        too large for its dtype.

    Examples
    --------
    >>> loss, grad_hidden, grad_weights = linear_cross_entropy([[1.0, 2.0]], np.eye(2), [0])
    >>> print(round(loss, 4), grad_hidden.round(4), grad_weights.round(4), sep="\n")
    1.3133
    [[-0.7311  0.7311]]
    [[-0.7311  0.7311]
     [-1.4621  1.4621]]
    """
    h, w = _matrix(hidden, "hidden"), _matrix(weights, "weights")
    dtype = np.result_type(h, w)
    h, w = (widened(x.astype(dtype, copy=False))[0] for x in (h, w))
    count, n = len(h), w.shape[1]
    if h.shape[1] != len(w) or not (count and n):
        raise ValueError(
            f"hidden and weights must have the shapes (N, d) and (d, n), none 0; got {h.shape} and "
            f"{w.shape}"
        )
    y = check_labels(labels, np.broadcast_to(np.zeros((), h.dtype), (count, n)), 1)
    grad_h, grad_w = np.empty_like(h), np.zeros_like(w)
    parts: list[float] = []
    starts = block_starts(count, 2 * count * n * h.itemsize, BLOCK)
    for start in starts:
        here = slice(start, start + starts.step)
        z = h[here] @ w
        g = np.empty_like(z)
        try:
            parts += fill(z, y[here], g, count, 1)
        except NotLogitsError:
            check_values(z, 1)  # raises an error that says where
            raise
        np.matmul(g, w.T, out=grad_h[here])
        grad_w += h[here].T @ g
    return mean_of(parts, count), grad_h.astype(dtype), grad_w.astype(dtype)


def _matrix(x: ArrayLike, name: str) -> Array:
    a = np.asarray(x)
    check_real(a.dtype, name)
    if a.ndim != 2:
        raise ValueError(f"{name} must be a matrix; got shape {a.shape}")
    return a if a.dtype.kind == "f" else a.astype(np.float64)
