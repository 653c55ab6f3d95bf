"""What a check works with: an implementation, inputs with their right values, and the comparison.

What is right comes from 50-digit arithmetic (mpmath), kept as a sum of two floats so that NumPy
can compare; nothing is computed with cecore. A value may be off by what an honest implementation
must round; a wrong formula is off by far more.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from cecore.claims.listening import listening

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[..., Any]

SIMPLE = ("softmax", "log_softmax", "logsumexp", "loss", "grad")
LOGITS = (*SIMPLE, "softmax_jacobian", "softmax_jvp", "softmax_vjp")
DISTRIBUTIONS = ("cross_entropy", "entropy", "kl_divergence")
FLOATS = (np.float16, np.float32, np.float64)
FLOAT_NAMES = [dtype.__name__ for dtype in FLOATS]
# The smallest number above 0. (`finfo` warns, and says 0, where subnormal numbers are flushed.)
SUBNORMAL: dict[Any, float] = {np.float16: 2.0**-24, np.float32: 2.0**-149, np.float64: 2.0**-1074}


class NotSupportedError(Exception):
    """Raised by an adapter for what its library does not offer: not applicable, not wrong."""


class StopError(Exception):
    """The function raised, or returned what is no result at all."""


@dataclass(frozen=True, kw_only=True)
class Implementation:
    """Functions to check, each with the signature of its namesake in cecore, or None.

    ``loss`` is `softmax_cross_entropy` and ``grad`` its gradient, both per example;
    ``loss_and_grad`` returns the mean loss of a batch and the gradient of that mean; ``parts`` is a
    class with the methods of `cecore.scale.parts.LogSumExp`. Functions take
    NumPy arrays, the classes on the last axis; ``axis`` is passed by name to those that have it.
    ``dtypes`` are those they take, ``classes`` is the smallest number of classes.
    """

    name: str = "your functions"
    dtypes: tuple[Any, ...] = FLOATS
    classes: int = 1
    softmax: Function | None = None
    log_softmax: Function | None = None
    logsumexp: Function | None = None
    softmax_jacobian: Function | None = None
    softmax_jvp: Function | None = None
    softmax_vjp: Function | None = None
    cross_entropy: Function | None = None
    entropy: Function | None = None
    kl_divergence: Function | None = None
    one_hot: Function | None = None
    loss: Function | None = None
    grad: Function | None = None
    loss_and_grad: Function | None = None
    parts: Function | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtypes", float_types(self.dtypes))


def float_types(dtypes: Iterable[DTypeLike]) -> tuple[Any, ...]:
    """Return which of the three floating types these dtypes are."""
    if isinstance(dtypes, str) or not isinstance(dtypes, Iterable):
        raise TypeError(f"dtypes must be several, as in ['float32']; got {dtypes!r}")
    found = set()
    for given in dtypes:
        try:
            dtype = np.dtype(given).type
        except TypeError:
            dtype = None
        if given is None or dtype not in FLOATS:
            raise ValueError(f"dtypes must be of {', '.join(FLOAT_NAMES)}; got {given!r}")
        found.add(dtype)
    return tuple(dtype for dtype in FLOATS if dtype in found)


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
    that there are. ``proofs`` are the labels of its derivations. No ``check``: ``reason`` says why.
    ``statement`` has its formulas in LaTeX, between dollar signs; ``sentence`` is plain text.
    """

    id: str
    statement: str
    chapter: str
    label: str
    needs: tuple[str, ...] = ()
    each: bool = False
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


# Fifty digits


@cache
def mp50() -> Any:
    """Return mpmath's arithmetic with 50 digits."""
    try:
        mp = importlib.import_module("mpmath").MPContext()
    except ImportError as error:
        raise ImportError("checking needs mpmath: pip install 'cecore[verify]'") from error
    mp.dps = 50
    return mp


class Exact(NamedTuple):
    """Right values to twice the digits of a float64: ``hi + lo``."""

    hi: Array
    lo: Array


