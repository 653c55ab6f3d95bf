"""What the chapter "The family" claims."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cecore.claims.dtypes import WIDE_FLOATS
from cecore.claims.exact import (
    Exact,
    as_numbers,
    as_numbers_of,
    exact,
    exact_gradient,
    exact_loss,
    exact_softmax,
    mp50,
    of_entries,
)
from cecore.claims.inputs import FEW, ROUNDINGS, Row, one_hot, smoothed, soft_labels
from cecore.claims.model import FUNCTIONS, Array
from cecore.claims.registry import Chapter
from cecore.claims.trial import Trial
from cecore.claims.words import short

CHAPTER = Chapter("variants")
claim = CHAPTER.claim


def _slopes(loss: Callable[[Array], Any], z: Array) -> Exact:
    """Return the derivatives of a loss of mpmath logits, by complex steps."""
    return exact(exact_gradient(loss, z))


def _few(t: Trial) -> list[Row]:
    """Return rows of which 50 digits are quick to have."""
    return t.rows(most=40, n=FEW, dtypes=WIDE_FLOATS)


# The logits: temperature, shifts, and what is no shift


def _warm_slopes(r: Row, T: float) -> Exact:
    return _slopes(lambda z: exact_loss(z / T, one_hot(r.n, 0)), r.z)


@claim("B22", "thm-warm", "grad")
def b22(t: Trial) -> None:
    r"""At temperature $T$, with $s = \operatorname{softmax}(z/T)$ and a label $y$ that sums to 1,
    the gradient of the loss is $(s - y) / T$.
    """
    for r in _few(t):
        for T in (0.5, 4.0):  # z/T is exact
            right = t.kept(_warm_slopes, r, T)
            t.near(t.of_row("grad", r.z / T, 0) / T, right, r.slack / T, 1 / T)


def _shift(r: Row) -> Array:
    return (np.arange(r.n) % 3 - 0.75).astype(r.z.dtype)


def _shifted(r: Row) -> Exact:
    e = exact_softmax(as_numbers(r.z)) * of_entries(mp50().exp, as_numbers(_shift(r)))
    return exact(e / mp50().fsum(e))


def _shifted_slopes(r: Row, k: int) -> Exact:
    return _slopes(lambda z: exact_loss(z + as_numbers(_shift(r)), one_hot(r.n, k)), r.z)


@claim("B34", "thm-offset", "softmax", "grad", each=True)
def b34(t: Trial, name: str) -> None:
    r"""For fixed numbers $b_i$ and $\tilde s = \operatorname{softmax}(z + b)$, $\tilde s_i$ is
    $e^{b_i} s_i / \sum_m e^{b_m} s_m$. For a label $y$ that sums to 1, the loss of $z + b$ has the
    gradient $\tilde s - y$ with respect to $z$.
    """
    for r in _few(t):
        moved, slack = r.z + _shift(r), r.slack + ROUNDINGS  # the sum is rounded
        if name == "softmax":
            t.near(t.of_row("softmax", moved), t.kept(_shifted, r), slack)
        else:
            k = r.n - 1
            t.near(t.of_row("grad", moved, k), t.kept(_shifted_slopes, r, k), slack, 1.0)


def _shares(r: Row) -> tuple[Array, Array]:
    """Return two distributions of classes, as 64-bit floats."""
    p = np.arange(1.0, r.n + 1)
    return p / p.sum(), p[::-1] / p.sum()


def _posterior(r: Row) -> Exact:
    """Return what Bayes' rule makes of likelihoods and the second shares."""
    e = of_entries(mp50().exp, as_numbers(r.z)) * as_numbers(_shares(r)[1])
    return exact(e / mp50().fsum(e))


