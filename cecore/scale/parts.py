"""Log-sum-exp from parts: all that softmax needs to know of a row, put together in any order.

Each part is a pair (maximum, scaled sum), and two pairs merge into one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cecore._engine.dtypes import HEADROOM, Array, Index, quiet, widened
from cecore._engine.exponentials import exp_minus
from cecore._engine.inputs import check_entries, open_part
from cecore._engine.rows import ShortBuffer
from cecore._engine.sums import split_sums

GRID = 512  # e^(512 + HEADROOM), and sums of 10^50 of them, are normal numbers


@dataclass(frozen=True, eq=False)
class LogSumExp:
    """What is known of the log-sum-exp of rows of logits, after some of their classes.

    ``LogSumExp()`` has seen none: it is the identity of `merge`. The value never changes; `update`
    and `merge` return another.

    Parameters
    ----------
    maximum : array_like of float64, one number for each row
        The largest logit so far, m.
    rest : array_like of float64
        The scaled sum of all others: ``e^(z - c)``, where c is a multiple of 512, from 64 to 576
        below m.
    error : array_like of float64
        What the rounding of `rest` took from it.

    Notes
    -----
    The textbook scales by m itself (statement B30). Then each part that raises m rounds the sum
    anew, and the digits wear off. c seldom moves: when it does a second time, all that the first
    scaling rounded has shrunk by e^-512. So the result does not depend on how the classes are
    divided, but in the last digits: it is as exact as that of `logsumexp` (P18). The largest logit
    is left out of the sum because its own 1 would drown the others near certainty.

    Examples
    --------
    >>> parts = LogSumExp().update([[1000.0, 999.0]]), LogSumExp().update([[1001.0]])
    >>> print(parts[0].merge(parts[1]).logsumexp().round(4))
    [1001.4076]
    """

    maximum: Array = -np.inf  # type: ignore[assignment]
    rest: Array = 0.0  # type: ignore[assignment]
    error: Array = 0.0  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Keep copies that cannot be written to."""
        for name in ("maximum", "rest", "error"):
            kept = np.array(getattr(self, name), np.float64)
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)

    def __reduce__(self) -> tuple[Any, ...]:
        """Have a copy made the same way: what is unpickled could be written to."""
        return LogSumExp, (self.maximum, self.rest, self.error)

    @classmethod
    @quiet
    def of(cls, z: ArrayLike, start: Index = ()) -> LogSumExp:
        """Return the value for a part of the logits, its classes on the last axis.

        ``start`` is the index at which the part begins; errors count from there.
        """
        z = open_part(z)
        if not z.size:
            return cls(np.full(z.shape[:-1], -np.inf))
        rows = z.reshape(-1, z.shape[-1])
        m = rows.max(1).astype(np.float64)
        if not (m < np.inf).all():  # true of NaN as well
            check_entries(z, start)
        with ShortBuffer(z.shape[-1]):
            e = _powers(rows, _below(m))
            e[np.arange(len(e)), rows.argmax(1)] = 0
            high, low, _ = split_sums(e)
        rest, error = _two_sum(high, low)  # high alone has the grid of the row with the largest sum
        shape = z.shape[:-1]
        return cls(m.reshape(shape), rest.reshape(shape), error.reshape(shape))

    def update(self, z: ArrayLike) -> LogSumExp:
        """Return the value after more classes: logits of shape (..., any number of classes).

        Raises
        ------
        ValueError, TypeError
            If z holds NaN or +inf, is not made of real numbers of at most 64 bits, or has other
            rows than before.
        """
        return self.merge(LogSumExp.of(z))

    @quiet
    def merge(self, other: LogSumExp) -> LogSumExp:
        """Return the value after the classes of both."""
        _check_same_rows(self, other)
        m = np.maximum(self.maximum, other.maximum)
        less = np.minimum(self.maximum, other.maximum)  # joins the rest
        c = _below(m)
        a, a_error = self._scaled(c)
        b, b_error = other._scaled(c)
        rest, lost = _two_sum(a, b)
        rest, more = _two_sum(rest, _powers(less[..., None], c)[..., 0])
        error = (a_error + b_error) + (lost + more)
        return LogSumExp(m, *_two_sum(rest, error))

    @quiet
    def logsumexp(self) -> Array:
        """Return ``ln sum_k e^{z_k}`` of the classes so far, in float64; -inf if there are none."""
        return self.maximum + self._log1p()

    # What the chapters compute from a row, where only a part of it is at hand.

    @quiet
    def loss(self, own: Array) -> Array:
        """Return the loss, where ``own`` is the logit of the true class."""
        return (self.maximum - own) + self._log1p()

    @quiet
    def log_softmax(self, z: Array) -> Array:
        """Return the logarithms of the probabilities of some classes, on the last axis."""
        return (z - self.maximum[..., None]) - self._log1p()[..., None]

    @quiet
    def softmax(self, z: Array) -> Array:
        """Return the probabilities of some classes."""
        total = self.rest + self._top()
        return _powers(z, _below(self.maximum)) / total[..., None]

    @quiet
    def grad(self, z: Array, own: Array, labels: Array, count: int = 1) -> Array:
        """Return the gradient of the loss with respect to some classes, divided by ``count``.

        ``labels`` are the places of the true classes among them, out of range if not among them.
        """
        total = self.rest + self._top()
        divisor = count * total
        s = _powers(z, _below(self.maximum)) / divisor[..., None]
        others = total - _powers(own[..., None], _below(self.maximum))[..., 0]
        others = np.where(own == self.maximum, self.rest, others)
        np.copyto(
            s, (0 - others / divisor)[..., None], where=np.arange(z.shape[-1]) == labels[..., None]
        )
        return s  # s_k - 1 at k

    def _log1p(self) -> Array:
        """Return ``ln sum_k e^{z_k - m}``, whose largest term is 1."""
        top = self._top()
        return np.log1p(np.where(top > 0, self.rest / top, 0))

    def _scaled(self, c: Array) -> tuple[Array, Array]:
        """Return the rest and its error, scaled by another c, which is not smaller."""
        # The factor may be too small for a normal number, its root never is.
        root = np.exp(np.minimum(_below(self.maximum) - c, 0) / 2)
        return root * self.rest * root, root * self.error * root

    def _top(self) -> Array:
        """Return the largest term of the scaled sum."""
        return _powers(self.maximum[..., None], _below(self.maximum))[..., 0]


