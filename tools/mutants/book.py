"""Change one sign, index or digit of the book at a time, and see whether its tests notice.

    python -m tools.mutants.book [--sample N] [--seed S] [--only FILE]

Changes are made in memory, each in a process of its own. With --sample only N of each kind are
tried, and the cells of one notebook only. It ends with 1 if a change went unnoticed.
"""

import argparse
import ast
import base64
import copy
import dataclasses
import io
import multiprocessing
import os
import random
import re
import sys
import tokenize
from collections import Counter
from pathlib import Path
from types import ModuleType

import nbformat
from PIL import Image, ImageChops

import tools.one_thread  # noqa: F401  before NumPy is imported: one process for each core
from cecore.claims import CLAIMS
from cecore.claims.book import FILES as CLAIMING
from cecore.claims.book.unchecked import UNCHECKED
from cecore.claims.registry import in_order
from cecore.proofs.book import CHAPTERS, DERIVATIONS
from cecore.proofs.book import names as shared
from tools.mutants.replay import Notebook, collect, differs, in_fork
from tools.mutants.same_anyway import SAME
from tools.pages import BOOK, CODE, NUMBER, ROOT, notebooks_of_book

LEDGER = BOOK / "ledger.ipynb"  # shows every claim
PLACES = {"derivation": "registry", "claim": "registry", "formula": "text", "number": "text"}
# The tests that may notice a change of what no cell computes, and where they stand.
FILES = ["proofs/test_derivations.py", "book/test_displays.py", "book/test_prose.py"]
FILES = [ROOT / "tests" / name for name in FILES]
PROVED = "test_every_step_holds_and_nothing_else_is_assumed"
DISPLAYED = "test_the_chapter_shows_the_derivation_that_is_proved"
DISTINCT = "test_two_names_do_not_stand_for_the_same"
LABELLED = "test_no_formula_is_displayed_without_a_label"
COMPUTED = "test_a_display_is_what_is_computed_here"
COUNTED = "test_a_number_in_the_text_is_what_it_must_be"
# What pytest has collected: by notebook its cells, and by name the tests.
CELLS, TESTS = {}, {}
SQUARES = 5  # in each picture
TOGETHER = 60  # changes to run that share one run of the unchanged cells

# What changes --------------------------------------------------------------------------------

