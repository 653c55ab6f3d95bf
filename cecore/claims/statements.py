"""Every statement of the book as a claim that any implementation can be held to.

S0 to S19 and R1 are the statements of the article that the book follows, B1 to B31 the book's own,
P1 to P18 what an implementation owes its user.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from cecore.claims.listening import listening
from cecore.claims.trial import (
    DISTRIBUTIONS,
    FLOATS,
    LOGITS,
    SIMPLE,
    SUBNORMAL,
    Array,
    Claim,
    Evidence,
    Exact,
    Implementation,
    NotSupportedError,
    Row,
    StopError,
    Trial,
    arguments,
    as_numbers,
    as_numbers_of,
    exact,
    exact_gradient,
    exact_softmax,
    known,
    mp50,
    short,
)
from cecore.proofs.book import DERIVATIONS

# What is claimed: id, place (chapter#label), and the sentence, with its formulas in LaTeX

_STATEMENTS = r"""
S0 index
    Softmax with cross-entropy is the classic pair for telling classes apart: its gradient is
    simple, and it is seen here by intuition, by derivation and in practice.
S1 softmax#def-softmax
    Softmax turns logits $z$ into $s_i = e^{z_i} / \sum_k e^{z_k}$.
S2 softmax#thm-range
    For real logits every $s_i > 0$ and they sum to 1; $s_i < 1$ if $n \ge 2$, and $s_1 = 1$ if
    $n = 1$. (In floats $s_i$ may underflow to 0 and round to 1.)
S3 softmax#thm-ratio
    A gap $g$ between two logits becomes the ratio $e^g$ of probabilities: a small gap hardly more
    than $1 + g$, a large one enormous.
S4 softmax#eq-example
    The logits (2.0, 1.0, 0.1) have the probabilities 0.659001138885968, 0.242432970704714 and
    0.098565890409318.
S5 softmax-derivative#eq-numerator-same
    The numerator $e^{z_i}$ has the derivative $e^{z_i}$ by its own logit: $z_i + h$ multiplies it
    by $e^h$.
S6 softmax-derivative#eq-denominator-same
    The denominator $S = \sum_k e^{z_k}$ has the derivative $e^{z_j}$ by $z_j$, which is
    $e^{z_i}$ for $i = j$.
S7 softmax-derivative#eq-case-same
    $\partial s_i/\partial z_i = s_i (1 - s_i)$.
S8 softmax-derivative#eq-numerator-other
    The numerator $e^{z_i}$ has the derivative 0 by any other logit $z_j$, $j \ne i$.
S9 softmax-derivative#eq-denominator-other
    The denominator $S$ has the derivative $e^{z_j}$ by $z_j$, whichever $i$ the numerator has.
S10 softmax-derivative#eq-case-other
    $\partial s_i/\partial z_j = -s_i s_j$ for $i \ne j$.
S11 cross-entropy#def-cross-entropy
    $H(p, q) = -\sum_i p_i \ln q_i$, with $0 \ln 0 = 0$, and $+\infty$ if some $p_i > 0$ meets
    $q_i = 0$.
S12 cross-entropy#eq-one-hot
    A label $k$ as a distribution $p$ has $p_k = 1$ and otherwise zeros, and then
    $H(p, q) = -\ln q_k$.
S13 combined-gradient#eq-chain-rule
    The chain rule sums over all outputs:
    $\partial L/\partial z_j = \sum_i (\partial L/\partial s_i) (\partial s_i/\partial z_j)$.
S14 combined-gradient#eq-loss-one-hot
    For the true class $k$ the loss is $L = -\sum_i y_i \ln s_i = -\ln s_k$.
S15 combined-gradient#eq-shortcut
    Only the output $s_k$ counts: $\partial L/\partial z_j = -(1/s_k) \partial s_k/\partial z_j$.
S16 combined-gradient#eq-two-cases
    Both cases at once: $\partial s_i/\partial z_j$ is $s_i (1 - s_j)$ if $i = j$, and $-s_i s_j$
    if not.
S17 combined-gradient#thm-gradient
    For the true class $k$, $\partial L/\partial z_j$ is $s_j - 1$ if $j = k$, and $s_j$ if not.
S18 combined-gradient#eq-weights
    With $s - y$ at the top, gradient descent trains the weights of a network.
S19 combined-gradient#combined-naive
    Computed without a rounded softmax in between, loss and gradient are stable: right for
    logits of any size, no entry of the gradient beyond 1.
B1 softmax#thm-shift
    $\operatorname{softmax}(z + c) = \operatorname{softmax}(z)$ for a constant $c$ added to each
    logit.
B2 softmax#thm-ratio
    For any two classes $s_i / s_j = e^{z_i - z_j}$.
B3 softmax#thm-temperature
    $\operatorname{softmax}(z/T)$ tends to the uniform distribution as $T \to \infty$, and as
    $T \to 0$ to equal shares of the largest logits.
B4 softmax#thm-lse
    $\operatorname{LSE}(z) = \ln \sum_k e^{z_k}$ is at least $\max z$ and at most $\max z + \ln n$.
B5 softmax-derivative#thm-jacobian
    The Jacobian is $J = \operatorname{diag}(s) - s s^{\mathsf T}$.
B6 softmax-derivative#thm-symmetry
    $J$ is symmetric, and every row and every column of it sums to 0.
B7 softmax-derivative#thm-logistic
    For $n = 2$ and $x = z_1 - z_2$, $s_1 = 1 / (1 + e^{-x}) = \sigma(x)$ and
    $s_2 = 1 - \sigma(x)$; the derivative is $\sigma(x) (1 - \sigma(x))$.
B8 softmax-derivative#thm-gradient-lse
    The gradient of log-sum-exp is softmax: $z_j + h$ raises $\operatorname{LSE}$ by
    $\ln(1 + s_j (e^h - 1))$.
B9 cross-entropy#thm-entropy-range
    $0 \le H(p) \le \ln n$; it is 0 exactly if one class is certain, $\ln n$ exactly if all are
    equal.
B10 cross-entropy#thm-decomposition
    $H(p, q) = H(p) + \operatorname{KL}(p \parallel q)$.
B11 cross-entropy#thm-gibbs
    $\operatorname{KL}(p \parallel q) = \sum_i p_i \ln(p_i / q_i) \ge 0$, so $H(p, q) \ge H(p)$,
    with equality exactly for $p = q$.
B12 combined-gradient#thm-gradient-any
    For labels $y$ that sum to 1, one-hot or not, the gradient is $s - y$; in general
    $(\sum_i y_i) s - y$.
B13 combined-gradient#thm-bounded
    If $y$ is a distribution, the entries of the gradient sum to 0, and none is beyond $-1$ or 1.
B14 combined-gradient#thm-squared-error
    The squared error $Q = \sum_i (s_i - y_i)^2 / 2$ has the gradient $J (s - y)$: the
    Jacobian stays.
B15 stability#thm-lipschitz
    If no logit moves by more than $\varepsilon$, $\operatorname{LSE}(z)$ does not either.
B16 stability#thm-conditioning
    If no logit moves by more than $\varepsilon$, no probability changes by more than the factor
    $e^{2 \varepsilon}$, nor does any $\ln s_i$, nor, for one true class, the loss or an entry of
    its gradient.
B17 training#thm-backpropagation
    Backpropagation: with $G = (s - y) / N$ at the top, the gradients of the mean loss by the
    weights of a network of two layers are $H^{\mathsf T} G$ above and
    $X^{\mathsf T} ((G W^{\mathsf T}) \circ (1 - H^2))$ below.
B18 training#thm-hessian
    The second derivatives of the loss by the logits are $J$, and $v^{\mathsf T} J v$ is the
    variance of $v$ under $s$: it is never negative.
B19 training#thm-convex
    The loss is convex in the logits: from $z$ to $z + v$ it rises by at least
    $(s - y)^{\mathsf T} v$, and by no more than $(\max v - \min v)^2 / 8$ beyond that.
