"""Hold an implementation to the claims.

>>> report = verify(softmax=np.positive, claims=["S1", "B1"])  # this is no softmax
>>> print([(claim.id, evidence.verdict) for claim, evidence in report.results])
[('S1', 'failed'), ('B1', 'failed')]
"""

import importlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import DTypeLike

from cecore.chapters import combined, cross_entropy, derivative, softmax
from cecore.claims.book import CLAIMS
from cecore.claims.dtypes import float_types, flushes_subnormals
from cecore.claims.kit.examine import examine
from cecore.claims.model import FUNCTIONS, Claim, Evidence, Function, Implementation
from cecore.claims.report import Report
from cecore.scale import in_memory, parts

_OURS = {
    name: value
    for module in (softmax, derivative, cross_entropy, combined, in_memory, parts)
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
    progress: bool = False,
    **functions: Function,
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
    progress : bool, default False
        Show a progress bar on standard error, if rich is installed.
    functions : callables, by name
        Instead of an implementation, or to replace some of its functions: any of its fields, as in
        ``verify(softmax=my_softmax)``. A claim that needs others is "not applicable".

    Returns
    -------
    Report
        ``.ok``, ``.text()``, ``.table()``, ``.failed``, ``.checked``, ``.to_json()``, and
        ``.assert_ok()`` for a test. It is ok if it is correct and robust; if claims were asked for,
        or none of your functions, if no claim failed.

    Raises
    ------
    TypeError
        If one of the functions has a name that no implementation has, or cannot be called; if
        `implementation` is no Implementation; if claims or dtypes are not several.
    ValueError
        If there is no claim of one of the ids, no such chapter, or a dtype is none of the three.

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
    for name, function in functions.items():
        if name not in FUNCTIONS:
            raise TypeError(f"functions must be any of {', '.join(FUNCTIONS)}; got {name}")
        if not callable(function):
            raise TypeError(f"{name} must be a function; got {function!r}")
    own = implementation is None and not functions
    if implementation is None:
        implementation = Implementation() if functions else CECORE
    elif functions:
        name = f"{implementation.name} with your {', '.join(functions)}"
        implementation = replace(implementation, name=name)
    implementation = replace(implementation, **functions)  # type: ignore[arg-type]
    if dtypes is not None:
        types = (np.float64, *float_types(dtypes))
        implementation = replace(implementation, dtypes=types)
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
    chosen: Iterable[str] = _with_progress(wanted) if progress else wanted
    results = [(CLAIMS[i], _check(CLAIMS[i], implementation)) for i in chosen]
    examination = None
    if claims is None:
        names = None if dtypes is None else [np.dtype(d).name for d in implementation.dtypes]
        examination = examine(implementation, dtypes=names, seed=seed)
    note = FLUSHED if flushes_subnormals() else ""
    by_claims = claims is not None or own
    return Report(implementation.name, results, note, examination, by_claims)


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