def exact(values: Any) -> Exact:
    """Keep mpmath numbers as sums of two floats."""
    values = np.asarray(values, dtype=object)
    hi = [float(v) for v in values.flat]
    lo = [float(v - h) if np.isfinite(h) else 0.0 for v, h in zip(values.flat, hi, strict=True)]
    return Exact(np.reshape(hi, values.shape), np.reshape(lo, values.shape))


def known(values: ArrayLike) -> Exact:
    """Take floats for exactly right."""
    hi = np.asarray(values, dtype=np.float64)
    return Exact(hi, np.zeros_like(hi))


def as_numbers(x: Array) -> Array:
    """Floats as mpmath numbers, unrounded."""
    return np.array([mp50().mpf(float(v)) for v in x.flat], dtype=object).reshape(x.shape)


def as_numbers_of(x: Exact) -> Array:
    """Right values as mpmath numbers."""
    return as_numbers(x.hi) + as_numbers(x.lo)


def exact_softmax(z: Array) -> Array:
    """Return the softmax of mpmath numbers."""
    e = np.array([mp50().exp(v) for v in z], dtype=object)
    return e / e.sum()


def exact_gradient(f: Callable[[Array], Array], z: Array) -> Array:
    """``df/dz_j`` on a new last axis, by complex steps: exact to more than 50 digits."""
    h = mp50().mpf(10) ** -30
    columns = []
    for j in range(z.size):
        moved = as_numbers(z)
        moved[j] = mp50().mpc(moved[j], h)
        columns.append(np.frompyfunc(lambda v: v.imag / h, 1, 1)(f(moved)))
    return np.stack(columns, axis=-1)


class Row:
    """Logits, and what is right for them."""

    def __init__(self, z: ArrayLike, dtype: Any = np.float64) -> None:
        self.z = np.array(z, dtype)
        self.n = self.z.size
        finite = self.z[np.isfinite(self.z)].astype(np.float64)
        self.size = float(abs(finite).max())
        # In eps: rounding a difference d of logits costs |d|/2, a sum of n terms about sqrt(n).
        self.slack = 2 * self.size + self.n**0.5 + 8
        self._grads: dict[int, Exact] = {}

    @cached_property
    def numbers(self) -> Array:
        """The probabilities, as mpmath numbers."""
        return exact_softmax(as_numbers(self.z))

    @cached_property
    def s(self) -> Exact:
        """The probabilities."""
        return exact(self.numbers)

    @cached_property
    def _rest(self) -> tuple[Any, Any]:
        """The largest logit m, and ``ln sum_k e^{z_k - m}``, which 1 does not drown."""
        m, top = max(as_numbers(self.z)), int(np.argmax(self.z))
        others = mp50().fsum(mp50().exp(v - m) for v in np.delete(as_numbers(self.z), top))
        return m, mp50().log1p(others)

    @cached_property
    def log_s(self) -> Exact:
        """The logarithms of the probabilities."""
        m, rest = self._rest
        return exact([(v - m) - rest for v in as_numbers(self.z)])

    @cached_property
    def lse(self) -> Exact:
        """Log-sum-exp."""
        return exact(sum(self._rest))

    @cached_property
    def slopes(self) -> Array:
        """The derivatives ``ds_i/dz_j``, as mpmath numbers."""
        return exact_gradient(exact_softmax, self.z)

    # Some of these, as products: quick for many classes.

    @cached_property
    def own_slopes(self) -> Exact:
        """The diagonal, ``s_i (1 - s_i)``."""
        s = self.numbers
        return exact([s[i] * mp50().fsum(np.delete(s, i)) for i in range(self.n)])

    @cached_property
    def first_slopes(self) -> Exact:
        """The first row, ``-s_0 s_j`` but for its first entry."""
        first, *others = self.numbers
        return exact([first * mp50().fsum(others), *(-first * s for s in others)])

    @cached_property
    def jacobian(self) -> Exact:
        """``J[i, j] = ds_i/dz_j``."""
        return exact(self.slopes)

    def grad(self, y: Array) -> Exact:
        """Return the gradient of the loss for the labels ``y``, a distribution."""
        return exact(self.numbers - as_numbers(y))

    def loss_of(self, k: int) -> Exact:
        """Return the loss if ``k`` is the true class."""
        return Exact(0 - self.log_s.hi[k], 0 - self.log_s.lo[k])

    def grad_of(self, k: int) -> Exact:
        """Return its gradient: at k minus the sum of the others, however small."""
        if k not in self._grads:
            g = self.numbers.copy()
            g[k] = -mp50().fsum(np.delete(g, k))
            self._grads[k] = exact(g)
        return self._grads[k]


