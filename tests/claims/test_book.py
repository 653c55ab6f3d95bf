"""The claims of the book: each is stated there, held by cecore, and refutes what is wrong."""

import dataclasses
import functools
import inspect
import itertools
import json
import re

import numpy as np
import pytest

import cecore
from cecore.claims import CLAIMS, Implementation, verify
from cecore.claims.kit.probe import LEVELS
from cecore.claims.model import FUNCTIONS
from cecore.claims.run import CECORE
from cecore.claims.trial import Trial
from cecore.scale.parts import LogSumExp
from tests.claims.stored import assert_stored
from tests.claims.wrong import WRONG, overwrites, wrong_axis
from tests.conftest import ROOT

UNCHECKED = {"S0", "R1"}


def test_claims_are_in_the_order_of_series_and_number():
    firsts = {"S": 0, "B": 1, "P": 1, "R": 1}
    counts = {letter: sum(name[0] == letter for name in CLAIMS) for letter in firsts}
    assert list(CLAIMS) == [
        f"{letter}{first + i}" for letter, first in firsts.items() for i in range(counts[letter])
    ]
    assert counts["S"] == 20  # the article's
    assert all(claim.id == name for name, claim in CLAIMS.items())
    sentences = [claim.sentence for claim in CLAIMS.values()]
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert sentence.endswith((".", ")")), sentence
        assert sentence.isascii(), sentence
        assert not set(sentence) & set("\\$"), sentence  # all LaTeX is turned into words


def test_claims_have_formulas_typeset_in_the_ledger_and_plain_in_a_terminal():
    ledger = (ROOT / "book/ledger.ipynb").read_text("utf-8")
    for claim in CLAIMS.values():
        assert f" | {json.dumps(claim.statement)[1:-1]} | " in ledger
        words = "".join(claim.statement.split("$")[::2])
        assert not re.search(r"[\\^=<>{}]|\b\w_", words), claim
        assert "|" not in claim.statement  # it would end a cell


def test_promises_and_nothing_else_have_a_level():
    for claim in CLAIMS.values():
        assert claim.level in (LEVELS if claim.id[0] == "P" else [""]), claim.id


def test_claims_have_a_check_or_a_reason():
    assert {name for name, claim in CLAIMS.items() if claim.check is None} == UNCHECKED
    assert {name for name, claim in CLAIMS.items() if claim.reason} == UNCHECKED
    assert all(CLAIMS[name].reason.islower() for name in UNCHECKED)
    assert {CLAIMS[name].reason for name in CLAIMS.keys() - UNCHECKED} == {""}
    for claim in CLAIMS.values():
        assert set(claim.needs) <= FUNCTIONS.keys()
        assert bool(claim.needs) == (claim.check is not None)


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_claim_stands_in_its_chapter_at_its_label(claim):
    pages = list((ROOT / "book").glob(f"{claim.chapter}.[im]*"))  # .ipynb, .md
    assert len(pages) == 1
    text = pages[0].read_text("utf-8")
    if claim.label:
        assert re.search(rf":label: {claim.label}\b|\({claim.label}\)=", text)
    if claim.id[0] == "P":  # printed from the registry itself
        links = re.findall(rf"\[{claim.id}\]\(ledger.html#claim-{claim.id}\)", text)
        assert (claim.chapter, len(links)) == ("stability", 1)
    if claim.id[0] in "SB":
        assert text.count(f"[{claim.id}]{{.stmt}}") == 1
    if (claim.id[0] in "SB") and claim.label.startswith(("thm", "def")) and claim.id != "S3":
        title = rf"\[{claim.id}\]{{.stmt}}.{{,9}}:label: {claim.label}\b"
        assert re.search(title, text.replace("\\n", "").replace('"', ""), re.DOTALL)


