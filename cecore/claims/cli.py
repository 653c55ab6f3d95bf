"""``cecore verify`` on the command line."""

import argparse
import importlib
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TextIO

from cecore.claims.book import CLAIMS
from cecore.claims.dtypes import FLOAT_NAMES
from cecore.claims.libraries import LIBRARIES
from cecore.claims.model import FUNCTIONS, Function, Implementation
from cecore.claims.registry import ranges
from cecore.claims.report import HEAD, Report, details
from cecore.claims.run import InterruptedVerifyError, verify
from cecore.claims.words import in_a_line

INTERRUPTED = 130  # the exit status that shells give after Ctrl-C
# What follows --, and the function that it gives.
OPTIONS = {name.removeprefix("softmax_").replace("_", "-"): name for name in FUNCTIONS}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SystemExit(_tell(f"{self.prog}: {message}"))

    def print_help(self, file: Any = None) -> None:
        """Print it, and see to it that it is printed."""
        if status := _written(lambda: print(self.format_help(), end="")):
            raise SystemExit(status)


def _function(text: str) -> Function:
    """Import what ``module:function`` names."""
    module, colon, path = text.partition(":")
    if not (module and colon and path):
        raise argparse.ArgumentTypeError(f"expected module:function, got {text!r}")
    if "/" in module or module.endswith(".py"):
        raise argparse.ArgumentTypeError(
            f"expected a module's name, such as mine for mine.py here, got {text!r}"
        )
    if os.getcwd() not in sys.path:  # the console script does not look here
        sys.path.insert(0, os.getcwd())  # until the end: functions may import when they are called
    try:
        found: Any = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
    except (Exception, SystemExit) as error:
        why = "it calls sys.exit" if isinstance(error, SystemExit) else in_a_line(error)
        raise argparse.ArgumentTypeError(f"cannot import {text!r}: {why}") from None
    if not callable(found):
        raise argparse.ArgumentTypeError(f"{text!r} is not a function")
    return found


def _claim_id(text: str) -> str:
    if text.upper() not in CLAIMS:
        raise argparse.ArgumentTypeError(f"no claim {text!r}: ids run {ranges(CLAIMS)}")
    return text.upper()


def _library(text: str) -> Implementation:
    if text not in LIBRARIES:
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(LIBRARIES)}; got {text!r}")
    try:
        return LIBRARIES[text]()
    except ImportError as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be imported here: {error}") from None


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got {text}")
    return seconds


def _file(text: str) -> Path:
    path = Path(text)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:  # such as for a name that is too long
        raise argparse.ArgumentTypeError(f"cannot write {text!r}: {error.strerror}") from None
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"cannot write {text!r}: no file in an existing folder")
    there = path.exists() and not _is_plain(path)
    if not os.access(path if there else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"cannot write {text!r}: permission denied")
    return path


def _is_plain(path: Path) -> bool:
    """Return whether this is a file, or none yet: no pipe, no device, no link to anything."""
    return not path.is_symlink() and (path.is_file() or not path.exists())


def _parser() -> _Parser:
    parser = _Parser(prog="cecore")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    add = commands.add_parser(
        "verify",
        help="check the claims of the book against an implementation",
        description="Check the claims of the book: against cecore itself, a library, or functions "
        "of your own (each as module:function, with the signature of its namesake in cecore). "
        "The exit status is 0 if no claim fails, 1 if one does, 2 if the command is wrong or no "
        "claim applies to what it gives.",
    ).add_argument
    add("--library", type=_library, metavar="NAME", help=f"one of {', '.join(LIBRARIES)}")
    for option, name in OPTIONS.items():
        add(f"--{option}", type=_function, dest=name, metavar="M:F", help=f"check this {name}")
    add("--claim", type=_claim_id, action="append", metavar="ID", help="only this (repeatable)")
    add(
        "--dtype",
        choices=FLOAT_NAMES,
        action="append",
        metavar="DTYPE",
        help="call with float64 and this only (repeatable)",
    )
    chapters = [*dict.fromkeys(claim.chapter for claim in CLAIMS.values())]
    add("--chapter", choices=chapters, metavar="NAME", help=f"one of {', '.join(chapters)}")
    add("--seed", type=int, default=0, metavar="N", help="of the random inputs (0)")
    add("--html", type=_file, metavar="FILE", help="write the report as a page")
    add("--json", type=_file, metavar="FILE", help="write the evidence to a file")
    add("--isolate", action="store_true", help="in a process of its own: crashes are findings")
    add("--timeout", type=_seconds, metavar="SECONDS", help="isolate, and let no call take longer")
    add("-v", "--verbose", action="store_true", help="show proof, worst input and what was found")
    return parser


