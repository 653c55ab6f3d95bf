"""The second reading of a formula: what it is, for every number of classes, as SymPy sees it."""

from collections.abc import Callable
from itertools import count
from typing import Any

from cecore.proofs.formula import Expr
from cecore.proofs.language import BINDING, LETTERS, distributions, exp, s, total, z


def symbolic(x: Expr, free_s: bool = False, classes: int = 1) -> Any:
    """Return a formula as a SymPy expression, for a general number of classes.

    ``s`` stands for its definition in terms of z, unless `free_s` makes it a vector of its own.
    There are at least `classes` classes.
    """
    import sympy as sp

    def it(part: Expr) -> Any:
        return symbolic(part, free_s, classes)

    match x.kind, x.parts:
        case "integer", (number,):
            return sp.Integer(number)
        case "letter", (name,):
            return sp.Symbol(name, **{LETTERS[name]: True})
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
        case "^", (a, Expr("integer", (power,))):
            return it(a) ** power
        case "^", (a, b):  # a^{b + c} as a^b a^c, which SymPy would take for something else
            base = it(a) if classes >= 2 and _others(a) else _sure(it(a), "positive")
            return sp.Mul(*(base**term for term in sp.Add.make_args(it(b))))
        case "exp", (a,):
            return sp.exp(it(a))
        case "ln", (a,):
            return sp.log(_sure(it(a), "positive"))
        case "tanh", (a,):
            return sp.tanh(it(a))
        case "sum", (index, a):
            own = f"{index}_{next(_FRESH)}"  # so that no other i is caught
            return sp.Sum(it(renamed(a, index, own)), (_class(own), 1, _n()))
        case "cases", (i, j, a, b):
            same = sp.KroneckerDelta(_class(i), _class(j))
            return same * it(a) + (1 - same) * it(b)
        case "derivative", (a, Expr("letter", _) as by):
            return sp.diff(it(a), it(by))
        case "derivative", (a, Expr("entry", ("s", index))):
            by_s = sp.diff(symbolic(a, True, classes), _vector("s")[_class(index)])
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


def _others(x: Expr) -> bool:
    """Return whether a formula is 1 - s_i: with two classes or more, it is positive."""
    match x:
        case Expr("-", (Expr("integer", (1,)), Expr("entry", ("s", _)))):
            return True
    return False


def renamed(x: Any, old: str, new: str) -> Any:
    """Return a formula with another name for one of its indices."""
    match x:
        case Expr(kind, (index, *_)) if kind in BINDING and index == old:
            return x  # its own index has that name
        case Expr("cell", (name, row, column)):
            return Expr(
                "cell", (name, *(new if index == old else index for index in (row, column)))
            )
        case Expr("entry", (name, index)):
            return Expr("entry", (name, new if index == old else index))
        case Expr(("delta" | "cases") as kind, (i, j, *rest)):
            pair = (new if i == old else i, new if j == old else j)
            return Expr(kind, (*pair, *(renamed(a, old, new) for a in rest)))
        case Expr(kind, parts):
            return Expr(kind, tuple(renamed(part, old, new) for part in parts))
    return x


def _n() -> Any:
    import sympy as sp

    return sp.Symbol("n", integer=True, positive=True)


def _class(index: str) -> Any:
    import sympy as sp

    return sp.Integer(index) if index.isdigit() else sp.Idx(index)


def _vector(name: str) -> Any:
    import sympy as sp

    if name in ("s", "p", "q"):
        return sp.IndexedBase(name, positive=True)
    return sp.IndexedBase(name, real=True)


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


def same_for_every_n(
    left: Expr, right: Expr, case: str = "", labels: str = "", classes: int = 1
) -> bool:
    """Return whether two formulas are proved to be the same in a case, with labels of a kind.

    Parameters
    ----------
    left, right : Expr
        The formulas.
    case, labels, classes
        One of the cases of a `Derivation`, its labels, and how many classes there are at least.

    Returns
    -------
    bool
        False as well if they are the same and SymPy does not see it.
    """
    import sympy as sp

    try:
        difference = symbolic(left, classes=classes) - symbolic(right, classes=classes)
    except NotImplementedError:
        return False
    if labels == "one-hot":
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
    for name in distributions(labels):
        whole = without_sums(symbolic(total("i", Expr("entry", (name, "i")))))
        difference = difference.subs(whole, 1)
    # A quotient of polynomials in exponentials and the like: its normal form, and quick.
    return bool(sp.cancel(sp.expand_log(sp.expand(difference))) == 0)
