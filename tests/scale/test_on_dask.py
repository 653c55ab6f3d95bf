"""Dask arrays give what NumPy's give, however they are chunked and whoever computes them."""

import logging
import os
import pickle
import signal
import subprocess
import sys
import time
import tracemalloc
import uuid

import cloudpickle
import dask
import dask.array as da
import numpy as np
import psutil
import pytest
from dask.base import collections_to_expr
from distributed import Client, LocalCluster, wait
from hypothesis import given, settings
from hypothesis import strategies as st

import cecore
from cecore.claims import NotSupportedError
from cecore.scale import on_dask
from tests.reference import FLOATS, mp
from tests.ulps import LIMIT, Exact, ulps

# Dask warns if the disk takes a second for a folder, as it may on a busy machine.
pytestmark = pytest.mark.filterwarnings("ignore:Creating scratch directories:UserWarning")

OF_LOGITS = ["softmax", "log_softmax", "logsumexp"]
LABELLED = ["softmax_cross_entropy", "softmax_cross_entropy_grad"]
EXACT = {name: name for name in OF_LOGITS} | dict(zip(LABELLED, ("loss", "grad"), strict=True))


@pytest.fixture(autouse=True)
def _in_this_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@st.composite
def batches(draw, axes=3):
    """Logits of two axes or more, in chunks of any sizes, with labels, and a class axis."""
    shape = draw(st.lists(st.integers(1, 9), min_size=2, max_size=axes))
    chunks = []
    for size in shape:
        cuts = draw(st.sets(st.integers(1, size - 1), max_size=4)) if size > 1 else set()
        chunks.append(tuple(np.diff([0, *sorted(cuts), size]).tolist()))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    z = rng.normal(size=shape) * 10.0 ** draw(st.integers(-2, 4))
    z = z.astype(draw(st.sampled_from(FLOATS[1:3])))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    if draw(st.booleans()):
        first = np.take(z, [0], axis)
        z[rng.random(shape) < 0.2] = -np.inf
        np.moveaxis(z, axis, 0)[:1] = np.moveaxis(first, axis, 0)
    rows = np.delete(shape, axis)
    y = rng.integers(0, shape[axis], rows)
    if draw(st.booleans()):
        y = da.from_array(y, chunks=draw(st.integers(1, 9)))
    return da.from_array(z, chunks=tuple(chunks)), y, axis


def assert_right(z, y, axis):
    """Every entry is as close to the exact one as is promised of NumPy's, in the same dtype."""
    array, k = np.asarray(z), np.asarray(y)
    lazy = [getattr(on_dask, name)(z, axis) for name in OF_LOGITS]
    lazy += [getattr(on_dask, name)(z, y, axis) for name in LABELLED]
    results = dict(zip([*OF_LOGITS, *LABELLED], dask.compute(*lazy), strict=True))
    for name, planned in zip(results, lazy, strict=True):
        right = getattr(cecore, name)(array, *([k] if name in LABELLED else []), axis)
        assert planned.dtype == results[name].dtype == right.dtype, name
        assert planned.shape == results[name].shape == right.shape, name
    rows = np.moveaxis(array, axis, -1)
    exact = {index: Exact(rows[index], k[index]) for index in np.ndindex(rows.shape[:-1])}
    limit = LIMIT[array.dtype.type]
    size = float(abs(array[np.isfinite(array)]).max())
    for name, got in results.items():
        got = np.moveaxis(got, axis, -1) if got.ndim == array.ndim else got
        scale = size if name == "logsumexp" else 0.0
        for index, right in exact.items():
            assert ulps(got[index], getattr(right, EXACT[name]), scale) <= limit, (name, index)
    if array.ndim == 2 and axis in (1, -1):
        loss, grad = dask.compute(*on_dask.loss_and_grad(z, y))
        assert loss.dtype == np.float64
        mean = mp.fsum(right.loss for right in exact.values()) / len(k)
        # Rows that are whole in a chunk have NumPy's own loss, to the digits of the logits.
        assert ulps(array.dtype.type(loss) if z.numblocks[1] == 1 else loss, mean) <= 4
        assert grad.dtype == array.dtype
        for (i,), right in exact.items():
            assert ulps(grad[i], [g / len(k) for g in right.grad]) <= limit


@given(batch=batches())
@settings(max_examples=40)
def test_every_chunking_gives_what_numpy_gives(batch):
    assert_right(*batch)


def test_one_row():
    z = da.from_array(np.array([2.0, 1.0, 0.1, -3]), chunks=(1, 2, 1))
    assert_right(z, 2, -1)
    assert_right(z, da.from_array(np.array(3)), 0)


