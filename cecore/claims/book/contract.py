"""What an implementation owes its user, whatever the numbers: the chapter "Stability" lists it."""

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import numpy as np

from cecore.claims.dtypes import SUBNORMAL
from cecore.claims.exact import Exact, as_numbers, as_numbers_of, exact, known
from cecore.claims.inputs import (
    FEW,
    ROUNDINGS,
    Pair,
    Row,
    batches,
    direction,
    examples,
    one_hot,
    row,
)
from cecore.claims.model import (
    ALONG_AXIS,
    DISTRIBUTIONS,
    LOGITS,
    Array,
    NotSupportedError,
    StopError,
)
from cecore.claims.registry import Chapter
from cecore.claims.trial import Trial, arguments
from cecore.claims.words import short

CHAPTER = Chapter("stability")
claim = CHAPTER.claim

# In eps: what may lie between two results of the same function for the same numbers.
SAME = 2 * ROUNDINGS
# So often five examples make 1025: blocks of any power of two leave a row over.
_TIMES = 205


# Numbers, dtypes and masks


@claim("P5", "stability-owed", *LOGITS, *DISTRIBUTIONS, "loss_and_grad", each=True, level="robust")
def p5(t: Trial, name: str) -> None:
    """No finite logits, of any size, and no distribution, zeros included, give NaN or a warning."""
    if name in DISTRIBUTIONS:
        for x in t.pairs():
            _quiet(t, t.of_pair(name, x))
        return
    for dtype in t.f.dtypes:
        for z in _extremes(dtype):
            if name == "loss_and_grad":
                for got in _twice(t, z, z.size - 1):
                    _quiet(t, got)
            else:
                _quiet(t, t.of_row(name, z, z.size - 1))


def _extremes(dtype: Any) -> Iterator[Array]:
    """Yield logits that are as large and as small as can be."""
    big, small = np.finfo(dtype).max, SUBNORMAL[dtype]
    rows: list[Any] = [[0, 0], [small, 0], [-90, -95], [big, 0], [0, -big], [big, -big]]
    rows.append([-big, -big])
    if dtype != np.float16:
        rows.append([1000, 0, -1000])
    for z in rows:
        yield np.array(z, dtype)


def _quiet(t: Trial, got: Array) -> None:
    t.that(~np.isnan(got), f"got NaN: {short(got)}")
    t.that(not t.warning, f"warned: {t.warning}")


def _twice(t: Trial, z: Array, k: int) -> tuple[Array, Array]:
    """Return mean loss and gradient of a batch that is twice the same example."""
    batch, labels = np.stack([z, z]), np.array([k, k])
    return t.mean_loss(batch, labels), t.grad_of_mean_loss(batch, labels)


@claim("P6", "stability-owed", *LOGITS, *DISTRIBUTIONS, "loss_and_grad", each=True, level="correct")
def p6(t: Trial, name: str) -> None:
    """The result has the floating dtype of the input: float16, float32 or float64. Integers are
    computed as floats, or refused.
    """
    for dtype in t.f.dtypes:
        if name in LOGITS:
            got = t.of_row(name, np.array([2, 1, 0.5], dtype))
        elif name in DISTRIBUTIONS:
            got = t.of_pair(name, Pair([0.5, 0.5], [0.5, 0.5], dtype))
        else:  # the loss is one number, perhaps Python's
            _, got = _twice(t, np.array([2, 1, 0.5], dtype), 0)
        t.that(got.dtype == dtype, f"got {got.dtype}, right is {np.dtype(dtype)}")
    if name in ("softmax", "log_softmax", "logsumexp"):
        whole = np.array([2, 0, -1])
        _agrees(t, t.of_row(name, whole.astype(np.float64)), name, whole)


def _agrees(t: Trial, want: Array, name: str, *args: Any) -> None:
    """Compare what other integers give; to refuse them is not wrong."""
    try:
        got = t.run(name, *args, shape=want.shape)
    except StopError:
        return
    t.dtype = np.result_type(got.dtype, np.float16)  # some libraries make float32 of integers
    t.near(got, known(want), SAME, 1 + abs(want))


@claim(
    "P7",
    "stability-owed",
    *ALONG_AXIS,
    "softmax_jacobian",
    "loss_and_grad",
    each=True,
    level="robust",
)
def p7(t: Trial, name: str) -> None:
    """A logit of -inf masks its class: probability 0, loss inf, no slope, and the other classes as
    if it were not there.
    """
    for dtype in t.f.dtypes:
        for z in ([2, -np.inf, 0.5], [-np.inf, 0], [-np.inf, 3, -np.inf, 3], [700, -np.inf, 690]):
            r = t.kept(row, dtype, *z)
            masked, k = np.isneginf(r.z), int(np.argmax(r.z))
            if name == "loss_and_grad":
                _masked_in_a_batch(t, r, masked, k)
            else:
                _masked(t, name, r, masked, k)


