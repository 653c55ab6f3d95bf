"""Every error: its type, and that it names the argument, what was wrong with it, and where."""

import re

import ml_dtypes
import numpy as np
import pytest

from cecore import (
    cross_entropy,
    entropy,
    kl_divergence,
    log_softmax,
    logsumexp,
    one_hot,
    softmax,
    softmax_cross_entropy,
    softmax_cross_entropy_grad,
    softmax_jacobian,
    softmax_jvp,
    softmax_vjp,
)

NAN, INF = np.nan, np.inf
MASKED = np.ma.array([0.5, 0.5], mask=[True, False])
EMPTY = np.empty((2, 0))


def fails(error, words, f, *args, **kwargs):
    """``f(*args)`` raises ``error`` with every one of the words in its message."""
    with pytest.raises(error) as caught:
        f(*args, **kwargs)
    for word in words:
        assert re.search(rf"(?<!\w){re.escape(word)}(?!\w)", str(caught.value)), (
            f"no {word!r} in: {caught.value}"
        )


# Every function of logits, with another argument that is never reached
OF_LOGITS = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "softmax_jacobian": softmax_jacobian,
    "softmax_jvp": lambda z: softmax_jvp(z, [1, 2]),
    "softmax_vjp": lambda z: softmax_vjp(z, [1, 2]),
    "softmax_cross_entropy": lambda z: softmax_cross_entropy(z, 0),
    "softmax_cross_entropy_grad": lambda z: softmax_cross_entropy_grad(z, 0),
}
# Every place for a distribution over two classes
OF_DISTRIBUTION = {
    "entropy": ("p", entropy),
    "cross_entropy p": ("p", lambda p: cross_entropy(p, [0.5, 0.5])),
    "cross_entropy q": ("q", lambda q: cross_entropy([0.5, 0.5], q)),
    "kl_divergence p": ("p", lambda p: kl_divergence(p, [0.5, 0.5])),
    "kl_divergence q": ("q", lambda q: kl_divergence([0.5, 0.5], q)),
    "loss": ("labels", lambda y: softmax_cross_entropy(np.zeros(np.shape(y)), y)),
    "gradient": ("labels", lambda y: softmax_cross_entropy_grad(np.zeros(np.shape(y)), y)),
}
LOSSES = [softmax_cross_entropy, softmax_cross_entropy_grad]

# What no argument of real numbers may be
NOT_REAL = {
    "complex": (TypeError, ["real", "complex128"], [1j, 2]),
    "bool": (TypeError, ["real", "bool"], [True, False]),
    "string": (TypeError, ["real", "<U1"], ["a", "b"]),
    "object": (TypeError, ["real", "object"], [None, 1]),
    "date": (TypeError, ["real", "datetime64[D]"], np.array(["2020-01-01"] * 2, "M8[D]")),
    "ragged": (ValueError, ["rectangular", "(2,)"], [[1, 2], [3]]),
    "masked": (TypeError, ["masked array"], MASKED),
    "masked in a list": (TypeError, ["masked array"], [MASKED, [0.5, 0.5]]),
    "masked in a tuple in a list": (TypeError, ["masked array"], [([0.5, 0.5], MASKED)]),
    "masked entry": (TypeError, ["masked array"], [0.5, np.ma.masked]),
    "float8": (TypeError, ["real", "float8_e5m2", "float32"], np.ones(2, ml_dtypes.float8_e5m2)),
    "bfloat16": (TypeError, ["real", "bfloat16", "float32"], np.ones(2, ml_dtypes.bfloat16)),
}


def table(cases):
    return pytest.mark.parametrize(("error", "words", "bad"), cases.values(), ids=cases)


# Logits

