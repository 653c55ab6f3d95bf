"""An examination: which dtypes each function takes, then each probe in turn."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cecore.claims.kit.cases import any_calls
from cecore.claims.kit.probe import LEVELS, Finding, look
from cecore.claims.kit.probes import PROBES
from cecore.claims.kit.subject import Subject, known_dtypes
from cecore.claims.listening import listening
from cecore.claims.model import Implementation, NotSupportedError, StopError


@dataclass
class Examination:
    """What was found, and in what."""

    subject: Subject
    takes: dict[str, list[str]] = field(default_factory=dict)  # function to names of dtypes
    refused: dict[str, str] = field(default_factory=dict)  # dtype to why no function takes it
    findings: list[Finding] = field(default_factory=list)


def examine(
    implementation: Implementation,
    *,
    levels: Iterable[str] = LEVELS[:3],
    dtypes: Iterable[str] | None = None,
    seed: int = 0,
) -> Examination:
    """Let the probes of some levels look at an implementation."""
    subject = Subject(implementation)
    found = Examination(subject)
    faulty: set[tuple[str, str, str]] = set()
    # What comes of converting a result is not told; `Subject.result` listens for itself.
    with np.errstate(all="ignore"), listening():
        _probe_dtypes(found, dtypes)
        for probe in PROBES:
            if probe.level not in levels:
                continue
            for name in probe.functions:
                names = found.takes.get(name, [])
                for dtype in names[-1:] if probe.once else names:
                    if any((before, name, dtype) in faulty for before in probe.after):
                        continue
                    finding = look(subject, probe, name, known_dtypes()[dtype], seed)
                    found.findings.append(finding)
                    if finding.faults:
                        faulty.add((probe.name, name, dtype))
    return found


def _probe_dtypes(found: Examination, wanted: Iterable[str] | None) -> None:
    """Find out which dtypes each function takes."""
    subject = found.subject
    declared = {np.dtype(d).name for d in subject.implementation.dtypes}
    names = [*wanted] if wanted is not None else [*known_dtypes()]
    for name in names:
        dtype = known_dtypes()[name]
        if wanted is None and name not in declared and dtype.kind == "f":
            continue
        why = ""
        for function in subject.names:
            refusal = _refusal(subject, function, dtype)
            if refusal:
                why = why or refusal
            else:
                found.takes.setdefault(function, []).append(name)
        if why and not any(name in taken for taken in found.takes.values()):
            found.refused[name] = why


def _refusal(subject: Subject, function: str, dtype: np.dtype[Any]) -> str:
    """Return why a function takes no input of a dtype; "" if it takes some."""
    if function in ("one_hot", "parts"):
        return "" if dtype == np.float64 else "another kind of input"
    why = ""
    for shape in ((2, 3), (3,)):
        for case in any_calls(function, shape, dtype, np.random.default_rng(1)):
            try:
                subject.result(function, *case.args)
            except (StopError, NotSupportedError) as error:
                why = why or str(error)
            else:
                return ""
    return why