def test_claims_lead_from_chapter_to_ledger_and_back(site):
    """Both ways, as a browser would follow them."""
    pages = {page.stem: page.read_text("utf-8") for page in site.glob("book/*.html")}
    for claim in CLAIMS.values():
        row = f'id="claim-{claim.id}"'
        assert pages["ledger"].count(row) == 1
        if claim.id[0] in "SB":
            there = rf'<a class="stmt reference internal" href="ledger.html#claim-{claim.id}">'
            assert (
                len(re.findall(there, re.sub(r"<title>.*?</title>", "", pages[claim.chapter]))) >= 1
            )
        anchor = f"equation-{claim.label}" if claim.label.startswith("eq-") else claim.label
        if anchor:
            assert f'href="{claim.chapter}.html#{anchor}"' in pages["ledger"]
            assert f'id="{anchor}"' in pages[claim.chapter]


@pytest.mark.parametrize("name", CLAIMS)
def test_claim_is_held_by_cecore(own, name):
    evidence = {claim.id: evidence for claim, evidence in own.results}[name]
    assert evidence.verdict == ("not applicable" if name in UNCHECKED else "held"), evidence
    if name in UNCHECKED:
        assert evidence.message == "not a statement about functions"
    else:
        assert evidence.worst
    assert_stored("cecore", "cecore", name, evidence)
    row = re.search(rf'id=."claim-{name}\W.*', (ROOT / "book/ledger.ipynb").read_text("utf-8"))[0]
    if name[0] == "P":
        assert f"| {evidence.inputs} calls |" in row
    assert tuple(re.findall(r"equation-([a-z-]+)[^>]*>(?:steps|\d)<", row)) == CLAIMS[name].proofs


