"""The third reading of a theorem: whether it is true at a point, to 50 digits.

What is claimed for every class, for every set of classes, or near a limit, is tried.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, product
from typing import Any

from cecore.proofs.formula import Expr
from cecore.proofs.language import SIZES
from cecore.proofs.numeric import DIGITS, Point, arithmetic, classes_in, random_point, value

FAR = (5, 20, 80)  # powers of 10, to which a letter goes towards a limit
MATRICES = {
    "X": ("N", "D"),
    "U": ("D", "M"),
    "W": ("M", "n"),
    "Z": ("N", "n"),
    "Y": ("N", "n"),
}  # the sizes of each


def true_at(x: Expr, at: Point) -> bool:
    """Return whether a proposition is true at a point."""
    match x.kind, x.parts:
        case "=", (a, b):
            return _same(value(a, at), value(b, at))
        case "<=", (a, b):
            low, high = value(a, at), value(b, at)
            return bool(low <= high) or _same(low, high)
        case "!=", (a, b):
            return not _same(value(a, at), value(b, at))
        case "<", (a, b):
            low, high = value(a, at), value(b, at)
            return bool(low < high) and not _same(low, high)
        case "and", (a, b):
            return true_at(a, at) and true_at(b, at)
        case "implies", (a, b):
            return not true_at(a, at) or true_at(b, at)
        case "iff", (a, b):
            return true_at(a, at) == true_at(b, at)
        case "forall", (index, a):
            return all(true_at(a, one) for one in at.each(index))
        case "exists", (index, a):
            return any(true_at(a, one) for one in at.each(index))
        case "in", (index, a):
            return at.index[index] in classes_in(a, at)
        case "not in", (index, a):
            return at.index[index] not in classes_in(a, at)
        case "disjoint", (a, b):
            return not classes_in(a, at) & classes_in(b, at)
        case "limit", (a, by, to, result):
            return _tends(a, by.parts[0], to, result, at)
    raise ValueError(f"no such proposition: {x}")


def _same(a: Any, b: Any) -> bool:
    """Return whether two numbers, or two pairs, are the same to `DIGITS` digits."""
    mp = arithmetic()
    if isinstance(a, tuple):
        return all(map(_same, a, b))
    size = max(abs(a), mp.mpf(10) ** -5)
    return bool(a == b or abs(a - b) <= mp.mpf(10) ** -DIGITS * size)


def _tends(a: Expr, name: str, to: Expr, result: Expr, at: Point) -> bool:
    """Return whether a number comes ever closer to its limit, or grows ever larger."""
    mp = arithmetic()
    sign = 1 if to.kind == "infinity" else -1
    with mp.workdps(3 * max(FAR)):
        there = [replace(at, letter=at.letter | {name: mp.mpf(10) ** (sign * far)}) for far in FAR]
        numbers = [value(a, point) for point in there]
        if result.kind == "infinity":
            first, second = numbers[1] - numbers[0], numbers[2] - numbers[1]
            return bool(0 < 3 * first < second)
        gaps = [abs(x - value(result, at)) for x in numbers]
    return all(gap <= mp.mpf(10) ** (5 - far) for gap, far in zip(gaps, FAR, strict=True))


def subsets(n: int) -> list[frozenset[int]]:
    """Return every set of classes."""
    every = (combinations(range(n), size) for size in range(n + 1))
    return [frozenset(some) for some in chain.from_iterable(every)]


def names(x: Any, kind: str) -> set[str]:
    """Return the names of the sets, or of the pairs, in a formula."""
    if not isinstance(x, Expr):
        return set()
    inner = set().union(*(names(part, kind) for part in x.parts))
    return inner | {x.parts[0]} if x.kind == kind else inner


def theorem_points(
    name: str, propositions: list[Expr], labels: str, classes: int, zeros: bool
) -> Iterator[Point]:
    """Yield random points without end; the same ones every time for the same name.

    Every second one has two equal logits, and every set of its classes is taken for each set.
    """
    mp, rng = arithmetic(), random.Random(name)
    sets = sorted(set().union(*(names(x, "set") for x in propositions)))
    pairs = sorted(set().union(*(names(x, "pair letter") for x in propositions)))

    def numbers(size: int) -> list[Any]:
        return [mp.mpf(rng.randint(-300, 300)) / 100 for _ in range(size)]

    while True:
        for n in (1, 2, 3) if sets else (2, 3, 1, 6):
            at = random_point(max(n, classes), "", labels, rng)
            if zeros and n > 1:
                _with_a_zero(at.entry["p"])
                _with_a_zero(at.entry["q"])
                if rng.random() < 0.3:  # and another one than that of p
                    at.entry["q"].reverse()
            if rng.random() < 0.5:
                at.entry["z"][-1] = at.entry["z"][0]
            sizes = {size: rng.randint(1, 3) for size in "NMD"}
            length = sizes | {"n": at.n}
            cells = {
                matrix: [numbers(length[columns]) for _ in range(length[rows])]
                for matrix, (rows, columns) in MATRICES.items()
            }
            with mp.workdps(2 * DIGITS):
                for row in cells["Y"]:  # each label sums to 1
                    row[0] += 1 - mp.fsum(row)
            for vector in "bcw":  # of any length that is needed
                at.entry[vector] = numbers(6)
            some = {
                p: (-mp.inf, mp.mpf(0)) if rng.random() < 0.3 else tuple(numbers(2)) for p in pairs
            }
            index = at.index | {i: rng.randrange(sizes[size]) for i, size in SIZES.items()}
            at = replace(at, index=index, sizes=sizes, cell=cells, pairs=some)
            for chosen in product(subsets(at.n), repeat=len(sets)):
                yield replace(at, sets=dict(zip(sets, chosen, strict=True)))


def _with_a_zero(p: list[Any]) -> None:
    """Let the last class have its share and that of the first."""
    p[-1] += p[0]
    p[0] = arithmetic().mpf(0)
