"""How a claim is written down, and how it is checked.

A claim is one function: its docstring is what is claimed, with formulas in LaTeX, and its body is
the check. It stands in the file of its chapter, in ``cecore/claims/book``.
"""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from cecore.claims.listening import listening
from cecore.claims.model import Claim, Evidence, Implementation, NotSupportedError, StopError
from cecore.claims.trial import Trial
from cecore.proofs.book import DERIVATIONS

# Of the article, of the book, owed by an implementation to its user, and references.
SERIES = "SBPR"

Body = Callable[..., None]


class Chapter:
    """The claims of one chapter of the book, by their ids."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.claims: dict[str, Claim] = {}

    def claim(
        self, name: str, label: str, *needs: str, each: bool = False, level: str = ""
    ) -> Callable[[Body], Body]:
        """Make a function the check of a claim, and its docstring what is claimed.

        Parameters
        ----------
        name : str
            The id, such as "S7".
        label : str
            That of the theorem or formula in the chapter that states it.
        needs : str
            The functions that are called.
        each : bool, default False
            Whether they are checked one by one, as many as there are: the body is called with the
            trial and the name of one of them. If not, it is called with the trial alone, and the
            claim does not apply unless all of them are there.
        level : str, optional
            Of what an implementation owes: "correct", "robust", "exact" or "strict".
        """

        def register(body: Body) -> Body:
            self.claims[name] = Claim(
                id=name,
                statement=" ".join((body.__doc__ or "").split()),
                chapter=self.name,
                label=label,
                needs=needs,
                each=each,
                level=level,
                check=partial(_evidence, body, needs, each),  # unlike a closure it can be pickled
                proofs=tuple(label for label, shown in DERIVATIONS.items() if shown.name == name),
            )
            return body

        return register


def _evidence(body: Body, needs: tuple[str, ...], each: bool, f: Implementation) -> Evidence:
    """Run a check on those of the functions it needs that there are."""
    trial = Trial(f)
    present = trial.has(*needs)
    if not present or (len(present) < len(needs) and not each):
        missing = ", ".join(need for need in needs if need not in present)
        return Evidence("not applicable", message=f"no {missing}")
    not_supported = ""
    for names in [(name,) for name in present] if each else [()]:
        try:
            # What a wrong function makes of numbers is not told; `attempt` listens for itself.
            with np.errstate(all="ignore"), listening():
                body(trial, *names)
        except NotSupportedError as error:
            not_supported = str(error)
        except StopError as error:
            if not trial.refuted:
                return trial.evidence("error", str(error))
    if not_supported and not trial.refuted and not (each and trial.judged):
        return trial.evidence("not applicable", not_supported)
    if not trial.judged:
        return trial.evidence("not applicable", "no input of these dtypes and classes")
    return trial.evidence()


def in_order(claims: Iterable[Claim]) -> dict[str, Claim]:
    """Return claims by their ids, in the order of series and number."""
    found: dict[str, Claim] = {}
    for claim in sorted(claims, key=lambda claim: place(claim.id)):
        if claim.id in found:
            raise ValueError(f"there are two claims {claim.id}")
        found[claim.id] = claim
    return found


def place(name: str) -> tuple[int, int]:
    """Return the place of an id in the order of all."""
    return SERIES.index(name[0]), int(name[1:])


def ranges(ids: Iterable[str]) -> str:
    """Write ids in few words, such as "S0-S19, R1"."""
    series: dict[str, list[str]] = {}
    for name in ids:
        series.setdefault(name[0], []).append(name)
    firsts_and_lasts = (dict.fromkeys((names[0], names[-1])) for names in series.values())
    return ", ".join("-".join(ends) for ends in firsts_and_lasts)