def _masked(t: Trial, name: str, r: Row, masked: Array, k: int) -> None:
    s = r.s.hi
    rights = {
        "softmax": r.s,
        "log_softmax": r.log_s,
        "logsumexp": r.lse,
        "softmax_jacobian": known(np.diag(s) - np.outer(s, s)),
        "loss": r.loss_of(k),
        "grad": r.grad_of(k),
    }
    scale = 1 + r.size if name == "logsumexp" else 1.0
    got = t.of_row(name, r.z, k)
    t.near(got, rights[name], r.slack, scale)
    if name in ("softmax", "softmax_jacobian", "grad"):
        t.that(got[masked] == 0, f"not 0 at the masked class: {short(got)}")
    if name == "loss":
        got = t.of_row(name, r.z, int(np.argmax(masked)))
        t.that(got == np.inf, f"got {got} for a masked true class, right is inf")


def _masked_in_a_batch(t: Trial, r: Row, masked: Array, k: int) -> None:
    loss, grad = _twice(t, r.z, k)
    t.near(loss, r.loss_of(k), r.slack, 1.0)
    half = exact(as_numbers_of(r.grad_of(k)) / 2)
    t.near(grad, Exact(np.stack([half.hi] * 2), np.stack([half.lo] * 2)), r.slack, 1.0)
    t.that(grad[:, masked] == 0, f"not 0 at the masked class: {short(grad)}")
    loss, _ = _twice(t, r.z, int(np.argmax(masked)))
    t.that(loss == np.inf, f"got {loss} for a masked true class, right is inf")


# Batches and axes


@claim("P8", "stability-owed", *ALONG_AXIS, "softmax_jacobian", each=True, level="correct")
def p8(t: Trial, name: str) -> None:
    """A batch gives what its rows give one by one, however it lies in memory."""
    for z in batches():
        if z.shape[-1] >= t.f.classes:
            # An empty batch may be refused, and other batches are looked at all the same.
            with nullcontext() if z.size else suppress(NotSupportedError, StopError):
                _as_rows(t, name, z, -1)
    few, labels = examples()
    want = t.of_row(name, few, labels)
    many, their_labels = np.tile(few, (_TIMES, 1)), np.tile(labels, _TIMES)
    got = t.of_row(name, many, their_labels)
    right = np.concatenate([want] * _TIMES)
    t.near(got, known(right), SAME, 1 + abs(got))


@claim("P9", "stability-owed", *ALONG_AXIS, each=True, level="correct")
def p9(t: Trial, name: str) -> None:
    """The classes may lie along any axis."""
    z = np.random.default_rng(7).normal(size=(4, 3, 5))
    for axis in (0, 1, -2, -3):
        _as_rows(t, name, z, axis)


def _as_rows(t: Trial, name: str, z: Array, axis: int) -> None:
    """Compare a batch with its rows, one by one."""
    last = np.moveaxis(z, axis, -1).copy()  # of which nothing can be changed
    labels = np.arange(last[..., 0].size).reshape(last.shape[:-1]) % last.shape[-1]
    got = t.of_row(name, z, labels, axis, copy=False)
    call = t.call
    if name in ("softmax", "log_softmax", "grad"):
        got = np.moveaxis(got, axis, -1)
    for i in np.ndindex(last.shape[:-1]):
        alone = t.of_row(name, last[i], labels[i])
        t.call = f"{call}, row {i}"
        t.near(got[i], known(alone), SAME, 1 + abs(alone))


# What goes in


_NO_LOGITS: list[list[float]] = [[0, np.nan], [0, np.inf], [-np.inf, -np.inf], []]
_NO_LABELS = (2, -1, -100, 0.5)  # of two classes
_NO_DISTRIBUTIONS = ([0.5, 0.6], [-0.5, 1.5], [np.nan, 1])


