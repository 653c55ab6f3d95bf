"""Exact: to the last digits, near certainty too."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cecore.claims.kit.cases import any_calls, of_logits
from cecore.claims.kit.probe import Case, Probe
from cecore.claims.kit.subject import Subject
from cecore.claims.model import DISTRIBUTIONS, FUNCTIONS, LOGITS
from cecore.claims.trial import LAST_DIGITS

Rng = np.random.Generator
Dtype = np.dtype[Any]
ENTRIES = tuple(name for name in LOGITS if FUNCTIONS[name].takes[-1] != "v")


def _ulps(name: str) -> int:
    return 2 * LAST_DIGITS if FUNCTIONS[name].gives == "matrix" else LAST_DIGITS


def certainty(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield an example of which the network is nearly certain, and right."""
    eps, low = s.info(dtype).eps, -np.log(s.info(dtype).least)
    for d in (1 - np.log(eps), 5 - np.log(eps), (low - np.log(eps)) / 2):
        z = np.array([[0, -np.floor(d)]], dtype)
        args = (z, np.array([0])) if FUNCTIONS[name].takes[-1] == "labels" else (z,)
        yield Case(name, args, ulps=round(eps**-0.5))  # half of the digits, or all of them


def last_digits(s: Subject, name: str, dtype: Dtype, rng: Rng) -> Iterator[Case]:
    """Yield examples that only great care gets right to the last digits."""
    how: dict[str, Any] = {"ulps": _ulps(name)}
    if FUNCTIONS[name].takes[0] == "p":
        for n in (3, 30, 127):
            yield from any_calls(name, (8, n), dtype, rng, **how)
        return
    for n, scale in ((3, 1.0), (40, 3.0), (10, 30.0), (300, 100.0), (1000, 10.0)):
        z = (rng.normal(size=(8, n)) * scale).astype(dtype)
        if n <= 40 or FUNCTIONS[name].gives != "matrix":
            yield from of_logits(name, z, rng, **how)
    z = np.zeros((2, 127), dtype)
    z[:, 0] = 4, 6
    yield from of_logits(name, z, rng, **how)
    z = (rng.normal(size=(8, 30)) * 3 - 90).astype(dtype)
    yield from of_logits(name, z, rng, **how)


EXACT = [
    Probe(
        "certainty", "exact", "1 + tiny is rounded to 1",
        "Near certainty the loss and 1 - s are tiny and not 0: leave the largest term out of the "
        "sum, and use log1p.",
        tuple(name for name in ENTRIES if name not in ("softmax", "logsumexp")) ,
        ("P1", "P2", "P3", "P4"), ("plain values", "large logits"), cases=certainty, plain=True,
    ),
    Probe(
        "last digits", "exact", "the last digits are lost",
        "z - max z is rounded, and the exponential magnifies what was lost; so does a plain sum.",
        (*ENTRIES, *DISTRIBUTIONS, "loss_and_grad"), ("P16", "P17"),
        ("plain values", "sizes", "batches", "large logits", "certainty"), cases=last_digits,
        plain=True,
    ),
]  # fmt: skip
