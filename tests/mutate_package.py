"""`make mutants`, the package: is there a test for every detail of cecore?

A mutant is cecore with one small change: a number one higher, an operator swapped, an argument
dropped. mutmut says what to change. Its own runner passes over decorated functions and module-level
code, which is most of cecore; here whole modules are changed, each in a copy of the project and a
fresh process, and the tests run until one fails. A mutant that no test kills must be listed in
equivalent_mutants.toml, with the reason why it changes nothing; an entry that fits no survivor is
an error as well.

Not mutated: docstrings and the text of f-strings; annotations; arguments to None, which mypy sees;
the functions for libraries that are not installed here. A text is changed once, to upper case.

    python tests/mutate_package.py                        # an hour or two
    python tests/mutate_package.py 'cecore._checks*'      # some functions
"""

import argparse
import ast
import contextlib
import fnmatch
import gc
import importlib
import importlib.util
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import traceback
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import libcst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "_build" / "mutants"
KNOWN = ROOT / "tests" / "equivalent_mutants.toml"

# Those that say nothing of what cecore computes, and take long.
OTHERS = {
    f"test_{name}.py"
    for name in ("against_torch", "benchmark", "lock", "notebooks", "pages", "pictures")
}
TESTS = sorted(f"tests/{path.name}" for path in (ROOT / "tests").glob("test_*.py"))
TESTS = [name for name in TESTS if Path(name).name not in OTHERS]
PYTEST = [
    *("-q", "-x", "--tb=line", "-o", "addopts=--import-mode=importlib"),
    *("-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "_hypothesis_pytestplugin"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
    *("-k", "not tools_are_content and not wheel"),  # slow, and no judges of what the code does
]
# Imported once, before the processes fork; cecore and the tests are imported anew by each.
LIBRARIES = ["hypothesis.extra.numpy", "mpmath", "nbclient", "nbformat", "rich.console"]
LIBRARIES += ["rich.progress", "rich.table", "scipy.special", "scipy.stats", "sklearn._loss.loss"]
LIBRARIES += ["sympy"]
ABSENT = [name for name in ("torch", "jax") if importlib.util.find_spec(name) is None]
KILLED = {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}  # or collecting them did


@dataclass(frozen=True)
class Mutant:
    """A change to a module: in which function (or the module itself), from what to what."""

    path: str
    function: str
    lines: tuple[int, ...]  # where the functions around it start, the innermost first
    was: str
    now: str
    source: str

    @property
    def name(self):
        module = self.path.removesuffix(".py").replace("/", ".")
        return f"{module}.{self.function}".rstrip(".")

    @property
    def key(self):
        return self.name, self.was, self.now

    def __str__(self):
        return f"{self.name}\n    - {self.was}\n    + {self.now}"


# Making them


class Finder(libcst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, path):
        self.path = path
        self.around = []  # names and first lines of the functions and classes around
        self.found = []

    def on_visit(self, node):
        if isinstance(node, libcst.Module):
            self.by_statement(node)
            return False
        if isinstance(node, libcst.Annotation):
            return False
        if isinstance(node, libcst.FunctionDef | libcst.ClassDef):
            first = node.decorators[0] if node.decorators else node
            line = self.get_metadata(PositionProvider, first).start.line
            self.around.append((node.name.value, line))
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                others = list(operator(node))
                if operator is operator_arg_removal:
                    others = [other for other in others if len(other.args) < len(node.args)]
                if operator is operator_string:
                    others = others[-1:]  # upper case comes last
                for other in others:
                    self.add(node, other)
        return True

    def on_leave(self, node):
        if isinstance(node, libcst.FunctionDef | libcst.ClassDef):
            self.around.pop()

    def by_statement(self, module):
        """Visit one statement after the other: to write a whole module anew takes long."""
        self.module, self.before, self.after = module, "", module.code
        for self.statement in module.body:
            self.code = module.code_for_node(self.statement)
            self.meaning = ast.dump(ast.parse(self.code))
            skipped, _, self.after = self.after.partition(self.code)
            self.before += skipped
            self.statement.visit(self)
            self.before += self.code

    def add(self, node, other):
        changed = self.module.code_for_node(self.statement.deep_replace(node, other))
        try:
            same = ast.dump(ast.parse(changed)) == self.meaning  # 1e37 and 1e+37
        except SyntaxError:
            return
        if same:
            return
        was, now = ([line.strip() for line in x.splitlines()] for x in (self.code, changed))
        while was and now and was[0] == now[0]:
            del was[0], now[0]
        while was and now and was[-1] == now[-1]:
            del was[-1], now[-1]
        function = ".".join(name for name, _ in self.around)
        lines = tuple(line for _, line in reversed(self.around))
        source = self.before + changed + self.after
        self.found.append(Mutant(self.path, function, lines, " ".join(was), " ".join(now), source))


def mutants(patterns):
    """Every mutant of the functions whose names fit one of the patterns."""
    found = []
    for file in sorted((ROOT / "cecore").glob("*.py")):
        tree = MetadataWrapper(libcst.parse_module(file.read_text("utf-8")), unsafe_skip_copy=True)
        finder = Finder(f"cecore/{file.name}")
        tree.visit(finder)
        found += finder.found
    absent = tuple(f"cecore.libraries._{name}" for name in ABSENT)
    wanted = [m for m in found if any(fnmatch.fnmatch(m.name, pattern) for pattern in patterns)]
    return [m for m in wanted if not m.name.startswith(absent)]


# Running the tests


class Record:
    """A pytest plugin: which functions of cecore each test runs, and how long it takes.

    What a fixture runs is run for every test that uses it.
    """

    def __init__(self):
        self.seconds, self.runs, self.fixtures = {}, defaultdict(set), defaultdict(set)

    @contextlib.contextmanager
    def traced(self, seen):
        outer = sys.gettrace()
        frames = set()
        sys.settrace(lambda frame, event, arg: frames.add(frame.f_code))  # adds, and traces no line
        yield
        sys.settrace(outer)
        for code in frames:
            path = Path(code.co_filename)
            if path.parent.name == "cecore":
                seen.add((path.name, code.co_firstlineno))

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self):
        with self.traced(self.runs[""]):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        with self.traced(self.fixtures[fixturedef.argname]):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        start = time.monotonic()
        with self.traced(self.runs[item.nodeid]):
            result = yield
        for name in item.fixturenames:
            self.runs[item.nodeid] |= self.fixtures[name]
        self.seconds[item.nodeid] = time.monotonic() - start
        return result

    def save(self, path):
        runs = {test: sorted(functions) for test, functions in self.runs.items()}
        path.write_text(json.dumps([self.seconds, runs]), "utf-8")


