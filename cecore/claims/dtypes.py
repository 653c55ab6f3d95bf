"""The floating types that functions are called with."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

FLOATS = (np.float16, np.float32, np.float64)
FLOAT_NAMES = [dtype.__name__ for dtype in FLOATS]
# Those with digits to spare: a result in float16 says little beyond its third digit.
WIDE_FLOATS = (np.float32, np.float64)
# The smallest number above 0. (`finfo` warns, and says 0, where subnormal numbers are flushed.)
SUBNORMAL: dict[Any, float] = {np.float16: 2.0**-24, np.float32: 2.0**-149, np.float64: 2.0**-1074}


def float_types(dtypes: Iterable[DTypeLike]) -> tuple[Any, ...]:
    """Return which of the three floating types these dtypes are."""
    if isinstance(dtypes, str) or not isinstance(dtypes, Iterable):
        raise TypeError(f"dtypes must be several, as in ['float32']; got {dtypes!r}")
    found = set()
    for given in dtypes:
        try:
            dtype = np.dtype(given).type
        except TypeError:
            dtype = None
        if given is None or dtype not in FLOATS:
            raise ValueError(f"dtypes must be of {', '.join(FLOAT_NAMES)}; got {given!r}")
        found.add(dtype)
    return tuple(dtype for dtype in FLOATS if dtype in found)


def flushes_subnormals() -> bool:
    """Return whether this thread turns numbers below the smallest normal one to 0.

    It does so after ``torch.set_flush_denormal(True)``, and in a process that has loaded a library
    built with ``-ffast-math``.
    """
    return bool(np.finfo(np.float64).tiny * np.array([0.5]) == 0)
