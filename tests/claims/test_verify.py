"""What `cecore verify` writes about the evidence, to the letter."""

import dataclasses
import json
import multiprocessing
import os
import pickle
import shlex
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from cecore.claims.trial import Claim, Evidence, Implementation
from cecore.claims.verify import CECORE, FLUSHED, OPTIONS, Report, main, verify
from cecore.proofs.numeric import arithmetic
from tests.conftest import ROOT

RATIO = Claim("B2", "The ratio is e^g.", "softmax", "thm-ratio", proofs=("eq-ratio",))
LONG = Claim("S3", "A small gap is hardly more than 1 + g, and a large one is enormous.", "x", "y")
RANGE = Claim("S2", "Every s_i > 0.", "softmax", "thm-range")
SOURCE = Claim("R1", "The article names one.", "references", "", reason="a reference")
REPORT = Report(
    "mine",
    [
        (RATIO, Evidence("held", 40, 9999.96, "softmax([inf, 0.0])")),
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


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("Costs 5, no formula.", "Costs 5, no formula."),
        (r"$a \ge b$, $a \le b$ or $a \ne b$", "a >= b, a <= b or a != b"),
        (r"$T \to \infty$ and $-\infty$", "T -> inf and -inf"),
        (r"$\partial s_i/\partial z_j = -s_i s_j$", "ds_i/dz_j = -s_i s_j"),
        (r"$\operatorname{KL}(p \parallel q)$", "KL(p || q)"),
        (r"$\lvert z\rvert + \lvert\operatorname{LSE}\rvert$", "|z| + |LSE|"),
        (r"$X^{\mathsf T} (A \circ H)$", "X^T (A * H)"),
        (
            r"$\varphi$ is $\sum_k e^{\theta \varepsilon} \ln s_k$",
            "phi is sum_k e^{theta eps} ln s_k",
        ),
        (r"\ge is no formula", r"\ge is no formula"),
    ],
)
def test_a_statement_as_plain_text(statement, sentence):
    assert Claim("X", statement, "softmax", "").sentence == sentence


def test_the_table():
    assert REPORT.table() == TABLE
    assert REPORT.table(verbose=True) == WITH_DETAILS[1:]
    assert REPORT.table(verbose=True, only_failed=True, width=66) == FAILED[1:]


@pytest.mark.parametrize("word", ["a ", "ab "])
def test_the_table_is_as_wide_as_a_hundred_letters(word):
    claim = Claim("B2", word * 200, "softmax", "")
    longest = max(map(len, Report("x", [(claim, Evidence("held"))]).table().splitlines()))
    assert 100 - len(word) < longest <= 100


def test_what_else_must_be_said_is_said_everywhere(capsys, monkeypatch):
    found = [(RANGE, Evidence("failed", 1, 2.0, "softmax([2.0])", "got 2"))]
    report = Report("mine", found, FLUSHED)
    with pytest.raises(AssertionError) as error:
        report.assert_ok()
    assert str(error.value).endswith(f"    found: got 2\n{FLUSHED}")
    assert json.loads(report.to_json())["note"] == FLUSHED
    assert "note" not in json.loads(REPORT.to_json())
    monkeypatch.setattr(sys.modules["cecore.claims.verify"], "verify", lambda *_, **__: report)
    assert main(["verify"]) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [FLUSHED, "mine: 1 failed"]


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
        report.assert_ok()
        return
    with pytest.raises(AssertionError) as error:
        report.assert_ok()
    assert str(error.value).startswith(words)
    assert ("held" in str(error.value).partition("\n")[2]) is False


def test_a_caller_is_shown_what_its_function_did_and_no_proof():
    with pytest.raises(AssertionError) as error:
        Report("x", [(RATIO, Evidence("failed", 1, 2.0, "softmax([1])", "got 2"))]).assert_ok()
    assert str(error.value) == (
        "x: 1 failed\n"
        "claim  verdict  inputs  ulps  sentence\n"
        "B2     failed        1   2.0  The ratio is e^g.\n"
        "    worst: softmax([1])\n"
        "    found: got 2"
    )


