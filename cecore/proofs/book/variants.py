"""The derivations of the chapter "The family"."""

from cecore.proofs.book.names import LSE, L, T, e, n, warm
from cecore.proofs.book.training import free, labels_sum_to_1, loss_of, probability
from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import (
    INFINITY,
    S,
    at_most,
    b,
    cell,
    d,
    delta,
    differ,
    equal,
    exp,
    implies,
    letter,
    limit,
    ln,
    named,
    p,
    q,
    s,
    tanh,
    total,
    v,
    w,
    y,
    z,
)
from cecore.proofs.theorem import Theorem

C, c, x, truth = letter("C"), letter("c"), letter("x"), letter("y")
beta, gamma, eps = letter(r"\beta"), letter(r"\gamma"), letter(r"\varepsilon")
lam, tau = letter(r"\lambda"), letter(r"\tau")


def tempered(index: str) -> Expr:
    """Return a probability at the inverse temperature beta."""
    return named(f"s_{index}", exp(beta * z(index)) / total("m", exp(beta * z("m"))))


def smoothed(index: str) -> Expr:
    """Return an entry of a smoothed label."""
    return named(rf"\tilde y_{index}", (1 - eps) * y(index) + eps / n)


def shifted(index: str) -> Expr:
    """Return a probability of the logits z + b."""
    return named(rf"\tilde s_{index}", exp(z(index) + b(index)) / total("m", exp(z("m") + b("m"))))


def likelihood(index: str) -> Expr:
    """Return how likely the input is in a class, up to a factor that all classes share."""
    return named(f"f_{index}", s(index) / p(index))


def elsewhere(index: str) -> Expr:
    """Return a probability where the classes have the shares q."""
    return named(
        rf"\tilde s_{index}", q(index) * likelihood(index) / total("m", q("m") * likelihood("m"))
    )


def adjusted(index: str) -> Expr:
    """Return a logit shifted from the shares p to the shares q."""
    return z(index) + ln(q(index)) - ln(p(index))


def capped(index: str) -> Expr:
    """Return a logit that never leaves the interval from -C to C."""
    return named(rf"\hat z_{index}", C * tanh(z(index) / C))


def of_capped(index: str) -> Expr:
    """Return a probability of the capped logits."""
    return named(rf"\hat s_{index}", exp(capped(index)) / total("m", exp(capped("m"))))


L_b = named("L_b", -total("m", y("m") * ln(shifted("m"))))
L_z = named("P", L + lam * LSE**2)
L_C = named(r"\hat L", -total("m", y("m") * ln(of_capped("m"))))
first = s("i") * exp(-(S * tau))  # that i has not come by tau, and will be the first to come
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
    "eq-shifted": Derivation(
        "B34",
        shifted("i"),
        [
            (exp(z("i") + b("i")) / total("k", exp(z("k") + b("k"))), ""),
            (exp(b("i")) * s("i") / total("k", exp(b("k")) * s("k")), "both divided by $S$"),
        ],
    ),
    "eq-shifted-gradient": Derivation(
        "B34",
        d(L_b, z("j")),
        [
            (-total("i", y("i") * d(ln(shifted("i")), z("j"))), ""),
            (-total("i", y("i") * (delta("i", "j") - shifted("j"))), "$b$ is fixed"),
            (shifted("j") - y("j"), "$y$ sums to 1"),
        ],
        labels="sum to 1",
    ),
    "eq-adjusted": Derivation(
        "B35",
        elsewhere("i"),
        [
            (q("i") * likelihood("i") / total("k", q("k") * likelihood("k")), "Bayes"),
            (
                q("i") / p("i") * s("i") / total("k", q("k") / p("k") * s("k")),
                "$f_i = s_i / p_i$",
            ),
            (exp(adjusted("i")) / total("k", exp(adjusted("k"))), "a shift of $z$"),
        ],
    ),
    "eq-z-loss": Derivation(
        "B36",
        d(L_z, z("j")),
        [
            (d(L, z("j")) + 2 * lam * LSE * d(LSE, z("j")), ""),
            ((s("j") - y("j")) + 2 * lam * LSE * s("j"), ""),
            ((1 + 2 * lam * LSE) * s("j") - y("j"), ""),
        ],
        labels="sum to 1",
    ),
    "eq-soft-cap": Derivation(
        "B37",
        d(L_C, z("j")),
        [
            ((of_capped("j") - y("j")) * d(capped("j"), z("j")), ""),
            ((of_capped("j") - y("j")) * (1 - (capped("j") / C) ** 2), ""),
        ],
        labels="sum to 1",
    ),
    "eq-race": Derivation(
        "B38",
        d(-first, tau),
        [
            (s("i") * S * exp(-(S * tau)), ""),
            (e("i") * exp(-(S * tau)), "$s_i S = e^{z_i}$"),
        ],
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

# Distillation: the teacher's probabilities, and how far a logit is from the mean of all.
teacher = named("p_j", exp(v("j") / T) / total("m", exp(v("m") / T)))
z_rest = z("j") - named(r"\operatorname{mean} z", total("m", z("m")) / n)
v_rest = v("j") - named(r"\operatorname{mean} v", total("m", v("m")) / n)
# A batch of examples with weights.
weights = named("W", total("o", w("o")))
weighted = named("M", total("o", w("o") * loss_of(free, "o")) / weights)
of_example = d(weighted, cell("Z", "r", "j"))
gap = z("1") - z("2")
yes = named(r"\sigma(z_1 - z_2)", 1 / (1 + exp(-gap)))
no = named(r"\sigma(z_2 - z_1)", 1 / (1 + exp(gap)))


THEOREMS = {
    "thm-distillation": Theorem(
        "B24", [limit(T * (warm("j") - teacher), T, INFINITY, 1 / n * (z_rest - v_rest))]
    ),
    "thm-weighted-mean": Theorem(
        "B26",
        [
            equal(
                of_example,
                w("r") / weights * (probability(free, "r", "j") - cell("Y", "r", "j")),
            ),
            implies(equal(w("r"), 0), equal(of_example, 0)),
        ],
        [labels_sum_to_1, differ(weights, 0)],
    ),
    "thm-binary": Theorem(
        "B28",
        [equal(L, -(y("1") * ln(yes)) - (1 - y("1")) * ln(no))],
        [equal(n, 2)],
        labels="sum to 1",
    ),
    "thm-gumbel": Theorem("B38", [limit(first, tau, INFINITY, 0)]),
    "thm-fitted": Theorem("B29", [at_most(0, d(d(L_beta, beta), beta))], labels="sum to 1"),
}
