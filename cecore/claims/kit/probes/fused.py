"""Kernels that fuse: the loss of a linear layer's outputs, and parts of rows put together."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from cecore.claims.kit.cases import any_calls
from cecore.claims.kit.probe import Case, Probe
from cecore.claims.kit.subject import Subject
from cecore.claims.model import StopError
from cecore.claims.words import short

Rng = np.random.Generator
Dtype = np.dtype[Any]
FUSED, MERGED = ("linear_cross_entropy",), ("merge",)


def plain(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield one small example after the other."""
    for shape in ((1, 2), (1, 3), (2, 3), (5, 4)):
        yield from any_calls(name, shape, dtype, rng)


def sizes(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield every number of examples and of classes at which blocks may end."""
    for rows in (1, 3, 7, 8, 17, 63, 65, 129, 300, 1025):
        yield from any_calls(name, (rows, 5), dtype, rng)
    for n in (1, 2, 7, 16, 31, 65, 127, 129, 500, 1025, 4097):
        yield from any_calls(name, (4, n), dtype, rng)


def large(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield logits whose exponentials are no floats, each exact in any dtype."""
    for size in (64.0, 1024.0):
        for k in (0, 1):
            h, w = np.array([[1, size]], dtype), np.array([[1, 0], [1, 0]], dtype)
            yield Case(name, (h, w, np.array([k])))
            yield Case(name, (-h, w, np.array([k])))


def bad_labels(s: Subject, name: str, dtype: Dtype) -> str:
    """Say whether a label that is no class gives a number, which comes from other memory."""
    h, w = np.ones((2, 2), dtype), np.array([[1, 0, 0.5], [2, 1, 0]], dtype)
    for k in (3, -1, 1000):
        try:
            loss = np.asarray(s.result(name, h, w, np.array([k, 0]))[0], float)
        except StopError:
            continue
        if np.isfinite(loss).all() and k != s.implementation.ignore_index:
            return f"{name} takes label {k} of 3 classes, and gives {short(loss)}"
    return ""


def parts(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield rows in one part, two and many, the largest of them first, last and anywhere."""
    for count in (1, 2, 3, 4, 7, 8, 17, 64, 129):
        yield from any_calls(name, (6, count), dtype, rng)
    yield from of_maxima(name, dtype, ([0, 1], [1, 0], [3, 1, 2], [2, 2]), total=2)


def far(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield parts that are far from 0 and from each other."""
    apart = ([1000, 999], [-1000, -1001], [1000, -1000], [-1000, 1000], [5e4, 0], [0, 5e4])
    yield from of_maxima(name, dtype, apart)


def empty(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield parts in which every class is masked: maximum -inf, sum 0."""
    inf = np.inf
    masked = ([-inf, 1], [1, -inf], [-inf, -inf, 2], [0, -inf, 3], [-inf, -inf])
    yield from of_maxima(name, dtype, masked)


def of_maxima(
    name: str, dtype: Dtype, several: Iterable[Sequence[float]], total: int = 1
) -> Iterator[Case]:
    """Yield one row in parts with these maxima and this sum, or 0 where all is masked."""
    for maxima in several:
        m = np.array(maxima, dtype)[:, None]
        yield Case(name, (m, np.where(np.isinf(m), 0, total).astype(dtype)), None)


FUSION = [
    Probe(
        "fused values", "correct", "wrong for a plain example",
        "Mean loss, H^T G and G W^T, where G is (s - y) / N.", FUSED, ("S17", "B17"), cases=plain,
    ),
    Probe(
        "fused sizes", "correct", "wrong for some numbers of examples or classes",
        "Blocks end there; what is left over is another piece of code.", FUSED, ("B17",),
        ("fused values",), cases=sizes,
    ),
    Probe(
        "fused large logits", "robust", "no number for large logits",
        "Subtract the largest logit before the exponential, in each block as well.", FUSED,
        ("B1", "S19"), ("fused values",), cases=large,
    ),
    Probe(
        "fused bad labels", "robust", "a label that is no class gives a number",
        "It is read from memory that belongs to something else.", FUSED, ("P10",),
        ("fused values",), check=bad_labels,
    ),
    Probe(
        "merged parts", "correct", "parts are not put together right",
        "The sum of each part is scaled by e^(its maximum - the largest).", MERGED, ("B30",),
        cases=parts,
    ),
    Probe(
        "parts far apart", "robust", "wrong for parts far from 0 or from each other",
        "Scale by differences of maxima: e^m itself overflows or is 0.", MERGED, ("B30", "B1"),
        ("merged parts",), cases=far,
    ),
    Probe(
        "masked parts", "robust", "wrong for a part whose classes are all masked",
        "-inf - (-inf) is NaN: such a part adds nothing.", MERGED, ("B30", "P7"),
        ("merged parts", "parts far apart"), cases=empty,
    ),
]  # fmt: skip
