"""What this machine is, and how fast it could be at best."""

import os
import platform
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MIB = 2**20
IN_CACHE = MIB // 4  # bytes of an array that stays in a core's own cache, with its result
WORKING_SETS = [MIB, 4 * MIB, 16 * MIB, 64 * MIB]


def pin(threads: int) -> None:
    """Keep the process to as many processors as there are threads, where the system can.

    JAX has no setting for the number of its threads: it makes one for each processor it may use.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def describe() -> dict[str, Any]:
    """Return what matters of the machine for speed, and nothing that says whose it is."""
    caches = Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")
    simd = np.show_config(mode="dicts")["SIMD Extensions"]  # type: ignore[index]
    return {
        "processor": _processor(),
        "processors used": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "caches": {
            f"L{(c / 'level').read_text().strip()}": (c / "size").read_text().strip()
            for c in sorted(caches)
            if (c / "type").read_text().strip() != "Instruction"
        },
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "NumPy's vector instructions": [*simd["baseline"], *simd.get("found", [])],
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def limits() -> dict[str, Any]:
    """Measure what NumPy can do at best with one thread and with two.

    The time of one exponential in cache, and the bytes a second that are copied (read and written)
    or read, for several sizes of everything that is touched.
    """
    exp = {
        dtype: {threads: 1e9 / _rate(*_exp_in_cache(dtype), threads) for threads in (1, 2)}
        for dtype in ("float32", "float64")
    }
    bandwidth = [
        {
            "working set": size,
            "copy": {t: _rate(*_copy(size // t), t) for t in (1, 2)},
            "read": {t: _rate(*_read(size // t), t) for t in (1, 2)},
        }
        for size in WORKING_SETS
    ]
    return {"exp nanoseconds": exp, "bytes per second": bandwidth}


Work = tuple[
    Callable[[], Callable[[], Any]], int
]  # what makes the work of a thread, and its amount


def _exp_in_cache(dtype: str) -> Work:
    n = IN_CACHE // np.dtype(dtype).itemsize

    def make() -> Callable[[], Any]:
        x = np.random.default_rng(0).normal(size=n).astype(dtype)
        out = np.empty_like(x)
        return lambda: np.exp(x, out=out)

    return make, n


def _copy(size: int) -> Work:
    def make() -> Callable[[], Any]:
        source, target = np.ones(size // 16), np.ones(size // 16)
        return lambda: np.copyto(target, source)

    return make, size


def _read(size: int) -> Work:
    def make() -> Callable[[], Any]:
        source = np.ones(size // 8)
        return lambda: source.max()

    return make, size


def _rate(make: Callable[[], Callable[[], Any]], amount: int, threads: int) -> float:
    """Return the amount of work done in a second by all threads: the median of seven tries."""
    works = [make() for _ in range(threads)]
    return float(np.median([_one_rate(works, amount) for _ in range(7)]))


def _one_rate(works: list[Callable[[], Any]], amount: int, seconds: float = 0.1) -> float:
    done = [0.0] * len(works)
    together = threading.Barrier(len(works))

    def run(i: int) -> None:
        work = works[i]
        work()
        together.wait()
        calls, start = 0, time.perf_counter()
        while (taken := time.perf_counter() - start) < seconds:
            work()
            calls += 1
        done[i] = calls * amount / taken

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)
