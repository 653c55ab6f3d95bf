"""Other libraries, each made to look like cecore, so that the claims can be checked on them.

Each is one function, which has its name and imports it; nothing is imported before it is asked for.
"""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from cecore.claims.model import Array, Function, Implementation, NotSupportedError

Library = Callable[[], Implementation]

LIBRARIES: dict[str, Library] = {}


def _library(make: Library) -> Library:
    LIBRARIES[make.__name__.removeprefix("_")] = make
    return make


@_library
def _numpy() -> Implementation:
    """Return the formulas as one would first write them."""

    def naive(z: Array, axis: int = -1) -> Array:
        e = np.exp(z)
        return e / e.sum(axis, keepdims=True)

    def loss(z: Array, labels: Array, axis: int = -1) -> Array:
        return (-np.log(naive(z, axis)) * _one_hot(z, labels, axis)).sum(axis)

    def jacobian(z: Array) -> Array:
        s = naive(z)
        return s[..., None] * np.eye(z.shape[-1], dtype=z.dtype) - s[..., None] * s[..., None, :]

    return Implementation(
        name=f"NumPy {np.__version__}, written naively",
        softmax=naive,
        log_softmax=lambda z, axis=-1: np.log(naive(z, axis)),
        logsumexp=lambda z, axis=-1: np.log(np.exp(z).sum(axis)),
        softmax_jacobian=jacobian,
        softmax_jvp=lambda z, v: (jacobian(z) @ v[..., None])[..., 0],
        softmax_vjp=lambda z, u: (u[..., None, :] @ jacobian(z))[..., 0, :],
        cross_entropy=lambda p, q, axis=-1: -(p * np.log(q)).sum(axis),
        entropy=lambda p, axis=-1: -(p * np.log(p)).sum(axis),
        kl_divergence=lambda p, q, axis=-1: (p * np.log(p / q)).sum(axis),
        one_hot=lambda labels, n: np.eye(n)[labels],
        loss=loss,
        grad=lambda z, labels, axis=-1: naive(z, axis) - _one_hot(z, labels, axis),
        loss_and_grad=lambda z, labels: (
            loss(z, labels).mean(),
            (naive(z) - _one_hot(z, labels, -1)) / len(z),
        ),
    )


def _one_hot(z: Array, labels: Array, axis: int) -> Array:
    """Return labels as distributions in the shape and dtype of ``z``."""
    if np.shape(labels) == z.shape:
        return labels
    y = np.zeros_like(z)
    np.put_along_axis(y, np.expand_dims(labels, axis), 1, axis)
    return y


@_library
def _scipy() -> Implementation:
    special = importlib.import_module("scipy.special")
    return Implementation(
        name=f"SciPy {importlib.import_module('scipy').__version__}",
        softmax=special.softmax,
        log_softmax=special.log_softmax,
        logsumexp=special.logsumexp,
        entropy=lambda p, axis=-1: special.entr(p).sum(axis),
        kl_divergence=lambda p, q, axis=-1: special.rel_entr(p, q).sum(axis),
    )


@_library
def _torch() -> Implementation:
    torch = importlib.import_module("torch")
    F = torch.nn.functional

    def to(x: Array, **named: Any) -> Any:
        return torch.tensor(np.array(x, order="C"), **named)  # tensors have no negative strides

    def of(function: Function) -> Function:
        return lambda z, axis=-1: function(to(z), dim=axis).numpy()

    def losses(z: Any, labels: Array, axis: int) -> Any:
        n = z.shape[axis]
        rows = z.movedim(axis, -1).reshape(-1, n)
        if np.ndim(labels) < z.ndim:
            flat = to(labels).reshape(-1)
        else:
            flat = to(labels).movedim(axis, -1).reshape(-1, n)
        return F.cross_entropy(rows, flat, reduction="none")

    def loss(z: Array, labels: Array, axis: int = -1) -> Array:
        return losses(to(z), labels, axis).numpy().reshape(np.delete(z.shape, axis))

    def grad(z: Array, labels: Array, axis: int = -1) -> Array:
        leaf = to(z, requires_grad=True)
        losses(leaf, labels, axis).sum().backward()
        return leaf.grad.numpy()

    def loss_and_grad(z: Array, labels: Array) -> tuple[float, Array]:
        leaf = to(z, requires_grad=True)
        mean = F.cross_entropy(leaf, to(labels))
        mean.backward()
        return mean.item(), leaf.grad.numpy()

    last = lambda z: torch.softmax(z, dim=-1)  # noqa: E731

    def jacobian(z: Array) -> Array:
        rows = to(z).reshape(-1, z.shape[-1])
        return torch.func.vmap(torch.func.jacrev(last))(rows).numpy().reshape(*z.shape, z.shape[-1])

    return Implementation(
        name=f"PyTorch {torch.__version__}",
        softmax=of(torch.softmax),
        log_softmax=of(torch.log_softmax),
        logsumexp=of(torch.logsumexp),
        softmax_jacobian=jacobian,
        softmax_jvp=lambda z, v: torch.func.jvp(last, (to(z),), (to(v),))[1].numpy(),
        softmax_vjp=lambda z, u: torch.func.vjp(last, to(z))[1](to(u))[0].numpy(),
        entropy=lambda p, axis=-1: torch.special.entr(to(p)).sum(axis).numpy(),
        kl_divergence=lambda p, q, axis=-1: (
            F.kl_div(to(q).log(), to(p), reduction="none").sum(axis).numpy()
        ),
        one_hot=lambda labels, n: F.one_hot(to(labels), n).numpy(),
        loss=loss,
        grad=grad,
        loss_and_grad=loss_and_grad,
    )


