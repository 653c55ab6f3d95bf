"""What a function warns of in this thread, and nothing that other threads say meanwhile.

`warnings.catch_warnings` changes the filters of the whole process before Python 3.14: beside
another thread it hears that thread's warnings, and two that overlap leave the wrong filters behind.
"""

import contextlib
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

_here = threading.local()  # `caught`: the list of this thread, if it is listening
_lock = threading.Lock()
_listeners = 0


class _Here:
    """Stands where a filter has its pattern, and fits whatever is said in a thread that listens."""

    def match(self, text: str) -> bool:
        return _listens()


class _Unused(Warning):
    """For a filter that changes nothing."""


_FILTER: Any = ("always", _Here(), Warning, None, 0)
_NO_FILTER: Any = ("ignore", None, _Unused, None, 0)


@contextlib.contextmanager
def listening() -> Iterator[list[Warning]]:
    """Give a list that gets each warning of this thread; none is shown, and none raised."""
    global _listeners
    if getattr(sys.flags, "context_aware_warnings", False):
        with warnings.catch_warnings(record=True) as messages:
            warnings.simplefilter("always")
            caught: list[Warning] = []
            yield caught
            caught += [m.message for m in messages if isinstance(m.message, Warning)]
        return
    outer = getattr(_here, "caught", None)
    _here.caught = []
    with _lock:
        _listeners += 1
        _install()
    try:
        yield _here.caught
    finally:
        _here.caught = outer
        with _lock:
            _listeners -= 1
            if not _listeners:
                _remove()


def _listens() -> bool:
    return getattr(_here, "caught", None) is not None


def _install() -> None:
    """Put filter and hook in place, if they are not (any more): others may reset them any time."""
    if not warnings.filters or warnings.filters[0] is not _FILTER:
        # Another list: of one that becomes shorter meanwhile, another thread would skip a filter.
        warnings.filters = [_FILTER, *warnings.filters]
    # Python remembers what was said before, and would not say it again, until a filter is added.
    warnings.simplefilter("ignore", _Unused, append=True)
    if not hasattr(warnings.showwarning, "before"):
        warnings.showwarning = _hook(warnings.showwarning)


def _remove() -> None:
    warnings.filters = [f for f in warnings.filters if f not in (_FILTER, _NO_FILTER)]
    if hasattr(warnings.showwarning, "before"):
        warnings.showwarning = warnings.showwarning.before


def _hook(before: Callable[..., None]) -> Callable[..., None]:
    """Return a function that keeps what this thread says, and passes on what others say."""

    def show(message: Any, *args: Any, **named: Any) -> None:
        if _listens():
            _here.caught.append(message)
        else:
            before(message, *args, **named)

    show.before = before  # type: ignore[attr-defined]
    return show
