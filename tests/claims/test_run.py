"""`verify`, called from Python."""

import functools
import multiprocessing
import pickle
import re
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import cecore
from cecore.claims import CLAIMS, verify
from cecore.claims.model import FUNCTIONS
from cecore.claims.run import CECORE


def test_verify_checks_only_what_is_given():
    results = verify(softmax=cecore.softmax).results
    assert {c.id: e for c, e in results}["S14"].message == "no loss"
    for claim, evidence in results:
        applies = "softmax" in claim.needs and (claim.each or claim.needs == ("softmax",))
        assert (evidence.verdict == "held") == applies, claim.id


def test_verify_names_all_functions_that_are_missing():
    [(_, evidence)] = verify(claims=["B10"], entropy=CECORE.entropy).results
    assert evidence.message == "no cross_entropy, kl_divergence"


def raises(z, axis=-1):
    raise ZeroDivisionError("no luck\nat all")


def says_much(z, axis=-1):
    raise ValueError("a" * 300)


def asserts(z, axis=-1):
    raise AssertionError


def leaves(z, axis=-1):
    sys.exit(0)


class NoArray:
    def __array__(self, *args, **named):
        raise TypeError("on another device")


@pytest.mark.parametrize(
    ("function", "verdict", "message"),
    [
        (raises, "error", "softmax raised ZeroDivisionError: no luck$"),
        (says_much, "error", "softmax raised ValueError: a{200}$"),
        (asserts, "error", "softmax raised AssertionError$"),
        (leaves, "error", "softmax raised SystemExit: 0$"),
        (lambda z: NoArray(), "error", "softmax returned what is no array: TypeError: on another"),
        (lambda z: z[:1], "error", r"softmax returned shape \(1,\), not \(2,\)"),
        (lambda z: z.sum(), "error", r"softmax returned shape \(\), not \(2,\)"),
        (lambda z: None, "error", "softmax returned None, not real numbers"),
        (lambda z: [[1], [1, 2]], "error", "softmax returned what is no array: ValueError: "),
        (lambda z: z + 1j, "error", "softmax returned dtype complex128"),
        (lambda: 1, "error", "softmax raised TypeError"),
        (lambda z: z * np.nan, "failed", "got nan at 0, right is 1"),
        (lambda z: z * np.inf, "failed", "got nan at 0, right is 1"),
        (lambda z: z, "failed", r"got -50 at 1, right is 1\.9\d*e-22|got .*, right is"),
    ],
)
def test_verify_reports_what_is_no_result(function, verdict, message):
    [(_, evidence)] = verify(softmax=function, claims=["S1"]).results
    assert evidence.verdict == verdict
    assert re.match(message, evidence.message), evidence.message
    assert evidence.worst.startswith("softmax(")


@pytest.mark.parametrize("dtypes", [["float64"], [np.float32], ["float32", np.dtype("float64")]])
def test_verify_calls_a_function_only_with_the_dtypes_that_are_given(dtypes):
    taken = {np.dtype(dtype) for dtype in dtypes} | {np.dtype(np.float64)}
    seen = set()

    def checked(function):
        @functools.wraps(function)
        def called(*args, **named):
            dtypes = {arg.dtype for arg in args if getattr(arg, "dtype", np.dtype(int)).kind == "f"}
            assert dtypes <= taken
            seen.update(dtypes)
            return function(*args, **named)

        return called

    functions = {name: checked(getattr(CECORE, name)) for name in FUNCTIONS if name != "parts"}
    verify(CECORE, dtypes=dtypes, **functions).assert_ok()
    assert seen == taken
    half = np.dtype(np.float16)
    report = verify(softmax=functions["softmax"])
    assert report.ok  # in the dtypes that it takes
    assert half not in seen
    assert "Takes no float16: softmax raised AssertionError" in report.text(200)
    with pytest.raises(AssertionError, match=r"\d+ error"):
        verify(softmax=functions["softmax"], claims=["S1"]).assert_ok()


def test_verify_does_not_fail_a_function_without_axis():
    report = verify(softmax=lambda z: cecore.softmax(z))
    assert report.ok
    assert {c.id: e for c, e in report.results}["P9"].verdict == "not applicable"


def test_verify_is_a_test_in_one_line():
    verify(softmax=cecore.softmax).assert_ok()
    with pytest.raises(
        AssertionError, match=r"your functions: 1 failed[\s\S]*S4 +failed[\s\S]*got 2"
    ):
        verify(softmax=lambda z: z, claims=["S4"]).assert_ok()


def test_verify_does_not_depend_on_what_ran_before(own):
    assert [e for _, e in verify(claims=list(reversed(CLAIMS))).results] == [
        e for _, e in reversed(own.results)
    ]


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (
            TypeError,
            {"implementation": abs},
            r"by name, as in verify\(softmax=my_softmax\); got",
        ),
        (TypeError, {"implementation": "torch"}, "implementation must be an Impl.* got 'torch'$"),
        (TypeError, {"claims": "S1"}, r"^claims must be several ids, as in \['S1'\]; got 'S1'$"),
        (TypeError, {"claims": ""}, "claims must be several ids"),
        (TypeError, {"sigmoid": abs}, "any of softmax, log_softmax, .*; got sigmoid"),
        (TypeError, {"softmax": 3}, "softmax must be a function; got 3"),
        (ValueError, {"claims": ["S99"]}, "got 'S99'"),
        (ValueError, {"claims": [["S1"]]}, r"claims must be ids such as S1, .* got \['S1'\]$"),
        (TypeError, {"dtypes": "float32"}, r"^dtypes must be several, as in \['float32'\]; got 'f"),
        (TypeError, {"dtypes": np.float32}, "dtypes must be several.* got <class 'numpy.float32'>"),
        (ValueError, {"dtypes": [None]}, "^dtypes must be of float16, float32, float64; got None$"),
        (
            ValueError,
            {"dtypes": [int]},
            "^dtypes must be of float16, float32, float64; got <class 'int'>$",
        ),
        (ValueError, {"dtypes": ["foo"]}, "dtypes must be of .*; got 'foo'$"),
        (ValueError, {"dtypes": ["int32"]}, "dtypes must be of .*; got 'int32'$"),
    ],
)
def test_verify_says_what_is_wrong_with_its_arguments(kind, given, words):
    with pytest.raises(kind, match=words):
        verify(**{"claims": ["S4"]} | given)


def test_verify_knows_the_name_of_cecore():
    assert verify(claims=["S4"]).summary() == "cecore: 1 held"


def test_verify_has_a_report_that_can_be_sent_to_another_process():
    report = verify(claims=["S1", "S6", "R1", "P5"])
    again = pickle.loads(pickle.dumps(report))
    assert again == report
    assert again.table(verbose=True) == report.table(verbose=True)
    (claim, evidence), *_ = again.results
    assert claim.check(CECORE) == evidence
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(verify, claims=["S1", "S6", "R1", "P5"]).result() == report
