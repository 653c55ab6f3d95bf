"""Robust: large logits and gaps, shifts, masks, long rows, and what is no number."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cecore.claims.kit.cases import few_values, of_logits
from cecore.claims.kit.probe import Case, Probe, distribution
from cecore.claims.kit.subject import Subject
from cecore.claims.limits import fit
from cecore.claims.model import DISTRIBUTIONS, FUNCTIONS, LABELLED, LOGITS, StopError
from cecore.claims.trial import arguments
from cecore.claims.words import short

Rng = np.random.Generator
Dtype = np.dtype[Any]
ANY = (*LOGITS, "loss_and_grad")
SIZES = (50, 95, 130, 800, 1e4, 3e4)  # beyond the exponentials of half, single and double precision


def _each(name: str, row: list[float], dtype: Dtype, **how: Any) -> Iterator[Case]:
    """Yield calls with a row of logits, with each class the true one."""
    z = np.array([row], dtype)
    for k in range(z.size) if FUNCTIONS[name].takes[-1] == "labels" else (0,):
        yield Case(name, arguments(name, z, k), **how)


def large(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield logits whose exponentials are no floats."""
    for size in SIZES:
        for row in ([0, size], [size, size - 1, 0], [-size, -size - 1]):
            if abs(max(row, key=abs)) <= s.info(dtype).max:
                yield from _each(name, row, dtype, finite=True)


