"""`loss_and_grad` against the textbook functions, whatever the blocks, threads and layouts."""

import concurrent.futures
import math
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cecore
from cecore import loss_and_grad, softmax_cross_entropy, softmax_cross_entropy_grad
from cecore._engine import rows as engine_rows
from cecore._engine.exponentials import FEW
from cecore._engine.rows import of_logits
from cecore.scale import in_memory
from tests import reference
from tests.reference import mp
from tests.scale.mean import assert_same, textbook


@st.composite
def batches(draw):
    """Logits of 1 to 40 rows and 1 to 40 classes, of every size, some masked, with labels."""
    rows, n = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = 10.0 ** rng.uniform(-3, draw(st.sampled_from([0.5, 2.5, 5])), (rows, 1))
    z = (rng.normal(size=(rows, n)) * scale + draw(st.sampled_from([0, 0, 100, -900]))).astype(
        dtype
    )
    if draw(st.booleans()):
        z[rng.random(z.shape) < 0.1] = -np.inf
        z[:, 0] = np.nan_to_num(z[:, 0], neginf=0)
    if draw(st.booleans()):
        return z, rng.integers(0, n, rows)
    y = rng.dirichlet(np.ones(n), rows).astype(dtype)
    return z, y / y.sum(-1, keepdims=True)


@given(
    batch=batches(),
    rows=st.integers(1, 50),
    workers=st.integers(1, 4),
    small=st.sampled_from([0, FEW]),
)
def test_it_is_the_mean_of_the_textbook(batch, rows, workers, small):
    z, y = batch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_memory, "FEW", small)
        patch.setattr(in_memory, "BLOCK", rows * (2 * z.shape[1] * z.itemsize + 64))
        got = loss_and_grad(z, y, workers=workers)
        assert_same(got, z, y)
        alone = loss_and_grad(z, y, workers=1)
    assert got[0] == alone[0]
    np.testing.assert_array_equal(got[1], alone[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows", "n"), [(30_000, 10), (700, 1000), (9, 60_000)])
def test_several_blocks_and_threads(rows, n, dtype):
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=(rows, n)).astype(dtype), rng.integers(0, n, rows)
    z[rows // 2 :] *= 300  # shifted
    for workers in (None, 1, 2, 3, 1000):
        assert_same(loss_and_grad(z, y, workers=workers), z, y)


@pytest.fixture
def started(monkeypatch):
    """How many threads each pool was given."""
    threads_of_pools = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, threads):
            threads_of_pools.append(threads)
            super().__init__(threads)

    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", Pool)
    return threads_of_pools


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [1, 2, 7, 8, 40])
def test_no_more_threads_than_asked_for_or_needed(monkeypatch, started, rows, workers):
    monkeypatch.setattr(in_memory, "BLOCK", 5 * 8 * (10 + 10 + 8))
    z, y = np.ones((rows, 10)), np.arange(rows) % 10
    assert_same(loss_and_grad(z, y, workers=workers), z, y)
    blocks = 1 if rows <= 5 else 4 if rows < 40 else 8  # of at most 5 rows, and a multiple of 4
    threads = min(workers, blocks)  # this one, and those of the pool
    assert started == [threads - 1] * (threads > 1)


@pytest.mark.parametrize(
    ("dtype", "n", "copies"),
    [(np.float32, 10, 2), (np.float32, 128, 2), (np.float32, 129, 1), (np.float64, 129, 2)],
)
@pytest.mark.parametrize(("rows", "block"), [(100, 5), (4000, 1000)])
def test_a_block_is_smaller_for_what_is_computed_beside_it(
    monkeypatch, dtype, n, copies, rows, block
):
    steps = []

    def in_shares(work, starts, workers):
        steps.append(starts.step)
        return [work(starts)]

    monkeypatch.setattr(in_memory, "in_shares", in_shares)
    monkeypatch.setattr(in_memory, "BLOCK", block * (copies * n * np.dtype(dtype).itemsize + 64))
    loss_and_grad(np.zeros((rows, n), dtype), np.arange(rows) % n)
    assert steps == [block]


