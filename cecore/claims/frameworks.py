"""Functions of other frameworks' arrays, made to take and return NumPy's.

A framework is one entry of the table. Nothing is imported before it is named.
"""

import importlib
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from cecore.claims.model import FUNCTIONS, Array, Function, NotSupportedError

Make = Callable[[str | None], "Framework"]
FRAMEWORKS: dict[str, Make] = {}
# Options of losses, and what parameters are called that take them.
PARAMETERS = {"weights": "weight", "ignore_index": "ignore_index", "label_smoothing": ""}
ADAPTER = (
    "for another one, give functions of NumPy arrays, as in "
    "verify(softmax=lambda z, axis=-1: np.asarray(theirs(their_array(z), axis)))"
)


@dataclass(frozen=True)
class Framework:
    """How to reach a framework."""

    name: str
    array: Callable[[Array], Any]  # of NumPy's
    vjp: Callable[[Function, Any, Callable[[Any], Any]], Any]  # of f at x, with u(f(x))
    numpy: Callable[[Any], Array] = np.asarray
    jvp: Callable[[Function, Any, Any], Any] | None = None
    axis: str = "axis"  # what functions call it
    around: Callable[[], AbstractContextManager[Any]] = nullcontext  # in which all of it is done
    layout: str = "any"  # of losses that have no parameter for an axis


def _framework(make: Make) -> Make:
    FRAMEWORKS[make.__name__.removeprefix("_")] = make
    return make


def framework(name: str, device: str | None = None) -> Framework:
    """Import a framework; its arrays will be on ``device``, by default the processor."""
    if name not in FRAMEWORKS:
        raise ValueError(
            f"framework must be one of {', '.join(FRAMEWORKS)}; got {name!r} ({ADAPTER})"
        )
    return FRAMEWORKS[name](device)


@_framework
def _torch(device: str | None) -> Framework:
    torch = importlib.import_module("torch")

    def array(x: Array) -> Any:
        x = np.array(x, order="C")  # tensors have no negative strides
        half = x.dtype.name == "bfloat16"
        tensor = torch.from_numpy(x.view(np.int16) if half else x).to(device or "cpu")
        return tensor.view(torch.bfloat16) if half else tensor

    def numpy(tensor: Any) -> Array:
        tensor = tensor.detach().cpu()
        if tensor.dtype != torch.bfloat16:
            return tensor.numpy()
        return tensor.view(torch.int16).numpy().view(importlib.import_module("ml_dtypes").bfloat16)

    def vjp(f: Function, x: Any, u: Callable[[Any], Any]) -> Any:
        leaf = x.detach().requires_grad_()
        result = f(leaf)
        result.backward(u(result))
        return leaf.grad

    def jvp(f: Function, x: Any, v: Any) -> Any:
        return torch.func.jvp(f, (x,), (v,))[1]

    name = f"PyTorch {torch.__version__}"
    return Framework(name, array, vjp, numpy, jvp, axis="dim", layout="2d")


@_framework
def _jax(device: str | None) -> Framework:
    jax = importlib.import_module("jax")
    here = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")
    place = jax.devices(device)[0] if device else None

    def vjp(f: Function, x: Any, u: Callable[[Any], Any]) -> Any:
        result, pull = jax.vjp(f, x)
        return pull(u(result))[0]

    return Framework(
        f"JAX {jax.__version__}",
        lambda x: jax.device_put(jax.numpy.asarray(x), place),
        vjp,
        jvp=lambda f, x, v: jax.jvp(f, (x,), (v,))[1],
        around=lambda: here.enable_x64(True),  # float64 as such, and only here
    )


@_framework
def _tensorflow(device: str | None) -> Framework:
    tf = importlib.import_module("tensorflow")

    def vjp(f: Function, x: Any, u: Callable[[Any], Any]) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            result = f(x)
        return tape.gradient(result, x, output_gradients=u(result))

    def jvp(f: Function, x: Any, v: Any) -> Any:
        with tf.autodiff.ForwardAccumulator(x, v) as forward:
            result = f(x)
        return forward.jvp(result)

    return Framework(
        f"TensorFlow {tf.__version__}",
        tf.constant,
        vjp,
        lambda x: np.asarray(x.numpy()),
        jvp=jvp,
        around=lambda: tf.device(device or "cpu"),
    )


