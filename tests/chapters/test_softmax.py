import warnings

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cecore import log_softmax, logsumexp, softmax
from cecore._engine import rows as engine_rows
from tests import reference
from tests.reference import (
    FLOATS,
    any_logits,
    assert_close,
    assert_no_negative_zero,
    exact,
    logits,
    mp,
    slack,
)

FUNCTIONS = [softmax, log_softmax, logsumexp]
WORKED = [2.0, 1.0, 0.1]

each_function = pytest.mark.parametrize("f", FUNCTIONS)
each_dtype = pytest.mark.parametrize("dtype", FLOATS)


# Values


def test_the_worked_example():
    e = [7.389056098930650, 2.718281828459045, 1.105170918075648]
    s = [0.659001138885968, 0.242432970704714, 0.098565890409318]  # e / 11.212508845465343
    np.testing.assert_allclose(np.exp(WORKED), e, rtol=1e-15)
    np.testing.assert_allclose(softmax(WORKED), s, rtol=0, atol=6e-16)  # as printed: 15 decimals
    np.testing.assert_allclose(np.exp(logsumexp(WORKED)), 11.212508845465343, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_softmax_is_the_quotient_of_exponentials(dtype, data):
    z = data.draw(logits(dtype=dtype))
    assert_close(softmax(z), reference.softmax(exact(z)), slack(z))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_log_softmax_is_the_logarithm_of_softmax_to_its_last_digits(dtype, data):
    z = data.draw(logits(dtype=dtype))
    assert_close(log_softmax(z), reference.log_softmax(exact(z)), slack(z))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_logsumexp_is_the_logarithm_of_the_total(dtype, data):
    z = data.draw(logits(dtype=dtype))
    largest_term = max(abs(z)) + np.log(len(z))  # of the sum m + ln(...), which may cancel
    assert_close(logsumexp(z), reference.logsumexp(exact(z)), len(z) + 6, largest_term)


@pytest.mark.parametrize("ours", FUNCTIONS)
def test_scipy_agrees(ours):
    z = np.random.default_rng(0).normal(size=(4, 5, 6), scale=3)
    for axis in (0, 1, 2, -1):
        theirs = getattr(scipy.special, ours.__name__)(z, axis=axis)
        np.testing.assert_allclose(ours(z, axis=axis), theirs, rtol=5e-15, atol=5e-16)


@given(x=st.floats(-700, 700))
def test_two_classes_give_the_logistic_function(x):
    np.testing.assert_allclose(softmax([x, 0])[0], scipy.special.expit(x), rtol=1e-15)


def test_one_class_is_certain():
    assert softmax([5.0]) == [1.0]
    assert log_softmax([5.0]) == [0.0]
    assert logsumexp([5.0]) == 5.0


def test_equal_logits_share_equally():
    np.testing.assert_array_equal(softmax(np.full(8, 3.0)), np.full(8, 1 / 8))


# Properties


@given(z=hnp.arrays(np.int64, 5, elements=st.integers(-700, 700)), c=st.integers(-(2**40), 2**40))
def test_adding_a_constant_changes_nothing_but_the_total(z, c):
    np.testing.assert_array_max_ulp(softmax(z + c), softmax(z), 4)
    np.testing.assert_array_max_ulp(log_softmax(z + c), log_softmax(z), 4)
    total, size = logsumexp(z), max(abs(z)) + abs(c)
    np.testing.assert_allclose(logsumexp(z + c), total + c, rtol=1e-15, atol=1e-15 * size)


@given(data=st.data())
def test_permuting_the_classes_permutes_the_result(data):
    z = data.draw(logits())
    order = data.draw(st.permutations(range(len(z))))
    eps = np.finfo(float).eps  # the sum adds in another order
    np.testing.assert_allclose(softmax(z[order]), softmax(z)[order], rtol=len(z) * eps)
    np.testing.assert_allclose(log_softmax(z[order]), log_softmax(z)[order], rtol=len(z) * eps)
    np.testing.assert_allclose(logsumexp(z[order]), logsumexp(z), rtol=len(z) * eps, atol=1e-15)


@given(z=any_logits())
def test_a_larger_logit_never_gets_a_smaller_probability(z):
    z = np.sort(z)
    assert (np.diff(softmax(z)) >= 0).all()
    assert (log_softmax(z)[:-1] <= log_softmax(z)[1:]).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@given(data=st.data())
def test_probabilities_sum_to_one(dtype, data):
    s = softmax(data.draw(any_logits(dtype)))
    assert (s >= 0).all()
    assert (s <= 1).all()
    assert abs(s.sum(dtype=np.longdouble) - 1) <= len(s) * np.finfo(dtype).eps


@given(z=logits(bound=300))
def test_softmax_is_the_exponential_of_log_softmax(z):
    relative = np.finfo(float).eps * slack(z)  # exp turns log_softmax's rounding into its size
    np.testing.assert_allclose(np.exp(log_softmax(z)), softmax(z), rtol=2 * relative)


@given(z=logits(bound=1e300))
def test_logsumexp_lies_between_the_maximum_and_ln_n_above_it(z):
    assert max(z) <= logsumexp(z) <= np.nextafter(max(z) + np.log(len(z)), np.inf)


# Near certainty and far from it


def test_log_softmax_survives_near_certainty():
    want = [-1.9287498479639178e-22, -50.0]
    np.testing.assert_allclose(log_softmax([0.0, -50.0]), want, rtol=3e-16)  # an ulp


@given(d=st.floats(0, 700))
def test_log_softmax_is_relatively_exact_however_certain(d):
    loss = mp.log1p(mp.exp(-d))
    assert_close(log_softmax([0.0, -d]), [-loss, -d - loss], 4, floor=0)


@each_dtype
def test_the_largest_numbers_do_not_overflow(dtype):
    big = np.finfo(dtype).max
    z = np.array([big, 0, -big], dtype)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(softmax(z), [1, 0, 0])
        np.testing.assert_array_equal(log_softmax(z), [0, -big, -np.inf])  # -2 big is out of range
        np.testing.assert_array_equal(logsumexp(z), big)
        np.testing.assert_array_equal(softmax(np.full(4, big)), np.full(4, 0.25))
        np.testing.assert_array_equal(softmax(np.full(4, -big)), np.full(4, 0.25))


@each_dtype
def test_the_smallest_numbers_do_not_underflow_into_an_error(dtype):
    z = np.array([0, np.finfo(dtype).smallest_subnormal], dtype)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(softmax(z), [0.5, 0.5])
        np.testing.assert_array_equal(log_softmax(z), np.log(np.array([0.5, 0.5], dtype)))


@each_function
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@given(data=st.data())
def test_no_logits_give_nan_or_a_warning(f, dtype, data):
    z = data.draw(any_logits(dtype))
    with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
        result = f(z)
    assert not np.isnan(result).any()
    assert result.dtype == dtype


def test_the_callers_error_state_is_left_alone():
    with np.errstate(all="raise"):
        softmax([0.0, -1e4])
        with pytest.raises(FloatingPointError):
            np.exp(-1e4)


@pytest.mark.parametrize("dtype", FLOATS[:3])  # Hypothesis knows no others
@given(data=st.data())
def test_log_softmax_is_never_negative_zero(dtype, data):
    assert_no_negative_zero(log_softmax(data.draw(any_logits(dtype))))


# Masks


def test_a_masked_class_has_probability_zero():
    z = [1.0, -np.inf, 2.0]
    assert softmax(z)[1] == 0
    assert log_softmax(z)[1] == -np.inf


@each_function
@given(z=logits(), data=st.data())
def test_masking_a_class_is_deleting_it(f, z, data):
    k = data.draw(st.integers(0, len(z)))
    masked = f(np.insert(z, k, -np.inf))
    got = masked if f is logsumexp else np.delete(masked, k)
    np.testing.assert_allclose(got, f(z), rtol=1e-15)


# Dtypes, shapes, memory


@each_function
@each_dtype
@pytest.mark.parametrize("order", "<>")
def test_the_floating_dtype_is_kept(f, dtype, order):
    dtype = np.dtype(dtype).newbyteorder(order)
    z = np.array([WORKED], dtype)
    assert f(z).dtype == dtype
    np.testing.assert_array_equal(f(z), f(z.astype(dtype.newbyteorder("="))))


@each_function
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_integers_become_float64(f, dtype):
    result = f(np.array([1, 3, 2], dtype))
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, f([1.0, 3.0, 2.0]))


