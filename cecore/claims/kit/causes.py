"""Causes: a block for each way to go wrong, with the smallest input that shows it."""

import textwrap
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cecore.claims.isolated import GONE
from cecore.claims.kit.examine import Examination
from cecore.claims.kit.probe import LEVELS, Fault, Finding, Probe
from cecore.claims.kit.shrink import shrunk
from cecore.claims.kit.subject import known_dtypes
from cecore.claims.limits import declared
from cecore.claims.model import Array

ENTRIES = 12  # an argument of more entries is described, not written out
# What is told of any probe whose call crashed or hung.
DEADLY = {
    "crash": Probe(
        "crash", "", "a call ends Python",
        "No error can be caught: whoever calls loses all.", (),
    ),
    "hang": Probe("hang", "", "a call does not return", "Whoever calls waits for ever.", ()),
}  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """One way in which the functions go wrong."""

    probe: Probe
    findings: tuple[Finding, ...]
    examination: Examination

    @property
    def functions(self) -> list[str]:
        """The functions that go wrong so, in the order of all."""
        return [*dict.fromkeys(f.function for f in self.findings)]

    @property
    def dtypes(self) -> list[str]:
        """The dtypes in which they do."""
        return [name for name in known_dtypes() if name in {f.dtype for f in self.findings}]

    @cached_property
    def fault(self) -> Fault:
        """The smallest input that was found for it, of the first function in its widest dtype."""
        first = self.findings[0].first
        assert first
        return shrunk(self.examination.runner, first)

    @property
    def call(self) -> str:
        """The call that shows it, as one would write it."""
        case = self.fault.case
        if not case.args:
            return ""
        words = [literal(a) for a in case.args]
        if case.axis not in (-1, None):
            words.append(f"axis={case.axis}")
        return f"{case.function}({', '.join(words)})"

    @property
    def outcome(self) -> list[str]:
        """What came, and what is right, a line each."""
        fault = self.fault
        if fault.message:
            return [fault.message]
        where = f" at {', '.join(map(str, fault.where))}" if any(fault.where) else ""
        pair = float(fault.got), float(fault.right)
        for digits in (6, 9, 13, 17):
            got, right = (f"{x:.{digits}g}" for x in pair)
            if got != right:
                break
        return [f"got   {got}{where}", f"right {right}"]

    @property
    def scope(self) -> str:
        """Where it is so."""
        return f"{', '.join(self.functions)}; {', '.join(self.dtypes)}"


def literal(a: Array) -> str:
    """Write an array so that it can be pasted, or describe one that is too long for that."""
    if a.size > ENTRIES:
        distinct = np.unique(a[np.isfinite(a)].astype(np.float64))
        values = f" of {', '.join(f'{v:g}' for v in distinct)}" if distinct.size <= 3 else ""
        return f"<{a.dtype} {'x'.join(map(str, a.shape))}{values}>"
    text = _list(a)
    return text if a.dtype in (np.float64, np.intp) else f"{a.dtype}({text})"


def _list(a: Any) -> str:
    if np.ndim(a):
        return f"[{', '.join(map(_list, a))}]"
    if a.dtype.kind in "iu":
        return str(int(a))
    value = float(a)
    if not np.isfinite(value):
        return f"{'-' if value < 0 else ''}np.{'nan' if np.isnan(value) else 'inf'}"
    return str(int(value)) if value == int(value) and abs(value) < 1e16 else f"{value!r}"


def told_as(finding: Finding) -> Probe:
    """Return the probe by whose name a finding is told: a crash is one, whatever was looked for."""
    kind = DEADLY.get(finding.first.kind) if finding.first else None
    return replace(kind, level=finding.probe.level) if kind else finding.probe


def causes(examination: Examination) -> list[Cause]:
    """Return what was found, in the order in which the probes looked."""
    found: dict[Probe, list[Finding]] = {}
    for finding in examination.findings:
        if finding.first:
            found.setdefault(told_as(finding), []).append(finding)
    return [Cause(probe, tuple(group), examination) for probe, group in found.items()]


