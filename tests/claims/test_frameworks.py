"""Functions of other frameworks, whose arrays and derivatives are reached by a table."""

import functools
import importlib
import os
import shutil

import numpy as np
import pytest

import cecore
from cecore.claims.cli import main
from cecore.claims.frameworks import FRAMEWORKS, Adapted, adapt, framework
from cecore.claims.kit.subject import known_dtypes

MODULES = {"mlx": "mlx.core"}
SOFTMAX = {
    "torch": "torch.nn.functional softmax log_softmax",
    "jax": "jax.nn softmax log_softmax",
    "tensorflow": "tensorflow nn.softmax nn.log_softmax",
    "mlx": "mlx.nn softmax log_softmax",
    "tinygrad": "tinygrad Tensor.softmax Tensor.log_softmax",
}
LOSS = {
    "torch": "torch.nn.functional cross_entropy",
    "tensorflow": "tensorflow nn.sparse_softmax_cross_entropy_with_logits",
    "mlx": "mlx.nn.losses cross_entropy",
    "tinygrad": "tinygrad Tensor.cross_entropy",
}


def functions(table, name):
    pytest.importorskip(MODULES.get(name, name), reason=f"{name} is not installed")
    if name == "tinygrad" and not (shutil.which("clang") or os.environ.get("DEV")):
        pytest.skip("tinygrad compiles with clang, or is told another device: DEV=PYTHON")
    module, *paths = table[name].split()
    found = importlib.import_module(module)
    return [functools.reduce(getattr, path.split("."), found) for path in paths]


def near(got, want):
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


RNG = np.random.default_rng(1)
Z, V = RNG.normal(size=(2, 4, 3)).astype(np.float32)
Y = np.array([2, 0, 1, 1])


def test_every_framework_is_tried():
    assert [*SOFTMAX] == [*FRAMEWORKS]


@pytest.mark.parametrize("name", SOFTMAX)
def test_framework_gives_values_and_derivatives_of_softmax(name):
    softmax, log_softmax = functions(SOFTMAX, name)
    found = adapt({"softmax": softmax, "log_softmax": log_softmax}, framework(name), {})
    near(found["softmax"](Z), cecore.softmax(Z))
    near(found["softmax"](Z, axis=0), cecore.softmax(Z, axis=0))
    near(found["log_softmax"](Z), cecore.log_softmax(Z))
    near(found["softmax_vjp"](Z, V), cecore.softmax_vjp(Z, V))
    if "softmax_jvp" in found:
        near(found["softmax_jvp"](Z, V), cecore.softmax_jvp(Z, V))
    near(found["loss"](Z, Y), cecore.softmax_cross_entropy(Z, Y))
    near(found["grad"](Z, Y), cecore.softmax_cross_entropy_grad(Z, Y))
    soft = cecore.softmax(V)
    near(found["loss"](Z, soft), cecore.softmax_cross_entropy(Z, soft))
    near(found["grad"](Z, soft), cecore.softmax_cross_entropy_grad(Z, soft))
    with pytest.raises(ValueError, match="no class"):
        found["loss"](Z, Y - 1)


@pytest.mark.parametrize("name", LOSS)
def test_framework_gives_the_gradient_of_a_loss(name):
    (loss,) = functions(LOSS, name)
    # That of tinygrad knows "mean" and "sum" as well, and PyTorch's gives a mean if not told.
    found = adapt({"loss": loss}, framework(name), {})
    near(found["loss"](Z, Y), cecore.softmax_cross_entropy(Z, Y))
    near(found["grad"](Z, Y), cecore.softmax_cross_entropy_grad(Z, Y))
    mean, grad = found["loss_and_grad"](Z, Y)
    assert mean == pytest.approx(cecore.loss_and_grad(Z, Y)[0], rel=1e-5)
    near(grad, cecore.loss_and_grad(Z, Y)[1])


