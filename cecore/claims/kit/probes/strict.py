"""Strict: bad input is refused in words. Not every library wants to look for it."""

from typing import Any

import numpy as np

from cecore.claims.kit.probe import Probe
from cecore.claims.kit.subject import Subject
from cecore.claims.model import DISTRIBUTIONS, FUNCTIONS, LOGITS, StopError
from cecore.claims.trial import arguments
from cecore.claims.words import short

Dtype = np.dtype[Any]


def _accepted(s: Subject, name: str, *args: Any) -> str:
    try:
        got = s.result(name, *args)
    except StopError:
        return ""
    return f"{name}({', '.join(map(short, args))}) is not refused: got {short(got)}"


def bad_logits(s: Subject, name: str, dtype: Dtype) -> str:
    """Say which logits are taken that are none."""
    inf, nan = np.inf, np.nan
    for row in ([0, nan], [0, inf], [-inf, -inf]):
        z = np.array([row], dtype)
        if message := _accepted(s, name, *arguments(name, z)):
            return message
    return ""


def bad_distributions(s: Subject, name: str, dtype: Dtype) -> str:
    """Say which distributions are taken that are none."""
    even = np.array([0.5, 0.5], dtype)
    for row in ([0.5, 0.75], [-0.5, 1.5], [np.nan, 1]):
        p = np.array(row, dtype)
        if message := _accepted(s, name, *((p,) if FUNCTIONS[name].takes == ("p",) else (p, even))):
            return message
    return ""


STRICT = [
    Probe(
        "no logits", "strict", "NaN, +inf or a row of -inf is taken for logits",
        "The result is NaN, and nobody is told where it came from.", (*LOGITS, "loss_and_grad"),
        ("P10",), ("plain values",), check=bad_logits,
    ),
    Probe(
        "no distributions", "strict", "what is no distribution is taken for one",
        "Negative entries, NaN, or a sum off 1.", DISTRIBUTIONS, ("P10",), ("plain values",),
        check=bad_distributions,
    ),
]  # fmt: skip