def counts(examination: Examination) -> dict[str, tuple[int, int]]:
    """Return for each level that was looked at how many probes looked, and how many found fault."""
    looked: dict[str, dict[str, int]] = {level: {} for level in LEVELS}
    for finding in examination.findings:
        if not (finding.looked or finding.faults):
            continue
        of_level = looked[finding.probe.level]
        of_level[finding.probe.name] = of_level.get(finding.probe.name, 0) + finding.faults
    return {
        level: (len(probes), sum(map(bool, probes.values())))
        for level, probes in looked.items()
        if probes
    }


def as_dict(cause: Cause) -> dict[str, Any]:
    """Return a cause as JSON can hold it."""
    return {
        "level": cause.probe.level,
        "cause": cause.probe.name,
        "title": cause.probe.title,
        "why": cause.probe.why,
        "claims": cause.probe.claims,
        "functions": cause.functions,
        "dtypes": cause.dtypes,
        "call": cause.call,
        "outcome": [" ".join(line.split()) for line in cause.outcome],
    }


def limits(examination: Examination) -> dict[str, list[str]]:
    """Return what functions refuse that they may refuse, and which do."""
    found: dict[str, list[str]] = {}
    for finding in examination.findings:
        for limit in finding.limits:
            functions = found.setdefault(limit, [])
            if finding.function not in functions:
                functions.append(finding.function)
    return found


def text(name: str, examination: Examination, found: list[Cause], width: int = 80) -> str:
    """Lay an examination out: a line for each level, a block for each cause, then the rest."""
    lines = [name]
    for level, (looked, wrong) in counts(examination).items():
        verdict = "yes" if not wrong else f"NO: {_several(wrong, 'fault')}"
        lines.append(f"  {level:8} {verdict}  ({_several(looked, 'probe')})")
    for cause in found:
        lines += ["", *block(cause, width)]
    lines.append("")
    for line in rest(examination):
        lines += textwrap.wrap(line, width, subsequent_indent="  ")
    return "\n".join(lines)


def block(cause: Cause, width: int = 80) -> list[str]:
    """Lay one cause out."""
    claims = f"  [{', '.join(cause.probe.claims)}]" if cause.probe.claims else ""
    lines = textwrap.wrap(
        f"{cause.probe.level}: {cause.probe.title}{claims}", width, subsequent_indent="  "
    )
    if cause.call:
        lines += textwrap.wrap(cause.call, width, initial_indent="    ", subsequent_indent="      ")
    for line in cause.outcome:
        lines += textwrap.wrap(line, width, initial_indent="    ", subsequent_indent=" " * 10)
    why = f"So in {cause.scope}. {cause.probe.why}"
    lines += textwrap.wrap(why, width, initial_indent="  ", subsequent_indent="  ")
    return lines


def rest(examination: Examination) -> list[str]:
    """Say what was not looked at, and what is no fault but worth knowing."""
    lines = []
    taken = sorted({d for names in examination.takes.values() for d in names})
    lines.append(f"Looked at in {', '.join(taken) or 'no dtype'}.")
    for dtype, why in examination.refused.items():
        lines.append(f"Takes no {dtype}: {why}.")
    if said := declared(examination.subject.implementation):
        lines.append(f"Declared: {', '.join(said)}.")
    refused: dict[str, list[str]] = {}
    for limit, functions in limits(examination).items():
        refused.setdefault(", ".join(functions), []).append(limit)
    for names, kinds in refused.items():
        lines.append(f"Not taken: {', '.join(kinds)} ({names}).")
    warned: dict[str, list[str]] = {}
    for function, warning in examination.subject.warnings.items():
        warned.setdefault(warning, []).append(function)
    for warning, functions in warned.items():
        lines.append(f"Warned: {warning} ({', '.join(functions)}).")
    for name in examination.runner.dropped:
        lines.append(f"{name} {GONE}.")
    flush = dict.fromkeys(f.function for f in examination.findings if f.flushes)
    if examination.subject.flushes:
        lines.append("Numbers below the smallest normal one are 0 in this process.")
    elif flush:
        lines.append(f"Numbers below the smallest normal one are 0 ({', '.join(flush)}).")
    return lines


def _several(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
