"""Declared limits: what an implementation does not take, and says so beforehand."""

from typing import Any

import numpy as np

from cecore.claims.model import FUNCTIONS, LABELLED, Array, Implementation


def beyond(f: Implementation, name: str, args: tuple[Any, ...], axis: int | None = -1) -> str:
    """Say which declared limit a call is beyond; "" if it is within all."""
    if FUNCTIONS[name].takes[0] not in ("z", "batch", "p"):
        return ""
    z = np.asarray(args[0])
    if not f.axis and axis not in (-1, None, z.ndim - 1):
        return "the classes lie on the last axis"
    if f.layout == "2d" and z.ndim != 2:
        return "matrices only"
    if not (f.empty or z.size):
        return "no empty batch"
    if f.labels == "int" and name in LABELLED and np.ndim(args[1]) == z.ndim:
        return "class indices only"
    if f.shapes and z.shape not in f.shapes:
        return f"shapes {_shapes(f)} only"
    if f.ignore_index is not None and name in LABELLED and np.all(args[1] == f.ignore_index):
        return "no example that counts"
    if not z.size and f.reduction == "mean" and name in LABELLED:
        return "no mean of none"
    n = z.shape[-1 if axis is None else axis] if z.ndim else 0
    if name in LABELLED and f.weights is not None and n != len(f.weights):
        return f"{len(f.weights)} weighted classes only"
    return "fewer classes" if z.size and n < f.classes else ""


def declared(f: Implementation) -> list[str]:
    """Return in words what was declared."""
    found = []
    if f.labels == "int":
        found.append("class indices only")
    if f.layout == "2d":
        found.append("matrices only")
    if not f.axis:
        found.append("no other axis")
    if not f.empty:
        found.append("no empty batch")
    if f.classes > 1:
        found.append(f"{f.classes} classes at least")
    if f.shapes:
        found.append(f"shapes {_shapes(f)} only")
    if f.ignore_index is not None:
        found.append(f"label {f.ignore_index} is ignored")
    if f.reduction != "none":
        found.append(f"reduction {f.reduction}")
    if f.weights is not None:
        found.append(f"{len(f.weights)} class weights")
    for option, none in (("label_smoothing", 0), ("temperature", 1), ("z_loss", 0)):
        if getattr(f, option) != none:
            found.append(f"{option.replace('_', ' ')} {getattr(f, option):g}")
    return found


def fit(f: Implementation, name: str, z: Array) -> list[Array]:
    """Repeat logits, or leave some out, so that they have a shape that is declared."""
    if f.shapes and z.ndim == 2:
        return [np.resize(_resized(z, n), (rows, n)) for rows, n in f.shapes]
    if f.weights is not None and name in LABELLED:
        return [_resized(z, len(f.weights))]
    return [z]


def _resized(z: Array, n: int) -> Array:
    """Repeat the classes of each row until there are n."""
    return np.take(z, np.arange(n) % z.shape[-1], -1)


def _shapes(f: Implementation) -> str:
    return ", ".join("x".join(map(str, shape)) for shape in f.shapes)
