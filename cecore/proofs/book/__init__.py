r"""The book's derivations, by the label of the display that shows each of them.

`make notebooks` typesets them into the chapters, and the tests prove every step. So a formula in
a chapter is the one that was checked, and it is written down only here.
"""

import operator
from functools import reduce

from cecore.proofs.language import (
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
    t,
    tanh,
    total,
    v,
    w,
    y,
    z,
)

c, T, a, h, u, x, truth = map(letter, "cTahuxy")
theta = letter(r"\theta")
beta, gamma, eps = letter(r"\beta"), letter(r"\gamma"), letter(r"\varepsilon")

# Names that stand for longer formulas. Their sums run over m and l, which no display uses.
L = named("L", -total("m", y("m") * ln(s("m"))))
Q = named("Q", total("m", (s("m") - y("m")) ** 2) / 2)
LSE = named(r"\operatorname{LSE}(z)", ln(total("m", exp(z("m")))))
H_p = named("H(p)", -total("m", p("m") * ln(p("m"))))
H_pq = named("H(p, q)", -total("m", p("m") * ln(q("m"))))
KL = named(r"\operatorname{KL}(p \,\|\, q)", total("m", p("m") * ln(p("m") / q("m"))))
shifted = named(r"\operatorname{softmax}(z + c)_i", exp(z("i") + c) / total("m", exp(z("m") + c)))
first = named("s_1", exp(z("1")) / (exp(z("1")) + exp(z("2"))))
sigma = named(r"\sigma(z_1 - z_2)", 1 / (1 + exp(-(z("1") - z("2")))))
tanh_a = named(r"\tanh a", (exp(a) - exp(-a)) / (exp(a) + exp(-a)))
# One hidden unit h, with a weight u on a pixel x; c and z hold the share of all others.
before = named("a", u * x + c)
unit = named("h", tanh(before))
family = named(r"\operatorname{LSE}(\theta t)", ln(total("m", exp(theta * t("m")))))
mean_v = named(r"\bar v", total("m", s("m") * v("m")))
curvature = named(r"v^{\mathsf T} J v", total("l", total("m", v("l") * d(s("l"), z("m")) * v("m"))))

# A part of the classes, scaled by its largest logit, m_1; and three such pairs, scaled anew.
m_1 = named("m_1", z("1"))
a_1 = named("a_1", total("m", exp(z("m") - m_1)))
m = named("m", c)
pairs = [
    (named(f"a_{i}", a), named(f"m_{i}", b))
    for i, a, b in ((1, p("1"), z("1")), (2, p("2"), z("2")), (3, q("1"), y("1")))
]


def e(index: str) -> Expr:
    """Return the exponential of a logit."""
    return exp(z(index))


def scaled(pairs: list[tuple[Expr, Expr]], to: Expr) -> Expr:
    """Return the sum of pairs, each scaled anew."""
    return reduce(operator.add, (a * exp(m - to) for a, m in pairs))


# The first two, merged.
m_both = named("m'", T)
a_both = named("a'", scaled(pairs[:2], m_both))


def warm(index: str) -> Expr:
    """Return a probability at temperature T."""
    return named(f"s_{index}", exp(z(index) / T) / total("m", exp(z("m") / T)))


def above(index: str, h: Expr) -> Expr:
    """Return a logit of a network with the hidden unit h."""
    return named(f"z_{index}", z(index) + w(index) * h)


def error(index: str, h: Expr) -> Expr:
    """Return an entry of the gradient by that logit."""
    e_above = exp(above(index, h)) / total("m", exp(above("m", h)))
    return named(f"s_{index}", e_above) - y(index)


def loss(h: Expr) -> Expr:
    """Return the loss of that network."""
    lse = ln(total("m", exp(above("m", h))))
    return named("L", total("m", y("m") * (lse - above("m", h))))


def tilted(index: str) -> Expr:
    """Return a probability of the family with the statistic t."""
    return named(f"s_{index}", exp(theta * t(index)) / total("m", exp(theta * t("m"))))


slope_h = named(r"\frac{\partial L}{\partial h}", total("m", error("m", unit) * w("m")))


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
        [(e("i") / e("j"), "$S$ cancels"), (exp(z("i") - z("j")), "$e^a / e^b = e^{a - b}$")],
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
    # Training
    "eq-tanh": Derivation(
        "tanh",
        d(tanh_a, a),
        [
            (
                ((exp(a) + exp(-a)) ** 2 - (exp(a) - exp(-a)) ** 2) / (exp(a) + exp(-a)) ** 2,
                "",
            ),
            (1 - named(r"\tanh^2 a", tanh_a**2), ""),
        ],
    ),
    "eq-weight-above": Derivation(
        "B17",
        d(loss(h), w("j")),
        [
            (error("j", h) * d(above("j", h), w("j")), "chain rule"),
            (error("j", h) * h, "$z_j = \\dots + w_j h$"),
        ],
        labels="sum to 1",
    ),
    "eq-hidden": Derivation(
        "B17",
        d(loss(h), h),
        [
            (total("j", error("j", h) * d(above("j", h), h)), "chain rule"),
            (total("j", error("j", h) * w("j")), "$z_j = \\dots + w_j h$"),
        ],
        labels="sum to 1",
    ),
    "eq-weight-below": Derivation(
        "B17",
        d(loss(unit), u),
        [
            (slope_h * d(unit, u), "chain rule"),
            (slope_h * ((1 - unit**2) * d(before, u)), "$h = \\tanh a$"),
            (slope_h * ((1 - unit**2) * x), "$a = \\dots + u x$"),
        ],
        labels="sum to 1",
    ),
    "eq-variance": Derivation(
        "B18",
        curvature,
        [
            (total("i", total("j", v("i") * (s("i") * (delta("i", "j") - s("j"))) * v("j"))), ""),
            (total("i", s("i") * v("i") ** 2) - mean_v**2, ""),
            (total("i", s("i") * (v("i") - mean_v) ** 2), ""),
        ],
    ),
    "eq-expected": Derivation(
        "B20",
        d(family, theta),
        [
            (total("i", t("i") * exp(theta * t("i"))) / total("i", exp(theta * t("i"))), ""),
            (total("i", tilted("i") * t("i")), ""),
        ],
    ),
    "eq-observed": Derivation(
        "B20",
        d(-ln(tilted("k")), theta),
        [
            (d(family - theta * t("k"), theta), ""),
            (total("i", tilted("i") * t("i")) - t("k"), ""),
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
    # A million classes
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
}
