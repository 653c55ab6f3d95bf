import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# They hold no doctest, and need what only `make mutants` and `make lighthouse` have.
collect_ignore = ["mutate_package.py", "browser/lighthouse.py"]


def pytest_collection_modifyitems(items):
    """Start with what takes longest, so that two processes end at about the same time."""
    items.sort(key=lambda item: item.path.name != "test_lab.py")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of a freshly built book's pages. Warnings are errors, as in `make book`.

    With PYODIDE_DIST in the environment, the lab is there as well, as after `make site`.
    """
    out = tmp_path_factory.mktemp("book")
    pages = out / "_build" / "html"
    if pyodide := os.environ.get("PYODIDE_DIST"):
        run("book/_lab/build.py", pages / "lab", pyodide)
    build = "from jupyter_book.cli.main import main; main()"
    flags = ["-W", "-n", "--keep-going", "--quiet", "--path-output", out]
    run("-c", build, "build", ".", *flags)
    return pages


def run(*arguments):
    """Run Python on something that must go well."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"The book does not build:\n{done.stdout}", pytrace=False)
