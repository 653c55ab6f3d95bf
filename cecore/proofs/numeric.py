"""The third reading of a formula: how much it is at one point, in arithmetic with 50 digits.

Sums are added up term by term, and a derivative is a difference quotient. So this reading shares
nothing with SymPy's.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from cecore.proofs.formula import Expr
from cecore.proofs.language import LETTERS, distributions, size_of

DIGITS = 50  # to which two sides must agree


@cache
def arithmetic() -> Any:
    """Return mpmath's arithmetic, in a context of our own: 15 digits, and more where we say so."""
    from mpmath import MPContext

    return MPContext()


@dataclass(frozen=True)
class Point:
    """n classes, a class for every index, a number for every letter and entry.

    Where a theorem speaks of them there are other sizes, matrices, sets of classes and pairs, too.
    """

    n: int
    index: dict[str, int]
    letter: dict[str, Any]
    entry: dict[str, list[Any]]
    sizes: dict[str, int] = field(default_factory=dict)
    cell: dict[str, list[list[Any]]] = field(default_factory=dict)
    sets: dict[str, frozenset[int]] = field(default_factory=dict)
    pairs: dict[str, Any] = field(default_factory=dict)

    def each(self, index: str, among: Any = None) -> Iterator["Point"]:
        """Yield the point with each class, or each of a set, for an index."""
        size = self.n if size_of(index) == "n" else self.sizes[size_of(index)]
        for c in range(size) if among is None else sorted(among):
            yield replace(self, index=self.index | {index: c})

    def moved(self, name: str, index: int, x: Any) -> "Point":
        """Return the point with another number at one entry of a vector."""
        entries = [*self.entry[name]]
        entries[index] = x
        return replace(self, entry=self.entry | {name: entries})


def value(x: Expr, at: Point) -> Any:
    """Return the number that a formula is at a point, to the digits that `arithmetic()` has."""
    mp = arithmetic()
    match x.kind, x.parts:
        case "integer", (number,):
            return mp.mpf(number)
        case "letter", (name,):
            return mp.convert(at.letter[name])
        case "named", (_, definition):
            return value(definition, at)
        case "entry", ("s", index) if "s" not in at.entry:
            return softmax_at(at)[at.index[index]]
        case "entry", (name, index):
            return mp.convert(at.entry[name][at.index[index]])
        case "delta", (i, j):
            return mp.mpf(at.index[i] == at.index[j])
        case "+", (a, b):
            return value(a, at) + value(b, at)
        case "-", (a, b):
            return value(a, at) - value(b, at)
        case "negative", (a,):
            return -value(a, at)
        case "*", (a, b):
            return value(a, at) * value(b, at)
        case "/", (a, b):
            return value(a, at) / value(b, at)
        case "^", (a, b):
            base = value(a, at)
            if b.kind != "integer" and not base > 0:
                raise ArithmeticError("a power of what is not positive")
            return base ** value(b, at)
        case "exp", (a,):
            return mp.exp(value(a, at))
        case "ln", (a,):
            return mp.log(value(a, at))
        case "tanh", (a,):
            return mp.tanh(value(a, at))
        case "sum", (index, a):
            return mp.fsum(value(a, one) for one in at.each(index))
        case "cases", (i, j, a, b):
            return value(a if at.index[i] == at.index[j] else b, at)
        case "derivative", (a, Expr("letter", (name,))):

            def along(t: Any) -> Any:
                return value(a, replace(at, letter=at.letter | {name: t}))

            return mp.diff(along, at.letter[name])
        case "derivative", (a, Expr("entry", (name, index))):
            here, start = at.index[index], at
            if name == "s":
                start = replace(at, entry=at.entry | {"s": softmax_at(at)})
            return mp.diff(lambda t: value(a, start.moved(name, here, t)), start.entry[name][here])
    return _value_in_theorems(x, at)


def _value_in_theorems(x: Expr, at: Point) -> Any:
    """Return the number, or the pair, that only theorems speak of."""
    mp = arithmetic()
    match x.kind, x.parts:
        case "decimal", (digits,):
            return mp.mpf(digits)
        case "abs", (a,):
            return abs(value(a, at))
        case "times ln", (a, b):
            factor = value(a, at)
            return factor * mp.log(value(b, at)) if factor else mp.mpf(0)
        case "cell", (name, row, column):
            return mp.convert(at.cell[name][at.index[row]][at.index[column]])
        case "derivative", (a, Expr("cell", (name, row, column))):
            r, c = at.index[row], at.index[column]

            def along(t: Any) -> Any:
                moved = [
                    [t if (k, j) == (r, c) else e for j, e in enumerate(entries)]
                    for k, entries in enumerate(at.cell[name])
                ]
                return value(a, replace(at, cell=at.cell | {name: moved}))

            return mp.diff(along, at.cell[name][r][c])
        case "max", (index, a):
            return max(value(a, one) for one in at.each(index))
        case "min", (index, a):
            return min(value(a, one) for one in at.each(index))
        case "larger", (a, b):
            return max(value(a, at), value(b, at))
        case "count", (a,):
            return mp.mpf(len(classes_in(a, at)))
        case "sum in", (index, a, b):
            return mp.fsum(value(b, one) for one in at.each(index, classes_in(a, at)))
        case "max in", (index, a, b):
            return max(value(b, one) for one in at.each(index, classes_in(a, at)))
        case "nothing", ():
            return -mp.inf, mp.mpf(0)
        case "pair letter", (name,):
            return at.pairs[name]
        case "pair", (a, b):
            return value(a, at), value(b, at)
        case "merge", (a, b):
            (m, total), (m_too, more) = value(a, at), value(b, at)
            if mp.isinf(m) or mp.isinf(m_too):
                return (m_too, more) if mp.isinf(m) else (m, total)
            top = max(m, m_too)
            return top, total * mp.exp(m - top) + more * mp.exp(m_too - top)
    raise ValueError(f"no such formula: {x}")


