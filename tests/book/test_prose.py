"""The numbers in the text: every one that is more than a small integer, and what it must be.

Between the author's hand and the reader's eye nothing computes these, so each stands here a second
time, as an expression or as what a cell says.
"""

import json
import math
import re
from functools import cache

import numpy as np
import pytest

from cecore import entropy, softmax
from cecore._engine.dtypes import LIMITS
from cecore.scale.parts import GRID
from tests.book.reading import BOOK, NOTEBOOKS, code_of, printed, text_of
from tools.pages import CODE, NUMBER


def said(name, pattern):
    """The number that the notebook has in its code or its outputs where the pattern matches."""
    path = BOOK / f"{name}.ipynb"
    return float(re.search(pattern, f"{code_of(path)}\n{printed(path)}")[1].replace("_", ""))


z = np.array([2.0, 1.0, 0.1])
s, ln = softmax(z), np.log
classes = 50_000
perplexity = 1 / np.sqrt(0.9 * 0.1)
# In the descriptions of the explorable's still pictures.
EXPONENTIALS = list(zip(("7.39", "2.72", "1.11"), np.exp(z), strict=True))
PROBABILITIES = list(zip(("0.659", "0.242", "0.099"), s, strict=True))
LOSS = ("0.417", -ln(s[0]))
# The worst errors of softmax, the gradient's entries and the loss in float64, in units of 2^-53:
# proved for exponentials that are off by 2, and by 3.01 after a shift, and logarithms off by 2; and
# seen in five million random rows.
PROVED = re.findall(
    r"  off_by \(2 \* a( \+ l)? \+ (\d\.\d)\) \(rnd64",
    (BOOK / "_coq" / "AsComputed.v").read_text("utf-8"),
)
BOUNDS = [
    np.ceil(10 * x - 1e-9) / 10
    for (log1p, rest), seen in zip(PROVED, (3.7, 4.0, 4.0, 4.3), strict=True)
    for x in (*(2 * a + 2 * bool(log1p) + float(rest) for a in (2, 3.01)), seen)
]


