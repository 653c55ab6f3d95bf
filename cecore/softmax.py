"""Chapter "Softmax": from logits to probabilities.

``z`` are logits, ``s = softmax(z)`` probabilities, ``ln`` the natural logarithm.
"""

import numpy as np
from numpy.typing import ArrayLike

from cecore._checks import Array, check_logits, quiet


@quiet
def softmax(z: ArrayLike, axis: int = -1) -> Array:
    """Turn logits into probabilities: ``s_i = e^{z_i} / sum_k e^{z_k}`` (statements S1, S2).

    Parameters
    ----------
    z : array_like of real numbers, any shape with at least one axis
        Logits, of any finite size; -inf masks a class, which then has probability 0.
    axis : int, default -1
        The class axis.

    Returns
    -------
    ndarray
        Probabilities of z's shape and floating dtype (float64 for integers) that sum to 1 along
        `axis`. float16 is computed in float32 and rounded once.

    Raises
    ------
    ValueError
        If z holds NaN or +inf, has a row of -inf only, no class, no axis, or no such `axis`.
    TypeError
        If z holds complex numbers, booleans, strings or objects.

    Notes
    -----
    Adding one constant to every logit changes nothing, so the largest is moved to 0 first; then
    no exponential can overflow (Blanchard, Higham and Higham 2021).

    Examples
    --------
    >>> softmax([2.0, 1.0, 0.1]).round(4)
    array([0.659 , 0.2424, 0.0986])
    """
    z, dtype = check_logits(z, axis)
    e = np.exp(z - z.max(axis, keepdims=True))
    return (e / e.sum(axis, keepdims=True)).astype(dtype)


@quiet
def log_softmax(z: ArrayLike, axis: int = -1) -> Array:
    """Logarithm of the probabilities, ``ln s_i = z_i - ln sum_k e^{z_k}``, in nats.

    Parameters, dtypes and errors are those of `softmax`. A masked class gets -inf, and so does a
    logit so far below the largest that the difference is outside the range of its dtype.

    Returns
    -------
    ndarray
        Log-probabilities of z's shape, none above 0.

    Notes
    -----
    Near certainty ``ln s_i`` is tiny, and ``np.log(softmax(z))`` rounds it to 0. Here the largest
    logit's own ``e^0 = 1`` is left out of the sum and put back by ``log1p``, so it survives.

    Examples
    --------
    >>> print(log_softmax([0.0, -50.0]))
    [-1.92874985e-22 -5.00000000e+01]
    """
    z, dtype = check_logits(z, axis)
    d = z - z.max(axis, keepdims=True)
    return (d - _ln_sum_exp(d, axis)).astype(dtype)


@quiet
def logsumexp(z: ArrayLike, axis: int = -1) -> Array:
    """Log-sum-exp, ``ln sum_k e^{z_k}``: a smooth maximum, and the softmax's logarithmic total.

    Parameters, dtypes and errors are those of `softmax`.

    Returns
    -------
    ndarray
        z's shape without `axis`, in nats; a NumPy scalar for 1-d z.

    Notes
    -----
    It lies between ``max z`` and ``max z + ln n`` (statement B4); its gradient is softmax (B8).

    Examples
    --------
    >>> print(logsumexp([1000.0, 1000.0]))  # 1000 + ln 2
    1000.6931471805599
    """
    z, dtype = check_logits(z, axis)
    m = z.max(axis, keepdims=True)
    return (m + _ln_sum_exp(z - m, axis)).squeeze(axis).astype(dtype)[()]


def _ln_sum_exp(d: Array, axis: int) -> Array:
    """``ln sum_k e^{d_k}`` of rows whose largest entry is 0, as ``log1p`` of the others' sum."""
    e = np.exp(d)
    np.put_along_axis(e, d.argmax(axis, keepdims=True), 0, axis)
    return np.log1p(e.sum(axis, keepdims=True))
