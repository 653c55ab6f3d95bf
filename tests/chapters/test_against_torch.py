"""The same numbers as PyTorch, wherever it is installed; its derivatives come from autograd."""

import json

import numpy as np
import pytest

from cecore import (
    kl_divergence,
    log_softmax,
    logsumexp,
    softmax,
    softmax_cross_entropy,
    softmax_cross_entropy_grad,
    softmax_jacobian,
    softmax_jvp,
    softmax_vjp,
)
from tools import autograd

torch = pytest.importorskip("torch")
F = torch.nn.functional

RNG = np.random.default_rng(0)
EXAMPLES, CLASSES = 5, 7
LABELS = RNG.integers(CLASSES, size=(EXAMPLES, 3))
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def same(ours, theirs, dtype):
    """Each side rounds a dozen times, of numbers up to 10 in size."""
    eps = np.finfo(dtype).eps
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=50 * eps, atol=50 * eps)


def logits(dtype, *shape):
    return np.random.default_rng(1).normal(size=shape, scale=3).astype(dtype)


def distributions(dtype):
    """With the classes on axis 1, which is where PyTorch wants them."""
    y = np.random.default_rng(2).dirichlet(np.ones(CLASSES), (EXAMPLES, 3))
    return np.moveaxis(y, -1, 1).astype(dtype)


@each_dtype
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_values(dtype, axis):
    z = logits(dtype, 4, 5, 6)
    t = torch.tensor(z)
    same(softmax(z, axis=axis), torch.softmax(t, axis), dtype)
    same(log_softmax(z, axis=axis), torch.log_softmax(t, axis), dtype)
    same(logsumexp(z, axis=axis), torch.logsumexp(t, axis), dtype)


@each_dtype
def test_the_jacobian_and_its_products(dtype):
    z, v = logits(dtype, 2, CLASSES)
    t, tv = torch.tensor(z), torch.tensor(v)

    def f(x):
        return torch.softmax(x, 0)

    same(softmax_jacobian(z), torch.autograd.functional.jacobian(f, t), dtype)
    same(softmax_jvp(z, v), torch.autograd.functional.jvp(f, t, tv)[1], dtype)
    same(softmax_vjp(z, v), torch.autograd.functional.vjp(f, t, tv)[1], dtype)


@each_dtype
@pytest.mark.parametrize("kind", ["indices", "distributions"])
def test_the_loss_and_its_gradient(dtype, kind):
    z = logits(dtype, EXAMPLES, CLASSES, 3)
    y = LABELS if kind == "indices" else distributions(dtype)
    t = torch.tensor(z, requires_grad=True)
    loss = F.cross_entropy(t, torch.tensor(y), reduction="none")
    loss.sum().backward()
    same(softmax_cross_entropy(z, y, axis=1), loss, dtype)
    same(softmax_cross_entropy_grad(z, y, axis=1), t.grad, dtype)


@each_dtype
def test_the_mean_loss_and_its_gradient(dtype):
    z, k = logits(dtype, EXAMPLES, CLASSES), LABELS[:, 0]
    t = torch.tensor(z, requires_grad=True)
    loss = F.cross_entropy(t, torch.tensor(k))
    loss.backward()
    same(softmax_cross_entropy(z, k).mean(), loss, dtype)
    same(softmax_cross_entropy_grad(z, k) / EXAMPLES, t.grad, dtype)


@each_dtype
def test_masked_classes(dtype):
    z, k = logits(dtype, EXAMPLES, CLASSES), LABELS[:, 0] % 3
    z[:, 3:5] = -np.inf
    t = torch.tensor(z, requires_grad=True)
    loss = F.cross_entropy(t, torch.tensor(k), reduction="none")
    loss.sum().backward()
    same(softmax_cross_entropy(z, k), loss, dtype)
    same(softmax_cross_entropy_grad(z, k), t.grad, dtype)


def test_kl_divergence():
    p, q = distributions(np.float64)[:2]
    theirs = F.kl_div(torch.tensor(q).log(), torch.tensor(p), reduction="none").sum(0)
    same(kl_divergence(p, q, axis=0), theirs, np.float64)


def test_the_stored_gradients_are_what_autograd_finds():
    stored = json.loads(autograd.FILE.read_text("utf-8"))["gradients"]
    for name, gradient in autograd.gradients().items():
        np.testing.assert_allclose(stored[name], gradient, rtol=0, atol=1e-15)
