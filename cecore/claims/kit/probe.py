"""How a probe looks, judges, and what it finds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cecore.claims.isolated import DiedError
from cecore.claims.kit.options import right_with_options
from cecore.claims.kit.right import Right, floats, of_linear, of_mean, of_pair, of_parts, rows_of
from cecore.claims.kit.subject import Subject
from cecore.claims.limits import beyond, fit
from cecore.claims.model import (
    FUNCTIONS,
    LABELLED,
    Array,
    Implementation,
    NotSupportedError,
    StopError,
)

LEVELS = ("correct", "robust", "exact", "strict")


@dataclass(frozen=True)
class Case:
    """A call, and how closely its result is looked at.

    ``args`` are logits first, then labels or a direction, or two distributions. Their classes lie
    along ``axis``; None leaves that to the function, and means the last one.
    """

    function: str
    args: tuple[Array, ...]
    axis: int | None = -1
    spread: bool = False  # differences of logits are what may be rounded, not the logits
    ulps: int = 0  # to the last digits: so many ulps of what the result is made of
    finite: bool = False  # only whether it is a number where it should be one


@dataclass(frozen=True)
class Fault:
    """A result that is wrong, at the entry that is furthest off."""

    case: Case
    ratio: float  # of its error to what is allowed
    got: Any = None
    right: Any = None
    where: tuple[int, ...] = ()
    message: str = ""  # instead of values: it raised, or the shape is wrong
    raised: bool = False
    kind: str = ""  # a "crash" or a "hang", whatever was looked for


def ended(case: Case, died: DiedError) -> Fault:
    """Make a fault of a call that crashed or hung."""
    return Fault(case, np.inf, message=str(died), raised=True, kind=died.kind)


@dataclass
class Finding:
    """What a probe found out about a function in one dtype."""

    probe: "Probe"
    function: str
    dtype: str
    faults: int = 0
    looked: int = 0  # how many calls were looked at; 0 if what was declared forbids them all
    first: Fault | None = None
    flushes: bool = False  # whether numbers below the smallest normal one have been 0
    limits: dict[str, str] = field(default_factory=dict)  # what was refused, and how


Generator = Callable[[Subject, str, np.dtype[Any], np.random.Generator], Iterator[Case]]
Check = Callable[[Subject, str, np.dtype[Any]], str]


@dataclass(frozen=True)
class Probe:
    """One way to go wrong.

    ``cases`` yields calls whose values are compared; or ``check`` looks for itself and says what is
    wrong. ``after`` names probes that must have found nothing for this function and dtype: what
    fails there would only fail here again.
    """

    name: str
    level: str
    title: str
    why: str
    functions: tuple[str, ...]
    claims: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    cases: Generator | None = field(default=None, compare=False)
    check: Check | None = field(default=None, compare=False)
    once: bool = False  # in one dtype only
    plain: bool = False  # not for losses with options, of which nobody asks as much


def right_of(f: Implementation, case: Case) -> Sequence[Right]:
    """Return the right value, or values, with the classes on the last axis."""
    name, axis = case.function, -1 if case.axis is None else case.axis
    kind = FUNCTIONS[name]
    if kind.takes[0] == "h":
        return of_linear(*case.args)
    if kind.takes[0] == "maxima":
        return (of_parts(*case.args),)
    moved = [
        np.moveaxis(a, axis, -1) if np.ndim(a) == np.ndim(case.args[0]) else a for a in case.args
    ]
    with np.errstate(all="ignore"):
        if kind.takes[0] == "p":
            return (of_pair(name, moved[0], moved[-1]),)
        if name in LABELLED and (f.has_options or f.ignore_index is not None):
            rows = rows_of(moved[0], case.spread and f.temperature == 1, f.temperature)
            return right_with_options(f, name, rows, moved[1])
        rows = rows_of(moved[0], case.spread)
        if name == "loss_and_grad":
            return of_mean(rows, moved[1])
        return (getattr(rows, name)(*moved[1:]),)


def judge(subject: Subject, case: Case) -> Fault | None:
    """Call the function, and return what is wrong, if anything is."""
    rights = right_of(subject.implementation, case)
    several = len(rights) > 1
    # (A copy of an array with gaps would have none.)
    given = tuple(a.copy(order="K") if a.flags.forc else a for a in case.args)
    try:
        result = subject.result(case.function, *given, axis=case.axis)
    except StopError as error:
        return Fault(case, np.inf, message=str(error), raised=True)
    for part, right in enumerate(rights):
        try:
            got = result[part] if several else result
        except Exception:
            message = f"{case.function} returned what is no pair of loss and gradient"
            return Fault(case, np.inf, message=message)
        if fault := _compare(subject, case, got, right):
            return fault
    return None


def _compare(subject: Subject, case: Case, result: Any, right: Right) -> Fault | None:
    name = case.function
    try:
        got = np.array(result)
        wide = got.astype(right.value.dtype if right.value.dtype != object else np.float64)
    except Exception:
        return Fault(case, np.inf, message=f"{name} returned what is no array of numbers")
    if got.ndim == np.ndim(case.args[0]) == right.value.ndim and FUNCTIONS[name].gives == "row":
        wide = np.moveaxis(wide, -1 if case.axis is None else case.axis, -1)
    if wide.shape != right.value.shape:
        expected = right.value.shape
        message = f"{name} returned shape {got.shape}, not {expected}"
        if name == "loss" and not got.shape:
            message += ": declare its reduction, if this is one"
        return Fault(case, np.inf, message=message)
    ratio = ratios(subject, case, got.dtype, wide, right)
    if not ratio.size or ratio.max() <= 1:
        return None
    at = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    where = tuple(int(i) for i in at)
    return Fault(case, float(ratio[at]), wide[at], right.value[at], where)


def ratios(subject: Subject, case: Case, dtype: np.dtype[Any], got: Array, right: Right) -> Array:
    """Return the error of each entry by what is allowed: above 1 it is wrong."""
    given = next(a.dtype for a in case.args if a.dtype.kind not in "iub")
    info = subject.info(given)
    if dtype.kind not in "iub" and dtype.itemsize < given.itemsize:
        info = subject.info(dtype)  # what it computes in may be wider than what it returns
    with np.errstate(all="ignore"):
        value = floats(right.value)
        overflows = abs(value) > info.max
        error = floats(abs(got - right.value))
        same = (floats(got) == value) | (overflows & (floats(got) == np.sign(value) * np.inf))
        # Subnormal numbers may be flushed to 0: that is said, and not held against a function.
        flushed = (floats(got) == 0) & (value != 0) & (abs(value) < info.tiny)
        if flushed.any() and (abs(value) >= 2 * info.least)[flushed].any():
            subject.flushing.add(case.function)
        error = np.where(same | flushed, 0.0, np.where(np.isnan(error), np.inf, error))
        if case.finite:
            return np.where(np.isfinite(floats(got)) | ~np.isfinite(value) | same, 0.0, np.inf)
        if case.ulps:
            allowed = case.ulps * info.ulp(right.size)
        else:
            # Where only differences of logits are rounded, half of the digits are kept at least:
            # what is lost of the others is a matter of the exact level.
            slack = np.maximum(right.slack * info.eps, info.eps**0.5 if case.spread else 0)
            allowed = slack * np.where(np.isfinite(right.scale), right.scale, 0)
        ratio = error / (allowed + 4 * (info.least if case.ulps else info.tiny))
    return np.asarray(ratio, dtype=np.float64)


def limit_of(case: Case) -> str:
    """Return which kind of input this is that a function may refuse without being wrong."""
    z, *more = case.args
    if more and FUNCTIONS[case.function].takes[-1] == "labels":
        if more[0].ndim == z.ndim:
            return "distributions as labels"
        if more[0].dtype != np.intp:
            return f"labels of {more[0].dtype}"
    if z.ndim == 1:
        return "a row alone"
    if not z.size:
        return "an empty batch"
    if case.axis not in (-1, None):
        return "another axis"
    if z.ndim > 2:
        return "more than two axes"
    if z.shape[-1] == 1:
        return "a single class"
    return "" if z.flags.c_contiguous else "other memory layouts"


def fitting(subject: Subject, cases: Iterator[Case]) -> Iterator[Case]:
    """Give cases the shapes that are declared, if any are."""
    f = subject.implementation
    for case in cases:
        z, *more = case.args
        fixed = f.shapes or (f.weights is not None and case.function in LABELLED)
        if not fixed or z.ndim != 2 or case.axis not in (-1, None):
            yield case
            continue
        for like in fit(f, case.function, z):
            args = [like]
            for a in more:
                if a.ndim == 1:
                    args.append(np.resize(a, len(like)) % like.shape[-1])
                else:
                    args += fit(replace(f, shapes=(like.shape,)), case.function, a)
            if FUNCTIONS[case.function].takes[0] == "p":
                args = [distribution(a.astype(np.float64), a.dtype) for a in args]
            elif more and more[0].ndim == 2 and case.function in LABELLED:
                args[1] = distribution(args[1].astype(np.float64), args[1].dtype)
            yield replace(case, args=tuple(args))


def distribution(p: Array, dtype: np.dtype[Any]) -> Array:
    """Return rows in a dtype that sum to 1 as nearly as they can."""
    p = (p / p.sum(-1, keepdims=True)).astype(dtype)
    rest = 1 - p.astype(np.float64).sum(-1, keepdims=True)
    top = p.argmax(-1)[..., None]
    fixed = np.take_along_axis(p.astype(np.float64), top, -1) + rest
    np.put_along_axis(p, top, fixed.astype(dtype), -1)
    return p


def look(subject: Subject, probe: Probe, name: str, dtype: np.dtype[Any], seed: int) -> Finding:
    """Let a probe look at a function in one dtype."""
    finding = Finding(probe, name, dtype.name)
    try:
        if probe.check:
            subject.deaf = True
            finding.looked = 1
            message = probe.check(subject, name, dtype)
            if message:
                finding.faults = 1
                finding.first = Fault(Case(name, ()), np.inf, message=message)
        elif probe.cases:
            # The same for every function, and in every run with the same seed.
            rng = np.random.default_rng([seed, *probe.name.encode()])
            for case in fitting(subject, probe.cases(subject, name, dtype, rng)):
                if beyond(subject.implementation, name, case.args, case.axis):
                    continue
                finding.looked += 1
                limit = limit_of(case)
                try:
                    fault = judge(subject, case)
                except NotSupportedError as error:
                    finding.limits.setdefault(limit or probe.name, str(error))
                    continue
                if fault and fault.raised and limit:
                    finding.limits.setdefault(limit, fault.message)
                elif fault:
                    finding.faults += 1
                    finding.first = finding.first or fault
                    if finding.faults >= 3:  # enough to know, and to begin to shrink from
                        break
    except NotSupportedError as error:
        finding.limits[probe.name] = str(error)
    except StopError as error:
        finding.faults = 1
        finding.first = Fault(Case(name, ()), np.inf, message=str(error), raised=True)
    finally:
        subject.deaf = False
    finding.flushes = name in subject.flushing
    return finding
