"""What was found about each claim, and how it is laid out."""

import dataclasses
import json
import textwrap
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from cecore.claims.kit.causes import Cause, as_dict, causes, counts, text
from cecore.claims.kit.examine import Examination
from cecore.claims.kit.junit import junit
from cecore.claims.kit.page import page
from cecore.claims.kit.probe import LEVELS
from cecore.claims.model import Claim, Evidence
from cecore.proofs.book import DERIVATIONS

HEAD = ("claim", "verdict", "inputs", "ulps", "sentence")


@dataclasses.dataclass(frozen=True)
class Report:
    """The evidence for each claim that was checked, and what else must be said of it."""

    name: str
    results: list[tuple[Claim, Evidence]]
    note: str = ""
    examination: Examination | None = None
    by_claims: bool = True
    level: str = "robust"

    @property
    def failed(self) -> list[tuple[Claim, Evidence]]:
        """The claims that were refuted, or that could not be checked because of an error."""
        return [(c, e) for c, e in self.results if e.verdict in ("failed", "error")]

    @property
    def checked(self) -> bool:
        """Whether anything was checked at all: a claim that does not apply is not."""
        looked = self.examination is not None and bool(self.examination.findings)
        return looked or any(e.verdict != "not applicable" for _, e in self.results)

    @property
    def ok(self) -> bool:
        """Whether there is no fault in the levels that count, and no claim failed that counts."""
        return not self.faults and not (self.by_claims and self.failed)

    @property
    def faults(self) -> list[Cause]:
        """What was found in the levels that count, correct and robust unless more was asked for."""
        return [cause for cause in self.causes if cause.probe.level in self.counted]

    @property
    def counted(self) -> tuple[str, ...]:
        """The levels that count."""
        return LEVELS[: LEVELS.index(self.level) + 1]

    @cached_property
    def causes(self) -> list[Cause]:
        """What was found in all levels. Each looks for its smallest input once."""
        return causes(self.examination) if self.examination else []

    def assert_ok(self) -> None:
        """Raise an AssertionError that lists what failed, or if nothing was checked at all."""
        if not self.checked:
            raise AssertionError(f"{self.summary()}: no claim was checked")
        if self.faults:
            raise AssertionError(self.text())
        if self.by_claims and self.failed:
            table = self.table(verbose=True, only_failed=True)
            raise AssertionError("\n".join(filter(None, [self.summary(), table, self.note])))

    def text(self, width: int = 80) -> str:
        """Say where it goes wrong: levels, causes, and what was not looked at."""
        if self.examination is None:
            return self.table(width=width)
        return text(self.name, self.examination, self.causes, width)

    __str__ = text

    def html(self) -> str:
        """Return the report as HTML, which is what a notebook shows."""
        if self.examination is None:
            return f"<pre>{escape(self.table())}</pre>"
        return page(self.name, self.examination, self.causes)

    _repr_html_ = html

    def junit(self) -> str:
        """Return the levels as JUnit XML, with a test for each probe, function and dtype."""
        if self.examination is None:
            raise ValueError("claims alone have no levels: leave out claims")
        return junit(self.name, self.examination, self.causes, self.counted)

    def summary(self) -> str:
        """How many claims held, failed and did not apply, in one line."""
        verdicts = [e.verdict for _, e in self.results]
        counts = [f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts)]
        return f"{self.name}: {', '.join(counts) or 'nothing to check'}"

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Id, verdict, inputs, worst error in ulps, and sentence of each claim."""
        return [*map(_row, self.results)]

    def table(self, *, verbose: bool = False, only_failed: bool = False, width: int = 100) -> str:
        """Lay the evidence out as plain text: if verbose, with worst input and message as well.

        And with the proofs, unless only what failed is shown: of its function they say nothing.
        """
        shown = self.failed if only_failed else self.results
        rows = [HEAD, *map(_row, shown)]
        sizes = [max(len(row[i]) for row in rows) for i in range(4)]
        indent = " " * (sum(sizes) + 8)  # two spaces after each of the four
        lines = []
        for number, (name, verdict, inputs, ulps, sentence) in enumerate(rows):
            cells = [name.ljust(sizes[0]), verdict.ljust(sizes[1])]
            cells += [inputs.rjust(sizes[2]), ulps.rjust(sizes[3]), sentence]
            lines += textwrap.wrap("  ".join(cells), width, subsequent_indent=indent)
            if verbose and number > 0:
                for detail in details(*shown[number - 1], proofs=not only_failed):
                    lines += textwrap.wrap(
                        detail, width, initial_indent=" " * 4, subsequent_indent=" " * 6
                    )
        return "\n".join(line.rstrip() for line in lines)

    def to_json(self) -> str:
        """Return the evidence as JSON; an infinite error is the string "inf"."""
        claims = []
        for claim, evidence in self.results:
            entry = {k: getattr(claim, k) for k in ("id", "sentence", "chapter", "label", "proofs")}
            entry |= dataclasses.asdict(evidence)
            if evidence.ulps == np.inf:
                entry["ulps"] = "inf"
            claims.append(entry)
        whole: dict[str, Any] = {"implementation": self.name, "ok": self.ok}
        if self.note:
            whole["note"] = self.note
        if self.examination is not None:
            whole["levels"] = {
                level: {"looked": looked, "faults": wrong}
                for level, (looked, wrong) in counts(self.examination).items()
            }
            whole["causes"] = [as_dict(cause) for cause in self.causes]
        whole["claims"] = claims
        text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        # Half of a pair of surrogates has no place in UTF-8, but an escape in JSON.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _row(result: tuple[Claim, Evidence]) -> tuple[str, str, str, str, str]:
    claim, found = result
    inputs = str(found.inputs) if found.inputs else ""
    return claim.id, found.verdict, inputs, _figure(found.ulps), claim.sentence


def _figure(ulps: float | None) -> str:
    if ulps is None:
        return ""
    return f"{ulps:.1f}" if ulps < 1e4 else f"{ulps:.0e}"


def details(claim: Claim, evidence: Evidence, proofs: bool = True) -> list[str]:
    """Return what else there is to say: the proofs, the worst input, and what came of it."""
    labels = claim.proofs if proofs else ()
    proved = [("proof", line) for label in labels for line in _proof(label)]
    found = [("worst", evidence.worst), ("found", evidence.message), ("reason", claim.reason)]
    return [f"{name}: {text}" for name, text in [*proved, *found] if text]


def _proof(label: str) -> list[str]:
    """Prove a derivation of the book here and now, and show it."""
    derivation = DERIVATIONS[label]
    try:
        done = derivation.prove()
    except ImportError as error:
        done = f"not checked here: {error}"
    return [f"{label}. {done}", *derivation.latex().splitlines()]
