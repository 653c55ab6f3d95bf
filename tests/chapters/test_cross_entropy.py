import warnings

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from cecore import cross_entropy, entropy, kl_divergence, one_hot, softmax
from tests import reference
from tests.reference import FLOATS, assert_close, assert_no_negative_zero, distributions, exact

EPS = np.finfo(float).eps
P, Q = [0.5, 0.25, 0.25], [0.25, 0.25, 0.5]

each_function = pytest.mark.parametrize("f", [cross_entropy, kl_divergence])
each_dtype = pytest.mark.parametrize("dtype", FLOATS)


# Values


def test_known_values():
    ln2 = np.log(2)
    np.testing.assert_allclose(entropy([0.5, 0.5]), ln2, rtol=EPS)
    np.testing.assert_allclose(entropy(P), 1.5 * ln2, rtol=EPS)
    np.testing.assert_allclose(cross_entropy(P, Q), 1.75 * ln2, rtol=EPS)
    np.testing.assert_allclose(kl_divergence(P, Q), 0.25 * ln2, rtol=4 * EPS)


@given(pq=distributions(rows=2))
def test_cross_entropy_is_the_mean_surprise(pq):
    p, q = pq
    want = reference.cross_entropy(exact(p), exact(q))
    assert_close(cross_entropy(p, q), want, len(p) + 4)  # no term is negative: none cancels


@given(p=distributions(rows=1))
def test_entropy_is_the_mean_surprise_of_the_truth(p):
    (p,) = p
    want = reference.cross_entropy(exact(p), exact(p))
    assert_close(entropy(p), want, len(p) + 4)


@given(pq=distributions(rows=2))
def test_kl_divergence_is_the_mean_gain_in_surprise(pq):
    p, q = pq
    want = max(0, reference.kl_divergence(exact(p), exact(q)))
    scale = reference.cross_entropy(exact(p), exact(q)) + 1  # its terms may cancel
    assert_close(kl_divergence(p, q), want, len(p) + 4, scale)


@given(pq=distributions(rows=2))
def test_scipy_agrees(pq):
    p, q = pq
    close = {"rtol": len(p) * 4 * EPS, "atol": len(p) * 4 * EPS}
    np.testing.assert_allclose(entropy(p), scipy.special.entr(p).sum(), **close)
    np.testing.assert_allclose(kl_divergence(p, q), scipy.special.rel_entr(p, q).sum(), **close)
    np.testing.assert_allclose(entropy(p), scipy.stats.entropy(p), **close)


def test_which_distribution_is_true_matters():
    p, q = [0.9, 0.1], [0.6, 0.4]
    assert cross_entropy(p, q) != cross_entropy(q, p)
    assert kl_divergence(p, q) != kl_divergence(q, p)


def test_nothing_times_an_infinite_surprise_is_nothing():
    assert cross_entropy([1.0, 0.0], [1.0, 0.0]) == 0
    np.testing.assert_allclose(kl_divergence([1.0, 0.0], [0.5, 0.5]), np.log(2), rtol=EPS)
    assert entropy([0.0, 1.0, 0.0]) == 0


@each_function
@pytest.mark.parametrize("p", [0.5, 1e-300])
def test_an_impossible_event_that_happens_is_infinitely_surprising(f, p):
    assert f([1 - p, p], [1.0, 0.0]) == np.inf


# Properties


@given(pq=distributions(rows=2))
def test_cross_entropy_is_entropy_plus_kl_divergence(pq):
    p, q = pq
    sum_ = entropy(p) + kl_divergence(p, q)
    np.testing.assert_allclose(cross_entropy(p, q), sum_, rtol=len(p) * 4 * EPS, atol=4 * EPS)


@given(p=distributions(rows=1))
def test_entropy_lies_between_zero_and_ln_n(p):
    (p,) = p
    assert 0 <= entropy(p) <= np.log(len(p)) * (1 + len(p) * EPS)


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_entropy_is_ln_n_of_the_uniform_and_zero_of_the_certain(n):
    np.testing.assert_allclose(entropy(np.full(n, 1 / n)), np.log(n), rtol=2 * EPS)
    np.testing.assert_array_equal(entropy(np.eye(n)), np.zeros(n))