B20 training#thm-family
    For $s_i = e^{\theta t_i} / \sum_k e^{\theta t_k}$, the derivative of the log-partition function
    is the mean of $t$, and that of $-\ln s_k$ is this mean minus $t_k$: prediction minus
    observation.
B21 training#thm-shares
    Over all examples, the gradient of the mean loss sums to the mean prediction minus the share of
    each class: where the constants are best, the two agree.
B22 variants#thm-warm
    At temperature $T$, with $s = \operatorname{softmax}(z/T)$ and a label $y$ that sums to 1, the
    gradient of the loss is $(s - y) / T$.
B23 variants#thm-smoothing
    If $y$ sums to 1, the smoothed label $(1 - \varepsilon) y + \varepsilon/n$ has the loss
    $(1 - \varepsilon) L - (\varepsilon/n) \sum_i \ln s_i$ and the gradient
    $s - (1 - \varepsilon) y - \varepsilon/n$.
B24 variants#thm-distillation
    $T^2 \operatorname{KL}(p \parallel s)$, with $p = \operatorname{softmax}(v/T)$ of a teacher and
    $s = \operatorname{softmax}(z/T)$, has the gradient $T (s - p)$; as $T \to \infty$ it tends to
    $(z - v)/n$, with $z$ and $v$ each shifted to the mean 0.
B25 variants#thm-class-weights
    With class weights, $-\sum_i w_i y_i \ln s_i$ has the gradient
    $(\sum_i w_i y_i) s_j - w_j y_j$, which is $w_k (s_j - y_j)$ for the true class $k$.
B26 variants#thm-weighted-mean
    The weighted mean $\sum_b w_b L_b / \sum_b w_b$ has the gradient $w_b (s - y) / \sum_b w_b$ at
    each example $b$. So an ignored example, $w_b = 0$, has the gradient 0.
B27 variants#thm-focal
    The focal loss $-(1 - s_k)^\gamma \ln s_k$ has the gradient $\varphi (s - y)$, where
    $\varphi = (1 - s_k)^\gamma - \gamma s_k (1 - s_k)^{\gamma - 1} \ln s_k$.
B28 variants#thm-binary
    For one logit $x$ and $y$ in $[0, 1]$, $-y \ln \sigma(x) - (1 - y) \ln \sigma(-x)$ is the
    cross-entropy of the label $(y, 1 - y)$ with the logits $(x, 0)$, and its derivative is
    $\sigma(x) - y$.
B29 variants#thm-fitted
    With $s = \operatorname{softmax}(\beta z)$ and a label $y$ that sums to 1, the slope of the loss
    by $\beta = 1/T$ is $\sum_i s_i z_i - \sum_i y_i z_i$. It never falls: the loss is convex in
    $\beta$.
B30 scale#thm-merge
    A sum of exponentials, kept as the pair of $m$ and $a = \sum_k e^{z_k - m}$, is $e^m a$. Two
    parts merge into the pair of $m = \max(m_1, m_2)$ and $a = a_1 e^{m_1 - m} + a_2 e^{m_2 - m}$.
B31 scale#thm-associative
    The merge is associative and commutative, and the pair of $-\infty$ and 0 changes nothing: parts
    of the classes may be merged in any order.
P1 stability#stability-owed
    log_softmax keeps its digits near certainty: $\ln s_1$ of (0, -50) is -1.93e-22, not 0.
P2 stability#stability-owed
    The loss near certainty is tiny, but not rounded to 0.
P3 stability#stability-owed
    The gradient near certainty is tiny, but not rounded to 0: $s_k - 1$ does not cancel.
P4 stability#stability-owed
    The Jacobian near certainty is tiny, but not rounded to 0: $1 - s_i$ does not cancel.
P5 stability#stability-owed
    No finite logits, of any size, and no distribution, zeros included, give NaN or a warning.
P6 stability#stability-owed
    The result has the floating dtype of the input: float16, float32 or float64. Integers are
    computed as floats, or refused.
P7 stability#stability-owed
    A logit of -inf masks its class: probability 0, loss inf, no slope, and the other classes as
    if it were not there.
P8 stability#stability-owed
    A batch gives what its rows give one by one, however it lies in memory.
P9 stability#stability-owed
    The classes may lie along any axis.
P10 stability#stability-owed
    Bad input is refused: NaN or +inf as a logit, every class masked, no class, a label that is
    no class, probabilities that are negative or do not sum to 1.
P11 stability#stability-owed
    The input is not changed.
P12 stability#stability-owed
    Classes in another order have the same probabilities in that order.
P13 stability#stability-owed
    A larger logit never has a smaller probability, and equal logits have equal ones.
P14 stability#stability-owed
    softmax_jvp and softmax_vjp are the products of the Jacobian with a vector, from
    either side.
P15 stability#stability-owed
    A class index, of any integer dtype, and its one-hot distribution are the same label.
P16 stability#stability-owed
    Each entry of softmax, log_softmax, the loss, its gradient, cross-entropy and entropy is within
    6 ulps of the exact result, in float32 as in float64, and of the Jacobian within 12. Where terms
    cancel, the ulps are theirs: log-sum-exp is within 6 of
    $\max(\lvert z\rvert, \lvert\operatorname{LSE}\rvert)$, the gradient for a distribution $y$
    within 6 of $\max(s, y)$, $\operatorname{KL}(p \parallel q)$ within 6 of $H(p) + H(p, q)$.
P17 stability#stability-owed
    loss_and_grad gives the mean loss of a batch, and the gradient of that mean to the same ulps.
P18 stability#stability-owed
    Merged from parts, of any size and in any order, log-sum-exp is as exact as P16 asks.
R1 references
    The article names one source: Wang Zhe, Deep Learning Recommender Systems (in Chinese).
