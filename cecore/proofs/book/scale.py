"""The derivations of the chapter "A million classes"."""

import operator
from functools import reduce

from cecore.proofs.book.names import LSE, L
from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import (
    NOTHING,
    d,
    disjoint,
    equal,
    exp,
    larger,
    largest_in,
    letter,
    member,
    merge,
    named,
    pair,
    s,
    some,
    some_pair,
    those,
    total,
    total_in,
    union,
    v,
    y,
    z,
)
from cecore.proofs.theorem import Theorem

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


# Attention, with one number v_i for each word, and what comes down to its output.
u = letter("u")
o = named("o", total("m", s("m") * v("m")))


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
    "eq-recompute": Derivation(
        "B39",
        d(L, z("j")),
        [
            (s("j") - y("j"), ""),
            (exp(z("j") - LSE) - y("j"), ""),
        ],
        labels="sum to 1",
    ),
    "eq-attention-back": Derivation(
        "B40",
        d(named("(u \\, o)", u * o), z("j")),
        [
            (total("i", u * v("i") * d(s("i"), z("j"))), "chain rule"),
            (s("j") * (u * v("j") - total("i", s("i") * (u * v("i")))), "Jacobian"),
            (s("j") * (u * v("j") - u * o), "$o$ again"),
        ],
    ),
}


# The pair of a set of classes.
A, B = those("A"), those("B")
P, Q, R = some_pair("P_1"), some_pair("P_2"), some_pair("P_3")


def m_of(a: Expr, name: str) -> Expr:
    """Return the largest logit of a set of classes."""
    return named(f"m_{name}", largest_in("k", a, z("k")))


def a_of(a: Expr, name: str) -> Expr:
    """Return the sum of its exponentials, scaled by that."""
    return named(f"a_{name}", total_in("k", a, exp(z("k") - m_of(a, name))))


def pair_of(a: Expr, name: str) -> Expr:
    """Return both."""
    return pair(m_of(a, name), a_of(a, name))


(a_first, m_first), (a_second, m_second) = pairs[:2]
higher = larger(m_first, m_second)

THEOREMS = {
    "thm-merge": Theorem(
        "B30",
        [
            equal(exp(m_of(A, "A")) * a_of(A, "A"), total_in("k", A, exp(z("k")))),
            equal(merge(pair_of(A, "A"), pair_of(B, "B")), pair_of(union(A, B), "{A B}")),
        ],
        [some("k", member("k", A)), some("k", member("k", B)), disjoint(A, B)],
    ),
    "thm-associative": Theorem(
        "B31",
        [
            equal(
                merge(pair(m_first, a_first), pair(m_second, a_second)),
                pair(higher, scaled(pairs[:2], higher)),
            ),
            equal(merge(merge(P, Q), R), merge(P, merge(Q, R))),
            equal(merge(P, Q), merge(Q, P)),
            equal(merge(P, NOTHING), P),
            equal(merge(NOTHING, P), P),
        ],
    ),
}
