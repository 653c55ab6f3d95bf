"""The derivations of the chapter "The family"."""

from cecore.proofs.book.names import L, warm
from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import d, delta, exp, letter, ln, named, p, s, total, w, y, z

c, T, x, truth = letter("c"), letter("T"), letter("x"), letter("y")
beta, gamma, eps = letter(r"\beta"), letter(r"\gamma"), letter(r"\varepsilon")


def tempered(index: str) -> Expr:
    """Return a probability at the inverse temperature beta."""
    return named(f"s_{index}", exp(beta * z(index)) / total("m", exp(beta * z("m"))))


def smoothed(index: str) -> Expr:
    """Return an entry of a smoothed label."""
    return named(rf"\tilde y_{index}", (1 - eps) * y(index) + eps / n)


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
        classes=2,
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
        classes=2,
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