# By how many eps the first entry of a result may be too large: a claim refutes what is off by more.
# And log2 of how many times too far off it is where it is off by 1/128, summed over the inputs.
# With :1 the second entry is off, with + or - the first by 1/128 of 1 and not of itself, and with ~
# every second result is 16 times as large (of which the eps say little).
ALLOWED = """
S1  softmax 9.415 1644.31
S3  softmax 64.5 233.93
S4  softmax 9.105 41.81
S5  logsumexp 57.43 2518.87 softmax~ 0.01961 3531.06
S6  logsumexp 17.5 2555.85
S7  softmax_jacobian 25.08 1255.41
S8  logsumexp 57.43 2479.90 softmax~ 0.01961 3481.19
S9  logsumexp 17.5 2555.85
S10 softmax_jacobian:1 36.58 1105.89
S11 cross_entropy 9.414 542.81
S12 cross_entropy 8 130.00
S13 softmax_vjp 45.19 1053.78
S14 loss 16.28 4200.27
S15 softmax 25.28 1588.00 softmax_jacobian 25.08 1588.41 grad 25.08 3442.70
S15 softmax_jacobian:1 36.58 1488.34
S16 softmax_jacobian 25.08 1255.41
S17 grad 12.54 3755.38
S19 loss 8 290.25 grad 18 253.28
B1  softmax 13.73 488.96
B2  softmax 18.83 985.05
B3  softmax 8 250.00
B4  logsumexp 2.096 3225.97
B5  softmax 15.83 1517.62 softmax_jacobian 12.54 1350.28
B6  softmax_jacobian 37.66 2581.14 softmax_jacobian:1 9.415 3533.12
B7  softmax 8 442.63 softmax_jacobian 11.55 359.01
B8  softmax 40.85 928.08 logsumexp 30.37 2514.64
B9  entropy 5.112 991.05
B10 cross_entropy 43.28 491.99 entropy 81.64 442.84 kl_divergence 47.75 387.01
B11 kl_divergence 15.92 815.06 kl_divergence+ 9 1497.83 kl_divergence- 9 1639.50
B11 cross_entropy- 9 685.67
B12 grad 30.4 3795.71
B13 grad 4 1847.12
B14 softmax 141.6 851.03 softmax_jacobian 131.4 901.06
B15 logsumexp 12.4 1594.57 logsumexp~ 0.002088 4914.57
B16 softmax~ 0.1382 7494.23 log_softmax~ 0.1524 7546.09
B16 loss~ 0.1524 7314.63 grad~ 0.1598 7040.67
B17 grad 109.8 112.56
B18 softmax_jacobian 75.32 2658.39
B19 loss 211.7 1685.32 grad 2053 1729.48
B20 softmax 106 461.84 grad 53.82 1244.74
B21 loss_and_grad 146.3 75.58
B22 grad 3.135 2002.60
B23 loss 28.75 1126.16 grad 37.75 1062.80
B24 grad 44.93 1917.73
B25 grad 43.78 2629.44
B26 loss 112.3 42.19 grad 563.7 39.86
B27 loss 156.3 2233.80 grad 166.1 2380.42
B28 loss 8.01 928.38 grad 8 926.26
B29 softmax 148.9 1239.55 loss~ 0.001549 654.00
B30 parts 5.836 5917.08
B31 parts 5.836 12243.06
B32 loss_and_grad 113 238.27
B33 logsumexp 11.67 1974.93 entropy 11.68 2223.45
B34 softmax 17.42 1200.31 grad 50.38 989.79
B35 softmax 41.42 788.98
B36 logsumexp 75.18 919.27 softmax 75.18 861.28 grad 44.3 888.13
B37 grad 31.74 1816.93
B38 softmax 16.4 639.76
B39 logsumexp 3.1 127.09
B40 softmax_vjp 120.1 1080.58
P1  log_softmax 13 1852.40
P2  loss 13 325.85
P3  grad 13 325.85
P4  softmax_jacobian 13 325.85
P6  softmax~ 0.1432 199.80 log_softmax~ 0.136 199.88 logsumexp~ 0.1372 199.87
P7  softmax 16.8 748.94 log_softmax 68.18 728.93 logsumexp 17.33 793.39
P7  loss 23.08 772.87 grad 75.27 728.64 softmax_jacobian 92.07 728.06
P7  loss_and_grad 23.08 826.52
P8  softmax 32.12 3873.89 log_softmax 17.44 4052.41 logsumexp 16.16 4159.49
P8  loss 17.78 4070.03 grad 32.13 3855.79 softmax_jacobian 84.07 3762.94
P9  softmax 35.02 3671.75 log_softmax 21.43 3784.44 logsumexp 22.75 3775.90
P9  loss 21.43 3791.54 grad 32.95 3708.76
P12 softmax 9.415 3313.68
P13 softmax 2.016 1435.46
P14 softmax_jvp 85.05 1373.88 softmax_vjp 85.05 1373.88
P15 loss~ 0.00848 11082.34 grad~ 0.01197 10960.51
P16 softmax 3 5101.67 log_softmax 3.071 5133.93 logsumexp 3.073 5187.79
P16 loss 3.071 7884.28 grad 3 7761.98 softmax_jacobian 6 6226.31
P16 cross_entropy 3.159 3888.02 entropy 3.121 3886.78 kl_divergence 4.328 3750.67
P17 loss_and_grad 3.034 6057.42
P18 parts 3.073 5376.06
"""


def off(function, how):
    """Make a function's results wrong, as ALLOWED says."""
    calls = itertools.count()

    def change(result):
        result = np.array(result, order="C")
        some, by = result.reshape(-1)[how == ":1" :][:1], result.dtype.type(2.0**-7)
        if how == "~":
            result *= 1 + 15 * (next(calls) % 2)
        else:
            some += {"+": by, "-": -by}.get(how, by * some)
        return result

    @functools.wraps(function)
    def wrong(*args, **named):
        result = function(*args, **named)
        return tuple(map(change, result)) if isinstance(result, tuple) else change(result)

    return wrong


