"""`cecore verify` on the command line."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from cecore.claims import CLAIMS, cli, verify
from cecore.claims.arguments import OPTIONS
from cecore.claims.cli import main
from cecore.claims.model import FUNCTIONS
from tests.claims.reports import REPORT
from tests.conftest import ROOT


def test_command_holds_cecore_to_the_claims(command):
    assert command.status == 0
    assert (
        command.printed.splitlines()[-1]
        == f"cecore: 2 not applicable, {len(CLAIMS) - 2} held (-v lists the claims)"
    )
    assert len(json.loads(command.path.read_text("utf-8"))["claims"]) == len(CLAIMS)
    assert [file.name for file in command.path.parent.iterdir()] == ["evidence.json"]


def test_command_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "cecore", "verify", "--claim", "s4", "-v"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"^S4 +held +1 +\d\.\d +The logits", done.stdout, re.MULTILINE)
    assert "worst: softmax([2.0, 1.0, 0.1])" in done.stdout
    assert done.stderr == ""


def test_command_finds_what_fails(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    given = ["--softmax", "scipy.special:softmax", "--log-softmax", "scipy.special:log_softmax"]
    assert main(["verify", *given, "--claim", "S1", "--claim", "P1", "-v"]) == 1
    out = capsys.readouterr().out
    assert "found: got 0, right is -1.9287498479639178e-22" in out
    assert out.splitlines()[-1] == "your functions: 1 held, 1 failed"
    assert main(["verify", "--library", "scipy", "--claim", "S1"]) == 0
    assert main(["verify", "--library", "scipy", *given[:2], "--claim", "S1"]) == 0
    assert capsys.readouterr().out.endswith(" with your softmax: 1 held\n")
    assert main(["verify", "--library", "scipy", *given, "--claim", "S1"]) == 0
    assert capsys.readouterr().out.endswith(" with your softmax, log_softmax: 1 held\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["verify", "--softmax", "nowhere:softmax"],
            "argument --softmax: cannot import 'nowhere:softmax': ModuleNotFoundError: No module",
        ),
        (["verify", "--softmax", "numpy:nothing"], "argument --softmax: cannot import"),
        (["verify", "--softmax", "numpy"], "argument --softmax: expected module:function"),
        (["verify", "--softmax", "numpy:"], "argument --softmax: expected module:function"),
        (["verify", "--softmax", ":exp"], "argument --softmax: expected module:function"),
        (["verify", "--grad", "numpy:pi"], "argument --grad: 'numpy:pi' is not a function"),
        (["verify", "--claim", "S99"], "argument --claim: no claim 'S99'"),
        (["verify", "--library", "abacus"], "argument --library: expected one of numpy, scipy"),
        (["verify", "--json", "no/such/file"], "argument --json: cannot write"),
        (["verify", "--json", "."], "argument --json: cannot write"),
        (["verify", "--softmax", "mine.py:softmax"], "expected a module's name, such as mine for"),
        (["verify", "--softmax", "./mine:softmax"], "expected a module's name, such as mine for"),
        (["verify", "--dtype", "int8"], "argument --dtype: invalid choice: 'int8' (choose from"),
        (["verify", "--colour"], "unrecognized arguments: --colour"),
        ([], "the following arguments are required: command"),
    ],
)
def test_command_says_in_one_line_what_is_wrong_with_it(capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_command_says_in_one_line_that_a_library_is_missing(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SystemExit) as stopped:
        main(["verify", "--library", "torch"])
    assert stopped.value.code == 2
    assert "argument --library: torch cannot be imported here" in capsys.readouterr().err


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
def test_command_says_in_one_line_what_goes_wrong(
    function, error, words, capsys, tmp_path, monkeypatch
):
    def fails(*args, **named):
        raise error

    monkeypatch.setattr(f"cecore.claims.cli.{function}", fails)
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "--claim", "S4", "--json", "x"]) == 2
    assert capsys.readouterr() == ("", words)


def test_command_takes_a_library_and_writes_a_file(capsys, tmp_path):
    path = tmp_path / "found.json"
    path.write_text("of before")
    assert main(["verify", "--library", "scipy", "--claim", "p1", "--json", str(path)]) == 1
    found = json.loads(path.read_text("utf-8"))
    assert found["implementation"].startswith("SciPy ")
    assert [claim["id"] for claim in found["claims"]] == ["P1"]
    assert [*tmp_path.iterdir()] == [path]


def test_command_takes_dtypes(tmp_path, monkeypatch):
    (tmp_path / "of_one.py").write_text(
        "import cecore\nseen = set()\ndef softmax(z, axis=-1):\n    seen.add(z.dtype.name)\n"
        "    return cecore.softmax(z, axis)\n"
    )
    monkeypatch.chdir(tmp_path)
    command = ["verify", "--softmax", "of_one:softmax", "--claim", "S1"]
    for given in (["float32"], ["float16", "float32"]):
        assert main([*command, *(f"--dtype={name}" for name in given)]) == 0
        assert sys.modules["of_one"].seen == {*given, "float64"}


def test_command_draws_the_table_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    pytest.importorskip("rich")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["verify", "--claim", "S4", "--claim", "S0", "-v"]) == 0
    out = capsys.readouterr().out
    assert "┃" in out
    assert "held" in out
    assert "0.659001138885968" in out


def test_command_has_colours_on_a_terminal(capsys, monkeypatch):
    pytest.importorskip("rich")
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", "150")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("cecore.claims.cli.verify", lambda *_, **__: REPORT)
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


def test_command_shows_the_progress_on_a_terminal(capsys, monkeypatch):
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


def test_command_prints_plain_text_as_wide_as_there_is_room(capsys, monkeypatch):
    for columns in ("60", "80", None):
        if columns:
            monkeypatch.setenv("COLUMNS", columns)
        else:
            monkeypatch.delenv("COLUMNS")
        assert main(["verify", "--claim", "S2"]) == 0
        longest = max(map(len, capsys.readouterr().out.splitlines()))
        assert int(columns or 100) - 12 < longest <= int(columns or 100)


def test_command_says_nothing_to_who_reads_only_the_first_lines():
    command = [sys.executable, "-m", "cecore", "verify", "--claim", "S4"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        started.stdout.close()
        assert started.stderr.read() == b""
    assert started.returncode == 0


def test_command_refuses_a_file_that_may_not_be_written_before_it_checks(
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
def test_command_writes_utf_8_on_every_system(tmp_path, name):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    options = ["-X", "warn_default_encoding", "-W", "error::EncodingWarning"]
    command = ["-m", "cecore", "verify", "--claim", "S4", "--json", tmp_path / name]
    subprocess.run([sys.executable, *options, *command], cwd=ROOT, check=True)


def test_command_writes_to_what_is_no_plain_file_and_does_not_replace_it(capfd, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert main(["verify", "--claim", "S4", "--json", str(tmp_path / "link")]) == 0
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "file").read_text("utf-8"))["ok"]
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE)
    assert main(["verify", "--claim", "S4", "--json", str(tmp_path / "pipe")]) == 0
    assert json.loads(reader.communicate()[0])["ok"]


def test_command_takes_a_file_with_a_long_name(capsys, tmp_path):
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
def test_command_says_that_a_disk_is_full(monkeypatch, unbuffered):
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
def test_command_writes_letters_that_the_encoding_lacks_as_escapes(tmp_path, encoding, written):
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


def test_command_leaves_streams_as_they_were():
    before = sys.stdout.errors, sys.stderr.errors
    assert main(["verify", "--claim", "S4"]) == 0
    assert (sys.stdout.errors, sys.stderr.errors) == before


def test_command_finds_a_function_here_and_by_a_path_of_names(tmp_path, monkeypatch):
    (tmp_path / "of_mine.py").write_text("import cecore\n\nclass Mine:\n    s = cecore.softmax\n")
    monkeypatch.chdir(tmp_path)
    path = [*sys.path]
    assert main(["verify", "--softmax", "of_mine:Mine.s", "--claim", "S4"]) == 0
    assert sys.path == path


def test_command_lets_a_function_import_others_when_it_is_called(tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text("from cecore import softmax as f\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "further.py").write_text("")
    (tmp_path / "of_lazy.py").write_text(
        "import sys\nsys.path.insert(0, 'elsewhere')\n"
        "def softmax(z, axis=-1):\n    import beside, further\n    return beside.f(z, axis)\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "--softmax", "of_lazy:softmax", "--claim", "S4"]) == 0


def test_command_says_that_a_module_would_end_python(capsys, tmp_path, monkeypatch):
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
def test_command_says_why_a_module_cannot_be_imported(code, why, capsys, tmp_path, monkeypatch):
    (tmp_path / "of_a_fault.py").write_text(f"{code}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(["verify", "--softmax", "of_a_fault:softmax"])
    assert capsys.readouterr().err == (
        f"cecore verify: argument --softmax: cannot import 'of_a_fault:softmax': {why}\n"
    )


def test_command_does_not_pass_if_nothing_is_checked(capsys, tmp_path, monkeypatch):
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


def help_of(capsys, *command):
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    return " ".join(capsys.readouterr().out.split())


def test_command_has_help_on_what_can_be_given(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setenv("NO_COLOR", "1")
    shown = help_of(capsys)
    assert shown.startswith("usage: cecore [-h] command ...")
    assert "verify check the claims of the book against an implementation" in shown
    shown = help_of(capsys, "verify")
    for words in (
        "Check the claims of the book: against cecore itself, a library, or functions of your own "
        "(each as module:function, with the signature of its namesake in cecore). The exit status "
        "is 0 if it is correct and robust (--level) and no claim that was asked for fails, 1 if "
        "not, 2 if the command is wrong or no claim applies to what it gives.",
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


def test_command_has_an_option_for_every_function():
    assert [*OPTIONS.values()] == [*FUNCTIONS]
    assert [*OPTIONS] == [name.removeprefix("softmax_").replace("_", "-") for name in FUNCTIONS]


def test_command_says_which_file_it_cannot_write(tmp_path, monkeypatch, capsys):
    def refuses(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "_write", refuses)
    page = tmp_path / "page.html"
    assert main(["verify", "--claim", "S4", "--html", str(page)]) == 2
    said = capsys.readouterr().err
    assert f"argument --html: cannot write {str(page)!r}: No space left" in said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--chapter", "soft"], "argument --chapter: invalid choice: 'soft'"),
        (["--chapter", "softmax", "--claim", "S1"], "give --claim or --chapter, not both"),
    ],
)
def test_command_refuses_a_wrong_chapter_in_a_line(given, words, capsys):
    with contextlib.suppress(SystemExit):
        assert main(["verify", *given]) == 2
    assert words in capsys.readouterr().err


def test_command_counts_up_to_a_level_and_writes_junit(tmp_path, monkeypatch, capsys):
    (tmp_path / "of_a_textbook.py").write_text(
        "import numpy as np\ndef f(z, axis=-1):\n"
        "    e = np.exp(z - z.max(axis, keepdims=True))\n"
        "    return e / e.sum(axis, keepdims=True)\n"
    )
    monkeypatch.chdir(tmp_path)
    command = ["verify", "--softmax", "of_a_textbook:f", "--dtype=float32"]
    assert main(command) == 0
    assert main([*command, "--level=exact", "--junit=found.xml"]) == 1
    assert '<failure message="the last digits are lost">' in (tmp_path / "found.xml").read_text()
    capsys.readouterr()
    assert main(["verify", "--claim=S4", "--junit=found.xml"]) == 2
    assert "--junit writes the levels" in capsys.readouterr().err