@quiet
def merged(maxima: ArrayLike, sums: ArrayLike) -> Array:
    """Return the log-sum-exp of rows that come in parts, as other programs keep them (B30).

    ``maxima`` are the largest logits of the parts, ``sums`` those of ``e^(z - maximum)``: of shape
    (parts, rows), or (parts,) for one row; -inf and 0 of a part without classes. Of parts that are
    given by their log-sum-exp, as the processes of a divided vocabulary give them, the sums are 1.
    """
    m, dtype = widened(np.asarray(maxima))
    sums = np.asarray(sums, m.dtype)
    if m.shape != sums.shape or not m.ndim or not len(m):
        raise ValueError(
            f"maxima and sums must have one shape (parts, ...); got {m.shape} and {sums.shape}"
        )
    top = m.max(0)
    shift = np.where(np.isneginf(top), 0, top)
    total = (sums * np.exp(m - shift)).sum(0)
    return (shift + np.log(total)).astype(dtype)


def _check_same_rows(a: LogSumExp, b: LogSumExp) -> None:
    """Refuse what NumPy would broadcast, or not: parts of different rows."""
    if not isinstance(b, LogSumExp):
        raise TypeError(f"other must be a LogSumExp; got {type(b).__name__}")
    rows = [x.maximum.shape for x in (a, b)]
    nothing = [x.maximum.ndim == 0 and np.isneginf(x.maximum) for x in (a, b)]
    if rows[0] != rows[1] and not any(nothing):
        raise ValueError(f"parts must be of the same rows; got {rows[0]} rows and {rows[1]}")


def _below(m: Array) -> Array:
    """Return the largest multiple of the grid that leaves the headroom below m; 0 for no class."""
    return np.where(np.isneginf(m), 0.0, GRID * np.floor((m - HEADROOM) / GRID))


def _powers(z: Array, c: Array) -> Array:
    """Return ``e^(z - c)`` in float64."""
    if not c.any():
        return np.exp(z, dtype=np.float64)
    c = c[..., None]
    if z.dtype == np.float32:
        return np.exp(z - c)
    return exp_minus(z, c)


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return the rounded sum, and exactly what the rounding took from it (Knuth 1969)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)
