import warnings

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cecore import (
    cross_entropy,
    log_softmax,
    one_hot,
    softmax,
    softmax_cross_entropy,
    softmax_cross_entropy_grad,
    softmax_vjp,
)
from tests import reference
from tests.reference import FLOATS, any_logits, assert_close, assert_no_negative_zero, logits, slack

EPS = np.finfo(float).eps
WORKED = [2.0, 1.0, 0.1]
S = [0.659001138885968, 0.242432970704714, 0.098565890409318]
TINY = 1.9287498479639178e-22  # ln(1 + e^-50)

each_function = pytest.mark.parametrize("f", [softmax_cross_entropy, softmax_cross_entropy_grad])
each_dtype = pytest.mark.parametrize("dtype", FLOATS)


@st.composite
def labelled(draw, z):
    """Logits and a class index, neither masked nor out of range."""
    z = draw(z)
    return z, draw(st.sampled_from(np.flatnonzero(np.isfinite(z)).tolist()))


@st.composite
def with_distribution(draw, z):
    """Logits and a distribution over their classes, some of probability 0."""
    z = draw(z)
    y = draw(hnp.arrays(np.float64, len(z), elements=st.floats(0, 1)).filter(np.any))
    return z, y / y.sum()


# Values


def test_the_worked_example():
    for k, printed in enumerate([0.417030016277833, 1.417030016277833, 2.317030016277833]):
        np.testing.assert_allclose(softmax_cross_entropy(WORKED, k), printed, rtol=0, atol=1e-15)
        got = softmax_cross_entropy_grad(WORKED, k)
        np.testing.assert_allclose(got, S - np.eye(3)[k], rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_the_loss_of_a_label_is_its_surprise(dtype, data):
    z, k = data.draw(labelled(logits(dtype=dtype)))
    assert_close(softmax_cross_entropy(z, k), reference.loss(z, k), slack(z))


@given(zy=with_distribution(logits()))
def test_the_loss_of_a_distribution_is_its_mean_surprise(zy):
    z, y = zy
    assert_close(softmax_cross_entropy(z, y), reference.loss(z, y), slack(z) + len(z))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_the_gradient_for_a_label_is_the_derivative_of_the_loss(dtype, data):
    z, k = data.draw(labelled(logits(dtype=dtype)))
    want = reference.jacobian(lambda moved: reference.loss(moved, k), z)
    assert_close(softmax_cross_entropy_grad(z, k), want, slack(z) + len(z))


@given(zy=with_distribution(logits()))
def test_the_gradient_for_a_distribution_is_the_derivative_of_the_loss(zy):
    z, y = zy
    want = reference.jacobian(lambda moved: reference.loss(moved, y), z)
    # s - y cancels, and y sums to 1 only up to rounding, where the derivative has sum(y) s.
    assert_close(softmax_cross_entropy_grad(z, y), want, slack(z) + len(z), scale=softmax(z) + y)


@given(zy=with_distribution(logits()))
def test_the_loss_is_the_cross_entropy_of_the_softmax(zy):
    z, y = zy
    separate = cross_entropy(y, softmax(z))
    np.testing.assert_allclose(softmax_cross_entropy(z, y), separate, rtol=1e-13, atol=1e-15)


@given(zk=labelled(logits()))
def test_the_gradient_is_what_the_chain_rule_carries_back(zk):
    z, k = zk
    carried = softmax_vjp(z, -one_hot(k, len(z)) / softmax(z))  # dL/ds is -1/s_k at k alone
    got = softmax_cross_entropy_grad(z, k)
    np.testing.assert_allclose(got, carried, rtol=1e-13, atol=1e-13)


def test_scipy_agrees():
    z = np.random.default_rng(0).normal(size=(20, 6), scale=3)
    y = np.random.default_rng(1).dirichlet(np.ones(6), 20)
    theirs = scipy.special.log_softmax(z, axis=1)
    got = softmax_cross_entropy(z, np.arange(20) % 6)
    np.testing.assert_allclose(got, -theirs[range(20), np.arange(20) % 6], rtol=1e-13)
    np.testing.assert_allclose(softmax_cross_entropy(z, y), -(y * theirs).sum(1), rtol=1e-14)
    got = softmax_cross_entropy_grad(z, y)
    np.testing.assert_allclose(got, scipy.special.softmax(z, axis=1) - y, rtol=1e-13, atol=1e-15)


@given(x=st.floats(-700, 700))
def test_two_classes_give_the_logistic_loss(x):
    np.testing.assert_allclose(softmax_cross_entropy([x, 0], 0), np.logaddexp(0, -x), rtol=1e-15)
    want = -scipy.special.expit(-x)
    np.testing.assert_allclose(softmax_cross_entropy_grad([x, 0], 0)[0], want, rtol=1e-15)


def test_one_class_costs_nothing():
    assert softmax_cross_entropy([5.0], 0) == 0
    assert softmax_cross_entropy_grad([5.0], 0) == [0]


# Properties


@given(z=hnp.arrays(np.int64, 4, elements=st.integers(-700, 700)), c=st.integers(-(2**40), 2**40))
def test_adding_a_constant_changes_nothing(z, c):
    for y in (2, [0.5, 0, 0.25, 0.25]):
        np.testing.assert_array_max_ulp(
            softmax_cross_entropy(z + c, y), softmax_cross_entropy(z, y), 4
        )
        shifted = softmax_cross_entropy_grad(z + c, y)
        np.testing.assert_allclose(shifted, softmax_cross_entropy_grad(z, y), rtol=0, atol=1e-15)


@given(zk=labelled(any_logits()))
def test_a_one_hot_distribution_gives_the_loss_of_its_label(zk):
    z, k = zk
    y = one_hot(k, len(z))
    assert softmax_cross_entropy(z, y) == softmax_cross_entropy(z, k) == -log_softmax(z)[k]
    got = softmax_cross_entropy_grad(z, y)
    np.testing.assert_allclose(got, softmax_cross_entropy_grad(z, k), rtol=0, atol=len(z) * EPS)


@given(zk=labelled(any_logits()))
def test_the_loss_is_never_negative(zk):
    assert softmax_cross_entropy(*zk) >= 0


@given(zk=labelled(any_logits()))
def test_the_gradient_for_a_label_sums_to_zero_with_one_negative_entry(zk):
    z, k = zk
    g = softmax_cross_entropy_grad(z, k)
    assert abs(g.sum()) <= len(z) * EPS * abs(g[k])
    assert g[k] <= 0
    assert (np.delete(g, k) >= 0).all()
    assert (np.delete(g, k) <= 1).all()


@given(zy=with_distribution(any_logits()))
def test_the_gradient_for_a_distribution_sums_to_zero(zy):
    assert abs(softmax_cross_entropy_grad(*zy).sum()) <= 4 * len(zy[0]) * EPS


def test_no_gradient_is_beyond_minus_one():
    for n in range(2, 40):
        z = np.zeros(n)
        z[0] = -1000  # so that the others' rounded probabilities make up the whole
        assert softmax_cross_entropy_grad(z, 0)[0] >= -1


@given(data=st.data())
def test_the_gradient_is_zero_where_the_prediction_is_right(data):
    z = data.draw(logits())
    np.testing.assert_array_equal(softmax_cross_entropy_grad(z, softmax(z)), np.zeros(len(z)))


# Near certainty and far from it


def test_loss_and_gradient_survive_near_certainty():
    z = [0.0, -50.0]
    np.testing.assert_allclose(softmax_cross_entropy(z, 0), TINY, rtol=2 * EPS)
    np.testing.assert_allclose(softmax_cross_entropy(z, [1, 0]), TINY, rtol=2 * EPS)
    np.testing.assert_allclose(softmax_cross_entropy_grad(z, 0), [-TINY, TINY], rtol=2 * EPS)


def test_a_certain_mistake_costs_the_difference_of_the_logits():
    assert softmax_cross_entropy([0.0, -1000.0], 1) == 1000
    np.testing.assert_array_equal(softmax_cross_entropy_grad([0.0, -1000.0], 1), [1, -1])


@each_dtype
def test_the_largest_logits_do_not_overflow_but_their_difference_does(dtype):
    big = np.finfo(dtype).max
    z = np.array([[big, 0, -big]] * 3, dtype)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(softmax_cross_entropy(z, [0, 1, 2]), [0, big, np.inf])
        got = softmax_cross_entropy_grad(z, [0, 1, 2])
        np.testing.assert_array_equal(got, [[0, 0, 0], [1, -1, 0], [1, 0, -1]])
        np.testing.assert_array_equal(softmax_cross_entropy(z, np.eye(3)), [0, big, np.inf])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@given(data=st.data())
def test_no_logits_give_nan_or_a_warning(dtype, data):
    z, k = data.draw(labelled(any_logits(dtype)))
    with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
        for y in (k, one_hot(k, len(z)), np.full(len(z), 1 / len(z))):
            assert softmax_cross_entropy(z, y) >= 0
            assert np.isfinite(softmax_cross_entropy_grad(z, y)).all()


@each_dtype
@pytest.mark.parametrize("gap", [8, 16, 18, 104, 745, 746, 11_400])
def test_what_is_too_small_for_its_dtype_is_0_and_not_minus_0(dtype, gap):
    if np.isfinite(dtype(gap)):
        for y in (0, [1.0, 0.0]):
            assert_no_negative_zero(softmax_cross_entropy_grad(np.array([gap, 0], dtype), y))


@pytest.mark.parametrize("dtype", FLOATS[:3])  # Hypothesis knows no others
@given(data=st.data())
def test_nothing_is_negative_zero(dtype, data):
    z, k = data.draw(labelled(any_logits(dtype)))
    for y in (k, one_hot(k, len(z)), np.full(len(z), 1 / len(z))):
        assert_no_negative_zero(softmax_cross_entropy(z, y))
        assert_no_negative_zero(softmax_cross_entropy_grad(z, y))


# Masks


@given(zk=labelled(logits()), data=st.data())
def test_masking_a_class_is_deleting_it(zk, data):
    z, k = zk
    at = data.draw(st.integers(0, len(z)))
    masked, label = np.insert(z, at, -np.inf), k + (at <= k)
    for y, y_masked in ((k, label), (one_hot(k, len(z)), one_hot(label, len(z) + 1))):
        got, want = softmax_cross_entropy(masked, y_masked), softmax_cross_entropy(z, y)
        np.testing.assert_allclose(got, want, rtol=1e-15)
        got, want = softmax_cross_entropy_grad(masked, y_masked), softmax_cross_entropy_grad(z, y)
        np.testing.assert_allclose(np.delete(got, at), want, rtol=1e-15, atol=EPS)
        assert got[at] == 0


@pytest.mark.parametrize("y", [1, [0, 1, 0], [0.5, 0.5, 0]])
def test_a_masked_class_that_happens_costs_infinity(y):
    z = [0.0, -np.inf, -50.0]
    assert softmax_cross_entropy(z, y) == np.inf
    assert np.isfinite(softmax_cross_entropy_grad(z, y)).all()


def test_a_masked_class_costs_infinity_however_unlikely_it_was_said_to_be():
    z = np.array([0, -np.inf], np.float32)
    assert softmax_cross_entropy(z, np.array([1, 1e-60])) == np.inf


# Dtypes, shapes, memory


@each_function
@each_dtype
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("y", [0, np.array([0.5, 0.25, 0.25]), np.longdouble([0, 0, 1])])
def test_the_result_has_the_dtype_of_the_logits(f, dtype, order, y):
    z = np.array([WORKED], np.dtype(dtype).newbyteorder(order))
    result = f(z, np.array([y]))
    assert result.dtype == z.dtype
    np.testing.assert_array_equal(result, f(z.astype(dtype), np.array([y])))


@each_function
@pytest.mark.parametrize("y", [0, [0.5, 0.25, 0.25]])
def test_integers_become_float64(f, y):
    assert f([3, 2, 1], y).dtype == np.float64
    np.testing.assert_array_equal(f([3, 2, 1], y), f([3.0, 2.0, 1.0], y))


@each_function
@given(data=st.data())
def test_half_precision_is_computed_in_single_and_rounded_once(f, data):
    z, k = data.draw(labelled(logits(dtype=np.float16)))
    want = f(z.astype(np.float32), k).astype(np.float16)
    np.testing.assert_array_equal(f(z, k), want)
    y = np.full(len(z), 1 / len(z), np.float32)
    want = f(z.astype(np.float32), y).astype(np.float16)
    np.testing.assert_array_equal(f(z, y), want)


@each_function
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.uint64, ">i4"])
def test_labels_are_of_any_integer_type(f, dtype):
    z = np.random.default_rng(0).normal(size=(3, 3))
    np.testing.assert_array_equal(f(z, np.array([2, 0, 1], dtype)), f(z, [2, 0, 1]))


