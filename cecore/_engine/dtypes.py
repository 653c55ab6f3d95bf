"""Floating dtypes: which are taken, which a result has, and how far each of them reaches."""

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Index = tuple[int, ...]

# An exponential that underflows to 0, a logarithm of 0, a product 0 * inf that np.where throws
# away: the formulas mean each of them, so NumPy need not warn. Bad input never gets that far.
quiet = np.errstate(all="ignore")


class Limits(NamedTuple):
    """How far the exponentials of one dtype reach."""

    # e^z of logits up to this size, and sums of 10^9 of them, are normal numbers.
    direct: int
    # If the largest logit of a row is of such a size, a whole number close to it can be taken off
    # all that count without rounding. None: of no size.
    exact_shift: tuple[float, float] | None
    # Beyond these odds against a class its exponential may be subnormal and have lost digits.
    odds: float


LIMITS: dict[Any, Limits] = {
    # e^64 = 6e27 of at most 3e38, and e^-64 = 2e-28 of at least 1e-38. A probability above 0 has a
    # logit at most 104 below the largest (e^-104 is 0), so of size 36 if that has 140: there floats
    # are 2^-18 apart, and so are they where the shift leaves them, below 64. From 2^24 on, floats
    # are more than 1 apart.
    np.float32: Limits(direct=64, exact_shift=(140, 2**24), odds=1e37),
    # e^640 = 9e277 of at most 2e308, and e^-640 = 1e-278 of at least 2e-308. Every shift rounds
    # (e^-745 is above 0 still), and `exponentials.exp_minus` makes up for it.
    np.float64: Limits(direct=640, exact_shift=None, odds=1e300),
}
# What is taken off a row beyond its largest logit less: e^64 times the smallest probability above 0
# is a normal number, in float64.
HEADROOM = 64


def limits(dtype: np.dtype[Any]) -> Limits:
    """Return the limits of a dtype; what is wider than float64 reaches as far at least."""
    return LIMITS.get(dtype.type, LIMITS[np.float64])


def is_real(dtype: np.dtype[Any]) -> bool:
    """Return whether this is a dtype of NumPy's own for real numbers.

    Those of other packages, such as float8, may say that they are floats, but NumPy cannot tell
    their precision.
    """
    return dtype.kind in "iuf" and issubclass(dtype.type, np.number)


def check_real(dtype: np.dtype[Any], name: str) -> None:
    """Refuse what holds no real numbers, or those of another package."""
    if is_real(dtype):
        return
    advice = ""
    if dtype.type.__module__.partition(".")[0] != "numpy":
        advice = ", which is not of NumPy: convert it first, say to float32"
    raise TypeError(
        f"{name} must hold real numbers (floats or integers); got dtype {dtype}{advice}"
    )


def widened(x: Array) -> tuple[Array, np.dtype[Any]]:
    """Return real numbers as floats of 32 bits at least, to compute with, and the result's dtype.

    That is their own, or float64 for integers.
    """
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    return x.astype(np.promote_types(dtype, np.float32), copy=False), dtype


def in_the_wider(a: Array, b: Array) -> tuple[Array, Array]:
    """Return both arrays in the dtype that they promote to."""
    dtype = np.promote_types(a.dtype, b.dtype)
    return a.astype(dtype, copy=False), b.astype(dtype, copy=False)


def narrowed(x: Array, dtype: np.dtype[Any]) -> Array:
    """Round a result to its dtype; what is too small for that is 0, and not -0."""
    if x.dtype != dtype:
        x = x.astype(dtype)
        x += 0
    return x
