"""The derivations of the chapter "Stability"."""

from cecore.proofs.book.names import LSE, e, moved
from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import (
    S,
    absolute,
    at_most,
    between,
    delta,
    every,
    exp,
    letter,
    ln,
    named,
    s,
    total,
    v,
    z,
)
from cecore.proofs.theorem import Theorem

c, eps = letter("c"), letter(r"\varepsilon")
LSE_moved = named(r"\operatorname{LSE}(z + v)", ln(total("m", exp(z("m") + v("m")))))
near = every("i", at_most(absolute(v("i")), eps))


DERIVATIONS = {
    "eq-lse-shift": Derivation(
        "shift",
        LSE,
        [
            (ln(total("k", exp(c) * exp(z("k") - c))), "$e^c e^{-c} = 1$"),
            (c + ln(total("k", exp(z("k") - c))), "$\\ln e^c = c$"),
        ],
    ),
    "eq-odds": Derivation(
        "B16",
        s("i"),
        [
            (e("i") / S, "definition"),
            (1 / total("j", exp(z("j") - z("i"))), "divide by $e^{z_i}$"),
        ],
    ),
}


def by_a_factor(before: Expr, after: Expr) -> Expr:
    """Say that a number changes by a factor between e^{-2 eps} and e^{2 eps}."""
    return between(exp(-(2 * eps)) * before, after, exp(2 * eps) * before)


THEOREMS = {
    "thm-lipschitz": Theorem("B15", [at_most(absolute(LSE_moved - LSE), eps)], [near]),
    "thm-conditioning": Theorem(
        "B16",
        [
            by_a_factor(s("i"), moved("i")),
            by_a_factor(absolute(ln(s("i"))), absolute(ln(moved("i")))),
            by_a_factor(-ln(s("k")), -ln(moved("k"))),
            by_a_factor(absolute(s("j") - delta("j", "k")), absolute(moved("j") - delta("j", "k"))),
        ],
        [near],
    ),
}
