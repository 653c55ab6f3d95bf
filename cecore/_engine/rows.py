"""A formula of rows becomes a function of any array: checked, in blocks, in threads, in its dtype.

`of_logits` and `of_labelled_logits` are what the chapters' functions wear. The formula itself gets
blocks of rows: floats, one example in each row.
"""

import inspect
import itertools
import os
from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, Protocol, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike

from cecore._engine.dtypes import Array, narrowed, quiet
from cecore._engine.exponentials import FEW
from cecore._engine.inputs import NotLogitsError, check_labels, check_values, open_logits

T = TypeVar("T")
Formula = Callable[[Array], Array]
LabelledFormula = Callable[[Array, Array], Array]

BLOCK = 2**21  # bytes of logits: what threads wait for each other counts little beside the work
LEAN = 2**19  # the same for a result of one number a row, beside which a block takes memory
PARALLEL = 2**20  # logits, from which it pays to start threads
NARROW = 32  # classes, up to which those may lie in memory one after the other


class OfLogits(Protocol):
    """A function of logits."""

    def __call__(self, z: ArrayLike, axis: int = -1) -> Array: ...


class OfLabelledLogits(Protocol):
    """A function of logits and labels, which may be class indices or distributions."""

    def __call__(self, z: ArrayLike, labels: ArrayLike, axis: int = -1) -> Array: ...

    def of_distributions(self, formula: LabelledFormula) -> LabelledFormula:
        """Let this formula be used for distributions."""


@overload
def of_logits(formula: Formula) -> OfLogits: ...
@overload
def of_logits(*, reduces: bool = ..., by_class: bool = ...) -> Callable[[Formula], OfLogits]: ...
def of_logits(
    formula: Formula | None = None, *, reduces: bool = False, by_class: bool = False
) -> Any:
    """Make a function of any array from a formula of rows of logits.

    It returns one number for each logit or, if it ``reduces``, each row: then a column. It is
    ``by_class`` if it is faster where few classes lie in memory one after the other, as all are
    that look for the largest logit. Formulas that reduce are.
    """
    if formula is None:
        return partial(of_logits, reduces=reduces, by_class=by_class)

    def function(z: ArrayLike, axis: int = -1) -> Array:
        return _by_rows(formula, z, axis, reduces, by_class or reduces)

    return _named_after(formula, function)


@overload
def of_labelled_logits(formula: LabelledFormula) -> OfLabelledLogits: ...
@overload
def of_labelled_logits(*, reduces: bool) -> Callable[[LabelledFormula], OfLabelledLogits]: ...
def of_labelled_logits(formula: LabelledFormula | None = None, *, reduces: bool = False) -> Any:
    """Do the same with a formula that also gets the class index of each row, as a column.

    The function has a decorator ``of_distributions`` for its formula where labels are those.
    """
    if formula is None:
        return partial(of_labelled_logits, reduces=reduces)
    formulas = [formula]

    def function(z: ArrayLike, labels: ArrayLike, axis: int = -1) -> Array:
        return _by_rows(formulas, z, axis, reduces, reduces, labels)

    def of_distributions(other: LabelledFormula) -> LabelledFormula:
        formulas.append(other)
        return other

    function.of_distributions = of_distributions  # type: ignore[attr-defined]
    return _named_after(formula, function)


def _named_after(formula: Callable[..., Array], function: Callable[..., Array]) -> Any:
    """Give a function the name, docstring and source of its formula, and keep its signature."""
    plain = inspect.signature(function)
    bare = [p.replace(annotation=p.empty) for p in plain.parameters.values()]
    named = ("__module__", "__name__", "__qualname__", "__doc__")
    update_wrapper(function, formula, assigned=named)
    # Without annotations: NumPy's ArrayLike is six lines long where it is shown.
    function.__signature__ = inspect.Signature(bare)  # type: ignore[attr-defined]
    return function


@quiet
def _by_rows(
    formula: Any,
    z: ArrayLike,
    axis: int,
    reduces: bool,
    by_class: bool,
    *labels: ArrayLike,
) -> Array:
    """Check the input, then apply a formula to blocks of rows, with the classes on the last axis.

    Many blocks are shared among the processors.
    """
    z, dtype = open_logits(z, axis)
    n = z.shape[axis]
    elsewhere = axis not in (-1, z.ndim - 1)
    last = np.moveaxis(z, axis, -1) if elsewhere else z
    rows = last.reshape(-1, n)
    arrays = [rows]
    if labels:
        check_values(z, axis)
        y = check_labels(labels[0], z, axis)
        distributions = y.ndim == z.ndim
        formula = formula[distributions]
        y = np.moveaxis(y, axis, -1).reshape(-1, n) if distributions else y.reshape(-1, 1)
        arrays.append(y)
    starts = block_starts(len(rows), rows.nbytes, LEAN if reduces else BLOCK)
    step = starts.step

    def apply(start: int) -> Array:
        block, *its_labels = (x[start : start + step] for x in arrays)
        if by_class and n <= NARROW and block.size >= FEW:
            block = np.asfortranarray(block)
        return narrowed(formula(block, *its_labels), dtype)

    @quiet
    def fill(starts: range) -> None:
        with ShortBuffer(n):
            for start in starts:
                out[start : start + step] = apply(start)

    try:
        if len(rows) <= step:
            with ShortBuffer(n):
                out = np.ascontiguousarray(apply(0))
        else:
            out = np.empty((len(rows), 1) if reduces else rows.shape, dtype)
            in_shares(fill, starts, processors() if z.size >= PARALLEL else 1)
    except NotLogitsError:
        check_values(z, axis)  # raises an error that says where
        raise
    if reduces:
        return out.reshape(last.shape[:-1])[()]
    out = out.reshape(last.shape)
    return np.moveaxis(out, -1, axis) if elsewhere else out


def block_starts(rows: int, size: int, limit: int) -> range:
    """Return where blocks of rows start: of at most ``limit`` bytes, if all take ``size``."""
    blocks = -(-size // limit) or 1
    if blocks > 1:
        blocks = -(-blocks // 4) * 4  # so that 2 or 4 threads have as many each
    return range(0, rows, -(-rows // blocks) or 1)


class ShortBuffer:
    """Makes NumPy's buffer shorter than a row of ``n``, or it copies what it broadcasts along one.

    For a thousand classes this saves a fifth of the time, for more than 8192 nothing.
    """

    def __init__(self, n: int) -> None:
        self.before = 0
        self.n = n

    def __enter__(self) -> None:
        if self.n >= 512:
            self.before = np.setbufsize(512)

    def __exit__(self, *_: object) -> None:
        if self.before:
            np.setbufsize(self.before)


def processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def in_shares(work: Callable[[range], T], blocks: range, workers: int) -> list[T]:
    """Do the work in even shares, each but the first in a thread of its own: NumPy lets them run.

    NumPy's settings are those of a thread, so ``work`` has to make its own.
    """
    if workers == 1:
        return [work(blocks)]
    bounds = [len(blocks) * i // workers for i in range(workers + 1)]
    shares = [blocks[a:b] for a, b in itertools.pairwise(bounds) if a < b]
    if len(shares) == 1:
        return [work(blocks)]
    from concurrent.futures import ThreadPoolExecutor  # which takes long to import

    with ThreadPoolExecutor(len(shares) - 1) as pool:
        try:
            others = pool.map(work, shares[1:])
        except RuntimeError:  # no thread can be started: in a browser none can
            pass
        else:
            return [work(shares[0]), *others]
    return [work(blocks)]
