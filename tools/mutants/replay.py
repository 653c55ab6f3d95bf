"""Run a notebook's cells as nbval does, but in this process, which can branch off at any cell.

A changed cell then costs no more than its own run: it is tried in a fork, and nothing is undone.
The cells are those that pytest collects; what differs is for nbval and book/conftest.py to say.
"""

import contextlib
import io
import os
import signal
import sys

import nbformat
import pytest
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import v4
from traitlets.config import Config

AHEAD = 4  # cells after a changed one that may be the first to show it
TIMEOUT = 120  # seconds, as many as nbval gives a cell


def in_fork(f, *args):
    """Return what f returns in a copy of this process, or the name of its error.

    It is "timeout" if that takes too long, and "" if the process dies of something else.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(TIMEOUT)
        try:
            result = f(*args)
        except BaseException as error:
            result = type(error).__name__
        os.write(write, result.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        result = pipe.read()
    _, status = os.waitpid(pid, 0)
    return "timeout" if os.waitstatus_to_exitcode(status) == -signal.SIGALRM else result


def collect(*places):
    """Return what pytest finds in some folders and files: tests, and the cells of notebooks."""

    class Plugin:
        def pytest_collection_finish(self, session):
            items.extend(session.items)

    items = []
    names = map(os.path.relpath, places)  # in a whole path, pytest takes a bracket for its own
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        if pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *names], [Plugin()]):
            raise RuntimeError(printed.getvalue())
    return items


def differs(item, fresh, stored):
    """Whether nbval says so."""
    return not item.compare_outputs(*map(nbformat.from_dict, ([*fresh], [*stored])))


class Notebook:
    """The cells of a notebook and the shell that runs them, of which a process has only one."""

    def __init__(self, items):
        self.items = items
        self.shown = shown = []

        class Publisher(DisplayPublisher):
            def publish(self, data, metadata=None, **kwargs):
                shown.append(v4.new_output("display_data", data))

        class Hook(DisplayHook):
            def write_output_prompt(self):
                pass

            def write_format_data(self, format_dict, md_dict=None):
                shown.append(v4.new_output("execute_result", format_dict))

            def finish_displayhook(self):
                self._is_active = False

        folder = items[0].parent.path.parent
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
        self.shell = InteractiveShell.instance(
            config=Config({"HistoryManager": {"enabled": False}}),
            displayhook_class=Hook,
            display_pub_class=Publisher,
        )
        self.shell.showtraceback = self.shell.showsyntaxerror = lambda *args, **kwargs: None

    def outputs(self, source):
        """Run a cell and return its outputs."""
        self.shown.clear()
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            result = self.shell.run_cell(source, store_history=True)
        streams = {"stdout": out.getvalue(), "stderr": err.getvalue()}
        outputs = [
            v4.new_output("stream", name=n, text=text) for n, text in streams.items() if text
        ]
        if error := result.error_before_exec or result.error_in_exec:
            self.shown.append(v4.new_output("error", ename=type(error).__name__, evalue=str(error)))
        return outputs + self.shown

    def run(self, number):
        """Run a cell as it is, and return its outputs, which must be those that are stored."""
        item = self.items[number]
        fresh = self.outputs(item.cell.source)
        if differs(item, fresh, item.cell.outputs):
            raise RuntimeError(f"{item.parent.path}, {item.name}: other outputs are stored")
        return fresh

    def first_difference(self, number, source, ahead=AHEAD):
        """Run a changed cell and some after it; return the first whose outputs differ."""
        items = self.items[number : number + 1 + ahead]
        sources = [source, *(item.cell.source for item in items[1:])]
        for item, source in zip(items, sources, strict=True):
            if differs(item, self.outputs(source), item.cell.outputs):
                return item.name
        return ""
