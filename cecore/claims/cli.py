"""``cecore verify`` on the command line."""

import argparse
import importlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from cecore.claims.arguments import OPTIONS, declared, is_plain, parser
from cecore.claims.printing import every_letter, tell, to_the_end
from cecore.claims.report import HEAD, Report, details
from cecore.claims.run import InterruptedVerifyError, verify

INTERRUPTED = 130  # the exit status that shells give after Ctrl-C


def _write(path: Path, text: str) -> None:
    """Write beside the file, then rename: it is never there by half."""
    if not is_plain(path):
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
        with every_letter(sys.stdout), every_letter(sys.stderr):
            return _run(parser().parse_args(argv))
    finally:
        sys.path[:] = path


def _run(given: argparse.Namespace) -> int:
    functions = {n: getattr(given, n) for n in OPTIONS.values() if getattr(given, n) is not None}
    if bool(given.function) != bool(given.role):
        return tell("cecore verify: a function needs --as, which says what it is, and --as one")
    if given.role:
        functions[OPTIONS[given.role]] = given.function
    if functions.get("grad") == "auto":
        if not given.framework:
            return tell("cecore verify: --grad auto needs --framework, which derives it")
        del functions["grad"]
    if given.framework and (given.library or not functions):
        return tell("cecore verify: --framework needs functions of its arrays, and no --library")
    if given.claim and given.chapter:
        return tell("cecore verify: give --claim or --chapter, not both")
    if given.claim and given.junit:
        return tell("cecore verify: --junit writes the levels, of which --claim looks at none")
    try:
        report = verify(
            given.library,
            claims=given.claim,
            chapter=given.chapter,
            dtypes=given.dtype,
            seed=given.seed,
            level=given.level,
            isolate=given.isolate,
            timeout=given.timeout,
            framework=given.framework,
            device=given.device,
            progress=_is_terminal(sys.stderr),
            **functions,
            **declared(given),
        )
    except ImportError as error:  # mpmath, or a framework
        return tell(f"cecore verify: {error}")
    except InterruptedVerifyError as interrupted:
        known = interrupted.report
        return to_the_end(lambda: _print(known, given.verbose)) or INTERRUPTED
    page = f"<!doctype html><meta charset=utf-8>{report.html()}" if given.html else ""
    for option, path, text in (
        ("--json", given.json, report.to_json() if given.json else ""),
        ("--html", given.html, page),
        ("--junit", given.junit, report.junit() if given.junit else ""),
    ):
        try:
            if path:
                _write(path, text)
        except OSError as error:
            why = error.strerror or error
            return tell(f"cecore verify: argument {option}: cannot write {str(path)!r}: {why}")
    if status := to_the_end(lambda: _print(report, given.verbose)):
        return status
    if (given.library or functions) and not report.checked:
        return tell("cecore verify: no claim was checked")
    return 0 if report.ok else 1
