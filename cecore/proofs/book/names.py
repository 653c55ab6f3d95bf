"""Names that stand for longer formulas in more than one chapter.

Here and in the chapters, the sums of a definition run over m and l, which no display uses.
"""

from cecore.proofs.formula import Expr
from cecore.proofs.language import exp, letter, ln, named, s, total, y, z

L = named("L", -total("m", y("m") * ln(s("m"))))
LSE = named(r"\operatorname{LSE}(z)", ln(total("m", exp(z("m")))))
T = letter("T")


def e(index: str) -> Expr:
    """Return the exponential of a logit."""
    return exp(z(index))


def warm(index: str) -> Expr:
    """Return a probability at temperature T."""
    return named(f"s_{index}", exp(z(index) / T) / total("m", exp(z("m") / T)))
