r"""Derivations that check themselves: formulas that can be typeset, proved and evaluated.

A formula (`Expr`) is kept as it is written, and has three readings. `latex` typesets it in the
book's notation. `symbolic` is a SymPy expression for a *general* number of classes n. `value` is a
number at a given point, in 50-digit arithmetic, where sums are added up term by term and
derivatives are differences. A `Derivation` is a chain of formulas with a reason for each step.
Its `prove` checks every "=" by the second reading and, sharing nothing with it, by the third.

>>> wrong = Derivation("S10", d(s("i"), z("j")), [(s("i") * s("j"), "sign lost")], ["i != j"])
>>> wrong.prove()
Traceback (most recent call last):
    ...
cecore.proofs.language.FalseStepError: S10, step 1 (sign lost) does not hold for i != j:
      \frac{\partial s_i}{\partial z_j}
    = s_i \, s_j
At n = 2, i = 2, j = 1, z = (-1.5, -0.98) the sides are -0.233833 and 0.233833.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise
from typing import Any

DIGITS = 50
LETTERS = ("c", "T", "a", "h", "u", "x", "y", r"\beta", r"\gamma", r"\varepsilon", r"\theta")


class FalseStepError(AssertionError):
    """A step of a derivation that does not hold."""


@dataclass(frozen=True)
class Expr:
    """A formula as it is written: its kind, and its parts. Nothing is simplified unasked."""

    kind: str
    parts: tuple[Any, ...]

    def __add__(self, other: "Expr | int") -> "Expr":
        return Expr("+", (self, _expr(other)))

    def __radd__(self, other: int) -> "Expr":
        return _expr(other) + self

    def __sub__(self, other: "Expr | int") -> "Expr":
        return Expr("-", (self, _expr(other)))

    def __rsub__(self, other: int) -> "Expr":
        return _expr(other) - self

    def __mul__(self, other: "Expr | int") -> "Expr":
        return Expr("*", (self, _expr(other)))

    def __rmul__(self, other: int) -> "Expr":
        return _expr(other) * self

    def __truediv__(self, other: "Expr | int") -> "Expr":
        return Expr("/", (self, _expr(other)))

    def __rtruediv__(self, other: int) -> "Expr":
        return _expr(other) / self

    def __pow__(self, power: "Expr | int") -> "Expr":
        return Expr("^", (self, _expr(power)))

    def __neg__(self) -> "Expr":
        return Expr("negative", (self,))


def _expr(x: "Expr | int") -> Expr:
    return x if isinstance(x, Expr) else Expr("integer", (x,))


# The words of the language ----------------------------------------------------------------------


def letter(name: str) -> Expr:
    """Return a positive number, such as a temperature: one of `LETTERS`."""
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


def cases(i: str, j: str, same: Expr, other: Expr) -> Expr:
    """Return one formula if the two indices are the same, another if they are not."""
    return Expr("cases", (i, j, same, other))


S = named("S", total("a", exp(z("a"))))


# First reading: how it looks --------------------------------------------------------------------

LOOSE, PRODUCT, TIGHT, BASE = range(4)
LEVELS = dict.fromkeys(("+", "-", "negative"), LOOSE)
LEVELS |= dict.fromkeys(("*", "sum", "ln", "tanh"), PRODUCT)
LEVELS |= dict.fromkeys(("/", "^", "exp", "cases", "derivative"), TIGHT)


def _level(x: Expr) -> int:
    return LOOSE if x.kind == "integer" and x.parts[0] < 0 else LEVELS.get(x.kind, BASE)


def _open(x: Expr) -> bool:
    """Return whether a factor to the right of the formula would be read as a part of it."""
    match x.kind, x.parts:
        case "*", (_, b):
            return _open(b)
        case "derivative", (a, _):
            return a.kind not in ("entry", "named") and _level(a) >= PRODUCT
    return x.kind in ("sum", "ln", "tanh")


def latex(x: Expr, level: int = LOOSE) -> str:
    """Typeset a formula, in parentheses if it binds less tightly than its surroundings."""
    if _level(x) < level:
        return rf"\left( {latex(x)} \right)"
    match x.kind, x.parts:
        case (("integer" | "letter"), (name,)):
            return str(name)
        case "named", (name, _):
            return str(name)
        case "entry", (name, index):
            return f"{name}_{index}"
        case "delta", (i, j):
            return rf"\delta_{{{i}{j}}}"
        case "+", (a, b):
            return f"{latex(a)} + {latex(b, PRODUCT)}"
        case "-", (a, b):
            return f"{latex(a)} - {latex(b, PRODUCT)}"
        case "negative", (a,):
            return f"- {latex(a, PRODUCT)}"
        case "*", (a, b):
            left = rf"\left( {latex(a)} \right)" if _open(a) else latex(a, PRODUCT)
            dot = r"\cdot" if a.kind == "integer" or a.kind == b.kind == "/" else r"\,"
            return f"{left} {dot} {latex(b, PRODUCT)}"
        case "/", (a, b):
            return rf"\frac{{{latex(a)}}}{{{latex(b)}}}"
        case "^", (a, b):
            return f"{latex(a, BASE)}^{{{latex(b)}}}"
        case "exp", (a,):
            return f"e^{{{latex(a)}}}"
        case (("ln" | "tanh"), (a,)):
            return rf"\{x.kind} {latex(a, TIGHT)}"
        case "sum", (index, a):
            return rf"\sum_{index} {latex(a, PRODUCT)}"
        case "cases", (i, j, a, b):
            rows = rf"{latex(a)} & \text{{if }} {i} = {j} \\ {latex(b)} & \text{{if }} {i} \neq {j}"
            return rf"\begin{{cases}} {rows} \end{{cases}}"
        case "derivative", (a, by):
            if a.kind in ("entry", "named"):
                return rf"\frac{{\partial {latex(a)}}}{{\partial {latex(by)}}}"
            return rf"\frac{{\partial}}{{\partial {latex(by)}}} {latex(a, PRODUCT)}"
    raise ValueError(f"no such formula: {x}")


# Second reading: what it is, for every n --------------------------------------------------------


def symbolic(x: Expr, free_s: bool = False) -> Any:
    """Return a formula as a SymPy expression, for a general number of classes.

    ``s`` stands for its definition in terms of z, unless `free_s` makes it a vector of its own.
    """
    import sympy as sp

    def it(part: Expr) -> Any:
        return symbolic(part, free_s)

    match x.kind, x.parts:
        case "integer", (number,):
            return sp.Integer(number)
        case "letter", (name,):
            return sp.Symbol(name, positive=True)
        case "named", (_, definition):
            return it(definition)
        case "entry", ("s", index) if not free_s:
            return it(exp(z(index)) / total("a", exp(z("a"))))
        case "entry", (name, index):
            return _vector(name)[_class(index)]
        case "delta", (i, j):
            return sp.KroneckerDelta(_class(i), _class(j))
        case "+", (a, b):
            return it(a) + it(b)
        case "-", (a, b):
            return it(a) - it(b)
        case "negative", (a,):
            return -it(a)
        case "*", (a, b):
            return it(a) * it(b)
        case "/", (a, b):
            return it(a) / _sure(it(b), "nonzero")
        case "^", (a, Expr("integer", (power,))) if power < 0:
            return _sure(it(a), "nonzero") ** power
        case "^", (a, b):  # a^{b + c} as a^b a^c, which SymPy would take for something else
            return sp.Mul(*(it(a) ** term for term in sp.Add.make_args(it(b))))
        case "exp", (a,):
            return sp.exp(it(a))
        case "ln", (a,):
            return sp.log(_sure(it(a), "positive"))
        case "tanh", (a,):
            return sp.tanh(it(a))
        case "sum", (index, a):
            own = f"{index}_{next(_FRESH)}"  # so that no other i is caught
            return sp.Sum(it(_renamed(a, index, own)), (_class(own), 1, _n()))
        case "cases", (i, j, a, b):
            same = sp.KroneckerDelta(_class(i), _class(j))
            return same * it(a) + (1 - same) * it(b)
        case "derivative", (a, Expr("letter", _) as by):
            return sp.diff(it(a), it(by))
        case "derivative", (a, Expr("entry", ("s", index))):
            by_s = sp.diff(symbolic(a, free_s=True), _vector("s")[_class(index)])
            return _replaced(by_s, "s", lambda index: symbolic(s(str(index))))
        case "derivative", (a, Expr("entry", (name, index))):
            return sp.diff(it(a), _vector(name)[_class(index)])
    raise ValueError(f"no such formula: {x}")


_FRESH = count(1)


def _sure(x: Any, sign: str) -> Any:
    """Return what is divided by, or has a logarithm, if it is "nonzero" or "positive" for sure."""
    if not getattr(without_sums(x), f"is_{sign}"):
        raise NotImplementedError(f"perhaps not {sign}: {x}")
    return x


def _renamed(x: Any, old: str, new: str) -> Any:
    """Return a formula with another name for one of its indices."""
    match x:
        case Expr("sum", (index, _)) if index == old:
            return x  # its own index has that name
        case Expr("entry", (name, index)):
            return Expr("entry", (name, new if index == old else index))
        case Expr(("delta" | "cases") as kind, (i, j, *rest)):
            pair = (new if i == old else i, new if j == old else j)
            return Expr(kind, (*pair, *(_renamed(a, old, new) for a in rest)))
        case Expr(kind, parts):
            return Expr(kind, tuple(_renamed(part, old, new) for part in parts))
    return x


def _n() -> Any:
    import sympy as sp

    return sp.Symbol("n", integer=True, positive=True)


def _class(index: str) -> Any:
    import sympy as sp

    return sp.Integer(index) if index.isdigit() else sp.Idx(index)


def _vector(name: str) -> Any:
    import sympy as sp

    return sp.IndexedBase(name, **{"positive" if name in "spq" else "real": True})


def _replaced(x: Any, name: str, entry: Callable[[Any], Any]) -> Any:
    """Return a SymPy expression with something else for each entry of a vector."""
    import sympy as sp

    def is_entry(e: Any) -> bool:
        return isinstance(e, sp.Indexed) and e.base == _vector(name)

    return x.replace(is_entry, lambda e: entry(e.indices[0]))


def without_sums(x: Any) -> Any:
    """Bring sums into a normal form: split, constants in front, the rest a symbol of its own.

    Two expressions that differ by such rules only become equal, and what is left is a rational
    function of symbols and logarithms, which SymPy can simplify.
    """
    import sympy as sp

    if not x.has(sp.Sum):
        return x
    if not isinstance(x, sp.Sum):
        return x.func(*map(without_sums, x.args))
    if len(x.limits) > 1:  # SymPy's way to write a sum of sums, the inner one first
        return without_sums(sp.Sum(without_sums(sp.Sum(x.function, x.limits[0])), *x.limits[1:]))
    ((b, *_),) = x.limits
    result = sp.Integer(0)
    inner = sp.expand(sp.expand_log(without_sums(x.function)))
    for term in sp.Add.make_args(inner):
        front, rest = term.as_independent(b)
        chosen = [e for e in sp.Mul.make_args(rest) if isinstance(e, sp.KroneckerDelta)]
        if chosen:  # sum_b delta_bj f(b) = f(j), and delta_jj = 1
            (other,) = set(chosen[0].args) - {b}
            result += front * without_sums(rest.subs(b, other))
        elif rest == 1:
            result += front * _n()
        elif any("_" in str(e) for e in rest.atoms(sp.Idx) - {b}):
            raise NotImplementedError(f"a sum that hangs together with another: {rest}")
        else:
            name = f"sum of {rest.subs(b, _class('b'))}"
            result += front * sp.Symbol(name, positive=rest.is_positive)
    return result


# Third reading: how much it is, at one point ----------------------------------------------------


@dataclass(frozen=True)
class Point:
    """n classes, a class for every index, a number for every letter and entry."""

    n: int
    index: dict[str, int]
    letter: dict[str, Any]
    entry: dict[str, list[Any]]

    def moved(self, name: str, index: int, x: Any) -> "Point":
        """Return the point with another number at one entry of a vector."""
        entries = [*self.entry[name]]
        entries[index] = x
        return replace(self, entry=self.entry | {name: entries})


def value(x: Expr, at: Point) -> Any:
    """Return the number that a formula is at a point, in mpmath arithmetic."""
    import mpmath as mp

    match x.kind, x.parts:
        case "integer", (number,):
            return mp.mpf(number)
        case "letter", (name,):
            return at.letter[name]
        case "named", (_, definition):
            return value(definition, at)
        case "entry", ("s", index) if "s" not in at.entry:
            return softmax_at(at)[at.index[index]]
        case "entry", (name, index):
            return at.entry[name][at.index[index]]
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
            return value(a, at) ** value(b, at)
        case "exp", (a,):
            return mp.exp(value(a, at))
        case "ln", (a,):
            return mp.log(value(a, at))
        case "tanh", (a,):
            return mp.tanh(value(a, at))
        case "sum", (index, a):
            each = (replace(at, index=at.index | {index: c}) for c in range(at.n))
            return mp.fsum(value(a, one) for one in each)
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
    raise ValueError(f"no such formula: {x}")


def softmax_at(at: Point) -> list[Any]:
    """Return the probabilities at a point."""
    import mpmath as mp

    exponentials = [mp.exp(x) for x in at.entry["z"]]
    return [e / mp.fsum(exponentials) for e in exponentials]


# The chain --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Derivation:
    """A chain ``start = formula = formula = ...``, each "=" with its reason.

    Parameters
    ----------
    name : str
        The statement that it proves.
    start : Expr
        The left-hand side.
    steps : sequence of (Expr, str)
        The formulas that follow, and why; reasons are LaTeX text, and may be empty.
    cases : sequence of str
        The cases for which to prove it, such as "i = j" and "i != j". By default there is only
        one, "", which assumes nothing.
    labels : str
        What is known of y: "one-hot" (1 at class k), "sum to 1", or "" for any numbers.

    Notes
    -----
    Of p and q it is assumed that they are distributions without a zero. A step that divides has to
    divide by what is 0 nowhere, and a logarithm has to be one of what is positive everywhere.
    """

    name: str
    start: Expr
    steps: Sequence[tuple[Expr, str]]
    cases: Sequence[str] = ("",)
    labels: str = ""

    def __post_init__(self) -> None:
        """Refuse what would prove nothing."""
        if not self.steps:
            raise ValueError("steps must hold at least one formula")
        pattern = r"|([ijk]) (=|!=) (?!\1)[ijk]"
        if not self.cases or not all(re.fullmatch(pattern, case) for case in self.cases):
            raise ValueError(f"cases must be such as 'i = j' or 'i != j'; got {self.cases!r}")
        if self.labels not in ("", "one-hot", "sum to 1"):
            raise ValueError(f"labels must be 'one-hot', 'sum to 1' or ''; got {self.labels!r}")

    def latex(self) -> str:
        """Typeset the chain: one formula a line, the reasons on the right."""
        lines = [
            latex(formula) + (rf" && \text{{{reason}}}" if reason else "")
            for formula, reason in self.steps
        ]
        if len(lines) == 1 and "&&" not in lines[0]:
            return f"{latex(self.start)} = {lines[0]} ."
        rows = " \\\\[4pt]\n".join(f"  &= {line}" for line in lines)
        return f"\\begin{{aligned}}\n{latex(self.start)}\n{rows} .\n\\end{{aligned}}"

    def prove(self) -> str:
        """Check every step twice, and say what was done.

        Raises
        ------
        FalseStepError
            At the first step that does not hold, with both sides and a point where they differ.
        """
        chain = [self.start, *(formula for formula, _ in self.steps)]
        points = {case: self._points(case) for case in self.cases}
        for number, (left, right) in enumerate(pairwise(chain), 1):
            for case in self.cases:
                apart = next((at for at in points[case] if not _same_at(left, right, at)), None)
                if apart is not None or not self._same_for_every_n(left, right, case):
                    raise FalseStepError(self._complaint(number, left, right, case, apart))
        seen = sum(map(len, points.values()))
        given = [*filter(None, self.cases)] + [f"y {self.labels}"] * bool(self.labels)
        return (
            f"{self.name}: {len(self.steps)} step{'s' * (len(self.steps) > 1)} proved for every n"
            f"{' with ' * bool(given)}{' and '.join(given)}, "
            f"and confirmed at {seen} points to {DIGITS} digits"
        )

    def _same_for_every_n(self, left: Expr, right: Expr, case: str) -> bool:
        import sympy as sp

        try:
            difference = symbolic(left) - symbolic(right)
        except NotImplementedError:
            return False
        if self.labels == "one-hot":
            k = _class("k")
            difference = _replaced(difference, "y", lambda index: sp.KroneckerDelta(index, k))
        match case.split():
            case first, "=", second:
                difference = difference.subs(_class(second), _class(first))
        try:
            difference = without_sums(difference)
        except NotImplementedError:
            return False
        match case.split():
            case first, "!=", second:
                difference = difference.subs(sp.KroneckerDelta(_class(first), _class(second)), 0)
        for name in self._distributions():
            whole = without_sums(symbolic(total("i", Expr("entry", (name, "i")))))
            difference = difference.subs(whole, 1)
        # A quotient of polynomials in exponentials and the like: its normal form, and quick.
        return bool(sp.cancel(sp.expand_log(sp.expand(difference))) == 0)

    def _distributions(self) -> list[str]:
        return ["p", "q", *(["y"] if self.labels == "sum to 1" else [])]

    def _points(self, case: str) -> list[Point]:
        """Return random points with 2 to 6 classes; the same ones every time."""
        import mpmath as mp

        rng = random.Random(self.name)
        points = []
        for n in (2, 3, 4, 6) * 3:
            index = {name: rng.randrange(n) for name in "ijk"}
            if case:
                first, relation, second = case.split()
                apart = 0 if relation == "=" else rng.randrange(1, n)
                index[second] = (index[first] + apart) % n
            entry = {
                name: [mp.mpf(rng.randint(-300, 300)) / 100 for _ in range(n)] for name in "zyvwt"
            }
            for name in self._distributions():
                weights = [rng.randint(1, 99) for _ in range(n)]
                with mp.workdps(2 * DIGITS):
                    entry[name] = [mp.mpf(w) / sum(weights) for w in weights]
            if self.labels == "sum to 1":  # one of them 0, and one perhaps negative
                with mp.workdps(2 * DIGITS):
                    entry["y"][-1] += entry["y"][0] + 1
                    entry["y"][1] -= 1
            entry["y"][0] = mp.mpf(0)
            if self.labels == "one-hot":
                entry["y"] = [mp.mpf(c == index["k"]) for c in range(n)]
            letters = {name: mp.mpf(rng.randint(1, 300)) / 100 for name in LETTERS}
            points.append(Point(n, index | {str(c + 1): c for c in range(n)}, letters, entry))
        return points

    def _complaint(self, number: int, left: Expr, right: Expr, case: str, at: Point | None) -> str:
        import mpmath as mp

        reason = self.steps[number - 1][1]
        text = (
            f"{self.name}, step {number}{f' ({reason})' * bool(reason)} does not hold"
            f"{f' for {case}' * bool(case)}:\n      {latex(left)}\n    = {latex(right)}\n"
        )
        if at is None:
            return text + "No point was found where the sides differ, but it could not be proved."
        logits = ", ".join(mp.nstr(x) for x in at.entry["z"])
        sides = " and ".join(_shown(side, at) for side in (left, right))
        i, j = at.index["i"] + 1, at.index["j"] + 1
        return text + f"At n = {at.n}, i = {i}, j = {j}, z = ({logits}) the sides are {sides}."


def _shown(x: Expr, at: Point) -> str:
    import mpmath as mp

    try:
        return str(mp.nstr(value(x, at)))
    except ZeroDivisionError:
        return "a division by zero"


def _same_at(left: Expr, right: Expr, at: Point) -> bool:
    import mpmath as mp

    with mp.workdps(DIGITS + 15):  # a difference quotient loses some
        try:
            a, b = value(left, at), value(right, at)
        except ZeroDivisionError:
            return False
        if not (mp.isfinite(a) and mp.isfinite(b)):
            return False
        size = max(abs(a), mp.mpf(10) ** -5)  # below it, 0 and a rounded 0 are the same
        return bool(abs(a - b) <= mp.mpf(10) ** -DIGITS * size)
