"""What the checks of the claims work with: how a call is written, warned about and judged."""

import dataclasses
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest

from cecore.claims.statements import CLAIMS
from cecore.claims.trial import (
    Claim,
    Evidence,
    Exact,
    Implementation,
    Pair,
    Row,
    Trial,
    as_numbers_of,
    exact,
    known,
    mp50,
    short,
    takes_axis,
)
from cecore.claims.verify import CECORE


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([1.0, 2.5], "[1.0, 2.5]"),
        (3, "3"),
        ([[1, 2], [3, 4]], "[[1, 2], [3, 4]]"),
        (np.float32([1, 2]), "float32([1.0, 2.0])"),
        (np.arange(8), "[0, 1, 2, 3, 4, 5, 6, 7]"),
        (np.zeros((3, 3)), "<float64 of shape (3, 3)>"),
        ([], "[]"),
        (np.zeros((0, 5)), "<float64 of shape (0, 5)>"),
    ],
)
def test_an_argument_is_written_in_a_few_words(given, text):
    assert short(given) == text


def test_what_is_given_and_found_cannot_be_changed():
    for x, name in ((CECORE, "softmax"), (CLAIMS["S1"], "check"), (Evidence("held"), "verdict")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(x, name, None)


def test_functions_are_given_by_name():
    with pytest.raises(TypeError, match="positional"):
        Implementation(np.exp)


def test_dtypes_are_given_as_numpy_takes_them():
    given = Implementation(dtypes=(np.dtype("float64"), "float32", "f4", float))
    assert given.dtypes == (np.float32, np.float64)
    with pytest.raises(ValueError, match="dtypes must be of float16, float32, float64; got 'f16'"):
        Implementation(dtypes=["f16"])


def test_a_result_is_kept_though_the_function_uses_its_memory_again():
    memory = np.zeros(2)

    def exp(z):
        return np.exp(z, out=memory)

    t = Trial(Implementation(softmax=exp))
    first, second = (t.run("softmax", np.full(2, x), shape=(2,)) for x in (0.0, 1.0))
    assert (first[0], second[0]) == (1, np.e)


def test_a_function_that_writes_to_its_input_gets_a_copy():
    z = np.zeros(2)
    t = Trial(Implementation(softmax=lambda z: np.exp(z, out=z)))
    assert t.run("softmax", z, shape=(2,)).sum() == 2
    assert z.sum() == 0
    assert t.run("softmax", z, shape=(2,), copy=False).sum() == z.sum() == 2


def test_what_is_right_for_a_loss_is_minus_the_logarithm_in_both_its_floats():
    row = Row([2.0, 1.0, 0.1])
    for k in range(3):
        assert as_numbers_of(row.loss_of(k)) == -as_numbers_of(row.log_s)[k]
    assert row.log_s.lo.all()


def test_a_claim_is_of_all_its_functions_unless_it_says_so():
    claim = Claim("X1", "True.", "nowhere", "")
    assert claim.each is False
    assert claim.reason == ""


def test_each_call_is_counted_and_written_down():
    t = Trial(Implementation(kl_divergence=lambda p, q, axis=-1: p, parts=CECORE.parts))
    assert {t.worst, t.message, t.call, t.warning} == {""}
    t.attempt("kl_divergence", np.ones(2), np.zeros(2))
    assert t.call == "kl_divergence([1.0, 1.0], [0.0, 0.0])"
    t.attempt("kl_divergence", np.ones(1), np.zeros(1), axis=0)
    assert t.call == "kl_divergence([1.0], [0.0], axis=0)"
    assert t.inputs == 2
    t.of_parts([np.ones(1), [np.zeros(1)]])
    assert t.call == "parts([1.0, 0.0])"


@pytest.mark.parametrize(
    ("function", "warned"),
    [
        (lambda z: 1 / z, "divide by zero encountered in divide"),
        (lambda z: np.exp(z + 1000), "overflow encountered in exp"),
        (lambda z: z - np.inf * z, "invalid value encountered in multiply"),
        (lambda z: np.exp(z - 1000), ""),  # to underflow is no fault
        (lambda z: [warnings.warn("old", DeprecationWarning, stacklevel=1), z][1], ""),
        (lambda z: [warnings.warn("soon", FutureWarning, stacklevel=1), z][1], ""),
    ],
)
def test_a_warning_is_kept_with_its_call(function, warned):
    t = Trial(Implementation(softmax=function))
    with np.errstate(all="raise"):  # the caller's, whose choice is not the check's
        t.attempt("softmax", np.zeros(1))
    assert t.warning == warned


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.0, 1.0, "held"),
        (1.5, 1.0, "held"),
        (1.75, 1.0, "failed"),
        ([0.0, 2.0], [1.0, 1.0], "failed"),
        (np.inf, np.inf, "held"),
        (np.nan, 1.0, "failed"),
        (1.0, np.nan, "failed"),
        ([], [], "held"),
    ],
)
def test_what_is_above_by_more_than_its_room_is_refuted(low, high, verdict):
    t = Trial(Implementation())
    t.at_most(low, high, 0.5, "too large")
    evidence = t.evidence()
    assert (evidence.verdict, evidence.message) == (verdict, "too large" * (verdict == "failed"))