@pytest.mark.parametrize("line", ALLOWED.strip().splitlines())
def test_claim_allows_no_more_than_it_did(line, monkeypatch):
    name, *allowed = line.split()
    ratios = []
    monkeypatch.setattr(Trial, "_note", lambda self, ratio, message: ratios.append(ratio))
    for field, eps, total in zip(allowed[::3], allowed[1::3], allowed[2::3], strict=True):
        ratios.clear()
        function, how = re.fullmatch(r"(\w+)(.*)", field).groups()
        if function == "parts":
            monkeypatch.setattr(LogSumExp, "logsumexp", off(LogSumExp.logsumexp, how))
            verify(CECORE, claims=[name])
        else:
            wrong = {function: off(getattr(CECORE, function), how)}
            verify(CECORE, claims=[name], **wrong)
        assert 2.0**-7 / max(ratios) / 2.0**-52 == pytest.approx(float(eps), rel=1e-3)
        large = np.log2(np.clip(ratios, 16, 2.0**50))  # less than 16 may be rounding's
        assert large.sum() == pytest.approx(float(total), abs=0.02)


@pytest.mark.parametrize(
    ("field", "function", "name"), WRONG, ids=[f"{f.__name__}-{name}" for _, f, name in WRONG]
)
def test_claim_refutes_a_wrong_implementation(field, function, name):
    [(_, evidence)] = verify(CECORE, claims=[name], **{field: function}).results
    no_result = (
        "one_hot_of_three",
        "mean_loss",
        "one_example_squeezed",
        "one_class_squeezed",
        "always_refuses",
    )
    assert evidence.verdict == ("error" if function.__name__ in no_result else "failed")
    assert evidence.message
    assert evidence.worst


def test_claims_refute_some_wrong_implementation_each():
    assert {name for _, _, name in WRONG} == set(CLAIMS) - UNCHECKED


@pytest.mark.parametrize("claim", [c for c in CLAIMS.values() if c.needs], ids=lambda c: c.id)
def test_claim_needs_what_it_says_and_nothing_else(claim):
    functions = {name: getattr(CECORE, name) for name in claim.needs}

    def found(*names):
        [(_, evidence)] = verify(claims=[claim.id], **{n: functions[n] for n in names}).results
        return evidence.verdict, evidence.message

    if claim.each:
        assert {found(name) for name in functions} == {("held", "")}
        return
    assert found(*functions) == ("held", "")
    for name in functions.keys() if len(functions) > 1 else ():
        assert found(*functions.keys() - {name}) == ("not applicable", f"no {name}")


def test_claim_p8_names_the_row_of_a_batch_that_is_wrong():
    [(_, evidence)] = verify(CECORE, claims=["P8"], softmax=wrong_axis).results
    assert re.fullmatch(r"softmax\(.+\), row \(\d+,.*\)", evidence.worst)


def test_claim_p8_has_no_batch_of_fewer_classes_than_an_implementation_takes():
    shapes = []

    def recording(z, axis=-1):
        shapes.append(z.shape)
        return cecore.softmax(z, axis)

    verify(dataclasses.replace(CECORE, classes=4), claims=["P8"], softmax=recording)
    batches = {shape for shape in shapes if len(shape) > 1} - {(5, 3), (1025, 3)}  # see P8
    assert batches == {
        (0, 5),
        (1, 5),
        (3, 5),
        (4, 5),
        (1, 1, 5),
        (4, 2, 5),
        (4, 3, 5),
        (2, 2, 3, 5),
    }


def test_claim_p11_names_the_argument_that_was_changed():
    [(_, evidence)] = verify(CECORE, claims=["P11"], softmax=overwrites).results
    assert evidence.message.startswith("afterwards argument 1 is ")


def test_claim_p11_alone_refutes_what_overwrites_its_input():
    def overwrites(z, axis=-1):
        z = z.astype(float) if z.dtype.kind == "i" else z
        z[...] = cecore.softmax(z, axis)
        return z

    assert [claim.id for claim, _ in verify(softmax=overwrites).failed] == ["P11"]


def test_claim_p11_is_held_by_a_loss_of_class_indices_only():
    def loss(z, y, axis=-1):
        if np.ndim(y) == np.ndim(z):
            raise TypeError("class indices only")
        return cecore.softmax_cross_entropy(z, y, axis)

    failed = [claim.id for claim, _ in verify(loss=loss).failed]
    assert failed == ["B23", "B28", "P15"]