@each_function
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_any_axis_can_hold_the_classes(f, axis):
    z = np.random.default_rng(0).normal(size=(3, 1, 4))
    k = np.random.default_rng(1).integers(4, size=(3, 1))
    y = softmax(z[::-1])
    there = np.moveaxis(z, -1, axis)
    for got, want in (
        (f(there, k, axis=axis), f(z, k)),
        (f(there, np.moveaxis(y, -1, axis), axis=axis), f(z, y)),
    ):
        assert got.shape == ((3, 1) if f is softmax_cross_entropy else there.shape)
        back = got if f is softmax_cross_entropy else np.moveaxis(got, axis, -1)
        np.testing.assert_allclose(back, want, rtol=1e-14, atol=1e-16)


@each_function
def test_each_example_stands_alone(f):
    z = np.random.default_rng(0).normal(size=(4, 3))
    z[1:] += np.array([[1e5], [-1e5], [1e9]])
    k = [2, 0, 1, 1]
    for row in range(4):
        np.testing.assert_allclose(f(z, k)[row], f(z[row], k[row]), rtol=2 * EPS)


@each_function
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_classes_on_the_first_axis_are_as_exact_as_on_the_last(f, dtype):
    z, y = np.zeros((2, 50_000), dtype), np.full((2, 50_000), 1 / 50_000, dtype)
    z[:, 0] = 2  # the other 49,999 are the same, so that their sum's roundings do not cancel
    for last, first in ((y, np.ascontiguousarray(y.T)), ([0, 1], [0, 1])):
        want = f(z, last).T
        got = f(np.ascontiguousarray(z.T), first, axis=0)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(got, want, rtol=8 * eps, atol=eps / 1000)


