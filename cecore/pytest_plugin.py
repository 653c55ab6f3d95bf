"""``cecore verify`` in pytest: each probe of each function in each dtype is a test of its own.

In a file of tests, a function whose name begins with ``cecore_implementation`` returns what to look
at::

    from cecore.claims import Implementation

    def cecore_implementation():
        return Implementation(softmax=my_softmax)

The settings ``cecore_level``, ``cecore_timeout``, ``cecore_xfail`` and ``cecore_baseline`` stand in
the configuration of pytest, and ``pytest --cecore-write-baseline`` writes the last one's file.
"""

import fnmatch
import inspect
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cecore.claims.kit.examine import Examination
    from cecore.claims.kit.probe import Finding, Probe

PREFIX = "cecore_implementation"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings."""
    parser.addini("cecore_level", "the last level that is tested (robust)", default="robust")
    parser.addini("cecore_timeout", "call in another process, and for so many seconds at most")
    parser.addini("cecore_xfail", "a file of tests that are known to fail, with reasons after #")
    parser.addini("cecore_baseline", "a file of tests that have failed before, and may again")
    parser.getgroup("cecore").addoption(
        "--cecore-write-baseline", action="store_true", help="write the file of cecore_baseline"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep which tests fail, if they shall be written."""
    if config.getoption("--cecore-write-baseline") and not hasattr(config, "workerinput"):
        if not config.getini("cecore_baseline"):
            raise pytest.UsageError("--cecore-write-baseline needs the setting cecore_baseline")
        config.pluginmanager.register(_Writer(_path(config, "cecore_baseline")))


def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> "Conformance | None":
    """Make tests of a function that returns an implementation."""
    if name.startswith(PREFIX) and inspect.isfunction(obj):
        made: Conformance = Conformance.from_parent(collector, name=name, function=obj)
        return made
    return None


class Conformance(pytest.Collector):
    """The tests of one implementation."""

    def __init__(self, *, function: Any, **named: Any) -> None:
        super().__init__(**named)
        self.function = function
        self._found: dict[Any, Finding] = {}

    def collect(self) -> "Iterator[Look]":
        """Yield a test for each probe, function and dtype."""
        from cecore.claims.kit.probe import LEVELS
        from cecore.claims.kit.probes import PROBES

        level = self.config.getini("cecore_level")
        if level not in LEVELS:
            levels = ", ".join(LEVELS)
            raise pytest.UsageError(f"cecore_level must be one of {levels}; got {level!r}")
        known = {**_listed(self.config, "cecore_baseline", strict=False)}
        known |= _listed(self.config, "cecore_xfail", strict=True)
        subject = self.examination.subject
        for probe in PROBES:
            if probe.level not in LEVELS[: LEVELS.index(level) + 1]:
                continue
            for function in probe.functions:
                if function not in subject.names:
                    continue
                for dtype in ["float64"] if probe.once else self.examination.dtypes():
                    name = f"{function}-{probe.name}-{dtype}".replace(" ", "_")
                    look: Look = Look.from_parent(self, name=name, of=(probe, function, dtype))
                    for pattern, mark in known.items():
                        if fnmatch.fnmatchcase(name, pattern):
                            look.add_marker(mark)
                    yield look

    @cached_property
    def examination(self) -> "Examination":
        """What is known of the implementation."""
        from cecore.claims.isolated import Here, Worker
        from cecore.claims.kit.examine import Examination
        from cecore.claims.model import Implementation

        implementation = self.function()
        if not isinstance(implementation, Implementation):
            raise pytest.UsageError(
                f"{self.name} must return a cecore.claims.Implementation; got {implementation!r}"
            )
        timeout = self.config.getini("cecore_timeout")
        runner = Worker(implementation, float(timeout)) if timeout else Here(implementation)
        self.config.add_cleanup(runner.close)
        return Examination(runner)

    def finding(self, probe: "Probe", function: str, dtype: str) -> "Finding":
        """Let a probe look, once, and those before it first."""
        examination = self.examination
        if not examination.takes and not examination.refused and not examination.findings:
            examination.find_dtypes()
            self._found |= {(f.probe.name, f.function, f.dtype): f for f in examination.findings}
        key = (probe.name, function, dtype)
        if key not in self._found:
            if dtype not in examination.takes.get(function, []):
                pytest.skip(examination.refused.get(dtype, f"takes no {dtype}"))
            for before in self._before(probe, function):
                if self.finding(before, function, dtype).faults:
                    pytest.skip(f"follows from: {before.name}")
            if function in examination.runner.dropped:
                pytest.skip("crashed or hung again and again")
            self._found[key] = examination.finding(probe, function, dtype)
        return self._found[key]

    def _before(self, probe: "Probe", function: str) -> "list[Probe]":
        from cecore.claims.kit.probes import PROBES

        return [p for p in PROBES if p.name in probe.after and function in p.functions]


class Look(pytest.Item):
    """One probe of one function in one dtype."""

    def __init__(self, *, of: Any, **named: Any) -> None:
        super().__init__(**named)
        self.of = of
        self.user_properties.append(("cecore", self.name))

    def runtest(self) -> None:
        """Fail with what was found."""
        from cecore.claims.kit.causes import Cause, block, told_as

        assert isinstance(self.parent, Conformance)
        finding = self.parent.finding(*self.of)
        if finding.faults:
            cause = Cause(told_as(finding), (finding,), self.parent.examination)
            raise FaultFoundError("\n".join(block(cause)))
        if not finding.looked:
            pytest.skip("nothing to look at: " + (", ".join(finding.limits) or "it is declared"))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show what was found, and no traceback of this package."""
        if isinstance(excinfo.value, FaultFoundError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> Any:
        """Say where the implementation stands."""
        assert isinstance(self.parent, Conformance)
        line = self.parent.function.__code__.co_firstlineno
        return self.path, line - 1, f"{self.parent.name}: {self.name}"


class FaultFoundError(AssertionError):
    """A probe has found fault."""


class _Writer:
    """Writes down which tests fail."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        known = report.skipped and hasattr(report, "wasxfail")
        if report.when == "call" and (report.failed or known):
            self.failed += [str(name) for key, name in report.user_properties if key == "cecore"]

    def pytest_sessionfinish(self) -> None:
        self.path.write_text("".join(f"{name}\n" for name in sorted(self.failed)), "utf-8")


def _path(config: pytest.Config, setting: str) -> Path:
    path: Path = config.rootpath / config.getini(setting)
    return path


def _listed(config: pytest.Config, setting: str, strict: bool) -> dict[str, pytest.MarkDecorator]:
    """Return marks by the patterns of names that a file lists."""
    if not config.getini(setting):
        return {}
    path = _path(config, setting)
    if not path.exists():
        if strict:
            raise pytest.UsageError(f"{setting}: there is no file {path}")
        return {}  # not yet written
    found = {}
    for line in path.read_text("utf-8").splitlines():
        name, _, reason = line.partition("#")
        if name.strip():
            words = reason.strip() or f"listed in {path.name}"
            found[name.strip()] = pytest.mark.xfail(reason=words, strict=strict)
    return found
