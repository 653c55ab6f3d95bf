"""Which call is under way, for a process that waits for it to return."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# What is called, with which arguments and axis; None: nothing, the last call has returned.
Call = tuple[str, tuple[Any, ...], int | None] | None

_tell: Callable[[Call], None] | None = None


def tell(listener: Callable[[Call], None]) -> None:
    """Have each call of this process told to a listener before it is made, and after."""
    global _tell
    _tell = listener


@contextmanager
def calling(name: str, args: tuple[Any, ...], axis: int | None) -> Iterator[None]:
    """Tell of a call, if anybody listens."""
    if _tell is None:
        yield
        return
    _tell((name, args, axis))
    try:
        yield
    finally:
        _tell(None)