def test_one_row_gives_a_scalar_loss():
    assert isinstance(softmax_cross_entropy(WORKED, 0), np.float64)
    assert isinstance(softmax_cross_entropy(WORKED, [0, 0, 1]), np.float64)


def test_distributions_are_told_from_indices_by_their_shape():
    assert softmax_cross_entropy([[1.0, 2.0]] * 2, [0, 1]).shape == (2,)
    got = softmax_cross_entropy([[1.0, 2.0]] * 2, [[0, 1], [1, 0]])
    np.testing.assert_array_equal(got, softmax_cross_entropy([[1.0, 2.0]] * 2, [1, 0]))


@each_function
@pytest.mark.parametrize("y", [[], np.empty((0, 3))])
def test_an_empty_batch_gives_an_empty_result(f, y):
    assert f(np.empty((0, 3)), y).shape == ((0,) if f is softmax_cross_entropy else (0, 3))


@each_function
def test_strided_memory_gives_the_same(f):
    z = np.random.default_rng(0).normal(size=(6, 8))[::-2, ::3]
    k = np.arange(6)[::-2] % 3
    np.testing.assert_allclose(f(z, k), f(z.copy(), k.copy()), rtol=1e-14)
    y = softmax(z[::-1])
    got = f(z, np.asfortranarray(y))
    np.testing.assert_allclose(got, f(z.copy(), y), rtol=1e-14, atol=EPS)


@each_function
@pytest.mark.parametrize("y", [np.array(1), np.array([0.5, 0.25, 0.25])])
def test_the_inputs_are_not_modified(f, y):
    z, before = np.array(WORKED), y.copy()
    z.flags.writeable = y.flags.writeable = False
    f(z, y)
    np.testing.assert_array_equal(z, WORKED)
    np.testing.assert_array_equal(y, before)
