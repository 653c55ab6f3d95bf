"""What the chapter "Softmax" claims."""

import numpy as np

from cecore.claims.dtypes import WIDE_FLOATS
from cecore.claims.exact import as_numbers, exact, known, mp50, of_entries
from cecore.claims.inputs import FEW, ROUNDINGS, Row
from cecore.claims.registry import Chapter
from cecore.claims.trial import LAST_DIGITS, Trial
from cecore.claims.words import short

CHAPTER = Chapter("softmax")
claim = CHAPTER.claim


@claim("S1", "def-softmax", "softmax")
def s1(t: Trial) -> None:
    r"""Softmax turns logits $z$ into $s_i = e^{z_i} / \sum_k e^{z_k}$."""
    for r in t.rows():
        t.near(t.of_row("softmax", r.z), r.s, r.slack)


@claim("S2", "thm-range", "softmax")
def s2(t: Trial) -> None:
    r"""For real logits every $s_i > 0$ and they sum to 1; $s_i < 1$ if $n \ge 2$, and $s_1 = 1$ if
    $n = 1$. (In floats $s_i$ may underflow to 0 and round to 1.)
    """
    for r in t.rows():
        s = t.of_row("softmax", r.z).astype(np.float64)
        least = float(np.finfo(t.dtype).tiny)
        t.that(s >= 0, f"not all of {short(s)} are at least 0")
        t.at_most(s, 1, 2 * t.eps, f"not all of {short(s)} are at most 1")
        t.that(s[r.s.hi > 2 * least] > 0, f"a probability that is not tiny is 0 in {short(s)}")
        t.that(s[r.s.hi < 1 - r.slack * t.eps] < 1, f"a probability below 1 is 1 in {short(s)}")
        t.near(s.sum(), known(1), r.sum_slack)


@claim("S3", "thm-ratio", "softmax")
def s3(t: Trial) -> None:
    """A gap $g$ between two logits becomes the ratio $e^g$ of probabilities: a small gap hardly
    more than $1 + g$, a large one enormous.
    """
    for gap in (2.0**-10, 0.125, 1.0, 2.0, 10.0, 20.0):
        s = t.of_row("softmax", np.array([1.0, 1.0 + gap, -3.0])).astype(np.float64)
        # Each of the two rounds a difference of up to 24.
        t.near(s[1] / s[0], exact(mp50().exp(gap)), 8 * ROUNDINGS)


@claim("S4", "eq-example", "softmax")
def s4(t: Trial) -> None:
    """The logits (2.0, 1.0, 0.1) have the probabilities 0.659001138885968, 0.242432970704714 and
    0.098565890409318.
    """
    s = [0.659001138885968, 0.242432970704714, 0.098565890409318]
    t.near(t.of_row("softmax", np.array([2.0, 1.0, 0.1])), known(s), LAST_DIGITS, 1.0)


@claim("B1", "thm-shift", "softmax")
def b1(t: Trial) -> None:
    r"""$\operatorname{softmax}(z + c) = \operatorname{softmax}(z)$ for a constant $c$ added to each
    logit.
    """
    for z in (np.array([2.0, 1.0, 0.125]), np.array([0.5, -4.0, 8.25, 3.0])):
        for c in (-1e6, -1e3, -1.0, 0.5, 1e3, 1e6):  # z + c is exact
            t.near(t.of_row("softmax", z + c), Row(z).s, Row(z).slack)


@claim("B2", "thm-ratio", "softmax")
def b2(t: Trial) -> None:
    """For any two classes $s_i / s_j = e^{z_i - z_j}$."""
    for r in t.rows(most=40, n=FEW, dtypes=WIDE_FLOATS):
        s, e = t.of_row("softmax", r.z).astype(np.float64), as_numbers(r.z)
        right = exact(of_entries(mp50().exp, e[:, None] - e))
        t.near(s[:, None] / s, right, 2 * r.slack)


@claim("B3", "thm-temperature", "softmax")
def b3(t: Trial) -> None:
    r"""$\operatorname{softmax}(z/T)$ tends to the uniform distribution as $T \to \infty$, and as
    $T \to 0$ to equal shares of the largest logits.
    """
    for z in ([2.0, 1.0, 0.1], [3.0, -1.0, 3.0, 0.0], [0.0, 0.0]):
        row = np.array(z)
        hot, cold = row / 1e18, row / 2**-10
        t.near(t.of_row("softmax", hot), known(np.full(row.size, 1 / row.size)), ROUNDINGS)
        top = row == row.max()
        t.near(t.of_row("softmax", cold), known(top / top.sum()), ROUNDINGS, 1.0)


@claim("B4", "thm-lse", "logsumexp")
def b4(t: Trial) -> None:
    r"""$\operatorname{LSE}(z) = \ln \sum_k e^{z_k}$ is at least $\max z$ and at most
    $\max z + \ln n$.
    """
    for r in t.rows():
        lse, m = float(t.of_row("logsumexp", r.z)), float(r.z.max())
        room = r.slack * t.eps
        t.at_most(m, lse, room, f"{lse} is below the largest logit")
        t.at_most(lse, m + np.log(r.n), room, f"{lse} is above the largest logit + ln {r.n}")
        t.near(lse, r.lse, r.sum_slack, 1 + r.size)
