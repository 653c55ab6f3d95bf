"""What one and two Dask workers take, and what they tell each other: for the chapter on scale.

    python -m tools.benchmarks.workers

The class axis is divided among the workers, as large language models do: each holds its share of
every row. Measured are the seconds of the fastest of several runs for loss and gradient, and the
bytes that a worker sends, the most that one does in each of the runs: where Dask merges, it decides
anew each time.
"""

import json
import platform
import time

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster, Worker, wait

from cecore.scale import on_dask
from tools.benchmarks.cases import ROOT

OUT = ROOT / "book" / "data" / "workers.json"
ROWS, CLASSES, CHUNK = 512, 65_536, 8_192
RUNS = 20


def share(start: int, stop: int, worker: str) -> da.Array:
    """Return some classes' logits, which this worker makes and keeps."""
    with dask.annotate(workers=worker, allow_other_workers=False):
        random = da.random.default_rng(start)
        return random.standard_normal((ROWS, stop - start), chunks=(ROWS, CHUNK), dtype=np.float32)


def sent(dask_worker: Worker) -> int:
    """Return how many bytes of results a worker has sent to others."""
    return dask_worker.transfer_outgoing_bytes_total


def measure(count: int) -> dict[str, object]:
    """Return what this many workers took."""
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
        workers = [*client.scheduler_info()["workers"]]
        bounds = [CLASSES * i // count for i in range(count + 1)]
        parts = [share(bounds[i], bounds[i + 1], worker) for i, worker in enumerate(workers)]
        labels = np.arange(ROWS) * 31 % CLASSES
        z = da.concatenate(parts, axis=1).persist(optimize_graph=False)  # or the shares are lost
        wait(z)
        held = {where for keys in client.who_has(z).values() for where in keys}
        assert held == set(workers), held
        seconds, most = [], []
        for _ in range(RUNS):
            before = client.run(sent)
            start = time.perf_counter()
            results = client.persist([*on_dask.loss_and_grad(z, labels)])
            wait(results)
            seconds.append(time.perf_counter() - start)
            after = client.run(sent)
            most.append(max(after[worker] - before[worker] for worker in workers))
            del results
    return {"workers": count, "seconds": min(seconds), "most sent": most}


def main() -> None:
    """Measure, and write what was measured."""
    found = {
        "machine": f"{platform.machine()}, {dask.system.CPU_COUNT} processors",
        "versions": {"dask": dask.__version__, "numpy": np.__version__},
        "rows": ROWS,
        "classes": CLASSES,
        "chunk": CHUNK,
        "runs": RUNS,
        "measured": [measure(count) for count in (1, 2)],
    }
    OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(OUT.read_text("utf-8"))


if __name__ == "__main__":
    main()
