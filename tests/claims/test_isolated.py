"""A crash or a hang costs one finding, with its input; what else there is, is found as ever."""

import ctypes
import json
import multiprocessing
import os
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

import cecore
from cecore.claims import isolated
from cecore.claims.cli import main
from cecore.claims.run import InterruptedVerifyError
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="processes do not fork here"
)


def crashes(z, axis=-1):
    if np.isnan(z).any():
        ctypes.string_at(0)
    return cecore.softmax(z, axis)


def hangs(z, axis=-1):
    while z.shape[axis] == 7:
        pass
    return cecore.log_softmax(z, axis)


def naive(z, axis=-1):
    return np.log(np.exp(z).sum(axis))


@pytest.fixture(scope="module")
def report():
    return cecore.verify(
        softmax=crashes, log_softmax=hangs, logsumexp=naive, dtypes=["float64"], timeout=0.5
    )


def block(report, title):
    (found,) = (b for b in report.text().split("\n\n") if title in b)
    return found.splitlines()


def test_a_segfault_is_one_cause_with_the_smallest_input(report):
    lines = block(report, "a call ends Python")
    assert lines[0] == "robust: a call ends Python"
    assert lines[1] == "    softmax([[np.nan]])"
    assert lines[2] == "    softmax ended Python: Segmentation fault"


def test_an_endless_loop_is_one_cause_with_its_input(report):
    lines = block(report, "a call does not return")
    assert lines[0] == "correct: a call does not return"
    assert re.match(r"    log_softmax\(\[\[.*", lines[1])
    assert "    log_softmax did not return within 0.5 s" in lines


def test_everything_else_is_still_reported(report):
    assert "    logsumexp([[710]])" in block(report, "no number for large logits")
    verdicts = {claim.id: evidence for claim, evidence in report.results}
    assert verdicts["S1"].verdict == "held"  # of softmax
    assert verdicts["P5"].verdict == "failed"  # of logsumexp
    assert verdicts["P10"].verdict == "error"
    assert verdicts["P10"].message == "softmax ended Python: Segmentation fault"
    assert verdicts["P10"].worst == "softmax([0.0, nan])"
    pickle.loads(pickle.dumps(json.loads(report.to_json())))
    assert not multiprocessing.active_children()


def test_a_process_of_its_own_finds_the_same():
    plain = cecore.verify(logsumexp=naive, dtypes=["float64"])
    assert cecore.verify(logsumexp=naive, dtypes=["float64"], isolate=True).text() == plain.text()


def test_a_function_that_always_crashes_is_given_up(monkeypatch):
    monkeypatch.setitem(isolated.DEATHS, "crash", 2)
    report = cecore.verify(
        softmax=lambda z, axis=-1: os._exit(3), logsumexp=cecore.logsumexp, isolate=True
    )
    assert "softmax([[0]])" in report.text()
    assert "softmax ended Python: exit status 3" in report.text()
    assert f"softmax {isolated.GONE}." in " ".join(report.text().split())
    found = {claim.id: evidence for claim, evidence in report.results}
    assert found["S1"].message == f"softmax {isolated.GONE}"
    assert found["S1"].verdict == "error"
    assert found["P18"].verdict == "not applicable"


def test_a_slow_judge_is_no_hang():
    report = cecore.verify(softmax=cecore.softmax, claims=["S1"], timeout=0.2)
    assert report.ok  # its right values take longer than each of its calls may


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_is_above_0(timeout, capsys):
    with pytest.raises(ValueError, match="timeout must be a number of seconds above 0"):
        cecore.verify(softmax=crashes, timeout=timeout)
    with pytest.raises(SystemExit, match="2"):
        main(["verify", "--timeout", str(timeout)])
    assert "argument --timeout: expected seconds above 0" in capsys.readouterr().err


def test_functions_that_cannot_be_sent_are_refused_where_processes_do_not_fork(monkeypatch):
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    with pytest.raises(TypeError, match="isolate needs functions that can be pickled"):
        cecore.verify(softmax=lambda z: z, isolate=True)


def test_where_processes_do_not_fork_functions_of_modules_are_sent(monkeypatch):
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert cecore.verify(softmax=cecore.softmax, claims=["S4"], isolate=True).ok


def interrupts(z, axis=-1):
    if np.isnan(z).any():
        raise KeyboardInterrupt
    return np.exp(z) / np.exp(z).sum(axis, keepdims=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_ctrl_c_leaves_what_is_known(tmp_path, monkeypatch, capsys):
    with pytest.raises(KeyboardInterrupt) as stopped:
        cecore.verify(softmax=interrupts, dtypes=["float64"])
    assert isinstance(stopped.value, InterruptedVerifyError)
    assert [cause.probe.name for cause in stopped.value.report.causes] == ["large logits"]
    (tmp_path / "of_an_interrupt.py").write_text("from tests.claims.test_isolated import *\n")
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "--softmax", "of_an_interrupt:interrupts"]) == 130
    said = capsys.readouterr().out
    assert "no number for large logits" in said
    assert "Interrupted: not everything was looked at." in said


def test_command_survives_a_crash(tmp_path):
    (tmp_path / "of_a_crash.py").write_text(
        "import cecore, ctypes, numpy as np\n"
        "def f(z, axis=-1):\n"
        "    if np.isnan(z).any():\n        ctypes.string_at(0)\n"
        "    return cecore.softmax(z, axis)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "cecore", "verify", "--softmax", "of_a_crash:f", "--isolate"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "    softmax([[np.nan]])\n    softmax ended Python" in done.stdout
    assert [*tmp_path.glob("core*")] == []
