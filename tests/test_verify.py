"""What `cecore verify` writes about the evidence, to the letter."""

import json

import pytest

from cecore.trial import Claim, Evidence
from cecore.verify import Report, main

RATIO = Claim("B2", "The ratio is e^g.", "softmax", "thm-ratio", proofs=("eq-ratio",))
LONG = Claim("S3", "A small gap is hardly more than 1 + g, and a large one is enormous.", "x", "y")
RANGE = Claim("S2", "Every s_i > 0.", "softmax", "thm-range")
SOURCE = Claim("R1", "The article names one.", "references", "", reason="a reference")
REPORT = Report(
    "mine",
    [
        (RATIO, Evidence("held", 40, 9999.96, "softmax([1.0, 0.0])")),
        (LONG, Evidence("failed", 3, 1e4, "softmax([0.0])", "got 1, right is " + "0" * 60)),
        (RANGE, Evidence("error", 123456, None, "softmax([2.0])", "softmax raised ValueError")),
        (SOURCE, Evidence("not applicable", message="no function")),
    ],
)
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
    proof:   &= \frac{\frac{e^{z_i}}{S}}{\frac{e^{z_j}}{S}} && \text{definition} \\[4pt]
    proof:   &= e^{z_i - z_j} && \text{$S$ cancels} .
    proof: \end{aligned}
    worst: softmax([1.0, 0.0])
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


def test_the_table():
    assert REPORT.table() == TABLE
    assert REPORT.table(verbose=True) == WITH_DETAILS[1:]
    assert REPORT.table(verbose=True, only_failed=True, width=66) == FAILED[1:]


def test_the_summary():
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
def test_a_caller_learns_what_failed(verdicts, words):
    report = Report("x", [(RANGE, Evidence(verdict, 1)) for verdict in verdicts])
    assert report.ok == (not {"failed", "error"} & {*verdicts})
    if not words:
        return report.assert_ok()
    with pytest.raises(AssertionError) as error:
        report.assert_ok()
    assert str(error.value).startswith(words)
    assert ("held" in str(error.value).partition("\n")[2]) is False


def test_the_json():
    written = REPORT.to_json()
    assert written.endswith("\n}\n")
    assert "\n  " in written
    whole = json.loads(written)
    assert (whole["implementation"], whole["ok"]) == ("mine", False)
    assert whole["claims"][0] == {
        **{"id": "B2", "sentence": "The ratio is e^g.", "chapter": "softmax"},
        **{"label": "thm-ratio", "proofs": ["eq-ratio"], "verdict": "held", "inputs": 40},
        **{"ulps": 9999.96, "worst": "softmax([1.0, 0.0])", "message": ""},
    }
    assert whole["claims"][2]["ulps"] is None
    infinite = Report("é", [(RANGE, Evidence("failed", 1, float("inf")))]).to_json()
    assert json.loads(infinite)["claims"][0]["ulps"] == "inf"
    assert '"é"' in infinite


def test_on_a_terminal_the_verdicts_have_colours(capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    wrong = ["--softmax", "numpy:positive", "--logsumexp", "operator:add"]
    claims = [part for name in ("S3", "B2", "S0", "B7", "S9") for part in ("--claim", name)]
    assert main(["verify", *wrong, *claims, "-v"]) == 1
    out = capsys.readouterr().out
    assert "\x1b[31mfailed" in out
    assert "\x1b[31merror" in out
    assert "\x1b[2mnot applicable" in out
    assert main(["verify", "--claim", "S4"]) == 0
    out = capsys.readouterr().out
    assert "\x1b[32mheld" in out
    assert "worst:" not in out
    assert out.splitlines()[-1] == "cecore: 1 held"
