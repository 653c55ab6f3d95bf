"""Implementations, claims and evidence."""

import dataclasses

import numpy as np
import pytest

from cecore.claims import CLAIMS, Claim, Evidence, Implementation
from cecore.claims.run import CECORE


def test_implementation_claim_and_evidence_cannot_be_changed():
    for x, name in ((CECORE, "softmax"), (CLAIMS["S1"], "check"), (Evidence("held"), "verdict")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(x, name, None)


def test_implementation_takes_functions_by_name():
    with pytest.raises(TypeError, match="positional"):
        Implementation(np.exp)


def test_implementation_takes_dtypes_as_numpy_does():
    given = Implementation(dtypes=(np.dtype("float64"), "float32", "f4", float))
    assert given.dtypes == (np.float32, np.float64)
    with pytest.raises(ValueError, match="dtypes must be of float16, float32, float64; got 'f16'"):
        Implementation(dtypes=["f16"])


def test_claim_is_of_all_its_functions_unless_it_says_so():
    claim = Claim("X1", "True.", "nowhere", "")
    assert claim.each is False
    assert claim.reason == ""


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("Costs 5, no formula.", "Costs 5, no formula."),
        (r"$a \ge b$, $a \le b$ or $a \ne b$", "a >= b, a <= b or a != b"),
        (r"$T \to \infty$ and $-\infty$", "T -> inf and -inf"),
        (r"$\partial s_i/\partial z_j = -s_i s_j$", "ds_i/dz_j = -s_i s_j"),
        (r"$\operatorname{KL}(p \parallel q)$", "KL(p || q)"),
        (r"$\lvert z\rvert + \lvert\operatorname{LSE}\rvert$", "|z| + |LSE|"),
        (r"$X^{\mathsf T} (A \circ H)$", "X^T (A * H)"),
        (
            r"$\varphi$ is $\sum_k e^{\theta \varepsilon} \ln s_k$",
            "phi is sum_k e^{theta eps} ln s_k",
        ),
        (r"\ge is no formula", r"\ge is no formula"),
    ],
)
def test_claim_has_its_statement_as_plain_text(statement, sentence):
    assert Claim("X", statement, "softmax", "").sentence == sentence