def gaps(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield gaps between logits that some functions cut off, or whose loss they cap."""
    for gap in (5, 10, 15, 17, 20, 25, 40, 64, 65, 70, 87, 89, 100, 103, 110, 700, 745, 1000, 1e4):
        for row in ([0, -gap], [gap, 0]):
            yield from _each(name, row, dtype, spread=True)


def shifts(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield logits that are large together, where the gaps are all that counts."""
    eps = s.info(dtype).eps
    for shift in (1e3, 1e5, 1e7, 1e12):
        if shift * eps <= 1:  # the gaps are whole numbers, which are floats there
            for row in ([shift, shift - 1], [-shift, 3 - shift, 1 - shift]):
                yield from _each(name, row, dtype, spread=True)


def extremes(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield the largest and the smallest floats there are."""
    big, info = s.info(dtype).max, s.info(dtype)
    big = float(np.array(big).astype(dtype))
    for row in ([big, 0], [0, -big], [big, big], [-big, -big], [info.least, 0]):
        yield from _each(name, row, dtype, spread=True)


def masks(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield rows with masked classes; a masked true class costs everything."""
    for row in ([0, -np.inf], [-np.inf, 1, 2], [3, -np.inf, -np.inf, 2.5]):
        yield from _each(name, row, dtype, spread=True)


def masked_rows(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield batches of which one row, or another class of each row, is masked."""
    z = rng.normal(size=(6, 5)).astype(dtype)
    z[3, 2:] = -np.inf
    yield from of_logits(name, z, np.random.default_rng(0), spread=True)
    z = rng.normal(size=(5, 5)).astype(dtype)
    z[np.arange(5), (np.arange(5) + 2) % 5] = -np.inf
    yield from of_logits(name, z, rng, spread=True)
    yield from of_logits(name, 10 * z, rng, spread=True)


def zero_on_masked(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield distributions that put nothing on a masked class."""
    z = rng.normal(size=(4, 5)).astype(dtype)
    z[:, 1] = -np.inf
    y = rng.dirichlet(np.ones(5), 4) * (np.arange(5) != 1)
    yield Case(name, (z, distribution(y, dtype)), spread=True)


def zero_probabilities(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield distributions with zeros, where 0 ln 0 is 0, and infinity where q is 0 and p is not."""
    rows = [([1, 0], [0.5, 0.5]), ([0.5, 0, 0.5], [0.5, 0, 0.5]), ([0.5, 0.5], [1, 0])]
    for p, q in rows:
        pair = (np.array([p], dtype), np.array([q], dtype))
        yield Case(name, pair[: len(FUNCTIONS[name].takes)])


def long_rows(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield as many classes as a vocabulary has words."""
    for n in (50_257, 131_072):
        yield from of_logits(name, few_values(n, dtype, rng), rng)


def not_a_number(s: Subject, name: str, dtype: Dtype) -> str:
    """Say where NaN becomes a number as if nothing had been the matter."""
    for at in range(3):
        z = fit(s.implementation, name, np.array([[2, 1, 0.5]], dtype))[0]
        z[0, at] = np.nan
        k = 1 if s.implementation.ignore_index == 0 else 0  # an example that counts
        try:
            result = s.result(name, *arguments(name, z, k))
        except StopError:
            continue
        parts = result if isinstance(result, tuple) else (result,)
        if all(np.isfinite(np.asarray(p, float)).all() for p in parts):
            return f"{name} of {short(z[0])} is {short(parts[0])}: NaN has become a number"
    return ""


def bad_labels(s: Subject, name: str, dtype: Dtype) -> str:
    """Say whether a label that is no class gives a number, which comes from other memory."""
    z = fit(s.implementation, name, np.array([[2, 1, 0.5], [0.25, 1, 3]], dtype))[0]
    n = z.shape[-1]
    for k in (n, -1, n + 1000, -1000):
        labels = np.zeros(len(z), np.intp)
        labels[0] = k
        try:
            result = s.result(name, z, labels)
        except StopError:
            continue
        part = np.asarray(result[0] if isinstance(result, tuple) else result, float)
        row = part if part.ndim == 0 else part[0]
        if np.isfinite(row).all() and k != s.implementation.ignore_index:
            return f"{name} takes label {k} of {n} classes, and gives {short(row)}"
    return ""


AFTER = ("plain values",)
ROBUST = [
    Probe(
        "large logits", "robust", "no number for large logits",
        "e^z is infinite beyond 11 in float16, 88 in float32, 709 in float64, and 0 as far below: "
        "subtract the largest logit first, and take no logarithm of a rounded probability.",
        ANY, ("B1", "S19", "P5"), AFTER, cases=large,
    ),
    Probe(
        "large gaps", "robust", "wrong for a large gap between two logits",
        "A gap that is cut off, or a probability that is clipped, caps the loss of the examples "
        "that are most wrong.",
        ANY, ("S3", "S14", "S19"), (*AFTER, "large logits"), cases=gaps,
    ),
    Probe(
        "shifts", "robust", "wrong where all logits are large",
        "A constant added to each logit changes nothing. ln sum e^z - z_k rounds away the "
        "difference that counts; subtract before the logarithm.",
        tuple(name for name in ANY if name != "logsumexp"), ("B1", "S19"),
        (*AFTER, "large logits"), cases=shifts,
    ),
    Probe(
        "extremes", "robust", "wrong for the largest or smallest floats",
        "Their difference overflows, and the result need not.", ANY, ("P5",),
        (*AFTER, "large logits"), cases=extremes, plain=True,
    ),
    Probe(
        "masks", "robust", "wrong for masked classes",
        "A logit of -inf is a class of probability 0, and the others are as without it.", ANY,
        ("P7",), AFTER, cases=masks,
    ),
    Probe(
        "masks in a batch", "robust", "wrong for a batch with masked classes",
        "Each row has a mask of its own.", ANY, ("P7", "P8"),
        (*AFTER, "masks", "batches", "large logits"), cases=masked_rows,
    ),
    Probe(
        "0 times infinity", "robust", "NaN where a label of 0 meets a masked class",
        "0 ln 0 is 0: leave the term out, do not multiply.", LABELLED,
        ("S11", "P7"), (*AFTER, "masks"), cases=zero_on_masked,
    ),
    Probe(
        "zero probabilities", "robust", "wrong where a probability is 0",
        "0 ln 0 is 0, and -ln 0 is infinite.", DISTRIBUTIONS, ("S11", "P5"), AFTER,
        cases=zero_probabilities,
    ),
    Probe(
        "long rows", "robust", "wrong for the rows of a vocabulary",
        "128,000 classes are an ordinary vocabulary today.", ANY, ("S1", "P16"),
        (*AFTER, "long sums", "sizes"), cases=long_rows,
    ),
    Probe(
        "NaN", "robust", "NaN becomes a number",
        "A NaN that disappears hides the fault that made it.", ANY, ("P10",), AFTER,
        check=not_a_number,
    ),
    Probe(
        "bad labels", "robust", "a label that is no class gives a number",
        "It is read from memory that belongs to something else.", LABELLED, ("P10",), AFTER,
        check=bad_labels,
    ),
]  # fmt: skip
