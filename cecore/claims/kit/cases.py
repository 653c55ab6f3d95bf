"""Calls to probe with: logits and what goes with them, for any function."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cecore.claims.kit.probe import Case, distribution
from cecore.claims.model import FUNCTIONS, Array

# Classes, up to which a Jacobian is looked at, and a product with one, which may be made from it.
MATRIX, PRODUCT = 40, 300


def of_logits(
    name: str,
    z: Array,
    rng: np.random.Generator,
    *,
    axis: int | None = -1,
    soft: bool = False,
    **how: Any,
) -> Iterator[Case]:
    """Yield a call of a function with these logits, and labels or a direction where it takes any.

    The logits may have any number of axes; ``soft`` labels are distributions.
    """
    along = -1 if axis is None else axis
    n = z.shape[along]
    takes, gives = FUNCTIONS[name].takes, FUNCTIONS[name].gives
    if n > (MATRIX if gives == "matrix" else PRODUCT if takes[-1] == "v" else np.inf):
        return
    if takes[0] == "batch":
        z = z.reshape(-1, n) if z.ndim != 2 else z
    rows = tuple(np.delete(z.shape, along))
    if takes[-1] == "labels":
        # Each class in turn, then any: so that the first and the last are met in small batches.
        k = (np.arange(np.prod(rows, dtype=int)) + int(rng.integers(n))) % n
        labels = k.reshape(rows)
        if soft:
            y = np.eye(n)[labels] * 0.75 + rng.dirichlet(np.ones(n), rows).reshape(*rows, n) / 4
            labels = np.moveaxis(distribution(y, z.dtype), -1, along)
        yield Case(name, (z, labels), axis, **how)
    elif takes[-1] == "v":
        v = np.asarray(rng.normal(size=z.shape)).astype(z.dtype)
        yield Case(name, (z, v), axis, **how)
    else:
        yield Case(name, (z,), axis, **how)


def of_distributions(
    name: str, shape: tuple[int, ...], dtype: np.dtype[Any], rng: np.random.Generator, **how: Any
) -> Iterator[Case]:
    """Yield a call of a function with distributions, none of whose probabilities are 0."""
    axis = how.get("axis", -1)
    along = -1 if axis is None else axis
    n = shape[along]
    rows = tuple(np.delete(shape, along))
    p = rng.dirichlet(np.ones(n), rows).reshape(*rows, n)
    q = rng.dirichlet(np.ones(n), rows).reshape(*rows, n) + 0.01
    p += 0.01
    args = [np.moveaxis(distribution(x, dtype), -1, along) for x in (p, q)]
    yield Case(name, tuple(args[: len(FUNCTIONS[name].takes)]), **how)


def any_calls(
    name: str, shape: tuple[int, ...], dtype: np.dtype[Any], rng: np.random.Generator, **how: Any
) -> Iterator[Case]:
    """Yield calls of a function with inputs of a shape, moderate and random."""
    rows, n = shape if len(shape) == 2 else (0, 0)
    if FUNCTIONS[name].takes[0] == "h":
        if rows:
            h, w = rng.normal(size=(rows, 6)), rng.normal(size=(6, n))
            labels = (np.arange(rows) + int(rng.integers(n))) % n
            yield Case(name, (h.astype(dtype), w.astype(dtype), labels))
        return
    if FUNCTIONS[name].takes[0] == "maxima":
        if rows:
            maxima, sums = rng.normal(size=(n, rows)) * 3, rng.uniform(1, 9, (n, rows))
            yield Case(name, (maxima.astype(dtype), sums.astype(dtype)), None)
        return
    if FUNCTIONS[name].takes[0] == "p":
        yield from of_distributions(name, shape, dtype, rng, **how)
        return
    z = (rng.normal(size=shape) * 2).astype(dtype)
    yield from of_logits(name, z, rng, **how)
    if FUNCTIONS[name].takes[-1] == "labels":
        yield from of_logits(name, z, rng, soft=True, **how)


def few_values(n: int, dtype: np.dtype[Any], rng: np.random.Generator, rows: int = 1) -> Array:
    """Return long rows of logits with a few distinct values."""
    return rng.choice([0.0, -1.0, 2.0], (rows, n)).astype(dtype)
