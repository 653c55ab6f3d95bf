"""Right values for whole batches, with a thousand times the digits of what is judged.

For float64 they are computed in long double where that has 64 bits or more, and elsewhere with 50
digits (mpmath), one number at a time; for narrower dtypes in float64. Nothing is computed with
cecore: these are the textbook's formulas, arranged so that nothing cancels.
"""

from typing import Any, NamedTuple

import numpy as np

from cecore.claims.exact import as_numbers, mp50
from cecore.claims.model import Array


class Right(NamedTuple):
    """A right value, the size of what it is made of, and the conditioning of its problem.

    An honest result is within ``slack`` eps of ``scale``; one that is right to the last digits is
    within a few ulps of ``size``. ``scale`` and ``size`` have the shape of ``value``.
    """

    value: Array
    scale: Array
    size: Array
    slack: Array


class Arithmetic:
    """Numbers wide enough to judge floats of a dtype by."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.wide: Any = np.float64
        if dtype.itemsize >= 8:
            self.wide = np.longdouble if np.finfo(np.longdouble).eps < 1e-18 else object
        if self.wide is object:
            functions = (mp50().exp, mp50().log, mp50().log1p)
            self.exp, self.log, self.log1p = (np.frompyfunc(f, 1, 1) for f in functions)
        else:
            self.exp, self.log, self.log1p = np.exp, np.log, np.log1p

    def of(self, x: Array) -> Array:
        """Return floats as such numbers, unrounded."""
        if self.wide is object:
            return as_numbers(x)
        return x.astype(self.wide)


def floats(x: Array) -> Array:
    """Return wide numbers as float64, for tolerances."""
    return np.asarray(x).astype(np.float64)


def _sum_slack(n: int, dtype: np.dtype[Any]) -> float:
    """Return how many eps a plain sum of n terms may cost, each rounded.

    Sums of half precision must be made in a wider one.
    """
    return max(n**0.5, n / 8 if dtype.itemsize > 2 else 0)


class Rows:
    """What is known of a batch of logits with the classes on the last axis."""

    def __init__(self, z: Array, spread: bool = False, temperature: float = 1.0) -> None:
        """Take logits of a dtype. ``spread``: differences of logits are what is rounded.

        If not, logits themselves are: an honest function may add something of their size.
        """
        a = Arithmetic(z.dtype)
        self._fill(a.of(z) if temperature == 1 else a.of(z) / temperature, a, z.dtype, spread)

    @classmethod
    def of_wide(cls, x: Array, a: Arithmetic, dtype: np.dtype[Any]) -> "Rows":
        """Take logits that are wider than the dtype by which is judged."""
        rows = cls.__new__(cls)
        rows._fill(x, a, dtype, False)
        return rows

    def _fill(self, x: Array, a: Arithmetic, dtype: np.dtype[Any], spread: bool) -> None:
        self.dtype, self.a = dtype, a
        z = floats(x)
        self.n = z.shape[-1]
        top = z.argmax(-1)[..., None]
        self.m = np.take_along_axis(x, top, -1)
        self.d = x - self.m
        self.e = a.exp(self.d)
        others = self.e.copy()
        np.put_along_axis(others, top, a.of(np.zeros(top.shape)), -1)
        self.rest = others.sum(-1, keepdims=True)
        self.total = 1 + self.rest
        self.s = self.e / self.total
        finite = np.where(np.isfinite(z), abs(floats(x)), 0)
        gap = np.where(np.isfinite(z), -floats(self.d), 0)
        # A probability that vanishes does not count: e^-800 is 0 in any dtype.
        gap = np.where(gap < 800, gap, 0)
        self.largest = finite.max(-1, keepdims=True)
        self.slack = 2 * (gap if spread else self.largest).max(-1, keepdims=True)
        self.slack = self.slack + _sum_slack(self.n, dtype) + 8

    def right(self, value: Array, scale: Any, size: Any, slack: Any) -> Right:
        """Make the parts of one shape, that of the value."""
        value = np.asarray(value)
        parts = (np.broadcast_to(floats(x), value.shape) for x in (scale, size, slack))
        return Right(value, *parts)

    def softmax(self) -> Right:
        """Return the probabilities."""
        return self.right(self.s, self.s, self.s, self.slack)

    def log_softmax(self) -> Right:
        """Return their logarithms."""
        value = self.d - self.a.log1p(self.rest)
        return self.right(value, 1 + abs(value), abs(value), self.slack)

    def logsumexp(self) -> Right:
        """Return log-sum-exp, which may cancel to 0."""
        value = (self.m + self.a.log1p(self.rest))[..., 0]
        size = np.maximum(self.largest[..., 0], abs(floats(value)))
        return self.right(value, 1 + size, size, _sum_slack(self.n, self.dtype) + 8)

    def softmax_jacobian(self) -> Right:
        """Return ``s_i (1 - s_i)`` on the diagonal, ``-s_i s_j`` off it."""
        s = self.s
        J = -s[..., :, None] * s[..., None, :]
        first = np.arange(self.n) == np.argmax(floats(self.d), -1)[..., None]
        others = np.where(first, self.rest, self.total - self.e)
        i = np.arange(self.n)
        J[..., i, i] = s * (others / self.total)
        return self.right(J, s[..., None], abs(J), 2 * self.slack[..., None])

    def softmax_jvp(self, v: Array) -> Right:
        """Return ``J v``, to which a constant in v adds nothing."""
        x = self.a.of(v)
        x = x - np.take_along_axis(x, np.argmax(floats(self.d), -1)[..., None], -1)
        value = self.s * (x - (self.s * x).sum(-1, keepdims=True))
        size = abs(floats(v)).max(-1, keepdims=True)
        return self.right(value, size, size, 2 * self.slack)

    softmax_vjp = softmax_jvp

    def loss(self, labels: Array) -> Right:
        """Return the loss for class indices or distributions."""
        below = -self.d
        if labels.ndim < self.d.ndim:
            k = labels[..., None].astype(np.intp)
            value = (np.take_along_axis(below, k, -1) + self.a.log1p(self.rest))[..., 0]
        else:
            y = self.a.of(labels)
            terms = np.where(labels > 0, y * np.where(labels > 0, below, 0), 0)
            weight = y.sum(-1, keepdims=True)
            value = (terms.sum(-1, keepdims=True) + weight * self.a.log1p(self.rest))[..., 0]
        slack = self.slack[..., 0] + (8 if labels.ndim == self.d.ndim else 0)
        return self.right(value, 1 + abs(value), abs(value), slack)

    def grad(self, labels: Array) -> Right:
        """Return ``s - y``, in which ``s_k - 1`` is minus the sum of the others."""
        if labels.ndim == self.d.ndim:
            value = self.s - self.a.of(labels)
            size = np.maximum(floats(self.s), labels.astype(np.float64))
            return self.right(value, np.ones(1), size, self.slack + 8)
        k = labels[..., None].astype(np.intp)
        value, others = self.s.copy(), self.e.copy()
        np.put_along_axis(others, k, self.a.of(np.zeros(k.shape)), -1)
        np.put_along_axis(value, k, -(others.sum(-1, keepdims=True) / self.total), -1)
        return self.right(value, np.ones(1), abs(value), self.slack)


_KEPT: dict[Any, Rows] = {}
KEPT = 200_000  # logits of all rows that are kept


def rows_of(z: Array, spread: bool = False, temperature: float = 1.0) -> Rows:
    """Return what is known of some logits: each probe calls all functions with the same."""
    if z.size > KEPT // 10:
        return Rows(z, spread, temperature)
    key = (z.shape, z.dtype, z.tobytes(), spread, temperature)
    rows = _KEPT.get(key)
    if rows is None:  # (another thread may clear what is kept at any time)
        if sum(kept.d.size for kept in list(_KEPT.values())) > KEPT:
            _KEPT.clear()
        rows = _KEPT[key] = Rows(z, spread, temperature)
    return rows


def of_mean(rows: Rows, labels: Array) -> tuple[Right, Right]:
    """Return the mean loss of a batch and the gradient of that mean."""
    loss, grad = rows.loss(labels), rows.grad(labels)
    count = loss.value.size
    value = loss.value.sum() / count
    size = abs(floats(value))
    mean = rows.right(value, 1 + size, size, loss.slack.max())
    return mean, rows.right(grad.value / count, grad.scale / count, grad.size / count, grad.slack)


def of_linear(h: Array, w: Array, labels: Array) -> tuple[Right, ...]:
    """Return the mean loss of the logits ``h @ w``, and its gradients with respect to both."""
    a = Arithmetic(h.dtype)
    x, y = a.of(h), a.of(w)
    rows = Rows.of_wide(x @ y, a, h.dtype)
    loss, grad = of_mean(rows, labels)
    # Each logit is a rounded sum of products of this size.
    size = float((abs(floats(h)) @ abs(floats(w))).max())
    slack = 4 * size + h.shape[1] + len(h) ** 0.5 + float(loss.slack.max())
    one_hot = np.zeros(rows.d.shape)
    np.put_along_axis(one_hot, labels[:, None], 1, -1)
    g = (floats(rows.s) + one_hot) / len(h)
    scales = (g @ abs(floats(w)).T, abs(floats(h)).T @ g)
    grads = (grad.value @ y.T, x.T @ grad.value)
    return (
        rows.right(loss.value, loss.scale, loss.size, slack),
        *(rows.right(v, s, abs(v), slack) for v, s in zip(grads, scales, strict=True)),
    )


def of_parts(maxima: Array, sums: Array) -> Right:
    """Return the log-sum-exp of rows whose parts are along the first axis."""
    a = Arithmetic(maxima.dtype)
    m = a.of(maxima)
    top = np.where(np.isneginf(maxima.max(0)), a.of(np.zeros(maxima.shape[1:])), m.max(0))
    value = top + a.log((a.of(sums) * a.exp(m - top)).sum(0))
    largest = abs(np.where(np.isfinite(maxima), floats(maxima), 0)).max(0)
    size = np.maximum(abs(floats(value)), largest)
    slack = np.full(value.shape, len(maxima) ** 0.5 + 8)
    return Right(value, 1 + size, size, slack)


def of_pair(name: str, p: Array, q: Array) -> Right:
    """Return cross-entropy, entropy or divergence, with ``0 ln 0 = 0``."""
    a = Arithmetic(p.dtype)
    x, y = a.of(p), a.of(p if name == "entropy" else q)
    there = p > 0
    one = a.of(np.ones(p.shape))
    with np.errstate(all="ignore"):
        cross = np.where(there, -x * a.log(np.where(there, y, one)), 0 * one)
        own = np.where(there, -x * a.log(np.where(there, x, one)), 0 * one)
    terms = cross - own if name == "kl_divergence" else cross
    value = terms.sum(-1)
    size = floats((abs(cross) + abs(own)).sum(-1) if name == "kl_divergence" else abs(value))
    scale = 1 + size
    slack = np.full(value.shape, p.shape[-1] ** 0.5 + 8)
    return Right(value, scale, size, slack)
