"""What the Performance appendix reads out of data/benchmark.json, and how it shows it.

Ratios are times of others over times of cecore: above 1, cecore is faster.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from IPython.display import Markdown

Record = dict[str, Any]
OPERATIONS = ["loss_and_grad", "loss", "softmax", "log_softmax"]
PACKAGES = {
    "textbook NumPy": "numpy",
    "SciPy": "scipy",
    "scikit-learn": "scikit-learn",
    "PyTorch": "torch",
    "JAX": "jax",
    "cecore": "cecore",
}
SMALLEST = (128, 10)


def load(path: str = "data/benchmark.json") -> Record:
    """Return the benchmark's results."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def times(
    data: Record, *operations: str, held_out: bool = False
) -> list[Record]:
    """Return the records of operations, on the shapes tuned on or on the others."""
    return [
        record
        for record in data["times"]
        if record["operation"] in operations and record["held out"] == held_out
    ]


def seconds(record: Record, name: str) -> float:
    """Return a contender's median time for one call."""
    return record["results"][name]["seconds"][1]


def own(record: Record) -> str:
    """Return the name of cecore as it is by default."""
    return "cecore-2" if "cecore-2" in record["results"] else "cecore-1"


def libraries(record: Record) -> list[str]:
    """Return the names of the contenders that are libraries, cecore apart."""
    names = record["results"]
    return [n for n in names if n != "textbook" and not n.startswith("cecore")]


def ratio(record: Record, name: str) -> float:
    """Return a contender's time as a multiple of cecore's."""
    return seconds(record, name) / seconds(record, own(record))


def best(record: Record) -> str:
    """Return the name of the fastest library."""
    return min(libraries(record), key=lambda name: seconds(record, name))


def best_ratio(record: Record) -> float:
    """Return the fastest library's time as a multiple of cecore's."""
    return ratio(record, best(record))


def limit(data: Record, record: Record, threads: int) -> float:
    """Return the least time possible: every exponential, or every byte moved.

    The logits are read once, and the result, if it is as large, is written
    once. The speed of memory is that for the largest measured amount that is
    not above theirs.
    """
    entries = record["rows"] * record["classes"]
    size = entries * {"float32": 4, "float64": 8}[record["dtype"]]
    kind = "read" if record["operation"] == "loss" else "copy"
    moved = size if kind == "read" else 2 * size
    speeds = data["limits"]["bytes per second"]
    speed = [s for s in speeds if s["working set"] <= moved][-1:] or speeds[:1]
    exp = data["limits"]["exp nanoseconds"][record["dtype"]][str(threads)]
    return max(1e-9 * entries * exp, moved / speed[0][kind][str(threads)])


def share(data: Record, record: Record) -> float:
    """Return the least time possible as a part of cecore's."""
    threads = {c["name"]: c["threads"] for c in data["contenders"]}
    name = own(record)
    return limit(data, record, threads[name]) / seconds(record, name)


def extra(record: Record) -> float:
    """Return cecore's extra memory as a multiple of the logits' size."""
    found = record["extra bytes"]
    name = "cecore-2" if "cecore-2" in found else "cecore-1"
    return found[name] / record["logits bytes"]


# What was to be reached.


@dataclass
class Target:
    """A bound on some numbers, or on their geometric mean."""

    what: str
    bound: float
    values: dict[str, float]  # by the place where they were measured
    mean: bool = False
    at_most: bool = field(default=False, kw_only=True)

    @property
    def worst(self) -> tuple[str, float]:
        """Where the value is worst, or the mean; and the value."""
        if self.mean:
            return "geometric mean", geometric_mean(self.values.values())
        pick = max if self.at_most else min
        return pick(self.values.items(), key=lambda item: item[1])

    def reached(self, value: float) -> bool:
        """Say whether a value is within the bound."""
        return value <= self.bound if self.at_most else value >= self.bound

    @property
    def verdict(self) -> str:
        """Say whether the target was met, and if not, how often it was missed."""
        if self.reached(self.worst[1]):
            return "met"
        if self.mean:
            return "**missed**"
        missed = sum(not self.reached(value) for value in self.values.values())
        return f"**missed** in {missed} of {len(self.values)}"

    @property
    def row(self) -> list[str]:
        """The target as a row of a table."""
        place, value = self.worst
        sign = "≤" if self.at_most else "≥"
        return [
            self.what,
            f"{sign} {self.bound:g}",
            f"{value:.2f}",
            place,
            self.verdict,
        ]


def targets(data: Record, held_out: bool = False) -> list[Target]:
    """Return the targets that were set, with what was measured."""
    both = times(data, "loss_and_grad", held_out=held_out)
    usual = [r for r in both if r["logits"] != "wide"]
    small = [r for r in usual if (r["rows"], r["classes"]) == SMALLEST]
    large = [r for r in usual if r not in small]
    wide = [r for r in both if r["logits"] == "wide"]
    alone = times(data, "softmax", "log_softmax", held_out=held_out)
    gain = {place(data, r): best_ratio(r) for r in large}
    tiny = {place(data, r): best_ratio(r) for r in small}
    hard = {place(data, r): best_ratio(r) for r in wide}
    scipy = {place(data, r): ratio(r, "scipy") for r in alone}
    first = "loss and gradient against the fastest library"
    second = "softmax and log_softmax against SciPy"
    found = [
        Target(f"{first}, larger shapes", 1, gain),
        Target(f"{first}, larger shapes", 1.5, gain, mean=True),
        Target(f"{first}, smallest shape", 0.8, tiny),
        Target(f"{first}, scale 100", 0.8, hard),
        Target(second, 1, scipy),
        Target(second, 2, scipy, mean=True),
    ]
    if not held_out:
        for operation, bound in (("loss_and_grad", 1.1), ("loss", 0.1)):
            extras = {
                place(data, r): extra(r)
                for r in data["memory"]
                if r["operation"] == operation
            }
            what = f"extra memory of {words(operation)}, in sizes of the logits"
            found.append(Target(what, bound, extras, at_most=True))
    return [target for target in found if target.values]


