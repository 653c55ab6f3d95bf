"""Is cecore as it was, bit for bit, and as fast? Compare it with a commit of its own past.

Both versions run on the benchmark's cases, in a process each, by turns, so that what else the
machine does meets both alike.

    python -m tools.benchmarks.versions v0.1.0             # a commit, or what git calls one
    python -m tools.benchmarks.versions v0.1.0 --seconds 2 --only softmax
"""

import argparse
import hashlib
import inspect
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TextIO

import numpy as np

from tools.benchmarks.cases import DTYPES, HELD_OUT, LOGITS, SHAPES, cases

ROOT = Path(__file__).resolve().parents[2]
SHORT = [(1, 10), (1, 1000)]  # where the cost of a call counts
FUNCTIONS = {
    "softmax": ("softmax", False),
    "log_softmax": ("log_softmax", False),
    "logsumexp": ("logsumexp", False),
    "loss": ("softmax_cross_entropy", True),
    "grad": ("softmax_cross_entropy_grad", True),
    "loss_and_grad": ("loss_and_grad", True),
}
SOFT = "soft labels"  # the same with distributions


def operations() -> list[str]:
    """Return what is compared: each function, and those with labels with soft ones as well."""
    soft = [f"{name}, {SOFT}" for name, (_, labelled) in FUNCTIONS.items() if labelled]
    return [*FUNCTIONS, *soft]


def call_of(operation: str, file: str) -> Callable[[], Any]:
    """Return a call of the cecore that this process has imported, with the input of a file."""
    import cecore

    name, _, soft = operation.partition(", ")
    function, labelled = FUNCTIONS[name]
    given = np.load(file)
    z, labels = given["z"], given["labels"]
    arguments: list[Any] = [z]
    if labelled:
        arguments.append(labels)
    if soft:
        y = np.full(z.shape, 0.1 / z.shape[1])
        y[np.arange(len(z)), labels] += 0.9
        arguments[1] = y.astype(z.dtype)
    return lambda: getattr(cecore, function)(*arguments)


def answer(requests: TextIO) -> None:
    """Compute, in a process of one version, what the other process asks for."""
    call: Callable[[], Any] = lambda: None  # noqa: E731
    for line in requests:
        request = json.loads(line)
        if "operation" in request:
            call = call_of(request["operation"], request["file"])
            digest = hashlib.sha256()
            result = call()
            for part in result if isinstance(result, tuple) else [result]:
                digest.update(np.asarray(part).tobytes())
            print(json.dumps(digest.hexdigest()), flush=True)
        else:
            times = request["times"]
            start = perf_counter()
            for _ in range(times):
                call()
            print(json.dumps((perf_counter() - start) / times), flush=True)


class Version:
    """A process that has imported cecore from a folder."""

    def __init__(self, folder: Path) -> None:
        code = "import sys; sys.path[:0] = sys.argv[1:]; import cecore\n"
        code += "from tools.benchmarks.versions import answer; answer(sys.stdin)"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder), str(ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: Any) -> Any:
        """Return the answer of the other process."""
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


def checked_out(commit: str, folder: Path) -> Path:
    """Put the package as it was at a commit into a folder."""
    archive = subprocess.run(
        ["git", "archive", commit, "cecore"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def ratio_of_times(old: Version, new: Version, seconds: float) -> tuple[float, float]:
    """Return the time of the new version by that of the old one, and the latter in seconds."""
    once = max(old.ask(times=1), new.ask(times=1))
    times = max(1, math.ceil(0.002 / once))
    rounds = max(5, round(seconds / (2 * times * once)))
    pairs = []
    for i in range(rounds):
        first, second = (old, new) if i % 2 else (new, old)
        a, b = first.ask(times=times), second.ask(times=times)
        pairs.append((a, b) if first is old else (b, a))
    return median(b / a for a, b in pairs), median(a for a, _ in pairs)


def main() -> None:
    """Compare the versions on every case, and print what differs."""
    parser = argparse.ArgumentParser(description=inspect.getdoc(sys.modules[__name__]))
    parser.add_argument("commit")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each case (0.5)")
    parser.add_argument("--only", action="append", help="an operation (repeatable)")
    parser.add_argument("--shape", action="append", help="such as 4096x10 (repeatable)")
    given = parser.parse_args()
    shapes = SHORT + SHAPES + HELD_OUT
    if given.shape:
        shapes = [tuple(map(int, text.split("x"))) for text in given.shape]
    ratios: dict[str, list[float]] = {}
    differ = []
    with tempfile.TemporaryDirectory() as folder:
        old, new = Version(checked_out(given.commit, Path(folder))), Version(ROOT)
        file = f"{folder}/case.npz"
        for case in cases(shapes):
            z, labels = case.arrays()
            np.savez(file, z=z, labels=labels)
            for operation in given.only or operations():
                asked = {"operation": operation, "file": file}
                same = old.ask(**asked) == new.ask(**asked)
                ratio, before = ratio_of_times(old, new, given.seconds)
                ratios.setdefault(operation, []).append(ratio)
                words = f"{case.rows} x {case.classes} {case.dtype} {case.logits}"
                if not same:
                    differ.append(f"{operation}, {words}")
                print(
                    f"{operation:28} {words:32} {before * 1e6:10.1f} us  x {ratio:.3f}"
                    f"{'' if same else '  OTHER BITS'}",
                    flush=True,
                )
    print(
        f"\n{len(DTYPES)} dtypes, logits {', '.join(LOGITS)}; time now by time at {given.commit}:"
    )
    for operation, of in ratios.items():
        mean = math.exp(sum(map(math.log, of)) / len(of))
        print(f"{operation:28} geometric mean {mean:.3f}, from {min(of):.3f} to {max(of):.3f}")
    print(
        f"Other bits in {len(differ)} of {sum(map(len, ratios.values()))} cases", *differ, sep="\n"
    )


if __name__ == "__main__":
    main()
