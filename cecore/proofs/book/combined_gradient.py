"""The derivations of the chapter "The combined gradient"."""

from cecore.proofs.book.names import L
from cecore.proofs.derivation import Derivation
from cecore.proofs.language import between, cases, d, delta, equal, ln, named, s, total, y, z
from cecore.proofs.theorem import Theorem

Q = named("Q", total("m", (s("m") - y("m")) ** 2) / 2)


DERIVATIONS = {
    "eq-loss-one-hot": Derivation(
        "S14",
        L,
        [
            (-total("i", y("i") * ln(s("i"))), "cross-entropy"),
            (-(y("k") * ln(s("k"))), "all other $y_i = 0$"),
            (-ln(s("k")), "$y_k = 1$"),
        ],
        labels="one-hot",
    ),
    "eq-chain-rule": Derivation(
        "S13", d(L, z("j")), [(total("i", d(L, s("i")) * d(s("i"), z("j"))), "")]
    ),
    "eq-shortcut": Derivation(
        "S15",
        d(L, z("j")),
        [
            (d(-ln(s("k")), s("k")) * d(s("k"), z("j")), "only $s_k$ counts"),
            (-(1 / s("k") * d(s("k"), z("j"))), "derivative of $\\ln$"),
        ],
        labels="one-hot",
    ),
    "eq-two-cases": Derivation(
        "S16",
        d(s("i"), z("j")),
        [(cases("i", "j", s("i") * (1 - s("j")), -(s("i") * s("j"))), "")],
        ["i = j", "i != j"],
    ),
    "eq-true-class": Derivation(
        "S17",
        -(1 / s("k") * d(s("k"), z("j"))),
        [(-(1 / s("k") * (s("k") * (1 - s("j")))), "case $i = j$"), (s("j") - 1, "$s_k$ cancels")],
        ["j = k"],
    ),
    "eq-other-class": Derivation(
        "S17",
        -(1 / s("k") * d(s("k"), z("j"))),
        [(-(1 / s("k") * -(s("k") * s("j"))), "case $i \\neq j$"), (s("j"), "$s_k$ cancels")],
        ["j != k"],
    ),
    "eq-gradient": Derivation(
        "S17",
        d(L, z("j")),
        [(cases("j", "k", s("j") - 1, s("j")), ""), (s("j") - y("j"), "")],
        ["j = k", "j != k"],
        labels="one-hot",
    ),
    "eq-gradient-any": Derivation(
        "B12", d(L, z("j")), [(total("i", y("i")) * s("j") - y("j"), "")]
    ),
    "eq-proof-any": Derivation(
        "B12",
        d(L, z("j")),
        [
            (total("i", -(y("i") / s("i")) * (s("i") * (delta("i", "j") - s("j")))), "chain rule"),
            (total("i", y("i") * (s("j") - delta("i", "j"))), "$s_i$ cancels"),
            (total("i", y("i")) * s("j") - y("j"), "$i = j$ only"),
        ],
    ),
    "eq-squared-proof": Derivation(
        "B14",
        d(Q, z("j")),
        [
            (total("i", d(Q, s("i")) * d(s("i"), z("j"))), "chain rule"),
            (total("i", (s("i") - y("i")) * d(s("i"), z("j"))), "derivative of $Q$"),
        ],
    ),
}

THEOREMS = {
    "thm-bounded": Theorem(
        "B13",
        [equal(total("j", s("j") - y("j")), 0), between(-1, s("j") - y("j"), 1)],
        labels="distribution",
    ),
    "thm-squared-error": Theorem(
        "B14", [equal(d(Q, z("j")), total("i", d(s("j"), z("i")) * (s("i") - y("i"))))]
    ),
}
