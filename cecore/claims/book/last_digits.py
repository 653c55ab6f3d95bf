"""How exact an implementation is: what the chapter "Stability" asks of the last digits."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from cecore.claims.dtypes import WIDE_FLOATS
from cecore.claims.exact import Exact, as_numbers, as_numbers_of, exact, mp50
from cecore.claims.inputs import ROUNDINGS, Row, row, smoothed
from cecore.claims.model import ALONG_AXIS, DISTRIBUTIONS, NotSupportedError, StopError
from cecore.claims.registry import Chapter
from cecore.claims.trial import LAST_DIGITS, Trial

CHAPTER = Chapter("stability")
claim = CHAPTER.claim

# Gaps to the only other logit: from where 1 + e^-d is hardly rounded to where e^-d underflows.
_SURE = {np.float64: (5, 20, 36, 50, 100, 300, 700), np.float32: (5, 10, 17, 50, 80)}
# Of more classes a Jacobian takes long.
_MANY = 300


# Near certainty


def _near_certainty(t: Trial, name: str, right: Callable[[Any], Any]) -> None:
    """Compare the first entry of the result for (0, -d), by relative error; 1 + x is x rounded."""
    for dtype, gaps in _SURE.items():
        if dtype in t.f.dtypes:
            for d in gaps:
                got = t.of_row(name, np.array([0, -d], dtype))
                t.near(got.ravel()[0], exact(right(mp50().exp(-d))), d + ROUNDINGS)


@claim("P1", "stability-owed", "log_softmax", level="exact")
def p1(t: Trial) -> None:
    r"""log_softmax keeps its digits near certainty: $\ln s_1$ of (0, -50) is -1.93e-22, not 0."""
    for r in t.rows():
        t.near(t.of_row("log_softmax", r.z), r.log_s, r.slack, 1 + abs(r.log_s.hi))
    _near_certainty(t, "log_softmax", lambda x: -mp50().log1p(x))


@claim("P2", "stability-owed", "loss", level="exact")
def p2(t: Trial) -> None:
    """The loss near certainty is tiny, but not rounded to 0."""
    _near_certainty(t, "loss", lambda x: mp50().log1p(x))


@claim("P3", "stability-owed", "grad", level="exact")
def p3(t: Trial) -> None:
    """The gradient near certainty is tiny, but not rounded to 0: $s_k - 1$ does not cancel."""
    _near_certainty(t, "grad", lambda x: -x / (1 + x))


@claim("P4", "stability-owed", "softmax_jacobian", level="exact")
def p4(t: Trial) -> None:
    """The Jacobian near certainty is tiny, but not rounded to 0: $1 - s_i$ does not cancel."""
    _near_certainty(t, "softmax_jacobian", lambda x: x / (1 + x) ** 2)


# To the last digits


@claim(
    "P16",
    "stability-owed",
    *ALONG_AXIS,
    "softmax_jacobian",
    *DISTRIBUTIONS,
    each=True,
    level="exact",
)
def p16(t: Trial, name: str) -> None:
    r"""Each entry of softmax, log_softmax, the loss, its gradient, cross-entropy and entropy is
    within 6 ulps of the exact result, in float32 as in float64, and of the Jacobian within 12.
    Where terms cancel, the ulps are theirs: log-sum-exp is within 6 of
    $\max(\lvert z\rvert, \lvert\operatorname{LSE}\rvert)$, the gradient for a distribution $y$
    within 6 of $\max(s, y)$, $\operatorname{KL}(p \parallel q)$ within 6 of $H(p) + H(p, q)$.
    """
    if name in DISTRIBUTIONS:
        _distributions(t, name)
        return
    for r in t.rows(dtypes=WIDE_FLOATS) + t.hard_rows():
        match name:
            case "softmax":
                t.to_the_last_digits(t.of_row(name, r.z), r.s)
            case "log_softmax":
                t.to_the_last_digits(t.of_row(name, r.z), r.log_s)
            case "logsumexp":
                t.to_the_last_digits(t.of_row(name, r.z), r.lse, r.size)
            case "loss" | "grad":
                for k in {0, int(np.argmax(r.z))}:
                    right = r.loss_of(k) if name == "loss" else r.grad_of(k)
                    t.to_the_last_digits(t.of_row(name, r.z, k), right)
                if r.n <= _MANY:
                    with suppress(StopError, NotSupportedError):  # P15 says so if it takes none
                        _soft_label(t, name, r)
            case "softmax_jacobian" if r.n <= _MANY:
                J = t.of_row(name, r.z)
                t.to_the_last_digits(J[0], r.first_slopes, ulps=2 * LAST_DIGITS)
                t.to_the_last_digits(J.diagonal(), r.own_slopes, ulps=2 * LAST_DIGITS)


def _soft_label(t: Trial, name: str, r: Row) -> None:
    """Do so with a label that has nine tenths on one class, and equal shares on all."""
    y = smoothed(r, 0, 0.1)
    if name == "loss":
        terms = as_numbers(y) * -as_numbers_of(r.log_s)
        got = t.run("loss", r.z, y, shape=())
        t.to_the_last_digits(got, exact(mp50().fsum(terms)))
    else:
        got = t.run("grad", r.z, y, shape=r.z.shape)
        t.to_the_last_digits(got, r.grad(y), np.maximum(r.s.hi, y))


def _distributions(t: Trial, name: str) -> None:
    for x in t.pairs() + t.hard_pairs():
        if x.p.dtype in WIDE_FLOATS:
            rights = {"cross_entropy": x.cross, "entropy": x.own, "kl_divergence": x.kl}
            size = x.scale - 1 if name == "kl_divergence" else 0.0
            t.to_the_last_digits(t.of_pair(name, x), rights[name], size)


def _third(r: Row, k: int) -> Exact:
    return exact(as_numbers_of(r.grad_of(k)) / 3)


def _mean_of_losses(batch: tuple[tuple[float, ...], ...]) -> Exact:
    losses = [Row(z).loss_of(i % len(z)) for i, z in enumerate(batch)]
    return exact(mp50().fsum(map(as_numbers_of, losses)) / len(batch))


@claim("P17", "stability-owed", "loss_and_grad", level="exact")
def p17(t: Trial) -> None:
    """loss_and_grad gives the mean loss of a batch, and the gradient of that mean to the same
    ulps.
    """
    for r in t.rows(n=1000, dtypes=WIDE_FLOATS):
        for k in {0, int(np.argmax(r.z))}:
            # Thrice the same example, twice in reverse: the mean of the losses is the loss.
            z = np.stack([r.z, r.z[::-1], r.z[::-1]])
            labels = np.array([k, r.n - 1 - k, r.n - 1 - k])
            loss = t.mean_loss(z, labels)
            t.to_the_last_digits(loss, r.loss_of(k))
            grad = t.grad_of_mean_loss(z, labels)
            third = t.kept(_third, r, k)
            for i, step in enumerate((1, -1, -1)):
                t.to_the_last_digits(grad[i, ::step], third)
    for r in t.hard_rows()[-1:]:  # many equal losses: a plain sum rounds the same way each time
        z, labels = np.tile(r.z, (127, 1)), np.zeros(127, np.intp)
        loss = t.mean_loss(z, labels)
        t.to_the_last_digits(loss, r.loss_of(0))
    z = np.random.default_rng(9).normal(size=(40, 6))
    labels = np.arange(40) % 6
    right = t.kept(_mean_of_losses, tuple(map(tuple, z.tolist())))
    t.near(t.mean_loss(z, labels), right, ROUNDINGS)


@claim("P18", "stability-owed", "parts", level="exact")
def p18(t: Trial) -> None:
    """Merged from parts, of any size and in any order, log-sum-exp is as exact as P16 asks."""
    dtypes = [dtype for dtype in WIDE_FLOATS if dtype in t.f.dtypes]
    rising = [t.kept(row, dtype, *np.linspace(0, 1, 1000).tolist()) for dtype in dtypes]
    for r in t.rows(n=1000, dtypes=WIDE_FLOATS) + t.hard_rows() + rising:
        # One by one; of a long row only if each raises the maximum, where most is to be lost.
        pieces = r.n if r.n <= 130 or r in rising else 40
        for parts in (np.array_split(r.z, pieces), [[*np.array_split(r.z, 3)], [np.array([])]]):
            t.to_the_last_digits(t.of_parts(parts), r.lse, r.size)