@given(pq=distributions(rows=2))
def test_kl_divergence_is_never_negative(pq):
    p, q = pq
    assert kl_divergence(p, q) >= 0


def test_kl_divergence_is_zero_where_rounding_would_make_it_negative():
    p = np.array([0.1, 0.2, 0.7])
    assert kl_divergence(p, np.nextafter(p, 1)) == 0


@given(p=distributions(rows=1))
def test_kl_divergence_of_a_distribution_from_itself_is_zero(p):
    (p,) = p
    assert kl_divergence(p, p) == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@given(pq=distributions(rows=2))
def test_nothing_is_negative_zero(dtype, pq):
    p, q = (x.astype(dtype) for x in pq)
    assert_no_negative_zero([cross_entropy(p, q), entropy(p), kl_divergence(p, q)])


@given(pq=distributions(rows=2))
def test_no_distributions_give_nan_or_a_warning(pq):
    p, q = pq
    with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
        results = [cross_entropy(p, q), entropy(p), kl_divergence(p, q)]
    assert not np.isnan(results).any()


# Dtypes, shapes, memory


@each_function
@each_dtype
def test_the_dtype_is_that_to_which_the_arguments_promote(f, dtype):
    p, q = np.array(P, dtype), np.array(Q, np.float32)
    assert f(p, p).dtype == dtype
    assert f(p, q).dtype == f(q, p).dtype == np.promote_types(dtype, np.float32)
    assert f(p, Q).dtype == np.promote_types(dtype, np.float64)
    assert entropy(p).dtype == dtype


@each_function
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_mixed_dtypes_are_as_exact_as_the_result(f, dtype):
    p, q = np.array([0.25, 0.75]), np.array([0.375, 0.625], dtype)  # in every dtype exactly
    assert f(p, q) == f(p, q.astype(np.float64))
    assert f(q, p) == f(q.astype(np.float64), p)


@each_function
def test_big_endian_integers_and_lists_are_welcome(f):
    want = f(np.array(P), np.array(Q))
    assert f(P, Q) == want
    assert f(np.array(P, ">f8"), np.array(Q, ">f8")) == want
    assert f([0, 1], [1 / 2, 1 / 2]).dtype == np.float64
    assert f([0, 1], [0, 1]) == 0


@each_function
def test_half_precision_is_computed_in_single_and_rounded_once(f):
    p, q = np.random.default_rng(0).multinomial(1024, np.ones(5) / 5, (2, 50)) / 1024  # exact
    want = f(p.astype(np.float32), q.astype(np.float32)).astype(np.float16)
    np.testing.assert_array_equal(f(p.astype(np.float16), q.astype(np.float16)), want)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_any_axis_can_hold_the_classes(axis):
    p, q = np.random.default_rng(0).dirichlet(np.ones(4), (2, 3, 1))
    there = (np.moveaxis(p, -1, axis), np.moveaxis(q, -1, axis))
    for f in (cross_entropy, kl_divergence):
        assert f(*there, axis=axis).shape == (3, 1)
        np.testing.assert_allclose(f(*there, axis=axis), f(p, q), rtol=8 * EPS)
    np.testing.assert_allclose(entropy(there[0], axis=axis), entropy(p), rtol=8 * EPS)


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "reversed": lambda p: p[::-1].copy()[::-1],
    "repeated": lambda p: np.broadcast_to(p[:, :1], p.shape),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_classes_on_the_first_axis_do_not_drift(layout, dtype):
    n = 50_000
    p = LAYOUTS[layout](np.full((n, 2), 1 / n, dtype))
    close = {"rtol": 8 * np.finfo(dtype).eps, "atol": np.finfo(dtype).eps}
    np.testing.assert_allclose(entropy(p, axis=0), np.log(n), **close)
    np.testing.assert_allclose(kl_divergence(p, p, axis=0), 0, **close)


