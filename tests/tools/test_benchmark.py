"""The benchmark's bookkeeping. How fast anything is, no test asks."""

import importlib.util
import json
import re
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from tests.conftest import ROOT
from tools.benchmarks import contenders, machine, memory, timing
from tools.benchmarks.cases import DTYPES, HELD_OUT, LOGITS, OPERATIONS, SHAPES, Case, cases

RESULT = ROOT / "book" / "data" / "benchmark.json"
TEXT = RESULT.read_text(encoding="utf-8")
DATA = json.loads(TEXT)
NAMES = list(contenders.CONTENDERS)

spec = importlib.util.spec_from_file_location("benchkit", ROOT / "book" / "benchkit.py")
kit = importlib.util.module_from_spec(spec)
sys.modules["benchkit"] = kit
spec.loader.exec_module(kit)


def run(command, *words):
    return subprocess.run(
        [sys.executable, "-m", *command.split(), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def expected(operation):
    """The contenders that have an operation."""
    missing = {
        "loss": {"cecore-2"},
        "softmax": {"sklearn-1", "sklearn-2", "cecore-2"},
        "log_softmax": {"sklearn-1", "sklearn-2", "cecore-2"},
    }
    return [name for name in NAMES if name not in missing.get(operation, ())]


def test_the_stored_results_are_complete():
    keys = [
        (r["rows"], r["classes"], r["dtype"], r["logits"], r["operation"]) for r in DATA["times"]
    ]
    wanted = [
        (c.rows, c.classes, c.dtype, c.logits, operation)
        for c in cases(SHAPES + HELD_OUT)
        for operation in OPERATIONS
    ]
    assert keys == wanted
    for record in DATA["times"]:
        assert list(record["results"]) == expected(record["operation"])
        assert record["held out"] == ((record["rows"], record["classes"]) in HELD_OUT)
    wanted = [
        (*shape, dtype, operation)
        for shape in memory.SHAPES
        for dtype in DTYPES
        for operation in memory.OPERATIONS
    ]
    assert [(r["rows"], r["classes"], r["dtype"], r["operation"]) for r in DATA["memory"]] == wanted
    for record in DATA["memory"]:
        assert list(record["extra bytes"]) == expected(record["operation"])
    assert [c["name"] for c in DATA["contenders"]] == NAMES
    assert DATA["logits"] == LOGITS
    assert {s["working set"] for s in DATA["limits"]["bytes per second"]} == {*machine.WORKING_SETS}


def test_the_stored_results_are_consistent():
    for record in DATA["times"]:
        for name, result in record["results"].items():
            low, median, high = result["seconds"]
            assert 0 < low <= median <= high, (record, name)
            assert result["rounds"] >= DATA["settings"]["least_rounds"]


def test_the_stored_results_were_measured_in_full():
    assert DATA["settings"] == timing.Effort().__dict__ | {"BLAS threads": 1}


def test_the_stored_results_name_no_machine():
    assert socket.gethostname() not in TEXT
    assert not re.search(r"/(home|root|tmp|Users|work)/|\\\\Users|https?:", TEXT)


def test_a_small_run_measures_every_operation(tmp_path):
    before = RESULT.stat().st_mtime_ns
    out = tmp_path / "some.json"
    done = run(
        "tools.benchmarks --quick --shapes 20x3 --dtypes float32 --logits normal --libraries "
        "textbook,cecore --only loss_and_grad,loss,softmax,log_softmax --out",
        str(out),
    )
    assert done.returncode == 0, done.stderr
    data = json.loads(out.read_text(encoding="utf-8"))
    assert [record["operation"] for record in data["times"]] == OPERATIONS
    for record in data["times"]:
        assert list(record["results"]) == [
            name for name in expected(record["operation"]) if name[:6] in ("textbo", "cecore")
        ]
        assert f"{record['operation']:13} 20x3 float32 normal: " in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["some.json"]
    assert RESULT.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (("--only", "sofmax"), "'sofmax' is none of loss_and_grad"),
        (("--shapes", "10"), "expected rows x classes"),
        (("--libraries", "numpy"), "'numpy' is none of textbook"),
    ],
)
def test_an_option_that_cannot_be_is_refused(option, complaint):
    done = run("tools.benchmarks", *option)
    assert done.returncode == 2
    assert complaint in done.stderr


@pytest.mark.parametrize(
    ("options", "out"),
    [
        ("", RESULT),
        ("--out other.json", Path("other.json")),
        ("--quick", None),
        ("--libraries cecore", None),
        ("--only memory", None),
    ],
)
def test_only_a_whole_run_replaces_the_stored_results(options, out):
    main = importlib.import_module("tools.benchmarks.__main__")
    assert main.arguments(options.split()).out == out


def test_a_library_may_be_named_without_its_threads():
    main = importlib.import_module("tools.benchmarks.__main__")
    assert main.arguments(["--libraries", "torch,cecore-2"]).libraries == [
        "torch-1",
        "torch-2",
        "cecore-2",
    ]


