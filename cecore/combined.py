"""Chapter "The combined gradient": softmax and cross-entropy as one function of the logits.

``L`` is the loss in nats, ``k`` the true class, ``y`` the labels: class indices or distributions.
"""

import numpy as np
from numpy.typing import ArrayLike

from cecore._checks import Array, check_logits, check_targets, quiet
from cecore.softmax import log_softmax, softmax


@quiet
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
        ``inf`` where the label puts weight on a masked class.

    Raises
    ------
    ValueError, TypeError
        On the logits that `softmax` refuses; if a label is out of range, not an integer, or of a
        shape that does not fit; if a distribution has a negative entry, NaN, or a sum off 1.

    Notes
    -----
    A softmax that is rounded before the logarithm loses the loss near certainty, and all of it
    near 0; `log_softmax` keeps both. The mean over a batch is ``.mean()`` of the result.

    Examples
    --------
    >>> print(softmax_cross_entropy([2.0, 1.0, 0.1], 0).round(4))
    0.417
    >>> print(softmax_cross_entropy([2.0, 1.0, 0.1], [0.8, 0.1, 0.1]).round(4))
    0.707
    """
    z, dtype = check_logits(z, axis)
    y = check_targets(y, z, axis)
    log_s = log_softmax(z, axis)
    if y.ndim < z.ndim:  # class indices: L = -ln s_k
        k = np.expand_dims(y, axis)
        loss = 0 - np.take_along_axis(log_s, k, axis).squeeze(axis)
    else:  # distributions, with 0 ln 0 = 0
        loss = np.where(y > 0, y * (0 - log_s), 0).sum(axis)
    return loss.astype(dtype)


@quiet
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
    z, dtype = check_logits(z, axis)
    y = check_targets(y, z, axis)
    g = softmax(z, axis)
    if y.ndim < z.ndim:
        k = np.expand_dims(y, axis)
        np.put_along_axis(g, k, 0, axis)
        others = np.minimum(g.sum(axis, keepdims=True), 1)  # if rounded up
        np.put_along_axis(g, k, 0 - others, axis)  # s_k - 1
    else:  # distributions
        g = g - y
    return g.astype(dtype)
