"""What the chapter "Training" claims."""

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
    known,
    mp50,
    of_entries,
)
from cecore.claims.inputs import FEW, ROUNDINGS, Row, moved, one_hot
from cecore.claims.model import Array
from cecore.claims.registry import Chapter
from cecore.claims.trial import Trial

CHAPTER = Chapter("training")
claim = CHAPTER.claim

# A network of two layers

_LABELS = np.array([2, 0, 1])  # of its three examples


def _two_layers(weights: Array, lib: Any) -> tuple[Array, ...]:
    """Two pixels of three examples, two hidden units and three logits, in floats or numbers."""
    X = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75]])
    U, b, W, c = (
        part.reshape(-1, n)
        for part, n in zip(np.split(weights, [4, 6, 12]), (2, 2, 3, 3), strict=True)
    )
    H = of_entries(lib.tanh, X @ U + b)
    return X, H, W, H @ W + c


def _weights(seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=15)


def _slopes_of_two_layers(seed: int) -> Exact:
    def loss(weights: Array) -> Any:
        z = _two_layers(weights, mp50())[-1]
        return sum(map(exact_loss, z, np.eye(3)[_LABELS])) / 3

    return exact(exact_gradient(loss, _weights(seed)))


@claim("B17", "thm-backpropagation", "grad")
def b17(t: Trial) -> None:
    r"""Backpropagation: with $G = (s - y) / N$ at the top, the gradients of the mean loss with
    respect to the weights of a network of two layers are $H^{\mathsf T} G$ above and
    $X^{\mathsf T} ((G W^{\mathsf T}) \circ (1 - H^2))$ below.
    """
    for seed in range(3):
        weights = _weights(seed)
        X, H, W, Z = (a.astype(np.float64) for a in _two_layers(weights, np))
        G = np.array([t.of_row("grad", z, k) for z, k in zip(Z, _LABELS, strict=True)]) / 3
        A = (G @ W.T) * (1 - H**2)
        got = np.concatenate([p.ravel() for p in (X.T @ A, A.sum(0), H.T @ G, G.sum(0))])
        t.near(got, t.kept(_slopes_of_two_layers, seed), 8 * ROUNDINGS, 1.0)


# The shape of the loss


@claim("B18", "thm-hessian", "softmax_jacobian")
def b18(t: Trial) -> None:
    r"""The second derivatives of the loss with respect to the logits are $J$, and
    $v^{\mathsf T} J v$ is the variance of $v$ under $s$: it is never negative.
    """
    for r in t.rows(n=FEW, dtypes=WIDE_FLOATS):
        for v in (np.cos(np.arange(r.n)), np.arange(r.n) - 1.0, np.ones(r.n)):
            got = v @ t.of_row("softmax_jacobian", r.z).astype(np.float64) @ v
            numbers = as_numbers(v)
            mean = (r.numbers * numbers).sum()
            right = exact((r.numbers * (numbers - mean) ** 2).sum())
            t.near(got, right, 2 * r.slack, float((v**2).sum()))


@claim("B19", "thm-convex", "loss", "grad")
def b19(t: Trial) -> None:
    r"""The loss is convex in the logits: from $z$ to $z + v$ it rises by at least
    $(s - y)^{\mathsf T} v$, and by no more than $(\max v - \min v)^2 / 8$ beyond that.
    """
    for r, up, _ in moved(t.rows(n=FEW)):
        v = up.z.astype(np.float64) - r.z
        slope = v @ t.of_row("grad", r.z).astype(np.float64)
        old, new = (float(t.of_row("loss", row.z)) for row in (r, up))
        room = 2 * up.slack * t.eps * (1 + old + new)
        beyond = new - old - slope
        most = np.ptp(v) ** 2 / 8
        message = f"{beyond:.6g} beyond the slope, not 0 to {most:g}"
        t.at_most(0, beyond, room, message)
        t.at_most(beyond, most, room, message)


# Means of batches


