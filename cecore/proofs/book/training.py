"""The derivations of the chapter "Training"."""

from collections.abc import Callable

from cecore.proofs.book.names import LSE, L, moved
from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import (
    at_most,
    cell,
    count,
    d,
    delta,
    disjoint,
    equal,
    every,
    exactly_if,
    exp,
    implies,
    largest,
    letter,
    ln,
    member,
    named,
    p,
    s,
    smallest,
    some,
    t,
    tanh,
    those,
    times_ln,
    total,
    total_in,
    union,
    v,
    w,
    y,
    z,
)
from cecore.proofs.theorem import Theorem

a, c, h, u, x = letter("a"), letter("c"), letter("h"), letter("u"), letter("x")
theta = letter(r"\theta")

tanh_a = named(r"\tanh a", (exp(a) - exp(-a)) / (exp(a) + exp(-a)))
# One hidden unit h, with a weight u on a pixel x; c and z hold the share of all others.
before = named("a", u * x + c)
unit = named("h", tanh(before))
family = named(r"\operatorname{LSE}(\theta t)", ln(total("m", exp(theta * t("m")))))
mean_v = named(r"\bar v", total("m", s("m") * v("m")))
H_p = named("H(p)", -total("m", p("m") * ln(p("m"))))
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
    "eq-shortfall": Derivation(
        "B33",
        named(r"\operatorname{KL}(p \,\|\, s)", total("m", p("m") * ln(p("m") / s("m")))),
        [
            (total("i", p("i") * (ln(p("i")) - ln(s("i")))), ""),
            (total("i", p("i") * (ln(p("i")) - z("i") + LSE)), ""),
            (LSE - total("i", p("i") * z("i")) - H_p, ""),
        ],
    ),
}

# A network of two layers and N examples: X U + b, its tanh H, and H W + c.
Matrix = Callable[[str, str], Expr]
N = named("N", total("o", Expr("integer", (1,))))
labels_sum_to_1 = every("r", equal(total("m", cell("Y", "r", "m")), 1))


def b(unit: str) -> Expr:
    """Return the constant of a hidden unit."""
    return Expr("entry", ("b", unit))


def constant(index: str) -> Expr:
    """Return the constant of a class."""
    return Expr("entry", ("c", index))


def reaching(r: str, g: str) -> Expr:
    """Return what reaches a hidden unit."""
    return named(f"A_{{{r}{g}}}", total("e", cell("X", r, "e") * cell("U", "e", g)) + b(g))


def unit_of(r: str, g: str) -> Expr:
    """Return the value of a hidden unit."""
    return named(f"H_{{{r}{g}}}", tanh(reaching(r, g)))


def logit(r: str, j: str) -> Expr:
    """Return a logit."""
    of_units = total("h", unit_of(r, "h") * cell("W", "h", j))
    return named(f"Z_{{{r}{j}}}", of_units + constant(j))


def free(r: str, j: str) -> Expr:
    """Return a logit that may be any number."""
    return cell("Z", r, j)


def probability(logits: Matrix, r: str, j: str) -> Expr:
    """Return a probability."""
    return named(f"s_{{{r}{j}}}", exp(logits(r, j)) / total("l", exp(logits(r, "l"))))


def loss_of(logits: Matrix, r: str) -> Expr:
    """Return the loss of one example."""
    return named(f"L_{r}", -total("m", cell("Y", r, "m") * ln(probability(logits, r, "m"))))


def mean_loss(logits: Matrix) -> Expr:
    """Return the mean loss of all examples."""
    return named(r"\bar L", total("o", loss_of(logits, "o")) / N)


def slope(logits: Matrix, r: str, j: str) -> Expr:
    """Return an entry of the gradient of the mean loss with respect to the logits."""
    return named(f"G_{{{r}{j}}}", (probability(logits, r, j) - cell("Y", r, j)) / N)


def mean_of(batch: Expr) -> Expr:
    """Return the mean of a number that each example of a batch has."""
    return total_in("k", batch, v("k")) / count(batch)


def below(r: str, g: str) -> Expr:
    """Return an entry of the gradient by what reaches the hidden units."""
    from_above = total("m", slope(logit, r, "m") * cell("W", g, "m"))
    return named(f"(\\nabla_A L)_{{{r}{g}}}", from_above * (1 - unit_of(r, g) ** 2))


cost = mean_loss(logit)
share = total("r", cell("Y", "r", "j")) / N
L_moved = named("L(z + v)", -total("m", y("m") * ln(moved("m"))))
beyond = L_moved - L - total("i", (s("i") - y("i")) * v("i"))
# Of two batches of examples A and B, and with zeros in p, where a term with p_i = 0 is 0.
A, B = those("A"), those("B")
entropy = named("H(p)", -total("m", times_ln(p("m"), p("m"))))
reached = total("i", p("i") * z("i")) + entropy
width = named(r"\max v", largest("m", v("m"))) - named(r"\min v", smallest("m", v("m")))


THEOREMS = {
    "thm-backpropagation": Theorem(
        "B17",
        [
            equal(d(mean_loss(free), cell("Z", "r", "j")), slope(free, "r", "j")),
            equal(
                d(cost, cell("W", "g", "j")), total("r", unit_of("r", "g") * slope(logit, "r", "j"))
            ),
            equal(d(cost, constant("j")), total("r", slope(logit, "r", "j"))),
            equal(d(cost, cell("U", "f", "g")), total("r", cell("X", "r", "f") * below("r", "g"))),
            equal(d(cost, b("g")), total("r", below("r", "g"))),
        ],
        [labels_sum_to_1],
    ),
    "thm-hessian": Theorem(
        "B18",
        [equal(d(d(L, z("j")), z("i")), d(s("i"), z("j"))), at_most(0, curvature)],
        labels="sum to 1",
    ),
    "thm-convex": Theorem(
        "B19", [at_most(0, beyond), at_most(beyond, width**2 / 8)], labels="sum to 1"
    ),
    "thm-shares": Theorem(
        "B21",
        [
            equal(d(cost, constant("j")), total("r", probability(logit, "r", "j")) / N - share),
            implies(
                equal(d(cost, constant("j")), 0),
                equal(total("r", probability(logit, "r", "j")) / N, share),
            ),
        ],
        [labels_sum_to_1],
    ),
    "thm-means": Theorem(
        "B32",
        [
            equal(
                mean_of(union(A, B)),
                (count(A) * mean_of(A) + count(B) * mean_of(B)) / (count(A) + count(B)),
            )
        ],
        [some("k", member("k", A)), some("k", member("k", B)), disjoint(A, B)],
    ),
    "thm-soft-maximum": Theorem(
        "B33",
        [
            at_most(reached, LSE),
            exactly_if(equal(reached, LSE), every("i", equal(p("i"), s("i")))),
        ],
        zeros=True,
    ),
}
