"""The libraries, each used as well as its interface allows.

Every contender gets the logits and labels in its own type of array before the clock starts, and
may write each result to the place of the last one if its interface offers that (`reuse`).
"""

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Calls = dict[str, Callable[[], Any]]  # by operation
Prepare = Callable[[np.ndarray, np.ndarray, bool], Calls]


@dataclass(frozen=True)
class Contender:
    """A library with a number of threads."""

    name: str
    title: str
    threads: int  # at most; how many were busy is measured
    usage: str
    prepare: Prepare
    enter: Callable[[], None] = lambda: None  # sets the number of threads, where that is global


# How most people write it with NumPy.


def softmax(z):
    """Probabilities, with the largest logit subtracted."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def log_softmax(z):
    """Log-probabilities, likewise."""
    d = z - z.max(axis=1, keepdims=True)
    return d - np.log(np.exp(d).sum(axis=1, keepdims=True))


def loss(z, labels):
    """Mean loss."""
    return -log_softmax(z)[np.arange(len(z)), labels].mean()


def loss_and_grad(z, labels):
    """Mean loss and its gradient."""
    rows = np.arange(len(z))
    d = z - z.max(axis=1, keepdims=True)
    e = np.exp(d)
    total = e.sum(axis=1, keepdims=True)
    mean_loss = (np.log(total[:, 0]) - d[rows, labels]).mean()
    grad = e / total
    grad[rows, labels] -= 1
    grad /= len(z)
    return mean_loss, grad


def textbook(threads: int) -> Contender:
    """Return the functions above."""

    def prepare(z, labels, reuse):
        return {
            "loss_and_grad": partial(loss_and_grad, z, labels),
            "loss": partial(loss, z, labels),
            "softmax": partial(softmax, z),
            "log_softmax": partial(log_softmax, z),
        }

    return Contender("textbook", "textbook NumPy", threads, "the formulas, shifted", prepare)


def scipy(threads: int) -> Contender:
    """Return SciPy, with the loss and the gradient put together from its log_softmax."""
    special = importlib.import_module("scipy.special")

    def mean_loss(z, labels):  # logsumexp would be slower
        return -special.log_softmax(z, axis=1)[np.arange(len(z)), labels].mean()

    def both(z, labels):
        rows = np.arange(len(z))
        log_s = special.log_softmax(z, axis=1)
        grad = np.exp(log_s)
        grad[rows, labels] -= 1
        grad /= len(z)
        return -log_s[rows, labels].mean(), grad

    def prepare(z, labels, reuse):
        return {
            "loss_and_grad": partial(both, z, labels),
            "loss": partial(mean_loss, z, labels),
            "softmax": partial(special.softmax, z, axis=1),
            "log_softmax": partial(special.log_softmax, z, axis=1),
        }

    return Contender("scipy", "SciPy", threads, "loss and gradient from log_softmax", prepare)


def sklearn(threads: int) -> Contender:
    """Return scikit-learn's HalfMultinomialLoss, whose weights make the sum a mean."""
    multinomial = importlib.import_module("sklearn._loss").HalfMultinomialLoss

    def prepare(z, labels, reuse):
        n, classes = z.shape
        half = multinomial(n_classes=classes)
        y, weights = labels.astype(z.dtype), np.full(n, 1 / n, z.dtype)
        losses, grad = (np.empty(n, z.dtype), np.empty_like(z)) if reuse else (None, None)

        def both():
            each, g = half.loss_gradient(y, z, weights, losses, grad, threads)
            return each.sum(), g

        return {
            "loss_and_grad": both,
            "loss": lambda: half.loss(y, z, weights, losses, threads).sum(),
        }

    usage = "HalfMultinomialLoss with n_threads, outputs preallocated, weights 1/n for the mean"
    return Contender(f"sklearn-{threads}", "scikit-learn", threads, usage, prepare)