FORMULA = re.compile(r"^```\{math\}\n:label: (\S+)\n.*?^```$|^\$\$\n.*?^\$\$$", re.M | re.S)
OPPOSITES = [("+", "-"), ("*", "/"), ("<", ">"), ("<=", ">="), ("==", "!="), (r"\le", r"\ge")]
OPPOSITE = {a: b for pair in OPPOSITES for a, b in (pair, pair[::-1])}
OPPOSITE |= {"i": "j", "j": "i", "k": "j", "**": "*", "//": "*", "−": "+", r"\neq": "="}
RULES = [
    (r"\d", lambda m: str((int(m[0]) + 1) % 10)),
    (r"(?<![A-Za-z\\])[ijk](?![A-Za-z])|(?<=\{)i(?=j\})|(?<=\{i)j(?=\})", None),
    (r"\*\*|//|[<>=!]=|[+−*/]|(?<![a-z])-(?!>)|-(?![a-z>])|(?<!-)>|<|\\(le|ge|neq)\b", None),
    (r'(?<="[ijk] )(=|!=)(?= [ijk]")', lambda m: "!=" if m[0] == "=" else "="),  # another case
    (r'"[ijk] = [ijk]", (?=")|(?<="), "[ijk] != [ijk]"', lambda m: ""),  # a case less
    (r'"one-hot"|"sum to 1"', lambda m: '""'),  # any labels
]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A text, where it stands, and its part from start to end that becomes new."""

    kind: str
    file: Path
    place: tuple
    text: str
    start: int
    end: int
    new: str

    @property
    def changed(self):
        """The text as it becomes."""
        return self.text[: self.start] + self.new + self.text[self.end :]

    def line(self, text):
        """Return the line of a text that holds the change."""
        return text[text.rfind("\n", 0, self.start) + 1 :].partition("\n")[0]

    def __str__(self):
        before, after = self.line(self.text), self.line(self.changed)
        return f"{self.kind} {self.file.name} {self.place}\n    - {before:.300}\n    + {after:.300}"


def mutants_of(kind, file, place, text, within=lambda start: True):
    """Return the changes of one sign, index or digit in a text."""
    found = {}
    for pattern, new in RULES:
        for m in re.finditer(pattern, text):
            if within(m.start()):
                change = (*m.span(), new(m) if new else OPPOSITE[m[0]])
                found.setdefault(m.start(), Mutant(kind, file, place, text, *change))
    return [found[start] for start in sorted(found)]


def is_code(source):
    """Return a test for places in a source: no comment, no colour, and of a number its head."""
    starts = [0, *(m.end() for m in re.finditer("\n", source))]
    other = [range(*m.span()) for m in re.finditer(r"#[0-9a-f]{6}|(?<=[0-9._])[0-9._]+", source)]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            first, last = (starts[row - 1] + column for row, column in (token.start, token.end))
            other.append(range(first, last))
    return lambda start: not any(start in span for span in other)


def within_code(source):
    """Return a test for places in a module: code, and below the text at its head."""
    first, code = source.index("\nfrom cecore."), is_code(source)
    return lambda start: start > first and code(start)


def within_claims(source):
    """Return a test for places in a module: what its functions say that they check."""
    starts = [0, *(m.end() for m in re.finditer("\n", source))]
    spans = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            first, last = node.body[0].lineno, node.body[0].end_lineno
            spans.append(range(starts[first - 1], starts[last]))
    return lambda start: any(start in span for span in spans)


def text_in(output):
    """Return the part of an output that holds its text, and the key to it."""
    if output.output_type in ("stream", "error"):
        return output, "text" if output.output_type == "stream" else "evalue"
    kinds = ("text/markdown", "text/html", "text/plain")
    return output.data, next(kind for kind in kinds if kind in output.data)


def changes_of_registry():
    """Yield the changes of cecore's derivations and claims."""
    for module in (shared, *CHAPTERS):
        file = Path(module.__file__)
        source = file.read_text("utf-8")
        yield from mutants_of("derivation", file, (), source, within_code(source))
    for module in CLAIMING:
        file = Path(module.__file__)
        source = file.read_text("utf-8")
        yield from mutants_of("claim", file, (), source, within_claims(source))


def changes_of_cells(file, items, seed):
    """Yield the changes of a notebook's code and its outputs."""
    rng = random.Random(f"{seed} {file.name}")
    for number, item in enumerate(items):
        source = item.cell.source
        yield from mutants_of("code", file, (number,), source, is_code(source))
        for which, output in enumerate(item.cell.outputs):
            part, key = text_in(output)
            yield from mutants_of("output", file, (number, which), part[key])
            if png := output.get("data", {}).get("image/png"):
                for _ in range(SQUARES):
                    new = painted(png, rng)
                    yield Mutant("picture", file, (number, which), png, 0, len(png), new)


def changes_of_text(file):
    """Yield the changes of a page's displayed formulas, and of the numbers in its text."""
    for number, source in enumerate(texts(file)):
        for m in FORMULA.finditer(source):
            span = range(max(m.start(), m.end(1)), m.end())
            yield from mutants_of("formula", file, (number, m[1]), source, span.__contains__)
        blank = CODE.sub(lambda m: " " * len(m[0]), source)
        for m in NUMBER.finditer(blank):
            span = range(*m.span())
            yield from mutants_of("number", file, (number,), source, span.__contains__)