@claim("B35", "thm-adjustment", "softmax")
def b35(t: Trial) -> None:
    r"""If $\operatorname{softmax}(z)$ gives the probabilities where the classes have the shares
    $p_i$, then $\operatorname{softmax}(z + \ln q - \ln p)$ gives them where the shares are $q_i$
    and nothing else differs.
    """
    for r in t.rows(most=40, n=FEW, dtypes=(np.float64,)):
        p, q = _shares(r)
        learnt = r.z + np.log(p)  # e^z is how likely the input is in each class
        got = t.of_row("softmax", learnt + np.log(q) - np.log(p))
        t.near(got, t.kept(_posterior, r), r.slack + 4 * ROUNDINGS)


def _penalised_slopes(r: Row, weight: float) -> Exact:
    def penalised(z: Array) -> Any:
        lse = mp50().log(mp50().fsum(of_entries(mp50().exp, z)))
        return exact_loss(z, one_hot(r.n, 0)) + weight * lse**2

    return _slopes(penalised, r.z)


@claim("B36", "thm-z-loss", "softmax", "logsumexp", "grad")
def b36(t: Trial) -> None:
    r"""With the penalty $\lambda \operatorname{LSE}(z)^2$, the loss of a label $y$ that sums to 1
    has the gradient $(1 + 2 \lambda \operatorname{LSE}(z)) s - y$.
    """
    for r in _few(t):
        pull = 0.5 * t.of_row("logsumexp", r.z)
        got = t.of_row("grad", r.z, 0) + pull * t.of_row("softmax", r.z)
        right = t.kept(_penalised_slopes, r, 0.25)
        t.near(got, right, r.slack + ROUNDINGS, 2 + r.size)


def _capped_slopes(r: Row, cap: float) -> Exact:
    def capped(z: Array) -> Any:
        return exact_loss(cap * of_entries(mp50().tanh, z / cap), one_hot(r.n, 0))

    return _slopes(capped, r.z)


@claim("B37", "thm-soft-cap", "grad")
def b37(t: Trial) -> None:
    r"""The loss of the capped logits $\hat z = C \tanh(z/C)$, with
    $\hat s = \operatorname{softmax}(\hat z)$ and a label $y$ that sums to 1, has the gradient
    $(1 - (\hat z_j/C)^2) (\hat s_j - y_j)$ with respect to $z$.
    """
    for r in _few(t):
        for cap in (4.0, 32.0):
            tanh = np.tanh(r.z / cap)
            got = (1 - tanh**2) * t.of_row("grad", cap * tanh, 0)
            right = t.kept(_capped_slopes, r, cap)
            t.near(got, right, 2 * cap + r.slack + ROUNDINGS, 1.0)


# Samples


def _wins(r: Row, i: int) -> Any:
    """Return how often z_i plus Gumbel noise is the largest: an integral over its noise."""
    mp, z = mp50(), as_numbers(r.z)

    def others_are_lower(u: Any) -> Any:
        level = z[i] - mp.log(-mp.log(u))
        return mp.exp(-mp.fsum(mp.exp(x - level) for x in np.delete(z, i)))

    return mp.quad(others_are_lower, [0, 1])


def _winners(r: Row) -> Exact:
    return exact([_wins(r, i) for i in range(r.n)])


@claim("B38", "thm-gumbel", "softmax")
def b38(t: Trial) -> None:
    r"""If $U_1, \dots, U_n$ are independent and uniform between 0 and 1, then
    $z_i - \ln(-\ln U_i)$ is the largest of all $n$ for class $i$ with the probability $s_i$.
    """
    for r in t.rows(most=4, n=FEW, dtypes=(np.float64,)):
        t.near(t.of_row("softmax", r.z), t.kept(_winners, r), r.slack, 1.0)


# The label: smoothed, or a teacher's


