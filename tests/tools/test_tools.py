"""What tests and tools import, and who runs them."""

import ast
import re

import pytest

from tests.conftest import ROOT
from tools import anywhere, binder
from tools.mutants import book

TESTS = sorted(ROOT.glob("tests/**/*.py"))
# Not what a test module imports: helpers of the tests, tools, the package, and what is installed.
TEST_MODULE = re.compile(r"tests\.([\w.]+\.)?test_\w+")


def relative(path):
    return path.relative_to(ROOT).as_posix()


def modules(source):
    """The modules that some code may import from, by their full names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    "path", [*ROOT.glob("tools/**/*.py"), *ROOT.glob("book/**/*.py")], ids=relative
)
def test_only_tests_import_tests(path):
    assert "tests" not in binder.imported(path.read_text("utf-8"))


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_tests_import_no_test_module_and_nothing_of_the_book(path):
    imported = list(modules(path.read_text("utf-8")))
    assert [name for name in imported if TEST_MODULE.match(name)] == []
    of_book = {"book", *(file.stem for file in ROOT.glob("book/**/*.py"))} - {"conftest"}
    assert [name for name in imported if name.split(".")[0] in of_book] == []


def test_neither_the_package_nor_the_chapters_import_tools():
    package = [path.read_text("utf-8") for path in ROOT.glob("cecore/**/*.py")]
    for source in [*package, *binder.sources()]:
        assert not {"tests", "tools"} & set(binder.imported(source))


def test_what_make_and_ci_run_is_there():
    files = [ROOT / "Makefile", *ROOT.glob(".github/workflows/*.yml")]
    text = "\n".join(file.read_text("utf-8") for file in files)
    named = set(re.findall(r"-m (tools\S*)", text))
    assert len(named) > 10
    for name in named:
        place = ROOT / name.replace(".", "/")
        assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), name


def test_the_tests_that_tools_name_are_there():
    ignored = [word.removeprefix("--ignore=") for word in anywhere.SOME if "=" in word]
    assert len(ignored) > 10
    assert [name for name in ignored if not (ROOT / name).exists()] == []
    assert (ROOT / anywhere.NO_TYPES.removeprefix("--deselect=").split("::")[0]).is_file()
    tests = "".join(path.read_text("utf-8") for path in book.FILES)
    names = [book.PROVED, book.DISPLAYED, book.DISTINCT, book.LABELLED, book.COMPUTED, book.COUNTED]
    assert [name for name in names if f"def {name}(" not in tests] == []