BAD_LOGITS = NOT_REAL | {
    "NaN": (ValueError, ["NaN", "index 1"], [0, NAN]),
    "NaN in a batch": (ValueError, ["NaN", "index (1, 0)"], [[0, 1], [NAN, 2], [NAN, 3]]),
    "NaN and inf": (ValueError, ["NaN", "index 1"], [INF, NAN]),
    "inf": (ValueError, ["+inf", "index 1"], [-INF, INF]),
    "inf in a batch": (ValueError, ["+inf", "index (1, 1)"], [[0, 1], [2, INF]]),
    "all masked": (ValueError, ["-inf", "only row"], [-INF, -INF]),
    "all of a row masked": (ValueError, ["-inf", "row 1"], [[0, -INF], [-INF, -INF]]),
    "all of a deep row masked": (
        ValueError,
        ["-inf", "row (1, 0)"],
        [[[0, 1]], [[-INF, -INF]]],
    ),
    "no class": (ValueError, ["at least one class", "(2, 0)"], EMPTY),
    "empty list": (ValueError, ["at least one class", "(0,)"], []),
    "number": (ValueError, ["class axis", "0-d"], 3.0),
}


@pytest.mark.parametrize("f", OF_LOGITS.values(), ids=OF_LOGITS)
@table(BAD_LOGITS)
def test_bad_logits(f, error, words, bad):
    fails(error, ["z", *words], f, bad)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_bad_logits_of_other_dtypes(dtype):
    fails(ValueError, ["z", "NaN", "index 1"], softmax, np.array([0, NAN], dtype))
    fails(ValueError, ["z", "+inf", "index 1"], softmax, np.array([0, INF], dtype))


@pytest.mark.parametrize("axis", [2, -3])
@pytest.mark.parametrize("f", [softmax, log_softmax, logsumexp])
def test_an_axis_that_logits_do_not_have(f, axis):
    fails(np.exceptions.AxisError, ["z", f"axis {axis}", "dimension 2"], f, [[1, 2]], axis=axis)


@pytest.mark.parametrize("f", LOSSES)
def test_an_axis_that_examples_do_not_have(f):
    fails(np.exceptions.AxisError, ["z", "axis 2", "dimension 2"], f, [[1, 2]], [0], axis=2)


@pytest.mark.parametrize("axis", [True, 0.0, None, "0", (0,)])
@pytest.mark.parametrize("f", [softmax, log_softmax, logsumexp, entropy])
def test_an_axis_that_is_no_integer(f, axis):
    fails(TypeError, ["axis must be an integer", f"got {axis!r}"], f, [[1.0], [0.0]], axis=axis)


def test_a_row_is_a_column_if_the_classes_are_on_the_first_axis():
    z = [[0, 1, -INF], [2, 3, -INF]]
    fails(ValueError, ["z", "-inf", "row 2"], softmax, z, axis=0)


# Labels

BAD_LABELS = {
    "too big": (ValueError, ["0..2", "3", "index 1"], [0, 3]),
    "negative": (ValueError, ["0..2", "-1", "index 0"], [-1, 3]),
    "too big for any integer type": (TypeError, ["0..2", "object"], [0, 10**30]),
    "unsigned": (ValueError, ["0..2", str(2**64 - 1), "index 1"], np.array([0, 2**64 - 1], "u8")),
    "float": (TypeError, ["0..2", "float64"], [0.0, 1.0]),
    "float32": (TypeError, ["0..2", "float32"], np.zeros(2, np.float32)),
    "bool": (TypeError, ["0..2", "bool"], [True, False]),
    "string": (TypeError, ["0..2", "<U1"], ["0", "1"]),
    "masked": (TypeError, ["masked array"], np.ma.array([0, 1], mask=[True, False])),
    "ragged": (ValueError, ["rectangular", "(2,)"], [[0, 1], [2]]),
}


@pytest.mark.parametrize("f", LOSSES)
def test_no_labels(f):
    fails(TypeError, ["labels", "0..2", "object"], f, np.zeros(3), None)


@pytest.mark.parametrize("f", LOSSES)
@table(BAD_LABELS)
def test_bad_labels(f, error, words, bad):
    fails(error, ["labels", *words], f, np.zeros((2, 3)), bad)


