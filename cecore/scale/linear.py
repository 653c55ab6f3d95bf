"""The loss of a last layer whose logits never exist: they come in chunks, and are forgotten."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cecore._engine.dtypes import Array, check_real, in_the_wider, narrowed, quiet, widened
from cecore._engine.inputs import check_indices
from cecore.scale.in_memory import mean_of
from cecore.scale.parts import LogSumExp

CHUNK = 2**20  # logits that exist at a time: 8 MB in float64


@quiet
def linear_cross_entropy(
    H: ArrayLike, W: ArrayLike, labels: ArrayLike, *, chunk: int | None = None
) -> tuple[float, Array, Array]:
    """Mean loss of the logits ``H W``, and its gradients, without ever holding them all (B39).

    The same as ``loss, G = cecore.loss_and_grad(H @ W, labels)``, then ``G @ W.T`` and ``H.T @ G``,
    in little more memory than the two gradients take: some classes' logits are computed, reduced to
    a `LogSumExp` of each row, and forgotten. Then they are computed again for the gradients.

    Parameters
    ----------
    H : array_like of real numbers, shape (N, d)
        What reaches the last layer: N examples of d features, at least one of each.
    W : array_like of real numbers, shape (d, n)
        Its weights, a column for each of the n classes.
    labels : array_like of int, shape (N,)
        The true classes, in 0..n-1.
    chunk : int, optional
        How many classes' logits exist at a time; by default as many as make about a million logits.

    Returns
    -------
    loss : float
        In nats: the mean of the N losses.
    grad_H : ndarray, shape (N, d)
        The gradient of that mean with respect to H, in the wider dtype of H and W.
    grad_W : ndarray, shape (d, n)
        The gradient with respect to W, likewise.

    Raises
    ------
    ValueError, TypeError
        If H and W are no real numbers of at most 64 bits, infinite or NaN, or of shapes that do not
        fit; if their product overflows; if labels are no class indices of shape (N,); if `chunk` is
        not a positive integer.

    Notes
    -----
    A column of the gradient needs its own logits and one number of each row, the log-sum-exp:
    ``G = (e^(z - LSE) - y) / N``. It takes three matrix products of the size of ``H W``, as
    the plain way does, and one more. The digits are those that the products leave: they are
    computed in the wider dtype of H and W (float32 for float16), what is between them in float64.

    Examples
    --------
    >>> H, W = [[1.0, 2.0], [0.5, -1.0]], [[1.0, 0.0, -1.0], [0.5, 0.5, 0.0]]
    >>> loss, grad_H, grad_W = linear_cross_entropy(H, W, [0, 2], chunk=2)
    >>> print(round(loss, 4), grad_H.shape, grad_W.shape)
    0.8217 (2, 2) (2, 3)
    """
    H, W, k, dtype = _checked(H, W, labels)
    N, n = len(H), W.shape[1]
    width = max(1, CHUNK // N) if chunk is None else _check_chunk(chunk)
    chunks = [slice(start, min(start + width, n)) for start in range(0, n, width)]
    rows, own = LogSumExp(), np.empty(N)
    for here in chunks:
        z = _logits(H, W, here)
        rows = rows.merge(LogSumExp.of(z))
        mine = (here.start <= k) & (k < here.stop)
        own[mine] = z[mine, k[mine] - here.start]
    grad_H, grad_W = np.zeros(H.shape), np.empty(W.shape, dtype)
    for here in chunks:
        z = _logits(H, W, here)  # once more
        G = narrowed(rows.grad(z, own, k - here.start, N), H.dtype)
        grad_H += G @ W[:, here].T
        grad_W[:, here] = H.T @ G
    return mean_of(rows.loss(own).tolist(), N), narrowed(grad_H, dtype), grad_W


def _logits(H: Array, W: Array, here: slice) -> Array:
    """Return the logits of some classes."""
    z = H @ W[:, here]
    if not (np.isfinite(z.min()) and np.isfinite(z.max())):
        raise ValueError(f"H @ W must be finite; it overflows in {z.dtype}")
    return z


def _checked(
    H: ArrayLike, W: ArrayLike, labels: ArrayLike
) -> tuple[Array, Array, Array, np.dtype[Any]]:
    """Return both matrices in the wider dtype, the labels, and the dtype of the gradients."""
    (H, H_dtype), (W, W_dtype) = _matrix(H, "H"), _matrix(W, "W")
    if H.shape[1] != W.shape[0]:
        raise ValueError(
            f"W must have as many rows as H has columns; got shapes {H.shape} and {W.shape}"
        )
    k = check_indices(labels, W.shape[1])
    if k.shape != H.shape[:1]:
        raise ValueError(f"labels must have shape {H.shape[:1]}, to fit H; got shape {k.shape}")
    return *in_the_wider(H, W), k, np.promote_types(H_dtype, W_dtype)


def _matrix(x: ArrayLike, name: str) -> tuple[Array, np.dtype[Any]]:
    if np.ma.isMaskedArray(x):
        raise TypeError(f"{name} must be a plain array; got a masked array")
    x = np.asarray(x)
    check_real(x.dtype, name)
    if x.dtype.itemsize > 8:
        raise TypeError(f"{name} must hold real numbers of at most 64 bits; got dtype {x.dtype}")
    if x.ndim != 2 or not x.size:
        raise ValueError(f"{name} must be a matrix, no side of it 0; got shape {x.shape}")
    if not (np.isfinite(x.min()) and np.isfinite(x.max())):
        raise ValueError(f"{name} must hold finite numbers; got NaN or an infinite one")
    return widened(x)


def _check_chunk(chunk: int) -> int:
    if isinstance(chunk, bool) or not isinstance(chunk, (int, np.integer)):
        raise TypeError(f"chunk must be an integer, the number of classes; got {chunk!r}")
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, the number of classes; got {chunk}")
    return int(chunk)