@cache
def numbers():
    """By notebook and in order: each number as it is written, and what it must be."""
    ones = said("stability", r"ones: (\d+)")
    return {
        "softmax": [
            *[("2.0", z[0]), ("1.0", z[1]), ("0.1", z[2])],
            *[("0.1", z[2]), ("1.1", z[2] + 1)],
            *[("0.1", z[2]), *EXPONENTIALS, *PROBABILITIES, ("66 %", s[0])],
            ("1000", said("softmax", r"softmax\(np\.array\(\[(1000)\.0,")),
            *[("0.1", z[2]), ("1002", z[0] + 1000), ("1001", z[1] + 1000), ("1000.1", z[2] + 1000)],
            *[("1.01", np.exp(0.01)), ("1.11", np.exp(0.1)), ("2.72", np.exp(1))],
            ("0.01", said("softmax", r"for gap in \((.*?),")),
            *[("1.01", np.exp(0.01)), ("1.11", np.exp(0.1)), ("0.1", 0.1)],
            *[("2.72", np.exp(1)), ("22 026", np.exp(10))],
            *[("66 %", s[0]), ("2.72", np.exp(1)), ("58 %", softmax([1, 0, 0])[0])],
            *[("24 %", s[1]), ("0.1", z[2]), *PROBABILITIES],
            ("800", said("softmax", r"np\.log\(softmax\(\[0\.0, -(.*?)\]")),
            ("1000", said("softmax", r"size=\((\d+), 10\)")),
            *zip(("0.6590", "0.2424", "0.0986"), s, strict=True),
            *[("90 %", said("softmax", r"softmax\(z / T\)\[0\] > (.*?):")), ("66 %", s[0])],
        ],
        "softmax-derivative": [
            *[("66 %", s[0]), ("24 %", s[1]), ("10 %", s[2])],
            ("0.5", said("softmax-derivative", r"step = (.*)")),
            *[*PROBABILITIES, *zip(("0.225", "0.184", "0.089"), s * (1 - s), strict=True)],
            *[("50 000", classes), ("2.5", classes**2 / 1e9)],
            *[("1.0", 1.0), ("0.5", said("softmax-derivative", r"steepest: (\d.*)")), ("0.1", 0.1)],
            ("1000", said("softmax-derivative", r"size=\((\d+), 1, 3\)")),
            ("50 000", said("softmax-derivative", r"(50_000)")),
        ],
        "cross-entropy": [
            *[("70 %", 0.7), ("1 %", 0.01), ("0.693", ln(2))],
            *[("70 %", 0.7), ("0.36", -ln(0.7)), ("1 %", 0.01), ("4.61", -ln(0.01))],
            *[("0.36", -ln(0.7)), ("0.69", ln(2)), ("1.39", ln(4)), ("35 %", 0.7 / 2)],
            *[("0.36", -ln(0.7)), ("0.69", ln(2)), ("1.39", ln(4)), ("0.69", ln(2))],
            *[*PROBABILITIES, *PROBABILITIES, LOSS],
            *[("27.6", -ln(1e-12)), ("0.00", 0), ("0.61", entropy([0.7, 0.3])), ("1.00", 1)],
            *[("0.7", 0.7), ("0.3", 1 - 0.7)],
            ("0.61", said("cross-entropy", r"with-itself: (\d.*)")),
            *[("0.7", said("cross-entropy", r"\bp = (0\.\d)\n")), ("0.3", 1 - 0.7)],
            *[("90 %", 0.9), ("10 %", 0.1), ("50 %", 0.5), ("50 %", (0.9 + 0.1) / 2)],
            *[("1.61", ln(0.5 / 0.1)), ("50 %", 0.5), ("0.59", ln(0.9 / 0.5))],
            ("10 000", said("cross-entropy", r"size=\(2, ([\d_]+)\)")),
            *[("0.7", 0.7), ("0.3", 0.3), ("0.9", 0.9), ("0.1", 0.1)],
            *[("16.12", -ln(1e-7)), ("2.303", ln(10)), ("90 %", 0.05 + 0.85)],
            *[("0.9", 0.9), ("0.1", 0.1)] * 4,
            *[("0.3", 1 / perplexity), ("3.33", perplexity), ("0.5", (0.9 + 0.1) / 2)],
        ],
        "combined-gradient": [
            *[("66 %", s[0]), ("24 %", s[1]), ("10 %", s[2])],
            *[("0.659", s[0]), LOSS, ("0.75", 3 / 4), ("0.25", 1 / 4)],
            *[("1000", said("combined-gradient", r"grad\(\[0\.0, (.*?)\]"))] * 4,
            *[("0.1", z[2]), *EXPONENTIALS, *PROBABILITIES],
            *[("0.341", 1 - s[0]), *PROBABILITIES[1:], LOSS],
            ("1000", said("combined-gradient", r"size=\((\d+), 10\)")),
            ("1797", sum(said("combined-gradient", p) for p in (r"(\d+) examples", r"(\d+) kept"))),
            ("0.001", said("combined-gradient", r"penalty = (.*?) \*")),
            *[("0.00", 0), ("2.30", ln(10)), ("10.00", 10), ("2.30", ln(10))],
            *[("1 %", 0.01), ("0.99", 1 - 0.01), ("0.02", 2 * 0.01 * 0.99**2)],
            ("1297", said("combined-gradient", r"(\d+) examples")),
            *[("1.46", ln(1 + 9 / np.e)), ("1.46", ln(1 + 9 / np.e)), ("1.461", ln(1 + 9 / np.e))],
            *[
                ("0.296", 8 / 27),
                ("98 %", said("combined-gradient", r"read correctly: (\d.*)%") / 100),
            ],
        ],
        "stability": [
            *[("512", 2**9), ("700", said("stability", r"\bd = (\d+)\.0"))],
            *[("700", 700), ("700", said("stability", r"two_sum\(0\.1, -(.*?)\)"))],
            *[("700", 700), ("512", 2.0**-44 / 2.0**-53), ("640", LIMITS[np.float64].direct)],
            ("308", np.ceil(-np.log10(np.finfo(float).tiny))),
            ("256", 2.0**8),
            *[("640", LIMITS[np.float64].direct), *((f"{x:.1f}", x) for x in BOUNDS)],
            ("65504", np.finfo("f2").max),
            ("70 000", said("stability", r"zeros\((70_000)")),
            *[("1000", said("stability", r"in range\((\d+)\):\n +total = bf")), ("256", ones)] * 2,
            *[("256", ones), ("257", ones + 1), ("256", ones)],
            *[("0.4", 100 * 2.0**-8), ("100", 100)],
            *[("0.4 %", 2.0**-8), ("13 %", np.exp(1 / 8) - 1), ("100 %", 1)],
            ("1.133", said("stability", r"bfloat16 +(1\.\d+) +0")),
            ("2000", said("stability", r"size=\((\d+), 1000\)")),
            *[("0.8", 1 - 0.2), ("1.2", 1 + 0.2)],  # of Schulman and others
            *[("1.284", np.exp(1 / 4)), ("1.03", np.exp(1 / 32)), ("6252", 6252), ("2026", 2026)],
            ("100", said("stability", r"scale in \(10, (\d+)\)")),
            ("1000", said("stability", r"\[(1000)\.0, 999\.0, 0\.0\]")),
            *[("1000", said("stability", r"z = (1000) \+"))] * 3,
            ("512", np.spacing(1000.0) / 2 / 2.0**-53),
            *[("256", ones), ("1000", said("stability", r"\n(1000)\.0 100\.0"))],
            *[("0.1", 0.1), ("0.1", 0.1), ("0.10009765625", 205 / 2048)],
            *[("100.1", 1000 * 205 / 2048), ("100", said("stability", r"1000\.0 (100)\.0"))],
            ("13 %", np.exp(1 / 8) - 1),
        ],
        "training": [
            *[("2024", 2024), ("1620", 20 * (1297 // 16))],
            ("0.3", said("training", r"rate=(.*?)\)")),
            ("97.8 %", said("combined-gradient", r"accuracy on the test +(0.*)")),
            *[("0.099", s[2]), ("0.05", 0.05), ("0.1", z[2]), ("0.099", s[2]), ("0.05", 0.05)],
        ],
        "variants": [
            *[("66 %", s[0]), ("24 %", s[1]), ("10 %", s[2]), ("48 %", 2 * s[1])],
            ("39 %", said("variants", r"double-the-dog: (\d+) %") / 100),
            *[("24 %", s[1]), ("65504", np.finfo("f2").max)],
            ("1297", said("variants", r"order\[:(\d+)\], order\[1297:\]")),
            *[("400", said("variants", r"base, rest = order\[:(\d+)\]")), ("1397", 1797 - 400)],
            ("100", said("variants", r"ignored=-(\d+)")),
            *[("80 %", 0.8), ("80 %", 0.8)],
            ("300", said("variants", r"held, others = order\[50:(\d+)\]") - 50),
            *[("1447", 1797 - said("variants", r"order\[(\d+):\]\nlogits"))] * 2,
            *[("2.13", 2.13), ("1.9", 1.9), ("1.8", 1.8)],  # versions
            *[("2.8", said("variants", r"in \(\((.*?), 4\.4\)")), ("4.4", 4.4)],
            *[("2.2", said("variants", r"4\.4\), \((.*?), 3\.2\)")), ("3.2", 3.2)],
        ],
        "scale": [
            *[("4.00", 3 + 1), ("1.15", 3 * np.exp(2 - 5) + 1), ("23.09", 3 + np.exp(5 - 2))],
            *[("1.15", 3 * np.exp(2 - 5) + 1), ("23.09", 3 + np.exp(5 - 2))],
            ("1000", said("scale", r"z = (1000) \+ ")),
            ("512", GRID),
            ("8192", said("scale", r"\{(8192) \* 128_000 \* 4")),
            ("128,000", said("scale", r"\{8192 \* (128_000) \* 4")),
            *[("4.2", 4.194), ("0.42", 0.4194), ("4.2", 8192 * 128_000 * 4 / 1e9)],
            *[("20 %", 0.2), ("60 %", 0.6)],  # as the authors say
            ("4096", said("scale", r"megabytes_sent\((4096), 10\*\*6, W\)")),
            *[("800", 800), ("800", said("scale", r"\[0\.0, (800)\.0\]"))],
        ],
        "libraries": [
            ("0.04", 1e6 * np.log1p(np.exp(-17)) * (np.float32(1) + np.exp(np.float32(-17)) == 1)),
            *[("2023", 2023), ("19521", 19521), ("113708", 113708)],
            ("100", said("stability", r"scale in \(10, (\d+)\)")),
        ],
        "performance": [("100", 100)],
        "index": [("70 %", 0.7), ("3.11", 3.11)],
        "teachers": [
            *[("4.0", 4.0), ("2.0", z[0]), ("1.0", z[1]), ("0.1", z[2])],
            *[("70 %", 0.7), ("150 %", 1.5)],
        ],
        "problems": [
            ("70 %", said("solutions", r"forecast = .*\[(0\.7)")),
            *[("0.6", 6 / 10), ("0.3", 3 / 10), ("0.1", 1 / 10)],
        ],
        "solutions": [
            ("0.7", said("solutions", r"forecast = .*\[(0\.7)")),
            ("0.3", said("solutions", r"forecast = .*, (0\.3)\]")),
            *[("0.5", 1 / 2), ("0.5", 1 - 1 / 2)],
            ("0.7", said("solutions", r"forecast = .*\[(0\.7)")),
            ("0.3", said("solutions", r"forecast = .*, (0\.3)\]")),
            *[("0.6", 6 / 10), ("0.7", 1 - 3 / 10), ("0.1", 1 / 10)],
            ("0.07", said("solutions", r"1 / (0\.07)")),
        ],
    }


def prose(path):
    """What the author wrote, without code and displays."""
    return CODE.sub("", text_of(path))


@pytest.mark.parametrize("path", [*BOOK.glob("*.md"), *NOTEBOOKS], ids=lambda path: path.stem)
def test_a_number_in_the_text_is_what_it_must_be(path):
    right = numbers().get(path.stem, [])
    assert NUMBER.findall(prose(path)) == [text for text, _ in right], "numbers() must list it"
    for text, value in right:
        number = re.sub(r"[ ,{}%]", "", text)
        unit = 10.0 ** -len(number.partition(".")[2])
        value *= 100 if "%" in text else 1
        assert abs(float(number) - value) <= 0.501 * unit, text


def test_what_the_workers_took_and_sent_is_as_the_text_says():
    stored = json.loads((BOOK / "data" / "workers.json").read_text("utf-8"))
    found = {(m["divided"], m["workers"]): m for m in stored["measured"]}
    alone = stored["in memory"]["seconds"]
    assert stored["runs"] == 20
    for (divided, workers), m in found.items():
        assert m["seconds"] > (10 if divided == "classes" else 1) * alone
        chunk = 4 * math.prod(stored["chunks"][divided])
        assert (max(m["most sent"]) > chunk) == (workers > 1)
        assert max(m["most sent"]) < 4 * chunk
    state = 32 * stored["rows"]
    assert state <= np.median(found["classes", 2]["most sent"]) <= 2 * state + 8 * stored["rows"]
    assert np.median(found["rows", 2]["most sent"]) < state
    assert stored["larger than memory"]["bytes"] > stored["memory"]
    assert stored["larger than memory"]["most held"] < stored["memory"] / 20
