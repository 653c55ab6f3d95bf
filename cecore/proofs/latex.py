"""The first reading of a formula: how it looks, in the book's notation."""

from cecore.proofs.formula import Expr

LOOSE, PRODUCT, TIGHT, BASE = range(4)
SIGNS = {"<=": r"\le", "!=": r"\neq"}
LEVELS = dict.fromkeys(("+", "-", "negative"), LOOSE)
LEVELS |= dict.fromkeys(
    ("*", "sum", "sum in", "max", "min", "max in", "ln", "times ln", "tanh"), PRODUCT
)
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
    return x.kind in ("sum", "sum in", "max", "min", "max in", "ln", "times ln", "tanh")


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
    return _number(x)


def _number(x: Expr) -> str:
    """Typeset what only theorems speak of: sizes, largest numbers, sets and pairs."""
    match x.kind, x.parts:
        case "decimal", (digits,):
            number, _, power = digits.partition("e")
            return rf"{number} \cdot 10^{{{power}}}" if power else number
        case (("abs" | "count"), (a,)):
            return rf"\left\lvert {latex(a)} \right\rvert"
        case "times ln", (a, b):
            return rf"{latex(a, PRODUCT)} \, \ln {latex(b, TIGHT)}"
        case "cell", (name, row, column):
            return f"{name}_{{{row}{column}}}"
        case (("max" | "min"), (index, a)):
            return rf"\{x.kind}_{index} {latex(a, PRODUCT)}"
        case "larger", (a, b):
            return rf"\max \left( {latex(a)}, {latex(b)} \right)"
        case (("set" | "pair letter"), (name,)):
            return str(name)
        case "union", (a, b):
            return rf"{latex(a)} \cup {latex(b)}"
        case "sum in", (index, a, b):
            return rf"\sum_{{{index} \in {latex(a)}}} {latex(b, PRODUCT)}"
        case "max in", (index, a, b):
            return rf"\max_{{{index} \in {latex(a)}}} {latex(b, PRODUCT)}"
        case "nothing", ():
            return r"\left( - \infty, 0 \right)"
        case "infinity", ():
            return r"\infty"
        case "pair", (a, b):
            return rf"\left( {latex(a)}, {latex(b)} \right)"
        case "merge", (a, b):
            inner = (
                rf"\left( {latex(part)} \right)" if part.kind == "merge" else latex(part)
                for part in (a, b)
            )
            return r" \oplus ".join(inner)
    return _proposition(x)


def _proposition(x: Expr) -> str:
    """Typeset what is claimed."""
    match x.kind, x.parts:
        case (("=" | "<" | "<=" | "!="), (a, b)):
            return f"{latex(a)} {SIGNS.get(x.kind, x.kind)} {latex(b)}"
        case "and", (Expr("<=", (a, b)), Expr("<=", (c, d))) if b == c:
            return rf"{latex(a)} \le {latex(b)} \le {latex(d)}"
        case "and", (a, b):
            return rf"{latex(a)} \text{{ and }} {latex(b)}"
        case "implies", (a, b):
            return rf"{latex(b)} \text{{ if }} {latex(a)}"
        case "iff", (a, b):
            return rf"{latex(a)} \text{{ exactly if }} {latex(b)}"
        case "forall", (index, a):
            return rf"{latex(a)} \text{{ for every }} {index}"
        case "exists", (index, a):
            return rf"{latex(a)} \text{{ for some }} {index}"
        case "in", (index, a):
            return rf"{index} \in {latex(a)}"
        case "not in", (index, a):
            return rf"{index} \notin {latex(a)}"
        case "disjoint", (a, b):
            return rf"{latex(a)} \cap {latex(b)} = \emptyset"
        case "limit", (a, by, to, result):
            arrow = rf"{latex(by)} \to {latex(to)}"
            return rf"{latex(a)} \to {latex(result)} \text{{ as }} {arrow}"
    raise ValueError(f"no such formula: {x}")
