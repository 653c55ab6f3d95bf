"""How much memory one call needs at its peak, beyond its input. Linux only.

Run in a process of its own:  python -m tools.benchmarks.memory cecore-2 loss 4096 1000 float32
"""

import ctypes
import gc
import json
import subprocess
import sys
from pathlib import Path

from tools.benchmarks import contenders
from tools.benchmarks.cases import ROOT, Case

SHAPES = [(1_000_000, 10), (4096, 1000), (64, 128256)]
OPERATIONS = ["loss_and_grad", "loss"]


def extra_bytes(name: str, operation: str, case: Case) -> int | None:
    """Return the peak of a fresh process's memory during one call, beyond what it held before.

    Return None if the contender does not have the operation.
    """
    words = [name, operation, str(case.rows), str(case.classes), case.dtype]
    done = subprocess.run(
        [sys.executable, "-m", "tools.benchmarks.memory", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"memory of {' '.join(words)}:\n{done.stderr}")
    return json.loads(done.stdout)


def measure(name: str, operation: str, case: Case) -> int | None:
    """Call once on a small input, which loads what is loaded late, and then for the record."""
    contender = contenders.load(name)
    contender.enter()
    calls = contender.prepare(*Case(100, 10, case.dtype, case.logits).arrays(), False)
    if operation not in calls:
        return None
    calls[operation]()
    call = contender.prepare(*case.arrays(), False)[operation]
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed while the input was made is not for reuse
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    result = call()
    after = _status("VmHWM")
    del result
    return after - before


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"/proc/self/status has no {field}")


if __name__ == "__main__":
    name, operation, rows, classes, dtype = sys.argv[1:]
    case = Case(int(rows), int(classes), dtype, "normal")
    print(json.dumps(measure(name, operation, case)))
