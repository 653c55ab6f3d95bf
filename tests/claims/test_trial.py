"""How functions are called, and how their results are judged."""

import warnings

import numpy as np
import pytest

from cecore.claims import Evidence, Implementation
from cecore.claims.exact import Exact, known
from cecore.claims.run import CECORE
from cecore.claims.trial import Trial, takes_axis


def test_trial_keeps_a_result_though_the_function_uses_its_memory_again():
    memory = np.zeros(2)

    def exp(z):
        return np.exp(z, out=memory)

    t = Trial(Implementation(softmax=exp))
    first, second = (t.run("softmax", np.full(2, x), shape=(2,)) for x in (0.0, 1.0))
    assert (first[0], second[0]) == (1, np.e)


def test_trial_gives_a_copy_to_a_function_that_writes_to_its_input():
    z = np.zeros(2)
    t = Trial(Implementation(softmax=lambda z: np.exp(z, out=z)))
    assert t.run("softmax", z, shape=(2,)).sum() == 2
    assert z.sum() == 0
    assert t.run("softmax", z, shape=(2,), copy=False).sum() == z.sum() == 2


def test_trial_counts_each_call_and_writes_it_down():
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
def test_trial_keeps_a_warning_with_its_call(function, warned):
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
def test_at_most_refutes_what_is_above_by_more_than_its_room(low, high, verdict):
    t = Trial(Implementation())
    t.at_most(low, high, 0.5, "too large")
    evidence = t.evidence()
    assert (evidence.verdict, evidence.message) == (verdict, "too large" * (verdict == "failed"))


def test_evidence_names_the_call_that_came_closest_to_failing():
    t = Trial(Implementation(softmax=np.exp))
    for z, over in (([1.0], 0.0), ([2.0], 0.25), ([3.0], 0.0)):
        t.attempt("softmax", np.array(z))
        t.that(True, "wrong")
        t.at_most(over, 0.0, 0.5, "too large")
    assert t.evidence() == Evidence("held", 3, None, "softmax([2.0])")


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
def test_near_says_how_far_from_0_a_result_may_be(got, scale, verdict):
    t = Trial(Implementation())
    t.near(got, known(0.0), 4, scale)
    assert t.evidence().verdict == verdict


def test_near_measures_an_error_from_the_whole_right_value():
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
def test_to_the_last_digits_says_how_many_may_be_wrong(dtype, off, verdict):
    t = Trial(Implementation(softmax=lambda z: z))
    t.attempt("softmax", np.ones(1, dtype))
    t.to_the_last_digits(1 + off * float(np.finfo(dtype).eps), known(1.0))
    assert t.evidence().verdict == verdict


def test_evidence_names_the_worst_of_several_with_its_place():
    t = Trial(Implementation())
    t.at_most(0, 1, 0, "this is right")
    assert t.ratio == 0
    t.near([[1.0, 2.0], [3.5, 4.25]], known([[1.0, 2.0], [3.0, 4.0]]), 4)
    assert t.evidence() == Evidence("failed", ulps=2**50, message="got 3.5 at 1, 0, right is 3")


def test_takes_axis_if_a_function_says_so():
    assert takes_axis(np.sum)
    assert not takes_axis(lambda *args, **named: None)  # it may, and does not say so
    assert not takes_axis(lambda z: z)
    assert not takes_axis(lambda z, axis=-1, /: z)  # not by name
    assert not takes_axis(max)  # written in C, and says nothing
