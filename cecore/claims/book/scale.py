"""What the chapter "Scale" claims."""

import numpy as np

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
