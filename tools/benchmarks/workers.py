"""What one and two Dask workers take, and what they tell each other: for the chapter on scale.

    python -m tools.benchmarks.workers

A batch of logits is divided among the workers in two ways: by classes, as large language models do,
so that no worker holds a whole row; and by rows. Measured are the seconds of the fastest of several
runs for loss and gradient, beside those of NumPy in this process, and the bytes that a worker
sends, the most that one does in each of the runs: where Dask merges, it decides anew each time.
Then a batch that is larger than this machine's memory is made, used and forgotten chunk by chunk.
"""

import contextlib
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Iterator

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster, Worker, wait

from cecore import loss_and_grad
from cecore.scale import on_dask
from tools.benchmarks.cases import ROOT

OUT = ROOT / "book" / "data" / "workers.json"
ROWS, CLASSES = 512, 65_536
CHUNKS = {"classes": (ROWS, 8_192), "rows": (64, CLASSES)}
RUNS = 20
MANY_ROWS = 2**17
LABELS = np.arange(MANY_ROWS) * 31 % CLASSES


def logits(start: int, shape: tuple[int, int], chunks: tuple[int, int]) -> da.Array:
    """Return random logits, which are made where they are needed."""
    return da.random.default_rng(start).standard_normal(shape, chunks=chunks, dtype=np.float32)


def share(divided: str, start: int, stop: int, worker: str) -> da.Array:
    """Return some classes or rows of the logits, which this worker makes and keeps."""
    shape = (ROWS, stop - start) if divided == "classes" else (stop - start, CLASSES)
    with dask.annotate(workers=worker, allow_other_workers=False):
        return logits(start, shape, CHUNKS[divided])


def sent(dask_worker: Worker) -> int:
    """Return how many bytes of results a worker has sent to others."""
    return dask_worker.transfer_outgoing_bytes_total


def held() -> int:
    """Return the most bytes of memory that this process has held."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def fastest(run: Callable[[], object]) -> float:
    """Return the seconds of the fastest of several runs."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def in_memory() -> float:
    """Return what NumPy takes in this process."""
    z = np.random.default_rng(0).standard_normal((ROWS, CLASSES), dtype=np.float32)
    return fastest(lambda: loss_and_grad(z, LABELS[:ROWS]))


@contextlib.contextmanager
def cluster_of(count: int) -> Iterator[Client]:
    """Start so many workers: processes with one thread."""
    with (
        dask.config.set({"distributed.scheduler.work-stealing": False}),  # each keeps its share
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            memory_limit=0,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def measure(client: Client, divided: str) -> dict[str, object]:
    """Return what these workers took, with the logits divided by classes or by rows."""
    workers = [*client.scheduler_info()["workers"]]
    count, axis = len(workers), int(divided == "classes")
    bounds = [(ROWS, CLASSES)[axis] * i // count for i in range(count + 1)]
    parts = [share(divided, bounds[i], bounds[i + 1], worker) for i, worker in enumerate(workers)]
    z = da.concatenate(parts, axis=axis).persist(optimize_graph=False)  # or the shares are lost
    wait(z)
    holders = {where for keys in client.who_has(z).values() for where in keys}
    assert holders == set(workers), holders
    most = []

    def run() -> None:
        before = client.run(sent)
        wait(client.persist([*on_dask.loss_and_grad(z, LABELS[:ROWS])]))
        after = client.run(sent)
        most.append(max(after[worker] - before[worker] for worker in workers))

    seconds = fastest(run)
    return {"divided": divided, "workers": count, "seconds": seconds, "most sent": most}


def larger_than_memory(client: Client) -> dict[str, object]:
    """Return what the loss of many rows took, and its gradient with respect to the constants."""
    z = logits(0, (MANY_ROWS, CLASSES), (256, CLASSES))
    loss, grad = on_dask.loss_and_grad(z, LABELS)
    start = time.perf_counter()
    loss, slope = dask.compute(loss, grad.sum(axis=0), scheduler=client)
    seconds = time.perf_counter() - start
    assert abs(loss - np.log(CLASSES) - 0.5) < 0.1, loss  # as a Gaussian has it
    assert abs(slope.sum()) < 1e-3, slope.sum()
    most = max(client.run(held).values())
    return {"rows": MANY_ROWS, "bytes": z.nbytes, "seconds": seconds, "most held": most}


def main() -> None:
    """Measure, and write what was measured."""
    found: dict[str, object] = {
        "machine": f"{platform.machine()}, {dask.system.CPU_COUNT} processors",
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load": os.getloadavg()[1],
        "versions": {"dask": dask.__version__, "numpy": np.__version__},
        "rows": ROWS,
        "classes": CLASSES,
        "chunks": CHUNKS,
        "runs": RUNS,
    }
    seconds = [in_memory()]
    measured = []
    for count in (1, 2):
        with cluster_of(count) as client:
            measured += [measure(client, divided) for divided in CHUNKS]
            if count == 2:
                found["larger than memory"] = larger_than_memory(client)
    found["in memory"] = {"seconds": min(*seconds, in_memory())}
    found["measured"] = sorted(measured, key=lambda m: str(m["divided"]))
    OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(OUT.read_text("utf-8"))


if __name__ == "__main__":
    main()
