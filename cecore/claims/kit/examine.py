"""An examination: which dtypes each function takes, then each probe in turn."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cecore.claims.isolated import DiedError, Here
from cecore.claims.kit.cases import any_calls
from cecore.claims.kit.probe import LEVELS, Case, Fault, Finding, Probe, ended, fitting, look
from cecore.claims.kit.probes import PROBES
from cecore.claims.kit.subject import Subject, known_dtypes
from cecore.claims.limits import beyond
from cecore.claims.model import LABELLED, Implementation, NotSupportedError, StopError


@dataclass
class Examination:
    """What was found, and in what."""

    runner: Here
    takes: dict[str, list[str]] = field(default_factory=dict)  # function to names of dtypes
    refused: dict[str, str] = field(default_factory=dict)  # dtype to why no function takes it
    findings: list[Finding] = field(default_factory=list)

    @property
    def subject(self) -> Subject:
        """What is examined."""
        return self.runner.subject

    def look(
        self,
        levels: Iterable[str] = LEVELS[:3],
        dtypes: Iterable[str] | None = None,
        seed: int = 0,
    ) -> None:
        """Let the probes of some levels look."""
        self.find_dtypes(dtypes)
        faulty = {(f.probe.name, f.function, f.dtype) for f in self.findings}
        died: set[tuple[Probe, str]] = set()  # one dtype shows it
        options = self.subject.implementation.has_options
        for probe in PROBES:
            if probe.level not in levels:
                continue
            for name in probe.functions:
                names = self.takes.get(name, [])
                for dtype in names[:1] if probe.once else names:
                    if name in self.runner.dropped or (probe, name) in died:
                        continue
                    if probe.plain and name in LABELLED and options:
                        continue
                    if any((before, name, dtype) in faulty for before in probe.after):
                        continue
                    finding = self.finding(probe, name, dtype, seed)
                    self.findings.append(finding)
                    if finding.faults:
                        faulty.add((probe.name, name, dtype))
                    if finding.first and finding.first.kind:
                        died.add((probe, name))

    def finding(self, probe: Probe, name: str, dtype: str, seed: int = 0) -> Finding:
        """Let a probe look at a function in one dtype."""
        try:
            found: Finding = self.runner.run(look, probe, name, known_dtypes()[dtype], seed)
        except DiedError as died:
            self.runner.bury(died)
            return deadly(probe, name, dtype, died)
        return found

    def dtypes(self, wanted: Iterable[str] | None = None) -> list[str]:
        """Return those to try, the widest first: its words are the simplest."""
        known = [*known_dtypes()][::-1]
        if wanted is not None:
            return [name for name in known if name in wanted]
        declared = {np.dtype(d).name for d in self.subject.implementation.dtypes}
        return [name for name in known if name in declared or known_dtypes()[name].kind != "f"]

    def find_dtypes(self, wanted: Iterable[str] | None = None) -> None:
        """Find out which dtypes each function takes."""
        raised: dict[str, tuple[str, str]] = {}
        for name in self.dtypes(wanted):
            why = ""
            for function in self.subject.names:
                if function in self.runner.dropped:
                    continue
                try:
                    refusal = self.runner.run(_refusal, function, name)
                except DiedError as died:
                    self.runner.bury(died)
                    self.findings.append(deadly(PROBES[0], function, name, died))
                    continue
                if refusal is None:
                    continue
                if not refusal.why:
                    self.takes.setdefault(function, []).append(name)
                    continue
                why = why or refusal.why
                if refusal.raised:
                    raised.setdefault(function, (name, refusal.why))
            if why and not any(name in taken for taken in self.takes.values()):
                self.refused[name] = why
        if self.takes:  # a function that takes nothing beside others that do
            for function, (name, why) in raised.items():
                if function not in self.takes:
                    fault = Fault(Case(function, ()), np.inf, message=why, raised=True)
                    self.findings.append(Finding(PROBES[0], function, name, 1, first=fault))


def examine(
    implementation: Implementation,
    *,
    levels: Iterable[str] = LEVELS[:3],
    dtypes: Iterable[str] | None = None,
    seed: int = 0,
) -> Examination:
    """Let the probes of some levels look at an implementation."""
    found = Examination(Here(implementation))
    found.look(levels, dtypes, seed)
    return found


def deadly(probe: Probe, name: str, dtype: str, died: DiedError) -> Finding:
    """Make a finding of a crash or a hang."""
    function, args, axis = died.call or (name, (), None)
    case = Case(function, tuple(map(np.asarray, args)), axis)
    return Finding(probe, name, dtype, 1, first=ended(case, died))


class Refusal(NamedTuple):
    """Why a function takes no input of a dtype; "" if it takes some."""

    why: str = ""
    raised: bool = False


def _refusal(subject: Subject, function: str, dtype: str) -> Refusal | None:
    """Try a function. None: it takes no floats, and is looked at once, in float64."""
    if function in ("one_hot", "parts"):
        return Refusal() if dtype == "float64" else None
    refusal = Refusal()
    for shape in ((2, 3), (3,)):
        cases = any_calls(function, shape, known_dtypes()[dtype], np.random.default_rng(1))
        for case in fitting(subject, cases):
            if beyond(subject.implementation, function, case.args):
                continue
            try:
                subject.result(function, *case.args)
            except (StopError, NotSupportedError) as error:
                if not refusal.why:
                    refusal = Refusal(str(error), isinstance(error, StopError))
            else:
                return Refusal()
    return refusal
