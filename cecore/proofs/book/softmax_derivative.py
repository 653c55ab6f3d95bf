"""The derivations of the chapter "The derivative of softmax"."""

from cecore.proofs.book.names import LSE, e, n, warm
from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import S, cases, d, delta, equal, exp, letter, named, s, total, z
from cecore.proofs.theorem import Theorem

T, x = letter("T"), letter("x")
first = named("s_1", exp(z("1")) / (exp(z("1")) + exp(z("2"))))
sigma = named(r"\sigma(z_1 - z_2)", 1 / (1 + exp(-(z("1") - z("2")))))
sigma_x = named(r"\sigma(x)", 1 / (1 + exp(-x)))


DERIVATIONS = {
    "eq-numerator-same": Derivation("S5", d(e("i"), z("j")), [(e("i"), "$i = j$")], ["i = j"]),
    "eq-denominator-same": Derivation(
        "S6",
        d(total("k", e("k")), z("j")),
        [(e("j"), "one term counts"), (e("i"), "$i = j$")],
        ["i = j"],
    ),
    "eq-case-same": Derivation(
        "S7",
        d(s("i"), z("j")),
        [
            ((e("i") * S - e("i") * e("j")) / S**2, "quotient rule"),
            (e("i") / S * ((S - e("j")) / S), "split the fraction"),
            (s("i") * (1 - s("j")), "definition of $s$"),
            (s("i") * (1 - s("i")), "$i = j$"),
        ],
        ["i = j"],
    ),
    "eq-numerator-other": Derivation(
        "S8", d(e("i"), z("j")), [(Expr("integer", (0,)), "$i \\neq j$")], ["i != j"]
    ),
    "eq-denominator-other": Derivation(
        "S9", d(total("k", e("k")), z("j")), [(e("j"), "one term counts")], ["i != j"]
    ),
    "eq-case-other": Derivation(
        "S10",
        d(s("i"), z("j")),
        [
            ((0 * S - e("i") * e("j")) / S**2, "quotient rule"),
            (-(e("i") / S * (e("j") / S)), "split the fraction"),
            (-(s("i") * s("j")), "definition of $s$"),
        ],
        ["i != j"],
    ),
    "eq-derivative": Derivation(
        "S16",
        d(s("i"), z("j")),
        [
            (cases("i", "j", s("i") * (1 - s("j")), -(s("i") * s("j"))), ""),
            (s("i") * (delta("i", "j") - s("j")), ""),
        ],
        ["i = j", "i != j"],
    ),
    "eq-logistic": Derivation(
        "B7",
        first,
        [
            (e("1") / (e("1") + e("2")), ""),
            (1 / (1 + exp(-(z("1") - z("2")))), ""),
            (sigma, ""),
        ],
    ),
    "eq-gradient-lse": Derivation(
        "B8",
        d(LSE, z("j")),
        [
            (1 / S * d(S, z("j")), "chain rule"),
            (e("j") / S, "one term counts"),
            (s("j"), "definition"),
        ],
    ),
    "eq-temperature": Derivation(
        "exercise",
        d(warm("i"), T),
        [(-(warm("i") / T**2 * (z("i") - total("k", warm("k") * z("k")))), "")],
    ),
}

THEOREMS = {
    "thm-jacobian": Theorem(
        "B5", [equal(d(s("i"), z("j")), delta("i", "j") * s("i") - s("i") * s("j"))]
    ),
    "thm-symmetry": Theorem(
        "B6",
        [
            equal(d(s("i"), z("j")), d(s("j"), z("i"))),
            equal(total("j", d(s("i"), z("j"))), 0),
            equal(total("i", d(s("i"), z("j"))), 0),
        ],
    ),
    "thm-logistic": Theorem(
        "B7",
        [
            equal(s("1"), sigma),
            equal(s("2"), 1 - sigma),
            equal(d(sigma_x, x), sigma_x * (1 - sigma_x)),
        ],
        [equal(n, 2)],
    ),
}
