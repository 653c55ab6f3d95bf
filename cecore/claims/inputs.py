"""What functions are called with, and what is right for it.

The values that are right are kept, as they take long, but no longer than the processor treats
subnormal numbers as it did then: hence ``flushed``, which says whether it turns them to 0.
"""

from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cecore.claims.dtypes import FLOATS, WIDE_FLOATS
from cecore.claims.exact import (
    Exact,
    as_numbers,
    exact,
    exact_gradient,
    exact_softmax,
    mp50,
    of_entries,
    two_sum,
)
from cecore.claims.model import Array

# In eps: what a handful of operations may add up to, such as an exponential, a sum, a quotient.
ROUNDINGS = 8
# An exact Jacobian takes n^2 exponentials of 50 digits: so many classes are quick.
FEW = 6


class Row:
    """Logits, and what is right for them."""

    def __init__(self, z: ArrayLike, dtype: Any = np.float64) -> None:
        self.z = np.array(z, dtype)
        self.n, self.top = self.z.size, int(np.argmax(self.z))
        finite = self.z[np.isfinite(self.z)].astype(np.float64)
        self.size = float(abs(finite).max())
        # In eps: rounding a difference d of logits costs |d|/2, a sum of n terms about sqrt(n).
        self.sum_slack = self.n**0.5 + ROUNDINGS
        self.slack = 2 * self.size + self.n**0.5 + ROUNDINGS
        self._grads: dict[int, Exact] = {}

    @cached_property
    def _powers(self) -> Array:
        """``e^(z - m)``, as mpmath numbers; 1 for the largest logit m."""
        z = as_numbers(self.z)
        return of_entries(mp50().exp, z - z[self.top])

    @cached_property
    def numbers(self) -> Array:
        """The probabilities, as mpmath numbers."""
        return self._powers / mp50().fsum(self._powers)

    def _others(self, k: int) -> Any:
        """Return the sum of all probabilities but one, of which no digit is lost."""
        if k == self.top:
            return mp50().fsum(np.delete(self.numbers, k))
        return 1 - self.numbers[k]  # the largest is left, and nothing cancels

    @cached_property
    def s(self) -> Exact:
        """The probabilities."""
        return exact(self.numbers)

    @cached_property
    def _rest(self) -> tuple[Any, Any]:
        """The largest logit m, and ``ln sum_k e^{z_k - m}``, which 1 does not drown."""
        others = mp50().fsum(np.delete(self._powers, self.top))
        return as_numbers(self.z[[self.top]])[0], mp50().log1p(others)

    @cached_property
    def log_s(self) -> Exact:
        """The logarithms of the probabilities."""
        _, rest = self._rest
        high = float(rest)
        z = self.z.astype(np.float64)
        # Exact differences, and sums with what each step rounds off.
        d, d_lost = two_sum(z, -z[self.top])
        total, lost = two_sum(d, -high)
        low = d_lost + lost - float(rest - high)
        hi, lo = two_sum(total, np.where(np.isfinite(total), low, 0))
        return Exact(hi, np.where(np.isfinite(hi), lo, 0))

    @cached_property
    def lse(self) -> Exact:
        """Log-sum-exp."""
        return exact(sum(self._rest))

    @cached_property
    def slopes(self) -> Array:
        """The derivatives ``ds_i/dz_j``, as mpmath numbers."""
        return exact_gradient(exact_softmax, self.z)

    @cached_property
    def jacobian(self) -> Exact:
        """``J[i, j] = ds_i/dz_j``."""
        return exact(self.slopes)

    # Some of these, as products: quick for many classes.

    @cached_property
    def own_slopes(self) -> Exact:
        """The diagonal, ``s_i (1 - s_i)``."""
        return exact([self.numbers[i] * self._others(i) for i in range(self.n)])

    @cached_property
    def first_slopes(self) -> Exact:
        """The first row, ``-s_0 s_j`` but for its first entry."""
        first, *others = self.numbers
        return exact([first * mp50().fsum(others), *(-first * s for s in others)])

    def grad(self, y: Array) -> Exact:
        """Return the gradient of the loss for the labels ``y``, a distribution."""
        return exact(self.numbers - as_numbers(y))

    def loss_of(self, k: int) -> Exact:
        """Return the loss if ``k`` is the true class."""
        return Exact(0 - self.log_s.hi[k], 0 - self.log_s.lo[k])

    def grad_of(self, k: int) -> Exact:
        """Return its gradient: at k minus the sum of the others, however small."""
        if k not in self._grads:
            own = exact([-self._others(k)])
            self._grads[k] = Exact(self.s.hi.copy(), self.s.lo.copy())
            self._grads[k].hi[k], self._grads[k].lo[k] = own.hi[0], own.lo[0]
        return self._grads[k]


@cache
def rows(flushed: bool) -> list[Row]:
    """Return logits of every size, in every dtype."""
    rng = np.random.default_rng(3)
    found = [Row([0.0, -50], np.float64)]
    for dtype in FLOATS:
        found += [Row(z, dtype) for z in ([2, 1, 0.1], [3.7], [1, 1, 1], [0.0] * 5, [0, 0, 9, 0])]
        for scale in 10.0 ** np.arange(-3, 4):
            found += [Row(rng.normal(size=n) * scale, dtype) for n in (2, 3, 6)]
    for dtype in WIDE_FLOATS:
        found += [Row(z, dtype) for z in ([800, 0, -800], [-1000, -1001], [0, 0, 50, 0])]
        found += [Row(rng.normal(size=n), dtype) for n in (100, 1_000, 10_000)]
    return found


