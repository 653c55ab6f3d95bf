"""The words in which formulas are written: `z("i")`, `exp(x)`, `total("k", x)` and so on."""

from typing import Any

from cecore.proofs.formula import Expr
from cecore.proofs.latex import latex

# What is known of each letter: it is "real", and may be "nonnegative" or "positive".
LETTERS = {
    "c": "real",
    "T": "positive",
    "a": "real",
    "h": "real",
    "u": "real",
    "x": "real",
    "y": "real",
    r"\beta": "real",
    r"\gamma": "nonnegative",
    r"\varepsilon": "real",
    r"\theta": "real",
    "m": "real",
    "m'": "real",
    **{f"{name}_{part}": "real" for part in "123" for name in "am"},
    "q_1": "positive",
    "q_2": "positive",
}


def letter(name: str) -> Expr:
    """Return a number, such as a temperature: one of `LETTERS`, with the sign that it has there."""
    if name not in LETTERS:
        raise ValueError(f"name must be one of LETTERS; got {name!r}")
    return Expr("letter", (name,))


def z(index: str) -> Expr:
    """Return a logit."""
    return Expr("entry", ("z", index))


def s(index: str) -> Expr:
    """Return a probability, an entry of softmax(z)."""
    return Expr("entry", ("s", index))


def y(index: str) -> Expr:
    """Return an entry of a label."""
    return Expr("entry", ("y", index))


def p(index: str) -> Expr:
    """Return a true probability."""
    return Expr("entry", ("p", index))


def q(index: str) -> Expr:
    """Return a predicted probability."""
    return Expr("entry", ("q", index))


def v(index: str) -> Expr:
    """Return an entry of a direction in which the logits move."""
    return Expr("entry", ("v", index))


def w(index: str) -> Expr:
    """Return the weight of a class, or that with which a hidden unit enters a logit."""
    return Expr("entry", ("w", index))


def t(index: str) -> Expr:
    """Return a statistic, a number that is known of each class."""
    return Expr("entry", ("t", index))


def delta(i: str, j: str) -> Expr:
    """Kronecker's delta."""
    return Expr("delta", (i, j))


def exp(x: Expr) -> Expr:
    """Return e to the power x."""
    return Expr("exp", (x,))


def ln(x: Expr) -> Expr:
    """Return the natural logarithm of x."""
    return Expr("ln", (x,))


def tanh(x: Expr) -> Expr:
    """Return the hyperbolic tangent of x."""
    return Expr("tanh", (x,))


def total(index: str, x: Expr) -> Expr:
    """Return the sum of x over all classes."""
    return Expr("sum", (index, x))


def d(x: Expr, by: Expr) -> Expr:
    """Return the partial derivative of x by a letter or by an entry of a vector."""
    if by.parts[-1] in _summed(x):
        raise ValueError(f"{latex(by)} has an index over which {latex(x)} sums: rename one of them")
    return Expr("derivative", (x, by))


def named(latex: str, definition: Expr) -> Expr:
    """Let a formula be written by its name."""
    return Expr("named", (latex, definition))


def _summed(x: Any) -> set[str]:
    """Return the indices over which a formula sums."""
    if not isinstance(x, Expr):
        return set()
    inner = set().union(*map(_summed, x.parts))
    return inner | {x.parts[0]} if x.kind == "sum" else inner


def classes_named(x: Any) -> int:
    """Return how many classes a formula needs that speaks of classes 1, 2 and so on."""
    if isinstance(x, Expr):
        return max(1, *map(classes_named, x.parts))
    return int(x) if isinstance(x, str) and x.isdigit() else 1


def cases(i: str, j: str, same: Expr, other: Expr) -> Expr:
    """Return one formula if the two indices are the same, another if they are not."""
    return Expr("cases", (i, j, same, other))


S = named("S", total("a", exp(z("a"))))


def distributions(labels: str) -> list[str]:
    """Return which vectors are distributions, if `labels` says what is known of y."""
    return ["p", "q", "y"] if labels == "sum to 1" else ["p", "q"]