@_framework
def _mlx(device: str | None) -> Framework:
    mx = importlib.import_module("mlx.core")
    half = mx.bfloat16

    def array(x: Array) -> Any:
        if x.dtype.name == "bfloat16":
            return mx.array(x.astype(np.float32)).astype(half)
        return mx.array(np.asarray(x, order="C"), dtype=getattr(mx, x.dtype.name))

    def numpy(x: Any) -> Array:
        if x.dtype != half:
            return np.array(x)
        bfloat16 = importlib.import_module("ml_dtypes").bfloat16
        return np.array(x.astype(mx.float32)).astype(bfloat16)

    def vjp(f: Function, x: Any, u: Callable[[Any], Any]) -> Any:
        return mx.vjp(f, [x], [u(f(x))])[1][0]

    return Framework(
        f"MLX {importlib.import_module('importlib.metadata').version('mlx')}",
        array,
        vjp,
        numpy,
        jvp=lambda f, x, v: mx.jvp(f, [x], [v])[1][0],
        around=lambda: mx.stream(getattr(mx, device or "cpu")),  # float64 is on the processor only
    )


@_framework
def _tinygrad(device: str | None) -> Framework:
    tinygrad = importlib.import_module("tinygrad")

    def array(x: Array) -> Any:
        if x.dtype.name == "bfloat16":
            raise NotSupportedError("tinygrad makes no bfloat16 of NumPy's")
        return tinygrad.Tensor(np.asarray(x, order="C"), device=device)

    def vjp(f: Function, x: Any, u: Callable[[Any], Any]) -> Any:
        result = f(x)
        return (result * u(result)).sum().gradient(x)[0]

    name = f"tinygrad {importlib.import_module('importlib.metadata').version('tinygrad')}"
    return Framework(name, array, vjp, lambda x: x.numpy())


# From functions of a framework to an implementation


class Adapted:
    """A function of a framework, which takes NumPy arrays and returns them."""

    def __init__(self, function: Function, role: str, via: Framework, **options: Any) -> None:
        self.function, self.via, self.options = function, via, options
        try:
            self.parameters = {*inspect.signature(function).parameters}
        except (TypeError, ValueError):  # some functions written in C do not say
            self.parameters = {via.axis} if FUNCTIONS[role].along_axis and role != "loss" else set()
        names = [name for name in ("axis", "dim") if name in self.parameters]
        self.axis_name = names[0] if names else ""

    def bound(self, x: Array, *more: Array, axis: int | None, **options: Any) -> Function:
        """Return the function of its first argument, such as x, in the framework's arrays."""
        named = {k: v for k, v in (self.options | options).items() if k in self.parameters}
        if isinstance(named.get("weight"), np.ndarray):
            named["weight"] = self.via.array(named["weight"].astype(x.dtype))
        if axis is not None:
            if not self.axis_name and axis != -1:
                raise NotSupportedError("has no parameter axis")
            if self.axis_name:
                named[self.axis_name] = axis
        others = [self.via.array(a) if isinstance(a, np.ndarray) else a for a in more]
        if {"logits", "labels"} <= self.parameters and others:
            return lambda x: self.function(logits=x, labels=others[0], **named)
        return lambda x: self.function(x, *others, **named)

    def __call__(self, x: Array, *more: Array, axis: int | None = -1, **options: Any) -> Array:
        """Call it."""
        with self.via.around():
            f = self.bound(x, *more, axis=axis, **options)
            return self.via.numpy(f(self.via.array(x)))

    def vjp(self, x: Array, u: Any, *more: Array, axis: int | None = -1, **options: Any) -> Array:
        """Return the gradient of ``sum(u f(x))``; u None is 1."""
        with self.via.around():
            f = self.bound(x, *more, axis=axis, **options)

            def weights(result: Any) -> Any:
                like = self.via.numpy(result)
                return self.via.array((np.ones(like.shape) if u is None else u).astype(like.dtype))

            return self.via.numpy(self.via.vjp(f, self.via.array(x), weights))

    def jvp(self, x: Array, v: Array) -> Array:
        """Return the derivative in a direction."""
        assert self.via.jvp
        with self.via.around():
            f = self.bound(x, axis=-1)
            return self.via.numpy(self.via.jvp(f, self.via.array(x), self.via.array(v)))


