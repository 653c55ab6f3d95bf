"""Is there a test for every detail of cecore? `make mutants` tries them all.

A mutant is cecore with one small change: a number one higher, an operator swapped, an argument
dropped. mutmut says what to change. Its own runner passes over decorated functions and module-level
code, which is most of cecore; here whole modules are changed, each in a copy of the project, and
the tests run until one fails: in a fresh process, or, if nothing but the body of a function has
changed, in a fork of one that has collected the tests. A mutant that no test kills must be listed
in equivalent.toml, with the reason why it changes nothing; an entry that fits no survivor
is an error as well.

Not mutated: docstrings and the text of f-strings; annotations; arguments to None, which mypy sees;
the functions for libraries that are not installed here. A text is changed once, to upper case.

    python -m tools.mutants.package                       # a night
    python -m tools.mutants.package 'cecore._engine.*'     # some functions
    python -m tools.mutants.package --killed FILE         # what FILE names has been killed before
"""

import argparse
import ast
import contextlib
import fnmatch
import gc
import importlib
import importlib.util
import inspect
import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
import traceback
from collections import Counter, defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

import libcst
import pytest
from libcst.metadata import (
    MetadataWrapper,
    PositionProvider,
    WhitespaceInclusivePositionProvider,
)
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "_build" / "mutants"
KNOWN = HERE / "equivalent.toml"