def test_the_json():
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


def test_on_a_terminal_the_verdicts_have_colours(capsys, monkeypatch):
    pytest.importorskip("rich")
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", "150")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.modules["cecore.claims.verify"], "verify", lambda *_, **__: REPORT)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    def shown(*options):
        assert main(["verify", *options]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[-1] == REPORT.summary()
        return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]

    wrapped = "A small gap is hardly more than 1 + g, and a large one is enormous."
    rows = [
        ["B2", "\x1b[32mheld\x1b[0m", "40", "10000.0", "The ratio is e^g."],
        ["S3", "\x1b[31mfailed\x1b[0m", "3", "1e+04", wrapped],
        ["S2", "\x1b[31merror\x1b[0m", "123456", "", "Every s_i > 0."],
        ["R1", "\x1b[2mnot applicable\x1b[0m", "", "", "The article names one."],
    ]
    assert shown() == rows
    assert [row for row in shown("-v") if row[0]] == rows
    assert ["", "", "", "", "worst: softmax([inf, 0.0])"] in shown("-v")
    proof = r"proof:   &= \frac{e^{z_i}}{e^{z_j}} && \text{$S$ cancels} \\[4pt]"
    assert ["", "", "", "", proof] in shown("-v")


def test_the_command_takes_a_library_and_writes_a_file(capsys, tmp_path):
    path = tmp_path / "found.json"
    path.write_text("of before")
    assert main(["verify", "--library", "scipy", "--claim", "p1", "--json", str(path)]) == 1
    found = json.loads(path.read_text("utf-8"))
    assert found["implementation"].startswith("SciPy ")
    assert [claim["id"] for claim in found["claims"]] == ["P1"]
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("module", ["mpmath", "sympy"])
def test_a_proof_that_cannot_be_checked_here_says_so(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    arithmetic.cache_clear()  # as in a process that has proved nothing yet
    shown = Report("x", [(RATIO, Evidence("held", 1))]).table(verbose=True, width=200)
    assert f"    proof: eq-ratio. not checked here: import of {module} halted" in shown
    assert r"\begin{aligned}" in shown


def test_a_bar_shows_the_progress_on_a_terminal(capsys, monkeypatch):
    progress = pytest.importorskip("rich.progress")
    shown = []

    def track(ids, description, console, transient):
        shown.append((ids, description, console.stderr, transient))
        return ids

    monkeypatch.setattr(progress, "track", track)
    assert verify(claims=["S4"]).ok
    assert main(["verify", "--claim", "S4"]) == 0
    assert shown == []
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["verify", "--claim", "S4"]) == 0
    assert shown == [(["S4"], "Checking the claims", True, True)]
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    assert [claim.id for claim, _ in verify(claims=["S4"], progress=True).results] == ["S4"]


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        ("verify", ImportError("no mpmath"), "cecore verify: no mpmath\n"),
        (
            "_write",
            OSError("disk full"),
            "cecore verify: argument --json: cannot write 'x': disk full\n",
        ),
        (
            "_write",
            OSError(28, "No space", ".x"),
            "cecore verify: argument --json: cannot write 'x': No space\n",
        ),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(function, error, words, capsys, tmp_path, monkeypatch):
    def fails(*args, **named):
        raise error

    monkeypatch.setattr(sys.modules["cecore.claims.verify"], function, fails)
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "--claim", "S4", "--json", "x"]) == 2
    assert capsys.readouterr() == ("", words)


def test_a_file_that_may_not_be_written_is_told_before_the_claims_are_checked(
    capsys, tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(["verify", "--json", str(tmp_path / "x")])
    assert "argument --json: cannot write" in capsys.readouterr().err
    (tmp_path / "x").touch()
    with pytest.raises(SystemExit, match="2"):  # for a file is replaced, not written to
        main(["verify", "--json", str(tmp_path / "x")])
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "x")
    command = ["verify", "--claim", "S4", "--json", str(link)]
    assert main(command) == 0  # what is no plain file is written to
    monkeypatch.setattr(os, "access", lambda path, mode: path != link)
    with pytest.raises(SystemExit, match="2"):
        main(command)


