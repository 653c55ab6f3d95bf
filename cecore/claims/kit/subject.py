"""What is examined: an implementation, called with care, and what can be known of it beforehand."""

import contextlib
import importlib
import inspect
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from cecore.claims.calling import calling
from cecore.claims.dtypes import flushes_subnormals
from cecore.claims.limits import beyond
from cecore.claims.listening import listening
from cecore.claims.model import FUNCTIONS, Array, Implementation, NotSupportedError, StopError
from cecore.claims.trial import takes_axis
from cecore.claims.words import in_a_line


@cache
def known_dtypes() -> dict[str, np.dtype[Any]]:
    """Return the floating dtypes that functions may take: those of NumPy, and bfloat16."""
    found = {name: np.dtype(name) for name in ("float16", "float32", "float64")}
    with contextlib.suppress(ImportError):
        found["bfloat16"] = np.dtype(importlib.import_module("ml_dtypes").bfloat16)
    return dict(sorted(found.items(), key=lambda item: (item[1].itemsize, item[0])))


class Info:
    """What is known of a floating dtype."""

    def __init__(self, dtype: np.dtype[Any], flushes: bool) -> None:
        finfo: Any = np.finfo
        if dtype.kind != "f" or not issubclass(dtype.type, np.floating):
            finfo = importlib.import_module("ml_dtypes").finfo
        info = finfo(dtype)
        self.eps, self.max = float(info.eps), float(info.max)
        self.tiny = float(info.smallest_normal)  # nothing below it is held against a function
        self.least = self.tiny if flushes else self.tiny * self.eps  # the smallest above 0

    def ulp(self, size: Array) -> Array:
        """Return the distance of floats of this size, and no less than that of the smallest."""
        with np.errstate(all="ignore"):
            exponent = np.floor(np.log2(np.where(size > 0, size, self.tiny)))
            # log2 may round up just below a power of two.
            exponent = np.where(np.ldexp(1.0, exponent.astype(int)) > size, exponent - 1, exponent)
            ulp = np.ldexp(self.eps, np.maximum(exponent, np.log2(self.tiny)).astype(int))
        return np.maximum(ulp, self.least)


_info = cache(Info)


@dataclass
class Subject:
    """An implementation under examination."""

    implementation: Implementation
    calls: int = 0
    warnings: dict[str, str] = field(default_factory=dict)
    flushes: bool = field(default_factory=flushes_subnormals)
    flushing: set[str] = field(default_factory=set)  # functions that were seen to
    _axes: dict[str, bool] = field(default_factory=dict)
    deaf: bool = False  # to warnings: of NaN, say, anyone may warn

    @cached_property
    def names(self) -> list[str]:
        """The functions that there are."""
        return [name for name in FUNCTIONS if getattr(self.implementation, name) is not None]

    def info(self, dtype: np.dtype[Any]) -> Info:
        """Return what is known of a dtype."""
        return _info(dtype, self.flushes)

    def has_axis(self, name: str) -> bool:
        """Return whether the function has a parameter ``axis``."""
        if name not in self._axes:
            self._axes[name] = takes_axis(getattr(self.implementation, name))
        return self._axes[name]

    def axis_by_default(self, name: str) -> Any:
        """Return the default of the parameter ``axis``."""
        return inspect.signature(getattr(self.implementation, name)).parameters["axis"].default

    def result(self, name: str, *args: Any, axis: int | None = -1) -> Any:
        """Call a function and return what it returns; ``axis=None`` leaves the axis to it.

        Raises `StopError` if it raises or would end Python, and `NotSupportedError` if the call
        cannot be made.
        """
        if limit := beyond(self.implementation, name, args, axis):
            raise NotSupportedError(limit)
        function = getattr(self.implementation, name)
        named = {}
        if axis is not None and self.has_axis(name):
            named["axis"] = axis
        elif axis not in (None, -1):
            raise NotSupportedError(f"{name} has no parameter axis")
        self.calls += 1
        try:
            with (
                listening() as caught,
                np.errstate(all="warn", under="ignore"),
                calling(name, args, axis),
            ):
                result = function(*args, **named)
        except NotSupportedError:
            raise
        except (Exception, SystemExit) as error:
            raise StopError(f"{name} raised {in_a_line(error)}") from None
        for warning in [] if self.deaf else caught:
            if not isinstance(warning, DeprecationWarning | FutureWarning):
                self.warnings.setdefault(name, in_a_line(warning))
        return result

    def array(self, name: str, *args: Any) -> Array:
        """Call a function and return a copy of its result, an array of real numbers."""
        result = self.result(name, *args)
        try:
            got = np.array(result)
        except Exception as error:
            raise StopError(f"{name} returned what is no array: {in_a_line(error)}") from None
        if got.dtype.kind in "iuf" or got.dtype in known_dtypes().values():
            return got
        what = "None" if result is None else f"dtype {got.dtype}"
        raise StopError(f"{name} returned {what}, not real numbers")