@claim("B32", "thm-means", "loss_and_grad")
def b32(t: Trial) -> None:
    r"""The mean over two batches of $N_A$ and $N_B$ examples is the mean of their means, each
    weighted by its number of examples: $(N_A L_A + N_B L_B) / (N_A + N_B)$; and so is the gradient.
    """
    z = np.random.default_rng(11).normal(size=(7, 4)) * 3
    labels = np.array([0, 3, 1, 2, 3, 3, 0])
    whole, grad = t.mean_loss(z, labels), t.grad_of_mean_loss(z, labels)
    for size in range(1, 7):
        batches = [(z[at], labels[at]) for at in (slice(size), slice(size, 7))]
        means = [len(k) / 7 * t.mean_loss(rows, k) for rows, k in batches]
        t.near(whole, known(sum(means)), 2 * ROUNDINGS, 1.0)
        grads = [len(k) / 7 * t.grad_of_mean_loss(rows, k) for rows, k in batches]
        t.near(grad, known(np.concatenate(grads)), 2 * ROUNDINGS, 1.0)


# Prediction minus observation


def _mean_statistic(statistic: tuple[float, ...], theta: float) -> Any:
    """Return the derivative of the log-partition function, as an mpmath number."""

    def partition(x: Array) -> Any:
        return mp50().log(sum(mp50().exp(x[0] * mp50().mpf(t)) for t in statistic))

    return as_numbers_of(exact(exact_gradient(partition, np.array([theta]))))[0]


@claim("B20", "thm-family", "softmax", "grad", each=True)
def b20(t: Trial, name: str) -> None:
    r"""For $s_i = e^{\theta t_i} / \sum_k e^{\theta t_k}$, the derivative of the log-partition
    function is the mean of $t$, and that of $-\ln s_k$ is this mean minus $t_k$: prediction minus
    observation.
    """
    for statistic in ((0.0, 1.0), (1.0, -2.0, 0.5), (3.0, 1.0, 4.0, 1.0, 5.0)):
        T, slack = np.array(statistic), 4 * ROUNDINGS
        for theta in (-2.0, 0.0, 0.5, 1.0):
            mean = t.kept(_mean_statistic, statistic, theta)
            if name == "softmax":
                t.near(t.of_row("softmax", theta * T) @ T, exact(mean), slack, abs(T).max())
            else:
                for k in range(T.size):
                    right = exact(mean - mp50().mpf(T[k]))
                    t.near(t.of_row("grad", theta * T, k) @ T, right, slack, abs(T).max())


@claim("B21", "thm-shares", "loss_and_grad")
def b21(t: Trial) -> None:
    """Over all examples, the gradient of the mean loss sums to the mean prediction minus the share
    of each class: where the constants are best, the two agree.
    """
    labels = np.array([0, 1, 1, 2, 2, 2, 2, 1])
    share = np.bincount(labels) / 8
    z = np.random.default_rng(10).normal(size=(8, 3)) * 3
    means = sum(Row(row).numbers for row in z) / 8
    for logits, right in ((z, means), (np.tile(np.log(share), (8, 1)), as_numbers(share))):
        grad = t.grad_of_mean_loss(logits, labels)
        t.near(grad.sum(0), exact(right - as_numbers(share)), 2 * ROUNDINGS, 1.0)


@claim("B33", "thm-soft-maximum", "softmax", "logsumexp", "entropy")
def b33(t: Trial) -> None:
    r"""Of all distributions $p$, softmax has the largest mean logit plus entropy,
    $\sum_i p_i z_i + H(p)$, and that is $\operatorname{LSE}(z)$.
    """
    for r in t.rows(most=300, n=FEW, dtypes=WIDE_FLOATS):
        most = float(t.of_row("logsumexp", r.z))
        s = t.of_row("softmax", r.z)
        rising = np.arange(1, r.n + 1, dtype=r.z.dtype)
        room = 2 * r.slack * t.eps * (1 + r.size)
        for p in (s, np.full_like(s, 1 / r.n), one_hot(r.n, 0), rising / rising.sum()):
            reached = p.astype(np.float64) @ r.z + float(t.run("entropy", p, shape=()))
            t.at_most(reached, most, room, f"{reached:.9g} is above LSE = {most:.9g}")
            if p is s:
                t.at_most(most, reached, room, f"softmax gives {reached:.9g}, LSE is {most:.9g}")
