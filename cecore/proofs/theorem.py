"""A theorem: what is given, and what is claimed. Inequalities and limits are claims, too."""

from collections.abc import Sequence
from dataclasses import dataclass

from cecore.proofs.formula import Expr
from cecore.proofs.language import classes_named
from cecore.proofs.latex import latex
from cecore.proofs.numeric import DIGITS, Point, arithmetic
from cecore.proofs.symbolic import same_for_every_n
from cecore.proofs.truth import names, theorem_points, true_at

WANTED, TRIED = 12, 600  # points where what is given is true, out of so many


@dataclass(frozen=True)
class Theorem:
    """Claims that are true wherever what is given is true.

    Parameters
    ----------
    name : str
        The statement that it is.
    claims : sequence of Expr
        What is claimed.
    given : sequence of Expr
        What is assumed.
    labels : str
        What is known of y: "one-hot" (1 at class k), "sum to 1", "distribution", or "".
    classes : int
        How many classes there are at least.
    zeros : bool
        Whether p and q, which are distributions, may have zeros.
    """

    name: str
    claims: Sequence[Expr]
    given: Sequence[Expr] = ()
    labels: str = ""
    classes: int = 1
    zeros: bool = False

    def __post_init__(self) -> None:
        """Refuse what would claim nothing."""
        if not self.claims:
            raise ValueError("claims must hold at least one proposition")
        if self.labels not in ("", "one-hot", "sum to 1", "distribution"):
            raise ValueError(
                f"labels must be 'one-hot', 'sum to 1', 'distribution' or ''; got {self.labels!r}"
            )

    def latex(self) -> str:
        """Typeset what is given and what is claimed, one proposition a line."""
        lines = [rf"& \text{{given }} {latex(x)}" for x in self.given]
        lines += [f"& {latex(x)}" for x in self.claims]
        return "\\begin{aligned}\n" + " \\\\[4pt]\n".join(lines) + "\n\\end{aligned}"

    def check(self) -> str:
        """Try every claim at random points, and prove those that are plain equations.

        Returns
        -------
        str
            How many claims hold, at how many points, and how many of them are proved for every n.

        Raises
        ------
        AssertionError
            If a claim is false at a point, or if what is given is true almost nowhere.
        """
        propositions = [*self.given, *self.claims]
        classes = max(self.classes, *map(classes_named, propositions))
        seen = 0
        every = theorem_points(self.name, propositions, self.labels, classes, self.zeros)
        with arithmetic().workdps(DIGITS + 15):
            for _, at in zip(range(TRIED), every, strict=False):
                if not all(true_at(x, at) for x in self.given):
                    continue
                for claim in self.claims:
                    if not true_at(claim, at):
                        raise AssertionError(self._complaint(claim, at))
                seen += 1
                if seen == WANTED * (1 + bool(names_of_sets(propositions))):
                    break
        if seen < WANTED:
            raise AssertionError(f"{self.name}: what is given is true at {seen} points only")
        proved = sum(map(self._proved, self.claims))
        also = f", and {proved} proved for every n" if proved else ""
        claims = "1 claim" if len(self.claims) == 1 else f"{len(self.claims)} claims"
        return f"{self.name}: {claims} confirmed at {seen} points{also}"

    def _proved(self, claim: Expr) -> bool:
        """Return whether SymPy proves a claim by itself, with nothing given but the labels."""
        while claim.kind == "forall":
            claim = claim.parts[1]
        if claim.kind != "=":
            return False
        left, right = claim.parts
        try:
            return same_for_every_n(left, right, labels=self.labels)
        except ValueError:  # a formula that SymPy has no word for
            return False

    def _complaint(self, claim: Expr, at: Point) -> str:
        logits = ", ".join(str(arithmetic().nstr(x, 6)) for x in at.entry["z"])
        return f"{self.name} is false at n = {at.n}, z = ({logits}):\n    {latex(claim)}"


def names_of_sets(propositions: Sequence[Expr]) -> set[str]:
    """Return the names of the sets of classes in propositions."""
    return set().union(*(names(x, "set") for x in propositions))
