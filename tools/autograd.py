"""The gradients of the tiny network in the chapter Training, by PyTorch's autograd.

    python -m tools.autograd

stores them for the chapter; `make libraries` calls it.
"""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).resolve().parent.parent / "book" / "data" / "autograd.json"


def waves(*shape):
    """Return the numbers that the chapter takes for pixels and weights."""
    return np.cos(np.arange(np.prod(shape)) ** 2).reshape(shape)


def gradients():
    """Return the gradients of the mean loss by U, b, W and c."""
    import torch

    shapes = {"U": (4, 6), "b": (6,), "W": (6, 3), "c": (3,)}
    w = {name: torch.tensor(waves(*shape), requires_grad=True) for name, shape in shapes.items()}
    logits = torch.tanh(torch.tensor(waves(5, 4)) @ w["U"] + w["b"]) @ w["W"] + w["c"]
    torch.nn.functional.cross_entropy(logits, torch.tensor([2, 0, 1, 1, 2])).backward()
    return {name: weight.grad.tolist() for name, weight in w.items()}


if __name__ == "__main__":
    from importlib.metadata import version

    library = f"PyTorch {version('torch').partition('+')[0]}"
    stored = {"library": library, "gradients": gradients()}
    FILE.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
