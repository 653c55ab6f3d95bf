"""The loss of a linear layer's outputs."""

import tracemalloc

import numpy as np
import pytest

import cecore
from cecore.scale import linear
from cecore.scale.parts import LogSumExp, merged

RNG = np.random.default_rng(2)
H, W = RNG.normal(size=(50, 4)), RNG.normal(size=(4, 7))
K = RNG.integers(7, size=50)


@pytest.mark.parametrize("block", [1, 5000, 2**25])
@pytest.mark.parametrize("labels", [K, RNG.dirichlet(np.ones(7), 50)], ids=["indices", "soft"])
def test_the_loss_and_both_gradients_are_those_of_all_logits(block, labels, monkeypatch):
    monkeypatch.setattr(linear, "BLOCK", block)
    loss, grad_h, grad_w = cecore.linear_cross_entropy(H, W, labels)
    right, g = cecore.loss_and_grad(H @ W, labels)
    assert loss == pytest.approx(right, rel=1e-14)
    np.testing.assert_allclose(grad_h, g @ W.T, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(grad_w, H.T @ g, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float16", "float32", "int64"])
def test_the_gradients_have_the_wider_dtype(dtype):
    h = np.ones((2, 4), dtype)
    for w, want in ((W, "float64"), (W.astype("float32"), "float32")):
        expected = "float64" if dtype == "int64" else want
        _, grad_h, grad_w = cecore.linear_cross_entropy(h, w, [0, 1])
        assert grad_h.dtype == grad_w.dtype == expected
    if dtype == "float16":
        _, grad_h, grad_w = cecore.linear_cross_entropy(h, W.astype(dtype), [0, 1])
        assert grad_h.dtype == grad_w.dtype == dtype


def test_it_takes_little_memory(monkeypatch):
    monkeypatch.setattr(linear, "BLOCK", 2**20)
    h, w = RNG.normal(size=(4000, 4)), RNG.normal(size=(4, 1000))  # their logits: 32 MB
    tracemalloc.start()
    cecore.linear_cross_entropy(h, w, np.zeros(4000, int))
    assert tracemalloc.get_traced_memory()[1] < 4e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("h", "w", "k", "words"),
    [
        (H[0], W, K, r"hidden must be a matrix; got shape \(4,\)"),
        (H, W[0], K, "weights must be a matrix"),
        (H, W.T, K, r"hidden and weights must have the shapes \(N, d\) and \(d, n\)"),
        (H[:0], W, K[:0], "none 0"),
        (H, W, K + 1, "labels"),
        (H, W, K[1:], r"labels must be class indices of shape \(50,\)"),
        (np.full((50, 4), 1e300), 1e300 * abs(W), K, "NaN|inf"),
    ],
)
def test_what_does_not_fit_is_refused(h, w, k, words):
    with pytest.raises(ValueError, match=words):
        cecore.linear_cross_entropy(h, w, k)


def test_complex_numbers_are_refused():
    with pytest.raises(TypeError, match="hidden must hold real numbers"):
        cecore.linear_cross_entropy(H * 1j, W, K)


# Parts as other programs keep them


def test_parts_are_merged_by_their_maxima_and_sums():
    z = RNG.normal(size=(3, 10)) * 50
    shares = np.split(z, [2, 3, 7], axis=1)
    maxima = np.array([x.max(1) for x in shares])
    sums = np.array([np.exp(x - x.max(1, keepdims=True)).sum(1) for x in shares])
    np.testing.assert_allclose(merged(maxima, sums), cecore.logsumexp(z), rtol=1e-14)
    own = np.array([LogSumExp.of(x).logsumexp() for x in shares])
    np.testing.assert_allclose(merged(own, np.ones_like(own)), cecore.logsumexp(z), rtol=1e-14)
    assert merged([-np.inf, -np.inf], [0, 0]) == -np.inf
    assert merged([-np.inf, 1000.0], [0, 1]) == 1000
    assert merged(np.float32([0, 0]), np.float32([1, 1])).dtype == np.float32
    with pytest.raises(ValueError, match="maxima and sums must have one shape"):
        merged([1.0, 2.0], [1.0])
