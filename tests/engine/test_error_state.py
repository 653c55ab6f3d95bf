"""Nothing of a caller's settings reaches the functions: neither NumPy's error state nor filters."""

import warnings

import numpy as np
import pytest

import cecore
from cecore.scale import on_dask, on_disk
from cecore.scale.parts import LogSumExp

Z = np.array([[1e308, -1e308, 0], [-np.inf, 0, 800], [0, -745, -1e-320]])
SMALL = np.array([[104, 0, -np.inf], [3e38, -3e38, 0], [0, -103, -1e-45]], np.float32)
HALF = np.array([[18, 0, -np.inf], [6e4, -6e4, 0], [0, -17, -6e-8]], np.float16)
P, Q = np.array([[1, 0, 0], [0.5, 0.5, 1e-320]]), np.array([[0, 1, 0], [1e-320, 0.5, 0.5]])
K = [0, 1, 2]
Y = np.array([[1, 1e-310, 0], [0, 1, 0], [0, 0.5, 0.5]])
V = np.array([[8e307, -8e307, 1e-310]] * 3)


def of_logits(z):
    for name in ("softmax", "log_softmax", "logsumexp", "softmax_jacobian"):
        getattr(cecore, name)(z)
    for y in (K, Y):
        cecore.softmax_cross_entropy(z, y)
        cecore.softmax_cross_entropy_grad(z, y)
        cecore.loss_and_grad(z, y)
        cecore.loss_and_grad(np.tile(z, (2000, 1)), [*y] * 2000, workers=2)
    LogSumExp().update(z).merge(LogSumExp.of(z[:, :2])).logsumexp()


def of_distributions(p, q):
    for function in (cecore.cross_entropy, cecore.kl_divergence):
        function(p, q)
        function(q, p)
    cecore.entropy(p)


def from_disk(folder, z):
    np.save(folder / "z.npy", z)
    on_disk.loss_and_grad(folder / "z.npy", K, out=folder / "grad.npy", overwrite=True)


def lazily(z):
    z = on_dask.da.from_array(z, chunks=(2, 2))
    for result in on_dask.loss_and_grad(z, K):
        result.compute(scheduler="synchronous")
    on_dask.log_softmax(z).compute(scheduler="synchronous")


def refused(function, *arguments):
    with pytest.raises((TypeError, ValueError)):
        function(*arguments)


@pytest.fixture
def strict():
    with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
        yield


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("z", [Z, SMALL, HALF], ids=["float64", "float32", "float16"])
def test_logits_of_any_size(z, tmp_path, monkeypatch):
    of_logits(z)
    lazily(z)
    for block in (on_disk.READ, 2):  # whole rows at a time, and parts of them
        monkeypatch.setattr(on_disk, "READ", block)
        from_disk(tmp_path, z)


@pytest.mark.usefixtures("strict")
def test_a_row_that_is_read_in_parts(tmp_path):
    z = np.zeros((1, 2_200_000), np.float32)
    z[0, ::2] = -100
    np.save(tmp_path / "z.npy", z)
    on_disk.loss_and_grad(tmp_path / "z.npy", [0], out=tmp_path / "grad.npy")


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_distributions_and_directions(dtype):
    with np.errstate(all="ignore"):  # to make them
        p, q, v = P.astype(dtype), Q.astype(dtype), V.astype(dtype)
        v = np.nan_to_num(v, posinf=np.finfo(dtype).max, neginf=np.finfo(dtype).min) / 2
    of_distributions(p, q)
    for product in (cecore.softmax_jvp, cecore.softmax_vjp):
        product(np.zeros((3, 3), dtype), v)
        product(HALF, v)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("bad", [1e308, -1e308, np.nan, np.inf, 3e38])
def test_what_is_refused_is_refused_in_our_words(bad):
    zeros = np.zeros((1, 2))
    for dtype in (np.float64, np.float32):
        with np.errstate(all="ignore"):
            x = np.full((1, 2), bad).astype(dtype)
        refused(cecore.loss_and_grad, zeros, x)
        refused(cecore.softmax_cross_entropy, zeros, x)
        refused(cecore.softmax_cross_entropy_grad, zeros, x)
        refused(cecore.cross_entropy, x, x)
        refused(cecore.kl_divergence, x, x)
        refused(cecore.entropy, x)
        if not np.isfinite(x).all() and x[0, 0] != -np.inf:
            refused(cecore.softmax, x)
            refused(cecore.softmax_jvp, zeros, x)
            refused(cecore.loss_and_grad, x, [0])
