"""From the first input that shows a fault to the smallest one that still does."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from cecore.claims.isolated import DiedError, Here
from cecore.claims.kit.probe import Case, Fault, ended, judge
from cecore.claims.model import FUNCTIONS, Array, NotSupportedError

# Enough for the deepest fault seen: so many calls, and logits in all of them together.
CALLS, LOGITS = 400, 1_000_000
# How much of all that a crash costs, for which a process starts again, and a hang.
DEATH = {"crash": 1 / 40, "hang": 1 / 3}


def shrunk(runner: Here, fault: Fault) -> Fault:
    """Return a fault of the same kind with a smaller input; the input's kind stays the same."""
    left = 1.0

    def fails(case: Case) -> Fault | None:
        nonlocal left
        if left <= 0:
            return None
        left -= 1 / CALLS + case.args[0].size / LOGITS
        found: Fault | None = None
        try:
            found = runner.run(judge, case)
        except DiedError as died:
            left -= DEATH[died.kind]
            found = ended(case, died)
        except (NotSupportedError, ValueError, IndexError):
            return None
        same = found and (found.raised, found.kind) == (fault.raised, fault.kind)
        return found if same else None

    if not fault.case.args:
        return fault
    for step in (_rows, _classes, _numbers):
        fault = _smaller(fault, step, fails)
    return fault


def _smaller(
    fault: Fault,
    step: Callable[[Case], Iterator[Case]],
    fails: Callable[[Case], Fault | None],
) -> Fault:
    """Take each step that leaves the fault, until none does."""
    while True:
        for case in step(fault.case):
            if found := fails(case):
                fault = found
                break
        else:
            return fault


def _kinds(case: Case) -> tuple[int, bool]:
    """Return the class axis of the logits, and whether the labels are indices."""
    z = case.args[0]
    indices = FUNCTIONS[case.function].takes[-1] == "labels" and case.args[1].ndim < z.ndim
    return (-1 if case.axis is None else case.axis) % z.ndim, indices


def _rows(case: Case) -> Iterator[Case]:
    """Take one row of a batch, or half of them; along each axis but that of the classes."""
    z = case.args[0]
    if FUNCTIONS[case.function].takes[0] == "h":
        h, w, labels = case.args
        for part in (slice(1), slice(len(h) // 2), slice(len(h) // 2, None)) if len(h) > 1 else ():
            yield replace(case, args=(h[part], w, labels[part]))
        return
    axis, indices = _kinds(case)
    for other in range(z.ndim):
        count = z.shape[other]
        if other == axis or count < 2:
            continue
        halves = [slice(0, count // 2), slice(count // 2, count)]
        ones = [slice(i, i + 1) for i in {0, count // 2, count - 1}]
        for part in ones + halves + [slice(0, count - 1)]:
            if part == slice(0, count):
                continue
            args = [_cut(z, other, part)]
            for a in case.args[1:]:
                # Indices have one axis fewer.
                place = other - (indices and other > axis)
                args.append(_cut(a, place, part))
            yield replace(case, args=tuple(args))


def _cut(a: Array, axis: int, part: slice) -> Array:
    index: list[slice] = [slice(None)] * a.ndim
    index[axis] = part
    return a[tuple(index)]


def _classes(case: Case) -> Iterator[Case]:
    """Leave out some classes, if no label says one of them; distributions keep theirs."""
    z = case.args[0]
    axis, indices = _kinds(case)
    n = z.shape[axis]
    takes = FUNCTIONS[case.function].takes
    if n < 2 or takes[0] in ("p", "h") or (takes[-1] == "labels" and not indices):
        return
    used = set(case.args[1].ravel().tolist()) if indices else set()
    for part in (n // 2, n // 4, n // 16, 1):
        for start in range(0, n, part) if part > 0 and n // part <= 32 else ():
            out = [i for i in range(start, min(start + part, n)) if i not in used]
            if not out or len(out) == n:
                continue
            keep = np.setdiff1d(np.arange(n), out)
            args = [np.take(z, keep, axis)]
            for a in case.args[1:]:
                args.append(np.searchsorted(keep, a) if indices else np.take(a, keep, axis))
            yield replace(case, args=tuple(args))


def _numbers(case: Case) -> Iterator[Case]:
    """Make logits simpler: 0, whole numbers, smaller ones."""
    z = case.args[0]
    if FUNCTIONS[case.function].takes[0] == "p" or z.size > 12:
        return
    wide = z.astype(np.float64)
    with np.errstate(all="ignore"):
        rounded = np.rint(wide)
        tries = [rounded, *(np.round(wide, digits) for digits in (1, 2, 4))]
        tries.append(rounded - rounded[np.isfinite(rounded)].max(initial=0.0))
        for at in np.ndindex(z.shape):
            value = rounded[at]
            if not np.isfinite(value):
                continue
            one = np.sign(value)
            for other in (0.0, np.trunc(value / 2), value - 8 * one, value - one):
                if abs(other) < abs(value):
                    changed = rounded.copy()
                    changed[at] = other
                    tries.append(changed)
        for tried in tries:
            simpler = tried.astype(z.dtype)
            same = np.array_equal(np.isfinite(simpler), np.isfinite(z))
            if same and not np.array_equal(simpler, z) and _weight(simpler) < _weight(z):
                yield replace(case, args=(simpler, *case.args[1:]))


def _weight(z: Array) -> tuple[int, float]:
    """Return how many digits follow the points of all entries, and how large they are."""
    x = z.astype(np.float64)
    x = x[np.isfinite(x)]
    digits = sum(len(repr(v).partition(".")[2]) for v in x.tolist() if v != int(v))
    return digits, float(abs(x).sum() + (x != 0).sum())
