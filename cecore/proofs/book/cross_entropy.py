"""The derivations of the chapter "Cross-entropy"."""

from cecore.proofs.derivation import Derivation
from cecore.proofs.language import letter, ln, named, p, q, total

H_p = named("H(p)", -total("m", p("m") * ln(p("m"))))
H_pq = named("H(p, q)", -total("m", p("m") * ln(q("m"))))
KL = named(r"\operatorname{KL}(p \,\|\, q)", total("m", p("m") * ln(p("m") / q("m"))))
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
