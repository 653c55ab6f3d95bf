"""Right values, from 50-digit arithmetic (mpmath).

They are kept as sums of two floats, so that NumPy can compare. Nothing here is computed with
cecore.
"""

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cecore.claims.model import Array


@cache
def mp50() -> Any:
    """Return mpmath's arithmetic with 50 digits."""
    try:
        mp = importlib.import_module("mpmath").MPContext()
    except ImportError as error:
        raise ImportError("checking needs mpmath: pip install 'cecore[verify]'") from error
    mp.dps = 50
    return mp


class Exact(NamedTuple):
    """Right values to twice the digits of a float64: ``hi + lo``."""

    hi: Array
    lo: Array

    def at(self, where: Array) -> "Exact":
        """Return some of them."""
        return Exact(self.hi[where], self.lo[where])


def exact(values: Any) -> Exact:
    """Keep mpmath numbers as sums of two floats."""
    values = np.asarray(values, dtype=object)
    hi = [float(v) for v in values.flat]
    lo = [float(v - h) if np.isfinite(h) else 0.0 for v, h in zip(values.flat, hi, strict=True)]
    return Exact(np.reshape(hi, values.shape), np.reshape(lo, values.shape))


def known(values: ArrayLike) -> Exact:
    """Take floats for exactly right."""
    hi = np.asarray(values, dtype=np.float64)
    return Exact(hi, np.zeros_like(hi))


def as_numbers(x: Array) -> Array:
    """Floats as mpmath numbers, unrounded."""
    return np.array([mp50().mpf(float(v)) for v in x.flat], dtype=object).reshape(x.shape)


def as_numbers_of(x: Exact) -> Array:
    """Right values as mpmath numbers."""
    return as_numbers(x.hi) + as_numbers(x.lo)


def two_sum(a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """Return the rounded sums, and exactly what the rounding took from them (Knuth 1969)."""
    a, b = np.asarray(a), np.asarray(b)
    with np.errstate(all="ignore"):
        total = a + b
        back = total - a
        return total, (a - (total - back)) + (b - back)


# Functions of arrays of mpmath numbers


def of_entries(function: Callable[[Any], Any], x: Array) -> Array:
    """Return an mpmath function of every entry."""
    values: Array = np.frompyfunc(function, 1, 1)(x)
    return values


def exact_softmax(z: Array) -> Array:
    """Return the softmax of mpmath numbers."""
    e = np.array([mp50().exp(v) for v in z], dtype=object)
    return e / e.sum()


def exact_loss(z: Array, y: ArrayLike) -> Any:
    """Return the loss of mpmath logits for the labels ``y``, a distribution."""
    return -np.sum(y * of_entries(mp50().log, exact_softmax(z)))


def exact_gradient(f: Callable[[Array], Any], z: Array) -> Array:
    """``df/dz_j`` on a new last axis, by complex steps: exact to more than 50 digits."""
    # The error of such a step is of the order of its square, and nothing is subtracted.
    h = mp50().mpf(10) ** -30
    columns = []
    for j in range(z.size):
        moved = as_numbers(z)
        moved[j] = mp50().mpc(moved[j], h)
        columns.append(of_entries(lambda v: v.imag / h, f(moved)))
    return np.stack(columns, axis=-1)