CASE = Case(50, 7, "float64", "wide")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_the_contenders_computed_is_compared(operation):
    z, labels = CASE.arrays()
    right = timing.reference(z, labels)[operation]
    for name in ("textbook", "scipy", "sklearn-1", "cecore-1"):
        call = contenders.load(name).prepare(z, labels, True).get(operation)
        if call:
            timing.check(name, operation, "float64", call(), right)
    result = contenders.load("textbook").prepare(z, labels, False)[operation]()
    wrong = [
        (lambda x: x + 1e-6, "off by"),
        (lambda x: x * np.nan, "off by nan"),
        (lambda x: x[None], "got shape"),
    ]
    if operation != "loss":  # one number, of any type
        wrong.append((lambda x: x.astype("float32"), "got float32"))
    for change, complaint in wrong:
        bad = (result[0], change(result[1])) if isinstance(result, tuple) else change(result)
        with pytest.raises(SystemExit, match=f"bad, {operation}.*{complaint}"):
            timing.check("bad", operation, "float64", bad, right)


def test_every_round_times_every_contender_once_in_a_new_order():
    calls = []
    racers = {
        contenders.Contender(name, name, 1, "", None): partial(calls.append, name) for name in "abc"
    }
    effort = timing.Effort(sample=0, rounds=6)
    results = timing.measure(racers, effort)
    timed = calls[6:]  # those before find how often to call
    rounds = [timed[i : i + 6] for i in range(0, len(timed), 6)]  # each once untimed, once timed
    assert len(rounds) == 6
    assert all(sorted(r) == list("aabbcc") and r[::2] == r[1::2] for r in rounds)
    assert len({tuple(r) for r in rounds}) > 1
    assert {name: result["rounds"] for name, result in results.items()} == dict.fromkeys("abc", 6)


def test_the_digits_model_gives_logits_that_mostly_know_the_digit():
    case = Case(1000, 10, "float32", "trained")
    with threadpool_limits(1):  # threads for such small matrices only wait for each other
        z, labels = case.arrays()
    assert z.dtype == np.float32
    assert (z.argmax(axis=1) == labels).mean() > 0.95
    np.testing.assert_array_equal(case.arrays()[0], z)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_measured_at_its_peak():
    done = run("tools.benchmarks.memory textbook loss 1000 1000 float64")
    assert done.returncode == 0, done.stderr
    # z - max, and beside it first exp(d), then the result
    assert 1.9 < int(done.stdout) / 8e6 < 2.2
    assert run("tools.benchmarks.memory sklearn-1 softmax 9 9 float64").stdout == "null\n"


@pytest.mark.parametrize(
    ("target", "row"),
    [
        (kit.Target("x", 1, {"a": 1.0, "b": 2.0}), ["x", "≥ 1", "1.00", "a", "met"]),
        (
            kit.Target("x", 1.5, {"a": 3.0, "b": 1.4, "c": 0.2}),
            ["x", "≥ 1.5", "0.20", "c", "**missed** in 2 of 3"],
        ),
        (
            kit.Target("x", 2, {"a": 1.0, "b": 4.0}, mean=True),
            ["x", "≥ 2", "2.00", "geometric mean", "met"],
        ),
        (
            kit.Target("x", 2.1, {"a": 1.0, "b": 4.0}, mean=True),
            ["x", "≥ 2.1", "2.00", "geometric mean", "**missed**"],
        ),
        (
            kit.Target("x", 0.1, {"a": 0.05, "b": 0.2}, at_most=True),
            ["x", "≤ 0.1", "0.20", "b", "**missed** in 1 of 2"],
        ),
    ],
)
def test_a_target_is_judged_by_what_was_measured(target, row):
    assert target.row == row


def test_the_limit_is_the_larger_of_exponentials_and_memory():
    data = {
        "limits": {
            "exp nanoseconds": {"float32": {"1": 2.0, "2": 1.0}},
            "bytes per second": [
                {"working set": 100, "copy": {"1": 1e9}, "read": {"1": 1e9}},
                {"working set": 8000, "copy": {"1": 1e8}, "read": {"1": 2e8}},
            ],
        }
    }
    case = {"rows": 100, "classes": 10, "dtype": "float32"}
    assert kit.limit(data, case | {"operation": "softmax"}, 1) == pytest.approx(8000 / 1e8)
    assert kit.limit(data, case | {"operation": "loss"}, 1) == pytest.approx(4000 / 1e9)
    data["limits"]["bytes per second"].pop()
    assert kit.limit(data, case | {"operation": "softmax"}, 1) == pytest.approx(8000 / 1e9)
    data["limits"]["exp nanoseconds"]["float32"]["1"] = 20.0
    assert kit.limit(data, case | {"operation": "softmax"}, 1) == pytest.approx(1000 * 20e-9)
