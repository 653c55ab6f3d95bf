"""One check under way: it calls the functions, and judges what they return.

A value may be off by what an honest implementation must round; a wrong formula is off by far more.
"""

import inspect
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from cecore.claims import inputs
from cecore.claims.calling import calling
from cecore.claims.dtypes import FLOATS, SUBNORMAL, flushes_subnormals
from cecore.claims.exact import Exact
from cecore.claims.inputs import Pair, Row
from cecore.claims.limits import beyond
from cecore.claims.listening import listening
from cecore.claims.model import (
    DISTRIBUTIONS,
    FUNCTIONS,
    LOGITS,
    Array,
    Evidence,
    Function,
    Implementation,
    NotSupportedError,
    StopError,
)
from cecore.claims.words import in_a_line, written

# In ulps: how far off a result may be to the last digits. So much may add up where exponentials,
# a sum, a quotient and a logarithm are each rounded.
LAST_DIGITS = 6
# In the smallest numbers above 0: there the spacing of floats no longer shrinks.
UNDERFLOW = 4

_KEPT: dict[Any, Any] = {}
# Functions that take a row alone.
IN_ROWS = (*LOGITS, *DISTRIBUTIONS)
R = TypeVar("R")


class Trial:
    """One check under way: it calls the functions, compares, and keeps what was worst."""

    def __init__(self, f: Implementation) -> None:
        self.f = f
        self.inputs = 0
        self.ulps: float | None = None
        self.ratio = -1.0  # of the worst error to what is allowed: above 1 the claim is refuted
        self.worst = self.message = self.call = self.warning = ""
        self.dtype: Any = np.dtype(np.float64)
        self.flushes = flushes_subnormals()
        self._axes: dict[str, bool] = {}  # whether the functions called so far take one

    @property
    def judged(self) -> bool:
        """Whether any result was judged."""
        return self.ratio >= 0

    @property
    def refuted(self) -> bool:
        """Whether any result was wrong."""
        return self.ratio > 1

    @property
    def least(self) -> float:
        """The smallest number above 0 that there is for the dtype of the call."""
        tiny = float(np.finfo(self.dtype).tiny)
        return tiny if self.flushes else SUBNORMAL.get(self.dtype.type, tiny)

    @property
    def eps(self) -> float:
        """The distance from 1 to the next float of the dtype of the call."""
        return float(np.finfo(self.dtype).eps)

    def has(self, *names: str) -> list[str]:
        """Return those of the functions that there are."""
        return [name for name in names if getattr(self.f, name) is not None]

    # What to call them with

    def rows(
        self, most: float = np.inf, n: float = np.inf, dtypes: tuple[Any, ...] = FLOATS
    ) -> list[Row]:
        """Return the rows of at most ``n`` classes and logits of at most ``most`` in size."""
        wanted = [d for d in dtypes if d in self.f.dtypes]
        rows = [r for r in inputs.rows(self.flushes) if r.size <= most]
        return [r for r in rows if self.f.classes <= r.n <= n and r.z.dtype in wanted]

    def hard_rows(self) -> list[Row]:
        """Return the rows that only great care gets right to the last digits."""
        return [r for r in inputs.hard_rows(self.flushes) if r.z.dtype in self.f.dtypes]

    def pairs(self) -> list[Pair]:
        """Return the pairs of distributions."""
        return [x for x in inputs.pairs(self.flushes) if x.p.dtype in self.f.dtypes]

    def hard_pairs(self) -> list[Pair]:
        """Return the pairs whose sums only some care gets right to the last digits."""
        return [x for x in inputs.hard_pairs(self.flushes) if x.p.dtype in self.f.dtypes]

    def kept(self, right: Callable[..., R], *of: Any) -> R:
        """Return ``right(*of)``, a right value, which is computed once for all functions."""
        key = (self.flushes, right, *of)
        if key not in _KEPT:
            _KEPT[key] = right(*of)
        return _KEPT[key]

    # Calling

    def attempt(self, name: str, *args: Any, axis: int = -1, via: Function | None = None) -> Any:
        """Call a function, perhaps by way of another; whatever it raises, it raises."""
        function = via or getattr(self.f, name)
        self.inputs += 1
        self.dtype = np.asarray(args[0]).dtype
        if self.dtype.kind != "f":
            self.dtype = np.dtype(np.float64)
        self.call = written((name, args, axis))
        alone = self.f.layout == "2d" and name in IN_ROWS and np.ndim(args[0]) == 1
        if alone:  # a matrix of one row
            args = tuple(np.asarray(a)[None] for a in args)
        if not via and (limit := beyond(self.f, name, args, axis)):
            raise NotSupportedError(limit)
        named: dict[str, Any] = {}
        if via or name not in self._axes:
            self._axes[name] = takes_axis(function)
        if self._axes[name]:
            named["axis"] = axis
        elif axis != -1:
            raise NotSupportedError(f"{name} has no parameter axis")
        with (
            listening() as caught,
            np.errstate(over="warn", divide="warn", invalid="warn", under="ignore"),
            calling(name, args, axis),
        ):
            result = function(*args, **named)
        old = (DeprecationWarning, FutureWarning)  # says nothing about the values
        ours = [w for w in caught if not isinstance(w, old)]
        self.warning = str(ours[0]) if ours else ""
        return result[0] if alone else result

    def result_of(self, name: str, *args: Any, axis: int = -1, via: Function | None = None) -> Any:
        """Do the same, but stop the check if the function raises, or would end Python."""
        try:
            return self.attempt(name, *args, axis=axis, via=via)
        except NotSupportedError:
            raise
        except (Exception, SystemExit) as error:
            raise StopError(f"{name} raised {in_a_line(error)}") from None

    def run(
        self,
        name: str,
        *args: Any,
        shape: tuple[int, ...],
        axis: int = -1,
        copy: bool = True,
        part: int | None = None,
        via: Function | None = None,
    ) -> Array:
        """Call a function, by default on copies, and return an array of the shape it must have.

        ``part`` says which of several results. The array is a copy: the function may use its memory
        again.
        """
        args = tuple(a.copy() if copy and isinstance(a, np.ndarray) else a for a in args)
        result = self.result_of(name, *args, axis=axis, via=via)
        try:
            got = np.array(result if part is None else result[part])
        except Exception as error:
            raise StopError(f"{name} returned what is no array: {in_a_line(error)}") from None
        if got.dtype.kind not in "iuf":
            what = "None" if result is None else f"dtype {got.dtype}"
            raise StopError(f"{name} returned {what}, not real numbers")
        if got.shape != shape:
            raise StopError(f"{name} returned shape {got.shape}, not {shape}")
        return got

    def of_row(self, name: str, z: Array, k: Any = 0, axis: int = -1, copy: bool = True) -> Array:
        """Call any function of logits, with labels ``k`` or some direction where it takes one."""
        shape, gives = z.shape, FUNCTIONS[name].gives
        if gives == "number":
            shape = tuple(int(i) for i in np.delete(shape, axis))
        elif gives == "matrix":
            shape = (*shape, shape[-1])
        return self.run(name, *arguments(name, z, k, axis), shape=shape, axis=axis, copy=copy)

    def of_pair(self, name: str, x: Pair) -> Array:
        """Call any function of distributions."""
        return self.run(name, *x.given(name), shape=())

    def mean_loss(self, z: Array, labels: Array) -> Array:
        """Return the mean loss of a batch."""
        return self.run("loss_and_grad", z, labels, shape=(), part=0)

    def grad_of_mean_loss(self, z: Array, labels: Array) -> Array:
        """Return the gradient of the mean loss of a batch."""
        return self.run("loss_and_grad", z, labels, shape=z.shape, part=1)

    def of_parts(self, parts: list[Any]) -> Array:
        """Return the log-sum-exp of a row that comes in parts, merged as the lists are nested."""
        start: Any = self.f.parts

        def merged(part: Any) -> Any:
            if isinstance(part, list):
                return reduce(lambda a, b: a.merge(b), map(merged, part))
            return start().update(part)

        row = np.concatenate([*_arrays(parts)])
        return self.run("parts", row, shape=(), via=lambda _: merged(parts).logsumexp())

    # Judging

    def near(
        self, got: ArrayLike, want: Exact, slack: float, scale: ArrayLike | None = None
    ) -> None:
        """Compare with right values, each to ``slack`` eps of ``scale`` (of itself if None)."""
        g = np.broadcast_to(got, want.hi.shape)
        size = np.broadcast_to(abs(want.hi if scale is None else np.asarray(scale)), g.shape)
        with np.errstate(all="ignore"):
            error = np.where(g == want.hi, abs(want.lo), abs((g - want.hi) - want.lo))
            error = np.where(np.isnan(error), np.inf, error)
            size = np.where(np.isfinite(want.hi) & np.isfinite(size), size, 0.0)
            ulps = np.max(error / self._spacing(size))
            allowed = slack * self.eps * size + UNDERFLOW * self.least
            ratio = error / allowed
        self.ulps = max(self.ulps or 0.0, float(ulps))
        at = np.unravel_index(np.argmax(ratio), ratio.shape)
        where = f" at {', '.join(map(str, at))}" if at else ""
        self._note(float(ratio[at]), f"got {g[at]:.17g}{where}, right is {want.hi[at]:.17g}")

    def to_the_last_digits(
        self, got: ArrayLike, want: Exact, size: ArrayLike = 0.0, ulps: int = LAST_DIGITS
    ) -> None:
        """Compare to within some ulps of what is right, or of ``size`` if that is larger."""
        ulp = self._spacing(np.maximum(abs(want.hi), size))
        self.near(got, want, ulps, ulp / self.eps)

    def _spacing(self, size: Array) -> Array:
        """Return the distance of floats of this size."""
        return np.maximum(np.spacing(size.astype(self.dtype)).astype(np.float64), self.least)

    def at_most(self, low: ArrayLike, high: ArrayLike, room: ArrayLike, message: str) -> None:
        """Demand that ``low`` is nowhere above ``high`` by more than ``room``."""
        with np.errstate(all="ignore"):
            over = np.subtract(low, high) / np.add(room, self.least)
        ratio = np.where(np.less_equal(low, high), 0.0, np.where(np.isnan(over), np.inf, over))
        self._note(float(ratio.max(initial=0)), message)

    def that(self, ok: Any, message: str) -> None:
        """Demand what is no comparison of values."""
        self._note(0.0 if np.all(ok) else np.inf, message)

    def _note(self, ratio: float, message: str) -> None:
        if ratio > self.ratio:
            self.ratio, self.worst, self.message = ratio, self.call, message

    def evidence(self, verdict: str = "", message: str = "") -> Evidence:
        """Return the finding: refuted if anything was."""
        verdict = verdict or ("failed" if self.refuted else "held")
        if verdict == "error":
            return Evidence(verdict, self.inputs, self.ulps, self.call, message)
        message = message or (self.message if verdict == "failed" else "")
        return Evidence(verdict, self.inputs, self.ulps, self.worst, message)


def _arrays(parts: Any) -> Iterator[Array]:
    """Yield the arrays in nested lists."""
    if isinstance(parts, list):
        for part in parts:
            yield from _arrays(part)
    else:
        yield parts


def arguments(name: str, z: Array, k: Any = 0, axis: int = -1) -> tuple[Any, ...]:
    """Return what a function of these logits takes: they, and the labels ``k`` or a direction."""
    match FUNCTIONS[name].takes:
        case "z", "v":
            return z, inputs.direction(z)
        case (("z" | "batch"), "labels"):
            return z, np.zeros(np.delete(z.shape, axis), np.intp) + k
    return (z,)


def takes_axis(function: Function) -> bool:
    """Return whether a function has a parameter of this name."""
    try:
        parameter = inspect.signature(function).parameters["axis"]
    except (TypeError, ValueError, KeyError):  # some functions written in C do not say
        return False
    return parameter.kind is not parameter.POSITIONAL_ONLY