def test_the_classes_are_on_the_last_axis():
    z, y = np.arange(24.0).reshape(2, 3, 4), np.zeros((2, 3), int)
    for name in (*OF_LOGITS, *LABELLED):
        labels = [y] if name in LABELLED else []
        got = getattr(on_dask, name)(da.from_array(z), *labels).compute()
        np.testing.assert_array_almost_equal_nulp(got, getattr(cecore, name)(z, *labels), 8)


@given(batch=batches(axes=2))
@settings(max_examples=20)
def test_rows_that_are_whole_in_a_chunk_give_the_numbers_of_loss_and_grad(batch):
    z, y, _ = batch
    y = np.resize(np.arange(z.shape[1]), len(z))
    loss, grad = dask.compute(*on_dask.loss_and_grad(z.rechunk({1: -1}), y))
    want, want_grad = cecore.loss_and_grad(z.compute(), y)
    assert loss == pytest.approx(want, rel=1e-15)
    np.testing.assert_array_almost_equal_nulp(grad, want_grad, 8)


def test_a_mask_is_not_lost_in_whole_rows():
    z = da.ma.masked_array([[0.0, 1.0]], mask=[[False, True]])
    with pytest.raises(TypeError, match="z must be a plain array; got a masked array"):
        dask.compute(*on_dask.loss_and_grad(z, [0]))


def test_rows_that_are_whole_in_a_chunk_are_read_once_and_not_merged():
    calls = []

    def seen(block):
        calls.append(block.shape)
        return block

    z = da.zeros((6, 4), chunks=(2, 4)).map_blocks(seen, meta=np.empty((0, 0)))
    loss, grad = on_dask.loss_and_grad(z, [0] * 6)
    plan = dict(collections_to_expr((loss, grad)).optimize().__dask_graph__())
    assert not any("_state_of_block" in str(task) for task in plan.values())
    np.testing.assert_allclose(dask.compute(loss, grad)[0], np.log(4))
    assert calls == [(2, 4)] * 3


def test_chunks_without_rows():
    z = np.arange(15.0).reshape(5, 3)
    assert_right(da.from_array(z, chunks=((2, 0, 3), (1, 2))), [0, 1, 2, 0, 1], -1)
    for name in OF_LOGITS:
        none = getattr(on_dask, name)(da.from_array(z, chunks=2)[:0]).compute()
        assert none.shape == getattr(cecore, name)(z[:0]).shape


def selected(z, classes):
    """Some classes of an array with chunks of three, as Dask knows them after a selection."""
    z = da.from_array(z, chunks=(4, 3))
    return z[:, da.from_array(np.array(classes), chunks=3)].compute_chunk_sizes()


@pytest.mark.parametrize("kept", [slice(0, 3), slice(3, 6)])
def test_chunks_without_classes(kept):
    z = np.arange(24.0).reshape(4, 6)
    classes = np.zeros(6, bool)
    classes[kept] = True
    some = selected(z, classes)
    assert 0 in some.chunks[1]
    assert_right(some, [0, 1, 2, 0], -1)
    loss = on_dask.softmax_cross_entropy(some, [0, 1, 2, 0]).compute()
    np.testing.assert_allclose(loss, [2.4076, 1.4076, 0.4076, 2.4076], atol=1e-4)


def test_a_mask_is_not_lost_in_a_chunk():
    z = da.ma.masked_array([[0.0, 1.0]], mask=[[False, True]])
    for name in OF_LOGITS:
        with pytest.raises(TypeError, match="z must be a plain array; got a masked array"):
            getattr(on_dask, name)(z, *[[0]] * (name in LABELLED)).compute()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_no_entry_of_the_gradient_is_minus_0(dtype):
    for gap in (8, 18, 104):
        z = da.from_array(np.array([[gap, 0]] * 9, dtype), chunks=(9, 1))
        grad = on_dask.softmax_cross_entropy_grad(z, [0] * 9).compute()
        assert not np.signbit(grad[grad == 0]).any()


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.int64])
def test_other_dtypes(dtype):
    z = np.arange(12).reshape(3, 4).astype(dtype)
    for name in OF_LOGITS:
        got, want = getattr(on_dask, name)(da.from_array(z, chunks=2)), getattr(cecore, name)(z)
        assert got.dtype == got.compute().dtype == want.dtype
        np.testing.assert_array_almost_equal_nulp(got.compute(), want, 4)


