"""The derivations of the chapter "Softmax"."""

from cecore.proofs.book.names import LSE, T, e, n, warm
from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr, as_formula
from cecore.proofs.language import (
    INFINITY,
    S,
    absolute,
    at_most,
    between,
    count,
    decimal,
    equal,
    every,
    exactly_if,
    exp,
    implies,
    largest,
    less,
    letter,
    limit,
    ln,
    member,
    named,
    outside,
    s,
    those,
    total,
    z,
)
from cecore.proofs.theorem import Theorem

A, c, x = those("A"), letter("c"), letter("x")
gap = z("i") - z("j")
top = named("m", largest("m", z("m")))
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

LOGITS = [as_formula(2), as_formula(1), decimal("0.1")]
EXAMPLE = ["0.659001138885968", "0.242432970704714", "0.098565890409318"]


def close(logit: Expr, digits: str) -> Expr:
    """Say that a probability of the example has these digits, the last one rounded."""
    of_example = exp(logit) / (exp(LOGITS[0]) + exp(LOGITS[1]) + exp(LOGITS[2]))
    return at_most(absolute(of_example - decimal(digits)), decimal("5e-16"))


THEOREMS = {
    "def-softmax": Theorem("S1", [equal(s("i"), e("i") / total("k", e("k")))]),
    "thm-range": Theorem(
        "S2",
        [
            equal(total("i", s("i")), 1),
            less(0, s("i")),
            implies(at_most(2, n), less(s("i"), 1)),
            implies(equal(n, 1), equal(s("i"), 1)),
        ],
    ),
    "thm-ratio": Theorem(
        "S3",
        [
            equal(s("i") / s("j"), exp(gap)),
            at_most(1 + gap, exp(gap)),
            limit((exp(x) - 1) / x, x, 0, 1),
            limit(exp(x) / x, x, INFINITY, INFINITY),
        ],
    ),
    "eq-example": Theorem(
        "S4", [close(logit, digits) for logit, digits in zip(LOGITS, EXAMPLE, strict=True)]
    ),
    "thm-temperature": Theorem(
        "B3",
        [
            limit(warm("i"), T, INFINITY, 1 / n),
            implies(member("i", A), limit(warm("i"), T, 0, 1 / count(A))),
            implies(outside("i", A), limit(warm("i"), T, 0, 0)),
        ],
        [every("k", exactly_if(member("k", A), every("j", at_most(z("j"), z("k")))))],
    ),
    "thm-lse": Theorem(
        "B4",
        [
            between(top, LSE, top + ln(n)),
            implies(at_most(2, n), less(top, LSE)),
            exactly_if(equal(LSE, top + ln(n)), every("i", every("j", equal(z("i"), z("j"))))),
        ],
    ),
}