@each_function
@given(data=st.data())
def test_half_precision_is_computed_in_single_and_rounded_once(f, data):
    z = data.draw(logits(dtype=np.float16))
    np.testing.assert_array_equal(f(z), f(z.astype(np.float32)).astype(np.float16))


@pytest.mark.parametrize("axis", [0, 1, 3, -1, -3, -4])
@each_function
def test_any_axis_can_hold_the_classes(f, axis):
    z = np.random.default_rng(0).normal(size=(3, 4, 1, 5))
    result = f(z, axis=axis)
    for index in np.ndindex(*np.delete(z.shape, axis)):
        row = np.moveaxis(z, axis, -1)[index]
        got = result[index] if f is logsumexp else np.moveaxis(result, axis, -1)[index]
        np.testing.assert_allclose(got, f(row), rtol=1e-15)
    assert result.shape == (tuple(np.delete(z.shape, axis)) if f is logsumexp else z.shape)


@each_function
def test_rows_of_other_sizes_do_not_matter(f):
    rows = np.array([[0.0, 1.0], [1e5, 1e5 - 1], [-1e300, -np.inf], [-1e5, 1e5]])
    want = [f(row) for row in rows]
    np.testing.assert_allclose(f(rows), want, rtol=1e-15)
    np.testing.assert_allclose(f(rows.T, axis=0).T, want, rtol=1e-15)


