"""The derivations of the chapter "A million classes"."""

import operator
from functools import reduce

from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import exp, letter, named, p, q, total, y, z

c, T = letter("c"), letter("T")

# A part of the classes, scaled by its largest logit, m_1; and three such pairs, scaled anew.
m_1 = named("m_1", z("1"))
a_1 = named("a_1", total("m", exp(z("m") - m_1)))
m = named("m", c)
pairs = [
    (named(f"a_{i}", a), named(f"m_{i}", b))
    for i, a, b in ((1, p("1"), z("1")), (2, p("2"), z("2")), (3, q("1"), y("1")))
]


def scaled(pairs: list[tuple[Expr, Expr]], to: Expr) -> Expr:
    """Return the sum of pairs, each scaled anew."""
    return reduce(operator.add, (a * exp(m - to) for a, m in pairs))


# The first two, merged.
m_both = named("m'", T)
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
