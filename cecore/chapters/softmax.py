"""Chapter "Softmax": from logits to probabilities.

``z`` are logits, ``s = softmax(z)`` probabilities, ``ln`` the natural logarithm.
"""

import numpy as np

from cecore._engine import Array, largest, of_logits, powers, row_sums


@of_logits
def softmax(z: Array) -> Array:
    """Turn logits into probabilities: ``s_i = e^{z_i} / sum_k e^{z_k}`` (statements S1, S2).

    Exponentials need be known only up to a factor, which cancels. `powers` chooses it so that none
    overflows (Blanchard, Higham and Higham 2021), and each entry of the result is within 6 ulps of
    the exact one, nearly always within 4 in float64.

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
    ValueError, TypeError
        If z holds NaN, +inf or no real numbers, a row of -inf only, no class, or no such `axis`.

    Examples
    --------
    >>> softmax([2.0, 1.0, 0.1]).round(4)
    array([0.659 , 0.2424, 0.0986])
    """
    e = powers(z)  # e^z, up to a factor of the row
    e /= row_sums(e, z)
    return e


@of_logits(by_class=True)
def log_softmax(z: Array) -> Array:
    """Logarithm of the probabilities, ``ln s_i = z_i - ln sum_k e^{z_k}``, in nats.

    Parameters, dtypes and errors are those of `softmax`. A masked class gets -inf, and so does a
    logit so far below the largest that the difference is outside the range of its dtype.
    Near certainty ``ln s_i`` is tiny, and ``np.log(softmax(z))`` rounds it to 0. Here the largest
    logit's own ``e^0 = 1`` is left out of the sum and put back by ``log1p``, so it survives.

    Returns
    -------
    ndarray
        Log-probabilities of z's shape, none above 0.

    Examples
    --------
    >>> print(log_softmax([0.0, -50.0]))
    [-1.92874985e-22 -5.00000000e+01]
    """
    m, r = largest(z)  # the largest logit m, and r = the sum of e^(z - m) of all others
    log_s = z - m
    log_s -= np.log1p(r)
    return log_s


@of_logits(reduces=True)
def logsumexp(z: Array) -> Array:
    """Log-sum-exp, ``ln sum_k e^{z_k}``: a smooth maximum, and the softmax's logarithmic total.

    Parameters, dtypes and errors are those of `softmax`. It lies between ``max z`` and
    ``max z + ln n`` (statement B4); its gradient is softmax (B8). It can cancel to 0, so its error
    is within 6 ulps of ``max |z|`` or itself, whichever is larger.

    Returns
    -------
    ndarray
        z's shape without `axis`, in nats; a NumPy scalar for 1-d z.

    Examples
    --------
    >>> print(logsumexp([1000.0, 1000.0]))  # 1000 + ln 2
    1000.6931471805599
    """
    m, r = largest(z)
    return m + np.log1p(r)
