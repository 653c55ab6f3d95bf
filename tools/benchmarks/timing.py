"""Time the contenders against each other.

pytest-benchmark finishes one function before it starts the next, and pyperf gives each its own
processes. On a machine that is slower in one minute than in the next, that compares minutes. Here
every round times every contender once, in a new order, so that a slow spell meets all of them.
"""

import gc
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.benchmarks.contenders import Contender

TOLERANCE = {"float32": 1e-4, "float64": 1e-9}


@dataclass
class Effort:
    """How long to measure."""

    sample: float = 0.002  # seconds that the calls timed together take at least
    rounds: int = 25  # at most
    least_rounds: int = 7
    budget: float = 3.0  # seconds for all contenders on one operation and case


def measure(
    contenders: dict[Contender, Callable[[], Any]], effort: Effort
) -> dict[str, dict[str, Any]]:
    """Return quartiles of the seconds for one call, by contender, and how many cores were busy."""
    loops = {contender: _loops(contender, call, effort) for contender, call in contenders.items()}
    seconds: dict[Contender, list[float]] = {contender: [] for contender in contenders}
    busy = dict.fromkeys(contenders, 0.0)
    order = list(contenders)
    shuffle = random.Random(0).shuffle
    started = time.perf_counter()
    gc.collect()
    gc.disable()
    for done in range(effort.rounds):
        if done >= effort.least_rounds and time.perf_counter() - started > effort.budget:
            break
        shuffle(order)
        for contender in order:
            wall, cpu = _sample(contender, contenders[contender], loops[contender])
            seconds[contender].append(wall / loops[contender])
            busy[contender] += cpu / wall
    gc.enable()
    return {
        contender.name: {
            "seconds": [float(f"{q:.4g}") for q in np.quantile(times, [0.25, 0.5, 0.75])],
            "busy": round(busy[contender] / len(times), 2),
            "rounds": len(times),
            "loops": loops[contender],
        }
        for contender, times in seconds.items()
    }


def _loops(contender: Contender, call: Callable[[], Any], effort: Effort) -> int:
    """Return how many calls make a sample that is long enough for the clock."""
    loops, long_enough = 1, 0
    while long_enough < 3:  # once may be an accident
        wall = _sample(contender, call, loops)[0]
        if wall > 20 * effort.sample:
            break
        if wall >= effort.sample:
            long_enough += 1
        else:
            loops = max(loops + 1, min(10 * loops, int(1.2 * loops * effort.sample / wall)))
            long_enough = 0
    return loops


def _sample(contender: Contender, call: Callable[[], Any], loops: int) -> tuple[float, float]:
    """Time some calls, after others that are not timed; also the processors' time."""
    _settle()
    contender.enter()
    for _ in range(1 + loops // 4):
        call()
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    for _ in range(loops):
        call()
    wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    return wall / 1e9, cpu / 1e9


def _settle(longest: float = 0.2) -> None:
    """Wait until the last contender's threads are asleep.

    With nothing to do, they watch for work for some milliseconds, on the next one's processor.
    """
    end = time.perf_counter() + longest
    while time.perf_counter() < end:
        cpu = time.process_time()
        time.sleep(0.001)
        if time.process_time() - cpu < 0.0002:
            break


def reference(z: np.ndarray, labels: np.ndarray) -> dict[str, tuple[np.ndarray, ...]]:
    """Return what every contender must compute, up to rounding."""
    z = z.astype(np.float64)
    rows = np.arange(len(z))
    z -= z.max(axis=1, keepdims=True)
    s = np.exp(z)
    total = s.sum(axis=1, keepdims=True)
    s /= total
    z -= np.log(total)
    loss = -z[rows, labels].mean()
    grad = s.copy()
    grad[rows, labels] -= 1
    return {"loss": (loss,), "loss_and_grad": (loss, grad), "softmax": (s,), "log_softmax": (z,)}


def check(name: str, operation: str, dtype: str, result: Any, right: tuple[Any, ...]) -> None:
    """Raise an error unless a contender computed the same as the others."""
    got = result if isinstance(result, tuple) else (result,)
    for value, expected in zip(map(np.asarray, got), right, strict=True):
        if operation == "loss_and_grad" and value.ndim:
            value = value * len(value)  # gradient of the mean
        if value.ndim and value.dtype != dtype:
            raise SystemExit(f"{name}, {operation}: got {value.dtype}, expected {dtype}")
        if value.shape != np.shape(expected):
            raise SystemExit(f"{name}, {operation}: got shape {value.shape}")
        error = np.max(np.abs(value - expected) / np.maximum(np.abs(expected), 1))
        if not error <= TOLERANCE[dtype]:
            raise SystemExit(f"{name}, {operation} in {dtype}: off by {error:.1e}")
