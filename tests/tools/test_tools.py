"""What tests and tools import, and who runs them."""

import re

import pytest

from tests.conftest import ROOT
from tools import anywhere, binder
from tools.mutants import book


def relative(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    "path", [*ROOT.glob("tools/**/*.py"), *ROOT.glob("book/**/*.py")], ids=relative
)
def test_only_tests_import_tests(path):
    assert "tests" not in binder.imported(path.read_text("utf-8"))


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
