"""Measure cecore against other libraries, and write book/data/benchmark.json.

Without options, everything is measured (this is `make bench`, about 15 minutes). A part of it is
measured and printed, but not written, with options such as these:

    --quick
    --only loss_and_grad --shapes 4096x1000,512x8192 --dtypes float32 --libraries torch,cecore

What is printed are medians, with half the distance between the quartiles, and the time as a
multiple of cecore's best.
"""

import argparse
import datetime
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tools.benchmarks import contenders, machine, memory
from tools.benchmarks.cases import DTYPES, HELD_OUT, LOGITS, OPERATIONS, ROOT, SHAPES, Case, cases
from tools.benchmarks.timing import Effort, check, measure, reference

RESULT = ROOT / "book" / "data" / "benchmark.json"
THREADS = 2
PARTS = [*OPERATIONS, "memory", "limits"]


def times(
    racers: list[contenders.Contender], chosen: list[Case], operations: list[str], effort: Effort
) -> Iterator[dict[str, Any]]:
    """Yield one record for each case and operation."""
    for case in chosen:
        z, labels = case.arrays()
        right = reference(z, labels)
        calls = {racer: racer.prepare(z, labels, True) for racer in racers}
        for operation in operations:
            able = {racer: call[operation] for racer, call in calls.items() if operation in call}
            for racer, call in able.items():
                racer.enter()
                check(racer.name, operation, case.dtype, call(), right[operation])
            if able:
                record = {
                    "operation": operation,
                    **asdict(case),
                    "held out": (case.rows, case.classes) in HELD_OUT,
                    "results": measure(able, effort),
                }
                show(record)
                yield record


def show(record: dict[str, Any]) -> None:
    """Print a record as one line, the fastest first."""
    results = record["results"]
    median = {name: result["seconds"][1] for name, result in results.items()}
    own = [seconds for name, seconds in median.items() if name.startswith("cecore")]
    unit = min(own or median.values())
    print(
        f"{record['operation']:13} {record['rows']}x{record['classes']} {record['dtype']} "
        f"{record['logits']}:",
        *(
            f"{name} {seconds * 1e3:.4g} ms ±{spread(results[name]):.0%} {seconds / unit:.2f}x |"
            for name, seconds in sorted(median.items(), key=lambda item: item[1])
        ),
        flush=True,
    )


def spread(result: dict[str, Any]) -> float:
    """Return half the distance of the quartiles, as a fraction of the median."""
    low, median, high = result["seconds"]
    return (high - low) / 2 / median


def peaks(
    names: list[str], shapes: list[tuple[int, int]], dtypes: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield the extra memory of each contender, in fresh processes."""
    for rows, classes in shapes:
        for dtype in dtypes:
            for operation in memory.OPERATIONS:
                case = Case(rows, classes, dtype, "normal")
                size = rows * classes * np.dtype(dtype).itemsize
                found = {
                    name: extra
                    for name in names
                    if (extra := memory.extra_bytes(name, operation, case)) is not None
                }
                print(
                    f"memory of {operation} {rows}x{classes} {dtype}:",
                    *(f"{name} {extra / size:.3f} |" for name, extra in found.items()),
                    flush=True,
                )
                yield {
                    "operation": operation,
                    "rows": rows,
                    "classes": classes,
                    "dtype": dtype,
                    "logits bytes": size,
                    "extra bytes": found,
                }


def write(path: Path, result: dict[str, Any]) -> None:
    """Write JSON with one record a line, beside its place first."""
    lines = []
    for key, value in result.items():
        if isinstance(value, list):
            records = ",\n".join(f"  {json.dumps(record)}" for record in value)
            lines.append(f" {json.dumps(key)}: [\n{records}\n ]")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    os.replace(fresh, path)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line; every choice is a list with commas."""

    def some(allowed: list[str]) -> Any:
        def read(text: str) -> list[str]:
            words = text.split(",")
            for word in words:
                if not any(_means(word, name) for name in allowed):
                    raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(allowed)}")
            return [name for name in allowed if any(_means(word, name) for word in words)]

        return read

    def shapes(text: str) -> list[tuple[int, int]]:
        try:
            return [(int(n), int(c)) for n, c in (word.split("x") for word in text.split(","))]
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"expected rows x classes, as in 128x10,4096x1000; got {text!r}"
            ) from None

    names = list(contenders.CONTENDERS)
    parser = argparse.ArgumentParser(
        prog="python -m tools.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", type=some(PARTS), metavar="PART,...", help=", ".join(PARTS))
    parser.add_argument("--shapes", type=shapes, metavar="ROWSxCLASSES,...", help="any shapes")
    parser.add_argument("--dtypes", type=some(DTYPES), metavar="DTYPE,...", help=", ".join(DTYPES))
    parser.add_argument("--logits", type=some([*LOGITS]), metavar="KIND,...", help=str(LOGITS))
    parser.add_argument(
        "--libraries", type=some(names), metavar="NAME,...", help=f"{', '.join(names)}; torch: both"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there")
    asked = parser.parse_args(argv)
    if not any(vars(asked).values()):  # a part must not take the place of the whole
        asked.out = RESULT
    return asked


def _means(word: str, name: str) -> bool:
    return name == word or name.rpartition("-")[0] == word


def main(argv: list[str] | None = None) -> None:
    """Measure what is asked for."""
    asked = arguments(argv)
    machine.pin(THREADS)
    load = os.getloadavg()[0]
    if load > 0.3:
        print(f"Something else is running here (load {load:.1f}): expect noise.", file=sys.stderr)
    parts = asked.only or PARTS
    dtypes = asked.dtypes or DTYPES
    names = asked.libraries or list(contenders.CONTENDERS)
    racers = [contenders.load(name) for name in names]
    effort = Effort(sample=0.001, rounds=5, least_rounds=3, budget=0.5) if asked.quick else Effort()
    chosen = [
        case
        for case in cases(asked.shapes or SHAPES + HELD_OUT)
        if case.dtype in dtypes and case.logits in (asked.logits or LOGITS)
    ]
    result: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine.describe(),
        "load before": round(load, 2),
        "versions": contenders.versions(),
        "settings": {**asdict(effort), "BLAS threads": 1},
        "logits": LOGITS,
    }
    result["contenders"] = [
        {"name": r.name, "title": r.title, "threads": r.threads, "usage": r.usage} for r in racers
    ]
    # No contender multiplies matrices; NumPy's library for that shall not start threads.
    with threadpool_limits(1, user_api="blas"):
        if "limits" in parts:
            result["limits"] = machine.limits()
            print(json.dumps(result["limits"]), flush=True)
        operations = [operation for operation in OPERATIONS if operation in parts]
        result["times"] = list(times(racers, chosen, operations, effort))
    if "memory" in parts:
        result["memory"] = list(peaks(names, asked.shapes or memory.SHAPES, dtypes))
    if asked.out:
        write(asked.out, result)
        print(f"written: {asked.out}")


if __name__ == "__main__":
    main()
