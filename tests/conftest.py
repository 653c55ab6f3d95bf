import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
collect_ignore = ["mutate_package.py"]  # holds no doctest, and needs what only `make mutants` has


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of a freshly built book's pages. Warnings are errors, as in `make book`."""
    out = tmp_path_factory.mktemp("book")
    build = "from jupyter_book.cli.main import main; main()"
    flags = ["-W", "-n", "--keep-going", "--quiet", "--path-output", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", build, "build", ".", *flags],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"The book does not build:\n{done.stdout}", pytrace=False)
    return out / "_build" / "html"
