"""The derivations of the chapter "Cross-entropy"."""

from cecore.proofs.book.names import n
from cecore.proofs.derivation import Derivation
from cecore.proofs.language import (
    INFINITY,
    at_most,
    between,
    both,
    equal,
    every,
    exactly_if,
    implies,
    less,
    letter,
    limit,
    ln,
    named,
    p,
    q,
    some,
    times_ln,
    total,
    y,
)
from cecore.proofs.theorem import Theorem

H_p = named("H(p)", -total("m", p("m") * ln(p("m"))))
H_pq = named("H(p, q)", -total("m", p("m") * ln(q("m"))))
KL = named(r"\operatorname{KL}(p \,\|\, q)", total("m", p("m") * ln(p("m") / q("m"))))
x = letter("x")
q_1, q_2 = letter("q_1"), letter("q_2")  # of two events


DERIVATIONS = {
    "eq-surprise": Derivation("surprise", -ln(q_1 * q_2), [(-ln(q_1) - ln(q_2), "")]),
    "eq-kl-proof": Derivation(
        "B10",
        H_pq - H_p,
        [
            (-total("i", p("i") * ln(q("i"))) + total("i", p("i") * ln(p("i"))), ""),
            (total("i", p("i") * (ln(p("i")) - ln(q("i")))), ""),
            (total("i", p("i") * ln(p("i") / q("i"))), ""),
        ],
    ),
    "eq-gibbs": Derivation(
        "B11",
        KL,
        [
            (total("i", p("i") * ln(p("i") / q("i"))), ""),
            (
                total("i", p("i") * ln(p("i") / q("i"))) + total("i", q("i")) - total("i", p("i")),
                "",
            ),
            (total("i", p("i") * (q("i") / p("i") - 1 - ln(q("i") / p("i")))), ""),
        ],
    ),
}

# The same with zeros, where a term with p_i = 0 is 0.
entropy = named("H(p)", -total("m", times_ln(p("m"), p("m"))))
cross = named("H(p, q)", -total("m", times_ln(p("m"), q("m"))))
label = named("H(y, q)", -total("m", times_ln(y("m"), q("m"))))
excess = named(r"\operatorname{KL}(p \,\|\, q)", total("m", times_ln(p("m"), p("m") / q("m"))))
nearly = -total("m", p("m") * ln(q("m") + x))  # with every q_m a little larger
possible = every("i", implies(equal(q("i"), 0), equal(p("i"), 0)))
alike = every("i", equal(p("i"), q("i")))

THEOREMS = {
    "def-cross-entropy": Theorem(
        "S11",
        [
            implies(possible, limit(nearly, x, 0, cross)),
            implies(both(less(0, p("k")), equal(q("k"), 0)), limit(nearly, x, 0, INFINITY)),
        ],
        zeros=True,
    ),
    "eq-one-hot": Theorem("S12", [equal(label, -ln(q("k")))], labels="one-hot"),
    "thm-entropy-range": Theorem(
        "B9",
        [
            between(0, entropy, ln(n)),
            exactly_if(equal(entropy, 0), some("k", equal(p("k"), 1))),
            exactly_if(equal(entropy, ln(n)), every("i", equal(p("i"), 1 / n))),
        ],
        zeros=True,
    ),
    "thm-decomposition": Theorem("B10", [equal(cross, entropy + excess)], [possible], zeros=True),
    "thm-gibbs": Theorem(
        "B11",
        [
            at_most(0, excess),
            at_most(entropy, cross),
            exactly_if(equal(excess, 0), alike),
            exactly_if(equal(cross, entropy), alike),
        ],
        [possible],
        zeros=True,
    ),
}
