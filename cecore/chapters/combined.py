"""Chapter "The combined gradient": softmax and cross-entropy as one function of the logits.

``L`` is the loss in nats, ``k`` the true class, ``y`` the labels: class indices or distributions.
"""

import numpy as np
from numpy.typing import ArrayLike

from cecore._engine.inputs import Array
from cecore._engine.rows import by_rows, largest, row_sums, sums_along, sums_with_own


def softmax_cross_entropy(z: ArrayLike, y: ArrayLike, axis: int = -1) -> Array:
    """Loss of each example from its logits: ``L = -sum_i y_i ln softmax(z)_i`` (S14).

    Parameters
    ----------
    z : array_like of real numbers, any shape with at least one axis
        Logits, as for `softmax`.
    y : array_like
        Either integer class indices in 0..n-1, of z's shape without `axis`,
        or distributions of z's shape: entries at least 0, sums along `axis` 1 up to rounding.
    axis : int, default -1
        The class axis.

    Returns
    -------
    ndarray
        Nats, of z's shape without `axis` (a NumPy scalar for 1-d z) and z's floating dtype.
        ``inf`` where the label puts weight on a masked class, or the loss or a difference of logits
        exceeds the largest float.

    Raises
    ------
    ValueError, TypeError
        On the logits that `softmax` refuses; if a label is out of range, not an integer, or of a
        shape that does not fit; if a distribution has a negative entry, NaN, or a sum off 1.

    Notes
    -----
    A softmax that is rounded before the logarithm loses the loss near certainty, and all of it
    near 0; `log_softmax` keeps both. The result is within 6 ulps of the exact one. The mean over a
    batch is its ``.mean()``.

    Examples
    --------
    >>> print(softmax_cross_entropy([2.0, 1.0, 0.1], 0).round(4))
    0.417
    >>> print(softmax_cross_entropy([2.0, 1.0, 0.1], [0.8, 0.1, 0.1]).round(4))
    0.707
    """
    return by_rows(loss_of_rows, z, axis, y, reduces=True)


def loss_of_rows(z: Array, e: Array, y: Array) -> Array:
    """Return the loss of each row; ``e`` is ``e^z``, up to a factor of the row."""
    m, r = largest(z, e)
    if y.dtype.kind == "i":  # class indices: L = -ln s_k = (m - z_k) + (ln sum_i e^{z_i} - m)
        return (m - np.take_along_axis(z, y, 1)[:, 0]) + np.log1p(r)
    below = np.where(y > 0, y * (m[:, None] - z), 0)  # distributions, with 0 ln 0 = 0
    return sums_along(below, 1) + sums_along(y, 1) * np.log1p(r)


def softmax_cross_entropy_grad(z: ArrayLike, y: ArrayLike, axis: int = -1) -> Array:
    """Gradient of each example's loss by its logits: ``dL/dz = s - y`` (S17).

    Parameters and errors are those of `softmax_cross_entropy`.

    Returns
    -------
    ndarray
        z's shape and floating dtype: ``s_j - 1`` at the true class, ``s_j`` elsewhere, or
        ``s - y`` for distributions. Rows sum to 0 and entries are within [-1, 1], as far as the
        rounding of y itself allows.

    Notes
    -----
    The loss is per example, and so is the gradient: divide by the number of examples for the
    gradient of the mean loss. Near certainty ``s_k - 1`` would cancel to 0; it is minus the sum
    of the other probabilities, and is computed so for class indices.

    Examples
    --------
    >>> softmax_cross_entropy_grad([2.0, 1.0, 0.1], 0).round(4)
    array([-0.341 ,  0.2424,  0.0986])
    """
    return by_rows(grad_of_rows, z, axis, y)


def grad_of_rows(z: Array, e: Array, y: Array) -> Array:
    """Return the gradient of each row; ``e`` is ``e^z``, up to a factor of the row."""
    if y.dtype.kind == "f":  # distributions
        return e / row_sums(e, z.dtype)[:, None] - y
    own = np.take_along_axis(e, y, 1)[:, 0]
    np.put_along_axis(e, y, 0, 1)
    others, total = sums_with_own(e, own, z.dtype)
    e /= total[:, None].astype(e.dtype)
    np.put_along_axis(e, y, 0 - (others / total)[:, None].astype(e.dtype), 1)  # s_k - 1
    return e