@pytest.mark.parametrize("name", ["file", "link"])
def test_the_file_is_utf_8_on_every_system(tmp_path, name):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    options = ["-X", "warn_default_encoding", "-W", "error::EncodingWarning"]
    command = ["-m", "cecore", "verify", "--claim", "S4", "--json", tmp_path / name]
    subprocess.run([sys.executable, *options, *command], cwd=ROOT, check=True)


def test_the_command_takes_dtypes(tmp_path, monkeypatch):
    (tmp_path / "of_one.py").write_text(
        "import cecore\nseen = set()\ndef softmax(z, axis=-1):\n    seen.add(z.dtype.name)\n"
        "    return cecore.softmax(z, axis)\n"
    )
    monkeypatch.chdir(tmp_path)
    command = ["verify", "--softmax", "of_one:softmax", "--claim", "S1"]
    for given in (["float32"], ["float16", "float32"]):
        assert main([*command, *(f"--dtype={name}" for name in given)]) == 0
        assert sys.modules["of_one"].seen == {*given, "float64"}


def test_what_is_no_plain_file_is_written_to_and_not_replaced(capfd, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert main(["verify", "--claim", "S4", "--json", str(tmp_path / "link")]) == 0
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "file").read_text("utf-8"))["ok"]
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE)
    assert main(["verify", "--claim", "S4", "--json", str(tmp_path / "pipe")]) == 0
    assert json.loads(reader.communicate()[0])["ok"]


