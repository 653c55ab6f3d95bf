"""What the mean loss of a batch and its gradient are, by the chapters' functions."""

import math

import numpy as np
import pytest

from cecore import softmax_cross_entropy, softmax_cross_entropy_grad


def textbook(z, y):
    n = len(z)
    return math.fsum(softmax_cross_entropy(z, y)) / n, softmax_cross_entropy_grad(z, y) / n


def assert_same(got, z, y):
    """Both are within 6 ulps of the exact result, so within twice as many."""
    loss, grad = got
    right, right_grad = textbook(z, y)
    eps = float(np.finfo(grad.dtype).eps)
    assert isinstance(loss, float)
    assert loss == pytest.approx(right, rel=12 * eps, abs=1e-300)
    assert grad.dtype == right_grad.dtype
    scale = abs(right_grad)
    if np.ndim(y) == 2:
        scale = np.maximum(scale, np.asarray(y) / len(z))
    tiny = 2 * float(np.finfo(grad.dtype).smallest_subnormal)
    assert (abs(grad - right_grad) <= 12 * eps * scale + tiny).all()
