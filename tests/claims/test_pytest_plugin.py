"""The plugin of pytest, in a project of its own."""

import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT

NAIVE = """
import numpy as np, cecore
from cecore.claims import Implementation

def naive(z, axis=-1):
    with np.errstate(all="ignore"):
        e = np.exp(z)
        return e / e.sum(axis, keepdims=True)

def cecore_implementation():
    return Implementation(softmax=naive, logsumexp=cecore.logsumexp, dtypes=["float32", "float64"])
"""


class Project:
    """A folder with a test and its configuration."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, text=NAIVE, **settings):
        (self.folder / "test_mine.py").write_text(text)
        lines = [f"{key} = {value}" for key, value in settings.items()]
        (self.folder / "pytest.ini").write_text("\n".join(["[pytest]", *lines]) + "\n")

    def run(self, *options):
        """Run pytest, and return its status, what it said, and the outcome of each test."""
        plugin = ["-p", "cecore.pytest_plugin", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *plugin, "--junit-xml=out.xml", *options],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        outcomes = {}
        if (self.folder / "out.xml").exists():
            for case in ElementTree.parse(self.folder / "out.xml").iter("testcase"):
                kinds = [child.tag for child in case if child.tag != "properties"]
                outcomes[case.get("name")] = kinds[0] if kinds else "passed"
        return done.returncode, done.stdout + done.stderr, outcomes


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_each_probe_function_and_dtype_is_a_test(project):
    project.write()
    status, said, outcomes = project.run()
    assert status == 1
    failed = {name for name, outcome in outcomes.items() if outcome == "failure"}
    assert "softmax-large_logits-float64" in failed
    assert all(name.startswith("softmax-") for name in failed)
    assert outcomes["logsumexp-large_logits-float32"] == "passed"
    # What follows from it is not told again.
    assert outcomes["softmax-extremes-float64"] == "skipped"
    assert "robust: no number for large logits" in said
    assert "    softmax([[710]])\n    got   nan\n    right 1\n" in said
    assert "Traceback" not in said
    assert "pytest_plugin.py" not in said
    status, _, alone = project.run("test_mine.py::cecore_implementation::softmax-masks-float64")
    assert (status, alone) == (0, {"softmax-masks-float64": "passed"})


def test_what_is_known_to_fail_is_listed_in_a_file(project):
    project.write(cecore_xfail="known.txt")
    status, said, _ = project.run()
    assert status != 0
    assert "cecore_xfail: there is no file" in said
    (project.folder / "known.txt").write_text("softmax-l*  # overflows\nsoftmax-shifts-*\n")
    status, said, outcomes = project.run("-rx")
    assert "overflows" in said
    assert outcomes["softmax-large_logits-float64"] == "skipped"
    # What is listed and passes is told: the list has grown old.
    assert "[XPASS(strict)] overflows" in said
    assert outcomes["softmax-long_rows-float64"] == "failure"
    assert status == 1


def test_a_baseline_lets_fail_what_failed_before(project):
    project.write(cecore_baseline="before.txt")
    assert project.run()[0] == 1
    status, _, outcomes = project.run("--cecore-write-baseline")
    failed = sorted(name for name, outcome in outcomes.items() if outcome == "failure")
    assert (project.folder / "before.txt").read_text().split() == failed
    assert project.run()[0] == 0
    project.run("--cecore-write-baseline")  # what is in it fails still, and stays
    assert (project.folder / "before.txt").read_text().split() == failed
    worse = NAIVE.replace("cecore.logsumexp", "lambda z, axis=-1: np.log(np.exp(z).sum(axis))")
    project.write(worse, cecore_baseline="before.txt")
    status, _, outcomes = project.run()
    assert status == 1
    news = {name for name, outcome in outcomes.items() if outcome == "failure"}
    assert "logsumexp-large_logits-float64" in news
    assert not news & {*failed}


def test_a_level_says_what_is_tested(project):
    right = NAIVE.replace("softmax=naive", "softmax=cecore.softmax")
    project.write(right, cecore_level="exact")
    status, _, outcomes = project.run()
    assert status == 0
    assert outcomes["softmax-last_digits-float32"] == "passed"
    project.write(right, cecore_level="perfect")
    status, said, _ = project.run()
    assert status != 0
    assert "cecore_level must be one of correct, robust, exact, strict; got 'perfect'" in said


def test_a_crash_fails_one_test(project):
    crash = "z = z if z.shape[-1] != 7 else __import__('ctypes').string_at(0)\n    with np"
    project.write(NAIVE.replace("with np", crash, 1), cecore_timeout=20)
    _, said, outcomes = project.run("-k", "softmax and (sizes or plain)")
    assert outcomes["softmax-sizes-float64"] == "failure"
    assert outcomes["softmax-plain_values-float64"] == "passed"
    assert "softmax ended Python: Segmentation fault" in said


def test_several_implementations_stand_in_one_file(project):
    two = NAIVE + "\ndef cecore_implementation_of_half():\n    return cecore\n"
    project.write(two)
    status, said, _ = project.run()
    assert status != 0
    assert "cecore_implementation_of_half must return a cecore.claims.Implementation" in said


def test_a_baseline_to_write_needs_a_file(project):
    project.write()
    status, said, _ = project.run("--cecore-write-baseline")
    assert status == 4
    assert "--cecore-write-baseline needs the setting cecore_baseline" in said


def test_the_plugin_costs_nothing_where_nobody_asks_for_it(project):
    project.write("import sys\ndef test_that():\n    assert 'cecore.claims' not in sys.modules\n")
    assert project.run()[0] == 0
