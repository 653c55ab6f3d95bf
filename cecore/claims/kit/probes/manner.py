"""Correct still: what a function does to memory, and whether it does the same twice."""

from typing import Any

import numpy as np

from cecore.claims.kit.cases import any_calls
from cecore.claims.kit.probe import Case, Probe, fitting, limit_of
from cecore.claims.kit.probes.correct import ANY
from cecore.claims.kit.subject import Subject
from cecore.claims.limits import beyond
from cecore.claims.model import Array, NotSupportedError, StopError
from cecore.claims.words import short

Dtype = np.dtype[Any]


def _calls(s: Subject, name: str, dtype: Dtype) -> list[tuple[Array, ...]]:
    rng = np.random.default_rng(6)
    shapes = ((5, 3), (4, 40))
    cases = (case for shape in shapes for case in any_calls(name, shape, dtype, rng))
    found = []
    for case in fitting(s, cases):
        if beyond(s.implementation, name, case.args):
            continue
        if not (limit_of(case) and _refuses(s, case)):
            found.append(case.args)
    return found


def _refuses(s: Subject, case: Case) -> bool:
    try:
        s.result(case.function, *(a.copy() for a in case.args))
    except (StopError, NotSupportedError):
        return True
    return False


def _parts(result: Any) -> list[Array]:
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


def unchanged(s: Subject, name: str, dtype: Dtype) -> str:
    """Say which argument is another afterwards."""
    for args in _calls(s, name, dtype):
        given = [a.copy() for a in args]
        s.result(name, *given)
        for number, (before, after) in enumerate(zip(args, given, strict=True)):
            if not np.array_equal(before, after):
                return f"{name} has changed argument {number + 1}, {short(before[0])} among it"
    return ""


def read_only(s: Subject, name: str, dtype: Dtype) -> str:
    """Say what is wrong with arrays that cannot be written to."""
    for args in _calls(s, name, dtype):
        given = [a.copy() for a in args]
        for a in given:
            a.flags.writeable = False
        s.result(name, *given)
    return ""


def repeatable(s: Subject, name: str, dtype: Dtype) -> str:
    """Say whether another call gives other bits, or changes what an earlier one gave."""
    for args in _calls(s, name, dtype):
        first = _parts(s.result(name, *(a.copy() for a in args)))
        kept = [part.copy() for part in first]
        second = [part.copy() for part in _parts(s.result(name, *(a.copy() for a in args)))]
        if not all(map(np.array_equal, kept, second)):
            return f"{name} gives other bits when it is called again with the same input"
        s.result(name, *(a[::-1].copy() for a in args))
        if not all(map(np.array_equal, kept, first)):
            return f"the result of {name} changes when it is called again with other input"
    return ""


MANNER = [
    Probe(
        "input", "correct", "the input is changed",
        "Whoever calls still needs it.", ANY, ("P11",), ("plain values",), check=unchanged,
    ),
    Probe(
        "read-only input", "correct", "read-only input is refused",
        "Mapped files and broadcast arrays are read-only.", ANY, ("P11",),
        ("plain values", "input"), check=read_only,
    ),
    Probe(
        "repeated calls", "correct", "a call disturbs another",
        "A result that lies in a shared buffer, or a bit that changes, cannot be relied on.", ANY,
        ("P8",), ("plain values", "batches", "input"), check=repeatable,
    ),
]  # fmt: skip
