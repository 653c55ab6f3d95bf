"""The derivations of the chapter "Training"."""

from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import d, delta, exp, letter, ln, named, s, t, tanh, total, v, w, y, z

a, c, h, u, x = letter("a"), letter("c"), letter("h"), letter("u"), letter("x")
theta = letter(r"\theta")

tanh_a = named(r"\tanh a", (exp(a) - exp(-a)) / (exp(a) + exp(-a)))
# One hidden unit h, with a weight u on a pixel x; c and z hold the share of all others.
before = named("a", u * x + c)
unit = named("h", tanh(before))
family = named(r"\operatorname{LSE}(\theta t)", ln(total("m", exp(theta * t("m")))))
mean_v = named(r"\bar v", total("m", s("m") * v("m")))
curvature = named(r"v^{\mathsf T} J v", total("l", total("m", v("l") * d(s("l"), z("m")) * v("m"))))


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


DERIVATIONS = {
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
}