def _write(path: Path, text: str) -> None:
    """Write beside the file, then rename: it is never there by half."""
    if not _is_plain(path):
        path.write_text(text, "utf-8")
        return
    beside = path.with_name(f".cecore.{os.getpid()}")
    try:
        beside.write_text(text, "utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()  # None if it is closed


def _drawn(report: Report, verbose: bool) -> Any:
    """Return the table that rich draws."""
    table = importlib.import_module("rich.table").Table(*HEAD)
    plain = importlib.import_module("rich.text").Text  # with its brackets and backslashes
    colours = {"held": "green", "failed": "red", "error": "red", "not applicable": "dim"}
    for row, result in zip(report.rows(), report.results, strict=True):
        name, verdict, inputs, ulps, sentence = row
        lines = [sentence]
        if verbose:
            lines += details(*result)
        coloured = plain().append(verdict, colours[verdict])
        table.add_row(name, coloured, inputs, ulps, plain("\n".join(lines)))
    return table


def _print(report: Report, verbose: bool) -> None:
    """Print the levels, and, if verbose or if claims were asked for, the claims."""
    if report.examination is not None:
        print(report.text(min(shutil.get_terminal_size((80, 0)).columns, 100)))
        print()
    if report.examination is None or verbose:
        _print_claims(report, verbose)
    if report.note:
        print(report.note)
    more = "" if verbose or report.examination is None else " (-v lists the claims)"
    print(f"{report.summary()}{more}")


def _print_claims(report: Report, verbose: bool) -> None:
    """Print a table in colour on a terminal with rich, and plain text anywhere else."""
    try:
        if not _is_terminal(sys.stdout):
            raise ImportError
        table = _drawn(report, verbose)
        importlib.import_module("rich.console").Console().print(table)
    except ImportError:
        width = shutil.get_terminal_size((100, 0)).columns
        print(report.table(verbose=verbose, width=width))


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``cecore`` with these arguments and return the exit status."""
    path = [*sys.path]
    try:
        with _every_letter(sys.stdout), _every_letter(sys.stderr):
            return _run(_parser().parse_args(argv))
    finally:
        sys.path[:] = path


@contextmanager
def _every_letter(stream: TextIO | None) -> Iterator[None]:
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


def _tell(line: str) -> int:
    """Say what is wrong on standard error, if there is one, and return the exit status."""
    if sys.stderr is not None:
        try:
            print(line, file=sys.stderr, flush=True)
        except OSError:
            _to_nowhere(sys.stderr)
    return 2


def _written(write: Callable[[], None]) -> int:
    """Write to standard output, if there is one, to the end; return 0, or 2 if that is refused."""
    try:
        write()
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _to_nowhere(sys.stdout)
        # A broken pipe is no fault: whoever reads has seen enough, as in `cecore verify | head`.
        if not isinstance(error, BrokenPipeError):
            return _tell(f"cecore verify: cannot print: {error.strerror}")
    return 0


def _to_nowhere(stream: TextIO) -> None:
    """Let Python write there what is left as it ends: a second failure would be its exit status."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _run(given: argparse.Namespace) -> int:
    functions = {n: getattr(given, n) for n in OPTIONS.values() if getattr(given, n) is not None}
    if given.claim and given.chapter:
        return _tell("cecore verify: give --claim or --chapter, not both")
    try:
        report = verify(
            given.library,
            claims=given.claim,
            chapter=given.chapter,
            dtypes=given.dtype,
            seed=given.seed,
            isolate=given.isolate,
            timeout=given.timeout,
            progress=_is_terminal(sys.stderr),
            **functions,
        )
    except ImportError as error:  # mpmath
        return _tell(f"cecore verify: {error}")
    except InterruptedVerifyError as interrupted:
        known = interrupted.report
        return _written(lambda: _print(known, given.verbose)) or INTERRUPTED
    page = f"<!doctype html><meta charset=utf-8>{report.html()}" if given.html else ""
    for option, path, text in (
        ("--json", given.json, report.to_json() if given.json else ""),
        ("--html", given.html, page),
    ):
        try:
            if path:
                _write(path, text)
        except OSError as error:
            why = error.strerror or error
            return _tell(f"cecore verify: argument {option}: cannot write {str(path)!r}: {why}")
    if status := _written(lambda: _print(report, given.verbose)):
        return status
    if (given.library or functions) and not report.checked:
        return _tell("cecore verify: no claim was checked")
    return 0 if report.ok else 1
