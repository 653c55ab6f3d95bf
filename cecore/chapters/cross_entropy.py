"""Chapter "Cross-entropy": how surprised q is by what p brings, in nats.

``p`` is the true distribution, ``q`` the predicted one; ``0 ln 0 = 0`` throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from cecore._engine import Array, check_class_count, check_indices, check_pair, quiet, sums_along


@quiet
def cross_entropy(p: ArrayLike, q: ArrayLike, axis: int = -1) -> Array:
    """``H(p, q) = -sum_i p_i ln q_i``: the mean surprise when p is true and q believed (S11).

    The result is within 6 ulps of the exact one for p and q as they are given. From logits,
    `softmax_cross_entropy` is exact where q would round to 0 or 1.

    Parameters
    ----------
    p, q : array_like of real numbers, one shape with at least one axis
        Distributions: true and predicted. Entries at least 0, sums along `axis` 1 up to rounding.
    axis : int, default -1
        The class axis.

    Returns
    -------
    ndarray
        Nats, of p's shape without `axis` (a NumPy scalar for 1-d p), in the dtype that p and q
        promote to; float16 is computed in float32. ``inf`` where some p_i > 0 meets q_i = 0.

    Raises
    ------
    ValueError, TypeError
        If an entry is negative or NaN, a sum is off 1, the shapes differ, or there is no class; if
        p or q holds no real numbers.

    Examples
    --------
    >>> print(cross_entropy([0.5, 0.5], [0.25, 0.75]).round(4))
    0.837
    """
    p, q, dtype = check_pair(p, q, axis)
    surprise = 0 - np.log(np.minimum(q, 1))  # rounding may exceed 1
    return sums_along(np.where(p > 0, p * surprise, 0), axis).astype(dtype)


def entropy(p: ArrayLike, axis: int = -1) -> Array:
    """``H(p) = H(p, p)``: the surprise that is in p itself, from 0 (one-hot) to ln n (uniform).

    Parameters, result and errors are those of `cross_entropy` (Shannon 1948).

    Examples
    --------
    >>> print(entropy([0.5, 0.5]))  # ln 2 nats, which is one bit
    0.6931471805599453
    """
    return cross_entropy(p, p, axis)


@quiet
def kl_divergence(p: ArrayLike, q: ArrayLike, axis: int = -1) -> Array:
    """``KL(p || q) = sum_i p_i ln(p_i / q_i) = H(p, q) - H(p)``: what believing q costs.

    Parameters, result and errors are those of `cross_entropy` (Kullback and Leibler 1951).
    At least 0, and 0 only for p = q (Gibbs' inequality, B11); not symmetric, so not a distance. The
    terms cancel, and so the result is within 6 ulps of ``H(p) + H(p, q)``.

    Examples
    --------
    >>> print(kl_divergence([0.5, 0.5], [0.25, 0.75]).round(4))
    0.1438
    """
    p, q, dtype = check_pair(p, q, axis)
    kl = sums_along(np.where(p > 0, p * (np.log(p) - np.log(q)), 0), axis)
    return np.maximum(kl, 0).astype(dtype)


def one_hot(labels: ArrayLike, n: int, dtype: DTypeLike = float) -> Array:
    """Class indices as distributions: 1 at the labelled class, 0 elsewhere (S12).

    Parameters
    ----------
    labels : array_like of int, any shape
        Class indices in 0..n-1.
    n : int
        The number of classes, at least 1.
    dtype : dtype, default float64
        Of the result, which has the shape ``(*labels.shape, n)``.

    Raises
    ------
    ValueError, TypeError
        If n is below 1, a label is outside 0..n-1, or one of them is not an integer.

    Examples
    --------
    >>> one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = check_indices(labels, check_class_count(n))
    return (labels[..., None] == np.arange(n)).astype(dtype)