@_library
def _jax() -> Implementation:
    jax = importlib.import_module("jax")
    nn, jnp = jax.nn, jax.numpy
    here = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")

    def of(function: Function) -> Function:
        def wrapped(*args: Any, **named: Any) -> Array:
            with here.enable_x64(True):  # float64 as such, and only here
                return np.asarray(function(*map(jnp.asarray, args), **named))

        return wrapped

    def with_axis(function: Function) -> Function:
        inner = of(function)
        return lambda z, axis=-1: inner(z, axis=axis)

    def jacobian(z: Any) -> Any:
        rows = z.reshape(-1, z.shape[-1])
        return jax.vmap(jax.jacrev(nn.softmax))(rows).reshape(*z.shape, z.shape[-1])

    return Implementation(
        name=f"JAX {jax.__version__}",
        softmax=with_axis(nn.softmax),
        log_softmax=with_axis(nn.log_softmax),
        logsumexp=with_axis(nn.logsumexp),
        softmax_jacobian=of(jacobian),
        softmax_jvp=of(lambda z, v: jax.jvp(nn.softmax, (z,), (v,))[1]),
        softmax_vjp=of(lambda z, u: jax.vjp(nn.softmax, z)[1](u)[0]),
        kl_divergence=lambda p, q, axis=-1: of(jax.scipy.special.rel_entr)(p, q).sum(axis),
        entropy=lambda p, axis=-1: of(jax.scipy.special.entr)(p).sum(axis),
        one_hot=lambda labels, n: of(nn.one_hot)(labels, num_classes=n),
    )


@_library
def _sklearn() -> Implementation:
    """Return what LogisticRegression computes with; rows of a matrix, class indices only."""
    softmax_of_rows = importlib.import_module("sklearn.utils.extmath").softmax
    multinomial = importlib.import_module("sklearn._loss.loss").HalfMultinomialLoss

    def in_rows(function: Callable[[Array], Array]) -> Function:
        def wrapped(z: Array, axis: int = -1) -> Array:
            if axis not in (-1, z.ndim - 1):
                raise NotSupportedError("scikit-learn has its classes in columns")
            return function(z.reshape(-1, z.shape[-1])).reshape(z.shape)

        return wrapped

    def half(method: str) -> Function:
        def wrapped(z: Array, labels: Array) -> Array:
            if np.ndim(labels) == z.ndim:
                raise NotSupportedError("scikit-learn's multinomial loss takes class indices only")
            rows = np.ascontiguousarray(z.reshape(-1, z.shape[-1]))
            loss = multinomial(n_classes=z.shape[-1])
            got = getattr(loss, method)(np.ravel(labels).astype(z.dtype), rows)
            return got.reshape(z.shape if method == "gradient" else z.shape[:-1])

        return wrapped

    def loss_and_grad(z: Array, labels: Array) -> tuple[float, Array]:
        losses, grads = multinomial(n_classes=z.shape[-1]).loss_gradient(labels.astype(z.dtype), z)
        return losses.mean(), grads / len(z)

    return Implementation(
        name=f"scikit-learn {importlib.import_module('sklearn').__version__}",
        dtypes=(np.float32, np.float64),  # its loss takes no others, nor a single class
        classes=2,
        softmax=in_rows(softmax_of_rows),
        loss=half("loss"),
        grad=half("gradient"),
        loss_and_grad=loss_and_grad,
    )