def test_a_thread_for_each_processor_that_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(3 + process), raising=False)
    assert engine_rows.processors() == 3  # process 0 is this one
    monkeypatch.delattr(os, "sched_getaffinity")
    for count, want in ((5, 5), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        assert engine_rows.processors() == want


@pytest.mark.parametrize("startable", [0, 1])
def test_where_threads_cannot_be_started_the_result_is_the_same(monkeypatch, startable):
    started = []

    class Thread(threading.Thread):
        def start(self):
            if len(started) == startable:
                raise RuntimeError("can't start new thread")
            started.append(self)
            super().start()

    monkeypatch.setattr(in_memory, "BLOCK", 5 * 8 * (10 + 10 + 8))
    rng = np.random.default_rng(2)
    z, y = rng.normal(size=(40, 10)), rng.integers(0, 10, 40)
    want = loss_and_grad(z, y)
    monkeypatch.setattr(threading, "Thread", Thread)
    loss, grad = loss_and_grad(z, y, workers=4)
    assert len(started) == startable
    assert loss == want[0]
    np.testing.assert_array_equal(grad, want[1])


@pytest.mark.parametrize(
    "function", [cecore.softmax, cecore.logsumexp, lambda z: loss_and_grad(z, [0] * 8)]
)
def test_threads_are_for_large_inputs_only(monkeypatch, started, function):
    monkeypatch.setattr(engine_rows, "LEAN", 1)
    for module in (engine_rows, in_memory):
        monkeypatch.setattr(module, "BLOCK", 1)
        monkeypatch.setattr(module, "PARALLEL", 24)
        monkeypatch.setattr(module, "processors", lambda: 3)
    function(np.zeros((8, 2)))
    assert started == []
    function(np.zeros((8, 3)))
    assert started == [2]


@pytest.mark.parametrize(("size", "reduces"), [("BLOCK", False), ("LEAN", True)])
@pytest.mark.parametrize(("rows", "want"), [(1, 1), (2, 2), (3, 2), (7, 2), (8, 8), (9, 8)])
def test_every_row_is_computed_once_in_blocks_of_the_size_asked_for(
    monkeypatch, rows, want, size, reduces
):
    monkeypatch.setattr(engine_rows, size, rows * 3 * 8)
    all_rows, seen = np.arange(24.0).reshape(8, 3), []

    @of_logits(reduces=reduces)
    def formula(z):
        seen.append(z.copy())
        return z[:, 1:2] if reduces else z

    got = formula(all_rows)
    np.testing.assert_array_equal(got, all_rows[:, 1] if reduces else all_rows)
    np.testing.assert_array_equal(np.concatenate(seen), all_rows)
    # One block, or a multiple of 4 for 2 or 4 threads; none has more rows than asked for.
    assert {len(block) for block in seen} == {want}


@pytest.mark.parametrize("small", [0, FEW])
@pytest.mark.parametrize("shift", [0, 50, 20_000])
def test_extended_precision(monkeypatch, shift, small):
    monkeypatch.setattr(in_memory, "BLOCK", 300)
    monkeypatch.setattr(in_memory, "FEW", small)
    z = np.random.default_rng(4).normal(size=(9, 6)).astype(np.longdouble) - 3
    z[0] += shift
    y = np.arange(9) % 6
    loss, grad = loss_and_grad(z, y)
    assert grad.dtype == z.dtype
    assert loss == pytest.approx(float(softmax_cross_entropy(z, y).mean()), rel=1e-14)
    close = 20 * np.finfo(z.dtype).eps
    np.testing.assert_allclose(grad, softmax_cross_entropy_grad(z, y) / 9, rtol=close)


@pytest.mark.parametrize(("dtype", "high"), [(np.float32, 88), (np.float64, 709)])
@pytest.mark.parametrize("sign", [1, -1])
def test_logits_that_need_a_shift_after_rows_that_do_not(dtype, high, sign):
    """Their exponentials are within the range of floats, but not times the number of rows."""
    z = np.random.default_rng(6).normal(size=(500, 10)).astype(dtype)
    z[300:] = sign * high - abs(z[300:])
    y = np.arange(500) % 10
    assert_same(loss_and_grad(z, y), z, y)


def test_the_mean_loss_has_its_last_digits():
    rng = np.random.default_rng(2)
    z, y = rng.normal(size=(50, 7)) * 5, rng.integers(0, 7, 50)
    exact = mp.fsum(reference.loss(reference.exact(row), k) for row, k in zip(z, y, strict=True))
    assert abs(mp.mpf(loss_and_grad(z, y)[0]) - exact / 50) <= 2 * math.ulp(float(exact / 50))


def test_integers_and_half_precision():
    z, y = [[2, 1, 0], [0, 0, 5]], [0, 1]
    assert_same(loss_and_grad(z, y), np.array(z, float), y)
    half = np.array(z, np.float16)
    loss, grad = loss_and_grad(half, y)
    assert grad.dtype == np.float16
    np.testing.assert_array_equal(grad, textbook(half.astype(np.float32), y)[1].astype(np.float16))
    assert loss == pytest.approx(textbook(np.array(z, float), y)[0], rel=1e-6)


@pytest.mark.parametrize("view", [np.asfortranarray, lambda z: z[::-1], lambda z: z[:, ::2]])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scale", [1, 100, 3000])
@pytest.mark.parametrize("shape", [(20, 12), (20, 300), (900, 10)])
def test_any_layout_of_the_logits(view, dtype, scale, shape):
    z = np.random.default_rng(3).normal(size=shape) * scale
    z = view(z.astype(dtype))
    y = np.arange(len(z)) % z.shape[1]
    before = z.copy()
    loss, grad = loss_and_grad(z, y)
    want, want_grad = loss_and_grad(np.ascontiguousarray(z), y)
    assert loss == want
    np.testing.assert_array_equal(grad, want_grad)
    assert loss == pytest.approx(np.mean(softmax_cross_entropy(z.astype(float), y)), rel=1e-3)
    np.testing.assert_array_equal(z, before)


def test_distributions_of_float32_have_their_mean_loss_in_float64():
    rng = np.random.default_rng(5)
    z = rng.normal(size=(20_000, 3)).astype(np.float32)
    y = rng.dirichlet(np.ones(3), 20_000).astype(np.float32)
    want = math.fsum(softmax_cross_entropy(z, y)) / 20_000
    assert loss_and_grad(z, y)[0] == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("count", [2, 3, 1_000_000])
@pytest.mark.parametrize("loss", [1e303, 1e308, np.finfo(float).max])
def test_the_mean_of_losses_whose_sum_would_overflow(count, loss):
    z = np.zeros((count, 2))
    z[:, 0] = loss
    assert loss_and_grad(z, np.ones(count, int))[0] == pytest.approx(loss, rel=1e-15)


def test_the_mean_of_the_smallest_losses_is_not_0():
    z = np.zeros((200, 200_000))  # in many blocks
    z[:, 0] = 755
    assert loss_and_grad(z, np.zeros(200, int))[0] == softmax_cross_entropy(z[0], 0) > 0


def test_a_masked_true_class_costs_everything():
    loss, grad = loss_and_grad([[0.0, -np.inf], [0.0, 0.0]], [1, 0])
    assert loss == np.inf
    np.testing.assert_array_equal(grad, [[0.5, -0.5], [-0.25, 0.25]])


@pytest.mark.parametrize("y", [[1, 0], [[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]])
def test_out_is_filled_and_returned(y):
    z = np.array([[1.0, 2, 3], [0, 0, 0]])
    out = np.full((2, 3), np.nan)
    loss, grad = loss_and_grad(z, y, out=out)
    assert grad is out
    assert_same((loss, out), z, y)


Z = np.zeros((4, 3))
K = np.array([0, 1, 2, 0])


@pytest.mark.parametrize(
    ("error", "words", "arguments"),
    [
        (ValueError, "z must have the shape .examples, classes.", {"z": np.zeros(3), "labels": 0}),
        (ValueError, "z must have the shape", {"z": np.zeros((2, 2, 2)), "labels": Z}),
        (ValueError, r"none 0; got \(0, 3\)", {"z": np.zeros((0, 3)), "labels": []}),
        (ValueError, "got NaN at index .3, 2.", {"z": np.where(np.arange(12) == 11, np.nan, 0)}),
        (ValueError, r"got \+inf at index .3, 2.", {"z": np.where(np.arange(12) == 11, np.inf, 0)}),
        (ValueError, "every class masked", {"z": np.full((4, 3), -np.inf)}),
        (TypeError, "z must hold real numbers", {"z": Z.astype(complex)}),
        (
            ValueError,
            "labels must be class indices in 0..2; got 3 at index 1",
            {"labels": [0, 3, 0, 0]},
        ),
        (ValueError, "labels must be class indices in 0..2; got -1", {"labels": [0, -1, 0, 0]}),
        (TypeError, "labels must be integer", {"labels": [0.0] * 4}),
        (ValueError, "labels must be class indices of shape .4,. or", {"labels": [0]}),
        (ValueError, "labels must sum to 1", {"labels": Z}),
        (TypeError, "out must be a NumPy array; got list", {"out": Z.tolist()}),
        (TypeError, "out must be a NumPy array; got MaskedArray", {"out": np.ma.array(Z)}),
        (ValueError, "out must have shape .4, 3. and dtype float64", {"out": np.zeros((3, 4))}),
        (ValueError, "got shape .4, 3. and dtype float32", {"out": np.zeros((4, 3), np.float32)}),
        (ValueError, "out must be C-contiguous", {"out": np.zeros((3, 4)).T}),
        (
            ValueError,
            "out must be C-contiguous and writeable",
            {"out": np.broadcast_to(0.0, (4, 3))},
        ),
        (ValueError, "out must not share memory with z", {"out": Z}),
        (TypeError, "workers must be an integer", {"workers": 2.0}),
        (TypeError, "workers must be an integer", {"workers": True}),
        (ValueError, "workers must be at least 1", {"workers": 0}),
    ],
)
def test_bad_input_is_refused(error, words, arguments):
    given = {"z": Z, "labels": K} | arguments
    given["z"] = np.reshape(given["z"], (4, 3)) if np.size(given["z"]) == 12 else given["z"]
    with pytest.raises(error, match=words):
        loss_and_grad(**given)


def test_a_fault_in_the_last_block_of_any_thread_is_told():
    z, y = np.zeros((30_000, 20)), np.zeros(30_000, int)
    z[-1, 3] = np.nan
    for workers in (1, 2):
        with pytest.raises(ValueError, match=r"got NaN at index \(29999, 3\)"):
            loss_and_grad(z, y, workers=workers)


def test_out_may_not_be_the_labels():
    y = np.full((4, 3), 1 / 3)
    with pytest.raises(ValueError, match="out must not share memory"):
        loss_and_grad(Z, y, out=y)


class Columns(np.ndarray):
    """An array whose ravel stays two-dimensional, as that of `numpy.matrix` does."""

    def ravel(self, order="C"):
        return super().ravel(order)[None].view(Columns)


@pytest.mark.parametrize("kind", [np.matrix, Columns])
@pytest.mark.parametrize("y", [[0, 2], np.eye(3)[[0, 2]]])
def test_out_may_be_of_any_class_and_is_returned_as_it_is(kind, y):
    z = [[2.0, 1.0, 0.1], [0.0, 0.0, 0.0]]
    want = loss_and_grad(z, y)
    out = np.empty((2, 3)).view(kind)
    loss, grad = loss_and_grad(z, y, out=out)
    assert grad is out
    assert loss == want[0]
    np.testing.assert_array_equal(np.asarray(grad), want[1])


@pytest.mark.parametrize("n", [1, 127, 1000])
def test_the_mean_of_equal_losses_is_each_of_them(n):
    """Where a plain sum is off by up to 6 ulps, and one after the other by n / 2."""
    for top in np.linspace(-3, 3, 50):
        z = [top, 0, 0.5]
        one, many = (loss_and_grad(np.tile(z, (k, 1)), np.zeros(k, int))[0] for k in (1, n))
        assert abs(many - one) <= 2 * np.spacing(one)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("y", [0, [1.0, 0.0]])
def test_no_entry_is_minus_0(dtype, y):
    """Neither where s - y, nor where a share of it is too small for the dtype."""
    for gap in (8, 16, 18, 100, 104, 740, 746):
        z = np.array([[gap, 0]] * 999, dtype)
        grad = loss_and_grad(z, [y] * 999)[1]
        assert not np.signbit(grad[grad == 0]).any(), (gap, grad[0])


def test_no_warning_and_no_trace_in_numpys_settings():
    before = np.geterr(), np.getbufsize()
    z = np.array([[1e308, -1e308, 0], [-np.inf, 0, 800]])
    loss_and_grad(np.tile(z, 200), [0, 2])  # the test run turns warnings into errors
    assert (np.geterr(), np.getbufsize()) == before


MEMORY = """
import resource, sys
import numpy as np, cecore
z = np.zeros((256, 50_000), np.float32)
y = np.zeros(256, int)
cecore.loss_and_grad(z[:2], y[:2], workers=2)  # what NumPy and threads need in any case
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
z += 1  # touch every page
before = peak()
{call}
print((peak() - before) / z.nbytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
@pytest.mark.parametrize(
    ("call", "limit"),
    [("cecore.loss_and_grad(z, y)", 1.1), ("cecore.softmax_cross_entropy(z, y)", 0.1)],
)
def test_memory_beyond_the_input(call, limit):
    code = MEMORY.format(call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) <= limit


def test_it_is_exported():
    assert cecore.loss_and_grad is in_memory.loss_and_grad
