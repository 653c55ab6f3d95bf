"""Hold any implementation to the claims: from Python, or as ``cecore verify`` on the command line.

>>> report = verify(softmax=np.positive, claims=["S1", "B1"])  # this is no softmax
>>> print([(claim.id, evidence.verdict) for claim, evidence in report.results])
[('S1', 'failed'), ('B1', 'failed')]
"""

import argparse
import dataclasses
import importlib
import io
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TextIO

import numpy as np
from numpy.typing import DTypeLike

from cecore.chapters.combined import softmax_cross_entropy, softmax_cross_entropy_grad
from cecore.chapters.cross_entropy import cross_entropy, entropy, kl_divergence, one_hot
from cecore.chapters.derivative import softmax_jacobian, softmax_jvp, softmax_vjp
from cecore.chapters.softmax import log_softmax, logsumexp, softmax
from cecore.claims.libraries import LIBRARIES
from cecore.claims.statements import CLAIMS
from cecore.claims.trial import (
    FLOAT_NAMES,
    Claim,
    Evidence,
    Function,
    Implementation,
    float_types,
    flushes_subnormals,
    in_a_line,
)
from cecore.proofs.book import DERIVATIONS
from cecore.scale.in_memory import loss_and_grad
from cecore.scale.parts import LogSumExp

CECORE = Implementation(
    name="cecore",
    softmax=softmax,
    log_softmax=log_softmax,
    logsumexp=logsumexp,
    softmax_jacobian=softmax_jacobian,
    softmax_jvp=softmax_jvp,
    softmax_vjp=softmax_vjp,
    cross_entropy=cross_entropy,
    entropy=entropy,
    kl_divergence=kl_divergence,
    one_hot=one_hot,
    loss=softmax_cross_entropy,
    grad=softmax_cross_entropy_grad,
    loss_and_grad=loss_and_grad,
    parts=LogSumExp,
)


FLUSHED = (
    "This process turns numbers below the smallest normal one to 0 (a library has told the "
    "processor so), and the functions may too."
)