@cache
def hard_rows(flushed: bool) -> list[Row]:
    """Return logits whose probabilities only great care gets right to the last digits."""
    rng = np.random.default_rng(5)
    found = []
    for dtype in WIDE_FLOATS:
        found += [Row(rng.normal(size=300) * 100, dtype), Row(rng.normal(size=300) - 900, dtype)]
        # Plain sums of such rows are off by more than 3 ulps.
        found += [Row(rng.normal(size=n) * 10, dtype) for n in (128, 1_000)]
        # Those of many equal terms by more than 6, where each is rounded the same way.
        found += [Row([top] + [0] * 126, dtype) for top in (4, 6)]
    return found


def row(dtype: Any, *z: float) -> Row:
    """Return one row of these logits."""
    return Row(z, dtype)


def moved(some: Iterable[Row]) -> Iterator[tuple[Row, Row, float]]:
    """Yield rows, the same with half of the logits raised and half lowered, and by how much."""
    for r in some:
        for h in (0.25, 2.0):
            up = Row(r.z + np.where(np.arange(r.n) % 2, h, -h), r.z.dtype)
            yield r, up, float(abs(up.z.astype(np.float64) - r.z).max())  # once it is rounded


# Labels


def one_hot(n: int, k: int) -> Array:
    """Return the class ``k`` of ``n`` as a distribution."""
    return (np.arange(n) == k).astype(np.float64)


def soft_labels(r: Row) -> list[Array]:
    """Return distributions that fit a row: of one class, even and rising."""
    weights = np.arange(1.0, r.n + 1)
    y = [one_hot(r.n, r.n - 1), np.full(r.n, 1 / r.n), weights / weights.sum()]
    return [x.astype(r.z.dtype) for x in y]


def smoothed(r: Row, k: int, spread: float) -> Array:
    """Return the class ``k`` as a label that has a share of ``spread`` on all classes alike."""
    y = np.full(r.n, spread / r.n)
    y[k] += 1 - spread
    return y.astype(r.z.dtype)


def direction(z: Array) -> Array:
    """Return some direction in which to move logits."""
    return np.cos(np.arange(z.size)).reshape(z.shape).astype(z.dtype)


# Distributions


class Pair:
    """Two distributions, and what is right for them."""

    def __init__(self, p: ArrayLike, q: ArrayLike, dtype: Any = np.float64) -> None:
        self.p, self.q = np.array(p, dtype), np.array(q, dtype)
        a, b = as_numbers(self.p), as_numbers(self.q)
        cross = [-x * mp50().log(y) for x, y in zip(a, b, strict=True) if x]  # ln 0 is -inf
        own = [-x * mp50().log(x) for x in a if x]
        self.cross, self.own = exact(mp50().fsum(cross)), exact(mp50().fsum(own))
        self.kl = exact(mp50().fsum(cross) - mp50().fsum(own))
        self.slack = self.p.size**0.5 + ROUNDINGS
        # Terms of both signs cancel in the divergence; p and q themselves are rounded.
        self.scale = 1 + float(mp50().fsum(abs(c) for c in cross + own))

    def given(self, name: str) -> tuple[Array, ...]:
        """Return what the function of this name takes of them."""
        return (self.p,) if name == "entropy" else (self.p, self.q)


@cache
def pairs(flushed: bool) -> list[Pair]:
    """Return pairs of distributions, with zeros and without, in every dtype."""
    rng = np.random.default_rng(4)
    found = []
    fixed: list[Any]
    for dtype in FLOATS:
        fixed = [([0.5, 0.5], [0.25, 0.75]), ([1, 0, 0], [0.5, 0.25, 0.25]), ([1.0], [1.0])]
        fixed += [([0.5, 0, 0.5], [0.5, 0, 0.5]), ([0.5, 0.5], [1, 0]), ([0, 1], [1, 0])]
        fixed += [([0.25] * 4, [0.25] * 4), ([0.25] * 4, [0.5, 0.125, 0.25, 0.125])]
        fixed += [tuple(rng.dirichlet(np.ones(n), 2)) for n in (2, 3, 10)]
        found += [Pair(p, q, dtype) for p, q in fixed]
    return [*found, Pair(*rng.dirichlet(np.ones(1000), 2))]


@cache
def hard_pairs(flushed: bool) -> list[Pair]:
    """Return distributions of which plain sums are off by more than 6 ulps."""
    found = []
    for dtype in WIDE_FLOATS:
        even = np.full(127, 1 / 127)
        sure = np.where(np.arange(127) == 0, 0.94 + 0.06 / 127, 0.06 / 127)
        found += [Pair(sure, even, dtype), Pair(even, sure, dtype)]
    return found


# Batches


def batches() -> Iterator[Array]:
    """Yield batches that lie in memory in every way, have more axes, or none or one of a thing."""
    z = np.random.default_rng(6).normal(size=(4, 3, 5)) * 3
    yield from (z[0], z, z[:, ::2], z[::-1, 1], z[..., ::2], z[0].T, np.asfortranarray(z))
    yield np.array([[300.0, 299.0], [-500.0, -501.0]])
    yield z.reshape(2, 2, 3, 5)
    yield from (z[0, :0], z[0, :1], z[:1, :1], z[0, :, :1])


def examples() -> tuple[Array, Array]:
    """Return a batch of five examples, and their labels."""
    return np.random.default_rng(6).normal(size=(5, 3)), np.arange(5) % 3