"""

_NOT_CHECKED = {
    "S0": "an outlook on the book, which the other claims make good",
    "R1": "a reference, not a statement about functions",
}

CLAIMS: dict[str, Claim] = {}
for _place, _statement in re.findall(r"^(\w+ \S+)\n((?:    .+\n)+)", _STATEMENTS, re.MULTILINE):
    _id, _chapter, _label = re.fullmatch(r"(\w+) ([\w-]+)#?(.*)", _place).groups()  # type: ignore[union-attr]
    CLAIMS[_id] = Claim(
        _id,
        " ".join(_statement.split()),
        _chapter,
        _label,
        proofs=tuple(label for label, shown in DERIVATIONS.items() if shown.name == _id),
        reason=_NOT_CHECKED.get(_id, ""),
    )

Body = Callable[[Trial], None]


def _claim(name: str, *needs: str, each: bool = False) -> Callable[[Body], Body]:
    """Give a claim its check."""

    def register(body: Body) -> Body:
        check = partial(_evidence, body, needs, each)  # unlike a closure it can be pickled
        CLAIMS[name] = replace(CLAIMS[name], needs=needs, each=each, check=check)
        return body

    return register


def _evidence(body: Body, needs: tuple[str, ...], each: bool, f: Implementation) -> Evidence:
    """Run a check on those of the functions it needs that there are."""
    trial = Trial(f)
    present = trial.has(*needs)
    if not present or (len(present) < len(needs) and not each):
        missing = ", ".join(need for need in needs if need not in present)
        return Evidence("not applicable", message=f"no {missing}")
    skipped = ""
    for trial.only in present if each else [""]:
        try:
            # What a wrong function makes of numbers is not told; `attempt` listens for itself.
            with np.errstate(all="ignore"), listening():
                body(trial)
        except NotSupportedError as error:
            skipped = str(error)
        except StopError as error:
            if trial.ratio <= 1:
                return trial.evidence("error", str(error))
    if skipped and trial.ratio <= 1 and not (each and trial.ratio >= 0):
        return trial.evidence("not applicable", skipped)
    if trial.ratio < 0:
        return trial.evidence("not applicable", "no input of these dtypes and classes")
    return trial.evidence()


# The article's statements


@_claim("S1", "softmax")
def _s1(t: Trial) -> None:
    for r in t.rows():
        t.near(t.of_row("softmax", r.z), r.s, r.slack)


@_claim("S2", "softmax")
def _s2(t: Trial) -> None:
    for r in t.rows():
        s = t.of_row("softmax", r.z).astype(np.float64)
        eps, least = (float(getattr(np.finfo(t.dtype), a)) for a in ("eps", "tiny"))
        t.that(s >= 0, f"not all of {short(s)} are at least 0")
        t.at_most(s, 1, 2 * eps, f"not all of {short(s)} are at most 1")
        t.that(s[r.s.hi > 2 * least] > 0, f"a probability that is not tiny is 0 in {short(s)}")
        t.that(s[r.s.hi < 1 - r.slack * eps] < 1, f"a probability below 1 is 1 in {short(s)}")
        t.near(s.sum(), known(1), r.n**0.5 + 8)


@_claim("S3", "softmax")
def _s3(t: Trial) -> None:
    for gap in (2.0**-10, 0.125, 1.0, 2.0, 10.0, 20.0):
        s = t.of_row("softmax", np.array([1.0, 1.0 + gap, -3.0])).astype(np.float64)
        t.near(s[1] / s[0], exact(mp50().exp(gap)), 64)


@_claim("S4", "softmax")
def _s4(t: Trial) -> None:
    s = [0.659001138885968, 0.242432970704714, 0.098565890409318]
    t.near(t.of_row("softmax", np.array([2.0, 1.0, 0.1])), known(s), 6, 1.0)


def _raised(t: Trial, *names: str) -> Iterator[tuple[Row, int, Row]]:
    """Logits, and the same with z_j one higher: derivatives of e^{z_j} in their finite form."""
    for r in t.rows(most=20, n=6, dtypes=(np.float64,)):
        for j in range(r.n):
            yield r, j, Row(r.z + (np.arange(r.n) == j))


def _numerators(t: Trial, r: Row) -> Array:
    return t.of_row("softmax", r.z) * np.exp(t.of_row("logsumexp", r.z))


@_claim("S5", "softmax", "logsumexp")
def _s5(t: Trial) -> None:
    for r, i, up in _raised(t):
        want = _numerators(t, r)[i] * np.exp(up.z[i] - r.z[i])
        t.near(_numerators(t, up)[i], known(want), 4 * r.slack)


@_claim("S8", "softmax", "logsumexp")
def _s8(t: Trial) -> None:
    for r, j, up in _raised(t):
        if r.n > 1:
            want = np.delete(_numerators(t, r), j)
            t.near(np.delete(_numerators(t, up), j), known(want), 4 * r.slack)


@_claim("S6", "logsumexp")
@_claim("S9", "logsumexp")
def _s9(t: Trial) -> None:
    for r, j, up in _raised(t):
        S = np.exp(t.of_row("logsumexp", r.z))
        risen = np.exp(t.of_row("logsumexp", up.z)) - S
        t.near(risen, known(np.exp(up.z[j]) - np.exp(r.z[j])), 4 * r.slack, 3 * S)


def _derivative(t: Trial, entries: Callable[[int], Array]) -> None:
    for r in t.rows(n=6):
        where = entries(r.n)
        if where.any():
            J, right = t.of_row("softmax_jacobian", r.z), r.jacobian
            scale = np.broadcast_to(r.s.hi[:, None], J.shape)[where]
            t.near(J[where], Exact(right.hi[where], right.lo[where]), 2 * r.slack, scale)


@_claim("S7", "softmax_jacobian")
def _s7(t: Trial) -> None:
    _derivative(t, lambda n: np.eye(n, dtype=bool))


@_claim("S10", "softmax_jacobian")
def _s10(t: Trial) -> None:
    _derivative(t, lambda n: ~np.eye(n, dtype=bool))


@_claim("S16", "softmax_jacobian")
def _s16(t: Trial) -> None:
    _derivative(t, lambda n: np.ones((n, n), dtype=bool))


@_claim("S11", "cross_entropy")
def _s11(t: Trial) -> None:
    for x in t.pairs():
        t.near(t.run("cross_entropy", x.p, x.q, shape=()), x.cross, x.slack)


@_claim("S12", "one_hot", "cross_entropy", each=True)
def _s12(t: Trial) -> None:
    if t.has("one_hot"):
        p = t.run("one_hot", np.array([2, 0, 1]), 4, shape=(3, 4))
        t.that(p == np.eye(4)[[2, 0, 1]], f"got {short(p.ravel()[:6])}…")
    if t.has("cross_entropy"):
        q = np.array([0.5, 0.375, 0.125])
        for k in range(3):
            got = t.run("cross_entropy", np.eye(3)[k], q, shape=())
            t.near(got, exact(-mp50().log(q[k])), 8)


@_claim("S13", "softmax_vjp")
def _s13(t: Trial) -> None:
    for r in t.rows(n=6):
        u = np.linspace(-2, 3, r.n).astype(r.z.dtype)
        right = (as_numbers(u)[:, None] * r.slopes).sum(0)
        t.near(t.run("softmax_vjp", r.z, u, shape=r.z.shape), exact(right), 2 * r.slack, 3.0)


@_claim("S14", "loss")
def _s14(t: Trial) -> None:
    for r in t.rows():
        for k in {0, r.n // 2, r.n - 1}:
            right = r.loss_of(k)
            t.near(t.of_row("loss", r.z, k), right, r.slack, 1 + abs(right.hi))


@_claim("S15", "softmax", "softmax_jacobian", "grad")
def _s15(t: Trial) -> None:
    for r in t.rows(most=20, n=6):
        for k in range(r.n):
            s = t.of_row("softmax", r.z).astype(np.float64)
            J = t.of_row("softmax_jacobian", r.z).astype(np.float64)
            if s[k] > 64 * np.finfo(t.dtype).tiny:  # a denormal number has lost its digits
                t.near(t.of_row("grad", r.z, k), known(-J[k] / s[k]), 2 * r.slack, 1.0)


@_claim("S17", "grad")
def _s17(t: Trial) -> None:
    for r in t.rows():
        for k in {0, r.n // 2, r.n - 1}:
            t.near(t.of_row("grad", r.z, k), r.grad_of(k), r.slack, 1.0)


@_claim("S18", "grad")
def _s18(t: Trial) -> None:
    y = np.arange(24) % 3
    corners = np.array([[2.0, 0], [-1, 2], [-1, -2]])
    X = np.c_[corners[y] + np.random.default_rng(5).normal(size=(24, 2)) / 2, np.ones(24)]
    W = np.zeros((3, 3))
    for _ in range(40):
        W -= X.T @ np.array([t.of_row("grad", z, k) for z, k in zip(X @ W, y, strict=True)]) / 24
    z = X @ W
    loss = float(np.mean(np.log(np.exp(z - z[np.arange(24), y][:, None]).sum(1))))
    message = f"40 steps from a mean loss of ln 3 = 1.0986 lead to {loss:.4g}, not < 0.1"
    t.at_most(loss, 0, 0.1, message)


@_claim("S19", "loss", "grad")
def _s19(t: Trial) -> None:
    for size in (1e1, 1e2, 1e3, 1e4, 1e6):
        for k, right in ((0, 0.0), (1, size)):
            z = np.array([size / 2, -size / 2])
            t.near(t.of_row("loss", z, k), exact(right + mp50().log1p(mp50().exp(-size))), 8, size)
            t.near(t.of_row("grad", z, k), Row(z).grad_of(k), size + 8, 1.0)


# The book's own statements


@_claim("B1", "softmax")
def _b1(t: Trial) -> None:
    for z in (np.array([2.0, 1.0, 0.125]), np.array([0.5, -4.0, 8.25, 3.0])):
        for c in (-1e6, -1e3, -1.0, 0.5, 1e3, 1e6):  # z + c is exact
            t.near(t.of_row("softmax", z + c), Row(z).s, Row(z).slack)


@_claim("B2", "softmax")
def _b2(t: Trial) -> None:
    for r in t.rows(most=40, n=6, dtypes=FLOATS[1:]):
        s, e = t.of_row("softmax", r.z).astype(np.float64), as_numbers(r.z)
        right = exact(np.frompyfunc(mp50().exp, 1, 1)(e[:, None] - e))
        t.near(s[:, None] / s, right, 2 * r.slack)


@_claim("B3", "softmax")
def _b3(t: Trial) -> None:
    for z in ([2.0, 1.0, 0.1], [3.0, -1.0, 3.0, 0.0], [0.0, 0.0]):
        row = np.array(z)
        t.near(t.of_row("softmax", row / 1e18), known(np.full(row.size, 1 / row.size)), 8)
        top = row == row.max()
        t.near(t.of_row("softmax", row / 2**-10), known(top / top.sum()), 8, 1.0)


@_claim("B4", "logsumexp")
def _b4(t: Trial) -> None:
    for r in t.rows():
        lse, m = float(t.of_row("logsumexp", r.z)), float(r.z.max())
        room = r.slack * float(np.finfo(t.dtype).eps)
        t.at_most(m, lse, room, f"{lse} is below the largest logit")
        t.at_most(lse, m + np.log(r.n), room, f"{lse} is above the largest logit + ln {r.n}")
        t.near(lse, r.lse, r.n**0.5 + 8, 1 + r.size)


@_claim("B5", "softmax", "softmax_jacobian")
def _b5(t: Trial) -> None:
    for r in t.rows(n=100):
        s = t.of_row("softmax", r.z).astype(np.float64)
        t.near(
            t.of_row("softmax_jacobian", r.z),
            known(np.diag(s) - np.outer(s, s)),
            r.slack,
            s[:, None],
        )


@_claim("B6", "softmax_jacobian")
def _b6(t: Trial) -> None:
    for r in t.rows(n=100):
        J = t.of_row("softmax_jacobian", r.z).astype(np.float64)
        t.near(J, known(J.T), r.slack, abs(J))
        for axis in (0, 1):
            t.near(J.sum(axis), known(np.zeros(r.n)), r.slack, 1.0)


@_claim("B7", "softmax")
def _b7(t: Trial) -> None:
    for x in (-300.0, -40.0, -3.0, -0.5, 0.0, 2.0**-20, 1.0, 7.5, 40.0, 300.0):
        z = np.array([x / 2, -x / 2])
        sigma = 1 / (1 + mp50().exp(-x))
        t.near(t.of_row("softmax", z), exact([sigma, mp50().exp(-x) * sigma]), abs(x) + 8)
        if t.has("softmax_jacobian"):
            slope = exact(sigma * mp50().exp(-x) * sigma)
            t.near(t.of_row("softmax_jacobian", z)[0, 0], slope, abs(x) + 8, float(sigma))


@_claim("B8", "softmax", "logsumexp")
def _b8(t: Trial) -> None:
    for r, j, up in _raised(t):
        s = t.of_row("softmax", r.z)
        risen = t.of_row("logsumexp", up.z) - t.of_row("logsumexp", r.z)
        want = np.log1p(s[j] * np.expm1(up.z[j] - r.z[j]))
        t.near(risen, known(want), 2 * r.slack, 1 + r.size)


@_claim("B9", "entropy")
def _b9(t: Trial) -> None:
    for x in t.pairs():
        h = t.run("entropy", x.p, shape=())
        t.near(h, x.own, x.slack, 1.0)
        n, eps = x.p.size, float(np.finfo(t.dtype).eps)
        t.at_most(0, h, eps, f"{h} is below 0")
        t.at_most(h, np.log(n), 8 * eps * (1 + np.log(n)), f"{h} is above ln {n}")


@_claim("B10", "cross_entropy", "entropy", "kl_divergence")
def _b10(t: Trial) -> None:
    for x in t.pairs():
        parts = t.run("entropy", x.p, shape=()) + t.run("kl_divergence", x.p, x.q, shape=())
        t.near(t.run("cross_entropy", x.p, x.q, shape=()), known(parts), 3 * x.slack, x.scale)


@_claim("B11", "kl_divergence", "cross_entropy", each=True)
def _b11(t: Trial) -> None:
    for x in t.pairs():
        room = x.slack * float(np.finfo(x.p.dtype).eps) * (1 + float(x.own.hi))
        if t.has("kl_divergence"):
            kl = t.run("kl_divergence", x.p, x.q, shape=())
            t.near(kl, x.kl, x.slack, x.scale)
            t.at_most(0, kl, room, f"{kl} is below 0")
            t.near(t.run("kl_divergence", x.p, x.p, shape=()), known(0), x.slack, 1 + x.own.hi)
        if t.has("cross_entropy"):
            h = t.run("cross_entropy", x.p, x.q, shape=())
            t.at_most(x.own.hi, h, room, f"H(p, q) = {h} is below H(p) = {x.own.hi}")


def _one(n: int, k: int) -> Array:
    return (np.arange(n) == k).astype(np.float64)


def _soft_labels(r: Row) -> list[Array]:
    weights = np.arange(1.0, r.n + 1)
    y = [_one(r.n, r.n - 1), np.full(r.n, 1 / r.n), weights / weights.sum()]
    return [x.astype(r.z.dtype) for x in y]


@_claim("B12", "grad")
def _b12(t: Trial) -> None:
    for r in t.rows(n=6):
        for y in _soft_labels(r):
            t.near(t.run("grad", r.z, y, shape=r.z.shape), r.grad(y), r.slack + 8, 1.0)


@_claim("B13", "grad")
def _b13(t: Trial) -> None:
    for r in t.rows():
        g = t.of_row("grad", r.z, r.n - 1).astype(np.float64)
        t.at_most(
            abs(g), 1, 4 * float(np.finfo(t.dtype).eps), f"an entry of {short(g)} is beyond 1"
        )
        t.near(g.sum(), known(0), r.slack, 2.0)


def _slopes_of_squared_error(r: Row) -> Exact:
    y = _one(r.n, 0)
    return exact(exact_gradient(lambda z: ((exact_softmax(z) - y) ** 2).sum() / 2, r.z))


@_claim("B14", "softmax", "softmax_jacobian")
def _b14(t: Trial) -> None:
    for r in t.rows(n=6, dtypes=FLOATS[1:]):
        error = t.of_row("softmax", r.z) - _one(r.n, 0)
        got = t.of_row("softmax_jacobian", r.z) @ error
        t.near(got, t.kept(_slopes_of_squared_error, r), 2 * r.slack, 1.0)


def _moved(t: Trial, n: float) -> Iterator[tuple[Row, Row, float]]:
    """Logits, the same with half of them raised and half lowered, and by how much at most."""
    for r in t.rows(n=n):
        for h in (0.25, 2.0):
            up = Row(r.z + np.where(np.arange(r.n) % 2, h, -h), r.z.dtype)
            yield r, up, float(abs(up.z.astype(np.float64) - r.z).max())


@_claim("B15", "logsumexp")
def _b15(t: Trial) -> None:
    for r, up, h in _moved(t, 100):
        room = 2 * up.slack * float(np.finfo(r.z.dtype).eps)
        moved = float(t.of_row("logsumexp", up.z)) - float(t.of_row("logsumexp", r.z))
        t.at_most(abs(moved), h, room, f"moved by {moved:.6g}, no logit by more than {h:g}")


@_claim("B16", "softmax", "log_softmax", "loss", "grad", each=True)
def _b16(t: Trial) -> None:
    for r, up, h in _moved(t, 6):
        eps = float(np.finfo(r.z.dtype).eps)
        for name in t.has("softmax", "log_softmax", "loss", "grad"):
            old = abs(t.of_row(name, r.z).astype(np.float64))
            new = abs(t.of_row(name, up.z).astype(np.float64))
            scale = new if name == "softmax" else 1 + old + new
            room = up.slack * eps * scale + 8 * t.least
            message = f"from {short(old)} to {short(new)}, no logit by more than {h:g}"
            for low, high in ((new, old), (old, new)):
                t.at_most(low * np.exp(-2 * h), high, room, message)


def _two_layers(weights: Array, lib: Any) -> tuple[Array, ...]:
    """Two pixels of three examples, two hidden units and three logits, in floats or numbers."""
    X = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75]])
    U, b, W, c = (
        part.reshape(-1, n)
        for part, n in zip(np.split(weights, [4, 6, 12]), (2, 2, 3, 3), strict=True)
    )
    H = np.frompyfunc(lib.tanh, 1, 1)(X @ U + b)
    return X, H, W, H @ W + c


_LABELS = np.array([2, 0, 1])  # of these three examples


def _weights(seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=15)


def _slopes_of_two_layers(seed: int) -> Exact:
    def loss(weights: Array) -> Any:
        z = _two_layers(weights, mp50())[-1]
        shares = (exact_softmax(row)[k] for row, k in zip(z, _LABELS, strict=True))
        return -sum(map(mp50().log, shares)) / 3

    return exact(exact_gradient(loss, _weights(seed)))


@_claim("B17", "grad")
def _b17(t: Trial) -> None:
    y = _LABELS
    for seed in range(3):
        weights = _weights(seed)
        X, H, W, Z = (a.astype(np.float64) for a in _two_layers(weights, np))
        G = np.array([t.of_row("grad", z, k) for z, k in zip(Z, y, strict=True)]) / 3
        A = (G @ W.T) * (1 - H**2)
        got = np.concatenate([p.ravel() for p in (X.T @ A, A.sum(0), H.T @ G, G.sum(0))])
        t.near(got, t.kept(_slopes_of_two_layers, seed), 64, 1.0)


@_claim("B18", "softmax_jacobian")
def _b18(t: Trial) -> None:
    for r in t.rows(n=6, dtypes=FLOATS[1:]):
        for v in (np.cos(np.arange(r.n)), np.arange(r.n) - 1.0, np.ones(r.n)):
            got = v @ t.of_row("softmax_jacobian", r.z).astype(np.float64) @ v
            numbers = as_numbers(v)
            mean = (r.numbers * numbers).sum()
            right = exact((r.numbers * (numbers - mean) ** 2).sum())
            t.near(got, right, 2 * r.slack, float((v**2).sum()))


@_claim("B19", "loss", "grad")
def _b19(t: Trial) -> None:
    for r, up, _ in _moved(t, 6):
        v = up.z.astype(np.float64) - r.z
        slope = v @ t.of_row("grad", r.z).astype(np.float64)
        old, new = (float(t.of_row("loss", row.z)) for row in (r, up))
        room = 2 * up.slack * float(np.finfo(r.z.dtype).eps) * (1 + old + new)
        beyond = new - old - slope
        most = np.ptp(v) ** 2 / 8
        message = f"{beyond:.6g} beyond the slope, not 0 to {most:g}"
        t.at_most(0, beyond, room, message)
        t.at_most(beyond, most, room, message)


def _mean_statistic(statistic: tuple[float, ...], theta: float) -> Any:
    """Return the derivative of the log-partition function, as an mpmath number."""

    def partition(x: Array) -> Any:
        return mp50().log(sum(mp50().exp(x[0] * mp50().mpf(t)) for t in statistic))

    return as_numbers_of(exact(exact_gradient(partition, np.array([theta]))))[0]


@_claim("B20", "softmax", "grad", each=True)
def _b20(t: Trial) -> None:
    for statistic in ((0.0, 1.0), (1.0, -2.0, 0.5), (3.0, 1.0, 4.0, 1.0, 5.0)):
        T = np.array(statistic)
        for theta in (-2.0, 0.0, 0.5, 1.0):
            mean = t.kept(_mean_statistic, statistic, theta)
            if t.has("softmax"):
                t.near(t.of_row("softmax", theta * T) @ T, exact(mean), 32, abs(T).max())
            for k in range(T.size) if t.has("grad") else ():
                right = exact(mean - mp50().mpf(T[k]))
                t.near(t.of_row("grad", theta * T, k) @ T, right, 32, abs(T).max())


@_claim("B21", "loss_and_grad")
def _b21(t: Trial) -> None:
    labels = np.array([0, 1, 1, 2, 2, 2, 2, 1])
    share = np.bincount(labels) / 8
    z = np.random.default_rng(10).normal(size=(8, 3)) * 3
    means = sum(Row(row).numbers for row in z) / 8
    for logits, right in ((z, means), (np.tile(np.log(share), (8, 1)), as_numbers(share))):
        grad = t.run("loss_and_grad", logits, labels, shape=z.shape, part=1)
        t.near(grad.sum(0), exact(right - as_numbers(share)), 16, 1.0)


def _exact_losses(z: Array, y: Array) -> Array:
    """Return the loss of mpmath logits for the label ``y``, as the only entry of an array."""
    log_s = np.frompyfunc(mp50().log, 1, 1)(exact_softmax(z))
    return np.array([-(y * log_s).sum()], dtype=object)


def _slopes(loss: Callable[[Array], Array], z: Array) -> Exact:
    """Return the derivatives of a loss of mpmath logits, by complex steps."""
    return exact(exact_gradient(loss, z)[0])


def _few(t: Trial) -> list[Row]:
    """Return rows of which 50 digits are quick to have."""
    return t.rows(most=40, n=6, dtypes=FLOATS[1:])


def _warm_slopes(r: Row, T: float) -> Exact:
    return _slopes(lambda z: _exact_losses(z / T, _one(r.n, 0)), r.z)


@_claim("B22", "grad")
def _b22(t: Trial) -> None:
    for r in _few(t):
        for T in (0.5, 4.0):  # z/T is exact
            right = t.kept(_warm_slopes, r, T)
            t.near(t.of_row("grad", r.z / T, 0) / T, right, r.slack / T, 1 / T)


@_claim("B23", "loss", "grad", each=True)
def _b23(t: Trial) -> None:
    for r in _few(t):
        y = np.full(r.n, 0.25 / r.n)
        y[-1] += 0.75
        y = y.astype(r.z.dtype)
        if t.has("loss"):
            minus_log_s = -(as_numbers_of(r.log_s))
            right = exact(0.75 * minus_log_s[-1] + 0.25 * minus_log_s.sum() / r.n)
            t.near(t.run("loss", r.z, y, shape=()), right, r.slack + 8, 1 + right.hi)
        if t.has("grad"):
            t.near(t.run("grad", r.z, y, shape=r.z.shape), r.grad(y), r.slack + 8, 1.0)


def _teacher(r: Row) -> Array:
    return (3 * np.cos(np.arange(r.n))).astype(r.z.dtype)


def _distilled_slopes(r: Row, T: float) -> Exact:
    p = exact_softmax(as_numbers(_teacher(r) / T))
    return _slopes(lambda z: T**2 * _exact_losses(z / T, p), r.z)


@_claim("B24", "softmax", "grad")
def _b24(t: Trial) -> None:
    for r in _few(t):
        v = _teacher(r)
        for T in (1.0, 4.0):
            p, right = t.of_row("softmax", v / T), t.kept(_distilled_slopes, r, T)
            got = T * t.run("grad", r.z / T, p, shape=r.z.shape)
            t.near(got, right, r.slack + 16, T)
        if r.z.dtype == np.float64:
            T = 2.0**26
            got = T * t.run("grad", r.z / T, t.of_row("softmax", v / T), shape=r.z.shape)
            limit = ((r.z - r.z.mean()) - (v - v.mean())) / r.n
            message = f"T = 2^26: got {short(got)}, not {short(limit)}"
            t.at_most(abs(got - limit), 0, 1e-4, message)


def _weighted_slopes(r: Row, *wy: float) -> Exact:
    return _slopes(lambda z: _exact_losses(z, np.array(wy)), r.z)


@_claim("B25", "grad")
def _b25(t: Trial) -> None:
    for r in _few(t):
        weights = np.arange(1.0, r.n + 1) / 2
        for y in _soft_labels(r):
            wy = weights * y
            right = t.kept(_weighted_slopes, r, *wy.tolist())
            label = (wy / wy.sum()).astype(r.z.dtype)
            got = wy.sum() * t.run("grad", r.z, label, shape=r.z.shape)
            t.near(got, right, r.slack + 16, wy.sum())


@_claim("B26", "loss", "grad", each=True)
def _b26(t: Trial) -> None:
    z = np.random.default_rng(10).normal(size=(4, 3)) * 2
    k, weights = np.array([2, 0, 1, 2]), np.array([0.5, 2.0, 0.0, 1.0])
    shares = weights / weights.sum()

    def mean(flat: Array) -> Array:
        parts = zip(shares, flat.reshape(z.shape), np.eye(3)[k], strict=True)
        return sum(share * _exact_losses(row, y) for share, row, y in parts)

    if t.has("loss"):
        got = (weights * t.of_row("loss", z, k)).sum() / weights.sum()
        t.near(got, exact(mean(as_numbers(z.ravel()))[0]), 16)
    if t.has("grad"):
        got = shares[:, None] * t.of_row("grad", z, k)
        t.near(got.ravel(), _slopes(mean, z.ravel()), 16, 1.0)


def _focal_slopes(r: Row, g: float) -> Exact:
    def focal(z: Array) -> Array:
        s = exact_softmax(z)[:1]
        return -((1 - s) ** g) * np.frompyfunc(mp50().log, 1, 1)(s)

    return _slopes(focal, r.z)


@_claim("B27", "loss", "grad")
def _b27(t: Trial) -> None:
    for r in _few(t):
        for g in (1.0, 2.0, 5.0) if r.n > 1 else ():
            L = t.of_row("loss", r.z, 0).astype(np.float64)
            miss = -np.expm1(-L)
            factor = miss**g + g * np.exp(-L) * miss ** (g - 1) * L
            right = t.kept(_focal_slopes, r, g)
            t.near(factor * t.of_row("grad", r.z, 0), right, 8 * r.slack, 2.0)


@_claim("B28", "loss", "grad", each=True)
def _b28(t: Trial) -> None:
    for x in (-800.0, -30.0, -1.5, 0.0, 2.0**-20, 4.0, 50.0, 800.0):
        far = mp50().exp(-abs(x))
        sigma = 1 / (1 + far) if x > 0 else far / (1 + far)
        for y in (0.0, 1.0, 0.25):
            z, label = np.array([x, 0.0]), np.array([y, 1 - y])
            for name in t.has("loss", "grad"):
                if y in (0, 1):
                    got = t.of_row(name, z, int(1 - y))
                else:
                    got = t.run(name, z, label, shape=() if name == "loss" else (2,))
                if name == "loss":
                    right = exact(max(x, 0) - x * mp50().mpf(y) + mp50().log1p(far))
                    t.near(got, right, 8, 1 + abs(x))
                else:
                    t.near(got, exact([sigma - y, y - sigma]), 8, 1.0)


def _slope_of_sharpness(r: Row, beta: float) -> Exact:
    return _slopes(lambda b: _exact_losses(b[0] * r.z, _one(r.n, 0)), np.array([beta]))


@_claim("B29", "softmax", "loss", each=True)
def _b29(t: Trial) -> None:
    for r in t.rows(most=40, n=6, dtypes=FLOATS[2:]):
        if t.has("softmax"):
            for beta in (0.5, 2.0):
                right = t.kept(_slope_of_sharpness, r, beta)
                got = t.of_row("softmax", beta * r.z) @ r.z - r.z[0]
                t.near([got], right, 4 * r.slack, 1 + 2 * r.size)
        if t.has("loss"):
            low, middle, high = (t.of_row("loss", beta * r.z, 0) for beta in (0.5, 1.0, 1.5))
            room = r.slack * float(np.finfo(np.float64).eps) * (1 + r.size)
            t.at_most(2 * middle, low + high, room, f"not convex: {low}, {middle}, {high}")


# What an implementation owes its user

_ROOM = 16  # eps between two results of the same function for the same numbers
_SURE = {np.float64: (5, 20, 36, 50, 100, 300, 700), np.float32: (5, 10, 17, 50, 80)}


def _near_certainty(t: Trial, name: str, right: Callable[[Any], Any]) -> None:
    """Compare the first entry of the result for (0, -d), by relative error; 1 + x is x rounded."""
    for dtype, gaps in _SURE.items():
        for d in gaps if dtype in t.f.dtypes else ():
            got = t.of_row(name, np.array([0, -d], dtype))
            t.near(got.ravel()[0], exact(right(mp50().exp(-d))), d + 8)


@_claim("B30", "parts")
def _b30(t: Trial) -> None:
    for r in t.rows(n=1000):
        for at in {0, 1, r.n // 2, r.n}:
            t.near(t.of_parts([r.z[:at], r.z[at:]]), r.lse, r.n**0.5 + 8, 1 + r.size)


@_claim("B31", "parts")
def _b31(t: Trial) -> None:
    none = np.array([])
    for r in t.rows(n=100):
        a, b, c = np.array_split(r.z, 3)
        for parts in ([[a, b], c], [a, [b, c]], [[c, b], a], [none, [b, [a, c]]], [[r.z], none]):
            t.near(t.of_parts(parts), r.lse, r.n**0.5 + 8, 1 + r.size)


@_claim("P1", "log_softmax")
def _p1(t: Trial) -> None:
    for r in t.rows():
        t.near(t.of_row("log_softmax", r.z), r.log_s, r.slack, 1 + abs(r.log_s.hi))
    _near_certainty(t, "log_softmax", lambda x: -mp50().log1p(x))


@_claim("P2", "loss")
def _p2(t: Trial) -> None:
    _near_certainty(t, "loss", lambda x: mp50().log1p(x))


@_claim("P3", "grad")
def _p3(t: Trial) -> None:
    _near_certainty(t, "grad", lambda x: -x / (1 + x))


@_claim("P4", "softmax_jacobian")
def _p4(t: Trial) -> None:
    _near_certainty(t, "softmax_jacobian", lambda x: x / (1 + x) ** 2)


@_claim("P5", *LOGITS, *DISTRIBUTIONS, "loss_and_grad", each=True)
def _p5(t: Trial) -> None:
    for dtype in t.f.dtypes:
        big, small = np.finfo(dtype).max, SUBNORMAL[dtype]
        rows: list[Any] = [[0, 0], [small, 0], [-90, -95], [big, 0], [0, -big]]
        rows += [[big, -big], [-big, -big]] + [[1000, 0, -1000]] * (dtype != np.float16)
        for z in (np.array(row, dtype) for row in rows):
            for name in t.has(*LOGITS):
                _quiet(t, t.of_row(name, z, z.size - 1))
            for _ in t.has("loss_and_grad"):
                for got in _twice(t, z, z.size - 1):
                    _quiet(t, got)
    for name in t.has(*DISTRIBUTIONS):
        for x in t.pairs():
            _quiet(t, t.run(name, *x.given(name), shape=()))


def _twice(t: Trial, z: Array, k: int) -> tuple[Array, Array]:
    """Return mean loss and gradient of a batch that is twice the same example."""
    batch, labels = np.stack([z, z]), np.array([k, k])
    return (
        t.run("loss_and_grad", batch, labels, shape=(), part=0),
        t.run("loss_and_grad", batch, labels, shape=batch.shape, part=1),
    )


def _quiet(t: Trial, got: Array) -> None:
    t.that(~np.isnan(got), f"got NaN: {short(got)}")
    t.that(not t.warning, f"warned: {t.warning}")


@_claim("P6", *LOGITS, *DISTRIBUTIONS, "loss_and_grad", each=True)
def _p6(t: Trial) -> None:
    for dtype in t.f.dtypes:
        for name in t.has(*LOGITS, *DISTRIBUTIONS, "loss_and_grad"):
            if name in LOGITS:
                got = t.of_row(name, np.array([2, 1, 0.5], dtype))
            elif name == "loss_and_grad":  # the loss is one number, perhaps Python's
                _, got = _twice(t, np.array([2, 1, 0.5], dtype), 0)
            else:
                p = np.array([0.5, 0.5], dtype)
                args = (p,) if name == "entropy" else (p, p)
                got = t.run(name, *args, shape=())
            t.that(got.dtype == dtype, f"got {got.dtype}, right is {np.dtype(dtype)}")
    whole = np.array([2, 0, -1])
    for name in t.has(*SIMPLE[:3]):
        _agrees(t, t.of_row(name, whole.astype(np.float64)), name, whole)


def _agrees(t: Trial, want: Array, name: str, *args: Any) -> None:
    """Compare what other integers give; to refuse them is not wrong."""
    try:
        got = t.run(name, *args, shape=want.shape)
    except StopError:
        return
    t.dtype = np.result_type(got.dtype, np.float16)  # some libraries make float32 of integers
    t.near(got, known(want), _ROOM, 1 + abs(want))


def _row(dtype: Any, *z: float) -> Row:
    return Row(z, dtype)


@_claim("P7", *SIMPLE, "softmax_jacobian", "loss_and_grad", each=True)
def _p7(t: Trial) -> None:
    for dtype in t.f.dtypes:
        for z in ([2, -np.inf, 0.5], [-np.inf, 0], [-np.inf, 3, -np.inf, 3], [700, -np.inf, 690]):
            r = t.kept(_row, dtype, *z)
            masked, k = np.isneginf(r.z), int(np.argmax(r.z))
            s = r.s.hi
            rights = {
                "softmax": r.s,
                "log_softmax": r.log_s,
                "logsumexp": r.lse,
                "softmax_jacobian": known(np.diag(s) - np.outer(s, s)),
                "loss": r.loss_of(k),
                "grad": r.grad_of(k),
            }
            for name in t.has(*rights):
                scale = 1 + (r.size if name == "logsumexp" else 0)
                got = t.of_row(name, r.z, k)
                t.near(got, rights[name], r.slack, scale)
                if name in ("softmax", "softmax_jacobian", "grad"):
                    t.that(got[masked] == 0, f"not 0 at the masked class: {short(got)}")
                if name == "loss":
                    got = t.of_row(name, r.z, int(np.argmax(masked)))
                    t.that(got == np.inf, f"got {got} for a masked true class, right is inf")
            for _ in t.has("loss_and_grad"):
                loss, grad = _twice(t, r.z, k)
                t.near(loss, r.loss_of(k), r.slack, 1.0)
                half = exact(as_numbers_of(r.grad_of(k)) / 2)
                t.near(grad, Exact(np.stack([half.hi] * 2), np.stack([half.lo] * 2)), r.slack, 1.0)
                t.that(grad[:, masked] == 0, f"not 0 at the masked class: {short(grad)}")
                loss, _ = _twice(t, r.z, int(np.argmax(masked)))
                t.that(loss == np.inf, f"got {loss} for a masked true class, right is inf")


def _layouts() -> Iterator[Array]:
    z = np.random.default_rng(6).normal(size=(4, 3, 5)) * 3
    yield from (z[0], z, z[:, ::2], z[::-1, 1], z[..., ::2], z[0].T, np.asfortranarray(z))
    yield np.array([[300.0, 299.0], [-500.0, -501.0]])
    yield z.reshape(2, 2, 3, 5)
    yield from (z[0, :0], z[0, :1], z[:1, :1], z[0, :, :1])


def _as_rows(t: Trial, name: str, z: Array, axis: int) -> None:
    last = np.moveaxis(z, axis, -1).copy()  # of which nothing can be changed
    labels = np.arange(last[..., 0].size).reshape(last.shape[:-1]) % last.shape[-1]
    got = t.of_row(name, z, labels, axis, copy=False)
    call = t.call
    if name in ("softmax", "log_softmax", "grad"):
        got = np.moveaxis(got, axis, -1)
    for i in np.ndindex(last.shape[:-1]):
        row = t.of_row(name, last[i], labels[i])
        t.call = f"{call}, row {i}"
        t.near(got[i], known(row), _ROOM, 1 + abs(row))


@_claim("P8", *SIMPLE, "softmax_jacobian", each=True)
def _p8(t: Trial) -> None:
    for name in t.has(*SIMPLE, "softmax_jacobian"):
        for z in _layouts():
            if z.shape[-1] >= t.f.classes:
                _as_rows(t, name, z, -1)
        few, labels = np.random.default_rng(6).normal(size=(5, 3)), np.arange(5) % 3
        want = t.of_row(name, few, labels)
        got = t.of_row(name, np.tile(few, (205, 1)), np.tile(labels, 205))
        t.near(got, known(np.tile(want, (205,) + (1,) * (want.ndim - 1))), _ROOM, 1 + abs(got))


@_claim("P9", *SIMPLE, each=True)
def _p9(t: Trial) -> None:
    z = np.random.default_rng(7).normal(size=(4, 3, 5))
    for name in t.has(*SIMPLE):
        for axis in (0, 1, -2, -3):
            _as_rows(t, name, z, axis)


@_claim("P10", *LOGITS, *DISTRIBUTIONS, "one_hot", "loss_and_grad", each=True)
def _p10(t: Trial) -> None:
    nan, inf = np.nan, np.inf
    zeros, even = np.zeros(2), np.array([0.5, 0.5])
    no_logits: list[list[float]] = [[0, nan], [0, inf], [-inf, -inf], []]
    no_labels, no_distributions = (2, -1, -100, 0.5), ([0.5, 0.6], [-0.5, 1.5], [nan, 1])
    # First what must not be refused: a function that always raises tells nobody what is wrong.
    for name in t.has(*LOGITS):
        t.result_of(name, *arguments(name, zeros))
        for row in no_logits:
            _refused(t, name, *arguments(name, np.array(row)))
    for name in t.has("loss", "grad"):
        for y in (*no_labels, *no_distributions):
            _refused(t, name, zeros, np.array(y))
    for name in t.has("loss_and_grad"):
        t.result_of(name, zeros[None], np.array([0]))
        for row in no_logits:
            _refused(t, name, np.array([row]), np.array([0]))
        for y in (*no_labels, *no_distributions):
            _refused(t, name, zeros[None], np.array([y]))
    for name in t.has(*DISTRIBUTIONS):
        other = () if name == "entropy" else (even,)
        t.result_of(name, even, *other)
        for p in map(np.array, no_distributions):
            _refused(t, name, p, *other)
    if t.has("one_hot"):
        t.result_of("one_hot", np.array([0]), 2)
        for y in no_labels:
            _refused(t, "one_hot", np.array([y]), 2)


def _refused(t: Trial, name: str, *args: Any) -> None:
    try:
        got = t.attempt(name, *args)
    except (Exception, SystemExit):
        t.that(True, "refused")
    else:
        t.that(False, f"not refused: got {short(got)}")


@_claim("P11", *LOGITS, *DISTRIBUTIONS, "one_hot", "loss_and_grad", each=True)
def _p11(t: Trial) -> None:
    for name in t.has(*LOGITS):
        for r in t.rows(n=6):
            _unchanged(t, name, *arguments(name, r.z, r.n - 1))
    for name in t.has(*DISTRIBUTIONS):
        for x in t.pairs():
            _unchanged(t, name, *x.given(name))
    z, labels = np.random.default_rng(6).normal(size=(5, 3)), np.arange(5) % 3
    if t.has("one_hot"):
        _unchanged(t, "one_hot", labels, 3)
    for name in t.has("loss_and_grad"):
        _unchanged(t, name, z, labels)
    for name in t.has("loss", "grad"):
        for y in (labels, np.eye(3)[labels]):
            with suppress(StopError):  # P8 and P15 say so if it takes none
                _unchanged(t, name, z, y)


def _unchanged(t: Trial, name: str, *args: Any) -> None:
    given = [a if isinstance(a, int) else np.array(a) for a in args]
    t.result_of(name, *given)
    for number, (before, after) in enumerate(zip(args, given, strict=True)):
        t.that(before == after, f"afterwards argument {number + 1} is {short(after)}")


@_claim("P12", "softmax")
def _p12(t: Trial) -> None:
    for r in t.rows():
        order = np.random.default_rng(8).permutation(r.n)
        s = t.of_row("softmax", r.z)
        t.near(t.of_row("softmax", r.z[order]), known(s[order]), 2 * r.n**0.5 + 8)


@_claim("P13", "softmax")
def _p13(t: Trial) -> None:
    for r in t.rows():
        order = np.argsort(r.z)
        s = t.of_row("softmax", r.z)[order].astype(np.float64)
        room = 2 * float(np.finfo(t.dtype).eps) * s[:-1]
        t.at_most(s[:-1], s[1:], room, f"a larger logit has a smaller probability in {short(s)}")
        same = np.diff(r.z[order]) == 0
        t.at_most(abs(np.diff(s))[same], 0, room[same], f"equal logits differ in {short(s)}")


@_claim("P14", "softmax_jvp", "softmax_vjp", each=True)
def _p14(t: Trial) -> None:
    for name in t.has("softmax_jvp", "softmax_vjp"):
        for r in t.rows(n=6):
            v = np.cos(np.arange(r.n)).astype(r.z.dtype)
            right = exact((r.slopes * as_numbers(v)).sum(-1))
            t.near(t.run(name, r.z, v, shape=r.z.shape), right, 2 * r.slack, 1.0)


@_claim("P15", "loss", "grad", each=True)
def _p15(t: Trial) -> None:
    for name in t.has("loss", "grad"):
        for r in t.rows(n=6):
            for k in range(r.n):
                want = t.of_row(name, r.z, k)
                got = t.run(name, r.z, _one(r.n, k).astype(r.z.dtype), shape=want.shape)
                t.near(got, known(want), 8, 1 + abs(want))
        z, labels = np.random.default_rng(8).normal(size=(4, 3)), np.array([2, 0, 1, 2])
        for dtype in (np.int8, np.uint8, np.int32):
            _agrees(t, t.of_row(name, z, labels), name, z, labels.astype(dtype))


@_claim("P16", *SIMPLE, "softmax_jacobian", *DISTRIBUTIONS, each=True)
def _p16(t: Trial) -> None:
    for r in t.rows(dtypes=FLOATS[1:]) + t.hard_rows():
        for name in t.has("softmax", "log_softmax"):
            t.to_the_last_digits(t.of_row(name, r.z), r.s if name == "softmax" else r.log_s)
        for _ in t.has("logsumexp"):
            t.to_the_last_digits(t.of_row("logsumexp", r.z), r.lse, r.size)
        for k in {0, int(np.argmax(r.z))}:
            for name in t.has("loss", "grad"):
                right = r.loss_of(k) if name == "loss" else r.grad_of(k)
                t.to_the_last_digits(t.of_row(name, r.z, k), right)
        if r.n <= 300:
            with suppress(StopError, NotSupportedError):  # P15 says so if it takes none
                _soft_to_the_last_digits(t, r)
        for _ in t.has("softmax_jacobian") if r.n <= 300 else ():
            J = t.of_row("softmax_jacobian", r.z)
            t.to_the_last_digits(J[0], r.first_slopes, ulps=12)
            t.to_the_last_digits(J.diagonal(), r.own_slopes, ulps=12)
    for x in t.pairs() + t.hard_pairs():
        rights = {"cross_entropy": x.cross, "entropy": x.own, "kl_divergence": x.kl}
        for name in t.has(*DISTRIBUTIONS) if x.p.dtype in FLOATS[1:] else ():
            size = x.scale - 1 if name == "kl_divergence" else 0.0
            t.to_the_last_digits(t.run(name, *x.given(name), shape=()), rights[name], size)


def _soft_to_the_last_digits(t: Trial, r: Row) -> None:
    """Do so with a label that has nine tenths on one class, and equal shares on all."""
    y = np.full(r.n, 0.1 / r.n)
    y[0] += 0.9
    y = y.astype(r.z.dtype)
    for _ in t.has("loss"):
        terms = as_numbers(y) * -as_numbers_of(r.log_s)
        got = t.run("loss", r.z, y, shape=())
        t.to_the_last_digits(got, exact(mp50().fsum(terms)))
    for _ in t.has("grad"):
        got = t.run("grad", r.z, y, shape=r.z.shape)
        t.to_the_last_digits(got, r.grad(y), np.maximum(r.s.hi, y))


@_claim("P18", "parts")
def _p18(t: Trial) -> None:
    dtypes = [dtype for dtype in FLOATS[1:] if dtype in t.f.dtypes]
    rising = [t.kept(_row, dtype, *np.linspace(0, 1, 1000).tolist()) for dtype in dtypes]
    for r in t.rows(n=1000, dtypes=FLOATS[1:]) + t.hard_rows() + rising:
        for parts in ([*r.z[:, None]], [[*np.array_split(r.z, 3)], [np.array([])]]):
            t.to_the_last_digits(t.of_parts(parts), r.lse, r.size)


def _third(r: Row, k: int) -> Exact:
    return exact(as_numbers_of(r.grad_of(k)) / 3)


def _mean_of_losses(batch: tuple[tuple[float, ...], ...]) -> Exact:
    losses = [Row(z).loss_of(i % len(z)) for i, z in enumerate(batch)]
    return exact(mp50().fsum(map(as_numbers_of, losses)) / len(batch))


@_claim("P17", "loss_and_grad")
def _p17(t: Trial) -> None:
    for r in t.rows(n=1000, dtypes=FLOATS[1:]):
        for k in {0, int(np.argmax(r.z))}:
            # Thrice the same example, twice in reverse: the mean of the losses is the loss.
            z = np.stack([r.z, r.z[::-1], r.z[::-1]])
            labels = np.array([k, r.n - 1 - k, r.n - 1 - k])
            loss = t.run("loss_and_grad", z, labels, shape=(), part=0)
            t.to_the_last_digits(loss, r.loss_of(k))
            grad = t.run("loss_and_grad", z, labels, shape=z.shape, part=1)
            third = t.kept(_third, r, k)
            for i, step in enumerate((1, -1, -1)):
                t.to_the_last_digits(grad[i, ::step], third)
    for r in t.hard_rows()[-1:]:  # many equal losses: a plain sum rounds the same way each time
        z, labels = np.tile(r.z, (127, 1)), np.zeros(127, np.intp)
        loss = t.run("loss_and_grad", z, labels, shape=(), part=0)
        t.to_the_last_digits(loss, r.loss_of(0))
    z = np.random.default_rng(9).normal(size=(40, 6))
    labels = np.arange(40) % 6
    right = t.kept(_mean_of_losses, tuple(map(tuple, z.tolist())))
    t.near(t.run("loss_and_grad", z, labels, shape=(), part=0), right, 8)
