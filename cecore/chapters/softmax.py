"""Chapter "Softmax": from logits to probabilities.

``z`` are logits, ``s = softmax(z)`` probabilities, ``ln`` the natural logarithm.
"""

import numpy as np
from numpy.typing import ArrayLike

from cecore._engine.inputs import Array
from cecore._engine.rows import by_rows, largest, row_sums


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
    Exponentials need be known only up to a factor, which cancels. `by_rows` chooses it so that none
    of them overflows (Blanchard, Higham and Higham 2021), and so that each entry of the result is
    within 6 ulps of the exact one, and nearly always within 4 in float64.

    Examples
    --------
    >>> softmax([2.0, 1.0, 0.1]).round(4)
    array([0.659 , 0.2424, 0.0986])
    """
    return by_rows(softmax_of_rows, z, axis)


def softmax_of_rows(z: Array, e: Array) -> Array:
    """Apply the formula to rows of logits; ``e`` is ``e^z``, up to a factor of the row."""
    e /= row_sums(e, z.dtype)[:, None]
    return e


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
    logit's own ``e^0 = 1`` is left out of the sum and put back by ``log1p``, so it survives. Each
    entry is as accurate as those of `softmax`.

    Examples
    --------
    >>> print(log_softmax([0.0, -50.0]))
    [-1.92874985e-22 -5.00000000e+01]
    """
    return by_rows(log_softmax_of_rows, z, axis)


def log_softmax_of_rows(z: Array, e: Array) -> Array:
    """Apply the formula to rows of logits; ``e`` is ``e^z``, up to a factor of the row."""
    m, r = largest(z, e)
    log_s = np.subtract(z, m[:, None], out=e)  # e is free now
    log_s -= np.log1p(r)[:, None]
    return log_s


def logsumexp(z: ArrayLike, axis: int = -1) -> Array:
    """Log-sum-exp, ``ln sum_k e^{z_k}``: a smooth maximum, and the softmax's logarithmic total.

    Parameters, dtypes and errors are those of `softmax`.

    Returns
    -------
    ndarray
        z's shape without `axis`, in nats; a NumPy scalar for 1-d z.

    Notes
    -----
    It lies between ``max z`` and ``max z + ln n`` (statement B4); its gradient is softmax (B8). It
    can cancel to 0, so its error is within 6 ulps of ``max |z|`` or itself, whichever is larger.

    Examples
    --------
    >>> print(logsumexp([1000.0, 1000.0]))  # 1000 + ln 2
    1000.6931471805599
    """
    return by_rows(logsumexp_of_rows, z, axis, reduces=True)


def logsumexp_of_rows(z: Array, e: Array) -> Array:
    """Apply the formula to rows of logits; ``e`` is ``e^z``, up to a factor of the row."""
    m, r = largest(z, e)
    return m + np.log1p(r)
