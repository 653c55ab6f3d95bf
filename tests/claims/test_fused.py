"""Kernels that fuse, and the ways in which they go wrong."""

import numpy as np
import pytest

import cecore
from cecore.claims import Implementation
from cecore.claims.kit.causes import causes, text
from cecore.claims.kit.examine import examine
from cecore.claims.run import CECORE

linear = cecore.linear_cross_entropy


def formula(h, w, y):
    z = (h.astype(np.float64) @ w.astype(np.float64)).astype(h.dtype)
    if np.min(y) < 0 or np.max(y) >= w.shape[1]:
        raise ValueError("no class")
    loss, g = cecore.loss_and_grad(z, y)
    return loss, g @ w.T, h.T @ g


def test_an_honest_kernel_has_no_fault():
    for f in (linear, formula):
        found = examine(Implementation(linear_cross_entropy=f, merge=CECORE.merge))
        assert not causes(found), text("", found, causes(found))
        assert found.subject.calls > 100


def block_of_64(h, w, y):
    loss, grad_h, grad_w = linear(h, w, y)
    grad_h[len(h) // 64 * 64 :] *= len(h) < 64
    return loss, grad_h, grad_w


def last_block_only(h, w, y):
    loss, grad_h, _ = linear(h, w, y)
    start = max(0, len(h) - 128)
    _, g = cecore.loss_and_grad(h @ w, y)
    return loss, grad_h, h[start:].T @ g[start:]


def summed(h, w, y):
    return tuple(x * len(h) for x in linear(h, w, y))


def swapped(h, w, y):
    loss, grad_h, grad_w = linear(h, w, y)
    return loss, grad_w, grad_h


def clamped(h, w, y):
    return linear(h, w, np.clip(y, 0, w.shape[1] - 1))


@np.errstate(all="ignore")
def unshifted(h, w, y):
    z = h @ w
    e = np.exp(z)
    s = e / e.sum(1, keepdims=True)
    rows = np.arange(len(z))
    loss = -np.log(s[rows, y]).mean()
    s[rows, y] -= 1
    return loss, s @ w.T / len(z), h.T @ s / len(z)


def checked(f):
    def careful(h, w, y):
        if np.min(y) < 0 or np.max(y) >= w.shape[1]:
            raise ValueError("no class")
        return f(h, w, y)

    return careful


@np.errstate(all="ignore")
def from_zero(m, s):
    return np.log((s * np.exp(m)).sum(0))


@np.errstate(all="ignore")
def no_mask(m, s):
    return m.max(0) + np.log((s * np.exp(m - m.max(0))).sum(0))


def first_two(m, s):
    return CECORE.merge(m[:2], s[:2])


def unscaled(m, s):
    return m.max(0) + np.log(s.sum(0))


WRONG = [
    ("linear_cross_entropy", block_of_64, "fused sizes"),
    ("linear_cross_entropy", last_block_only, "fused sizes"),
    ("linear_cross_entropy", summed, "fused values"),
    ("linear_cross_entropy", swapped, "fused values"),
    ("linear_cross_entropy", lambda h, w, y: linear(h, w, y)[0], "fused values"),
    ("linear_cross_entropy", clamped, "fused bad labels"),
    ("linear_cross_entropy", checked(unshifted), "fused large logits"),
    ("merge", from_zero, "parts far apart"),
    ("merge", no_mask, "masked parts"),
    ("merge", first_two, "merged parts"),
    ("merge", unscaled, "merged parts"),
]


@pytest.mark.parametrize(
    ("name", "function", "probe"), WRONG, ids=lambda x: x if isinstance(x, str) else x.__name__
)
def test_what_is_wrong_is_found(name, function, probe):
    found = causes(examine(Implementation(**{name: function}), dtypes=["float32"]))
    assert {cause.probe.name for cause in found} == {probe}
    assert found[0].outcome


def test_the_input_that_shows_it_is_small():
    found = causes(examine(Implementation(merge=from_zero), dtypes=["float64"]))
    assert found[0].call == "merge([[710]], [[1]])"
    found = causes(examine(Implementation(linear_cross_entropy=summed), dtypes=["float64"]))
    assert len(found[0].fault.case.args[0]) == 2  # of one example, the mean is the sum