@dataclasses.dataclass(frozen=True)
class Report:
    """The evidence for each claim that was checked, and what else must be said of it."""

    name: str
    results: list[tuple[Claim, Evidence]]
    note: str = ""

    @property
    def failed(self) -> list[tuple[Claim, Evidence]]:
        """The claims that were refuted, or that could not be checked because of an error."""
        return [(c, e) for c, e in self.results if e.verdict in ("failed", "error")]

    @property
    def checked(self) -> bool:
        """Whether any claim was checked at all: one that does not apply is not."""
        return any(e.verdict != "not applicable" for _, e in self.results)

    @property
    def ok(self) -> bool:
        """Whether no claim failed."""
        return not self.failed

    def assert_ok(self) -> None:
        """Raise an AssertionError that lists what failed, or if nothing was checked at all."""
        if not self.checked:
            raise AssertionError(f"{self.summary()}: no claim was checked")
        if self.failed:
            table = self.table(verbose=True, only_failed=True)
            raise AssertionError("\n".join(filter(None, [self.summary(), table, self.note])))

    def summary(self) -> str:
        """How many claims held, failed and did not apply, in one line."""
        verdicts = [e.verdict for _, e in self.results]
        counts = [f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts)]
        return f"{self.name}: {', '.join(counts) or 'nothing to check'}"

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Id, verdict, inputs, worst error in ulps, and sentence of each claim."""
        return [
            (c.id, e.verdict, str(e.inputs or ""), _figure(e.ulps), c.sentence)
            for c, e in self.results
        ]

    def table(self, *, verbose: bool = False, only_failed: bool = False, width: int = 100) -> str:
        """Lay the evidence out as plain text: if verbose, with worst input and message as well.

        And with the proofs, unless only what failed is shown: of its function they say nothing.
        """
        shown = [HEAD]
        shown += [
            row for row, r in zip(self.rows(), self.results, strict=True) if _shows(r, only_failed)
        ]
        sizes = [max(len(row[i]) for row in shown) for i in range(4)]
        indent = " " * (sum(sizes) + 8)
        results = iter(r for r in self.results if _shows(r, only_failed))
        lines = []
        for number, row in enumerate(shown):
            cells = (f"{cell:{'<<>>'[i]}{sizes[i]}}" for i, cell in enumerate(row[:4]))
            text = "  ".join([*cells, row[4]])
            lines += textwrap.wrap(text, width, subsequent_indent=indent)
            if number and verbose:
                details = _details(*next(results), proofs=not only_failed)
                lines += [
                    line
                    for d in details
                    for line in textwrap.wrap(
                        d, width, initial_indent="    ", subsequent_indent="      "
                    )
                ]
        return "\n".join(line.rstrip() for line in lines)

    def to_json(self) -> str:
        """Return the evidence as JSON; an infinite error is the string "inf"."""
        claims = []
        for claim, evidence in self.results:
            entry = {k: getattr(claim, k) for k in ("id", "sentence", "chapter", "label", "proofs")}
            entry |= dataclasses.asdict(evidence)
            if evidence.ulps == np.inf:
                entry["ulps"] = "inf"
            claims.append(entry)
        whole: dict[str, Any] = {"implementation": self.name, "ok": self.ok}
        whole |= {"note": self.note} if self.note else {}
        whole["claims"] = claims
        text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        # Half of a pair of surrogates has no place in UTF-8, but an escape in JSON.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


HEAD = ("claim", "verdict", "inputs", "ulps", "sentence")


def _shows(result: tuple[Claim, Evidence], only_failed: bool) -> bool:
    return not only_failed or result[1].verdict in ("failed", "error")


def _figure(ulps: float | None) -> str:
    return "" if ulps is None else f"{ulps:.1f}" if ulps < 1e4 else f"{ulps:.0e}"


def _details(claim: Claim, evidence: Evidence, proofs: bool = True) -> list[str]:
    labels = claim.proofs if proofs else ()
    proved = [("proof", line) for label in labels for line in _proof(label)]
    found = [("worst", evidence.worst), ("found", evidence.message), ("reason", claim.reason)]
    return [f"{name}: {text}" for name, text in [*proved, *found] if text]


def _proof(label: str) -> list[str]:
    """Prove a derivation of the book here and now, and show it."""
    derivation = DERIVATIONS[label]
    try:
        done = derivation.prove()
    except ImportError as error:
        done = f"not checked here: {error}"
    return [f"{label}. {done}", *derivation.latex().splitlines()]


def verify(
    implementation: Implementation | None = None,
    *,
    claims: Iterable[str] | None = None,
    dtypes: Iterable[DTypeLike] | None = None,
    progress: bool = False,
    **functions: Function,
) -> Report:
    """Check an implementation against the claims of the book; cecore itself by default.

    Parameters
    ----------
    implementation : Implementation, optional
        What to check.
    claims : iterable of str, optional
        The ids of the claims to check; all of them by default.
    dtypes : iterable of dtypes, optional
        Of float16 and float32, those that the functions take; float64 they always have to. By
        default all that the implementation takes, which for functions of your own is all three.
    progress : bool, default False
        Show a progress bar on standard error, if rich is installed.
    functions : callables, by name
        Instead of an implementation, or to replace some of its functions: any of its fields, as in
        ``verify(softmax=my_softmax)``. A claim that needs others is "not applicable".

    Returns
    -------
    Report
        ``.ok``, ``.checked``, ``.failed``, ``.table()``, ``.to_json()``, and ``.assert_ok()`` for a
        test.

    Raises
    ------
    TypeError
        If one of the functions has a name that no implementation has, or cannot be called; if
        `implementation` is no Implementation; if claims or dtypes are not several.
    ValueError
        If there is no claim of one of the ids, or a dtype is none of the three.

    Examples
    --------
    >>> verify(claims=["S1"]).ok
    True
    """
    if not isinstance(implementation, Implementation | None):
        raise TypeError(
            "implementation must be an Implementation, or functions be given by name, "
            f"as in verify(softmax=my_softmax); got {implementation!r}"
        )
    names = [field.name for field in dataclasses.fields(Implementation)][3:]
    for name, function in functions.items():
        if name not in names:
            raise TypeError(f"functions must be any of {', '.join(names)}; got {name}")
        if not callable(function):
            raise TypeError(f"{name} must be a function; got {function!r}")
    if implementation is None:
        implementation = Implementation() if functions else CECORE
    elif functions:
        name = f"{implementation.name} with your {', '.join(functions)}"
        implementation = dataclasses.replace(implementation, name=name)
    implementation = dataclasses.replace(implementation, **functions)  # type: ignore[arg-type]
    if dtypes is not None:
        types = (np.float64, *float_types(dtypes))
        implementation = dataclasses.replace(implementation, dtypes=types)
    if isinstance(claims, str):
        raise TypeError(f"claims must be several ids, as in ['S1']; got {claims!r}")
    ids = list(CLAIMS)
    wanted = ids if claims is None else list(claims)
    for claim in wanted:
        if claim not in ids:
            raise ValueError(f"claims must be ids such as S1, B4 or P1; got {claim!r}")
    chosen: Iterable[str] = _with_progress(wanted) if progress else wanted
    results = [(CLAIMS[i], _check(CLAIMS[i], implementation)) for i in chosen]
    return Report(implementation.name, results, FLUSHED if flushes_subnormals() else "")


def _check(claim: Claim, implementation: Implementation) -> Evidence:
    if claim.check is None:
        return Evidence("not applicable", message="not a statement about functions")
    return claim.check(implementation)


def _with_progress(ids: list[str]) -> Iterable[str]:
    try:
        console = importlib.import_module("rich.console").Console(stderr=True)
        track = importlib.import_module("rich.progress").track
    except ImportError:
        return ids
    return track(ids, description="Checking the claims", console=console, transient=True)


# Command line

OPTIONS = {
    "softmax": "softmax",
    "log-softmax": "log_softmax",
    "logsumexp": "logsumexp",
    "jacobian": "softmax_jacobian",
    "jvp": "softmax_jvp",
    "vjp": "softmax_vjp",
    "cross-entropy": "cross_entropy",
    "entropy": "entropy",
    "kl-divergence": "kl_divergence",
    "one-hot": "one_hot",
    "loss": "loss",
    "grad": "grad",
    "loss-and-grad": "loss_and_grad",
    "parts": "parts",
}


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
        raise argparse.ArgumentTypeError(f"no claim {text!r}: ids run S0-S19, B1-B31, P1-P18, R1")
    return text.upper()


def _library(text: str) -> Implementation:
    if text not in LIBRARIES:
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(LIBRARIES)}; got {text!r}")
    try:
        return LIBRARIES[text]()
    except ImportError as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be imported here: {error}") from None


def _json_path(text: str) -> Path:
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
    add("--json", type=_json_path, metavar="FILE", help="write the evidence to a file")
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


def _print(report: Report, verbose: bool) -> None:
    """Print a table in colour on a terminal with rich, and plain text anywhere else."""
    try:
        if not _is_terminal(sys.stdout):
            raise ImportError
        console = importlib.import_module("rich.console").Console()
        table = importlib.import_module("rich.table").Table(*HEAD)
        plain = importlib.import_module("rich.text").Text  # with its brackets and backslashes
    except ImportError:
        width = shutil.get_terminal_size((100, 0)).columns
        print(report.table(verbose=verbose, width=width))
    else:
        colours = {"held": "green", "failed": "red", "error": "red", "not applicable": "dim"}
        for row, result in zip(report.rows(), report.results, strict=True):
            text = "\n".join([row[4], *(_details(*result) if verbose else [])])
            verdict = plain().append(row[1], colours[row[1]])
            table.add_row(row[0], verdict, row[2], row[3], plain(text))
        console.print(table)
    if report.note:
        print(report.note)
    print(report.summary())


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
    try:
        report = verify(
            given.library,
            claims=given.claim,
            dtypes=given.dtype,
            progress=_is_terminal(sys.stderr),
            **functions,
        )
        if given.json:
            _write(given.json, report.to_json())
    except ImportError as error:  # mpmath
        return _tell(f"cecore verify: {error}")
    except OSError as error:
        why = error.strerror or error
        return _tell(f"cecore verify: argument --json: cannot write {str(given.json)!r}: {why}")
    if status := _written(lambda: _print(report, given.verbose)):
        return status
    if (given.library or functions) and not report.checked:
        return _tell("cecore verify: no claim was checked")
    return 0 if report.ok else 1
