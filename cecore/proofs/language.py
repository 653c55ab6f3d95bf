"""The words in which formulas are written: `z("i")`, `exp(x)`, `total("k", x)` and so on."""

from typing import Any

from cecore.proofs.formula import Expr, as_formula
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
    r"\lambda": "real",
    r"\tau": "real",
    "C": "positive",
}


# Which sizes the indices run to: over n classes, unless it is said here. Examples, hidden units,
# and pixels.
SIZES = {"r": "N", "o": "N", "g": "M", "h": "M", "f": "D", "e": "D"}


def size_of(index: str) -> str:
    """Return the name of the size to which an index runs."""
    return SIZES.get(index, "n")


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


def b(index: str) -> Expr:
    """Return an entry of a shift, which is added to the logits."""
    return Expr("entry", ("b", index))


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
    """Return the partial derivative of x with respect to a letter or an entry of a vector."""
    if by.kind != "letter" and _summed(x) & {*by.parts[1:]}:
        raise ValueError(f"{latex(by)} has an index over which {latex(x)} sums: rename one of them")
    return Expr("derivative", (x, by))


def named(latex: str, definition: Expr) -> Expr:
    """Let a formula be written by its name."""
    return Expr("named", (latex, definition))


BINDING = ("sum", "sum in", "max", "min", "max in", "forall", "exists")  # their index comes first


def _summed(x: Any) -> set[str]:
    """Return the indices over which a formula sums."""
    if not isinstance(x, Expr):
        return set()
    inner = set().union(*map(_summed, x.parts))
    return inner | {x.parts[0]} if x.kind in BINDING else inner


def classes_named(x: Any) -> int:
    """Return how many classes a formula needs that speaks of classes 1, 2 and so on."""
    if isinstance(x, Expr):
        return max((1, *map(classes_named, x.parts)))
    return int(x) if isinstance(x, str) and x.isdigit() else 1


def cases(i: str, j: str, same: Expr, other: Expr) -> Expr:
    """Return one formula if the two indices are the same, another if they are not."""
    return Expr("cases", (i, j, same, other))


S = named("S", total("a", exp(z("a"))))


def distributions(labels: str) -> list[str]:
    """Return which vectors sum to 1, if `labels` says what is known of y."""
    return ["p", "q", "y"] if labels in ("sum to 1", "distribution") else ["p", "q"]


# More numbers ------------------------------------------------------------------------------------


def decimal(digits: str) -> Expr:
    """Return a number by its digits, such as "0.1" or "5e-16"."""
    return Expr("decimal", (digits,))


def absolute(x: Expr) -> Expr:
    """Return the absolute value of x."""
    return Expr("abs", (x,))


def times_ln(x: Expr, y: Expr) -> Expr:
    """Return x ln y, and 0 if x is 0, whatever y is then."""
    return Expr("times ln", (x, y))


def cell(name: str, row: str, column: str) -> Expr:
    """Return an entry of a matrix."""
    return Expr("cell", (name, row, column))


def largest(index: str, x: Expr) -> Expr:
    """Return the largest x of all classes."""
    return Expr("max", (index, x))


def smallest(index: str, x: Expr) -> Expr:
    """Return the smallest x of all classes."""
    return Expr("min", (index, x))


def larger(x: Expr, y: Expr) -> Expr:
    """Return the larger of two numbers."""
    return Expr("larger", (x, y))


# Finite sets of classes --------------------------------------------------------------------------


def those(name: str) -> Expr:
    """Return a set of classes."""
    return Expr("set", (name,))


def union(a: Expr, b: Expr) -> Expr:
    """Return the classes that are in one of two sets."""
    return Expr("union", (a, b))


def member(index: str, a: Expr) -> Expr:
    """Say that a class is in a set."""
    return Expr("in", (index, a))


def outside(index: str, a: Expr) -> Expr:
    """Say that a class is not in a set."""
    return Expr("not in", (index, a))


def disjoint(a: Expr, b: Expr) -> Expr:
    """Say that no class is in both sets."""
    return Expr("disjoint", (a, b))


def count(a: Expr) -> Expr:
    """Return how many classes are in a set."""
    return Expr("count", (a,))


def total_in(index: str, a: Expr, x: Expr) -> Expr:
    """Return the sum of x over the classes of a set."""
    return Expr("sum in", (index, a, x))


def largest_in(index: str, a: Expr, x: Expr) -> Expr:
    """Return the largest x of the classes of a set."""
    return Expr("max in", (index, a, x))


# Pairs of a maximum and a scaled sum, as they are merged -----------------------------------------

NOTHING = Expr("nothing", ())  # the pair of minus infinity and 0


def some_pair(name: str) -> Expr:
    """Return a pair by its name."""
    return Expr("pair letter", (name,))


def pair(m: Expr, a: Expr) -> Expr:
    """Return the pair of m and a."""
    return Expr("pair", (m, a))


def merge(x: Expr, y: Expr) -> Expr:
    """Return the pair that two pairs are merged into."""
    return Expr("merge", (x, y))


# Propositions ------------------------------------------------------------------------------------

INFINITY = Expr("infinity", ())


def equal(x: Expr | int, y: Expr | int) -> Expr:
    """Say that x and y are the same."""
    return Expr("=", (as_formula(x), as_formula(y)))


def differ(x: Expr | int, y: Expr | int) -> Expr:
    """Say that x and y are not the same."""
    return Expr("!=", (as_formula(x), as_formula(y)))


def less(x: Expr | int, y: Expr | int) -> Expr:
    """Say that x is less than y."""
    return Expr("<", (as_formula(x), as_formula(y)))


def at_most(x: Expr | int, y: Expr | int) -> Expr:
    """Say that x is at most y."""
    return Expr("<=", (as_formula(x), as_formula(y)))


def between(low: Expr | int, x: Expr, high: Expr | int) -> Expr:
    """Say that x is at least `low` and at most `high`."""
    return both(at_most(low, x), at_most(x, high))


def both(a: Expr, b: Expr) -> Expr:
    """Say that a and b are true."""
    return Expr("and", (a, b))


def implies(a: Expr, b: Expr) -> Expr:
    """Say that b is true if a is."""
    return Expr("implies", (a, b))


def exactly_if(a: Expr, b: Expr) -> Expr:
    """Say that a is true if b is, and only then."""
    return Expr("iff", (a, b))


def every(index: str, a: Expr) -> Expr:
    """Say that a is true for every class."""
    return Expr("forall", (index, a))


def some(index: str, a: Expr) -> Expr:
    """Say that a is true for some class."""
    return Expr("exists", (index, a))


def limit(x: Expr, by: Expr, to: Expr | int, result: Expr | int) -> Expr:
    """Say what x tends to as a letter grows to `INFINITY`, or as it falls to 0."""
    return Expr("limit", (x, by, as_formula(to), as_formula(result)))