@pytest.mark.parametrize(("off", "verdict"), [(2, "held"), (3, "failed")])
def test_claim_s2_has_a_probability_at_most_1_and_what_rounding_adds(off, verdict):
    def softmax(z, axis=-1):
        s = cecore.softmax(z, axis)
        return s + (off * np.finfo(z.dtype).eps * (z.size == 1)).astype(z.dtype)

    [(_, evidence)] = verify(softmax=softmax, claims=["S2"]).results
    assert evidence.verdict == verdict


def test_claim_s2_refutes_a_small_probability_that_is_0():
    def softmax(z, axis=-1):
        s = cecore.softmax(z, axis)
        return np.where(s < 1e-30, 0, s).astype(z.dtype)

    [(_, evidence)] = verify(softmax=softmax, claims=["S2"]).results
    assert evidence.message.startswith("a probability that is not tiny is 0 in [")


def test_claim_p9_gives_no_axis_to_a_function_that_names_none():
    def softmax(*args, **named):
        return cecore.softmax(*args, **named)

    [(_, evidence)] = verify(softmax=softmax, claims=["P9"]).results
    assert (evidence.verdict, evidence.message) == (
        "not applicable",
        "softmax has no parameter axis",
    )


def test_claim_p9_checks_one_function_though_another_has_no_axis():
    def without_axis(z):
        return cecore.softmax(z)

    def along_the_first(z, axis=-1):
        return cecore.log_softmax(z, 0)

    functions = {"softmax": without_axis, "log_softmax": along_the_first}
    [(_, evidence)] = verify(claims=["P9"], **functions).results
    assert evidence.verdict == "failed"


def test_claim_is_not_held_where_no_input_fits():
    wrong = Implementation(grad=lambda z, y: 0 * z, dtypes=(np.float32,), classes=20_000)
    for claim in ("S17", "B12", "B22"):
        [(_, evidence)] = verify(wrong, claims=[claim]).results
        assert (evidence.verdict, evidence.message) == (
            "not applicable",
            "no input of these dtypes and classes",
        ), claim


def test_claims_p5_and_b15_take_logits_in_every_dtype_and_keep_it():
    dtypes = []

    def recording(z, axis=-1):
        dtypes.append(z.dtype.type)
        return cecore.logsumexp(z, axis)

    verify(claims=["P5"], logsumexp=recording)
    assert {*dtypes} == {np.float16, np.float32, np.float64}
    dtypes.clear()
    verify(claims=["B15"], logsumexp=recording)
    assert {*dtypes} == {np.float16, np.float32, np.float64}
    assert dtypes[::2] == dtypes[1::2]  # moved, and not


def test_claim_p10_calls_functions_as_they_must_be():
    """A call with too few arguments is refused as well, and says nothing."""
    calls = []

    def recording(name, function):
        @functools.wraps(function)
        def called(*args, **named):
            inspect.signature(function).bind(*args, **named)
            calls.append(name)
            return function(*args, **named)

        return called

    fields = CLAIMS["P10"].needs
    functions = {name: recording(name, getattr(CECORE, name)) for name in fields}
    [(_, evidence)] = verify(CECORE, claims=["P10"], **functions).results
    assert evidence.inputs == len(calls)
    assert {*calls} == {*fields}


class NoArray:
    def __array__(self, *args, **named):
        raise TypeError("on another device")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda z: [[1], [1, 2]], "not refused: got <list>"),
        (lambda z: NoArray(), "not refused: got <NoArray>"),
        (lambda z: (z[:0], "s"), "not refused: got ([], <U1(s))"),
    ],
)
def test_claim_p10_shows_what_comes_back_for_bad_input(function, message):
    [(_, evidence)] = verify(softmax=function, claims=["P10"]).results
    assert (evidence.verdict, evidence.message) == ("failed", message)


def test_claim_p5_reports_a_warning_and_raises_nothing():
    def warns(z, axis=-1):
        return np.exp(z) / np.exp(z).sum(axis)

    [(_, evidence)] = verify(softmax=warns, claims=["P5"]).results
    assert evidence.verdict == "failed"
    assert "overflow" in evidence.message or "NaN" in evidence.message