# Those that say nothing of what cecore computes, and take long: folders and files.
OTHERS = {"site", "tools", "test_against_torch.py", "test_notebooks.py", "test_pictures.py"}
TESTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "tests").rglob("test_*.py")
    if not OTHERS & {path.name, path.parent.name}
)
PYTEST = [
    *("-q", "-x", "--tb=line", "-o", "addopts=--import-mode=importlib"),
    *("-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "_hypothesis_pytestplugin"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
    *("-k", "not mypy_and_ruff and not wheel"),  # slow, and no judges of what the code does
]
# Imported once, before the processes fork; cecore and the tests are imported anew by each.
LIBRARIES = ["dask.array", "distributed", "hypothesis.extra.numpy", "mpmath", "nbclient"]
LIBRARIES += ["nbformat", "rich.console", "rich.progress", "rich.table", "scipy.special"]
LIBRARIES += ["scipy.stats", "sklearn._loss.loss", "sympy"]
ABSENT = [name for name in ("torch", "jax") if importlib.util.find_spec(name) is None]
KILLED = {
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.INTERRUPTED,  # or collecting them did
    -signal.SIGSEGV,  # a library that checks nothing met what it cannot bear
}


def module_of(path):
    return path.removesuffix(".py").replace("/", ".")


@dataclass(frozen=True)
class Mutant:
    """A change to a module: in which function (or the module itself), from what to what."""

    path: str
    function: str
    lines: tuple[int, ...]  # where the functions around it start, the innermost first
    was: str
    now: str
    source: str
    body: str  # the function or class that is changed, if nothing but the body of a function is

    @property
    def module(self):
        return module_of(self.path)

    @property
    def name(self):
        return f"{self.module}.{self.function}".rstrip(".")

    @property
    def key(self):
        return self.name, self.was, self.now

    def __str__(self):
        return f"{self.name}\n    - {self.was}\n    + {self.now}"


# Making them


class Finder(libcst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, WhitespaceInclusivePositionProvider)

    def __init__(self, path, source, patterns):
        self.path, self.source, self.patterns = path, source, patterns
        self.starts = [0, *(m.end() for m in re.finditer("\n", source))]  # of lines
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

    def span(self, node):
        """Return where the code of a node starts and ends."""
        at = self.get_metadata(WhitespaceInclusivePositionProvider, node)
        return tuple(self.starts[x.line - 1] + x.column for x in (at.start, at.end))

    def by_statement(self, module):
        """Visit one statement after the other: to compile a whole module takes long."""
        self.module = module
        for self.statement in module.body:
            self.first, self.last = self.span(self.statement)
            self.code = self.source[self.first : self.last]
            self.meaning = ast.dump(ast.parse(self.code))
            self.frame = frame_of(self.code)
            self.statement.visit(self)

    def add(self, node, other):
        function = ".".join(name for name, _ in self.around)
        name = f"{module_of(self.path)}.{function}".rstrip(".")
        if not any(fnmatch.fnmatch(name, pattern) for pattern in self.patterns):
            return
        if isinstance(node, libcst.BaseCompoundStatement):  # to be indented, line by line
            changed = self.module.code_for_node(self.statement.deep_replace(node, other))
        else:
            start, end = self.span(node)
            new = self.module.code_for_node(other)
            changed = self.source[self.first : start] + new + self.source[end : self.last]
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
        lines = tuple(line for _, line in reversed(self.around))
        source = self.source[: self.first] + changed + self.source[self.last :]
        body = changed if frame_of(changed) == self.frame else ""
        self.found.append(
            Mutant(self.path, function, lines, " ".join(was), " ".join(now), source, body)
        )


def is_function(code):
    """Whether code can be replaced in a function: that of no class, and of nothing without name."""
    return code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<")


def functions_in(code):
    """Yield the functions of a module and the methods of its classes, as code."""
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from [part] if is_function(part) else functions_in(part)


def frame_of(source):
    """Return what runs when a statement does: all but the bodies of functions."""

    def frame(code):
        parts = []
        for part in code.co_consts:
            if isinstance(part, CodeType):
                part = part.co_qualname if is_function(part) else frame(part)
            parts.append((type(part), part))
        return code.co_code, code.co_names, parts

    return frame(compile(source, "", "exec"))


def mutants(patterns):
    """Every mutant of the functions whose names fit one of the patterns."""
    found = []
    for file in sorted((ROOT / "cecore").rglob("*.py")):
        source = file.read_text("utf-8")
        tree = MetadataWrapper(libcst.parse_module(source), unsafe_skip_copy=True)
        finder = Finder(file.relative_to(ROOT).as_posix(), source, patterns)
        tree.visit(finder)
        found += finder.found
    absent = tuple(f"cecore.claims.libraries._{name}" for name in ABSENT)
    return [m for m in found if not m.name.startswith(absent)]


# Running the tests


class Unbuilt:
    """A pytest plugin: no test of the built pages, which take long and say nothing of the code."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if "site" not in item.fixturenames]


ELSEWHERE = {  # who runs functions where no test is traced
    multiprocessing.process.BaseProcess.start.__code__,
    subprocess.Popen.__init__.__code__,
    threading.Thread.start.__code__,
    ThreadPoolExecutor.submit.__code__,
}


class Record:
    """A pytest plugin: which functions of cecore each test runs, and how long it takes.

    What a fixture runs is run for every test that uses it, and takes as long for each of them: any
    may be the first. Line 0 of no file stands for what is run elsewhere, in other threads and
    processes.
    """

    def __init__(self, place):
        self.place = f"{place}{os.sep}"
        self.seconds, self.runs, self.fixtures = {}, defaultdict(set), defaultdict(set)
        self.waits = defaultdict(float)

    @contextlib.contextmanager
    def traced(self, seen):
        outer = sys.gettrace()
        frames = set()
        sys.settrace(lambda frame, event, arg: frames.add(frame.f_code))  # adds, and traces no line
        yield
        sys.settrace(outer)
        if frames & ELSEWHERE:
            seen.add(("", 0))
        for code in frames:
            path = code.co_filename.removeprefix(self.place)
            if path.startswith("cecore/"):
                seen.add((path, code.co_firstlineno))

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self):
        with self.traced(self.runs[""]):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        start = time.monotonic()
        with self.traced(self.fixtures[fixturedef.argname]):
            result = yield
        waited = time.monotonic() - start
        self.waits[fixturedef.argname] = max(waited, self.waits[fixturedef.argname])
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        start = time.monotonic()
        with self.traced(self.runs[item.nodeid]):
            result = yield
        self.seconds[item.nodeid] = time.monotonic() - start
        for name in item.fixturenames:
            self.runs[item.nodeid] |= self.fixtures[name]
            self.seconds[item.nodeid] = max(self.seconds[item.nodeid], self.waits[name])
        return result

    def save(self, path):
        runs = {test: sorted(functions) for test, functions in self.runs.items()}
        path.write_text(json.dumps([self.seconds, runs]), "utf-8")


class Selection:
    """A pytest plugin: only the tests of a mutant, the most promising first.

    Those are quick, or have killed mutants just before this one. A test that takes much longer than
    without the mutant ends the process, by SIGALRM.
    """

    def __init__(self, mutant, tests):
        self.mutant, self.tests = mutant, tests

    def pytest_sessionstart(self):
        signal.alarm(60)  # to collect the tests

    def pytest_collection_modifyitems(self, items):
        _, wanted = self.tests.needed(self.mutant)
        seconds, killers = self.tests.seconds, self.tests.killers
        items[:] = [item for item in items if item.nodeid in wanted or item.nodeid not in seconds]
        shares = {test: killers.count(test) / len(killers) for test in killers}
        items.sort(key=lambda x: seconds.get(x.nodeid, 0) / (0.001 + shares.get(x.nodeid, 0)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        # The first of several tests that share a fixture waits for that as well.
        signal.alarm(60 + int(5 * self.tests.seconds.get(item.nodeid, 0)))
        return (yield)

    def pytest_runtest_logreport(self, report):
        if report.failed:
            Path("killer").write_text(report.nodeid, "utf-8")


class Server:
    """A pytest plugin: the tests of one mutant after the other, each in a fork."""

    def __init__(self, todo, tests, place, tell):
        self.todo, self.tests, self.place, self.tell = todo, tests, place, tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        functions = {}
        for function in gc.get_objects():
            if isinstance(function, FunctionType):
                functions[function.__module__, function.__code__.co_qualname] = function
        # With what is computed once in a process ready, the claims are checked in a third of the
        # time; that is computed anew for mutants of the module that does it.
        self.todo.sort(key=lambda mutant: not has_cache(mutant))
        ready = False
        gc.freeze()
        for mutant in self.todo:
            if not ready and not has_cache(mutant):
                sys.modules["cecore.claims"].verify()
                ready = True
            with in_place(mutant, self.place):
                child = os.fork()
                if not child:
                    os.setsid()
                    for code in functions_in(compile(mutant.body, mutant.path, "exec")):
                        functions[mutant.module, code.co_qualname].__code__ = code
                    selection = Selection(mutant, self.tests)
                    selection.pytest_collection_modifyitems(session.items)
                    session.config.pluginmanager.register(selection)
                    return None  # pytest goes on with these
                self.tell(mutant, verdict(child, mutant, self.tests, self.place))
        return True


def has_cache(mutant):
    return "\n@cache" in mutant.source


class Tests:
    """What the tests run, and so which of them a mutant needs."""

    def __init__(self, record):
        self.seconds, runs = json.loads(record.read_text("utf-8"))
        self.of = defaultdict(set)
        self.of_module = defaultdict(set)
        self.on_import = set(map(tuple, runs.pop("")))
        self.killers = deque(maxlen=10)  # of the last mutants, which are neighbours in the source
        for test, functions in runs.items():
            for file, line in functions:
                self.of[file, line].add(test)
                self.of_module[file].add(test.split("::")[0])
        self.elsewhere = self.of.pop(("", 0), set())

    def needed(self, mutant):
        """Return the files of tests for a mutant, and which tests of them.

        The module itself, what runs when it is imported, and what is cached, may matter to any
        test of a file that runs something of it, and any function to those that run it elsewhere.
        """
        files = self.of_module[mutant.path] or TESTS
        alike = {test for test in self.seconds if test.split("::")[0] in files}
        tests = next((found for x in mutant.lines if (found := self.of[mutant.path, x])), set())
        if self.is_whole(mutant) or has_cache(mutant) or not tests:
            tests = alike
        tests = tests | (alike & self.elsewhere)
        return sorted({test.split("::")[0] for test in tests}), tests

    def is_whole(self, mutant):
        """Whether a mutant is of what runs when the module is imported."""
        here = {(mutant.path, line) for line in mutant.lines}
        return not mutant.body or bool(self.on_import & here)


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
        # Where pytest tidies up what sessions before left, and only those of this copy.
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(place)
        here = {"", str(ROOT), str(HERE)}
        sys.path[:] = [str(place), *(path for path in sys.path if path not in here)]
        code = int(pytest.main([*PYTEST, *files], plugins=[Unbuilt(), plugin]))
        if isinstance(plugin, Record):
            plugin.save(place / "record.json")
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


@contextlib.contextmanager
def in_place(mutant, place):
    """Keep a mutant in the copy of the project."""
    file = place / mutant.path
    original, owner = file.read_text("utf-8"), os.getpid()
    file.write_text(mutant.source, "utf-8")
    yield
    if os.getpid() == owner:  # a fork leaves this, too, and has yet to start processes of its own
        file.write_text(original, "utf-8")


def verdict(child, mutant, tests, place):
    """Wait for the tests of a mutant, and return what became of it: killed, timeout, survived."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what it may have left behind
    late = code == -signal.SIGALRM
    with contextlib.suppress(FileNotFoundError):
        tests.killers.append((place / "killer").read_text("utf-8"))
        (place / "killer").unlink()
    if not late and code not in KILLED and code != 0:
        output = (place / "output").read_text("utf-8", errors="replace")
        return f"{mutant}\npytest ended with {code}:\n{output}"
    return "timeout" if late else "survived" if code == 0 else "killed"


def work(todo, tests, place, tell):
    """Try mutants in a copy of the project, and tell what became of each."""
    server = Server([m for m in todo if not tests.is_whole(m)], tests, place, tell)
    if server.todo and os.waitpid(start(place, TESTS, server), 0)[1]:
        tell(None, (place / "output").read_text("utf-8", errors="replace"))
    for mutant in filter(tests.is_whole, todo):
        with in_place(mutant, place):
            files, _ = tests.needed(mutant)
            child = start(place, files, Selection(mutant, tests))
            tell(mutant, verdict(child, mutant, tests, place))


def judged(todo, tests, places):
    """Yield each mutant with what became of it."""
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    names = {mutant: number for number, mutant in enumerate(todo)} | {None: None}
    for number, place in enumerate(places):
        args = (todo[number :: len(places)], tests, place, lambda m, v: results.put((names[m], v)))
        fork.Process(target=work, args=args).start()
    for _ in todo:
        number, found = results.get()
        if found not in ("killed", "timeout", "survived"):
            raise SystemExit(found)
        yield todo[number], found


# What is known


def known(patterns):
    """Return the keys of the listed equivalents, and the rules for such as are alike."""
    listed = tomllib.loads(KNOWN.read_text("utf-8"))
    keys = {
        (entry["in"], entry["was"], now)
        for entry in listed["mutant"]
        for now in ([entry["now"]] if isinstance(entry["now"], str) else entry["now"])
        if any(fnmatch.fnmatch(entry["in"], pattern) for pattern in patterns)
    }
    rules = [
        (rule["in"], rule["now"])
        for rule in listed["rule"]
        if any(fnmatch.fnmatch(rule["in"], pattern) for pattern in patterns)
    ]
    return keys, rules


def rule_for(mutant, rules):
    fits = (r for r in rules if fnmatch.fnmatch(mutant.name, r[0]) and re.search(r[1], mutant.now))
    return next(fits, None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("patterns", nargs="*", default=["*"], help="such as 'cecore.chapters.*'")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--killed", type=Path, metavar="FILE", help="keep and pass over the killed")
    given = parser.parse_args()
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OPENBLAS_NUM_THREADS": "1"}
    for name in LIBRARIES:
        importlib.import_module(name)

    shutil.rmtree(WORK, ignore_errors=True)
    places = [WORK / str(number) for number in range(given.jobs)]
    for place in places:
        copy(place)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False  # the tests are compiled once
    begin = time.monotonic()
    # In all copies at once: tests that disturb each other would seem to notice every mutant.
    children = [start(place, TESTS, Record(place)) for place in places]
    todo = mutants(given.patterns)
    for place, child in zip(places, children, strict=True):
        if os.waitpid(child, 0)[1]:
            raise SystemExit(
                f"The tests fail without any mutant:\n{(place / 'output').read_text()}"
            )
        for compiled in [*(place / "cecore").rglob("__pycache__")]:
            shutil.rmtree(compiled)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True

    (listed, rules), used, counts = known(given.patterns), set(), defaultdict(Counter)
    tests = Tests(places[0] / "record.json")
    gc.freeze()
    print(f"{len(todo)} mutants of cecore, {time.monotonic() - begin:.0f} s", flush=True)
    before = set()
    if given.killed and given.killed.exists():
        before = {tuple(json.loads(line)) for line in given.killed.read_text("utf-8").splitlines()}
    names, seen, left = {}, Counter(), []
    for mutant in todo:
        names[mutant] = (*mutant.key, seen[mutant.key])
        seen[mutant.key] += 1
        if names[mutant] in before:
            counts[mutant.module]["killed before"] += 1
        else:
            left.append(mutant)
    for number, (mutant, found) in enumerate(judged(left, tests, places), 1):
        if found in ("killed", "timeout") and given.killed:
            with given.killed.open("a", encoding="utf-8") as file:
                print(json.dumps(names[mutant]), file=file)
        if found == "survived":
            entry = mutant.key if mutant.key in listed else rule_for(mutant, rules)
            used.add(entry)
            if entry:
                found = "equivalent"
            else:
                print(f"[{number}] survived: {mutant}", flush=True)
        counts[mutant.module][found] += 1
        if number % 100 == 0:
            print(f"{number} done, {time.monotonic() - begin:.0f} s", flush=True)

    made = {mutant.key for mutant in todo}
    for key in listed - used:
        state = "is killed by a test" if key in made else "does not exist"
        print("In {}\n    - {}\n    + {}".format(*key), f"{state}: take it off the list", sep="\n")
    for rule in set(rules) - used:
        print("The rule for {}, {}, excuses nothing: take it off the list".format(*rule))
    counts["all"] = sum(counts.values(), Counter())
    width = max(map(len, counts))
    for module, count in counts.items():
        found = ", ".join(f"{n} {verdict}" for verdict, n in count.most_common())
        print(f"{module:{width}} {count.total():5}: {found}")
    for name in ABSENT:
        print(f"Not mutated, as {name} is not installed: cecore.claims.libraries._{name}")
    return int(used != listed | set(rules))


if __name__ == "__main__":
    sys.exit(main())