@claim("B23", "thm-smoothing", "loss", "grad", each=True)
def b23(t: Trial, name: str) -> None:
    r"""If $y$ sums to 1, the smoothed label $(1 - \varepsilon) y + \varepsilon/n$ has the loss
    $(1 - \varepsilon) L - (\varepsilon/n) \sum_i \ln s_i$ and the gradient
    $s - (1 - \varepsilon) y - \varepsilon/n$.
    """
    for r in _few(t):
        y = smoothed(r, -1, 0.25)
        slack = r.slack + ROUNDINGS
        if name == "loss":
            minus_log_s = -(as_numbers_of(r.log_s))
            right = exact(0.75 * minus_log_s[-1] + 0.25 * minus_log_s.sum() / r.n)
            t.near(t.run("loss", r.z, y, shape=()), right, slack, 1 + right.hi)
        else:
            t.near(t.run("grad", r.z, y, shape=r.z.shape), r.grad(y), slack, 1.0)


def _teacher(r: Row) -> Array:
    return (3 * np.cos(np.arange(r.n))).astype(r.z.dtype)


def _distilled_slopes(r: Row, T: float) -> Exact:
    p = exact_softmax(as_numbers(_teacher(r) / T))
    return _slopes(lambda z: T**2 * exact_loss(z / T, p), r.z)


@claim("B24", "thm-distillation", "softmax", "grad")
def b24(t: Trial) -> None:
    r"""$T^2 \operatorname{KL}(p \parallel s)$, with $p = \operatorname{softmax}(v/T)$ of a teacher
    and $s = \operatorname{softmax}(z/T)$, has the gradient $T (s - p)$; as $T \to \infty$ it tends
    to $(z - v)/n$, with $z$ and $v$ each shifted to the mean 0.
    """
    for r in _few(t):
        v = _teacher(r)
        for T in (1.0, 4.0):
            p, right = t.of_row("softmax", v / T), t.kept(_distilled_slopes, r, T)
            got = T * t.run("grad", r.z / T, p, shape=r.z.shape)
            t.near(got, right, r.slack + 2 * ROUNDINGS, T)
        if r.z.dtype == np.float64:
            T = 2.0**26  # half of the digits are lost, and what is beyond the limit is as small
            got = T * t.run("grad", r.z / T, t.of_row("softmax", v / T), shape=r.z.shape)
            limit = ((r.z - r.z.mean()) - (v - v.mean())) / r.n
            message = f"T = 2^26: got {short(got)}, not {short(limit)}"
            t.at_most(abs(got - limit), 0, 1e-4, message)


# Weights


def _weighted_slopes(r: Row, *wy: float) -> Exact:
    return _slopes(lambda z: exact_loss(z, np.array(wy)), r.z)


@claim("B25", "thm-class-weights", "grad")
def b25(t: Trial) -> None:
    r"""With class weights, $-\sum_i w_i y_i \ln s_i$ has the gradient
    $(\sum_i w_i y_i) s_j - w_j y_j$, which is $w_k (s_j - y_j)$ for the true class $k$.
    """
    for r in _few(t):
        weights = np.arange(1.0, r.n + 1) / 2
        for y in soft_labels(r):
            wy = weights * y
            right = t.kept(_weighted_slopes, r, *wy.tolist())
            label = (wy / wy.sum()).astype(r.z.dtype)
            got = wy.sum() * t.run("grad", r.z, label, shape=r.z.shape)
            t.near(got, right, r.slack + 2 * ROUNDINGS, wy.sum())


@claim("B26", "thm-weighted-mean", "loss", "grad", each=True)
def b26(t: Trial, name: str) -> None:
    r"""The weighted mean $\sum_b w_b L_b / \sum_b w_b$ has the gradient $w_b (s - y) / \sum_b w_b$
    at each example $b$. So an ignored example, $w_b = 0$, has the gradient 0.
    """
    z = np.random.default_rng(10).normal(size=(4, 3)) * 2
    labels, weights = np.array([2, 0, 1, 2]), np.array([0.5, 2.0, 0.0, 1.0])
    shares = weights / weights.sum()

    def mean(flat: Array) -> Any:
        losses = map(exact_loss, flat.reshape(z.shape), np.eye(3)[labels])
        return sum(share * loss for share, loss in zip(shares, losses, strict=True))

    got, slack = t.of_row(name, z, labels), 2 * ROUNDINGS
    if name == "loss":
        right = exact(mean(as_numbers(z.ravel())))
        t.near((weights * got).sum() / weights.sum(), right, slack)
    else:
        t.near((shares[:, None] * got).ravel(), _slopes(mean, z.ravel()), slack, 1.0)


