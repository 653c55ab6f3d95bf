"""Log-sum-exp from parts, in any order."""

import copy
import pickle
import re
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cecore
from cecore.scale.parts import LogSumExp
from tests.ulps import LIMIT, Exact, each_row, ulps


def merged(values, rng):
    """Merge neighbours until one value is left, in any order."""
    values = [*values]
    while len(values) > 1:
        i = rng.integers(len(values) - 1)
        values[i : i + 2] = [values[i].merge(values[i + 1])]
    return values[0]


@pytest.mark.parametrize("z", each_row(np.float64) + each_row(np.float32))
def test_the_last_digits_do_not_depend_on_the_parts(z):
    rng = np.random.default_rng(30)
    k = int(z.argmax())
    cuts = np.sort(rng.integers(0, z.size + 1, 8))
    with np.errstate(all="ignore"):  # NumPy's own conversion of the reference
        exact = Exact(z, k)
        size = float(abs(z[np.isfinite(z)]).max())
        for whole in (
            merged(map(LogSumExp.of, np.split(z, cuts)), rng),
            reduce(LogSumExp.update, np.array_split(np.sort(z), 50), LogSumExp()),  # ever rising
        ):
            off = {
                "logsumexp": ulps(whole.logsumexp().astype(z.dtype), exact.logsumexp, size),
                "loss": ulps(whole.loss(z[k]).astype(z.dtype), exact.loss),
                "softmax": ulps(whole.softmax(z).astype(z.dtype), exact.softmax),
                "log_softmax": ulps(whole.log_softmax(z).astype(z.dtype), exact.log_softmax),
                "grad": ulps(whole.grad(z, z[k], np.array(k)).astype(z.dtype), exact.grad),
            }
            assert max(off.values()) <= LIMIT[z.dtype.type], off


def test_the_gradient_where_another_class_is_true():
    z = np.array([3.0, 0.25, -1, 2.5])
    for scale in (1, 100, 300):
        whole = LogSumExp().update(z[:2] * scale).update(z[2:] * scale)
        for k in range(4):
            got = whole.grad(z * scale, z[k] * scale, np.array(k))
            assert ulps(got, Exact(z * scale, k).grad) <= 4


def test_values_are_compared_by_identity_and_may_be_keys():
    one, other = LogSumExp.of([[1.0, 2.0]] * 3), LogSumExp.of([[1.0, 2.0]] * 3)
    assert (one == one, one == other, len({one, other})) == (True, False, 2)


def test_scaled_by_the_maximum_itself_the_digits_wear_off():
    z = np.linspace(0, 1, 2000)
    m, a = -np.inf, 0.0
    for x in z:
        top = max(m, x)
        m, a = top, a * np.exp(m - top) + np.exp(x - top)
    exact = Exact(z, 0).logsumexp
    assert ulps(m + np.log(a), exact) > 10
    assert ulps(reduce(LogSumExp.update, z[:, None], LogSumExp()).logsumexp(), exact) <= 1


floats = st.floats(-1e3, 1e3) | st.sampled_from([-np.inf, 0.0, -1e300, 1e300, 5e-324])
parts = st.lists(st.lists(floats, max_size=4), max_size=3)


def test_one_row_costs_another_no_digit():
    z = np.array([[0.0, -12.3], [0.0, -0.1]])
    for row, got in zip(z, LogSumExp.of(z).log_softmax(z), strict=True):
        assert ulps(got, Exact(row, 0).log_softmax) <= 4


@given(a=parts, b=parts)
def test_it_has_an_identity_and_the_order_is_all_one(a, b):
    a, b = (reduce(LogSumExp.update, x, LogSumExp()) for x in (a, b))
    for left, right in [
        (LogSumExp().merge(a), a),
        (a.merge(LogSumExp()), a),
        (a.update([]), a),
        (a.merge(b), b.merge(a)),
    ]:
        for name in ("maximum", "rest", "error"):
            assert getattr(left, name) == getattr(right, name), name


def test_nothing_is_known_before_the_first_class():
    assert LogSumExp().logsumexp() == -np.inf
    assert LogSumExp().update(np.full((2, 3), -np.inf)).logsumexp().tolist() == [-np.inf] * 2
    assert LogSumExp().update(np.empty((2, 0))).logsumexp().tolist() == [-np.inf] * 2


def test_any_number_of_axes_and_any_real_dtype():
    z = np.random.default_rng(1).integers(-9, 9, (2, 3, 8))
    for dtype in (np.int8, np.int64, np.float16, np.float32, np.float64):
        whole = LogSumExp().update(z[..., :3].astype(dtype)).update(z[..., 3:].astype(dtype))
        np.testing.assert_allclose(whole.logsumexp(), cecore.logsumexp(z.astype(float)), rtol=1e-15)


def test_a_pair_that_is_given_in_whole_numbers_is_kept_in_floats():
    pair = LogSumExp(7, 0)  # as of the one logit 7
    assert {pair.maximum.dtype, pair.rest.dtype, pair.error.dtype} == {np.dtype(np.float64)}
    assert pair.logsumexp() == 7


def test_the_value_never_changes():
    z = np.array([[1.0, 2.0], [0.0, 0.0]])
    whole = LogSumExp().update(z)
    before = whole.logsumexp()
    whole.update(z)
    whole.merge(whole)
    np.testing.assert_array_equal(whole.logsumexp(), before)
    for name in ("maximum", "rest", "error"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(whole, name)[:] = 0
    with pytest.raises(AttributeError):
        whole.maximum = z
    np.testing.assert_array_equal(z, [[1.0, 2.0], [0.0, 0.0]])


def test_nor_does_a_copy_nor_one_made_from_arrays():
    z = np.array([[1.0, 2.0], [0.0, 0.0]])
    whole = LogSumExp().update(z)
    for other in (pickle.loads(pickle.dumps(whole)), copy.deepcopy(whole)):
        np.testing.assert_array_equal(other.logsumexp(), whole.logsumexp())
        with pytest.raises(ValueError, match="read-only"):
            other.rest[:] = 0
    m = np.array([5.0])
    made = LogSumExp(m)
    m[:] = 0
    assert made.logsumexp() == 5


def test_parts_of_other_rows_are_refused():
    whole = LogSumExp().update(np.zeros((3, 2)))
    for shape in [(4, 2), (1, 2), (2,), (3, 1, 2)]:
        rows = re.escape(f"parts must be of the same rows; got (3,) rows and {shape[:-1]}")
        with pytest.raises(ValueError, match=rows):
            whole.update(np.zeros(shape))
    with pytest.raises(TypeError, match="other must be a LogSumExp; got tuple"):
        whole.merge((0.0, 1.0))


@pytest.mark.parametrize(
    ("error", "words", "z"),
    [
        (ValueError, r"z must hold finite logits .*; got NaN at index \(1, 0\)", [[0], [np.nan]]),
        (ValueError, r"got \+inf at index 1", [0, np.inf]),
        (ValueError, "z must have a class axis", 1.0),
        (TypeError, "z must hold real numbers .*complex", [1j]),
        (TypeError, "at most 64 bits; got dtype (float128|float96)", np.zeros(2, np.longdouble)),
    ],
)
def test_bad_parts_are_refused(error, words, z):
    with pytest.raises(error, match=words):
        LogSumExp().update(z)
