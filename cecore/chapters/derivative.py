"""Chapter "The derivative of softmax": two cases, one matrix.

``J[i, j] = ds_i / dz_j``: i is the output, j the input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cecore._engine import Array, check_direction, check_logits, narrowed, quiet, sums_along
from cecore.chapters.softmax import softmax


@quiet
def softmax_jacobian(z: ArrayLike) -> Array:
    """Every partial derivative of softmax at once: ``J = diag(s) - s s^T`` (S7, S10, S16).

    Near certainty ``1 - s_i`` would cancel to 0. It is the sum of the other probabilities, so the
    diagonal is computed as minus the sum of the rest of its row. Each entry is a product of two
    such numbers, and within 12 ulps of the exact one. Errors are those of `softmax`.

    Parameters
    ----------
    z : array_like of real numbers, shape (..., n)
        Logits, as for `softmax`; the classes are on the last axis.

    Returns
    -------
    ndarray, shape (..., n, n)
        ``J[..., i, j] = ds_i/dz_j``, which is ``s_i (1 - s_i)`` if i = j and ``-s_i s_j`` if not.
        Symmetric, rows sum to 0; row and column of a masked class are 0. Dtype as for `softmax`.

    Examples
    --------
    >>> softmax_jacobian([2.0, 1.0, 0.1]).round(4)
    array([[ 0.2247, -0.1598, -0.065 ],
           [-0.1598,  0.1837, -0.0239],
           [-0.065 , -0.0239,  0.0889]])
    """
    z, dtype = check_logits(z)
    s = softmax(z)
    J = 0 - s[..., :, None] * s[..., None, :]  # i != j
    i = np.arange(s.shape[-1])
    J[..., i, i] = 0
    J[..., i, i] = 0 - sums_along(J, -1)  # i = j
    return narrowed(J, dtype)


@quiet
def softmax_jvp(z: ArrayLike, v: ArrayLike) -> Array:
    """How s moves when z moves along v: ``J v = s * (v - <s, v>)``, without forming J.

    A constant direction moves nothing (``J 1 = 0``, B6), so the largest logit's entry is first
    taken off v: what is left does not cancel near certainty.

    Parameters
    ----------
    z, v : array_like of real numbers, shape (..., n)
        Logits as for `softmax`, and the direction: finite, and at most half the largest float of
        its dtype (of float32 for float16).

    Returns
    -------
    ndarray, shape (..., n)
        ``sum_j J[..., i, j] v_j`` in the dtype that z and v promote to, with O(n) work and memory.

    Raises
    ------
    ValueError, TypeError
        On the logits that `softmax` refuses; if v is not real, not of z's shape, or too large.

    Examples
    --------
    >>> softmax_jvp([2.0, 1.0, 0.1], [1.0, 0.0, 0.0]).round(4)
    array([ 0.2247, -0.1598, -0.065 ])
    """
    z, v, dtype = check_direction(z, v, "v")
    return narrowed(_product(z, v), dtype)


@quiet
def softmax_vjp(z: ArrayLike, u: ArrayLike) -> Array:
    """Carry a gradient back through softmax: ``u^T J``, which is what backpropagation needs.

    If ``u_i = dL/ds_i``, the result is ``dL/dz_j = sum_i u_i ds_i/dz_j``, the chain rule (S13). As
    J is symmetric, it is the same product as `softmax_jvp`, with its shapes, dtypes and errors.

    Examples
    --------
    >>> u = [-1 / 0.659001138885968, 0, 0]  # dL/ds for L = -ln s_0: only s_0 counts
    >>> softmax_vjp([2.0, 1.0, 0.1], u).round(4)
    array([-0.341 ,  0.2424,  0.0986])
    """
    z, u, dtype = check_direction(z, u, "u")
    return narrowed(_product(z, u), dtype)


def _product(z: Array, v: Array) -> Array:
    s = softmax(z)
    v = v - np.take_along_axis(v, z.argmax(-1, keepdims=True), -1)
    return s * (v - sums_along(s * v, -1, keepdims=True))