def test_the_worst_call_is_the_one_that_came_closest_to_failing():
    t = Trial(Implementation(softmax=np.exp))
    for z, over in (([1.0], 0.0), ([2.0], 0.25), ([3.0], 0.0)):
        t.attempt("softmax", np.array(z))
        t.that(True, "wrong")
        t.at_most(over, 0.0, 0.5, "too large")
    assert t.evidence() == Evidence("held", 3, None, "softmax([2.0])")


def test_what_is_hard_is_so_in_both_dtypes():
    kinds = [(row.z.dtype.name, row.n, row.size > 500) for row in Trial(CECORE).hard_rows()]
    assert kinds == [
        (dtype, n, large)
        for dtype in ("float32", "float64")
        for n, large in (
            (300, False),
            (300, True),
            (128, False),
            (1_000, False),
            *[(127, False)] * 2,
        )
    ]


def test_rows_of_at_most_a_size_and_a_number_of_classes():
    rows = Trial(CECORE).rows(most=9, n=4)
    assert max(row.size for row in rows) == 9
    assert {row.n for row in rows} == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("got", "scale", "verdict"),
    [
        (5e-324, None, "held"),
        (2e-323, None, "held"),
        (3e-323, None, "failed"),
        (1e-300, None, "failed"),
        (1e-17, np.inf, "failed"),  # which is no scale
        (1e-17, 1.0, "held"),
    ],
)
def test_how_far_from_0_a_result_may_be(got, scale, verdict):
    t = Trial(Implementation())
    t.near(got, known(0.0), 4, scale)
    assert t.evidence().verdict == verdict


def test_an_error_is_measured_from_the_whole_right_value():
    t = Trial(Implementation())
    t.near(1 + 2**-52, Exact(np.array(1.0), np.array(2**-54)), 4)
    assert t.ulps == 0.75


@pytest.mark.parametrize(
    ("dtype", "off", "verdict"),
    [
        (np.float32, 5.5, "held"),
        (np.float32, 6.5, "failed"),
        (np.float64, 6, "held"),
        (np.float64, 7, "failed"),
    ],
)
def test_how_many_of_the_last_digits_may_be_wrong(dtype, off, verdict):
    t = Trial(Implementation(softmax=lambda z: z))
    t.attempt("softmax", np.ones(1, dtype))
    t.to_the_last_digits(1 + off * float(np.finfo(dtype).eps), known(1.0))
    assert t.evidence().verdict == verdict


def test_the_worst_of_several_is_named_with_its_place():
    t = Trial(Implementation())
    t.at_most(0, 1, 0, "this is right")
    assert t.ratio == 0
    t.near([[1.0, 2.0], [3.5, 4.25]], known([[1.0, 2.0], [3.0, 4.0]]), 4)
    assert t.evidence() == Evidence("failed", ulps=2**50, message="got 3.5 at 1, 0, right is 3")


def test_right_values_have_twice_the_digits_of_a_float():
    assert mp50().dps == 50
    x = exact([mp50().mpf(1) / 3, mp50().inf])
    assert x.hi.tolist() == [1 / 3, np.inf]
    assert x.lo.tolist() == [float(Fraction(1, 3) - Fraction(1 / 3)), 0]
    assert abs(as_numbers_of(x)[0] - mp50().mpf(1) / 3) < 1e-32


def test_without_mpmath_it_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(
        ImportError, match=r"^checking needs mpmath: pip install 'cecore\[verify\]'$"
    ):
        mp50.__wrapped__()


def test_a_function_takes_an_axis_if_it_says_so():
    assert takes_axis(np.sum)
    assert not takes_axis(lambda *args, **named: None)  # it may, and does not say so
    assert not takes_axis(lambda z: z)
    assert not takes_axis(lambda z, axis=-1, /: z)  # not by name
    assert not takes_axis(max)  # written in C, and says nothing


def test_two_distributions_are_of_one_dtype():
    pair = Pair([0.5, 0.5], [0, 1], np.float32)
    assert (pair.p.dtype, pair.q.dtype) == (np.float32, np.float32)
    assert (pair.cross.hi, pair.kl.hi) == (np.inf, np.inf)