def test_one_distribution_gives_a_scalar():
    for scalar in (cross_entropy(P, Q), entropy(P), kl_divergence(P, Q)):
        assert isinstance(scalar, np.float64)


def test_an_empty_batch_gives_an_empty_result():
    p = np.empty((0, 3))
    assert cross_entropy(p, p).shape == entropy(p).shape == kl_divergence(p, p).shape == (0,)


@each_function
def test_the_inputs_are_not_modified(f):
    p, q = np.array([P, [1, 0, 0]]), np.array([Q, [1, 0, 0]])
    p.flags.writeable = q.flags.writeable = False
    f(p, q)
    np.testing.assert_array_equal(p, [P, [1, 0, 0]])
    np.testing.assert_array_equal(q, [Q, [1, 0, 0]])


# Which sums are 1 up to rounding


@given(
    dtype=st.sampled_from(FLOATS),
    n=st.integers(1, 50_000),
    spread=st.sampled_from([0, 1e-3, 1, 10]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_rounding_of_a_softmax_is_forgiven(dtype, n, spread, seed):
    z = np.random.default_rng(seed).normal(size=n, scale=spread).astype(dtype)
    assert entropy(softmax(z)) >= 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(5))
def test_the_drift_of_a_sum_taken_one_by_one_is_forgiven(dtype, seed):
    w = np.random.default_rng(seed).random(10_000).astype(dtype)
    p = w / np.add.accumulate(w)[-1]
    assert entropy(p) > 0
    assert entropy(p[:, None], axis=0) > 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_rounding_of_a_softmax_on_the_first_axis_is_forgiven(dtype):
    z = np.zeros((10_000, 2), dtype)
    z[0] = 0.3
    assert (entropy(softmax(z, axis=0), axis=0) > 0).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [2, 1000])
def test_a_sum_that_is_off_by_more_than_rounding_is_not(dtype, n):
    p = np.ones(n, dtype) / n
    entropy(p)
    p[0] += 8 * np.sqrt(n) * np.finfo(dtype).eps
    with pytest.raises(ValueError, match="must sum to 1"):
        entropy(p)


@pytest.mark.parametrize("dtype", FLOATS[1:3])
def test_one_class_may_be_off_by_four_units_in_the_last_place_and_no_more(dtype):
    eps = np.finfo(dtype).eps
    assert entropy(np.array([1 + 4 * eps], dtype)) == 0
    with pytest.raises(ValueError, match="sum to 1"):
        entropy(np.array([1 + 5 * eps], dtype))


def test_a_sum_in_single_precision_is_judged_before_it_is_rounded():
    eps = np.finfo(np.float32).eps
    assert (
        entropy(np.array([0.75, 0.25 + 5.5 * eps], np.float32)) > 0
    )  # 5.5 rounds to 6; 4 sqrt(2) = 5.66


def test_nothing_but_zeros_is_never_a_distribution():
    with pytest.raises(ValueError, match="must sum to 1"):
        entropy(np.zeros(100_000, np.float16))


# One-hot


def test_one_hot_puts_everything_on_the_label():
    np.testing.assert_array_equal(one_hot([2, 0], 3), [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0,), (0, 2)])
def test_one_hot_adds_the_class_axis_last(shape):
    labels = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 5
    result = one_hot(labels, 5)
    assert result.shape == (*shape, 5)
    np.testing.assert_array_equal(result.sum(-1), np.ones(shape))
    np.testing.assert_array_equal(result.argmax(-1), labels)


def test_one_hot_of_an_empty_list_is_empty():
    assert one_hot([], 3).shape == (0, 3)


def test_one_hot_has_the_dtype_asked_for():
    assert one_hot([1], 2).dtype == np.float64
    assert one_hot([1], 2, dtype=np.float32).dtype == np.float32
    assert one_hot([1], np.int8(2), dtype=int).tolist() == [[0, 1]]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.uint64, ">i4"])
def test_one_hot_takes_every_integer_type(dtype):
    np.testing.assert_array_equal(one_hot(np.array([0, 1], dtype), 2), np.eye(2))
