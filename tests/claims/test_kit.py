"""The conformance kit is right in both directions: it refutes what is wrong, and nothing else."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

import cecore
from cecore.claims.kit.causes import causes, text
from cecore.claims.kit.examine import examine
from cecore.claims.kit.probe import LEVELS
from cecore.claims.kit.right import Arithmetic, Rows, of_mean, of_pair
from cecore.claims.model import Implementation
from cecore.claims.run import CECORE

softmax, log_softmax, logsumexp = cecore.softmax, cecore.log_softmax, cecore.logsumexp
loss, grad = cecore.softmax_cross_entropy, cecore.softmax_cross_entropy_grad


def faults(levels=LEVELS[:3], **functions):
    """The names of the probes that find fault, by their levels."""
    found = causes(examine(Implementation(**functions), levels=levels))
    return {cause.probe.name: cause.probe.level for cause in found}


# What is right


def test_cecore_has_no_fault_in_any_level():
    found = examine(CECORE, levels=LEVELS)
    said = text("cecore", found, causes(found))
    assert said.count("yes") == len(LEVELS), said
    assert found.subject.warnings == {}
    assert found.subject.calls > 5000


def rounded(dtype):
    """Every function, correctly rounded, for one dtype alone."""
    dtype = np.dtype(dtype)

    def rows(z, axis=-1):
        z = np.asarray(z)
        if z.dtype != dtype:
            raise TypeError(f"only {dtype}")
        with np.errstate(all="ignore"):
            return Rows(np.moveaxis(z, axis, -1))

    def out(right, axis=None):
        value = right.value.astype(np.longdouble if dtype.itemsize == 8 else np.float64)
        with np.errstate(over="ignore"):
            value = value.astype(dtype)
        return value if axis is None else np.moveaxis(value, -1, axis)

    def moved(labels, z, axis):
        return (
            np.moveaxis(labels, axis, -1) if np.ndim(labels) == np.ndim(z) else np.asarray(labels)
        )

    def pair(name):
        def function(p, q=None, axis=-1):
            if p.dtype != dtype:
                raise TypeError(f"only {dtype}")
            q = p if q is None else q
            return out(of_pair(name, np.moveaxis(p, axis, -1), np.moveaxis(q, axis, -1)))

        return function

    return {
        "softmax": lambda z, axis=-1: out(rows(z, axis).softmax(), axis),
        "log_softmax": lambda z, axis=-1: out(rows(z, axis).log_softmax(), axis),
        "logsumexp": lambda z, axis=-1: out(rows(z, axis).logsumexp()),
        "softmax_jacobian": lambda z: out(rows(z).softmax_jacobian()),
        "softmax_jvp": lambda z, v: out(rows(z).softmax_jvp(v)),
        "loss": lambda z, y, axis=-1: out(rows(z, axis).loss(moved(y, z, axis))),
        "grad": lambda z, y, axis=-1: out(rows(z, axis).grad(moved(y, z, axis)), axis),
        "loss_and_grad": lambda z, y: tuple(map(out, of_mean(rows(z), np.asarray(y)))),
        "cross_entropy": pair("cross_entropy"),
        "entropy": pair("entropy"),
        "kl_divergence": pair("kl_divergence"),
    }


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_correctly_rounded_implementation_in_one_dtype_has_no_fault(dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    if Arithmetic(np.dtype(np.float64)).wide is object:
        pytest.skip("takes minutes where long floats have the digits of float64")
    functions = rounded(dtype)
    for name in functions:
        if name in ("loss", "grad", "loss_and_grad"):
            functions[name] = along(functions[name])
    found = examine(Implementation(**functions))
    faults = causes(found)
    assert [cause.probe.name for cause in faults] == [], text(dtype, found, faults)
    assert {d for names in found.takes.values() for d in names} == {dtype}
    assert set(found.refused) == {"float16", "bfloat16", "float32", "float64"} - {dtype}


def along(function):
    """Refuse what is no label of a class, along whatever axis the classes lie."""

    def careful(z, y, **named):
        n = z.shape[named.get("axis", -1)]
        if np.asarray(y).dtype.kind in "iu" and (np.asarray(y).astype(int) % n != y).any():
            raise ValueError("no class")
        return function(z, y, **named)

    return careful


# What is wrong, in the ways that public bug reports describe: each with the probe that finds it


def only_if(when, wrong, right):
    def function(z, *more, axis=-1):
        return (wrong if when(np.asarray(z), axis) else right)(z, *more, axis=axis)

    return function


def halved(z, axis=-1):
    return softmax(z, axis) / 2


def tail_lost(z, axis=-1):
    s = softmax(z, axis)
    if s.ndim == 2 and len(s) > 8 and len(s) % 8:
        s[len(s) // 8 * 8 :] = 0
    return s


def summed_in_half(z, axis=-1):
    if z.dtype != np.float16:
        return softmax(z, axis)
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / np.cumsum(e, axis, dtype=np.float16).take([-1], axis)


def batch_summed(p, q, axis=-1):
    return cecore.kl_divergence(p, q, axis).sum() + 0 * cecore.kl_divergence(p, q, axis)


def soft_loss_of_first(z, y, axis=-1):
    if np.ndim(y) < np.ndim(z):
        return loss(z, y, axis)
    return loss(z, np.broadcast_to(y[:1], y.shape), axis)


def narrow_labels(z, y, axis=-1):
    if np.ndim(y) == np.ndim(z) or np.ndim(z) != 2:
        return loss(z, y, axis)
    n = z.shape[-1]
    with np.errstate(all="ignore"):
        flat = (y + np.arange(len(y), dtype=y.dtype) * np.array(n).astype(y.dtype)).astype(y.dtype)
    return 0 - log_softmax(z).ravel()[flat.astype(int) % z.size]


def strides_ignored(z, axis=-1):
    z = np.asarray(z)
    if z.flags.c_contiguous or z.base is None:
        return softmax(z, axis)
    memory = np.lib.stride_tricks.as_strided(z, z.shape, np.empty(z.shape, z.dtype).strides)
    return softmax(memory, axis)


def zero_times_infinity(z, y, axis=-1):
    if np.ndim(y) < np.ndim(z):
        return loss(z, y, axis)
    with np.errstate(invalid="ignore"):
        return (y * (0 - log_softmax(z, axis))).sum(axis)


def masked_row(z, axis=-1):
    s = softmax(z, axis)
    if z.ndim == 2 and len(z) > 1:
        s[np.isinf(z).sum(-1) > 1] = np.nan
    return s


def axis_0_by_default(z, axis=0):
    return softmax(z, axis)


def jvp_sums_the_batch(z, v):
    out = cecore.softmax_jvp(z, v)
    return np.broadcast_to(out.sum(0), out.shape) if out.ndim > 1 else out


def one_hot_flattens(labels, n):
    return cecore.one_hot(np.ravel(labels), n)


BUFFER = {}


def shared_buffer(z, axis=-1):
    out = BUFFER.setdefault((z.shape, z.dtype), np.empty(z.shape, z.dtype))
    out[...] = softmax(z, axis)
    return out


def trembling(z, axis=-1):
    BUFFER["n"] = BUFFER.get("n", 0) + 1
    return softmax(z, axis) * (1 + BUFFER["n"] % 2 * np.finfo(z.dtype).eps)


def loss_by_lse(z, y, axis=-1):
    if np.ndim(y) == np.ndim(z):
        return loss(z, y, axis)
    own = np.take_along_axis(z, np.expand_dims(y, axis), axis).squeeze(axis)
    return logsumexp(z, axis) - own


def gap_cut_at_64(z, axis=-1):
    return softmax(np.maximum(z, z.max(axis, keepdims=True) - 64), axis)


def loss_clipped(z, y, axis=-1):
    return np.minimum(loss(z, y, axis), np.float32(16.118))


def nan_to_number(z, axis=-1):
    return softmax(np.where(np.isnan(z), -np.inf, z), axis)


def clamped_labels(z, y, axis=-1):
    if np.asarray(y).dtype.kind in "iu":
        y = np.clip(y, 0, z.shape[axis] - 1)
    return loss(z, y, axis)


def native_order_only(z, axis=-1):
    s = softmax(z, axis)
    z[...] = 0
    return s


WRONG = [
    ("softmax", only_if(lambda z, a: z.shape[a] == 7, halved, softmax), "sizes"),
    ("softmax", only_if(lambda z, a: z.shape[a] > 4096, halved, softmax), "long sums"),
    ("softmax", only_if(lambda z, a: z.shape[a] > 20_000, halved, softmax), "long rows"),
    (
        "softmax",
        only_if(lambda z, a: z.dtype == "f4" and z[..., 0].size > 1, halved, softmax),
        "batches",
    ),
    ("softmax", only_if(lambda z, a: z.ndim > 2, halved, softmax), "batches"),
    ("softmax", tail_lost, "batches"),
    ("softmax", summed_in_half, "long sums"),
    ("kl_divergence", batch_summed, "batches"),
    ("cross_entropy", lambda p, q, axis=-1: -(p * np.log(q)).sum(-1), "axes"),
    ("loss", soft_loss_of_first, "batches"),
    ("loss", narrow_labels, "labels' dtypes"),
    ("softmax", strides_ignored, "memory layouts"),
    ("loss", zero_times_infinity, "0 times infinity"),
    ("softmax", masked_row, "masks in a batch"),
    ("softmax", axis_0_by_default, "default axis"),
    ("softmax_jvp", jvp_sums_the_batch, "batches"),
    ("one_hot", one_hot_flattens, "one-hot"),
    ("softmax", shared_buffer, "repeated calls"),
    ("softmax", trembling, "repeated calls"),
    ("softmax", native_order_only, "input"),
    ("loss", loss_by_lse, "shifts"),
    ("softmax", gap_cut_at_64, "large gaps"),
    ("loss", loss_clipped, "large gaps"),
    ("softmax", nan_to_number, "NaN"),
    ("loss", clamped_labels, "bad labels"),
    ("log_softmax", lambda z, axis=-1: np.log(softmax(z, axis)), "large logits"),
    ("softmax", lambda z, axis=-1: np.exp(z) / np.exp(z).sum(axis, keepdims=True), "large logits"),
]


NAMES = [f"{name} {function.__name__} {probe}" for name, function, probe in WRONG]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "function", "probe"), WRONG, ids=NAMES)
def test_what_is_wrong_is_found_by_the_probe_that_looks_for_it(name, function, probe):
    assert probe in faults(**{name: function})


# What is said of it


def naive(z, axis=-1):
    return np.exp(z) / np.exp(z).sum(axis, keepdims=True)


def textbook(z, axis=-1):
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_report_opens_with_the_levels_and_shows_the_smallest_input():
    report = cecore.verify(softmax=naive, dtypes=["float64"])
    lines = report.text().splitlines()
    assert lines[:3] == [
        "your functions",
        "  correct  yes  (10 probes)",
        "  robust   NO: 1 fault  (4 probes)",
    ]
    assert "    softmax([[710]])" in lines
    assert "    got   nan" in lines
    assert "    right 1" in lines
    assert not report.ok
    assert [cause.probe.name for cause in report.faults] == ["large logits"]
    with pytest.raises(AssertionError, match=r"softmax\(\[\[710\]\]\)"):
        report.assert_ok()


def test_the_report_of_the_textbooks_softmax_is_short_and_fits_80_columns():
    report = cecore.verify(softmax=textbook, dtypes=["float32"])
    assert report.ok  # correct and robust; what it is not is exact
    lines = report.text().splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80
    assert "exact: the last digits are lost  [P16, P17]" in lines


def test_a_chapter_is_checked_with_its_claims_alone():
    report = cecore.verify(softmax=softmax, chapter="softmax")
    assert {claim.chapter for claim, _ in report.results} == {"softmax"}
    assert report.examination
    with pytest.raises(ValueError, match=r"chapter must be one of index, softmax.*; got 'soft'"):
        cecore.verify(softmax=softmax, chapter="soft")
    with pytest.raises(TypeError, match="give claims or a chapter, not both"):
        cecore.verify(softmax=softmax, chapter="softmax", claims=["S1"])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_report_as_html_and_json_says_the_same():
    report = cecore.verify(softmax=naive, dtypes=["float64"])
    page = report._repr_html_()
    assert "softmax([[710]])\ngot   nan\nright 1" in page
    assert "no number for large logits" in page
    whole = json.loads(report.to_json())
    assert whole["levels"]["robust"] == {"looked": 4, "faults": 1}
    (cause,) = whole["causes"]
    assert cause["call"] == "softmax([[710]])"
    assert cause["outcome"] == ["got nan", "right 1"]


def test_a_dtype_that_is_refused_is_one_line():
    def only_single(z, axis=-1):
        if z.dtype != np.float32:
            raise TypeError("float32 only")
        return softmax(z, axis)

    report = cecore.verify(softmax=only_single)
    assert report.ok
    assert "Takes no float64: softmax raised TypeError: float32 only." in report.text()
    assert report.text().count("float64") == 1


def test_what_may_be_refused_is_no_fault():
    def of_matrices(z):
        if z.ndim != 2 or z.shape[1] < 2:
            raise ValueError("matrices only")
        return softmax(z)

    report = cecore.verify(softmax=of_matrices)
    assert report.ok
    said = " ".join(report.text().split())
    refused = "a row alone, a single class, more than two axes, another axis, default axis"
    assert f"Not taken: {refused} (softmax)." in said


def test_other_seeds_give_other_inputs_and_the_same_seed_the_same():
    seen = []

    def spied(z, axis=-1):
        seen[-1].append(z.tobytes())
        return softmax(z, axis)

    for seed in (0, 0, 1):
        seen.append([])
        assert cecore.verify(softmax=spied, chapter="softmax", seed=seed).ok
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_level_says_what_counts():
    given = {"softmax": textbook, "dtypes": ["float64"], "chapter": "softmax"}
    assert cecore.verify(**given).ok
    assert not cecore.verify(**given, level="exact").ok
    assert cecore.verify(softmax=naive, dtypes=["float64"], level="correct").ok
    strict = cecore.verify(**given, level="strict")
    assert "strict   NO" in strict.text()
    assert [cause.probe.level for cause in strict.faults] == ["exact", "strict"]
    with pytest.raises(ValueError, match="level must be one of correct, robust, exact, strict"):
        cecore.verify(**given, level="perfect")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_junit_has_a_test_for_each_probe_function_and_dtype():
    report = cecore.verify(softmax=naive, logsumexp=logsumexp, dtypes=["float64", "float32"])
    suite = ElementTree.fromstring(report.junit())
    cases = [*suite.iter("testcase")]
    names = {(case.get("classname"), case.get("name")) for case in cases}
    assert len(names) == len(cases) == int(suite.get("tests"))
    assert ("cecore.correct.logsumexp", "plain values (float32)") in names
    failed = {
        case.get("name"): case.find("failure").text for case in suite.iterfind(".//*[failure]")
    }
    assert {*failed} >= {"large logits (float32)", "large logits (float64)"}
    assert "softmax([[710]])" in failed["large logits (float64)"]
    assert int(suite.get("failures")) == len(failed)
    exact = ElementTree.fromstring(cecore.verify(softmax=textbook, dtypes=["float64"]).junit())
    assert (exact.get("failures"), exact.get("skipped")) == ("0", "1")
    with pytest.raises(ValueError, match="claims alone have no levels"):
        cecore.verify(claims=["S4"]).junit()


def test_junit_is_well_formed_whatever_a_function_says(tmp_path):
    def says(z, axis=-1):
        if z.shape[axis] == 7:
            raise ValueError("a bell \x07, half a pair \udc80, <&>")
        return softmax(z, axis)

    suite = ElementTree.fromstring(cecore.verify(softmax=says, dtypes=["float64"]).junit())
    (failure,) = suite.iter("failure")
    assert "a bell ?, half a pair ?, <&>" in " ".join(failure.text.split())


def test_flushed_subnormal_numbers_are_said_and_not_held_against_a_function():
    def flushes(z, axis=-1):
        s = softmax(z, axis)
        s[s < np.finfo(s.dtype).tiny] = 0
        return s

    report = cecore.verify(softmax=flushes, level="exact")
    assert report.ok, report.text()
    assert "Numbers below the smallest normal one are 0 (softmax)." in report.text()
    assert "smallest normal" not in cecore.verify(softmax=softmax, chapter="softmax").text()


def test_a_function_that_takes_no_floats_is_looked_at_once():
    report = cecore.verify(one_hot=cecore.one_hot)
    assert report.ok
    assert "Takes no" not in report.text()


def test_a_function_that_takes_nothing_is_wrong_beside_others():
    def refuses(z, axis=-1):
        raise ValueError("never")

    report = cecore.verify(softmax=refuses, logsumexp=logsumexp, dtypes=["float64"])
    (cause,) = report.causes
    assert (cause.functions, cause.outcome) == (["softmax"], ["softmax raised ValueError: never"])