def test_who_reads_only_the_first_lines_is_told_nothing_more():
    command = [sys.executable, "-m", "cecore", "verify", "--claim", "S4"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        started.stdout.close()
        assert started.stderr.read() == b""
    assert started.returncode == 0


def test_plain_text_is_as_wide_as_there_is_room(capsys, monkeypatch):
    for columns in ("60", "80", None):
        if columns:
            monkeypatch.setenv("COLUMNS", columns)
        else:
            monkeypatch.delenv("COLUMNS")
        assert main(["verify", "--claim", "S2"]) == 0
        longest = max(map(len, capsys.readouterr().out.splitlines()))
        assert int(columns or 100) - 12 < longest <= int(columns or 100)


def test_a_module_that_would_end_python_is_told(capsys, tmp_path, monkeypatch):
    (tmp_path / "of_a_script.py").write_text("softmax = abs\nraise SystemExit(0)\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(["verify", "--softmax", "of_a_script:softmax"])
    assert capsys.readouterr().err == (
        "cecore verify: argument --softmax: cannot import 'of_a_script:softmax': "
        "it calls sys.exit\n"
    )


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise KeyError('k')", "KeyError: 'k'"),
        ("assert False", "AssertionError"),
        ("raise ValueError('one\\ntwo')", "ValueError: one"),
    ],
)
def test_why_a_module_cannot_be_imported_is_told_in_one_line(
    code, why, capsys, tmp_path, monkeypatch
):
    (tmp_path / "of_a_fault.py").write_text(f"{code}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(["verify", "--softmax", "of_a_fault:softmax"])
    assert capsys.readouterr().err == (
        f"cecore verify: argument --softmax: cannot import 'of_a_fault:softmax': {why}\n"
    )


def test_a_function_may_import_others_when_it_is_called(tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text("from cecore import softmax as f\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "further.py").write_text("")
    (tmp_path / "of_lazy.py").write_text(
        "import sys\nsys.path.insert(0, 'elsewhere')\n"
        "def softmax(z, axis=-1):\n    import beside, further\n    return beside.f(z, axis)\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "--softmax", "of_lazy:softmax", "--claim", "S4"]) == 0


def test_what_checks_nothing_does_not_pass(capsys, tmp_path, monkeypatch):
    (tmp_path / "of_one_function.py").write_text("from cecore import softmax\n")
    monkeypatch.chdir(tmp_path)
    command = ["verify", "--softmax", "of_one_function:softmax", "--claim"]
    assert main([*command, "S17"]) == 2
    shown = capsys.readouterr()
    assert shown.out.endswith("your functions: 1 not applicable\n")
    assert shown.err == "cecore verify: no claim was checked\n"
    assert main([*command, "S17", "--claim", "S4"]) == 0
    assert main(["verify", "--claim", "S0", "-v"]) == 0  # to be read
    assert main(["verify", "--library", "numpy", "--claim", "S0"]) == 2


def test_a_file_with_a_long_name(capsys, tmp_path):
    name = "x" * os.pathconf(tmp_path, "PC_NAME_MAX")
    command = ["verify", "--claim", "S4", "--json"]
    assert main([*command, str(tmp_path / name)]) == 0
    capsys.readouterr()
    for path in (f"{name}x", f"{name}x/x"):
        with pytest.raises(SystemExit, match="2"):
            main([*command, str(tmp_path / path)])
        assert capsys.readouterr().err.endswith(": File name too long\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_told_and_a_closed_output_is_none(monkeypatch, unbuffered):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)  # unless it is set, Python writes at its end
    run = f"{shlex.quote(sys.executable)} -m cecore verify --claim"
    for command, status, lines, told in (
        (f"{run} S4 > /dev/full", 2, 0, "cecore verify: cannot print: No space left on device\n"),
        (f"{run} S4 > /dev/full 2>&1", 2, 0, ""),
        (f"{run} S4 >&-", 0, 0, ""),
        (f"{run} S4 2>&-", 0, 4, ""),
        (f"{run} S0 --library numpy 2>&-", 2, 5, ""),
        (f"{run} S0 --library numpy 2> /dev/full", 2, 5, ""),
        (f"{run} S99 2> /dev/full", 2, 0, ""),
        (f"{run} S99 > /dev/full 2>&1", 2, 0, ""),
        (f"{run} S99 2>&-", 2, 0, ""),
        (
            f"{run} S4 -h > /dev/full",
            2,
            0,
            "cecore verify: cannot print: No space left on device\n",
        ),
        (f"{run} S4 --help > /dev/full 2>&1", 2, 0, ""),
        (f"{run} S4 --help >&-", 0, 0, ""),
    ):
        done = subprocess.run(
            command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (status, told), command
        assert len(done.stdout.splitlines()) == lines, done.stdout


ODD = """
def softmax(z, axis=-1):
    raise ValueError("naïve \\u2265 \\udc80")
"""


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", r"na\xefve \u2265 \udc80"),
        ("cp1252", r"naïve \u2265 \udc80"),
        ("utf-8", r"naïve ≥ \udc80"),
        ("ascii:strict", r"na\xefve \u2265 \udc80"),
    ],
)
def test_letters_that_the_encoding_lacks_are_written_as_escapes(tmp_path, encoding, written):
    (tmp_path / "odd.py").write_text(ODD, "utf-8")
    command = [sys.executable, "-m", "cecore", "verify", "--softmax", "odd:softmax"]
    settings = {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    environment = os.environ | settings
    done = subprocess.run(
        [*command, "--claim", "S1", "-v", "--json", "found.json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert f"ValueError: {written}" in done.stdout.decode(encoding.partition(":")[0])
    (claim,) = json.loads((tmp_path / "found.json").read_text("utf-8"))["claims"]
    assert claim["message"] == "softmax raised ValueError: naïve ≥ \udc80"
    odd = "naïve≥:f".encode()  # whatever the locale makes of it
    done = subprocess.run(
        [*command[:-1], odd], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)


def test_streams_are_left_as_they_were():
    before = sys.stdout.errors, sys.stderr.errors
    assert main(["verify", "--claim", "S4"]) == 0
    assert (sys.stdout.errors, sys.stderr.errors) == before


def test_a_report_can_be_sent_from_one_process_to_another():
    report = verify(claims=["S1", "S6", "R1", "P5"])
    again = pickle.loads(pickle.dumps(report))
    assert again == report
    assert again.table(verbose=True) == report.table(verbose=True)
    (claim, evidence), *_ = again.results
    assert claim.check(CECORE) == evidence
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(verify, claims=["S1", "S6", "R1", "P5"]).result() == report


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (
            TypeError,
            {"implementation": abs},
            r"by name, as in verify\(softmax=my_softmax\); got",
        ),
        (TypeError, {"implementation": "torch"}, "implementation must be an Impl.* got 'torch'$"),
        (TypeError, {"claims": "S1"}, r"^claims must be several ids, as in \['S1'\]; got 'S1'$"),
        (TypeError, {"claims": ""}, "claims must be several ids"),
        (TypeError, {"sigmoid": abs}, "any of softmax, log_softmax, .*; got sigmoid"),
        (TypeError, {"softmax": 3}, "softmax must be a function; got 3"),
        (ValueError, {"claims": ["S99"]}, "got 'S99'"),
        (ValueError, {"claims": [["S1"]]}, r"claims must be ids such as S1, .* got \['S1'\]$"),
        (TypeError, {"dtypes": "float32"}, r"^dtypes must be several, as in \['float32'\]; got 'f"),
        (TypeError, {"dtypes": np.float32}, "dtypes must be several.* got <class 'numpy.float32'>"),
        (ValueError, {"dtypes": [None]}, "^dtypes must be of float16, float32, float64; got None$"),
        (
            ValueError,
            {"dtypes": [int]},
            "^dtypes must be of float16, float32, float64; got <class 'int'>$",
        ),
        (ValueError, {"dtypes": ["foo"]}, "dtypes must be of .*; got 'foo'$"),
        (ValueError, {"dtypes": ["int32"]}, "dtypes must be of .*; got 'int32'$"),
    ],
)
def test_what_cannot_be_verified_is_told(kind, given, words):
    with pytest.raises(kind, match=words):
        verify(**{"claims": ["S4"]} | given)


def test_cecore_has_its_name():
    assert verify(claims=["S4"]).summary() == "cecore: 1 held"


def test_a_report_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        REPORT.name = "theirs"


def test_a_function_is_found_here_and_by_a_path_of_names(tmp_path, monkeypatch):
    (tmp_path / "of_mine.py").write_text("import cecore\n\nclass Mine:\n    s = cecore.softmax\n")
    monkeypatch.chdir(tmp_path)
    path = [*sys.path]
    assert main(["verify", "--softmax", "of_mine:Mine.s", "--claim", "S4"]) == 0
    assert sys.path == path


def help_of(capsys, *command):
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    return " ".join(capsys.readouterr().out.split())


def test_the_help_says_what_can_be_given(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setenv("NO_COLOR", "1")
    shown = help_of(capsys)
    assert shown.startswith("usage: cecore [-h] command ...")
    assert "verify check the claims of the book against an implementation" in shown
    shown = help_of(capsys, "verify")
    for words in (
        "Check the claims of the book: against cecore itself, a library, or functions of your own "
        "(each as module:function, with the signature of its namesake in cecore). The exit status "
        "is 0 if no claim fails, 1 if one does, 2 if the command is wrong or no claim applies to "
        "what it gives.",
        "--library NAME one of numpy, scipy, torch, jax, sklearn",
        "--softmax M:F check this softmax",
        "--log-softmax M:F check this log_softmax",
        "--jacobian M:F check this softmax_jacobian",
        "--loss-and-grad M:F check this loss_and_grad",
        "--claim ID only this (repeatable)",
        "--dtype DTYPE call with float64 and this only (repeatable)",
        "--json FILE write the evidence to a file",
        "-v, --verbose show proof, worst input and what was found",
    ):
        assert words in shown


def test_there_is_an_option_for_every_function():
    names = [field.name for field in dataclasses.fields(Implementation)][3:]
    assert [*OPTIONS.values()] == names
    assert [*OPTIONS] == [name.removeprefix("softmax_").replace("_", "-") for name in names]
