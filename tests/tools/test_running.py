"""How the tests are run: what they share, in which order, and what is said meanwhile."""

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.sharing import APART, SECONDS

PLUGINS = ["tests.sharing", "tests.built_site", "tests.progress"]
# What stands in for the build writes down that it was run; it fails if a file says so.
CONFTEST = """
from pathlib import Path
from tests.built_site import Build
HERE = Path(__file__).parent

def run(build, *arguments):
    with (HERE / "builds").open("a") as file:
        file.write(str(build.folder) + "\\n")
    build.pages.mkdir(parents=True, exist_ok=True)
    (build.pages / "index.html").write_text("whole")
    return "line 7 is wrong" if (HERE / "bad").exists() else ""

Build.run = run
"""
READS = "def test_{name}(site):\n    assert (site / 'index.html').read_text() == 'whole'\n"
with_and_without_workers = pytest.mark.parametrize(
    "workers", [["-n", "2"], ["-n", "0"], ["-p", "no:xdist"]], ids=" ".join
)


@pytest.fixture
def project(tmp_path):
    """A folder with tests, two of which need the site, and what runs pytest there."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_one.py").write_text(READS.format(name="one"))
    (tmp_path / "test_two.py").write_text(READS.format(name="two"))
    (tmp_path / "test_none.py").write_text("def test_a():\n    pass\n\ndef test_b():\n    pass\n")

    def run(*arguments, **options):
        plugins = [word for name in PLUGINS for word in ("-p", name)]
        command = [sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider", *arguments]
        environment = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
        for name in ("CI", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "PY_COLORS"):
            environment.pop(name, None)  # with which pytest writes in another way
        environment |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment.pop("PYODIDE_DIST", None)
        if "no:xdist" not in arguments:
            command += ["-p", "xdist"]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | options
        return subprocess.run(
            command, cwd=tmp_path, env=environment, text=True, check=False, **options
        )

    return tmp_path, run


@with_and_without_workers
def test_the_site_is_built_once_and_then_removed(project, workers):
    folder, run = project
    done = run(*workers)
    assert "4 passed" in done.stdout, done.stdout
    (built,) = (folder / "builds").read_text().split()
    assert not os.path.exists(built)


@with_and_without_workers
@pytest.mark.parametrize("what", [["test_none.py"], ["--collect-only"]], ids=" ".join)
def test_the_site_is_not_built_where_no_test_needs_it(project, workers, what):
    folder, run = project
    assert run(*workers, *what).returncode == 0
    assert not (folder / "builds").exists()


@with_and_without_workers
def test_every_test_that_needs_the_site_says_why_it_could_not_be_built(project, workers):
    folder, run = project
    (folder / "bad").touch()
    done = run(*workers)
    assert "2 passed, 2 errors" in done.stdout
    for name in ("one", "two"):
        assert re.search(rf"^ERROR test_{name}.py::test_{name} - .*build", done.stdout, re.M)
    assert len((folder / "builds").read_text().split()) == 1
    assert done.stdout.count("The book does not build:\nline 7 is wrong") == 2


def test_a_build_that_nobody_waits_for_any_more_is_ended(tmp_path):
    from tests.built_site import Build

    class Slow(Build):
        def build(self):
            assert self.run("-c", "import time; print(1, flush=True); time.sleep(600)")

    build = Slow(tmp_path / "site")
    build.folder.mkdir()
    build.start()
    while not build.process:
        pass
    build.end()
    assert build.process.returncode not in (0, None)
    assert not build.folder.exists()


def test_the_long_files_are_there():
    found = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(SECONDS) | set(APART) <= found


def test_a_file_stays_together_and_the_long_ones_come_first(project):
    folder, run = project
    long = list(SECONDS)[:2]
    for name in long:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        tests = "".join(f"def test_{n}(worker_id):\n    print(worker_id)\n" for n in range(9))
        (folder / name).write_text(tests)
    done = run("-n", "2", "-v", "-rP", "--rootdir", str(folder))
    order = re.findall(r"^\[(gw\d)\] \[ *\d+%\] PASSED (\S+\.py)::", done.stdout, re.M)
    ran = {}
    for worker, file in order:
        ran.setdefault(file, set()).add(worker)
    assert len(order) == 22
    assert {len(workers) for workers in ran.values()} == {1}
    assert sorted(list(ran)[:2]) == sorted(long)


@with_and_without_workers
def test_a_log_has_a_line_now_and_then_and_each_failure_at_once(project, workers):
    folder, run = project
    (folder / "test_none.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('n', range(100))\n"
        "def test_a(n):\n    assert n != 50\n"
    )
    lines = run(*workers, "test_none.py").stdout.splitlines()
    said = [line for line in lines if re.match(r" *\d+%", line)]
    assert 15 <= len(said) <= 20
    assert said[-1] == "100%"
    failed = lines.index("FAILED test_none.py::test_a[50]")
    assert lines.index(said[5]) < failed < lines.index(said[-2])
    assert "1 failed, 99 passed" in lines[-1]


@with_and_without_workers
def test_a_terminal_has_one_line_that_names_what_is_running(project, workers):
    pty = pytest.importorskip("pty")
    _, run = project
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    assert run(*workers, stdout=theirs, stderr=theirs).returncode == 0
    os.close(theirs)
    said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert re.search(r"\r *\d+%  [^\n]*test_none\.py::test_b", said)
    written = re.sub(r"[^\n]*\r(?!\n)", "", said)  # what stays to be read
    assert "%" not in written.replace("\x1b", "").partition("passed")[0]


@pytest.mark.parametrize("flag", ["-q", "-v"])
def test_with_q_and_v_pytest_speaks_as_ever(project, flag):
    _, run = project
    said = run("-n", "0", flag).stdout
    assert ("PASSED" if flag == "-v" else "....") in said
    assert "[100%]" in said


def test_x_ends_after_the_first_failure(project):
    folder, run = project
    (folder / "test_none.py").write_text("def test_a():\n    assert 0\ndef test_b():\n    pass\n")
    done = run("-x", "test_none.py")
    assert done.returncode == 1
    assert "1 failed in" in done.stdout
    assert "FAILED test_none.py::test_a - assert 0" in done.stdout


def test_linear_algebra_runs_in_one_thread_in_every_process():
    pools = pytest.importorskip("threadpoolctl").threadpool_info
    import numpy as np

    np.ones((2, 2)) @ np.ones((2, 2))
    assert {pool["num_threads"] for pool in pools()} == {1}
    code = "import os; print(os.environ['OPENBLAS_NUM_THREADS'], os.environ['OMP_NUM_THREADS'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]
