"""The first reading of a formula: how it looks, in the book's notation."""

from cecore.proofs.formula import Expr

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