def classes_in(a: Expr, at: Point) -> frozenset[int]:
    """Return the classes in a set."""
    match a.kind, a.parts:
        case "set", (name,):
            return at.sets[name]
        case "union", (b, c):
            return classes_in(b, at) | classes_in(c, at)
    raise ValueError(f"no such set: {a}")


def softmax_at(at: Point) -> list[Any]:
    """Return the probabilities at a point."""
    mp = arithmetic()
    exponentials = [mp.exp(x) for x in at.entry["z"]]
    return [e / mp.fsum(exponentials) for e in exponentials]


def points(name: str, case: str = "", labels: str = "", classes: int = 1) -> list[Point]:
    """Return random points with 1 to 6 classes; the same ones every time for the same name.

    Parameters
    ----------
    name : str
        What is to be proved there.
    case, labels, classes
        One of the cases of a `Derivation`, its labels, and how many classes there are at least.
        All three hold at each of the points.

    Returns
    -------
    list of Point
        Twelve of them.
    """
    rng = random.Random(name)
    least = max(classes, 2 if "!=" in case else 1)
    return [random_point(max(n, least), case, labels, rng) for n in (2, 3, 1, 6) * 3]


def random_point(n: int, case: str, labels: str, rng: random.Random) -> Point:
    """Return a random point with n classes, in a case, and with labels of a kind."""
    mp = arithmetic()
    index = {name: rng.randrange(n) for name in "ijk"}
    if case:
        first, relation, second = case.split()
        apart = 0 if relation == "=" else rng.randrange(1, n)
        index[second] = (index[first] + apart) % n
    entry = {name: [mp.mpf(rng.randint(-300, 300)) / 100 for _ in range(n)] for name in "zyvwt"}
    for name in distributions(labels):
        weights = [rng.randint(1, 99) for _ in range(n)]
        with mp.workdps(2 * DIGITS):
            entry[name] = [mp.mpf(w) / sum(weights) for w in weights]
    if labels == "sum to 1" and n > 1:  # one of them 0, and one perhaps negative
        with mp.workdps(2 * DIGITS):
            entry["y"][-1] += entry["y"][0] + 1
            entry["y"][1] -= 1
    if labels == "distribution":
        entry["y"][-1] += entry["y"][0] if n > 1 else 0
    if n > 1:
        entry["y"][0] = mp.mpf(0)
    if labels == "one-hot":
        entry["y"] = [mp.mpf(c == index["k"]) for c in range(n)]
    least = {"real": -300, "nonnegative": 0, "positive": 1}
    letters = {name: mp.mpf(rng.randint(least[LETTERS[name]], 300)) / 100 for name in LETTERS}
    entry["b"] = [mp.mpf(rng.randint(-300, 300)) / 100 for _ in range(n)]
    return Point(n, index | {str(c + 1): c for c in range(n)}, letters, entry)


def same_at(left: Expr, right: Expr, at: Point) -> bool:
    """Return whether two formulas are the same number at a point, to `DIGITS` digits."""
    mp = arithmetic()
    with mp.workdps(DIGITS + 15):  # a difference quotient loses some
        try:
            a, b = value(left, at), value(right, at)
        except ArithmeticError:
            return False
        if not (mp.isfinite(a) and mp.isfinite(b)):
            return False
        size = max(abs(a), mp.mpf(10) ** -5)  # below it, 0 and a rounded 0 are the same
        return bool(abs(a - b) <= mp.mpf(10) ** -DIGITS * size)


def shown(number: Any) -> str:
    """Return the first digits of a number, to be read."""
    return str(arithmetic().nstr(number))


def shown_at(x: Expr, at: Point) -> str:
    """Return what a formula is at a point, to be read."""
    try:
        return shown(value(x, at))
    except ZeroDivisionError:
        return "a division by zero"
    except ArithmeticError as error:
        return str(error)