@claim(
    "P10",
    "stability-owed",
    *LOGITS,
    *DISTRIBUTIONS,
    "one_hot",
    "loss_and_grad",
    each=True,
    level="strict",
)
def p10(t: Trial, name: str) -> None:
    """Bad input is refused: NaN or +inf as a logit, every class masked, no class, a label that is
    no class, probabilities that are negative or do not sum to 1.
    """
    # First what must not be refused: a function that always raises tells nobody what is wrong.
    if name in DISTRIBUTIONS:
        even = np.array([0.5, 0.5])
        other = () if name == "entropy" else (even,)
        t.result_of(name, even, *other)
        for p in _NO_DISTRIBUTIONS:
            _refused(t, name, np.array(p), *other)
        return
    if name == "one_hot":
        t.result_of(name, np.array([0]), 2)
        for label in _NO_LABELS:
            _refused(t, name, np.array([label]), 2)
        return
    zeros = np.zeros(2)
    if name == "loss_and_grad":
        t.result_of(name, zeros[None], np.array([0]))
        for z in _NO_LOGITS:
            _refused(t, name, np.array([z]), np.array([0]))
        for y in (*_NO_LABELS, *_NO_DISTRIBUTIONS):
            _refused(t, name, zeros[None], np.array([y]))
        return
    t.result_of(name, *arguments(name, zeros))
    for z in _NO_LOGITS:
        _refused(t, name, *arguments(name, np.array(z)))
    if name in ("loss", "grad"):
        for y in (*_NO_LABELS, *_NO_DISTRIBUTIONS):
            _refused(t, name, zeros, np.array(y))


def _refused(t: Trial, name: str, *args: Any) -> None:
    try:
        got = t.attempt(name, *args)
    except (Exception, SystemExit):
        t.that(True, "refused")
    else:
        t.that(False, f"not refused: got {short(got)}")


@claim(
    "P11",
    "stability-owed",
    *LOGITS,
    *DISTRIBUTIONS,
    "one_hot",
    "loss_and_grad",
    each=True,
    level="correct",
)
def p11(t: Trial, name: str) -> None:
    """The input is not changed."""
    z, labels = examples()
    if name in DISTRIBUTIONS:
        for x in t.pairs():
            _unchanged(t, name, *x.given(name))
    elif name == "one_hot":
        _unchanged(t, name, labels, 3)
    elif name == "loss_and_grad":
        _unchanged(t, name, z, labels)
    else:
        for r in t.rows(n=FEW):
            _unchanged(t, name, *arguments(name, r.z, r.n - 1))
    if name in ("loss", "grad"):
        for y in (labels, np.eye(3)[labels]):
            with suppress(StopError):  # P8 and P15 say so if it takes none
                _unchanged(t, name, z, y)


def _unchanged(t: Trial, name: str, *args: Any) -> None:
    given = [a if isinstance(a, int) else np.array(a) for a in args]
    t.result_of(name, *given)
    for number, (before, after) in enumerate(zip(args, given, strict=True)):
        t.that(before == after, f"afterwards argument {number + 1} is {short(after)}")


# What must agree


@claim("P12", "stability-owed", "softmax", level="correct")
def p12(t: Trial) -> None:
    """Classes in another order have the same probabilities in that order."""
    for r in t.rows():
        order = np.random.default_rng(8).permutation(r.n)
        t.near(t.of_row("softmax", r.z), r.s, r.slack)
        t.near(t.of_row("softmax", r.z[order]), r.s.at(order), r.slack)


@claim("P13", "stability-owed", "softmax", level="correct")
def p13(t: Trial) -> None:
    """A larger logit never has a smaller probability, and equal logits have equal ones."""
    for r in t.rows():
        order = np.argsort(r.z)
        s = t.of_row("softmax", r.z)[order].astype(np.float64)
        room = 2 * t.eps * s[:-1]
        t.at_most(s[:-1], s[1:], room, f"a larger logit has a smaller probability in {short(s)}")
        same = np.diff(r.z[order]) == 0
        t.at_most(abs(np.diff(s))[same], 0, room[same], f"equal logits differ in {short(s)}")


@claim("P14", "stability-owed", "softmax_jvp", "softmax_vjp", each=True, level="correct")
def p14(t: Trial, name: str) -> None:
    """softmax_jvp and softmax_vjp are the products of the Jacobian with a vector, from either
    side.
    """
    for r in t.rows(n=FEW):
        v = direction(r.z)
        right = exact((r.slopes * as_numbers(v)).sum(-1))
        t.near(t.of_row(name, r.z), right, 2 * r.slack, 1.0)


@claim("P15", "stability-owed", "loss", "grad", each=True, level="correct")
def p15(t: Trial, name: str) -> None:
    """A class index, of any integer dtype, and its one-hot distribution are the same label."""
    for r in t.rows(n=FEW):
        for k in range(r.n):
            want = r.loss_of(k) if name == "loss" else r.grad_of(k)
            by_index = t.of_row(name, r.z, k)
            y = one_hot(r.n, k).astype(r.z.dtype)
            by_distribution = t.run(name, r.z, y, shape=want.hi.shape)
            for got in (by_index, by_distribution):
                t.near(got, want, r.slack, 1 + abs(want.hi))
    z, labels = np.random.default_rng(8).normal(size=(4, 3)), np.array([2, 0, 1, 2])
    for dtype in (np.int8, np.uint8, np.int32):
        _agrees(t, t.of_row(name, z, labels), name, z, labels.astype(dtype))