# What is right is kept, but no longer than the processor treats subnormal numbers as it did then.


@cache
def _rows(flushed: bool) -> list[Row]:
    rng = np.random.default_rng(3)
    rows = [Row([0.0, -50], np.float64)]
    for dtype in FLOATS:
        rows += [Row(z, dtype) for z in ([2, 1, 0.1], [3.7], [1, 1, 1], [0.0] * 5, [0, 0, 9, 0])]
        for scale in 10.0 ** np.arange(-3, 4):
            rows += [Row(rng.normal(size=n) * scale, dtype) for n in (2, 3, 6)]
    for dtype in FLOATS[1:]:
        rows += [Row(z, dtype) for z in ([800, 0, -800], [-1000, -1001], [0, 0, 50, 0])]
        rows += [Row(rng.normal(size=n), dtype) for n in (100, 1_000, 10_000)]
    return rows


@cache
def _hard_rows(flushed: bool) -> list[Row]:
    """Logits whose probabilities only great care gets right to the last digits."""
    rng = np.random.default_rng(5)
    rows = []
    for dtype in FLOATS[1:]:
        rows += [Row(rng.normal(size=300) * 100, dtype), Row(rng.normal(size=300) - 900, dtype)]
        # Plain sums of such rows are off by more than 3 ulps.
        rows += [Row(rng.normal(size=n) * 10, dtype) for n in (128, 1_000)]
        # Those of many equal terms by more than 6, where each is rounded the same way.
        rows += [Row([top] + [0] * 126, dtype) for top in (4, 6)]
    return rows


class Pair:
    """Two distributions, and what is right for them."""

    def __init__(self, p: ArrayLike, q: ArrayLike, dtype: Any = np.float64) -> None:
        self.p, self.q = np.array(p, dtype), np.array(q, dtype)
        a, b = as_numbers(self.p), as_numbers(self.q)
        cross = [-x * mp50().log(y) for x, y in zip(a, b, strict=True) if x]  # ln 0 is -inf
        own = [-x * mp50().log(x) for x in a if x]
        self.cross, self.own = exact(mp50().fsum(cross)), exact(mp50().fsum(own))
        self.kl = exact(mp50().fsum(cross) - mp50().fsum(own))
        self.slack = self.p.size**0.5 + 8
        # Terms of both signs cancel in the divergence; p and q themselves are rounded.
        self.scale = 1 + float(mp50().fsum(abs(c) for c in cross + own))

    def given(self, name: str) -> tuple[Array, ...]:
        """Return what the function of this name takes of them."""
        return (self.p,) if name == "entropy" else (self.p, self.q)


@cache
def _pairs(flushed: bool) -> list[Pair]:
    rng = np.random.default_rng(4)
    pairs = []
    fixed: list[Any]
    for dtype in FLOATS:
        fixed = [([0.5, 0.5], [0.25, 0.75]), ([1, 0, 0], [0.5, 0.25, 0.25]), ([1.0], [1.0])]
        fixed += [([0.5, 0, 0.5], [0.5, 0, 0.5]), ([0.5, 0.5], [1, 0]), ([0, 1], [1, 0])]
        fixed += [([0.25] * 4, [0.25] * 4), ([0.25] * 4, [0.5, 0.125, 0.25, 0.125])]
        fixed += [tuple(rng.dirichlet(np.ones(n), 2)) for n in (2, 3, 10)]
        pairs += [Pair(p, q, dtype) for p, q in fixed]
    return [*pairs, Pair(*rng.dirichlet(np.ones(1000), 2))]


