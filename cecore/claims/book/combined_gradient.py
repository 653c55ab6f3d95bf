"""What the chapter "The combined gradient" claims."""

import numpy as np

from cecore.claims.dtypes import WIDE_FLOATS
from cecore.claims.exact import (
    Exact,
    as_numbers,
    exact,
    exact_gradient,
    exact_softmax,
    known,
    mp50,
)
from cecore.claims.inputs import FEW, ROUNDINGS, Row, one_hot, soft_labels
from cecore.claims.registry import Chapter
from cecore.claims.trial import Trial
from cecore.claims.words import short

CHAPTER = Chapter("combined-gradient")
claim = CHAPTER.claim


@claim("S13", "eq-chain-rule", "softmax_vjp")
def s13(t: Trial) -> None:
    r"""The chain rule sums over all outputs:
    $\partial L/\partial z_j = \sum_i (\partial L/\partial s_i) (\partial s_i/\partial z_j)$.
    """
    for r in t.rows(n=FEW):
        u = np.linspace(-2, 3, r.n).astype(r.z.dtype)
        right = (as_numbers(u)[:, None] * r.slopes).sum(0)
        t.near(t.run("softmax_vjp", r.z, u, shape=r.z.shape), exact(right), 2 * r.slack, 3.0)


@claim("S14", "eq-loss-one-hot", "loss")
def s14(t: Trial) -> None:
    r"""For the true class $k$ the loss is $L = -\sum_i y_i \ln s_i = -\ln s_k$."""
    for r in t.rows():
        for k in {0, r.n // 2, r.n - 1}:
            right = r.loss_of(k)
            t.near(t.of_row("loss", r.z, k), right, r.slack, 1 + abs(right.hi))


@claim("S15", "eq-shortcut", "softmax", "softmax_jacobian", "grad")
def s15(t: Trial) -> None:
    r"""Only the output $s_k$ counts:
    $\partial L/\partial z_j = -(1/s_k) \partial s_k/\partial z_j$.
    """
    for r in t.rows(most=20, n=FEW):
        for k in range(r.n):
            s = t.of_row("softmax", r.z).astype(np.float64)
            J = t.of_row("softmax_jacobian", r.z).astype(np.float64)
            if s[k] > 64 * np.finfo(t.dtype).tiny:  # a denormal number has lost its digits
                t.near(t.of_row("grad", r.z, k), known(-J[k] / s[k]), 2 * r.slack, 1.0)


@claim("S16", "eq-two-cases", "softmax_jacobian")
def s16(t: Trial) -> None:
    r"""Both cases at once: $\partial s_i/\partial z_j$ is $s_i (1 - s_j)$ if $i = j$, and
    $-s_i s_j$ if not.
    """
    for r in t.rows(n=FEW):
        J = t.of_row("softmax_jacobian", r.z)
        all_of_it = np.ones(J.shape, dtype=bool)
        scale = np.repeat(r.s.hi, r.n)
        t.near(J[all_of_it], r.jacobian.at(all_of_it), 2 * r.slack, scale)


@claim("S17", "thm-gradient", "grad")
def s17(t: Trial) -> None:
    r"""For the true class $k$, $\partial L/\partial z_j$ is $s_j - 1$ if $j = k$, and $s_j$ if
    not.
    """
    for r in t.rows():
        for k in {0, r.n // 2, r.n - 1}:
            t.near(t.of_row("grad", r.z, k), r.grad_of(k), r.slack, 1.0)


@claim("S18", "eq-weights", "grad")
def s18(t: Trial) -> None:
    """With $s - y$ at the top, gradient descent trains the weights of a network."""
    labels = np.arange(24) % 3
    corners = np.array([[2.0, 0], [-1, 2], [-1, -2]])
    X = np.c_[corners[labels] + np.random.default_rng(5).normal(size=(24, 2)) / 2, np.ones(24)]
    W = np.zeros((3, 3))
    for _ in range(40):
        grads = [t.of_row("grad", z, k) for z, k in zip(X @ W, labels, strict=True)]
        W -= X.T @ np.array(grads) / 24
    z = X @ W
    loss = float(np.mean(np.log(np.exp(z - z[np.arange(24), labels][:, None]).sum(1))))
    message = f"40 steps from a mean loss of ln 3 = 1.0986 lead to {loss:.4g}, not < 0.1"
    t.at_most(loss, 0, 0.1, message)


@claim("S19", "combined-naive", "loss", "grad")
def s19(t: Trial) -> None:
    """Computed without a rounded softmax in between, loss and gradient are stable: right for logits
    of any size, no entry of the gradient beyond 1.
    """
    for size in (1e1, 1e2, 1e3, 1e4, 1e6):
        for k, right in ((0, 0.0), (1, size)):
            z = np.array([size / 2, -size / 2])
            loss = exact(right + mp50().log1p(mp50().exp(-size)))
            t.near(t.of_row("loss", z, k), loss, ROUNDINGS, size)
            t.near(t.of_row("grad", z, k), Row(z).grad_of(k), size + ROUNDINGS, 1.0)


@claim("B12", "thm-gradient-any", "grad")
def b12(t: Trial) -> None:
    r"""For labels $y$ that sum to 1, one-hot or not, the gradient is $s - y$; in general
    $(\sum_i y_i) s - y$.
    """
    for r in t.rows(n=FEW):
        for y in soft_labels(r):
            got = t.run("grad", r.z, y, shape=r.z.shape)
            t.near(got, r.grad(y), r.slack + ROUNDINGS, 1.0)


@claim("B13", "thm-bounded", "grad")
def b13(t: Trial) -> None:
    """If $y$ is a distribution, the entries of the gradient sum to 0, and none is beyond $-1$ or
    1.
    """
    for r in t.rows():
        g = t.of_row("grad", r.z, r.n - 1).astype(np.float64)
        t.at_most(abs(g), 1, 4 * t.eps, f"an entry of {short(g)} is beyond 1")
        t.near(g.sum(), known(0), r.slack, 2.0)


def _slopes_of_squared_error(r: Row) -> Exact:
    y = one_hot(r.n, 0)
    return exact(exact_gradient(lambda z: ((exact_softmax(z) - y) ** 2).sum() / 2, r.z))


@claim("B14", "thm-squared-error", "softmax", "softmax_jacobian")
def b14(t: Trial) -> None:
    r"""The squared error $Q = \sum_i (s_i - y_i)^2 / 2$ has the gradient $J (s - y)$: the Jacobian
    stays.
    """
    for r in t.rows(n=FEW, dtypes=WIDE_FLOATS):
        error = t.of_row("softmax", r.z) - one_hot(r.n, 0)
        got = t.of_row("softmax_jacobian", r.z) @ error
        t.near(got, t.kept(_slopes_of_squared_error, r), 2 * r.slack, 1.0)