@table(BAD_LABELS)
def test_bad_labels_to_encode(error, words, bad):
    fails(error, ["labels", *words], one_hot, bad, 3)


BAD_LABEL = {
    "too big": (ValueError, ["0..2", "3"], 3),
    "negative": (ValueError, ["0..2", "-1"], -1),
    "float": (TypeError, ["0..2", "float64"], 1.0),
    "bool": (TypeError, ["0..2", "bool"], True),
}


@pytest.mark.parametrize("f", LOSSES)
@table(BAD_LABEL)
def test_a_bad_label_of_one_example(f, error, words, bad):
    fails(error, ["labels", *words], f, np.zeros(3), bad)


def test_a_bad_label_in_a_deep_batch():
    y = [[0, 1], [2, 7]]
    fails(
        ValueError, ["labels", "7", "index (1, 1)"], softmax_cross_entropy, np.zeros((2, 2, 3)), y
    )


MISFITS = [  # shape of z, class axis, shape of y
    ((2, 3), -1, (3,)),
    ((2, 3), -1, (2, 1)),
    ((2, 3), -1, (1, 2)),
    ((2, 3), -1, ()),
    ((2, 3), -1, (2, 3, 1)),
    ((2, 2), -1, (4,)),
    ((2, 3), 0, (2,)),
    ((2, 3), 0, (3, 2)),
    ((3,), -1, (1,)),
    ((3,), 0, (1, 3)),
    ((2, 3, 4), 1, (2, 3)),
    ((2, 3, 4), 1, (3, 4)),
]


@pytest.mark.parametrize("f", LOSSES)
@pytest.mark.parametrize(("z", "axis", "y"), MISFITS)
def test_targets_that_do_not_fit(f, z, axis, y):
    at = axis % len(z)
    words = ["labels", "z", f"axis {at}", str(z), str(z[:at] + z[at + 1 :]), f"got shape {y}"]
    fails(ValueError, words, f, np.zeros(z), np.zeros(y, int), axis)


BAD_N = {
    "0": (ValueError, ["at least 1", "0"], 0),
    "-2": (ValueError, ["at least 1", "-2"], -2),
    "2.5": (TypeError, ["integer", "2.5"], 2.5),
    "2.0": (TypeError, ["integer", "2.0"], 2.0),
    "True": (TypeError, ["integer", "True"], True),
    "np.True": (TypeError, ["integer", "np.True_"], np.True_),
    "None": (TypeError, ["integer", "None"], None),
    "string": (TypeError, ["integer", "'3'"], "3"),
    "list": (TypeError, ["integer", "[3]"], [3]),
}


@table(BAD_N)
def test_a_bad_number_of_classes(error, words, bad):
    fails(error, ["n", *words], one_hot, [0], bad)


# Distributions

BAD_DISTRIBUTIONS = {
    "negative": (ValueError, ["negative", "-0.5", "index 0"], [-0.5, 1.5]),
    "negative in a batch": (ValueError, ["-0.25", "index (1, 1)"], [[0.5, 0.5], [1.25, -0.25]]),
    "NaN": (ValueError, ["nan", "index 1"], [1, NAN]),
    "inf": (ValueError, ["sum", "inf", "only row"], [INF, 0]),
    "sum too big": (ValueError, ["sum", "1.5", "only row", "2 classes"], [1, 0.5]),
    "sum too small": (ValueError, ["sum", "0.75", "float64"], [0.5, 0.25]),
    "sum of a row": (ValueError, ["sum", "1.5", "row 1"], [[0.5, 0.5], [1, 0.5]]),
    "sum of a deep row": (ValueError, ["sum", "0.5", "row (0, 1)"], [[[1, 0], [0.5, 0]]]),
    "sum in float32": (ValueError, ["sum", "1.5", "float32"], np.array([1, 0.5], np.float32)),
    "sum in float16": (ValueError, ["sum", "1.5", "float16"], np.array([1, 0.5], np.float16)),
    "sum just off": (ValueError, ["sum", "only row"], [0.5, 0.5 + 2e-15]),
    "overflow": (ValueError, ["sum", "inf"], [1e308, 1e308]),
    "all zero": (ValueError, ["sum", "0.0"], [0.0, 0.0]),
    "integers": (ValueError, ["sum", "2.0"], [1, 1]),
}