@cache
def _hard_pairs(flushed: bool) -> list[Pair]:
    """Distributions of which plain sums are off by more than 6 ulps."""
    pairs = []
    for dtype in FLOATS[1:]:
        even = np.full(127, 1 / 127)
        sure = np.where(np.arange(127) == 0, 0.94 + 0.06 / 127, 0.06 / 127)
        pairs += [Pair(sure, even, dtype), Pair(even, sure, dtype)]
    return pairs


# Calling and judging


def flushes_subnormals() -> bool:
    """Return whether this thread turns numbers below the smallest normal one to 0.

    It does so after ``torch.set_flush_denormal(True)``, and in a process that has loaded a library
    built with ``-ffast-math``.
    """
    return bool(np.finfo(np.float64).tiny * np.array([0.5]) == 0)


_KEPT: dict[Any, Any] = {}
R = TypeVar("R")


class Trial:
    """One check under way: it calls the functions, compares, and keeps what was worst."""

    def __init__(self, f: Implementation) -> None:
        self.f = f
        self.inputs = 0
        self.ulps: float | None = None
        self.ratio = -1.0  # of the worst error to what is allowed: above 1 the claim is refuted
        self.only = ""  # the function that is looked at, where a claim takes them one by one
        self.worst = self.message = self.call = self.warning = ""
        self.dtype: Any = np.dtype(np.float64)
        self.flushes = flushes_subnormals()
        self._axes: dict[str, bool] = {}  # whether the functions called so far take one

    @property
    def least(self) -> float:
        """The smallest number above 0 that there is for the dtype of the call."""
        tiny = float(np.finfo(self.dtype).tiny)
        return tiny if self.flushes else SUBNORMAL.get(self.dtype.type, tiny)

    def has(self, *names: str) -> list[str]:
        """Return those of the functions that there are, and that are being looked at."""
        return [n for n in names if getattr(self.f, n) is not None and self.only in ("", n)]

    def rows(
        self, most: float = np.inf, n: float = np.inf, dtypes: tuple[Any, ...] = FLOATS
    ) -> list[Row]:
        """Return the rows of at most ``n`` classes and logits of at most ``most`` in size."""
        wanted = [d for d in dtypes if d in self.f.dtypes]
        rows = [r for r in _rows(self.flushes) if r.size <= most and self.f.classes <= r.n <= n]
        return [r for r in rows if r.z.dtype in wanted]

    def kept(self, right: Callable[..., R], *of: Any) -> R:
        """Return ``right(*of)``, a right value, which is computed once for all functions."""
        key = (self.flushes, right, *of)
        if key not in _KEPT:
            _KEPT[key] = right(*of)
        return _KEPT[key]

    def hard_rows(self) -> list[Row]:
        """Return the rows that only great care gets right to the last digits."""
        return [r for r in _hard_rows(self.flushes) if r.z.dtype in self.f.dtypes]

    def pairs(self) -> list[Pair]:
        """Return the pairs of distributions."""
        return [x for x in _pairs(self.flushes) if x.p.dtype in self.f.dtypes]

    def hard_pairs(self) -> list[Pair]:
        """Return the pairs whose sums only some care gets right to the last digits."""
        return [x for x in _hard_pairs(self.flushes) if x.p.dtype in self.f.dtypes]

    def attempt(self, name: str, *args: Any, axis: int = -1, via: Function | None = None) -> Any:
        """Call a function, perhaps by way of another; whatever it raises, it raises."""
        function = via or getattr(self.f, name)
        self.inputs += 1
        self.dtype = np.asarray(args[0]).dtype
        if self.dtype.kind != "f":
            self.dtype = np.dtype(np.float64)
        self.call = f"{name}({', '.join(map(short, args))}{f', axis={axis}' * (axis != -1)})"
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
        ):
            result = function(*args, **named)
        old = (DeprecationWarning, FutureWarning)  # says nothing about the values
        ours = [w for w in caught if not isinstance(w, old)]
        self.warning = str(ours[0]) if ours else ""
        return result

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
        args = arguments(name, z, k, axis)
        shape = z.shape
        if name in ("logsumexp", "loss"):
            shape = tuple(int(i) for i in np.delete(shape, axis))
        if name == "softmax_jacobian":
            shape = (*shape, z.shape[-1])
        return self.run(name, *args, shape=shape, axis=axis, copy=copy)

    def of_parts(self, parts: list[Any]) -> Array:
        """Return the log-sum-exp of a row that comes in parts, merged as the lists are nested."""
        start: Any = self.f.parts

        def merged(part: Any) -> Any:
            if isinstance(part, list):
                return reduce(lambda a, b: a.merge(b), map(merged, part))
            return start().update(part)

        row = np.concatenate([*_arrays(parts)])
        return self.run("parts", row, shape=(), via=lambda _: merged(parts).logsumexp())

    def near(
        self, got: ArrayLike, want: Exact, slack: float, scale: ArrayLike | None = None
    ) -> None:
        """Compare with right values, each to ``slack`` eps of ``scale`` (of itself if None)."""
        info = np.finfo(self.dtype)
        g = np.broadcast_to(got, want.hi.shape)
        size = np.broadcast_to(abs(want.hi if scale is None else np.asarray(scale)), g.shape)
        with np.errstate(all="ignore"):
            error = np.where(g == want.hi, abs(want.lo), abs((g - want.hi) - want.lo))
            error = np.where(np.isnan(error), np.inf, error)
            size = np.where(np.isfinite(want.hi) & np.isfinite(size), size, 0.0)
            ulps = np.max(error / self._spacing(size))
            allowed = slack * float(info.eps) * size + 4 * self.least
            ratio = error / allowed
        self.ulps = max(self.ulps or 0.0, float(ulps))
        at = np.unravel_index(np.argmax(ratio), ratio.shape)
        where = f" at {', '.join(map(str, at))}" if at else ""
        self._note(float(ratio[at]), f"got {g[at]:.17g}{where}, right is {want.hi[at]:.17g}")

    def to_the_last_digits(
        self, got: ArrayLike, want: Exact, size: ArrayLike = 0.0, ulps: int = 6
    ) -> None:
        """Compare to within 6 ulps of what is right, or of ``size`` if that is larger.

        So much may add up: each exponential, sum, quotient and logarithm is rounded.
        """
        ulp = self._spacing(np.maximum(abs(want.hi), size))
        self.near(got, want, ulps, ulp / float(np.finfo(self.dtype).eps))

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
        verdict = verdict or ("failed" if self.ratio > 1 else "held")
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
    if name in ("softmax_jvp", "softmax_vjp"):
        return z, np.cos(np.arange(z.size)).reshape(z.shape).astype(z.dtype)
    if name in ("loss", "grad"):
        return z, np.zeros(np.delete(z.shape, axis), np.intp) + k
    return (z,)


def takes_axis(function: Function) -> bool:
    """Return whether a function has a parameter of this name."""
    try:
        parameter = inspect.signature(function).parameters["axis"]
    except (TypeError, ValueError, KeyError):  # some functions written in C do not say
        return False
    return parameter.kind is not parameter.POSITIONAL_ONLY


def short(x: Any) -> str:
    """Write an argument, or whatever came back, in a few words."""
    if isinstance(x, tuple):
        return f"({', '.join(map(short, x))})"
    try:
        x = np.asarray(x)
    except Exception:
        return f"<{type(x).__name__}>"
    if x.size > 8 or (not x.size and x.ndim > 1):
        return f"<{x.dtype} of shape {x.shape}>"
    return _text(x) if x.dtype in (np.float64, np.intp) else f"{x.dtype}({_text(x)})"


def in_a_line(error: BaseException) -> str:
    """Write an exception in one line."""
    text = str(error).strip().split("\n")[0][:200]
    return f"{type(error).__name__}{': ' * bool(text)}{text}"


def _text(x: Any) -> str:
    return f"[{', '.join(map(_text, x))}]" if np.ndim(x) else str(x)