@each_function
def test_the_last_axis_is_the_default(f):
    z = np.arange(6.0).reshape(2, 3) ** 2
    np.testing.assert_array_equal(f(z), f(z, axis=1))


def test_one_row_gives_a_scalar_total():
    assert isinstance(logsumexp(WORKED), np.float64)


@each_function
def test_an_empty_batch_gives_an_empty_result(f):
    assert f(np.empty((0, 3))).shape == ((0,) if f is logsumexp else (0, 3))


@each_function
def test_strided_memory_gives_the_same(f):
    z = np.random.default_rng(0).normal(size=(4, 6))
    np.testing.assert_allclose(f(z[::-2, ::3]), f(z[::-2, ::3].copy()), rtol=1e-15)
    np.testing.assert_allclose(f(np.asfortranarray(z)), f(z), rtol=1e-15)


@each_function
def test_the_input_is_not_modified(f):
    z = np.array(WORKED)
    z.flags.writeable = False
    result = f(z)
    np.testing.assert_array_equal(z, WORKED)
    assert not np.shares_memory(result, z)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_classes_on_the_first_axis_are_as_exact_as_on_the_last(dtype):
    z = np.zeros((50_000, 2), dtype)
    z[0] = 2  # the other 49,999 are the same, so that their sum's roundings do not cancel
    first, last = softmax(z, axis=0), softmax(z.T.copy(), axis=1).T
    np.testing.assert_allclose(first, last, rtol=8 * np.finfo(dtype).eps)


# Blocks and threads


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp])
@pytest.mark.parametrize(("rows", "n"), [(120_000, 9), (1_100, 1_000), (3, 400_000)])
def test_many_blocks_give_what_their_rows_give(function, rows, n):
    z = np.random.default_rng(0).normal(size=(rows, n)).astype(np.float32)
    z[rows // 2 :: 7] *= 1000  # shifted
    got = function(z)
    assert got.dtype == np.float32
    assert got.shape == ((rows,) if function is logsumexp else z.shape)
    for i in (0, 1, rows // 2, rows - 1):
        want = function(z[i])
        close = 12 * np.spacing(abs(want)) + 12 * np.spacing(np.float32(function is logsumexp))
        assert (abs(got[i] - want) <= close).all()


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp])
def test_a_fault_in_the_last_of_many_blocks_is_told(function):
    z = np.zeros((120_000, 9))
    z[-1, 4] = np.nan
    with pytest.raises(ValueError, match=r"got NaN at index \(119999, 4\)"):
        function(z)


def test_masks_in_many_blocks_are_no_fault():
    z = np.zeros((120_000, 9))
    z[::5, 3] = -np.inf
    s = softmax(z)
    assert (s[::5, 3] == 0).all()
    np.testing.assert_allclose(s.sum(-1), 1, rtol=1e-15)


@each_function
@each_dtype
@pytest.mark.parametrize("shape", [(1, 3), (5, 3), (2, 4, 3)])
def test_blocks_of_any_number_of_rows_give_the_same(f, dtype, shape, monkeypatch):
    z = (np.random.default_rng(0).normal(size=shape) * 50).astype(dtype)
    z[0, 0] += 1000
    want, want_first = f(z), f(z, axis=0)
    for rows in range(1, 7):
        for size in ("BLOCK", "LEAN"):
            monkeypatch.setattr(engine_rows, size, rows * 3 * max(4, z.itemsize))  # half is widened
        assert f(z).dtype == dtype
        np.testing.assert_allclose(f(z), want, rtol=8 * np.finfo(dtype).eps)
        np.testing.assert_allclose(f(z, axis=0), want_first, rtol=8 * np.finfo(dtype).eps)