def painted(png, rng):
    """Return a picture with a square of 9 pixels inverted."""
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    x, y = rng.randrange(image.width - 9), rng.randrange(image.height - 9)
    box = (x, y, x + 9, y + 9)
    image.paste(ImageChops.invert(image.crop(box)), box)
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def texts(file):
    """Return the texts of a page: its markdown cells, or all of it."""
    if file.suffix == ".md":
        return [file.read_text("utf-8")]
    cells = nbformat.read(file, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


# Who notices ---------------------------------------------------------------------------------


def failing(*tests):
    """Return the name of the first test that fails; each is given by name, with its arguments."""
    for name, *arguments in tests:
        test = TESTS[name][0].function
        try:
            test(*arguments)
        except Exception:
            return name
    return ""


def by_cells(items, mutants):
    """Return for each change of a notebook's code and outputs where it is noticed."""
    notebook, found = Notebook(items), {}
    for number, item in enumerate(items[: max(m.place[0] for m in mutants) + 1]):
        here = [m for m in mutants if m.place[0] == number]
        for m in here:
            if m.kind == "code":
                found[m] = in_fork(notebook.first_difference, number, m.changed) and "nbval"
        fresh = notebook.run(number)
        for m in here:
            if m.kind != "code":
                stored = copy.deepcopy(item.cell.outputs)
                part, key = text_in(stored[m.place[1]])
                part["image/png" if m.kind == "picture" else key] = m.changed
                found[m] = "nbval" if differs(item, fresh, stored) else ""
    return [found[m] for m in mutants]


def by_text(m):
    """Return the test that notices a change in a page's text."""
    if m.file.suffix == ".md":
        Path.read_text = lambda self, *args, **kwargs: m.changed
    else:
        read = nbformat.read
        page = read(m.file, as_version=4)
        [cell for cell in page.cells if cell.cell_type == "markdown"][m.place[0]].source = m.changed
        nbformat.read = lambda path, as_version: page if path == m.file else read(path, as_version)
    if m.kind == "number":
        return failing((COUNTED, m.file))
    label = m.place[1]
    if label in DERIVATIONS:
        return failing((DISPLAYED, label))
    if label in {item.callspec.params["label"] for item in TESTS[COMPUTED]}:
        return failing((COMPUTED, label))
    return failing((LABELLED,))


class Registry:
    """The derivations and claims, and who notices a change of them: the ledger at the last."""

    def __init__(self, items):
        self.labels = [*DERIVATIONS]
        self.evidence = {}
        self.ledger = Notebook(items)
        self.take_claims()
        if self.by_ledger():
            raise RuntimeError(f"{LEDGER}: other outputs are stored")

    def take_claims(self, m=None):
        """Let the claims be those of the changed file and of the others.

        Each is checked once for each implementation.
        """
        fresh = [*UNCHECKED]
        for module in CLAIMING:
            file = Path(module.__file__)
            source = m.changed if m and file == m.file else file.read_text("utf-8")
            fresh += executed(module.__name__, source)["CHAPTER"].claims.values()
        CLAIMS.clear()
        for name, claim in in_order(fresh).items():

            def check(f, claim=claim):
                known = self.evidence
                return known.get((claim.id, f.name)) or known.setdefault(
                    (claim.id, f.name), claim.check(f)
                )

            CLAIMS[name] = dataclasses.replace(claim, check=claim.check and check)

    def take_derivations(self, m):
        """Let the derivations be those of the changed file and of the others, which may use it."""
        DERIVATIONS.clear()
        for module in (shared, *CHAPTERS):
            file = Path(module.__file__)
            source = m.changed if file == m.file else file.read_text("utf-8")
            fresh = sys.modules[module.__name__] = ModuleType(module.__name__)
            exec(compile(source, file, "exec"), fresh.__dict__)
            if module is not shared:
                DERIVATIONS.update(fresh.DERIVATIONS)

    def by_ledger(self):
        """Run all of the ledger, until nbval sees a difference."""
        first, *others = self.ledger.items
        return self.ledger.first_difference(0, first.cell.source, ahead=len(others)) and "nbval"

    def by(self, m):
        """Return who notices a change."""
        if m.kind == "claim":
            self.take_claims(m)
            return self.by_ledger()
        self.take_derivations(m)
        above = re.findall(r'^    "(eq-[a-z-]+)": ', m.text[: m.start], re.MULTILINE)
        labels = above[-1:] or self.labels  # before the first there is what several use
        names = (PROVED, DISPLAYED, DISTINCT)
        if name := failing(*((test, label) for label in labels for test in names)):
            return name
        self.take_claims()  # which derivation proves which
        return self.by_ledger()


def executed(name, source):
    """Return what a module's source defines."""
    namespace = {"__name__": name}
    exec(compile(source, name, "exec"), namespace)
    return namespace


# All together --------------------------------------------------------------------------------


def groups_of(mutants):
    """Return the changes that are tried in one process, with their place."""
    groups = {}
    for m in mutants:
        place = PLACES.get(m.kind, m.file)
        groups.setdefault((place, m.kind in ("output", "picture")), []).append(m)
    return [
        (place, members[first : first + size])
        for (place, compared), members in groups.items()
        for size in [len(members) if compared else TOGETHER]  # to compare takes no time
        for first in range(0, len(members), size)
    ]


def noticed(place, mutants):
    """Return who notices each of the changes."""
    if place == "text":
        return [in_fork(by_text, m) for m in mutants]
    if place == "registry":
        registry = Registry(CELLS[LEDGER])
        return [in_fork(registry.by, m) for m in mutants]
    return by_cells(CELLS[place], mutants)


def tried(place, mutants):
    """Return who notices each of the changes, having seen that nobody notices a change of none."""
    some = {m.kind: m for m in mutants}.values()
    none = [dataclasses.replace(m, new=m.text[m.start : m.end]) for m in some]
    found = noticed(place, mutants + none)
    for m, by in zip(none, found[len(mutants) :], strict=True):
        if by:
            raise RuntimeError(f"{by} notices what is no change:\n{m}")
    return found[: len(mutants)]


def sample_of(mutants, n, rng):
    """Return n changes of each kind; those of cells from one notebook."""
    one = rng.choice(sorted({m.file for m in mutants if m.kind == "picture"}))
    kinds = {}
    for m in mutants:
        if m.kind in PLACES or m.file == one:
            kinds.setdefault(m.kind, []).append(m)
    return [m for kind in kinds.values() for m in rng.sample(kind, min(n, len(kind)))]


def same_anyway(m):
    """Return the entry of SAME by which a change has no effect that a reader could see."""
    file = m.file.relative_to(BOOK if m.file.is_relative_to(BOOK) else ROOT / "cecore")
    shown = f"{file.with_suffix('').as_posix()}: {m.line(m.changed)}"
    return next((pattern for pattern in SAME if re.match(pattern, shown)), "")


def main(sample, seed, only):
    """Print what was tried and who noticed it; return 1 if something went unnoticed."""
    mutants = [*changes_of_registry(), *changes_of_text(BOOK / "index.md")]
    for file in notebooks_of_book():
        mutants += [*changes_of_cells(file, CELLS[file], seed), *changes_of_text(file)]
    if only:
        mutants = [m for m in mutants if m.file.name == only]
    if sample:
        mutants = sample_of(mutants, sample, random.Random(seed))
    groups = groups_of(mutants)
    counts = {m.kind: Counter() for m in mutants}
    missed, used = [], set()
    with multiprocessing.get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        results = [pool.apply_async(tried, group) for group in groups]
        for (place, members), result in zip(groups, results, strict=True):
            for m, by in zip(members, result.get(), strict=True):
                rule = "" if by else same_anyway(m)
                counts[m.kind][by or (rule and "same anyway") or "NOBODY"] += 1
                used.add(rule)
                missed += [] if by or rule else [m]
            if not sample:
                print(f"{Path(place).name}: {len(members)} tried", file=sys.stderr, flush=True)
    print(f"{'change of a':12} {'tried':>6} {'noticed':>7}")
    for kind, by in counts.items():
        total = by.total() - by["same anyway"]
        names = ", ".join(f"{n} {name}" for name, n in by.most_common())
        print(f"{kind:12} {total:6} {total - by['NOBODY']:7}   {names}")
    total = sum(by.total() - by["same anyway"] for by in counts.values())
    print(f"{'all':12} {total:6} {total - len(missed):7}")
    idle = [] if sample or only else sorted(SAME.keys() - used)
    print(*(f"Nobody noticed: {m}" for m in missed), sep="\n", end="")
    print(*(f"Excuses nothing: {pattern}" for pattern in idle), sep="\n", end="")
    return 1 if missed or idle else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, metavar="N", help="try N changes of each kind")
    parser.add_argument("--seed", type=int, default=0, help="which ones, and where pictures change")
    parser.add_argument("--only", metavar="FILE", help="such as softmax.ipynb or contract.py")
    for item in collect(BOOK, *FILES):
        if item.path in FILES:
            TESTS.setdefault(item.originalname, []).append(item)
        else:
            CELLS.setdefault(item.parent.path, []).append(item)
    sys.exit(main(**vars(parser.parse_args())))
