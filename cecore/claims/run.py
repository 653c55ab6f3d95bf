"""Hold an implementation to the claims.

>>> report = verify(softmax=np.positive, claims=["S1", "B1"])  # this is no softmax
>>> print([(claim.id, evidence.verdict) for claim, evidence in report.results])
[('S1', 'failed'), ('B1', 'failed')]
"""

import importlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from cecore.chapters import combined, cross_entropy, derivative, softmax
from cecore.claims import frameworks
from cecore.claims.book import CLAIMS
from cecore.claims.dtypes import float_types, flushes_subnormals
from cecore.claims.frameworks import adapt
from cecore.claims.isolated import GONE, TIMEOUT, DiedError, Here, Worker
from cecore.claims.kit.examine import Examination
from cecore.claims.kit.probe import LEVELS
from cecore.claims.kit.subject import Subject
from cecore.claims.model import DECLARED, FUNCTIONS, LABELLED, Claim, Evidence, Implementation
from cecore.claims.report import Report
from cecore.claims.words import written
from cecore.scale import in_memory, linear, parts

_OURS = {
    name: value
    for module in (softmax, derivative, cross_entropy, combined, in_memory, linear, parts)
    for name, value in vars(module).items()
}
CECORE = Implementation(
    name="cecore",
    **{name: _OURS[kind.namesake or name] for name, kind in FUNCTIONS.items()},
)

FLUSHED = (
    "This process turns numbers below the smallest normal one to 0 (a library has told the "
    "processor so), and the functions may too."
)


def verify(
    implementation: Implementation | None = None,
    *,
    claims: Iterable[str] | None = None,
    chapter: str | None = None,
    dtypes: Iterable[DTypeLike] | None = None,
    seed: int = 0,
    level: str = "robust",
    isolate: bool = False,
    timeout: float | None = None,
    framework: str | None = None,
    device: str | None = None,
    progress: bool = False,
    **functions: Any,
) -> Report:
    """Find out where an implementation goes wrong, and which claims of the book hold for it.

    The report opens with three levels. *Correct*: the values, to the rounding of each dtype.
    *Robust*: large logits and gaps, shifts, masks, long rows, NaN, labels that are no class.
    *Exact*: to the last digits. Then comes a block for each cause, with the smallest input that
    shows it. Which of them hold for the claims of the book one by one is said by ``.table()``.

    Parameters
    ----------
    implementation : Implementation, optional
        What to check.
    claims : iterable of str, optional
        The ids of the claims to check, and nothing else; by default all of them, and the levels.
    chapter : str, optional
        Check the claims of one chapter, such as "softmax", and the levels.
    dtypes : iterable of dtypes, optional
        Of float16 and float32, those that the functions take; float64 they always have to. By
        default all that the implementation takes, which for functions of your own is all three;
        the levels are looked at in bfloat16 as well, where it is taken and ml_dtypes is installed.
    seed : int, default 0
        Of the random inputs of the levels.
    level : {"correct", "robust", "exact", "strict"}, default "robust"
        The last level that counts for ``.ok``. Strict asks that bad input is refused, and is looked
        at only if it counts.
    isolate : bool, default False
        Call the functions in a process of their own: a crash or a hang is then a finding like any
        other. Where processes do not fork (Windows), functions must be such as can be pickled.
    timeout : float, optional
        With `isolate`, which it implies: how many seconds a call may take; by default 60.
    framework : str, optional
        Whose arrays the functions take: "torch", "jax", "tensorflow", "mlx" or "tinygrad". What can
        be derived of them is looked at as well, by the framework's own automatic differentiation:
        the gradient of a loss, the products of a softmax with its Jacobian, the loss from
        log-probabilities. Options of the loss that are declared are passed on to parameters of
        PyTorch's names.
    device : str, optional
        Where the framework's arrays are, such as "cuda"; by default on the processor.
    progress : bool, default False
        Show a progress bar on standard error, if rich is installed.
    functions : callables, by name
        Instead of an implementation, or to replace some of its functions: any of its fields, as in
        ``verify(softmax=my_softmax)``. A claim that needs others is "not applicable". What an
        `Implementation` declares may be given by name as well, as in
        ``verify(loss=my_loss, labels="int", label_smoothing=0.1)``.

    Returns
    -------
    Report
        ``.ok``, ``.text()``, ``.table()``, ``.failed``, ``.checked``, ``.to_json()``,
        ``.junit()``, ``.html()``, and ``.assert_ok()`` for a test. It is ok if it is correct and
        robust; if claims were asked for, or none of your functions, if no claim failed.

    Raises
    ------
    TypeError
        If one of the functions has a name that no implementation has, or cannot be called; if
        `implementation` is no Implementation; if claims or dtypes are not several.
    ValueError
        If there is no claim of one of the ids, no such chapter, level or framework, a dtype is none
        of the three, or `timeout` is not above 0.
    KeyboardInterrupt
        On Ctrl-C; its ``report`` holds what was found until then.

    Examples
    --------
    >>> verify(claims=["S1"]).ok
    True
    """
    if framework is not None:
        functions = _of_framework(framework, device, functions)
    implementation, own = _chosen(implementation, functions, dtypes)
    ids = _ids(claims, chapter)
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout must be a number of seconds above 0; got {timeout!r}")
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}; got {level!r}")
    isolate = isolate or timeout is not None
    runner = Worker(implementation, timeout or TIMEOUT) if isolate else Here(implementation)
    examination = Examination(runner) if claims is None else None
    note = FLUSHED if flushes_subnormals() else ""
    results: list[tuple[Claim, Evidence]] = []
    by_claims = claims is not None or own
    report = Report(implementation.name, results, note, examination, by_claims, level)
    try:
        if examination is not None:
            names = None if dtypes is None else [np.dtype(d).name for d in implementation.dtypes]
            levels = LEVELS if level == "strict" else LEVELS[:3]
            examination.look(levels, dtypes=names, seed=seed)
        for name in _with_progress(ids) if progress else ids:
            results.append((CLAIMS[name], _check(CLAIMS[name], runner)))
        if isolate:
            for cause in report.causes:
                _ = cause.fault  # looked for while there is a process to look in
    except KeyboardInterrupt:
        runner.close()
        note = " ".join(filter(None, [note, "Interrupted: not everything was looked at."]))
        raise InterruptedVerifyError(replace(report, note=note)) from None
    finally:
        runner.close()
    return report