def chunked(z):
    z = np.asarray(z)
    return da.from_array(z, chunks=tuple(max(1, -(-size // 3)) for size in z.shape))


def computed(name):
    def function(z, *y, axis=-1):
        if y and np.ndim(y[0]) == np.ndim(z):
            raise NotSupportedError("class indices only")
        return getattr(on_dask, name)(chunked(z), *y, axis).compute()

    return function


def test_it_holds_the_claims():
    cecore.verify(
        softmax=computed("softmax"),
        log_softmax=computed("log_softmax"),
        logsumexp=computed("logsumexp"),
        loss=computed("softmax_cross_entropy"),
        grad=computed("softmax_cross_entropy_grad"),
        loss_and_grad=lambda z, y: dask.compute(*on_dask.loss_and_grad(chunked(z), y)),
        claims=["P1", "P3", "P7", "P10"],
    ).assert_ok()


# Errors

Z = np.zeros((5, 3))
NAN, INF, MASKED, MASKED_ALL = Z.copy(), Z.copy(), Z.copy(), np.full(3, -np.inf)
NAN[3, 1], INF[4, 2], MASKED[3] = np.nan, np.inf, -np.inf
BAD_LABELS = [[0, 1, 2, 3, 0], [0, 0, -1, 0, 0], [0.0] * 5, [True] * 5, [0, 1], [[0]] * 5]


@pytest.mark.parametrize("name", OF_LOGITS)
@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("z", [NAN, INF, MASKED, MASKED.T, MASKED_ALL], ids="NIMTA")
def test_bad_logits_meet_numpys_own_error(name, z, axis):
    errors = []
    for call in (
        lambda: getattr(cecore, name)(z, axis),
        lambda: getattr(on_dask, name)(da.from_array(z, chunks=2), axis).compute(),
    ):
        try:
            call()
        except ValueError as error:
            errors.append(str(error))
    assert len(set(errors)) <= 1
    assert len(errors) in (0, 2)
    assert errors or (z is not MASKED_ALL and np.isneginf(z).any())


@pytest.mark.parametrize("chunks", [(2, 3), (2, 2)], ids=["whole rows", "parts"])
@pytest.mark.parametrize("z", [NAN, INF, MASKED], ids="NIM")
def test_bad_logits_of_a_batch_meet_numpys_own_error(z, chunks):
    with pytest.raises(ValueError, match="z must") as right:
        cecore.loss_and_grad(z, [0] * 5)
    with pytest.raises(ValueError, match="z must") as caught:
        dask.compute(*on_dask.loss_and_grad(da.from_array(z, chunks=chunks), [0] * 5))
    assert str(caught.value) == str(right.value)


@pytest.mark.parametrize("name", LABELLED)
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("y", BAD_LABELS, ids=str)
def test_bad_labels_meet_numpys_own_error(name, y, lazy):
    with pytest.raises((TypeError, ValueError)) as right:
        getattr(cecore, name)(Z, y)
    labels = da.from_array(np.array(y), chunks=2) if lazy else y

    def plan():
        return getattr(on_dask, name)(da.from_array(Z, chunks=2), labels)

    if right.type is TypeError:  # seen before anything is computed
        with pytest.raises(TypeError) as caught:
            plan()
    else:
        with pytest.raises(ValueError, match=r"^labels must") as caught:
            plan().compute()
    if np.shape(y) == (5,):
        assert str(caught.value) == str(right.value)
    else:
        assert str(caught.value).startswith("labels must be class indices of shape (5,), to fit z")


def unknown(x):
    return x[x.sum(tuple(range(1, x.ndim))) < 1]


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (TypeError, "z must be a dask.array; got ndarray", lambda z: on_dask.softmax(Z)),
        (TypeError, "z must hold real .* bool", lambda z: on_dask.softmax(z < 1)),
        (TypeError, "64 bits", lambda z: on_dask.softmax(z.astype(np.longdouble))),
        (ValueError, "z must have chunks of known", lambda z: on_dask.softmax(unknown(z))),
        (
            ValueError,
            "labels must have chunks of known sizes; call labels.compute_chunk_sizes",
            lambda z: on_dask.loss_and_grad(z, unknown(da.zeros(5, dtype=int))),
        ),
        (ValueError, "^z must have at least one class", lambda z: on_dask.softmax(z[:, :0])),
        (np.exceptions.AxisError, "fit z: axis 2", lambda z: on_dask.softmax(z, 2)),
        (TypeError, "axis must be an integer", lambda z: on_dask.softmax(z, 1.0)),
        (ValueError, r"none 0; got \(0, 3\)", lambda z: on_dask.loss_and_grad(z[:0], [])),
        (ValueError, "z must have the shape", lambda z: on_dask.loss_and_grad(z[0], 1)),
        (ValueError, "^labels must be class", lambda z: on_dask.loss_and_grad(z, [3] * 5)),
        (TypeError, "^labels must be int.* dtype object", lambda z: on_dask.loss_and_grad(z, None)),
        (
            TypeError,
            "^labels must be int.* object",
            lambda z: on_dask.softmax_cross_entropy(z, None),
        ),
    ],
)
def test_what_is_refused_before_anything_is_computed(error, words, call):
    with pytest.raises(error, match=words):
        call(da.from_array(Z, chunks=2))


def test_without_dask_it_says_what_is_missing():
    code = "import sys; sys.modules['dask'] = None; import cecore.scale.on_dask"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.endswith("needs Dask: pip install 'cecore[dask]'\n")


# The scheduler


def test_the_graph_grows_with_the_number_of_chunks_and_holds_no_array():
    tasks, size = [], []
    for count in (4, 8, 16):
        z = da.zeros((100 * count, 1000 * count), chunks=(100, 1000))
        y = da.zeros(100 * count, chunks=100, dtype=int)
        graph = dict(collections_to_expr(on_dask.loss_and_grad(z, y)).optimize().__dask_graph__())
        tasks.append(len(graph) / count**2)
        size.append(len(cloudpickle.dumps(graph)) / count**2)
    assert 5 > tasks[0] >= tasks[1] >= tasks[2]  # for each chunk
    assert 5000 > size[0] >= size[1] >= size[2]


def test_what_crosses_between_workers_is_four_numbers_a_row():
    z = da.zeros((50, 4000), chunks=(50, 1000))
    _, known = on_dask._whole(z, 1, ())
    assert known.dtype.itemsize == 32
    assert known.shape == (50, 1)
    assert len(pickle.dumps(known.compute())) < 50 * 32 + 500


# Two processes


@pytest.fixture(scope="module")
def client():
    """Two worker processes, watched over by nannies, which start a killed one again."""
    with (
        # How long one process calls another that has been killed (30 s, unless it is said).
        dask.config.set({"distributed.comm.timeouts.connect": "10s"}),
        LocalCluster(
            n_workers=2,
            processes=True,
            threads_per_worker=1,
            memory_limit=0,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # any port: not only one cluster may run
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
        client.wait_for_workers(2)
        pids = client.run(os.getpid).values()
        assert len({*pids, os.getpid()}) == 3
    assert not any(map(psutil.pid_exists, pids))


@given(batch=batches(axes=2))
@settings(max_examples=6)
def test_every_chunking_on_two_processes(client, batch):
    with dask.config.set(scheduler=client):
        assert_right(*batch)


def test_a_bad_label_in_a_chunk_meets_numpys_own_error(client):
    y = np.zeros(40, int)
    y[33] = 60
    with pytest.raises(ValueError, match="labels must be") as right:
        cecore.softmax_cross_entropy(np.zeros((40, 60)), y)
    z = da.zeros((40, 60), chunks=(10, 20))
    lazy = on_dask.softmax_cross_entropy(z, da.from_array(y, chunks=10))
    with pytest.raises(ValueError, match="labels must be") as caught:
        client.compute(lazy).result()
    assert str(caught.value) == str(right.value)


def test_the_scheduler_holds_no_logits(client):
    z = da.zeros((200, 32_000), chunks=(50, 8000), dtype=np.float32)
    y = da.zeros(200, chunks=50, dtype=int)
    tracemalloc.start()  # the scheduler is in this process
    try:
        results = client.persist([*on_dask.loss_and_grad(z, y)])
        wait(results)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < z.nbytes / 4


def test_a_killed_worker_loses_nothing(client, tmp_path):
    values = np.random.default_rng(6).normal(size=(64, 96)) * 30
    y = np.arange(64)

    def loads(pid="*"):
        return len([*tmp_path.glob(f"{pid} *")])

    def loaded(z):  # the tenth of each worker lasts until there is a file "go"
        if loads(os.getpid()) == 9:
            (tmp_path / f"waits {os.getpid()}").touch()
            while not (tmp_path / "go").exists():
                time.sleep(0.01)
        (tmp_path / f"{os.getpid()} {uuid.uuid4()}").touch()
        return z

    z = da.from_array(values, chunks=8).map_blocks(loaded, meta=np.empty((0, 0)))  # 96 chunks
    first, second = client.run(os.getpid).values()
    futures = client.compute(on_dask.loss_and_grad(z, y))
    while loads("waits") < 2:
        assert {future.status for future in futures} == {"pending"}
        time.sleep(0.01)
    assert loads(first) == loads(second) == 9
    os.kill(first, signal.SIGKILL)
    (tmp_path / "go").touch()
    wait(futures)
    loss, grad = client.gather(futures)
    want = cecore.loss_and_grad(values, y)
    assert loss == pytest.approx(want[0], rel=1e-15)
    np.testing.assert_allclose(grad, want[1], rtol=2e-15, atol=1e-323)
    assert loads(first) == 9
    assert loads() - loads("waits") > 96  # what the killed one knew was computed again
