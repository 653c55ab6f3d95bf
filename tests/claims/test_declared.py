"""What is declared is no failure, and options of the loss are judged by their own right values."""

import numpy as np
import pytest

import cecore
from cecore.claims import Implementation
from cecore.claims.cli import main
from cecore.claims.kit.causes import causes, text
from cecore.claims.kit.examine import examine

softmax, log_softmax, logsumexp = cecore.softmax, cecore.log_softmax, cecore.logsumexp
loss, grad = cecore.softmax_cross_entropy, cecore.softmax_cross_entropy_grad


def strict_loss(z, labels):
    """A loss of matrices and class indices, of two classes or more, and of one example or more."""
    if z.ndim != 2 or z.shape[1] < 2 or np.ndim(labels) != 1:
        raise ValueError("matrices and class indices only")
    if not len(z):
        raise ValueError("no empty batch")
    return loss(z, labels)


def test_what_is_declared_is_never_tried_and_is_one_line():
    calls = []

    def spied(z, labels):
        calls.append(np.ndim(labels) == 1 and z.ndim == 2 and len(z) > 0)
        return strict_loss(z, labels)

    report = cecore.verify(loss=spied, labels="int", layout="2d", empty=False, classes=2)
    assert report.ok
    assert not report.failed, report.table(only_failed=True, verbose=True)
    said = " ".join(report.text().split())
    assert (
        "Declared: class indices only, matrices only, no empty batch, 2 classes at least." in said
    )
    assert "Not taken" not in said.replace("Not taken: another axis", "")
    # But for the claim that asks what is refused.
    assert np.mean(calls) > 0.99


def test_what_is_not_declared_is_one_line_and_no_fault():
    report = cecore.verify(loss=strict_loss)
    assert report.ok
    (line,) = (x for x in report.text().split("\n\n")[-1].split("\n") if "Not taken" in x)
    assert "distributions as labels" in line
    assert "a row alone" in report.text()


def test_an_axis_is_not_asked_for_if_there_is_none():
    def last_only(z, axis=-1):
        if axis not in (-1, z.ndim - 1):
            raise ValueError("last axis only")
        return softmax(z)

    report = cecore.verify(softmax=last_only, axis=False)
    assert report.ok
    assert "another axis" not in report.text()
    assert {c.id: e.verdict for c, e in report.results}["P9"] == "not applicable"
    assert "another axis" in cecore.verify(softmax=last_only, chapter="softmax").text()


def of_shapes(*shapes):
    def function(z, *more):
        if z.shape not in shapes:
            raise ValueError(f"compiled for other shapes: {z.shape}")
        return softmax(z) if not more else loss(z, *more)

    return function


def test_fixed_shapes_are_all_that_is_sent():
    shapes = ((4, 8), (2, 16))
    report = cecore.verify(softmax=of_shapes(*shapes), loss=of_shapes(*shapes), shapes=shapes)
    assert report.ok, report.text()
    assert "Declared: shapes 4x8, 2x16 only." in report.text()
    assert sum(finding.looked for finding in report.examination.findings) > 500


def test_a_fault_of_a_fixed_shape_is_found():
    def naive(z):
        with np.errstate(all="ignore"):
            assert z.shape == (4, 8)
            return np.exp(z) / np.exp(z).sum(-1, keepdims=True)

    report = cecore.verify(softmax=naive, shapes=[(4, 8)], dtypes=["float64"])
    assert [cause.probe.name for cause in report.faults] == ["large logits"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"labels": "soft"}, "labels must be one of 'any', 'int'; got 'soft'"),
        ({"layout": "3d"}, "layout must be one of 'any', '2d'"),
        ({"reduction": "median"}, "reduction must be one of 'none', 'mean', 'sum'"),
        ({"shapes": [(3,)]}, r"shapes must be pairs, as in \[\(8, 128\)\]"),
        ({"temperature": 0}, "temperature must be above 0"),
    ],
)
def test_a_wrong_declaration_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        Implementation(**given)
    with pytest.raises(ValueError, match=words):
        cecore.verify(loss=loss, **given)


# Options of the loss


WEIGHTS = (1.0, 0.25, 2.0, 0.5)
OPTIONS = {
    "reduction": {"reduction": "mean"},
    "sum": {"reduction": "sum"},
    "weights": {"weights": WEIGHTS},
    "weighted mean": {"weights": WEIGHTS, "reduction": "mean"},
    "ignore": {"ignore_index": -100, "labels": "int"},
    "ignored mean": {"ignore_index": -100, "labels": "int", "reduction": "mean"},
    "smoothing": {"label_smoothing": 0.1},
    "temperature": {"temperature": 2.5},
    "z-loss": {"z_loss": 1e-3},
    "all": {
        "weights": WEIGHTS,
        "ignore_index": 2,
        "labels": "int",
        "reduction": "mean",
        "label_smoothing": 0.2,
        "temperature": 0.5,
        "z_loss": 0.01,
    },
}


