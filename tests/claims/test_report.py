"""What a report says about the evidence, to the letter."""

import dataclasses
import json
import sys

import numpy as np
import pytest

from cecore.claims import CLAIMS, Claim, Evidence, Report, verify
from cecore.claims.cli import main
from cecore.claims.run import FLUSHED
from cecore.proofs.numeric import arithmetic
from tests.claims.reports import RANGE, RATIO, REPORT

TABLE = """\
claim  verdict         inputs     ulps  sentence
B2     held                40  10000.0  The ratio is e^g.
S3     failed               3    1e+04  A small gap is hardly more than 1 + g, and a large one is
                                        enormous.
S2     error           123456           Every s_i > 0.
R1     not applicable                   The article names one."""


WITH_DETAILS = r"""
claim  verdict         inputs     ulps  sentence
B2     held                40  10000.0  The ratio is e^g.
    proof: eq-ratio. B2: 2 steps proved for every n, and confirmed at 12 points to 50 digits
    proof: \begin{aligned}
    proof: \frac{s_i}{s_j}
    proof:   &= \frac{e^{z_i}}{e^{z_j}} && \text{$S$ cancels} \\[4pt]
    proof:   &= e^{z_i - z_j} && \text{$e^a / e^b = e^{a - b}$} .
    proof: \end{aligned}
    worst: softmax([inf, 0.0])
S3     failed               3    1e+04  A small gap is hardly more than 1 + g, and a large one is
                                        enormous.
    worst: softmax([0.0])
    found: got 1, right is 000000000000000000000000000000000000000000000000000000000000
S2     error           123456           Every s_i > 0.
    worst: softmax([2.0])
    found: softmax raised ValueError
R1     not applicable                   The article names one.
    found: no function
    reason: a reference"""


FAILED = """
claim  verdict  inputs   ulps  sentence
S3     failed        3  1e+04  A small gap is hardly more than 1 +
                               g, and a large one is enormous.
    worst: softmax([0.0])
    found: got 1, right is
      000000000000000000000000000000000000000000000000000000000000
S2     error    123456         Every s_i > 0.
    worst: softmax([2.0])
    found: softmax raised ValueError"""


def test_report_as_a_table():
    assert REPORT.table() == TABLE
    assert REPORT.table(verbose=True) == WITH_DETAILS[1:]
    assert REPORT.table(verbose=True, only_failed=True, width=66) == FAILED[1:]


@pytest.mark.parametrize("word", ["a ", "ab "])
def test_report_has_a_table_as_wide_as_a_hundred_letters(word):
    claim = Claim("B2", word * 200, "softmax", "")
    longest = max(map(len, Report("x", [(claim, Evidence("held"))]).table().splitlines()))
    assert 100 - len(word) < longest <= 100


def test_report_has_a_table_that_fits_its_width(own):
    for verbose in (False, True):
        assert max(map(len, own.table(verbose=verbose).splitlines())) <= 100


def test_report_has_its_note_everywhere(capsys, monkeypatch):
    found = [(RANGE, Evidence("failed", 1, 2.0, "softmax([2.0])", "got 2"))]
    report = Report("mine", found, FLUSHED)
    with pytest.raises(AssertionError) as error:
        report.assert_ok()
    assert str(error.value).endswith(f"    found: got 2\n{FLUSHED}")
    assert json.loads(report.to_json())["note"] == FLUSHED
    assert "note" not in json.loads(REPORT.to_json())
    monkeypatch.setattr("cecore.claims.cli.verify", lambda *_, **__: report)
    assert main(["verify"]) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [FLUSHED, "mine: 1 failed"]


def test_report_has_a_summary():
    assert REPORT.summary() == "mine: 1 held, 1 failed, 1 error, 1 not applicable"
    assert Report("none", []).summary() == "none: nothing to check"
    assert [claim.id for claim, _ in REPORT.failed] == ["S3", "S2"]


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (["held", "not applicable"], ""),
        (["held", "failed"], "x: 1 held, 1 failed\nclaim  verdict"),
        (["error"], "x: 1 error\nclaim  verdict"),
        (["not applicable"], "x: 1 not applicable: no claim was checked"),
    ],
)
def test_report_tells_a_caller_what_failed(verdicts, words):
    report = Report("x", [(RANGE, Evidence(verdict, 1)) for verdict in verdicts])
    assert report.ok == (not {"failed", "error"} & {*verdicts})
    if not words:
        report.assert_ok()
        return
    with pytest.raises(AssertionError) as error:
        report.assert_ok()
    assert str(error.value).startswith(words)
    assert ("held" in str(error.value).partition("\n")[2]) is False


def test_report_shows_a_caller_what_its_function_did_and_no_proof():
    with pytest.raises(AssertionError) as error:
        Report("x", [(RATIO, Evidence("failed", 1, 2.0, "softmax([1])", "got 2"))]).assert_ok()
    assert str(error.value) == (
        "x: 1 failed\n"
        "claim  verdict  inputs  ulps  sentence\n"
        "B2     failed        1   2.0  The ratio is e^g.\n"
        "    worst: softmax([1])\n"
        "    found: got 2"
    )


def test_report_as_json():
    written = REPORT.to_json()
    assert written.endswith("\n}\n")
    assert written.startswith('{\n  "implementation": ')
    whole = json.loads(written)
    assert (whole["implementation"], whole["ok"]) == ("mine", False)
    assert whole["claims"][0] == {
        **{"id": "B2", "sentence": "The ratio is e^g.", "chapter": "softmax"},
        **{"label": "thm-ratio", "proofs": ["eq-ratio"], "verdict": "held", "inputs": 40},
        **{"ulps": 9999.96, "worst": "softmax([inf, 0.0])", "message": ""},
    }
    assert whole["claims"][2]["ulps"] is None
    infinite = Report("é", [(RANGE, Evidence("failed", 1, float("inf")))]).to_json()
    assert json.loads(infinite)["claims"][0]["ulps"] == "inf"
    assert '"é"' in infinite
    with pytest.raises(ValueError, match="not JSON compliant"):  # better none than broken JSON
        Report("x", [(RANGE, Evidence("failed", 1, float("nan")))]).to_json()


def test_report_as_json_holds_everything(own):
    data = json.loads(own.to_json())
    assert data["implementation"] == "cecore"
    assert data["ok"] is True
    assert [claim["id"] for claim in data["claims"]] == list(CLAIMS)
    assert set(data["claims"][1]) == {
        *("id", "sentence", "chapter", "label", "proofs"),
        *("verdict", "inputs", "ulps", "worst", "message"),
    }
    nan = verify(softmax=lambda z: z * np.nan, claims=["S1"])
    assert json.loads(nan.to_json())["claims"][0]["ulps"] == "inf"


@pytest.mark.parametrize("module", ["mpmath", "sympy"])
def test_report_says_if_a_proof_cannot_be_checked_here(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    arithmetic.cache_clear()  # as in a process that has proved nothing yet
    shown = Report("x", [(RATIO, Evidence("held", 1))]).table(verbose=True, width=200)
    assert f"    proof: eq-ratio. not checked here: import of {module} halted" in shown
    assert r"\begin{aligned}" in shown


def test_report_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        REPORT.name = "theirs"
