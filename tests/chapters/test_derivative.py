import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cecore import softmax, softmax_jacobian, softmax_jvp, softmax_vjp
from tests import reference
from tests.reference import (
    FLOATS,
    any_logits,
    assert_close,
    assert_no_negative_zero,
    exact,
    logits,
    slack,
)

WORKED = [2.0, 1.0, 0.1]

each_product = pytest.mark.parametrize("product", [softmax_jvp, softmax_vjp])
each_dtype = pytest.mark.parametrize("dtype", FLOATS)


@st.composite
def logits_and_vectors(draw, bound=30):
    z = draw(logits(bound=bound))
    return z, draw(logits(n=len(z), bound=1e3))


def shifted(z, v):
    """J v is a sum of terms J_ij (v_j - v_k); this is what they add up to without their signs."""
    J, v = reference.jacobian(reference.softmax, z), exact(v)
    return abs(J) @ abs(v - v[np.argmax(z)])


# Values


def test_the_worked_example():
    want = [
        [0.224718637832965, -0.159763603797915, -0.064955034035050],
        [-0.159763603797915, 0.183659225420001, -0.023895621622086],
        [-0.064955034035050, -0.023895621622086, 0.088850655657136],
    ]
    np.testing.assert_allclose(softmax_jacobian(WORKED), want, rtol=0, atol=6e-16)  # as printed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_the_jacobian_holds_the_derivatives_of_softmax(dtype, data):
    z = data.draw(logits(dtype=dtype))
    want = reference.jacobian(reference.softmax, z)
    assert_close(softmax_jacobian(z), want, 2 * slack(z))


@given(zv=logits_and_vectors())
def test_jvp_is_the_jacobian_times_the_vector(zv):
    z, v = zv
    want = reference.jacobian(reference.softmax, z) @ exact(v)
    assert_close(softmax_jvp(z, v), want, 2 * slack(z), scale=shifted(z, v))


@given(zv=logits_and_vectors())
def test_vjp_is_the_vector_times_the_jacobian(zv):
    z, u = zv
    want = exact(u) @ reference.jacobian(reference.softmax, z)
    assert_close(softmax_vjp(z, u), want, 2 * slack(z), scale=shifted(z, u))


@each_product
def test_a_product_is_that_with_the_whole_matrix(product):
    z, v = np.random.default_rng(0).normal(size=(2, 4, 5))
    want = np.einsum("bij,bj->bi", softmax_jacobian(z), v)
    np.testing.assert_allclose(product(z, v), want, rtol=1e-14, atol=1e-16)


@given(z=logits())
def test_the_jacobian_is_the_diagonal_of_s_minus_its_outer_product(z):
    s = softmax(z)
    want = np.diag(s) - np.outer(s, s)  # s - s^2 cancels near certainty, so compare absolutely
    np.testing.assert_allclose(softmax_jacobian(z), want, rtol=1e-15, atol=2e-15)


def test_one_class_cannot_move():
    np.testing.assert_array_equal(softmax_jacobian([5.0]), [[0]])
    np.testing.assert_array_equal(softmax_jvp([5.0], [3.0]), [0])


# Properties


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@given(data=st.data())
def test_the_jacobian_is_symmetric(dtype, data):
    J = softmax_jacobian(data.draw(any_logits(dtype)))
    np.testing.assert_array_equal(J, J.T)


@given(z=any_logits())
def test_rows_of_the_jacobian_sum_to_zero(z):
    J = softmax_jacobian(z)
    assert (abs(J.sum(-1)) <= len(z) * np.finfo(float).eps * abs(J).max(-1)).all()


@given(z=any_logits())
def test_only_the_diagonal_is_positive_and_at_most_a_quarter(z):
    J = softmax_jacobian(z)
    assert (np.diag(J) >= 0).all()
    assert (np.diag(J) <= 0.25 * (1 + np.finfo(float).eps)).all()  # a quarter may round up
    assert (J - np.diag(np.diag(J)) <= 0).all()


@each_product
@given(zv=logits_and_vectors())
def test_a_product_sums_to_zero(product, zv):
    z, v = zv
    error = 4 * len(z) * np.finfo(float).eps * np.ptp(v)
    assert abs(product(z, v).sum()) <= error + 1e-300