# Other losses


def _focal_slopes(r: Row, g: float) -> Exact:
    def focal(z: Array) -> Any:
        s = exact_softmax(z)[0]
        return -((1 - s) ** g) * mp50().log(s)

    return _slopes(focal, r.z)


@claim("B27", "thm-focal", "loss", "grad")
def b27(t: Trial) -> None:
    r"""For $n \ge 2$ classes the focal loss $-(1 - s_k)^\gamma \ln s_k$ has the gradient
    $\varphi (s - y)$, where
    $\varphi = (1 - s_k)^\gamma - \gamma s_k (1 - s_k)^{\gamma - 1} \ln s_k$.
    """
    for r in _few(t):
        if r.n == 1:  # certain, and the factor 0^0
            continue
        for g in (1.0, 2.0, 5.0):
            L = t.of_row("loss", r.z, 0).astype(np.float64)
            miss = -np.expm1(-L)
            factor = miss**g + g * np.exp(-L) * miss ** (g - 1) * L
            right = t.kept(_focal_slopes, r, g)
            t.near(factor * t.of_row("grad", r.z, 0), right, 8 * r.slack, 2.0)


@claim("B28", "thm-binary", "loss", "grad", each=True)
def b28(t: Trial, name: str) -> None:
    r"""For one logit $x$ and $y$ in $[0, 1]$, $-y \ln \sigma(x) - (1 - y) \ln \sigma(-x)$ is the
    cross-entropy of the label $(y, 1 - y)$ with the logits $(x, 0)$, and its derivative is
    $\sigma(x) - y$.
    """
    shape = (2,) if FUNCTIONS[name].gives == "row" else ()
    for x in (-800.0, -30.0, -1.5, 0.0, 2.0**-20, 4.0, 50.0, 800.0):
        z = np.array([x, 0.0])
        far = mp50().exp(-abs(x))
        sigma = 1 / (1 + far) if x > 0 else far / (1 + far)
        for y in (0.0, 1.0, 0.25):
            if y in (0, 1):
                got = t.of_row(name, z, int(1 - y))
            else:
                got = t.run(name, z, np.array([y, 1 - y]), shape=shape)
            if name == "loss":
                right = exact(max(x, 0) - x * mp50().mpf(y) + mp50().log1p(far))
                t.near(got, right, ROUNDINGS, 1 + abs(x))
            else:
                t.near(got, exact([sigma - y, y - sigma]), ROUNDINGS, 1.0)


def _slope_of_sharpness(r: Row, beta: float) -> Exact:
    return _slopes(lambda b: exact_loss(b[0] * r.z, one_hot(r.n, 0)), np.array([beta]))


@claim("B29", "thm-fitted", "softmax", "loss", each=True)
def b29(t: Trial, name: str) -> None:
    r"""With $s = \operatorname{softmax}(\beta z)$ and a label $y$ that sums to 1, the derivative of
    the loss with respect to $\beta = 1/T$ is $\sum_i s_i z_i - \sum_i y_i z_i$. It never falls:
    the loss is convex in $\beta$.
    """
    for r in t.rows(most=40, n=FEW, dtypes=(np.float64,)):
        if name == "softmax":
            for beta in (0.5, 2.0):
                right = t.kept(_slope_of_sharpness, r, beta)
                got = t.of_row("softmax", beta * r.z) @ r.z - r.z[0]
                t.near([got], right, 4 * r.slack, 1 + 2 * r.size)
        else:
            low, middle, high = (t.of_row("loss", beta * r.z, 0) for beta in (0.5, 1.0, 1.5))
            room = r.slack * t.eps * (1 + r.size)
            t.at_most(2 * middle, low + high, room, f"not convex: {low}, {middle}, {high}")
