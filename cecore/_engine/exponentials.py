"""Exponentials to the last digit, whatever the size of the logits.

Softmax needs ``e^z`` only up to a factor, which cancels, so any constant may be taken off a row of
logits first. The obvious one is its maximum. But ``z - max`` is rounded, and the exponential
magnifies what was lost: logits of size 100 come out wrong by 500 ulps. Hence `shifted`.
"""

import numpy as np

from cecore._engine.dtypes import HEADROOM, LIMITS, Array, limits
from cecore._engine.inputs import NotLogitsError, proper
from cecore._engine.sums import LOOP, largest_of, row_sums, smallest_of

FEW = 4096  # numbers, up to which the number of NumPy's calls takes the time, and not their work


def powers(z: Array) -> Array:
    """Return ``e^z`` of rows of logits, up to a factor of each row, every entry to the last digit.

    float32 gets float64 where its own digits would not do.
    """
    if moderate(z):
        return np.exp(z)
    if not proper(z):
        raise NotLogitsError
    return shifted(z)[0]


def largest(z: Array) -> tuple[Array, Array]:
    """Return the largest logit m of each row, and the sum of the others' ``e^(z - m)``, as columns.

    The sum leaves out the largest logit's own ``e^0 = 1``, in which it would drown near certainty.
    """
    e = powers(z)
    if e.flags.c_contiguous:
        at = e.argmax(1) + np.arange(0, e.size, e.shape[1])
        flat = e.ravel()
        top = flat[at][:, None]
        flat[at] = 0
        rest = row_sums(e, z) / top
        m = z.ravel()[at][:, None]
    else:  # argmax would go row by row
        m = z.max(1, keepdims=True)
        top = e.max(1, keepdims=True)
        total = e.sum(1, keepdims=True)
        e *= e < top
        below = row_sums(e, z)
        ties = np.rint((total - below) / top) - 1  # others as large as the largest
        rest = below / top + ties
    return m, rest.astype(z.dtype, copy=False)


def shifted(z: Array, out: Array | None = None) -> tuple[Array, Array]:
    """Return ``e^(z - c)``, every entry to the last digit, and c, one number for each row.

    Logits of moderate size need no shift: nothing is subtracted, so nothing is rounded. The result
    is float64 where float32 would not do, and otherwise in ``out``, if that is given.
    """
    exact = limits(z.dtype).exact_shift
    if exact and z.shape[1] > LOOP:
        top = z.max(1, keepdims=True)
        easy = (abs(top) >= exact[0]) & (abs(top) < exact[1])
        if easy.any():
            c = np.rint(top, dtype=np.float64) - HEADROOM
            e = np.subtract(z, c.astype(z.dtype), out=out)
            np.exp(e, out=e)
            if not easy.all():
                rest = ~easy[:, 0]
                e[rest] = np.exp(z[rest] - c[rest])  # in float64
            return e, c[:, 0]
    if moderate(z):
        return np.exp(z, out=out), np.zeros(len(z))
    if z.dtype == np.float32:
        if moderate(z, LIMITS[np.float64].direct):
            return np.exp(z, dtype=np.float64), np.zeros(len(z))
        z = z.astype(np.float64)
    c = z.max(1, keepdims=True) - HEADROOM
    return exp_minus(z, c), c[:, 0]


def exp_minus(z: Array, c: Array) -> Array:
    """Return ``e^(z - c)`` to the last digit, of float64 or wider."""
    d = z - c
    # What is lost, exactly (Knuth 1969): hundreds of ulps of e^d.
    back = d - z
    lost = (z - (d - back)) - (c + back)
    e = np.exp(d)
    np.add(e, e * lost, out=e, where=e > 0)  # elsewhere lost may be NaN
    return e


def moderate(z: Array, limit: int | None = None) -> bool:
    """Return whether no exponential, or sum of them, can overflow or lose digits in z's dtype.

    That is, whether no logit is larger than ``limit``, by default that of the dtype.
    """
    limit = limit or limits(z.dtype).direct
    if z.size < FEW:
        if np.vdot(z, z) < limit * limit:  # no call of NumPy's is faster
            return True
        return bool(-limit <= smallest_of(z) and largest_of(z) <= limit)
    return bool(-limit <= z.min() and z.max() <= limit)  # False for NaN
