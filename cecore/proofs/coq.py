"""The fourth reading of a formula: what it is for Coq, a proof checker.

Coq's division, logarithm and derivative have a value everywhere, even where the book's have none.
So what a statement needs for its formulas to have a meaning, such as that a denominator is not 0,
is read off as well (`Coq.needs`), and has to be proved with it.
"""

import re
from typing import Any

from cecore.proofs.formula import Expr
from cecore.proofs.language import BINDING, ln, size_of
from cecore.proofs.symbolic import renamed

# How tightly Coq's signs bind: what binds less tightly than its place allows gets parentheses.
LOOSEST, ARROW, IFF, AND, RELATION, SUM, MINUS, BIG = 200, 99, 95, 80, 70, 50, 49, 41
PRODUCT, NEGATION, POWER, APPLICATION, ARGUMENT = 40, 35, 30, 10, 9
TERM = RELATION - 1
# Names in LaTeX that are taken in Coq, or hard to read without their signs.
WORDS = {
    "S": "S_",
    "h": "h_",
    "a": "a_",
    "a'": "a_both",
    "m": "top",
    "n": "count",
    "N": "examples",
    "W": "weights",
    "H(p)": "H_p",
    "H(p, q)": "H_pq",
    "H(y, q)": "H_yq",
    r"\tilde s": "s_shifted",
    r"(u \, o)": "u_o",
    "L(z + v)": "L_moved",
    r"\operatorname{LSE}(z + v)": "LSE_moved",
    r"\operatorname{softmax}(z + c)": "shifted",
    r"\frac{\partial L}{\partial h}": "dL_dh",
    r"(\nabla_A L)": "dL_dA",
    r"\sigma(-x)": "sigma_minus",
    r"\sigma(z_1 - z_2)": "sigma_gap",
    r"\sigma(z_2 - z_1)": "sigma_gap_back",
}
RESERVED = [*"spqyzvwtXYZUWA"]  # the names of vectors and matrices
# A free variable: its kind, its name in LaTeX, and its type.
Variable = tuple[str, str, str]
ORDER = ("vector", "matrix", "set", "class", "letter", "pair")


def word(name: str) -> str:
    """Return a letter, or the name of a set or a pair, as Coq spells it."""
    greek = {r"\varepsilon": "eps", "m'": "m_both"}
    return greek.get(name, name.replace("\\", "").replace("_", ""))


def klass(index: str) -> str:
    """Return an index as Coq spells it."""
    return f"c{index}" if index.isdigit() else index


