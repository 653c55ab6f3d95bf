"""The room for what is run and not imported: which way its imports go, and who runs it."""

import re

import pytest

from tests.conftest import ROOT
from tools import binder


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
