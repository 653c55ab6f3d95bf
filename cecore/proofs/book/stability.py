"""The derivations of the chapter "Stability"."""

from cecore.proofs.book.names import LSE, e
from cecore.proofs.derivation import Derivation
from cecore.proofs.language import S, exp, letter, ln, s, total, z

c = letter("c")


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
