"""Chapter "The combined gradient": softmax and cross-entropy as one function of the logits.

``L`` is the loss in nats. Labels are class indices ``k`` or distributions ``y``: a formula each.
"""

import numpy as np

from cecore._engine import (
    Array,
    largest,
    of_labelled_logits,
    powers,
    row_sums,
    sums_along,
    sums_with_own,
)


@of_labelled_logits(reduces=True)
def softmax_cross_entropy(z: Array, k: Array) -> Array:
    """Loss of each example from its logits: ``L = -sum_i y_i ln softmax(z)_i`` (S14).

    The logarithm of a rounded softmax loses the loss near certainty, and all of it near 0; this
    keeps both, to within 6 ulps. The mean over a batch is its ``.mean()``.

    Parameters
    ----------
    z : array_like of real numbers, any shape with at least one axis
        Logits, as for `softmax`.
    labels : array_like
        Integer class indices in 0..n-1, of z's shape without `axis`, or distributions of z's shape:
        entries at least 0, sums along `axis` 1 up to rounding.
    axis : int, default -1
        The class axis.

    Returns
    -------
    ndarray
        Nats, of z's shape without `axis` (a NumPy scalar for 1-d z) and z's floating dtype. ``inf``
        where the label puts weight on a masked class, or a difference of logits overflows.

    Raises
    ------
    ValueError, TypeError
        On the logits that `softmax` refuses; if a label is out of range, not an integer, or of a
        shape that does not fit; if a distribution has a negative entry, NaN, or a sum off 1.

    Examples
    --------
    >>> print(softmax_cross_entropy([2.0, 1.0, 0.1], 0).round(4))
    0.417
    >>> print(softmax_cross_entropy([2.0, 1.0, 0.1], [0.8, 0.1, 0.1]).round(4))
    0.707
    """
    m, r = largest(z)
    return (m - np.take_along_axis(z, k, 1)) + np.log1p(r)  # LSE - z_k


@softmax_cross_entropy.of_distributions
def loss_of_distributions(z: Array, y: Array) -> Array:
    """Return the loss of rows whose labels are distributions."""
    m, r = largest(z)
    below = np.where(y > 0, y * (m - z), 0)  # 0 ln 0 = 0
    losses = sums_along(below, 1) + sums_along(y, 1) * np.log1p(r[:, 0])
    return losses[:, None]


@of_labelled_logits
def softmax_cross_entropy_grad(z: Array, k: Array) -> Array:
    """Gradient of each example's loss with respect to its logits: ``dL/dz = s - y`` (S17).

    Parameters and errors are those of `softmax_cross_entropy`. The loss is per example, and so is
    the gradient: divide by the number of examples for that of the mean loss. Near certainty
    ``s_k - 1`` would cancel to 0: for class indices it is minus the sum of the other probabilities.

    Returns
    -------
    ndarray
        z's shape and floating dtype. Rows sum to 0 and entries are within [-1, 1], as far as the
        rounding of distributions allows.

    Examples
    --------
    >>> softmax_cross_entropy_grad([2.0, 1.0, 0.1], 0).round(4)
    array([-0.341 ,  0.2424,  0.0986])
    """
    e = powers(z)
    own = np.take_along_axis(e, k, 1)
    np.put_along_axis(e, k, 0, 1)
    others, total = sums_with_own(e, own, z)  # without e_k, and with it
    e /= total.astype(e.dtype, copy=False)
    np.put_along_axis(e, k, 0 - others / total, 1)  # s_k - 1
    return e


@softmax_cross_entropy_grad.of_distributions
def grad_of_distributions(z: Array, y: Array) -> Array:
    """Return the gradient for rows whose labels are distributions."""
    e = powers(z)
    e /= row_sums(e, z)
    return e - y
