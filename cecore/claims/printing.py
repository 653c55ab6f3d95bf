"""What is written to the terminal, whatever its encoding, and whether or not anybody reads it."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def every_letter(stream: TextIO | None) -> Iterator[None]:
    r"""Have letters that the encoding of a stream lacks written as escapes, such as ``\xe9``."""
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    before = stream.errors
    stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        stream.reconfigure(errors=before)


def tell(line: str) -> int:
    """Say what is wrong on standard error, if there is one, and return the exit status."""
    if sys.stderr is not None:
        try:
            print(line, file=sys.stderr, flush=True)
        except OSError:
            _to_nowhere(sys.stderr)
    return 2


def to_the_end(write: Callable[[], None]) -> int:
    """Write to standard output, if there is one, to the end; return 0, or 2 if that is refused."""
    try:
        write()
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _to_nowhere(sys.stdout)
        # A broken pipe is no fault: whoever reads has seen enough, as in `cecore verify | head`.
        if not isinstance(error, BrokenPipeError):
            return tell(f"cecore verify: cannot print: {error.strerror}")
    return 0


def _to_nowhere(stream: TextIO) -> None:
    """Let Python write there what is left as it ends: a second failure would be its exit status."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
