"""Correct: the value, to the rounding of the dtype and the conditioning of the problem."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cecore.claims.kit.cases import any_calls, few_values, of_logits
from cecore.claims.kit.probe import Case, Probe
from cecore.claims.kit.subject import Subject
from cecore.claims.model import DISTRIBUTIONS, FUNCTIONS, LABELLED, LOGITS, NotSupportedError

ANY = (*LOGITS, *DISTRIBUTIONS, "loss_and_grad")
ALONG = (*(name for name, kind in FUNCTIONS.items() if kind.along_axis), *DISTRIBUTIONS)
# Around them blocks, vectors and caches end.
SIZES = [*range(1, 21), *(2**i + d for i in range(5, 14) for d in (-1, 0, 1)), 1000, 10_000]
BATCHES = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 129, 255, 257, 1000, 1025, 4097]

Rng = np.random.Generator
Dtype = np.dtype[Any]


def plain(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield one small example after the other."""
    for shape in ((1, 3), (1, 2), (1, 5), (3,)):
        if name == "loss_and_grad" and len(shape) == 1:
            continue
        yield from any_calls(name, shape, dtype, rng)
    if FUNCTIONS[name].takes[0] != "p":
        yield from of_logits(name, np.array([[2, 1, 0.1]], dtype), rng)


def sizes(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield rows of every ordinary number of classes, and of some large ones."""
    for n in SIZES:
        if n < s.implementation.classes or (FUNCTIONS[name].gives == "matrix" and n > 40):
            continue
        if n > 1100:
            if FUNCTIONS[name].takes[0] != "p":
                yield from of_logits(name, few_values(n, dtype, rng, 2), rng)
        else:
            yield from any_calls(name, (2, n), dtype, rng)


def batches(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield batches of one example to a few thousand, flat and deep."""
    for rows in BATCHES:
        yield from any_calls(name, (rows, 3), dtype, rng)
    for rows in (6, 300):
        yield from any_calls(name, (rows, 37), dtype, rng)
    if name != "loss_and_grad":
        yield from any_calls(name, (0, 3), dtype, rng)
        yield from any_calls(name, (4, 3, 5), dtype, rng)
        yield from any_calls(name, (2, 3, 2, 4), dtype, rng)


def other_axes(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield classes along other axes than the last one."""
    for shape, axis in (((4, 3), 0), ((4, 3, 5), 0), ((4, 3, 5), 1), ((4, 3, 5), -2)):
        yield from any_calls(name, shape, dtype, rng, axis=axis)


def default_axis(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield calls without ``axis``."""
    if not s.has_axis(name):
        raise NotSupportedError(f"{name} has no parameter axis")
    if s.axis_by_default(name) is None:  # as SciPy has it, and says so
        raise NotSupportedError(f"{name} takes all entries for classes by default")
    yield from any_calls(name, (4, 3), dtype, rng, axis=None)
    yield from any_calls(name, (2, 3, 4), dtype, rng, axis=None)


def layouts(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield arrays that lie in memory in other ways than row by row."""
    for case in any_calls(name, (6, 10), dtype, rng):
        for view in (
            lambda a: np.asfortranarray(a),
            lambda a: np.repeat(a, 2, -1)[..., ::2],
            lambda a: np.repeat(a, 2, 0)[::2],
            lambda a: a[..., ::-1].copy()[..., ::-1],
        ):
            args = tuple(view(a) if a.ndim == 2 else a for a in case.args)
            yield Case(name, args)


def label_dtypes(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield labels of every integer dtype, in batches that its range does not count."""
    for kind in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"):
        for rows, n in ((4, 3), (300, 100)):
            z = (rng.normal(size=(rows, n)) * 2).astype(dtype)
            (case,) = of_logits(name, z, rng)
            yield Case(name, (z, case.args[1].astype(kind)))


def ignored(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield batches of which some examples do not count."""
    ignore = s.implementation.ignore_index
    if ignore is None:
        return
    for rows, n in ((4, 3), (50, 10)):
        z = (rng.normal(size=(rows, n)) * 2).astype(dtype)
        (case,) = of_logits(name, z, rng)
        labels = np.where(rng.random(rows) < 0.5, ignore, case.args[1])
        labels[:2] = ignore, (0 if ignore else 1)
        yield Case(name, (z, labels))


def long_sums(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield long rows of equal terms, which a narrow sum no longer counts."""
    for n in (300, 3000, 9000):
        z = np.zeros((2, n), dtype)
        z[1, 0] = 4
        yield from of_logits(name, z, rng)
        yield from of_logits(name, few_values(n, dtype, rng, 2), rng)


def one_hot(s: Subject, name: str, dtype: Dtype) -> str:
    """Say what is wrong with one-hot vectors of labels of one axis, two axes and none."""
    for labels in (np.array([2, 0, 1]), np.array([[3, 0], [1, 2]]), np.array([0])):
        got, right = s.array(name, labels, 4), np.eye(4)[labels]
        if got.shape != right.shape:
            return f"one_hot({labels.tolist()}, 4) has shape {got.shape}, not {right.shape}"
        if (got != right).any():
            return f"one_hot({labels.tolist()}, 4) is {got.tolist()}, not {right.tolist()}"
    return ""


CORRECT = [
    Probe(
        "plain values", "correct", "wrong for a plain example",
        "Nothing else was looked at: start here.", ANY,
        ("S1", "S4", "S7", "S10", "S11", "S13", "S14", "S16", "S17", "B5", "B9", "B11", "P14"),
        cases=plain,
    ),
    Probe(
        "long sums", "correct", "wrong for long rows: the sum stands still",
        "Added in half precision, ones no longer count from 256 (bfloat16) or 2048 (float16) on.",
        (*LOGITS, "loss_and_grad"), ("S2", "P16"), ("plain values",), cases=long_sums,
    ),
    Probe(
        "sizes", "correct", "wrong for some numbers of classes",
        "Blocks and vectors end there, and what is left over is another piece of code.", ANY,
        ("S1", "S14", "S17"), ("plain values", "long sums"), cases=sizes,
    ),
    Probe(
        "batches", "correct", "wrong in a batch",
        "Every row of a batch has the value that it has alone.", ANY,
        ("P8",), ("plain values",), cases=batches,
    ),
    Probe(
        "axes", "correct", "wrong along another axis",
        "The classes lie along the axis that is asked for.", ALONG,
        ("P9",), ("plain values",), cases=other_axes,
    ),
    Probe(
        "default axis", "correct", "another axis than the last by default",
        "Called without an axis, the classes are on the last one.", ALONG,
        ("P9",), ("plain values", "batches"), cases=default_axis,
    ),
    Probe(
        "memory layouts", "correct", "wrong if the array has gaps or another order in memory",
        "Slices, transposes and reversed arrays have strides of their own.", ANY,
        ("P8",), ("plain values", "batches"), cases=layouts,
    ),
    Probe(
        "labels' dtypes", "correct", "wrong for labels of another integer dtype",
        "Indices computed in the labels' own narrow dtype wrap around.", LABELLED,
        ("P15",), ("plain values", "batches"), cases=label_dtypes,
    ),
    Probe(
        "ignored labels", "correct", "an ignored example counts",
        "Its loss and gradient are 0, and a mean is divided by the number of the others.", LABELLED,
        ("B26",), ("plain values", "batches"), cases=ignored,
    ),
    Probe(
        "one-hot", "correct", "wrong one-hot vectors",
        "One axis more than the labels, with 1 at the label.", ("one_hot",),
        ("S12",), check=one_hot, once=True,
    ),
]  # fmt: skip
