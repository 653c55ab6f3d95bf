"""What is checked, against what, and what was found: implementations, claims and evidence."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from cecore.claims.dtypes import FLOATS, float_types

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[..., Any]


class NotSupportedError(Exception):
    """Raised by an adapter for what its library does not offer: not applicable, not wrong."""


class StopError(Exception):
    """The function raised, or returned what is no result at all."""


@dataclass(frozen=True)
class Kind:
    """What a function takes, and the shape of what it gives.

    ``takes`` names the arguments: "z" are logits, "v" a direction, "labels" class indices or
    distributions, "p" and "q" distributions. Of each row of them it ``gives`` a "row", a "number"
    or a "matrix"; "" is something else. ``along_axis``: the classes may lie along any axis of the
    logits. ``namesake`` is its name in cecore, where that is another one.
    """

    takes: tuple[str, ...]
    gives: str = ""
    along_axis: bool = False
    namesake: str = ""


def _kind(
    takes: str, gives: str = "", along_axis: bool = False, namesake: str = ""
) -> dict[str, Kind]:
    """Describe a function that an implementation may have, for its field."""
    return {"kind": Kind(tuple(takes.split(", ")), gives, along_axis, namesake)}


# What may be declared in so many words.
CHOICES = {"labels": ("any", "int"), "layout": ("any", "2d"), "reduction": ("none", "mean", "sum")}


@dataclass(frozen=True, kw_only=True)
class Implementation:
    """Functions to check, each with the signature of its namesake in cecore, or None.

    ``loss`` is `softmax_cross_entropy` and ``grad`` its gradient, both per example;
    ``loss_and_grad`` returns the mean loss of a batch and the gradient of that mean;
    ``linear_cross_entropy`` that of the logits ``hidden @ weights``, and the gradients with respect
    to both; ``merge`` takes the maxima of the parts of rows and their sums of ``e^(z - maximum)``,
    of shape (parts, rows), and returns log-sum-exp (of parts that are given by their own
    log-sum-exp, the sums are 1); ``parts`` is a class with the methods of
    `cecore.scale.parts.LogSumExp`. Functions take
    NumPy arrays, the classes on the last axis; ``axis`` is passed by name to those that have it.
    What else is given declares what they do not take, which is no failure then, or which options
    the loss was made with; by it the loss, its gradient and ``loss_and_grad`` are judged.

    Parameters
    ----------
    name : str
        What the report calls it.
    dtypes : tuple of dtypes
        Of float16, float32 and float64, those that the functions take.
    classes : int
        The smallest number of classes.
    labels : {"any", "int"}
        Whether labels may be distributions, or are class indices only.
    layout : {"any", "2d"}
        Whether logits and distributions may have any number of axes, or are matrices only.
    axis : bool
        Whether the classes may lie along another axis than the last one.
    empty : bool
        Whether a batch may have no example.
    shapes : tuple of pairs of int
        The only shapes (examples, classes) that are taken; () are all.
    ignore_index : int, optional
        A label whose example does not count: its loss and gradient are 0.
    reduction : {"none", "mean", "sum"}
        What ``loss`` returns, and what ``grad`` is the gradient of. ``loss_and_grad`` is of the
        mean unless this is "sum".
    weights : tuple of float, optional
        Of each class: the loss is ``-sum_j w_j y_j ln s_j``, and the mean is divided by the sum of
        the weights of the true classes, if they are given by indices, as in PyTorch.
    label_smoothing : float
        The share of each label that goes to all classes alike.
    temperature : float
        What the logits are divided by.
    z_loss : float
        How many times the square of log-sum-exp is added to the loss of each example.
    """

    name: str = "your functions"
    dtypes: tuple[Any, ...] = FLOATS
    classes: int = 1
    labels: str = "any"
    layout: str = "any"
    axis: bool = True
    empty: bool = True
    shapes: tuple[tuple[int, int], ...] = ()
    ignore_index: int | None = None
    reduction: str = "none"
    weights: tuple[float, ...] | None = None
    label_smoothing: float = 0.0
    temperature: float = 1.0
    z_loss: float = 0.0
    # This is the one table of them: all other lists of functions are taken from it.
    softmax: Function | None = field(default=None, metadata=_kind("z", "row", along_axis=True))
    log_softmax: Function | None = field(default=None, metadata=_kind("z", "row", along_axis=True))
    logsumexp: Function | None = field(default=None, metadata=_kind("z", "number", along_axis=True))
    softmax_jacobian: Function | None = field(default=None, metadata=_kind("z", "matrix"))
    softmax_jvp: Function | None = field(default=None, metadata=_kind("z, v", "row"))
    softmax_vjp: Function | None = field(default=None, metadata=_kind("z, v", "row"))
    cross_entropy: Function | None = field(default=None, metadata=_kind("p, q", "number"))
    entropy: Function | None = field(default=None, metadata=_kind("p", "number"))
    kl_divergence: Function | None = field(default=None, metadata=_kind("p, q", "number"))
    one_hot: Function | None = field(default=None, metadata=_kind("labels, n"))
    loss: Function | None = field(
        default=None,
        metadata=_kind("z, labels", "number", along_axis=True, namesake="softmax_cross_entropy"),
    )
    grad: Function | None = field(
        default=None,
        metadata=_kind("z, labels", "row", along_axis=True, namesake="softmax_cross_entropy_grad"),
    )
    loss_and_grad: Function | None = field(default=None, metadata=_kind("batch, labels"))
    linear_cross_entropy: Function | None = field(default=None, metadata=_kind("h, w, labels"))
    merge: Function | None = field(
        default=None, metadata=_kind("maxima, sums", "number", namesake="merged")
    )
    parts: Function | None = field(default=None, metadata=_kind("parts", namesake="LogSumExp"))

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtypes", float_types(self.dtypes))
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                options = ", ".join(map(repr, choices))
                raise ValueError(f"{name} must be one of {options}; got {getattr(self, name)!r}")
        shapes = tuple(tuple(map(int, shape)) for shape in self.shapes)
        if any(len(shape) != 2 for shape in shapes):
            raise ValueError(f"shapes must be pairs, as in [(8, 128)]; got {self.shapes!r}")
        object.__setattr__(self, "shapes", shapes)
        if self.weights is not None:
            object.__setattr__(self, "weights", tuple(map(float, self.weights)))
        if not self.temperature > 0:
            raise ValueError(f"temperature must be above 0; got {self.temperature!r}")

    @property
    def has_options(self) -> bool:
        """Whether the loss is another than the plain one."""
        plain = ("none", None, 0.0, 1.0, 0.0)
        names = ("reduction", "weights", "label_smoothing", "temperature", "z_loss")
        return tuple(getattr(self, name) for name in names) != plain


# Every function that an implementation may have, by name.
FUNCTIONS: dict[str, Kind] = {
    f.name: f.metadata["kind"] for f in fields(Implementation) if "kind" in f.metadata
}
# Functions of logits: those that take an axis, and all.
ALONG_AXIS = tuple(name for name, kind in FUNCTIONS.items() if kind.along_axis)
LOGITS = (
    *ALONG_AXIS,
    *(name for name, kind in FUNCTIONS.items() if kind.takes[0] == "z" and not kind.along_axis),
)
LABELLED = ("loss", "grad", "loss_and_grad")
DECLARED = tuple(f.name for f in fields(Implementation) if "kind" not in f.metadata)
DISTRIBUTIONS = tuple(name for name, kind in FUNCTIONS.items() if kind.takes[0] == "p")


@dataclass(frozen=True)
class Evidence:
    """What a check found.

    ``verdict`` is "held", "failed", "not applicable", or "error" if a function raised or returned
    no array of the right shape. ``inputs`` counts the calls; ``ulps`` is the largest error in
    units in the last place of the right value, or of the largest term where terms cancel;
    ``worst`` is the call that came closest to failing, or failed worst; ``message`` says what was
    got and what is right.
    """

    verdict: str
    inputs: int = 0
    ulps: float | None = None
    worst: str = ""
    message: str = ""


@dataclass(frozen=True)
class Claim:
    """One statement, where it stands, and how to check it.

    ``needs`` names the functions that the check calls: all of them, or, if ``each``, those of them
    that there are. ``level`` is that of a promise. ``proofs`` are the labels of its derivations.
    No ``check``: ``reason`` says why.
    ``statement`` has its formulas in LaTeX, between dollar signs; ``sentence`` is plain text.
    """

    id: str
    statement: str
    chapter: str
    label: str
    needs: tuple[str, ...] = ()
    each: bool = False
    level: str = ""
    check: Callable[[Implementation], Evidence] | None = field(default=None, compare=False)
    proofs: tuple[str, ...] = ()
    reason: str = ""

    @property
    def sentence(self) -> str:
        r"""The statement for a terminal: ``$s_i \ge 0$`` is ``s_i >= 0`` there."""
        return re.sub(r"\$(.+?)\$", lambda found: _LATEX.sub(_plain, found[1]), self.statement)


_LATEX = re.compile(r"\{\\mathsf (T)\}|\\operatorname\{(\w+)\}|\\([a-zA-Z]+)( ?)")
_TIGHT = {"partial": "d", "lvert": "|"}  # no space follows
_LOOSE = {
    "ge": ">=",
    "le": "<=",
    "ne": "!=",
    "to": "->",
    "parallel": "||",
    "circ": "*",
    "infty": "inf",
    "varepsilon": "eps",
    "varphi": "phi",
    "rvert": "|",
}


def _plain(command: re.Match[str]) -> str:
    transposed, function, name, space = command.groups()
    return transposed or function or _TIGHT.get(name) or _LOOSE.get(name, name) + space