def adapt(functions: dict[str, Any], via: Framework, declared: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an implementation: these functions, and what can be derived of them."""
    if "parts" in functions:
        raise ValueError("parts is no function of a framework's arrays: give one of NumPy's")
    options: dict[str, Any] = {
        parameter or option: np.array(declared[option]) if option == "weights" else declared[option]
        for option, parameter in PARAMETERS.items()
        if declared.get(option) is not None
    }
    adapted = {name: Adapted(f, name, via, **options) for name, f in functions.items()}
    found: dict[str, Any] = {name: _plain(f) for name, f in adapted.items()}
    derived: dict[str, Any] = {}
    if loss := adapted.get("loss"):
        found["loss"], derived = _of_loss(loss, declared)
        if not loss.axis_name:
            found.setdefault("layout", via.layout)
        if "ignore_index" in loss.parameters:
            default = inspect.signature(loss.function).parameters["ignore_index"].default
            found.setdefault("ignore_index", default)
    elif log_softmax := adapted.get("log_softmax"):
        derived = _of_log_softmax(log_softmax)
    if logsumexp := adapted.get("logsumexp"):
        derived["softmax"] = _with_axis(
            logsumexp, lambda z, axis: logsumexp.vjp(z, None, axis=axis)
        )
    if softmax := adapted.get("softmax"):
        derived["softmax_vjp"] = lambda z, u: softmax.vjp(z, u)
        if via.jvp:
            derived["softmax_jvp"] = softmax.jvp
    derived = {name: f for name, f in derived.items() if name not in functions}
    words = f" (by autograd: {', '.join(derived)})" if derived else ""
    return {"name": f"your functions of {via.name}{words}", **found, **derived, **declared}


def _with_axis(f: Adapted, function: Function) -> Function:
    """Give a function a parameter ``axis`` if the other one has one."""
    if f.axis_name:
        return lambda *args, axis=-1: function(*args, axis)
    return lambda *args: function(*args, -1)


def _plain(f: Adapted) -> Function:
    return _with_axis(f, lambda *args: f(*args[:-1], axis=args[-1]))


def _of_loss(loss: Adapted, declared: dict[str, Any]) -> tuple[Function, dict[str, Function]]:
    """Return the loss, its gradient, and both for the mean."""
    reduction = declared.get("reduction", "none")

    def value(z: Array, labels: Array, axis: int) -> Array:
        return loss(z, labels, axis=axis, reduction=reduction)

    def grad(z: Array, labels: Array, axis: int) -> Array:
        return loss.vjp(z, None, labels, axis=axis, reduction=reduction)

    def both(z: Array, labels: Array) -> tuple[Array, Array]:
        own = "reduction" in loss.parameters
        of: dict[str, Any] = {}
        if own:
            of["reduction"] = "sum" if reduction == "sum" else "mean"
        losses = loss(z, labels, **of)
        u = None if own or not np.ndim(losses) else np.full(losses.shape, 1 / losses.size)
        return losses.mean(dtype=np.float64), loss.vjp(z, u, labels, **of)

    derived = {"grad": _with_axis(loss, grad), "loss_and_grad": both}
    return _with_axis(loss, value), derived


def _of_log_softmax(log_softmax: Adapted) -> dict[str, Function]:
    """Return the loss, the logarithms at the labels, and its gradient."""

    def labels_of(z: Array, labels: Array, axis: int) -> Array:
        if np.ndim(labels) == z.ndim:
            return labels
        if ((labels < 0) | (labels >= z.shape[axis])).any():
            raise ValueError("no class")
        y = np.zeros_like(z)
        np.put_along_axis(y, np.expand_dims(labels, axis), 1, axis)
        return y

    def loss(z: Array, labels: Array, axis: int) -> Array:
        y = labels_of(z, labels, axis)
        log_s = log_softmax(z, axis=axis)
        zero = np.zeros((), log_s.dtype)
        return (y * -np.where(y > 0, log_s, zero)).sum(axis, dtype=log_s.dtype)

    def grad(z: Array, labels: Array, axis: int) -> Array:
        return log_softmax.vjp(z, -labels_of(z, labels, axis), axis=axis)

    return {"loss": _with_axis(log_softmax, loss), "grad": _with_axis(log_softmax, grad)}