class InterruptedVerifyError(KeyboardInterrupt):
    """Ctrl-C was pressed; ``report`` holds what was found until then."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def _chosen(
    implementation: Implementation | None,
    given: dict[str, Any],
    dtypes: Iterable[DTypeLike] | None,
) -> tuple[Implementation, bool]:
    """Return what to check, and whether that is cecore itself."""
    if not isinstance(implementation, Implementation | None):
        raise TypeError(
            "implementation must be an Implementation, or functions be given by name, "
            f"as in verify(softmax=my_softmax); got {implementation!r}"
        )
    for name, value in given.items():
        if name not in (*FUNCTIONS, *DECLARED):
            raise TypeError(f"functions must be any of {', '.join(FUNCTIONS)}; got {name}")
        if name in FUNCTIONS and not callable(value):
            raise TypeError(f"{name} must be a function; got {value!r}")
    functions = [name for name in given if name in FUNCTIONS]
    own = implementation is None and not functions
    if implementation is None:
        implementation = Implementation() if functions else CECORE
    elif functions:
        name = f"{implementation.name} with your {', '.join(functions)}"
        implementation = replace(implementation, name=name)
    implementation = replace(implementation, **given)
    if dtypes is not None:
        types = (np.float64, *float_types(dtypes))
        implementation = replace(implementation, dtypes=types)
    return implementation, own


def _of_framework(name: str, device: str | None, given: dict[str, Any]) -> dict[str, Any]:
    functions = {name: value for name, value in given.items() if name in FUNCTIONS}
    declared = {name: value for name, value in given.items() if name not in FUNCTIONS}
    if not functions:
        raise TypeError("framework needs functions by name, as in verify(loss=their_loss)")
    return adapt(functions, frameworks.framework(name, device), declared)


def _ids(claims: Iterable[str] | None, chapter: str | None) -> list[str]:
    """Return the ids of the claims to check."""
    if chapter is not None and claims is not None:
        raise TypeError("give claims or a chapter, not both")
    if isinstance(claims, str):
        raise TypeError(f"claims must be several ids, as in ['S1']; got {claims!r}")
    ids = list(CLAIMS)  # in which one may look for what is not hashable
    wanted = ids if claims is None else list(claims)
    if chapter is not None:
        wanted = [claim.id for claim in CLAIMS.values() if claim.chapter == chapter]
        if not wanted:
            chapters = ", ".join(dict.fromkeys(claim.chapter for claim in CLAIMS.values()))
            raise ValueError(f"chapter must be one of {chapters}; got {chapter!r}")
    for claim in wanted:
        if claim not in ids:
            raise ValueError(f"claims must be ids such as S1, B4 or P1; got {claim!r}")
    return wanted


def _check(claim: Claim, runner: Here) -> Evidence:
    if claim.check is None:
        return Evidence("not applicable", message="not a statement about functions")
    try:
        found: Evidence = runner.run(_evidence, claim.id, runner.dropped)
    except DiedError as died:
        runner.bury(died)
        return Evidence("error", worst=written(died.call), message=str(died))
    gone = [name for name in claim.needs if name in runner.dropped]
    if gone and found.verdict == "not applicable":
        return replace(found, verdict="error", message=f"{gone[0]} {GONE}")
    return found


def _evidence(subject: Subject, name: str, without: list[str]) -> Evidence:
    check = CLAIMS[name].check
    assert check
    f = subject.implementation
    if f.has_options:  # the claims are about the loss without
        without = [*without, *LABELLED]
    there: dict[str, Any] = dict.fromkeys(without)
    return check(replace(f, **there))


def _with_progress(ids: list[str]) -> Iterable[str]:
    try:
        console = importlib.import_module("rich.console").Console(stderr=True)
        track = importlib.import_module("rich.progress").track
    except ImportError:
        return ids
    return track(ids, description="Checking the claims", console=console, transient=True)
