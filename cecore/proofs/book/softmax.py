"""The derivations of the chapter "Softmax"."""

from cecore.proofs.book.names import e
from cecore.proofs.derivation import Derivation
from cecore.proofs.language import S, exp, letter, ln, named, s, total, z

c = letter("c")
shifted = named(r"\operatorname{softmax}(z + c)_i", exp(z("i") + c) / total("m", exp(z("m") + c)))


DERIVATIONS = {
    "eq-shift": Derivation(
        "B1",
        shifted,
        [
            (exp(z("i") + c) / total("k", exp(z("k") + c)), "definition"),
            (exp(c) * e("i") / (exp(c) * total("k", e("k"))), "$e^{a + c} = e^c e^a$"),
            (e("i") / total("k", e("k")), "$e^c$ cancels"),
            (s("i"), "definition"),
        ],
    ),
    "eq-ratio": Derivation(
        "B2",
        s("i") / s("j"),
        [(e("i") / e("j"), "$S$ cancels"), (exp(z("i") - z("j")), "$e^a / e^b = e^{a - b}$")],
    ),
    "eq-log-softmax": Derivation(
        "B4",
        ln(s("i")),
        [(ln(e("i") / S), "definition"), (z("i") - ln(S), "logarithm of a quotient")],
    ),
}