# How it is written.


def place(data: Record, record: Record) -> str:
    """Say where a record was measured."""
    parts = [shape(record), record["dtype"]]
    if "logits" in record:
        parts.append(data["logits"][record["logits"]])
    return ", ".join(parts)


def shape(record: Record) -> str:
    """Write a shape as in mathematics."""
    return f"{record['rows']} × {record['classes']}"


def words(operation: str) -> str:
    """Write an operation's name as in a sentence."""
    return {"loss_and_grad": "loss and gradient"}.get(operation, operation)


def title(data: Record, name: str, threads: str = "({} threads)") -> str:
    """Return a contender's name, and its threads if there are two."""
    (found,) = (c for c in data["contenders"] if c["name"] == name)
    number = f" {threads}".format(found["threads"])
    return found["title"] + (number if found["threads"] > 1 else "")


def duration(low: float, median: float, high: float) -> str:
    """Write a median time, and half the distance between the quartiles."""
    factor, unit = (1e3, "ms") if median >= 1e-3 else (1e6, "µs")
    spread = (high - low) / 2 / median
    return f"{float(f'{median * factor:.3g}'):g} {unit} ± {spread:.0%}"


def table(head: list[str], rows: list[list[str]]) -> Markdown:
    """Show a table, with short cells on one line each."""
    keep = [
        [
            cell.replace(" ", "\N{NO-BREAK SPACE}") if len(cell) < 24 else cell
            for cell in row
        ]
        for row in rows
    ]
    lines = [head, ["---"] * len(head), *keep]
    return Markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def version(data: Record, contender: Record) -> str:
    """Return the version of a contender's library."""
    return data["versions"][PACKAGES[contender["title"]]]


def contenders(data: Record) -> list[list[str]]:
    """Return the rows of the table of contenders: those with one name together.

    How many processors were busy at most is measured: that of the record in
    which there were most.
    """
    rows = []
    for name in dict.fromkeys(c["title"] for c in data["contenders"]):
        same = [c for c in data["contenders"] if c["title"] == name]
        busy = [
            max(
                r["results"][c["name"]]["busy"]
                for r in times(data, "loss_and_grad")
            )
            for c in same
        ]
        rows.append(
            [
                name,
                version(data, same[0]),
                " and ".join(str(c["threads"]) for c in same),
                " and ".join(f"{b:.1f}" for b in busy),
                same[0]["usage"],
            ]
        )
    return rows


def flat(value: Any) -> str:
    """Write what is known of the machine on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


HEAD = ["shape", "logits", "cecore", "fastest (threads)", "ratio", "textbook"]
HEAD += ["limit"]


def rows(data: Record, dtype: str, held_out: bool = False) -> list[list[str]]:
    """Return loss and gradient in a dtype as the rows of a table."""
    found = times(data, "loss_and_grad", held_out=held_out)
    return [
        [
            shape(record),
            data["logits"][record["logits"]],
            duration(*record["results"][own(record)]["seconds"]),
            title(data, best(record), "({})"),
            f"{best_ratio(record):.2f}",
            f"{ratio(record, 'textbook'):.2f}",
            f"{share(data, record):.0%}",
        ]
        for record in found
        if record["dtype"] == dtype
    ]


def means(data: Record) -> list[list[str]]:
    """Compare with each contender: geometric mean, smallest, largest ratio."""
    rows = []
    for name in (
        c["name"] for c in data["contenders"] if c["title"] != "cecore"
    ):
        cells = [title(data, name)]
        for operation in OPERATIONS:
            found = times(data, operation)
            ratios = [ratio(r, name) for r in found if name in r["results"]]
            low, high = min(ratios, default=0), max(ratios, default=0)
            mean = geometric_mean(ratios) if ratios else 0
            cells.append(
                f"**{mean:.2g}** ({low:.2g}–{high:.2g})" if ratios else ""
            )
        rows.append(cells)
    return rows


def memory(data: Record, operation: str) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of extra memory.

    Of a library with one thread and with two, the larger is shown.
    """
    names = {c["name"]: c["title"] for c in data["contenders"]}
    titles = list(dict.fromkeys(names.values()))
    lines = []
    for record in data["memory"]:
        if record["operation"] == operation:
            most = dict.fromkeys(titles, 0.0)
            for name, extra in record["extra bytes"].items():
                held = extra / record["logits bytes"]
                most[names[name]] = max(most[names[name]], held)
            numbers = [f"{held:.2f}" for held in most.values()]
            lines.append([shape(record), record["dtype"], *numbers])
    return ["logits", "dtype", *titles], lines


def limits(data: Record) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of this machine's limits."""
    exp, speeds = (
        data["limits"]["exp nanoseconds"],
        data["limits"]["bytes per second"],
    )
    rows = [
        [f"exp of one {dtype}", *(f"{ns:.2f} ns" for ns in found.values())]
        for dtype, found in exp.items()
    ]
    for kind in ("copy", "read"):
        rows += [
            [f"{kind}, {s['working set'] / 2**20:g} MiB"]
            + [f"{rate / 1e9:.0f} GB/s" for rate in s[kind].values()]
            for s in speeds
        ]
    return ["what", "1 thread", "2 threads"], rows
