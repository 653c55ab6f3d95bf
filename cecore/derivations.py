r"""The book's derivations, by the label of the display that shows each of them.

`make notebooks` typesets them into the chapters, and the tests prove every step. So a formula in
a chapter is the one that was checked, and it is written down only here.
"""

from cecore.algebra import (
    Derivation,
    Expr,
    S,
    cases,
    d,
    delta,
    exp,
    letter,
    ln,
    named,
    p,
    q,
    s,
    total,
    w,
    y,
    z,
)

c, T, x, truth = letter("c"), letter("T"), letter("x"), letter("y")
beta, gamma, eps = letter(r"\beta"), letter(r"\gamma"), letter(r"\varepsilon")

# Names that stand for longer formulas. Their sums run over m, which no display uses.
L = named("L", -total("m", y("m") * ln(s("m"))))
Q = named("Q", total("m", (s("m") - y("m")) ** 2) / 2)
LSE = named(r"\operatorname{LSE}(z)", ln(total("m", exp(z("m")))))
H_p = named("H(p)", -total("m", p("m") * ln(p("m"))))
H_pq = named("H(p, q)", -total("m", p("m") * ln(q("m"))))
shifted = named(r"\operatorname{softmax}(z + c)_i", exp(z("i") + c) / total("m", exp(z("m") + c)))
first = named("s_1", exp(z("1")) / (exp(z("1")) + exp(z("2"))))
sigma = named(r"\sigma(z_1 - z_2)", 1 / (1 + exp(-(z("1") - z("2")))))


def e(index: str) -> Expr:
    """Return the exponential of a logit."""
    return exp(z(index))


def warm(index: str) -> Expr:
    """Return a probability at temperature T."""
    return named(f"s_{index}", exp(z(index) / T) / total("m", exp(z("m") / T)))


def tempered(index: str) -> Expr:
    """Return a probability at the inverse temperature beta."""
    return named(f"s_{index}", exp(beta * z(index)) / total("m", exp(beta * z("m"))))


def smoothed(index: str) -> Expr:
    """Return an entry of a smoothed label."""
    return named(rf"\tilde y_{index}", (1 - eps) * y(index) + eps / n)


# The family
n = named("n", total("m", Expr("integer", (1,))))
L_T = named("L_T", -total("m", y("m") * ln(warm("m"))))
L_eps = named(r"\tilde L", -total("m", smoothed("m") * ln(s("m"))))
D = named("D", T**2 * total("m", p("m") * ln(p("m") / warm("m"))))
L_w = named("L_w", -total("m", w("m") * y("m") * ln(s("m"))))
M = named("M", c * L)
F = named("F", -((1 - s("k")) ** gamma * ln(s("k"))))
phi = named(r"\varphi", -(s("k") * d(F, s("k"))))
positive = named(r"\sigma(x)", exp(x) / (exp(x) + 1))
negative = named(r"\sigma(-x)", 1 / (exp(x) + 1))
B = named("B", -(truth * ln(positive)) - (1 - truth) * ln(negative))
L_beta = named("L", -total("m", y("m") * ln(tempered("m"))))
mean = named(r"\bar z", total("m", tempered("m") * z("m")))