class Coq:
    """Formulas as Coq's terms, and the definitions of the names that stand in them.

    Parameters
    ----------
    full : bool
        Whether to write every parenthesis, and not only those that are needed.
    """

    def __init__(self, full: bool = False) -> None:
        self.full = full
        self.names: dict[tuple[str, Expr], str] = {}
        self.definitions: dict[str, tuple[str, str]] = {}  # binders and body, nested ones first

    def __call__(self, x: Expr, level: int = LOOSEST, of: dict[str, str] | None = None) -> str:
        """Return a formula as a term; `of` says what stands for a vector, such as `put z j t`."""
        text, own = self._read(x, of or {})
        return f"({text})" if own > level or (self.full and own > 0) else text

    def _read(self, x: Expr, of: dict[str, str]) -> tuple[str, int]:
        """Return a term, and how tightly it binds."""

        def it(part: Expr, level: int = LOOSEST) -> str:
            return self(part, level, of)

        match x.kind, x.parts:
            case "integer", (number,):
                return str(number), 0 if number >= 0 else NEGATION
            case "decimal", (digits,):
                return str(digits), 0
            case (("letter" | "set" | "pair letter"), (name,)):
                return word(name), 0
            case "named", _:
                return self._called(x, of), APPLICATION
            case "entry", ("s", index) if "s" not in of:
                return f"softmax {of.get('z', 'z')} {klass(index)}", APPLICATION
            case (("entry" | "cell"), (name, *places)):
                vector = of.get(name, name).removeprefix("(").removesuffix(")")
                return " ".join([vector, *map(klass, places)]), APPLICATION
            case "delta", (i, j):
                return f"delta {klass(i)} {klass(j)}", APPLICATION
            case "+", (a, b):
                return f"{it(a, SUM)} + {it(b, MINUS)}", SUM
            case "-", (a, b):
                return f"{it(a, SUM)} - {it(b, MINUS)}", SUM
            case "negative", (a,):
                return f"- {it(a, NEGATION)}", NEGATION
            case (("*" | "/"), (a, b)):
                return f"{it(a, PRODUCT)} {x.kind} {it(b, PRODUCT - 1)}", PRODUCT
            case "times ln", (a, b):
                return f"{it(a, PRODUCT)} * {it(ln(b), PRODUCT - 1)}", PRODUCT
            case "^", (a, Expr("integer", (power,))) if power >= 0:
                return f"{it(a, POWER - 1)} ^ {power}", POWER
            case "^", (a, b):
                return f"Rpower {it(a, ARGUMENT)} {it(b, ARGUMENT)}", APPLICATION
            case (("exp" | "ln" | "tanh" | "abs"), (a,)):
                return f"{x.kind.replace('abs', 'Rabs')} {it(a, ARGUMENT)}", APPLICATION
            case "cases", (i, j, a, b):
                return f"if {klass(i)} == {klass(j)} then {it(a)} else {it(b)}", LOOSEST
            case "derivative", (a, by):
                return f"Derive {self._along(a, by, of)} {it(by, ARGUMENT)}", APPLICATION
        return self._read_sums(x, of)

    def _read_sums(self, x: Expr, of: dict[str, str]) -> tuple[str, int]:
        """Return what runs over classes, or speaks of sets of them and of pairs."""

        def it(part: Expr, level: int = LOOSEST) -> str:
            return self(part, level, of)

        match x.kind, x.parts:
            case "sum", (index, a):
                inner = it(a, BIG)
                bound = index if _speaks_of(index, inner) else f"({index} < {size_of(index)})"
                return rf"\sum_{bound} {inner}", BIG
            case "sum in", (index, a, b):
                return rf"\sum_({index} in {it(a)}) {it(b, BIG)}", BIG
            case (("max" | "min"), (index, a)):
                function = {"max": "largest", "min": "smallest"}[x.kind]
                return f"{function} (fun {index} => {it(a)})", APPLICATION
            case "max in", (index, a, b):
                return f"largest_in {it(a, ARGUMENT)} (fun {index} => {it(b)})", APPLICATION
            case "count", (a,):
                return f"INR #|{it(a)}|", APPLICATION
            case "union", (a, b):
                return f"{it(a, SUM)} :|: {it(b, MINUS)}", SUM
            case "larger", (a, b):
                return f"Rmax {it(a, ARGUMENT)} {it(b, ARGUMENT)}", APPLICATION
            case "nothing", ():
                return "Nothing", 0
            case "pair", (a, b):
                return f"Pair {it(a, ARGUMENT)} {it(b, ARGUMENT)}", APPLICATION
            case "merge", (a, b):
                return f"merge {it(a, ARGUMENT)} {it(b, ARGUMENT)}", APPLICATION
        return self._read_proposition(x, of)

    def _read_proposition(self, x: Expr, of: dict[str, str]) -> tuple[str, int]:
        """Return what is claimed."""

        def it(part: Expr, level: int) -> str:
            return self(part, level, of)

        match x.kind, x.parts:
            case (("=" | "<" | "<=" | "!="), (a, b)):
                sign = x.kind.replace("!=", "<>")
                return f"{it(a, TERM)} {sign} {it(b, TERM)}", RELATION
            case "and", (a, b):
                return rf"{it(a, AND - 1)} /\ {it(b, AND)}", AND
            case "implies", (a, b):
                return f"{it(a, ARROW - 1)} -> {it(b, ARROW)}", ARROW
            case "iff", (a, b):
                return f"{it(a, IFF - 1)} <-> {it(b, IFF - 1)}", IFF
            case (("forall" | "exists"), (index, a)):
                return f"{x.kind} {index} : 'I_{size_of(index)}, {it(a, LOOSEST)}", LOOSEST
            case (("in" | "not in"), (index, a)):
                sign = {"in": r"\in", "not in": r"\notin"}[x.kind]
                return f"{klass(index)} {sign} {it(a, TERM)}", RELATION
            case "disjoint", (a, b):
                return f"[disjoint {it(a, TERM)} & {it(b, TERM)}]", 0
            case "limit", (a, Expr("letter", (name,)), to, result):
                function = f"(fun {word(name)} => {it(a, LOOSEST)})"
                finite = result.kind != "infinity"
                end = f"(Finite {it(result, ARGUMENT)})" if finite else "p_infty"
                if to.kind == "infinity":
                    return f"is_lim {function} p_infty {end}", APPLICATION
                return f"filterlim {function} (at_right 0) (Rbar_locally {end})", APPLICATION
        raise ValueError(f"no such formula: {x}")

    def _along(self, a: Expr, by: Expr, of: dict[str, str]) -> str:
        """Return a formula as a function of what it is differentiated by."""
        if by.kind == "letter":
            return f"(fun {word(by.parts[0])} => {self(a, of=of)})"
        name, *places = by.parts
        nested = sum("put" in stands for stands in of.values())
        t = f"t{nested or ''}"
        base = of.get(name, "(softmax z)" if name == "s" else name)
        put = "put" if by.kind == "entry" else "put_at"
        moved = f"({put} {base} {' '.join(map(klass, places))} {t})"
        return f"(fun {t} => {self(a, of=of | {name: moved})})"

    def _called(self, x: Expr, of: dict[str, str]) -> str:
        """Return a named formula as the name of its definition and what that depends on."""
        latex, definition = x.parts
        stem, arguments, definition = general(latex, definition)
        found = free(definition, "z" if by_z(definition) else "s")
        known = stem, plain(definition)
        if known not in self.names:
            body = self(definition, of={} if by_z(definition) else {"s": "s"})
            meant = binders(found), body
            same = (self.names[k] for k in self.names if k[0] == stem)
            name = next((x for x in same if self.definitions[x] == meant), None)
            self.names[known] = name or self._new_name(stem, found)
            self.definitions.setdefault(self.names[known], meant)

        def stands(kind: str, name: str) -> str:
            if kind == "class":
                return klass(arguments.get(name, name))
            if kind in ("vector", "matrix"):
                return of.get(name, f"(softmax {of.get('z', 'z')})" if name == "s" else name)
            return word(name)

        given = [stands(kind, name) for kind, name, _ in ordered(found)]
        return " ".join([self.names[known], *sizes(found)[1], *given])

    def _new_name(self, stem: str, found: set[Variable]) -> str:
        """Return a name for a definition that no other has."""
        name = WORDS.get(stem) or re.sub(
            r"\\(operatorname|mathsf|tilde|,|\|)|\([^()]*\)|[{}\\ ,|^.]",
            "",
            stem.replace("'", "_moved"),
        )
        if name in self.names.values() or name in RESERVED:
            kinds = {kind: [v for k, v, _ in ordered(found) if k == kind] for kind in ORDER}
            vectors = [v for v in kinds["vector"] if v in "vwt"]
            letters = kinds["letter"] if len(kinds["letter"]) < 4 else []
            name += "_" + "".join([*map(word, letters), *vectors, *kinds["matrix"]])
        while name in self.names.values():
            name += "'"
        return name

    def needs(self, x: Expr, of: dict[str, str] | None = None) -> list[str]:
        """Return what has to be true so that a formula has a meaning."""
        of = of or {}
        inner = [need for a in x.parts if isinstance(a, Expr) for need in self.needs(a, of)]
        match x.kind, x.parts:
            case "/", (_, b) if b.kind != "integer":
                return [*inner, f"{self(b, TERM, of)} <> 0"]
            case "^", (_, Expr("integer", (power,))) if power >= 0:
                return inner
            case "^", (a, _):
                return [*inner, f"0 < {self(a, TERM, of)}"]
            case "ln", (a,):
                return [*inner, f"0 < {self(a, TERM, of)}"]
            case "times ln", (a, b):
                where = f"{self(a, TERM, of)} <> 0"
                positive = [*self.needs(b, of), f"0 < {self(b, TERM, of)}"]
                return [*self.needs(a, of), *(f"({where} -> {need})" for need in positive)]
            case kind, (index, *_) if kind in BINDING:
                return [
                    f"(forall {index} : 'I_{size_of(index)}, {need})"
                    if _speaks_of(index, need)
                    else need
                    for need in inner
                ]
            case "implies", (a, b):
                where = self(a, ARROW - 1, of)
                return [*self.needs(a, of), *(f"({where} -> {need})" for need in self.needs(b, of))]
            case "limit", (_, Expr("letter", (name,)), *_):
                return [
                    f"(forall {word(name)}, 0 < {word(name)} -> {need})"
                    if _speaks_of(word(name), need)
                    else need
                    for need in inner
                ]
            case "derivative", (a, by):
                there = of | ({"s": "(softmax z)"} if by.parts[0] == "s" else {})
                point = self(by, ARGUMENT, of)
                return [*self.needs(a, there), f"ex_derive {self._along(a, by, of)} {point}"]
        return inner