def parts(z, labels, dtype, *, weights=None, ignore_index=None, **options):
    """Losses, gradients and shares, by formulas other than those of the judge."""
    z = np.asarray(z, dtype)
    n = z.shape[-1]
    T, c = options.get("temperature", 1.0), options.get("z_loss", 0.0)
    indices = np.ndim(labels) < z.ndim
    counts = labels != ignore_index if indices else np.ones(z.shape[:-1], bool)
    if indices and ((labels[counts] < 0) | (labels[counts] >= n)).any():
        raise ValueError("no class")
    w = np.ones(n) if weights is None else np.array(weights)
    k = np.where(counts, labels, 0) if indices else None
    y = np.zeros(z.shape) if indices else np.asarray(labels, dtype)
    if indices:
        np.put_along_axis(y, k[..., None], 1, -1)
    y = w * (y + options.get("label_smoothing", 0.0) * (1 / n - y))
    log_s = log_softmax(z / T)
    losses = -(y * np.where(y > 0, log_s, 0)).sum(-1)
    slopes = y.sum(-1, keepdims=True) * np.exp(log_s) - y
    lse = logsumexp(z / T)
    if c:
        losses += c * lse**2
        slopes += 2 * c * lse[..., None] * softmax(z / T)
    share = counts * (w[k] if indices else 1.0)
    return np.where(counts, losses, 0), slopes * counts[..., None] / T, share


def made(wrong=lambda *found: found, **options):
    """A loss with options, its gradient, and both."""
    only_indices = options.pop("labels", "any") == "int"

    def computed(z, labels):
        z = np.asarray(z)
        assert not only_indices or np.ndim(labels) < z.ndim
        losses, slopes, share = wrong(*parts(z, np.asarray(labels), np.float64, **options))
        return losses, slopes, share.sum(), z.dtype

    reduction = options.get("reduction", "none")

    def own_loss(z, labels):
        losses, _, total, dtype = computed(z, labels)
        if reduction == "none":
            return losses.astype(dtype)
        return (losses.sum() / (total if reduction == "mean" else 1)).astype(dtype)

    def own_grad(z, labels):
        _, slopes, total, dtype = computed(z, labels)
        return (slopes / (total if reduction == "mean" else 1)).astype(dtype)

    def both(z, labels):
        losses, slopes, total, dtype = computed(z, labels)
        by = 1 if reduction == "sum" else total
        return losses.sum() / by, (slopes / by).astype(dtype)

    return {"loss": own_loss, "grad": own_grad, "loss_and_grad": both}


def faults(functions, options):
    found = examine(Implementation(**functions, **options), dtypes=["float32", "float64"])
    return causes(found), text("made", found, causes(found))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", OPTIONS)
def test_a_loss_with_options_that_are_declared_has_no_fault(name):
    options = OPTIONS[name]
    _, said = faults(made(**options), options)
    assert "correct  yes" in said
    assert "robust   yes" in said


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", OPTIONS)
def test_a_loss_without_the_options_that_are_declared_is_wrong(name):
    options = OPTIONS[name]
    plain = {"loss": loss, "grad": grad, "loss_and_grad": cecore.loss_and_grad}
    found, said = faults(plain, options)
    assert {"correct"} <= {cause.probe.level for cause in found}, said


# As frameworks have got it wrong.
SLIPS = {
    "divided by the number of all": (
        "ignored mean",
        lambda losses, slopes, share: (losses, slopes, np.ones(share.shape)),
        "ignored labels",
    ),
    "divided by the number, not by the weights": (
        "weighted mean",
        lambda losses, slopes, share: (losses, slopes, np.ones(share.shape)),
        "plain values",
    ),
    "a gradient without 1/T": (
        "temperature",
        lambda losses, slopes, share: (losses, slopes * 2.5, share),
        "plain values",
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_an_option_is_found(slip):
    name, wrong, probe = SLIPS[slip]
    found, said = faults(made(wrong, **OPTIONS[name]), OPTIONS[name])
    assert probe in {cause.probe.name for cause in found}, said


def test_claims_of_the_plain_loss_do_not_judge_one_with_options():
    report = cecore.verify(**made(temperature=2.0), temperature=2.0, dtypes=["float64"])
    assert {c.id: e.verdict for c, e in report.results}["S14"] == "not applicable"
    assert not report.failed


def test_command_takes_what_is_declared(tmp_path, monkeypatch, capsys):
    (tmp_path / "of_options.py").write_text(
        "from tests.claims.test_declared import made, strict_loss\n"
        "smooth = made(label_smoothing=0.1, weights=(1, 2, 3))['loss']\n"
    )
    monkeypatch.chdir(tmp_path)
    given = ["--labels=int", "--layout=2d", "--no-empty", "--no-axis", "--classes=2"]
    assert main(["verify", "--loss", "of_options:strict_loss", *given]) == 0
    assert "Declared: class indices only, matrices only, no other axis" in capsys.readouterr().out
    smooth = ["verify", "--loss", "of_options:smooth", "--dtype=float64", "--label-smoothing=0.1"]
    assert main([*smooth, "--weights=1,2,3"]) == 0
    assert main([*smooth, "--weights=1,2,4"]) == 1
    assert main(["verify", "--softmax", "cecore:softmax", "--shape=4x8", "--no-axis"]) == 0
    assert "shapes 4x8 only" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main([*smooth, "--shape=4"])
    assert "expected examples and classes, as 8x128; got '4'" in capsys.readouterr().err