@each_product
@given(z=any_logits(), c=st.floats(-1e300, 1e300))
def test_a_constant_direction_moves_nothing(product, z, c):
    np.testing.assert_array_equal(product(z, np.full(len(z), c)), np.zeros(len(z)))


# Near certainty and far from it


def test_the_jacobian_survives_near_certainty():
    d = 1.928749847963918e-22  # s (1 - s)
    np.testing.assert_allclose(softmax_jacobian([0, -50]), [[d, -d], [-d, d]], rtol=5e-16)


@each_product
@pytest.mark.parametrize(("v", "sign"), [([1, 0], 1), ([0, 1], -1), ([8, 7], 1), ([-3, -2], -1)])
def test_a_product_survives_near_certainty(product, v, sign):
    d = sign * 1.928749847963918e-22
    np.testing.assert_allclose(product([0, -50], v), [d, -d], rtol=5e-16)
    np.testing.assert_allclose(product([-50, 0], v), [d, -d], rtol=5e-16)


@each_dtype
def test_the_largest_logits_do_not_overflow(dtype):
    big = np.finfo(dtype).max
    z, v = np.array([big, 0, -big], dtype), np.array([1, 2, 3], dtype)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(softmax_jacobian(z), np.zeros((3, 3)))
        np.testing.assert_array_equal(softmax_jvp(z, v), np.zeros(3))
        np.testing.assert_array_equal(softmax_vjp(z, v), np.zeros(3))


@each_dtype
def test_the_smallest_products_underflow_in_silence(dtype):
    tiny = np.finfo(dtype).smallest_normal
    z = np.array([0, np.log(tiny), np.log(tiny)], dtype)
    v = np.array([0, tiny, -tiny], dtype)
    with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
        np.testing.assert_array_equal(softmax_jacobian(z)[1, 2], 0)
        np.testing.assert_array_equal(softmax_jvp(z, v), np.zeros(3))
        np.testing.assert_array_equal(softmax_vjp(z, v), np.zeros(3))


@each_product
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_vectors_are_computed_or_refused(product, dtype):
    half = np.finfo(dtype).max / 2
    z, v = np.zeros(2, dtype), np.array([half, -half], dtype)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(product(z, v), [half / 2, -half / 2])
    with pytest.raises(ValueError, match=r"[uv] must be finite, and no larger than .* at index 1"):
        product(z, np.array([0, -1.01 * half], dtype))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@given(data=st.data())
def test_no_logits_give_nan_or_a_warning(dtype, data):
    z = data.draw(any_logits(dtype))
    v = data.draw(hnp.arrays(dtype, len(z), elements=st.integers(-9, 9)))
    with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
        results = [softmax_jacobian(z), softmax_jvp(z, v), softmax_vjp(z, v)]
    assert all(np.isfinite(result).all() for result in results)


@pytest.mark.parametrize("dtype", FLOATS[:3])  # Hypothesis knows no others
@given(data=st.data())
def test_the_jacobian_holds_no_negative_zero(dtype, data):
    assert_no_negative_zero(softmax_jacobian(data.draw(any_logits(dtype))))


# Masks


@given(z=logits(), data=st.data())
def test_masking_a_class_is_deleting_it(z, data):
    k = data.draw(st.integers(0, len(z)))
    J = softmax_jacobian(np.insert(z, k, -np.inf))
    assert (J[k] == 0).all()
    assert (J[:, k] == 0).all()
    deleted = np.delete(np.delete(J, k, 0), k, 1)
    np.testing.assert_allclose(deleted, softmax_jacobian(z), rtol=2e-15)


@each_product
@given(zv=logits_and_vectors(), data=st.data())
def test_a_product_ignores_masked_classes(product, zv, data):
    z, v = zv
    k = data.draw(st.integers(0, len(z)))
    masked = product(np.insert(z, k, -np.inf), np.insert(v, k, 123.0))
    assert masked[k] == 0
    scale = 1e-15 * abs(v).max()
    np.testing.assert_allclose(np.delete(masked, k), product(z, v), rtol=2e-15, atol=scale)


