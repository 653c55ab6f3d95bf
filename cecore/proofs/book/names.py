"""Names that stand for longer formulas in more than one chapter.

Here and in the chapters, the sums of a definition run over m and l, which no display uses.
"""

from cecore.proofs.formula import Expr
from cecore.proofs.language import exp, letter, ln, named, s, total, v, y, z

L = named("L", -total("m", y("m") * ln(s("m"))))
LSE = named(r"\operatorname{LSE}(z)", ln(total("m", exp(z("m")))))
T = letter("T")
n = named("n", total("m", Expr("integer", (1,))))


def e(index: str) -> Expr:
    """Return the exponential of a logit."""
    return exp(z(index))


def moved(index: str) -> Expr:
    """Return a probability when the logits have moved by v."""
    exponential = exp(z(index) + v(index))
    return named(f"s'_{index}", exponential / total("l", exp(z("l") + v("l"))))


def warm(index: str) -> Expr:
    """Return a probability at temperature T."""
    return named(f"s_{index}", exp(z(index) / T) / total("m", exp(z("m") / T)))