def torch(threads: int) -> Contender:
    """Return PyTorch without compilation: F.cross_entropy and autograd."""
    lib = importlib.import_module("torch")
    cross_entropy = lib.nn.functional.cross_entropy

    def prepare(z, labels, reuse):
        y = lib.from_numpy(labels)
        constant = lib.from_numpy(z).clone()  # into memory aligned as PyTorch likes it
        leaf = constant.clone().requires_grad_()
        out = lib.empty_like(constant) if reuse else None

        def both():
            leaf.grad = None
            mean = cross_entropy(leaf, y)
            mean.backward()
            return mean.item(), leaf.grad

        return {
            "loss_and_grad": both,
            "loss": lambda: cross_entropy(constant, y).item(),
            "softmax": lambda: lib.softmax(constant, 1, out=out),
            "log_softmax": lambda: lib.log_softmax(constant, 1, out=out),
        }

    usage = "set_num_threads, cross_entropy and backward with grad = None; out= for the others"
    enter = partial(lib.set_num_threads, threads)
    return Contender(f"torch-{threads}", "PyTorch", threads, usage, prepare, enter)


def jax(threads: int) -> Contender:
    """Return JAX, compiled; it has as many threads as the process has processors."""
    lib = importlib.import_module("jax")
    lib.config.update("jax_enable_x64", True)
    # Otherwise each call is handed to another thread, which costs four times a small case's work.
    lib.config.update("jax_cpu_enable_async_dispatch", False)
    nn, jnp = lib.nn, lib.numpy

    def mean_loss(z, y):  # as Optax writes it; with log_softmax it would be slower
        return (nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]).mean()

    functions = {
        "loss_and_grad": lib.value_and_grad(mean_loss),
        "softmax": lambda z, y: nn.softmax(z),
        "log_softmax": lambda z, y: nn.log_softmax(z),
    }

    def prepare(z, labels, reuse):
        args = lib.device_put(z), lib.device_put(labels.astype(np.int32))

        def into_the_last(function):
            """Donate the last result's memory: JAX's way to write to the same place again."""
            compiled = lib.jit(lambda old, z, y: function(z, y), donate_argnums=0, keep_unused=True)
            last = [lib.block_until_ready(compiled(jnp.empty_like(args[0]), *args))]

            def call():
                result = last.pop()
                old = result[1] if isinstance(result, tuple) else result
                last.append(lib.block_until_ready(compiled(old, *args)))
                return last[0]

            return call

        def fresh(function):
            compiled = lib.jit(function)
            if not reuse:  # where memory is measured, the compiler's shall not count
                compiled = compiled.lower(*args).compile()
            return lambda: lib.block_until_ready(compiled(*args))

        wrap = into_the_last if reuse else fresh
        return {name: wrap(f) for name, f in functions.items()} | {"loss": fresh(mean_loss)}

    usage = "jit of value_and_grad, the last result's memory donated, no asynchronous dispatch"
    return Contender("jax", "JAX", threads, usage, prepare)


def cecore(threads: int) -> Contender:
    """Return cecore with one worker, or as it is by default."""
    lib = importlib.import_module("cecore")

    def prepare(z, labels, reuse):
        out = np.empty_like(z) if reuse else None
        workers = 1 if threads == 1 else None
        calls: Calls = {
            "loss_and_grad": partial(lib.loss_and_grad, z, labels, out=out, workers=workers)
        }
        if threads == 1:  # the others have no threads
            calls["loss"] = lambda: lib.softmax_cross_entropy(z, labels).mean()
            calls["softmax"] = partial(lib.softmax, z)
            calls["log_softmax"] = partial(lib.log_softmax, z)
        return calls

    usage = "out preallocated; workers=1, or as many as it chooses"
    return Contender(f"cecore-{threads}", "cecore", threads, usage, prepare)


CONTENDERS: dict[str, tuple[Callable[[int], Contender], int]] = {
    "textbook": (textbook, 1),
    "scipy": (scipy, 1),
    "sklearn-1": (sklearn, 1),
    "sklearn-2": (sklearn, 2),
    "torch-1": (torch, 1),
    "torch-2": (torch, 2),
    "jax": (jax, 2),
    "cecore-1": (cecore, 1),
    "cecore-2": (cecore, 2),
}


def load(name: str) -> Contender:
    """Import a library and return it as a contender."""
    make, threads = CONTENDERS[name]
    return make(threads)


def versions() -> dict[str, str]:
    """Return the version of each library that is installed."""
    found = {"cecore": importlib.import_module("cecore").__version__}
    for name in ("numpy", "scipy", "scikit-learn", "torch", "jax", "jaxlib"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
