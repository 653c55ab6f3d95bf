"""A chain of formulas with a reason for each step, which proves itself by both readings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cecore.proofs.formula import Expr
from cecore.proofs.language import LETTERS, classes_named
from cecore.proofs.latex import latex
from cecore.proofs.numeric import DIGITS, Point, points, same_at, shown, shown_at
from cecore.proofs.symbolic import same_for_every_n


class FalseStepError(AssertionError):
    """A step of a derivation that does not hold."""


@dataclass(frozen=True)
class Derivation:
    """A chain ``start = formula = formula = ...``, each "=" with its reason.

    Parameters
    ----------
    name : str
        The statement that it proves.
    start : Expr
        The left-hand side.
    steps : sequence of (Expr, str)
        The formulas that follow, and why; reasons are LaTeX text, and may be empty.
    cases : sequence of str
        The cases for which to prove it, such as "i = j" and "i != j". By default there is only
        one, "", which assumes nothing.
    labels : str
        What is known of y: "one-hot" (1 at class k), "sum to 1", or "" for any numbers.
    classes : int
        How many classes there are at least.

    Notes
    -----
    Of p and q it is assumed that they are distributions without a zero, and of a letter what
    `language.LETTERS` says. A step that divides has to divide by what is 0 nowhere; a logarithm,
    and a power that is no whole number, has to be one of what is positive everywhere.
    """

    name: str
    start: Expr
    steps: Sequence[tuple[Expr, str]]
    cases: Sequence[str] = ("",)
    labels: str = ""
    classes: int = 1

    def __post_init__(self) -> None:
        """Refuse what would prove nothing."""
        if not self.steps:
            raise ValueError("steps must hold at least one formula")
        pattern = r"|([ijk]) (=|!=) (?!\1)[ijk]"
        if not self.cases or not all(re.fullmatch(pattern, case) for case in self.cases):
            raise ValueError(f"cases must be such as 'i = j' or 'i != j'; got {self.cases!r}")
        if self.labels not in ("", "one-hot", "sum to 1"):
            raise ValueError(f"labels must be 'one-hot', 'sum to 1' or ''; got {self.labels!r}")

    def latex(self) -> str:
        """Typeset the chain: one formula a line, the reasons on the right."""
        lines = [
            latex(formula) + (rf" && \text{{{reason}}}" if reason else "")
            for formula, reason in self.steps
        ]
        if len(lines) == 1 and "&&" not in lines[0]:
            return f"{latex(self.start)} = {lines[0]} ."
        rows = " \\\\[4pt]\n".join(f"  &= {line}" for line in lines)
        return f"\\begin{{aligned}}\n{latex(self.start)}\n{rows} .\n\\end{{aligned}}"

    def prove(self) -> str:
        """Check every step twice, and say what was done.

        Returns
        -------
        str
            How many steps hold, what they assume, and at how many points they were confirmed.

        Raises
        ------
        FalseStepError
            At the first step that does not hold, with both sides and a point where they differ.
        """
        chain = [self.start, *(formula for formula, _ in self.steps)]
        classes = max(self.classes, *map(classes_named, chain))
        tried = {case: points(self.name, case, self.labels, classes) for case in self.cases}
        for number, (left, right) in enumerate(pairwise(chain), 1):
            for case in self.cases:
                apart = next((at for at in tried[case] if not same_at(left, right, at)), None)
                same = apart is None and same_for_every_n(left, right, case, self.labels, classes)
                if not same:
                    raise FalseStepError(self._complaint(number, left, right, case, apart))
        return self._success(sum(map(len, tried.values())))

    def premises(self) -> list[str]:
        """Return what the proof assumes, in words and signs."""
        chain = [self.start, *(formula for formula, _ in self.steps)]
        least = max(self.classes, *map(classes_named, chain))
        given = [f"n >= {least}"] if least > 1 else []
        given += [case for case in self.cases if case]
        if self.labels:
            given.append(f"y {self.labels}")
        met = set().union(*map(_letters_and_vectors, chain))
        signs = {"positive": "> 0", "nonnegative": ">= 0"}
        given += [f"{x} {signs[sign]}" for x, sign in LETTERS.items() if x in met and sign in signs]
        return given + [f"{x} a distribution without a zero" for x in "pq" if x in met]

    def _success(self, seen: int) -> str:
        steps = "1 step" if len(self.steps) == 1 else f"{len(self.steps)} steps"
        given = [case for case in self.cases if case]
        if self.labels:
            given.append(f"y {self.labels}")
        assumed = f" with {' and '.join(given)}" if given else ""
        some = f"n >= {self.classes}" if self.classes > 1 else "n"
        return (
            f"{self.name}: {steps} proved for every {some}{assumed}, "
            f"and confirmed at {seen} points to {DIGITS} digits"
        )

    def _complaint(self, number: int, left: Expr, right: Expr, case: str, at: Point | None) -> str:
        reason = self.steps[number - 1][1]
        because = f" ({reason})" if reason else ""
        assumed = f" for {case}" if case else ""
        text = (
            f"{self.name}, step {number}{because} does not hold{assumed}:\n"
            f"      {latex(left)}\n    = {latex(right)}\n"
        )
        if at is None:
            return text + "No point was found where the sides differ, but it could not be proved."
        logits = ", ".join(map(shown, at.entry["z"]))
        sides = " and ".join(shown_at(side, at) for side in (left, right))
        i, j = at.index["i"] + 1, at.index["j"] + 1
        return text + f"At n = {at.n}, i = {i}, j = {j}, z = ({logits}) the sides are {sides}."


def _letters_and_vectors(x: object) -> set[str]:
    """Return the names of the letters and vectors in a formula."""
    match x:
        case Expr(("letter" | "entry"), (name, *_)):
            return {name}
        case Expr(_, parts):
            return set().union(*map(_letters_and_vectors, parts))
    return set()
