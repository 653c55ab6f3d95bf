"""Functions called in a process of their own: one that crashes or hangs costs one finding.

The process tells of each call before it makes it. When it dies, or a call takes too long, the one
that waits knows which call it was, and goes on with a new process.
"""

import contextlib
import faulthandler
import importlib
import multiprocessing
import pickle
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from cecore.claims import calling
from cecore.claims.kit.subject import Subject
from cecore.claims.listening import listening
from cecore.claims.model import Implementation

TIMEOUT = 60.0  # in seconds: so long may a call take
# After so many crashes, or hangs, which cost more, a function is not called any more.
DEATHS = {"crash": 30, "hang": 3}
GONE = "crashed or hung again and again, and was not called any more"

Task = Callable[..., Any]


class DiedError(Exception):
    """A call has ended the process, or did not return."""

    def __init__(self, kind: str, how: str, call: calling.Call) -> None:
        self.kind, self.call = kind, call  # a "crash" or a "hang"
        super().__init__(f"{call[0] if call else 'the process'} {how}")


class Here:
    """Calls the functions in this process."""

    def __init__(self, implementation: Implementation) -> None:
        self.subject = Subject(implementation)
        self.dropped: list[str] = []  # functions that are not called any more
        self._deaths: Counter[tuple[str, str]] = Counter()

    def run(self, task: Task, *args: Any) -> Any:
        """Return ``task(subject, *args)``."""
        # What comes of converting a result is not told; `Subject.result` listens for itself.
        with np.errstate(all="ignore"), listening():
            return task(self.subject, *args)

    def bury(self, died: DiedError) -> None:
        """Count a crash or a hang against the function that was called."""
        if died.call:
            name = died.call[0]
            self._deaths[name, died.kind] += 1
            if self._deaths[name, died.kind] == DEATHS[died.kind]:
                self.dropped.append(name)

    def close(self) -> None:
        """Do nothing: there is no process to end."""


class Worker(Here):
    """Calls the functions in another process."""

    def __init__(self, implementation: Implementation, timeout: float = TIMEOUT) -> None:
        super().__init__(implementation)
        self.timeout = timeout
        self._process: Any = None
        self._connection: Any = None

    def run(self, task: Task, *args: Any) -> Any:
        """Return ``task(subject, *args)``; raise `DiedError` if a call crashes or hangs."""
        if self._process is None:
            self._start()
        with contextlib.suppress(OSError):  # which `_received` finds as well
            self._connection.send((task, args))
        call: calling.Call = None
        while True:
            kind, value = self._received(call)
            if kind == "call":
                call = value
            elif kind == "error":
                raise value
            else:
                result, calls, warnings = value
                self.subject.calls += calls
                self.subject.warnings = warnings | self.subject.warnings
                return result

    def _start(self) -> None:
        forks = "fork" in multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        here, there = context.Pipe()
        # A fork has both ends, and would not learn that the other one is closed.
        args = (there, self.subject.implementation, here if forks else None)
        self._process = context.Process(target=_serve, args=args, daemon=True)
        try:
            self._process.start()
        except (AttributeError, TypeError, pickle.PicklingError) as error:
            self._process = None
            raise TypeError(
                "isolate needs functions that can be pickled where processes do not fork, such as "
                f"those of a module: {error}"
            ) from None
        there.close()
        self._connection = here

    def _received(self, call: calling.Call) -> Any:
        try:
            if call is None or self._connection.poll(self.timeout):
                return self._connection.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            how = signal.strsignal(-code) if code < 0 else f"exit status {code}"
            self.close()
            raise DiedError("crash", f"ended Python: {how}", call) from None
        self.close()
        raise DiedError("hang", f"did not return within {self.timeout:g} s", call)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._process = self._connection = None


def _serve(connection: Any, implementation: Implementation, other_end: Any) -> None:
    """Do what the other process asks for, until it asks no more."""
    if other_end is not None:
        other_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process decides what Ctrl-C ends
    faulthandler.disable()
    with contextlib.suppress(ImportError):  # leave no core dump behind
        resource = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    calling.tell(lambda call: connection.send(("call", call)))
    here = Here(implementation)
    with contextlib.suppress(EOFError, OSError):
        while True:
            task, args = connection.recv()
            here.subject.calls, here.subject.warnings = 0, {}
            try:
                result = here.run(task, *args)
            except Exception as error:
                connection.send(("error", error))
            else:
                connection.send(("result", (result, here.subject.calls, here.subject.warnings)))