DERIVATIONS = {
    # Softmax
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
        [((e("i") / S) / (e("j") / S), "definition"), (exp(z("i") - z("j")), "$S$ cancels")],
    ),
    "eq-log-softmax": Derivation(
        "B4",
        ln(s("i")),
        [(ln(e("i") / S), "definition"), (z("i") - ln(S), "logarithm of a quotient")],
    ),
    # The derivative
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
    # Cross-entropy
    "eq-surprise": Derivation("surprise", -ln(q("1") * q("2")), [(-ln(q("1")) - ln(q("2")), "")]),
    "eq-kl-proof": Derivation(
        "B10",
        H_pq - H_p,
        [
            (-total("i", p("i") * ln(q("i"))) + total("i", p("i") * ln(p("i"))), ""),
            (total("i", p("i") * (ln(p("i")) - ln(q("i")))), ""),
            (total("i", p("i") * ln(p("i") / q("i"))), ""),
        ],
    ),
    # The combined gradient
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
    # Stability
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
    # The family
    "eq-warm": Derivation(
        "B22",
        d(L_T, z("j")),
        [
            (-total("i", y("i") * d(ln(warm("i")), z("j"))), ""),
            (-total("i", y("i") * (1 / T * (delta("i", "j") - warm("j")))), "chain rule"),
            (1 / T * (warm("j") - y("j")), "$y$ sums to 1"),
        ],
        labels="sum to 1",
    ),
    "eq-smoothed": Derivation("B23", smoothed("i"), [((1 - eps) * y("i") + eps / n, "")]),
    "eq-smoothed-loss": Derivation(
        "B23",
        L_eps,
        [
            (-total("i", smoothed("i") * ln(s("i"))), ""),
            ((1 - eps) * L + eps * (1 / n * total("i", -ln(s("i")))), ""),
        ],
    ),
    "eq-smoothed-gradient": Derivation(
        "B23",
        d(L_eps, z("j")),
        [
            ((1 - eps) * (s("j") - y("j")) + eps * (s("j") - 1 / n), ""),
            (s("j") - smoothed("j"), ""),
        ],
        labels="sum to 1",
    ),
    "eq-distillation": Derivation(
        "B24",
        d(D, z("j")),
        [
            (-(T**2 * total("i", p("i") * d(ln(warm("i")), z("j")))), "$p$ is fixed"),
            (T**2 * (1 / T * (warm("j") - p("j"))), "$p$ sums to 1"),
            (T * (warm("j") - p("j")), ""),
        ],
    ),
    "eq-class-weights": Derivation(
        "B25", d(L_w, z("j")), [(total("i", w("i") * y("i")) * s("j") - w("j") * y("j"), "")]
    ),
    "eq-class-weight": Derivation(
        "B25",
        d(L_w, z("j")),
        [
            (total("i", w("i") * y("i")) * s("j") - w("j") * y("j"), ""),
            (w("k") * s("j") - w("k") * y("j"), ""),
            (w("k") * (s("j") - y("j")), ""),
        ],
        ["j = k", "j != k"],
        labels="one-hot",
    ),
    "eq-weighted-mean": Derivation(
        "B26",
        d(M, z("j")),
        [(c * d(L, z("j")), "a constant factor"), (c * (s("j") - y("j")), "$y$ sums to 1")],
        labels="sum to 1",
    ),
    "eq-focal": Derivation(
        "B27",
        d(F, z("j")),
        [
            (d(F, s("k")) * d(s("k"), z("j")), "only $s_k$ counts"),
            (d(F, s("k")) * (s("k") * (y("j") - s("j"))), "$y_j = \\delta_{jk}$"),
            (phi * (s("j") - y("j")), ""),
        ],
        labels="one-hot",
    ),
    "eq-focal-factor": Derivation(
        "B27",
        phi,
        [
            (-(s("k") * d(F, s("k"))), ""),
            (
                (1 - s("k")) ** gamma - gamma * s("k") * (1 - s("k")) ** (gamma - 1) * ln(s("k")),
                "",
            ),
        ],
    ),
    "eq-binary-loss": Derivation(
        "B28",
        B,
        [
            (-(truth * ln(positive)) - (1 - truth) * ln(negative), ""),
            (ln(exp(x) + 1) - truth * x, ""),
        ],
    ),
    "eq-binary": Derivation(
        "B28",
        d(B, x),
        [
            (exp(x) / (exp(x) + 1) - truth, ""),
            (positive - truth, ""),
        ],
    ),
    "eq-slope": Derivation(
        "B29",
        d(L_beta, beta),
        [
            (-total("k", y("k") * (z("k") - mean)), ""),
            (mean - total("k", y("k") * z("k")), "$y$ sums to 1"),
        ],
        labels="sum to 1",
    ),
    "eq-curvature": Derivation(
        "B29",
        d(mean, beta),
        [
            (total("k", z("k") * (tempered("k") * (z("k") - mean))), ""),
            (total("k", tempered("k") * (z("k") - mean) ** 2), ""),
        ],
    ),
}
