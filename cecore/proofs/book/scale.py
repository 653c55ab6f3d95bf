"""The derivations of the chapter "A million classes"."""

import operator
from functools import reduce

from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import exp, letter, named, total, z

# A part of the classes, scaled by any number m_1, such as its largest logit; and three pairs of
# any numbers, to be scaled anew.
m, m_1 = letter("m"), letter("m_1")
a_1 = named("a_1", total("m", exp(z("m") - m_1)))
pairs = [(letter(f"a_{part}"), letter(f"m_{part}")) for part in "123"]


def scaled(pairs: list[tuple[Expr, Expr]], to: Expr) -> Expr:
    """Return the sum of pairs, each scaled anew."""
    return reduce(operator.add, (a * exp(m - to) for a, m in pairs))


# The first two, merged.
m_both = letter("m'")
a_both = named("a'", scaled(pairs[:2], m_both))


DERIVATIONS = {
    "eq-rescale": Derivation(
        "B30",
        a_1 * exp(m_1 - m),
        [
            (total("k", exp(z("k") - m_1) * exp(m_1 - m)), ""),
            (total("k", exp(z("k") - m)), ""),
        ],
    ),
    "eq-associative": Derivation(
        "B31",
        named("a", a_both * exp(m_both - m) + scaled(pairs[2:], m)),
        [
            (a_both * exp(m_both - m) + scaled(pairs[2:], m), ""),
            (scaled(pairs, m), ""),
        ],
    ),
}
