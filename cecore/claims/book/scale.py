"""What the chapter "Scale" claims."""

from typing import Any

import numpy as np

from cecore.claims.dtypes import WIDE_FLOATS
from cecore.claims.exact import Exact, as_numbers, exact, exact_softmax
from cecore.claims.inputs import ROUNDINGS, Row
from cecore.claims.model import Array
from cecore.claims.registry import Chapter
from cecore.claims.trial import Trial

CHAPTER = Chapter("scale")
claim = CHAPTER.claim


@claim("B30", "thm-merge", "parts")
def b30(t: Trial) -> None:
    r"""A sum of exponentials, kept as the pair of $m$ and $a = \sum_k e^{z_k - m}$, is $e^m a$. Two
    parts merge into the pair of $m = \max(m_1, m_2)$ and $a = a_1 e^{m_1 - m} + a_2 e^{m_2 - m}$.
    """
    for r in t.rows(n=1000):
        for at in {0, 1, r.n // 2, r.n}:
            t.near(t.of_parts([r.z[:at], r.z[at:]]), r.lse, r.sum_slack, 1 + r.size)


@claim("B31", "thm-associative", "parts")
def b31(t: Trial) -> None:
    r"""The merge is associative and commutative, and the pair of $-\infty$ and 0 changes nothing:
    parts of the classes may be merged in any order.
    """
    none = np.array([])
    for r in t.rows(n=100):
        a, b, c = np.array_split(r.z, 3)
        for parts in ([[a, b], c], [a, [b, c]], [[c, b], a], [none, [b, [a, c]]], [[r.z], none]):
            t.near(t.of_parts(parts), r.lse, r.sum_slack, 1 + r.size)


# A last layer, chunk by chunk


def _layer(seed: int) -> tuple[Array, Array, Array]:
    """Three examples of two features, the weights of seven classes, and one-hot labels."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(3, 2)), 3 * rng.normal(size=(2, 7)), np.eye(7)[rng.integers(7, size=3)]


def _slopes_of_layer(seed: int) -> Exact:
    H, W, Y = map(as_numbers, _layer(seed))
    G = (np.array([exact_softmax(z) for z in H @ W]) - Y) / 3
    return exact(np.concatenate([(G @ W.T).ravel(), (H.T @ G).ravel()]))


@claim("B39", "eq-recompute", "logsumexp")
def b39(t: Trial) -> None:
    r"""The gradient of the loss in one class, $e^{z_j - \operatorname{LSE}(z)} - y_j$, needs no
    other logit. So the gradients with respect to $H$ and $W$, where $H W$ are the logits, are sums
    over chunks of the classes, and the logits need never all exist.
    """
    for seed in range(3):
        H, W, Y = _layer(seed)
        chunks = [slice(0, 3), slice(3, 6), slice(6, 7)]
        parts = [[t.of_row("logsumexp", z) for z in H @ W[:, here]] for here in chunks]
        lse = np.array([[t.of_row("logsumexp", np.array(row))] for row in zip(*parts, strict=True)])
        G = [(np.exp(H @ W[:, here] - lse) - Y[:, here]) / 3 for here in chunks]
        grad_H = sum(g @ W[:, here].T for g, here in zip(G, chunks, strict=True))
        got = np.concatenate([np.ravel(grad_H), np.hstack([H.T @ g for g in G]).ravel()])
        t.near(got, t.kept(_slopes_of_layer, seed), 8 * ROUNDINGS, 1.0)


# Attention


def _attended(r: Row) -> tuple[Array, Array]:
    """Return a value of three numbers for each word, and what comes down to their mean."""
    return np.cos(np.arange(3.0 * r.n)).reshape(r.n, 3), np.array([1.0, -0.5, 0.25])


def _right_slopes(r: Row) -> Exact:
    values, u = map(as_numbers, _attended(r))
    s: Any = r.numbers
    return exact(s * (values @ u - (s @ values) @ u))


@claim("B40", "eq-attention-back", "softmax_vjp")
def b40(t: Trial) -> None:
    r"""Backwards through attention, $o = \sum_i s_i v_i$: if $u$ is the gradient with respect to
    $o$, that with respect to $z_j$ is $s_j (u v_j - u o)$, and $u o$ is all that the other words
    have to do with it.
    """
    for r in t.rows(n=100, dtypes=WIDE_FLOATS):
        values, u = _attended(r)
        down = (values @ u).astype(r.z.dtype)
        got = t.run("softmax_vjp", r.z, down, shape=r.z.shape)
        t.near(got, t.kept(_right_slopes, r), 2 * r.slack, 4 * r.s.hi)
