"""Run the tests in the situations of other people's machines, and print what became of them.

Each situation begins with an environment that holds only an empty HOME and the PATH, and differs in
one thing from what the others have. A new one is a line in SITUATIONS.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What is in no copy of the project: what git ignores, and git's own.
NO_PART = [".git", ".venv*", "_build", "__pycache__", ".*_cache", ".hypothesis"]
NO_PART += [".ipynb_checkpoints"]
PYTEST = ["-m", "pytest", "-n", "2", "--dist", "loadfile", "-q", "-p", "no:cacheprovider"]
# All tests but those of pages, of the lock and so on, and those that take longest; and of these
# all but those, too, that take long and compute what only other versions could change.
NOT_OF_ALL = ["site", "proofs", "claims/test_book.py", "engine/test_accuracy.py"]
NOT_OF_ALL += [f"tools/test_{name}.py" for name in ("launch", "lock", "mutants")]
NOT_OF_SOME = [f"chapters/test_{name}.py" for name in ("softmax", "derivative", "combined")]
NOT_OF_SOME += ["scale/test_on_dask.py", "book/test_pictures.py", "tools/test_benchmark.py"]
ALL = ["README.md", "cecore", "tests", *(f"--ignore=tests/{name}" for name in NOT_OF_ALL)]
SOME = [*ALL, *(f"--ignore=tests/{name}" for name in NOT_OF_SOME)]
NOTEBOOK = "book/softmax.ipynb"  # with pictures and tables
LONG = "book/combined-gradient.ipynb"  # has reached a cell's limit of time beside other processes
PLAIN = "book/proofs.ipynb"  # no picture: it looks the same with all versions
# NumPy's own types had gaps in 2.0, which the code need not fill.
NO_TYPES = "--deselect=tests/test_package.py::test_mypy_and_ruff_find_nothing[mypy --cache-dir]"
EXTRAS = ".[book,dask,site,streaming,test,verify]"
SHOWN = 40  # lines of a failure's output


class FailedError(Exception):
    """A command that did not end well."""


@dataclass
class Place:
    """Where a situation is tried: a temporary folder, an environment, and what was printed."""

    folder: Path
    env: dict[str, str]
    log: Path
    settings: dict = field(default_factory=dict)  # further ones of subprocess: user, umask

    def run(self, *command, cwd=ROOT, **env):
        """Run a command, which must end well."""
        with self.log.open("a", encoding="utf-8") as log:
            done = subprocess.run(
                list(map(str, command)),
                cwd=cwd,
                env=self.env | env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
                **self.settings,
            )
        if done.returncode:
            raise FailedError(f"{' '.join(map(str, command))}: exit status {done.returncode}")

    def test(self, *what, python=sys.executable, cwd=ROOT):
        """Run tests."""
        self.run(python, *PYTEST, *(what or [*SOME, NOTEBOOK]), cwd=cwd)

    def copy(self, name="cecore"):
        """Copy the project, without what git knows, as if an archive of it had been unpacked."""
        ignored = shutil.ignore_patterns(*NO_PART)
        return Path(shutil.copytree(ROOT, self.folder / name, ignore=ignored))


def here(place):
    """Do nothing further."""
    place.test()


def busy(place):
    """Let two other processes keep two processors busy."""
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(other.wait)
            stack.callback(other.kill)
        place.test()
        place.test("tests/scale/test_on_dask.py", LONG)


def archive(place):
    """Have no .git."""
    place.test(cwd=place.copy())


def odd_folder(place):
    """Have whatever a name may have that shells, globs or addresses read in their own way."""
    project = place.copy("o'brien's [book] é")
    place.run("make", "book", cwd=project)
    # all tests but those in a browser
    place.run("make", "test", cwd=project, PYTEST_ADDOPTS="--ignore=tests/site")


def other_user(place):
    """Be nobody where one is root, who may read and write everything. Others are no root anyway."""
    project = place.copy()
    place.settings["umask"] = 0o077
    if os.getuid() == 0:
        place.settings |= {"user": 65534, "group": 65534, "extra_groups": []}
        for path in [place.folder, *place.folder.rglob("*")]:
            os.chown(path, 65534, 65534)
    place.run("make", "book", cwd=project)
    place.test(cwd=project, python=".venv/bin/python")


def versions(resolution, python, *less):
    """Install certain versions of every dependency, and build the book with them as well."""

    def run(place):
        scripts = place.folder / "venv" / "bin"
        uv = [sys.executable, "-m", "uv"]
        settings = {"UV_SYSTEM_CERTS": "1"}
        place.run(*uv, "venv", "--quiet", "--python", python, scripts.parent, **settings)
        to = ["--resolution", resolution, "--python", scripts / "python"]
        place.run(*uv, "pip", "install", "--quiet", *to, "--editable", EXTRAS, **settings)
        place.test(*ALL, *less, PLAIN, python=scripts / "python")
        build = [scripts / "jupyter-book", "build", ".", "-W", "-n", "--keep-going", "--quiet"]
        place.run(*build, "--path-output", place.folder)

    return run


@dataclass(frozen=True)
class Situation:
    """What to print of a situation, what to add to its environment, and what to do in it."""

    name: str
    what: str
    env: dict[str, str] = field(default_factory=dict)
    how: Callable[[Place], None] = here


LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}
SITUATIONS = [
    Situation("clean", "HOME and PATH, and nothing else (output is buffered)"),
    Situation("unbuffered", "PYTHONUNBUFFERED", {"PYTHONUNBUFFERED": "1"}),
    Situation("ci", "CI, with which pytest shortens nothing", {"CI": "true"}),
    Situation("locale", "locale C, output in cp1252", LOCALE),
    Situation("narrow", "a terminal of 40 columns", {"COLUMNS": "40"}),
    Situation("no-color", "NO_COLOR", {"NO_COLOR": "1"}),
    Situation("force-color", "FORCE_COLOR", {"FORCE_COLOR": "1"}),
    Situation("warnings", "warnings as errors, in every process", {"PYTHONWARNINGS": "error"}),
    Situation("busy", "two busy processes beside it; Dask, too", how=busy),
    Situation("archive", "a downloaded archive: no .git", how=archive),
    Situation("folder", "make book, make test in o'brien's [book] é", how=odd_folder),
    Situation("user", "make book and tests as nobody, umask 077", how=other_user),
    Situation(
        "oldest",
        "the oldest versions that are allowed",
        how=versions("lowest-direct", "3.11", NO_TYPES),
    ),
    Situation("newest", "the newest versions", how=versions("highest", sys.executable)),
]


def attempt(situation):
    """Try one situation. Return why it failed, or None, and the end of what was printed."""
    folder = Path(tempfile.mkdtemp(prefix="anywhere-"))
    try:
        (folder / "home").mkdir()
        clean = {"HOME": str(folder / "home"), "PATH": os.environ["PATH"]}
        place = Place(folder, clean | situation.env, folder / "log")
        place.log.touch()
        try:
            situation.how(place)
        except FailedError as error:
            lines = place.log.read_text("utf-8", "replace").splitlines()
            return f"{error}\n" + "\n".join(lines[-SHOWN:])
    finally:
        shutil.rmtree(folder)
    return None


def main():
    """Try the situations that were asked for. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="print the situations")
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        choices=[situation.name for situation in SITUATIONS],
        help="try this situation only; may be given more than once",
    )
    given = parser.parse_args()
    chosen = [s for s in SITUATIONS if not given.only or s.name in given.only]
    width = max(len(s.what) for s in SITUATIONS)
    failures = {}
    for situation in chosen:
        print(f"{situation.name:<12} {situation.what:<{width}}", end="  ", flush=True)
        if given.list:
            print()
            continue
        start = time.monotonic()
        failure = attempt(situation)
        if failure:
            failures[situation.name] = failure
        print(f"{'failed' if failure else 'passed'} {time.monotonic() - start:5.0f} s", flush=True)
    for name, failure in failures.items():
        print(f"\n{name}: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