# Dtypes, shapes, memory


@each_dtype
@pytest.mark.parametrize("order", "<>")
def test_the_floating_dtype_is_kept(dtype, order):
    z = np.array(WORKED, np.dtype(dtype).newbyteorder(order))
    v = np.array([1, -2, 3], z.dtype)
    assert softmax_jacobian(z).dtype == z.dtype
    native = softmax_jacobian(z.astype(dtype))
    np.testing.assert_array_equal(softmax_jacobian(z), native)
    for product in (softmax_jvp, softmax_vjp):
        assert product(z, v).dtype == np.dtype(dtype)
        np.testing.assert_array_equal(product(z, v), product(z.astype(dtype), v.astype(dtype)))


@each_product
def test_a_product_has_the_dtype_that_its_arguments_promote_to(product):
    z, v = np.array(WORKED, np.float16), np.ones(3, np.float32)
    assert product(z, z).dtype == np.float16
    assert product(z, v).dtype == np.float32
    assert product(v, z).dtype == np.float32
    assert product(v, [1, 2, 3]).dtype == np.float64
    assert product([3, 2, 1], v).dtype == np.float64


@each_product
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_product_of_mixed_dtypes_is_as_exact_as_its_dtype(product, dtype):
    z, v = np.array(WORKED, dtype), np.array([0.1, -2.0, 3.0])
    want = product(z.astype(np.float64), v)
    np.testing.assert_array_equal(product(z, v), want)
    want = product(v, z.astype(np.float64))
    np.testing.assert_array_equal(product(v, z), want)


def test_integers_become_float64():
    np.testing.assert_array_equal(softmax_jacobian([1, 3]), softmax_jacobian([1.0, 3.0]))
    assert softmax_jacobian(np.array([1, 3], np.uint8)).dtype == np.float64


@given(data=st.data())
def test_half_precision_is_computed_in_single_and_rounded_once(data):
    z = data.draw(logits(dtype=np.float16))
    v = data.draw(logits(n=len(z), dtype=np.float16))
    z32, v32 = z.astype(np.float32), v.astype(np.float32)
    want = softmax_jacobian(z32).astype(np.float16)
    np.testing.assert_array_equal(softmax_jacobian(z), want)
    for product in (softmax_jvp, softmax_vjp):
        np.testing.assert_array_equal(product(z, v), product(z32, v32).astype(np.float16))


def test_every_leading_axis_is_a_batch():
    z, v = np.random.default_rng(0).normal(size=(2, 2, 3, 4))
    z[1] += 1e5
    assert softmax_jacobian(z).shape == (2, 3, 4, 4)
    for index in np.ndindex(2, 3):
        np.testing.assert_allclose(softmax_jacobian(z)[index], softmax_jacobian(z[index]))
        for product in (softmax_jvp, softmax_vjp):
            assert product(z, v).shape == (2, 3, 4)
            np.testing.assert_allclose(product(z, v)[index], product(z[index], v[index]))


def test_an_empty_batch_gives_an_empty_result():
    z = np.empty((0, 3))
    assert softmax_jacobian(z).shape == (0, 3, 3)
    assert softmax_jvp(z, z).shape == softmax_vjp(z, z).shape == (0, 3)


def test_strided_memory_gives_the_same():
    z, v = np.random.default_rng(0).normal(size=(2, 6, 8))[:, ::-2, ::3]
    np.testing.assert_allclose(softmax_jacobian(z), softmax_jacobian(z.copy()), rtol=2e-15)
    for product in (softmax_jvp, softmax_vjp):
        np.testing.assert_allclose(product(z, v), product(z.copy(), v.copy()), rtol=1e-14)


def test_the_inputs_are_not_modified():
    z, v = np.array(WORKED), np.array([1.0, -2.0, 3.0])
    z.flags.writeable = v.flags.writeable = False
    softmax_jacobian(z)
    for product in (softmax_jvp, softmax_vjp):
        product(z, v)
    np.testing.assert_array_equal(z, WORKED)
    np.testing.assert_array_equal(v, [1, -2, 3])
