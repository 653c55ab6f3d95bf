"""What the chapter "The derivative of softmax" claims."""

from collections.abc import Callable, Iterator

import numpy as np

from cecore.claims.exact import exact, known, mp50
from cecore.claims.inputs import FEW, ROUNDINGS, Row
from cecore.claims.model import Array
from cecore.claims.registry import Chapter
from cecore.claims.trial import Trial

CHAPTER = Chapter("softmax-derivative")
claim = CHAPTER.claim


# Derivatives of e^{z_j} and of the sum of all, in their finite form


def _raised(t: Trial) -> Iterator[tuple[Row, int, Row]]:
    """Yield logits, an index j, and the same logits with z_j one higher."""
    # Up to e^20 no exponential overflows, nor does one drown the others altogether.
    for r in t.rows(most=20, n=FEW, dtypes=(np.float64,)):
        for j in range(r.n):
            yield r, j, Row(r.z + (np.arange(r.n) == j))


def _numerators(t: Trial, r: Row) -> Array:
    return t.of_row("softmax", r.z) * np.exp(t.of_row("logsumexp", r.z))


@claim("S5", "eq-numerator-same", "softmax", "logsumexp")
def s5(t: Trial) -> None:
    """The numerator $e^{z_i}$ has the derivative $e^{z_i}$ with respect to its own logit:
    $z_i + h$ multiplies it by $e^h$.
    """
    for r, i, up in _raised(t):
        want = _numerators(t, r)[i] * np.exp(up.z[i] - r.z[i])
        t.near(_numerators(t, up)[i], known(want), 4 * r.slack)


@claim("S8", "eq-numerator-other", "softmax", "logsumexp")
def s8(t: Trial) -> None:
    r"""The numerator $e^{z_i}$ has the derivative 0 with respect to any other logit $z_j$,
    $j \ne i$.
    """
    for r, j, up in _raised(t):
        if r.n > 1:
            want = np.delete(_numerators(t, r), j)
            t.near(np.delete(_numerators(t, up), j), known(want), 4 * r.slack)


def _raised_denominators(t: Trial) -> None:
    for r, j, up in _raised(t):
        S = np.exp(t.of_row("logsumexp", r.z))
        risen = np.exp(t.of_row("logsumexp", up.z)) - S
        t.near(risen, known(np.exp(up.z[j]) - np.exp(r.z[j])), 4 * r.slack, 3 * S)


@claim("S6", "eq-denominator-same", "logsumexp")
def s6(t: Trial) -> None:
    r"""The denominator $S = \sum_k e^{z_k}$ has the derivative $e^{z_j}$ with respect to $z_j$,
    which is $e^{z_i}$ for $i = j$.
    """
    _raised_denominators(t)


@claim("S9", "eq-denominator-other", "logsumexp")
def s9(t: Trial) -> None:
    """The denominator $S$ has the derivative $e^{z_j}$ with respect to $z_j$, whichever $i$ the
    numerator has.
    """
    _raised_denominators(t)


# The derivatives of softmax


def _entries(t: Trial, which: Callable[[int], Array]) -> None:
    """Compare entries of the Jacobian; ``which`` says of n classes which."""
    for r in t.rows(n=FEW):
        where = which(r.n)
        if where.any():
            J = t.of_row("softmax_jacobian", r.z)
            scale = np.broadcast_to(r.s.hi[:, None], J.shape)[where]
            t.near(J[where], r.jacobian.at(where), 2 * r.slack, scale)


@claim("S7", "eq-case-same", "softmax_jacobian")
def s7(t: Trial) -> None:
    r"""$\partial s_i/\partial z_i = s_i (1 - s_i)$."""
    _entries(t, lambda n: np.eye(n, dtype=bool))


@claim("S10", "eq-case-other", "softmax_jacobian")
def s10(t: Trial) -> None:
    r"""$\partial s_i/\partial z_j = -s_i s_j$ for $i \ne j$."""
    _entries(t, lambda n: ~np.eye(n, dtype=bool))


@claim("B5", "thm-jacobian", "softmax", "softmax_jacobian")
def b5(t: Trial) -> None:
    r"""The Jacobian is $J = \operatorname{diag}(s) - s s^{\mathsf T}$."""
    for r in t.rows(n=100):
        s = t.of_row("softmax", r.z).astype(np.float64)
        J = t.of_row("softmax_jacobian", r.z)
        t.near(J, known(np.diag(s) - np.outer(s, s)), r.slack, s[:, None])


@claim("B6", "thm-symmetry", "softmax_jacobian")
def b6(t: Trial) -> None:
    """$J$ is symmetric, and every row and every column of it sums to 0."""
    for r in t.rows(n=100):
        J = t.of_row("softmax_jacobian", r.z).astype(np.float64)
        t.near(J, known(J.T), r.slack, abs(J))
        for axis in (0, 1):
            t.near(J.sum(axis), known(np.zeros(r.n)), r.slack, 1.0)


@claim("B7", "thm-logistic", "softmax")
def b7(t: Trial) -> None:
    r"""For $n = 2$ and $x = z_1 - z_2$, $s_1 = 1 / (1 + e^{-x}) = \sigma(x)$ and
    $s_2 = 1 - \sigma(x)$; the derivative is $\sigma(x) (1 - \sigma(x))$.
    """
    for x in (-300.0, -40.0, -3.0, -0.5, 0.0, 2.0**-20, 1.0, 7.5, 40.0, 300.0):
        z = np.array([x / 2, -x / 2])
        slack = abs(x) + ROUNDINGS
        sigma = 1 / (1 + mp50().exp(-x))
        other = mp50().exp(-x) * sigma
        t.near(t.of_row("softmax", z), exact([sigma, other]), slack)
        if t.has("softmax_jacobian"):
            J = t.of_row("softmax_jacobian", z)
            t.near(J[0, 0], exact(other * sigma), slack, float(sigma))


@claim("B8", "thm-gradient-lse", "softmax", "logsumexp")
def b8(t: Trial) -> None:
    r"""The gradient of log-sum-exp is softmax: $z_j + h$ raises $\operatorname{LSE}$ by
    $\ln(1 + s_j (e^h - 1))$.
    """
    for r, j, up in _raised(t):
        s = t.of_row("softmax", r.z)
        risen = t.of_row("logsumexp", up.z) - t.of_row("logsumexp", r.z)
        want = np.log1p(s[j] * np.expm1(up.z[j] - r.z[j]))
        t.near(risen, known(want), 2 * r.slack, 1 + r.size)
