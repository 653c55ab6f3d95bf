"""The loss of a last layer, chunk by chunk: what the plain way gives, in bounded memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cecore import loss_and_grad
from cecore.scale import linear
from cecore.scale.linear import linear_cross_entropy


def plain(H, W, labels):
    """All logits at once, in float64."""
    H, W = np.asarray(H, float), np.asarray(W, float)
    loss, G = loss_and_grad(H @ W, labels)
    return loss, G @ W.T, H.T @ G


def layer(N, d, n, scale=1.0, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    H, W = rng.normal(size=(N, d)) * scale, rng.normal(size=(d, n))
    return H.astype(dtype), W.astype(dtype), rng.integers(n, size=N)


@given(
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    chunk=st.integers(1, 12),
    scale=st.sampled_from([0.0, 1e-3, 1.0, 30.0, 1e4]),
    seed=st.integers(0, 2**32),
)
def test_every_chunk_gives_what_the_plain_way_gives(shape, chunk, scale, seed):
    H, W, k = layer(*shape, scale, seed=seed)
    loss, *grads = linear_cross_entropy(H, W, k, chunk=chunk)
    want, *want_grads = plain(H, W, k)
    size = 1 + abs(H @ W).max()  # a product of another shape may be rounded in another way
    assert isinstance(loss, float)
    assert loss == pytest.approx(want, rel=1e-14, abs=1e-15 * size)
    for got, right, other in zip(grads, want_grads, (W, H), strict=True):
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, right, rtol=0, atol=3e-15 * size * abs(other).max())


@pytest.mark.parametrize(("dtype", "digits"), [(np.float16, 2e-3), (np.float32, 2e-6)])
def test_narrow_floats_are_as_close_as_their_products(dtype, digits):
    H, W, k = layer(50, 16, 300, dtype=dtype)
    loss, *grads = linear_cross_entropy(H, W, k, chunk=64)
    want, *want_grads = plain(H, W, k)
    assert loss == pytest.approx(want, rel=2e-6)
    for got, right in zip(grads, want_grads, strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, right, rtol=digits, atol=digits * abs(right).max())


def test_the_wider_dtype_is_that_of_both():
    H, W, k = layer(4, 3, 5)
    for given_H, given_W in ((H.astype(np.float32), W), (H, W.astype(np.float32))):
        _, grad_H, grad_W = linear_cross_entropy(given_H, given_W, k)
        assert grad_H.dtype == grad_W.dtype == np.float64
    assert linear_cross_entropy([[1, 2]], [[1, 0], [0, 1]], [0])[1].dtype == np.float64


def test_the_digits_near_certainty_are_kept():
    loss, grad_H, _ = linear_cross_entropy([[1.0]], [[0.0, -50.0]], [0], chunk=1)
    assert loss == pytest.approx(np.exp(-50), rel=1e-14)
    assert grad_H[0, 0] == pytest.approx(-50 * np.exp(-50), rel=1e-14)


def test_the_inputs_stay_as_they_are():
    H, W, k = layer(5, 4, 7)
    before = H.copy(), W.copy(), k.copy()
    linear_cross_entropy(H, W, k, chunk=3)
    for now, then in zip((H, W, k), before, strict=True):
        np.testing.assert_array_equal(now, then)


def peak_beside_the_results(n):
    """Bytes that were held at the worst moment, without what is returned."""
    H, W, k = layer(256, 8, n, dtype=np.float32)
    tracemalloc.start()
    try:
        _, grad_H, grad_W = linear_cross_entropy(H, W, k)
        return tracemalloc.get_traced_memory()[1] - grad_H.nbytes - grad_W.nbytes
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_classes():
    few, many = peak_beside_the_results(2**14), peak_beside_the_results(2**17)
    logits = 4 * 256 * 2**17  # 134 MB
    assert many < 1.1 * few
    assert many < 40 * linear.CHUNK < logits / 3


GOOD = layer(3, 2, 4)
NAN, INF = np.full((3, 2), np.nan), np.full((2, 4), np.inf)


@pytest.mark.parametrize(
    ("error", "words", "changed"),
    [
        (ValueError, r"^H must be a matrix, no side of it 0; got shape \(2,\)", {0: [1.0, 2.0]}),
        (ValueError, r"^H must be a matrix, no side of it 0; got .*0, 2", {0: np.ones((0, 2))}),
        (ValueError, r"^W must have as many rows as H has columns", {1: np.ones((3, 4))}),
        (ValueError, "^H must hold finite numbers; got NaN", {0: NAN}),
        (ValueError, "^W must hold finite numbers; got NaN or an inf", {1: INF}),
        (ValueError, "^H @ W must be finite; it overflows in float64", {0: np.full((3, 2), 1e308)}),
        (TypeError, "^W must hold real numbers .* bool", {1: np.ones((2, 4), bool)}),
        (TypeError, "^H must hold .* at most 64 bits", {0: np.ones((3, 2), np.longdouble)}),
        (TypeError, "^H must be a plain array", {0: np.ma.masked_array(np.ones((3, 2)))}),
        (ValueError, r"^labels must have shape \(3,\), to fit H; got .*\(2,\)", {2: [0, 1]}),
        (ValueError, r"^labels must be class indices in 0\.\.3; got 4 at index 2", {2: [0, 1, 4]}),
        (TypeError, "^labels must be integer", {2: [0.0, 1.0, 2.0]}),
    ],
)
def test_what_is_refused(error, words, changed):
    args = [changed.get(i, x) for i, x in enumerate(GOOD)]
    with pytest.raises(error, match=words):
        linear_cross_entropy(*args)


@pytest.mark.parametrize(("chunk", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError)])
def test_a_chunk_is_a_positive_integer(chunk, error):
    with pytest.raises(error, match=r"^chunk must be"):
        linear_cross_entropy(*GOOD, chunk=chunk)