class Selection:
    """A pytest plugin: only these tests if it is given any, and the quick ones first."""

    def __init__(self, wanted, seconds):
        self.wanted, self.seconds = wanted, seconds

    def pytest_collection_modifyitems(self, items):
        if self.wanted:
            items[:] = [item for item in items if item.nodeid in self.wanted]
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0))


class Tests:
    """What the tests run, and so which of them a mutant needs."""

    def __init__(self, record):
        self.seconds, runs = json.loads(record.read_text("utf-8"))
        self.of = defaultdict(set)
        self.of_module = defaultdict(set)
        self.on_import = set(map(tuple, runs.pop("")))
        for test, functions in runs.items():
            for file, line in functions:
                self.of[file, line].add(test)
                self.of_module[file].add(test.split("::")[0])

    def needed(self, mutant):
        """The files of tests for a mutant, and which tests of them (none named: all).

        The module itself, what runs when it is imported, and what is cached, may matter to any
        test of a file that runs something of it.
        """
        file = Path(mutant.path).name
        here = [(file, line) for line in mutant.lines]
        whole = not here or self.on_import & set(here) or "\n@cache" in mutant.source
        tests = next((self.of[place] for place in here if self.of[place]), set())
        if whole or not tests:
            return sorted(self.of_module[file]) or TESTS, set()
        return sorted({test.split("::")[0] for test in tests}), tests


