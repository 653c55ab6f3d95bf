"""What the chapter "Cross-entropy" claims."""

import numpy as np

from cecore.claims.exact import exact, known, mp50
from cecore.claims.inputs import ROUNDINGS
from cecore.claims.registry import Chapter
from cecore.claims.trial import Trial
from cecore.claims.words import short

CHAPTER = Chapter("cross-entropy")
claim = CHAPTER.claim


@claim("S11", "def-cross-entropy", "cross_entropy")
def s11(t: Trial) -> None:
    r"""$H(p, q) = -\sum_i p_i \ln q_i$, with $0 \ln 0 = 0$, and $+\infty$ if some $p_i > 0$ meets
    $q_i = 0$.
    """
    for x in t.pairs():
        t.near(t.of_pair("cross_entropy", x), x.cross, x.slack)


@claim("S12", "eq-one-hot", "one_hot", "cross_entropy", each=True)
def s12(t: Trial, name: str) -> None:
    r"""A label $k$ as a distribution $p$ has $p_k = 1$ and otherwise zeros, and then
    $H(p, q) = -\ln q_k$.
    """
    if name == "one_hot":
        p = t.run("one_hot", np.array([2, 0, 1]), 4, shape=(3, 4))
        t.that(p == np.eye(4)[[2, 0, 1]], f"got {short(p.ravel()[:6])}…")
    else:
        q = np.array([0.5, 0.375, 0.125])
        for k in range(3):
            got = t.run("cross_entropy", np.eye(3)[k], q, shape=())
            t.near(got, exact(-mp50().log(q[k])), ROUNDINGS)


@claim("B9", "thm-entropy-range", "entropy")
def b9(t: Trial) -> None:
    r"""$0 \le H(p) \le \ln n$; it is 0 exactly if one class is certain, $\ln n$ exactly if all are
    equal.
    """
    for x in t.pairs():
        h = t.of_pair("entropy", x)
        t.near(h, x.own, x.slack, 1.0)
        most = np.log(x.p.size)
        t.at_most(0, h, t.eps, f"{h} is below 0")
        t.at_most(h, most, ROUNDINGS * t.eps * (1 + most), f"{h} is above ln {x.p.size}")


@claim("B10", "thm-decomposition", "cross_entropy", "entropy", "kl_divergence")
def b10(t: Trial) -> None:
    r"""$H(p, q) = H(p) + \operatorname{KL}(p \parallel q)$."""
    for x in t.pairs():
        parts = t.of_pair("entropy", x) + t.of_pair("kl_divergence", x)
        t.near(t.of_pair("cross_entropy", x), known(parts), 3 * x.slack, x.scale)


@claim("B11", "thm-gibbs", "kl_divergence", "cross_entropy", each=True)
def b11(t: Trial, name: str) -> None:
    r"""$\operatorname{KL}(p \parallel q) = \sum_i p_i \ln(p_i / q_i) \ge 0$, so $H(p, q) \ge H(p)$,
    with equality exactly for $p = q$.
    """
    for x in t.pairs():
        got = t.of_pair(name, x)
        room = x.slack * t.eps * (1 + float(x.own.hi))
        if name == "kl_divergence":
            t.near(got, x.kl, x.slack, x.scale)
            t.at_most(0, got, room, f"{got} is below 0")
            of_same = t.run("kl_divergence", x.p, x.p, shape=())
            t.near(of_same, known(0), x.slack, 1 + x.own.hi)
        else:
            message = f"H(p, q) = {got} is below H(p) = {x.own.hi}"
            t.at_most(x.own.hi, got, room, message)