def _speaks_of(name: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def general(latex: str, definition: Expr) -> tuple[str, dict[str, str], Expr]:
    """Return a definition for general classes, and which one stands for each of them.

    So that `s_i` and `s_j`, say, are the same definition, for i and for j.
    """
    stem, indices = stem_of(latex)
    own = [name for kind, name, _ in sorted(free(definition)) if kind == "class"]
    if len(indices) != len(own) or len({size_of(index) for index in own}) < len(own):
        return latex, {}, definition
    standard = {"n": "i", "N": "r", "M": "g", "D": "f"}
    arguments = {}
    for index in own:
        arguments[standard[size_of(index)]] = index
        definition = renamed(definition, index, standard[size_of(index)])
    return stem, arguments, definition


def stem_of(latex: str) -> tuple[str, str]:
    """Return a name in LaTeX without its indices, and these."""
    found = re.fullmatch(r"(.*)_\{?([a-z]+)\}?", latex)
    return (found[1], found[2]) if found else (latex, "")


def plain(x: Any) -> Any:
    """Return a formula in which the names of formulas have no indices."""
    match x:
        case Expr("named", (latex, definition)):
            return Expr("named", (stem_of(latex)[0], plain(definition)))
        case Expr(kind, parts):
            return Expr(kind, tuple(map(plain, parts)))
    return x


def by_z(x: Any) -> bool:
    """Return whether a formula has a derivative with respect to a logit in it."""
    match x:
        case Expr("derivative", (_, Expr("entry", ("z", _)))):
            return True
        case Expr(_, parts):
            return any(map(by_z, parts))
    return False


def free(x: Any, s: str = "z", bound: frozenset[str] = frozenset()) -> set[Variable]:
    """Return the variables of which a formula speaks; for the vector s, that one stands."""

    def classes(*indices: str) -> set[Variable]:
        return {("class", i, f"'I_{size_of(i)}") for i in indices if i not in bound}

    def each(parts: Any, bound: frozenset[str] = bound) -> set[Variable]:
        return set().union(*(free(a, s, bound) for a in parts))

    match x:
        case Expr(kind, (index, *rest)) if kind in BINDING:
            return each(rest, bound | {index}) | {("size", size_of(index), "")}
        case Expr("entry", (name, index)):
            vector = s if name == "s" else name
            return classes(index) | {("vector", vector, f"'R^{size_of(index)}")}
        case Expr("cell", (name, row, column)):
            shape = f"'I_{size_of(row)} -> 'R^{size_of(column)}"
            return classes(row, column) | {("matrix", name, shape)}
        case Expr(("delta" | "cases"), (i, j, *rest)):
            return classes(i, j) | each(rest)
        case Expr(("in" | "not in"), (index, a)):
            return classes(index) | each([a])
        case Expr("letter", (name,)):
            return {("letter", name, "R")}
        case Expr("set", (name,)):
            return {("set", name, "{set 'I_n}")}
        case Expr("pair letter", (name,)):
            return {("pair", name, "pair")}
        case Expr("named", (_, a)):
            return free(a, "z" if by_z(a) else s, bound)
        case Expr("limit", (a, by, *rest)):
            return each([a]) - each([by]) | each(rest)
        case Expr(_, parts):
            return each(parts)
    return set()


def ordered(variables: set[Variable]) -> list[Variable]:
    """Return variables in the order in which they are bound."""
    some = [variable for variable in variables if variable[0] in ORDER]
    return sorted(some, key=lambda v: (ORDER.index(v[0]), klass(word(v[1]))))


def sizes(variables: set[Variable]) -> tuple[list[str], list[str]]:
    """Return all sizes, and those that no variable has in its type."""
    typed = {size for _, _, kind in variables for size in re.findall(r"[\^_](\w+)", kind)}
    every = sorted(typed | {name for kind, name, _ in variables if kind == "size"})
    return every, [size for size in every if size not in typed]


def binders(variables: set[Variable]) -> str:
    """Return the variables of a definition or a statement with their types."""
    lines = [f"({' '.join(sizes(variables)[0])} : nat)"] if sizes(variables)[0] else []
    last = ""
    for kind, name, of_type in ordered(variables):
        spelt = klass(name) if kind == "class" else word(name)
        if of_type == last:
            lines[-1] = lines[-1].replace(" :", f" {spelt} :", 1)
        else:
            lines.append(f"({spelt} : {of_type})")
        last = of_type
    return " ".join(lines)