def copy(place):
    """Copy the project, as git knows it."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place / name)


def start(place, files, plugin):
    """Start a process that runs tests in a copy of the project, and return its id."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        os.setsid()  # so that it can be ended with all that it starts
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        with (place / "output").open("wb") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        os.chdir(place)
        here = {"", str(ROOT), str(ROOT / "tests")}
        sys.path[:] = [str(place), *(path for path in sys.path if path not in here)]
        code = int(pytest.main([*PYTEST, *files], plugins=[plugin]))
        if isinstance(plugin, Record):
            plugin.save(place / "record.json")
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def end(child):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)


def judged(todo, tests, places, limit):
    """Yield each mutant with what became of it: killed, timeout or survived."""
    running, free, todo = {}, list(places), todo[::-1]
    while todo or running:
        if todo and free:
            mutant, place = todo.pop(), free.pop()
            original = (place / mutant.path).read_text("utf-8")
            (place / mutant.path).write_text(mutant.source, "utf-8")
            files, wanted = tests.needed(mutant)
            child = start(place, files, Selection(wanted, tests.seconds))
            running[child] = mutant, place, original, time.monotonic() + limit
            continue
        time.sleep(0.01)
        for child, (mutant, place, original, deadline) in list(running.items()):
            late = time.monotonic() > deadline
            if late:
                end(child)
            done, status = os.waitpid(child, 0 if late else os.WNOHANG)
            if not done:
                continue
            end(child)  # what it may have left behind
            del running[child]
            free.append(place)
            (place / mutant.path).write_text(original, "utf-8")
            code = os.waitstatus_to_exitcode(status)
            if not late and code not in KILLED and code != 0:
                output = (place / "output").read_text("utf-8", errors="replace")
                raise SystemExit(f"{mutant}\npytest ended with {code}:\n{output}")
            yield mutant, "timeout" if late else "survived" if code == 0 else "killed"


# What is known


def known(patterns):
    """The listed equivalents: key to reason."""
    entries = tomllib.loads(KNOWN.read_text("utf-8")).get("mutant", [])
    return {
        (entry["in"], entry["was"], now): entry["why"]
        for entry in entries
        for now in ([entry["now"]] if isinstance(entry["now"], str) else entry["now"])
        if any(fnmatch.fnmatch(entry["in"], pattern) for pattern in patterns)
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("patterns", nargs="*", default=["*"], help="such as 'cecore.softmax*'")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OPENBLAS_NUM_THREADS": "1"}
    for name in LIBRARIES:
        importlib.import_module(name)

    shutil.rmtree(WORK, ignore_errors=True)
    first = WORK / "0"
    copy(first)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False  # the tests are compiled once
    begin = time.monotonic()
    child = start(first, TESTS, Record())
    todo = mutants(given.patterns)
    if os.waitpid(child, 0)[1]:
        raise SystemExit(f"The tests fail without any mutant:\n{(first / 'output').read_text()}")
    limit = 2 * (time.monotonic() - begin)
    shutil.rmtree(first / "cecore" / "__pycache__")
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True
    places = [first, *(shutil.copytree(first, WORK / str(i)) for i in range(1, given.jobs))]

    listed, survived, counts = known(given.patterns), set(), Counter()
    tests = Tests(first / "record.json")
    gc.freeze()
    print(f"{len(todo)} mutants of cecore, {time.monotonic() - begin:.0f} s", flush=True)
    for mutant, verdict in judged(todo, tests, places, limit):
        if verdict == "survived":
            survived.add(mutant.key)
            if mutant.key in listed:
                verdict = "equivalent"
            else:
                print(f"[{counts.total() + 1}] survived: {mutant}", flush=True)
        counts[verdict] += 1
        if counts.total() % 100 == 0:
            print(f"{counts.total()} done, {time.monotonic() - begin:.0f} s", flush=True)

    made = {mutant.key for mutant in todo}
    for key in listed.keys() - survived:
        state = "is killed by a test" if key in made else "does not exist"
        print("In {}\n    - {}\n    + {}".format(*key), f"{state}: take it off the list", sep="\n")
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    for name in ABSENT:
        print(f"Not mutated, as {name} is not installed: cecore.libraries._{name}")
    return int(bool(survived ^ listed.keys()))


if __name__ == "__main__":
    sys.exit(main())
