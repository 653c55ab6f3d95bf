"""What can be given to ``cecore verify``, and what is made of it."""

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from cecore.claims.book import CLAIMS
from cecore.claims.dtypes import FLOAT_NAMES
from cecore.claims.frameworks import FRAMEWORKS
from cecore.claims.kit.probe import LEVELS
from cecore.claims.libraries import LIBRARIES
from cecore.claims.model import CHOICES, DECLARED, FUNCTIONS, Function, Implementation
from cecore.claims.printing import tell, to_the_end
from cecore.claims.registry import ranges
from cecore.claims.words import in_a_line

# What follows --, and the function that it gives.
OPTIONS = {name.removeprefix("softmax_").replace("_", "-"): name for name in FUNCTIONS}


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Say it, and end with the status 2."""
        raise SystemExit(tell(f"{self.prog}: {message}"))

    def print_help(self, file: Any = None) -> None:
        """Print it, and see to it that it is printed."""
        if status := to_the_end(lambda: print(self.format_help(), end="")):
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


def _gradient(text: str) -> Function | str:
    """Return a function, or that the framework shall derive it, which it does by itself."""
    return text if text == "auto" else _function(text)


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
    there = path.exists() and not is_plain(path)
    if not os.access(path if there else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"cannot write {text!r}: permission denied")
    return path


def is_plain(path: Path) -> bool:
    """Return whether this is a file, or none yet: no pipe, no device, no link to anything."""
    return not path.is_symlink() and (path.is_file() or not path.exists())


def parser() -> Parser:
    """Return what reads the arguments."""
    whole = Parser(prog="cecore")
    commands = whole.add_subparsers(dest="command", required=True, metavar="command")
    command = commands.add_parser(
        "verify",
        help="check the claims of the book against an implementation",
        description="Check the claims of the book: against cecore itself, a library, or functions "
        "of your own (each as module:function, with the signature of its namesake in cecore). "
        "The exit status is 0 if it is correct and robust (--level) and no claim that was asked "
        "for fails, 1 if not, 2 if the command is wrong or no claim applies to what it gives.",
    )
    add = command.add_argument
    add(
        "function",
        nargs="?",
        type=_function,
        metavar="M:F",
        help="a function, of which --as says what it is",
    )
    add("--as", choices=[*OPTIONS], dest="role", metavar="NAME", help="one of the names below")
    add("--library", type=_library, metavar="NAME", help=f"one of {', '.join(LIBRARIES)}")
    for option, name in OPTIONS.items():
        kind = _gradient if name == "grad" else _function
        add(f"--{option}", type=kind, dest=name, metavar="M:F", help=f"check this {name}")
    names = ", ".join(FRAMEWORKS)
    add("--framework", choices=[*FRAMEWORKS], metavar="NAME", help=f"whose arrays: {names}")
    add("--device", metavar="NAME", help="where its arrays are, such as cuda")
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
    add("--level", choices=LEVELS, default="robust", help="the last that counts (robust)")
    add("--html", type=_file, metavar="FILE", help="write the report as a page")
    add("--junit", type=_file, metavar="FILE", help="write the levels as JUnit XML")
    add("--json", type=_file, metavar="FILE", help="write the evidence to a file")
    add("--isolate", action="store_true", help="in a process of its own: crashes are findings")
    add("--timeout", type=_seconds, metavar="SECONDS", help="isolate, and let no call take longer")
    add("-v", "--verbose", action="store_true", help="show proof, worst input and what was found")
    _declare(command)
    return whole


def _declare(command: argparse.ArgumentParser) -> None:
    """Add what may be declared of the functions."""
    group = command.add_argument_group(
        "what is declared of the functions: no failure, or judged by"
    )
    for name, choices in CHOICES.items():
        group.add_argument(f"--{name}", choices=choices, help=f"{choices[0]} by default")
    for name, words in (("axis", "the last axis only"), ("empty", "no empty batch")):
        group.add_argument(
            f"--no-{name}", dest=name, action="store_false", default=None, help=words
        )
    for name, kind, words in (
        ("classes", int, "the smallest number of classes"),
        ("ignore-index", int, "a label whose example does not count"),
        ("weights", _numbers, "of each class, as 1,0.5,2"),
        ("label-smoothing", float, "the share that goes to all classes alike"),
        ("temperature", float, "what the logits are divided by"),
        ("z-loss", float, "how many times the square of log-sum-exp is added"),
    ):
        group.add_argument(f"--{name}", type=kind, metavar="N", help=words)
    words = "examples x classes: only this (repeatable)"
    group.add_argument(
        "--shape", type=_shape, dest="shapes", action="append", metavar="NxN", help=words
    )


def declared(given: argparse.Namespace) -> dict[str, Any]:
    """Return what was declared, as fields of an `Implementation`."""
    found = {name: getattr(given, name, None) for name in DECLARED}
    return {name: value for name, value in found.items() if value is not None}


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(map(float, text.split(",")))


def _shape(text: str) -> tuple[int, ...]:
    shape = tuple(map(int, text.split("x")))
    if len(shape) != 2 or min(shape) < 1:
        raise argparse.ArgumentTypeError(f"expected examples and classes, as 8x128; got {text!r}")
    return shape