@pytest.mark.parametrize(("name", "f"), OF_DISTRIBUTION.values(), ids=OF_DISTRIBUTION)
@table(BAD_DISTRIBUTIONS)
def test_bad_distributions(name, f, error, words, bad):
    fails(error, [name, *words], f, bad)


@pytest.mark.parametrize(("name", "f"), list(OF_DISTRIBUTION.values())[:5])
@table(NOT_REAL | {k: BAD_LOGITS[k] for k in ("no class", "empty list", "number")})
def test_what_is_no_distribution_at_all(name, f, error, words, bad):
    fails(error, [name, *words], f, bad)


@pytest.mark.parametrize("f", LOSSES)
@pytest.mark.parametrize("kind", ["complex", "bool", "string", "object", "date", "masked"])
def test_targets_of_the_logits_shape_that_are_no_distributions(f, kind):
    error, words, bad = NOT_REAL[kind]
    fails(error, ["labels", *words], f, [0, 0], bad)


def test_a_sum_is_named_by_its_place_on_the_other_axes():
    p = [[0.5, 0.5, 0.5], [0.5, 0.5, 0.75]]
    fails(ValueError, ["p", "1.25", "row 2"], entropy, p, axis=0)
    fails(
        ValueError, ["labels", "1.25", "row 2"], softmax_cross_entropy, np.zeros((2, 3)), p, axis=0
    )


@pytest.mark.parametrize("f", [cross_entropy, kl_divergence])
def test_distributions_of_two_shapes(f):
    fails(ValueError, ["p", "q", "(2,)", "(3,)"], f, [0.5, 0.5], [0.5, 0.25, 0.25])
    fails(ValueError, ["p", "q", "(1, 2)", "(2,)"], f, [[0.5, 0.5]], [0.5, 0.5])


@pytest.mark.parametrize("f", [cross_entropy, kl_divergence])
def test_an_axis_that_distributions_do_not_have(f):
    two, one = [[0.5, 0.5]], [1.0]
    fails(np.exceptions.AxisError, ["p", "axis 2", "dimension 2"], f, two, two, axis=2)
    fails(np.exceptions.AxisError, ["p", "axis 1", "dimension 1"], entropy, one, axis=1)


# Vectors

BAD_VECTORS = NOT_REAL | {
    "too short": (ValueError, ["shape", "(2,)", "(1,)"], [1]),
    "too long": (ValueError, ["shape", "(2,)", "(3,)"], [1, 2, 3]),
    "a batch": (ValueError, ["shape", "(2,)", "(1, 2)"], [[1, 2]]),
    "number": (ValueError, ["shape", "(2,)", "()"], 1.0),
    "NaN": (ValueError, ["finite", "nan", "index 1"], [1, NAN]),
    "inf": (ValueError, ["finite", "inf", "index 0"], [INF, NAN]),
    "-inf": (ValueError, ["finite", "-inf", "index 1"], [0, -INF]),
}


@pytest.mark.parametrize(("name", "f"), [("v", softmax_jvp), ("u", softmax_vjp)])
@table(BAD_VECTORS)
def test_bad_vectors(name, f, error, words, bad):
    fails(error, [name, *words], f, [0.0, 0.0], bad)


def test_a_bad_vector_in_a_batch():
    v = [[0, 1], [2, NAN]]
    fails(ValueError, ["v", "nan", "index (1, 1)"], softmax_jvp, np.zeros((2, 2)), v)


def test_a_masked_array_without_masked_entries_is_a_plain_one():
    np.testing.assert_array_equal(softmax(np.ma.array([0.0, 0.0])), [0.5, 0.5])