@pytest.mark.parametrize("name", SOFTMAX)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_arrays_come_back_as_they_were(name, dtype):
    functions(SOFTMAX, name)
    if dtype not in known_dtypes() or (name, dtype) == ("tinygrad", "bfloat16"):
        pytest.skip("no such arrays here")
    via = framework(name)
    with via.around():
        for shape in ((2, 3), (3,), ()):
            x = np.ones(shape, known_dtypes()[dtype])
            back = via.numpy(via.array(x))
            assert (back.dtype, back.shape) == (x.dtype, x.shape)


def test_torchs_loss_is_correct_with_each_option():
    (loss,) = functions(LOSS, "torch")
    given = {"framework": "torch", "dtypes": ["float32"], "chapter": "softmax"}
    report = cecore.verify(loss=loss, **given)
    assert "correct  yes" in report.text()
    assert "by autograd: grad, loss_and_grad" in report.text()
    options = {"label_smoothing": 0.1, "weights": (1, 2, 0.5), "reduction": "mean"}
    report = cecore.verify(loss=loss, **given, **options)
    assert report.ok, report.text()
    assert "label -100 is ignored, reduction mean, 3 class weights" in report.text()
    wrong = functools.partial(loss, label_smoothing=0.2)
    assert not cecore.verify(loss=wrong, **given).ok


def test_the_gradient_of_log_sum_exp_is_softmax():
    pytest.importorskip("torch", reason="torch is not installed")
    torch = importlib.import_module("torch")
    found = adapt({"logsumexp": torch.logsumexp}, framework("torch"), {})
    near(found["softmax"](Z, axis=0), cecore.softmax(Z, axis=0))


# Without any framework


def test_an_unknown_framework_is_told_how_to_write_an_adapter():
    words = r"framework must be one of torch, jax.*; got 'abacus' \(for another one, give functions"
    with pytest.raises(ValueError, match=words):
        cecore.verify(softmax=cecore.softmax, framework="abacus")


def test_a_framework_needs_functions_of_its_arrays(monkeypatch):
    with pytest.raises(TypeError, match="framework needs functions by name"):
        cecore.verify(framework="torch")
    with pytest.raises(ValueError, match="parts is no function"):
        adapt({"parts": object}, None, {})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["cecore:softmax"], "a function needs --as"),
        (["--as", "softmax"], "a function needs --as, which says what it is, and --as one"),
        (["cecore:softmax", "--as", "smoothie"], "argument --as: invalid choice: 'smoothie'"),
        (["--framework", "abacus"], "argument --framework: invalid choice: 'abacus'"),
        (["--framework", "torch"], "--framework needs functions of its arrays"),
        (["--grad", "auto"], "--grad auto needs --framework"),
    ],
)
def test_command_says_in_a_line_what_is_wrong(given, words, capsys):
    try:
        status = main(["verify", *given])
    except SystemExit as stopped:
        status = stopped.code
    said = capsys.readouterr().err
    assert (status, said.count("\n")) == (2, 1)
    assert words in said


def test_command_takes_a_function_and_what_it_is(capsys):
    assert main(["verify", "cecore:softmax", "--as", "softmax", "--claim", "S4"]) == 0
    assert capsys.readouterr().out.endswith("your functions: 1 held\n")


def test_command_derives_the_gradient(capsys):
    pytest.importorskip("torch", reason="torch is not installed")
    given = ["torch.nn.functional:cross_entropy", "--as", "loss", "--framework", "torch"]
    assert main(["verify", *given, "--grad", "auto", "--claim", "S14", "--claim", "S17"]) == 0
    assert "by autograd: grad" in capsys.readouterr().out


def test_a_function_is_called_by_the_names_that_it_has():
    seen = []

    class Plain:
        array = staticmethod(lambda x: x)
        numpy = staticmethod(lambda x: x)
        axis = "axis"

    def loss(labels, logits, weight, name=None):
        seen.append((labels.shape, logits.shape, weight.dtype))

    f = Adapted(loss, "loss", Plain, weight=np.ones(3), ignore_index=0)
    f.bound(Z, Y, axis=-1, reduction="none")(Z)
    assert seen == [((4,), (4, 3), np.float32)]
