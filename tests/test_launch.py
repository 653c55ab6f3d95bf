"""The links from a chapter to where it can be run, and the notebooks that Colab is given."""

import importlib.util
import tomllib
from types import SimpleNamespace

import nbformat
import pytest
from sphinx.errors import ExtensionError

from tests.conftest import ROOT
from tests.run_notebooks import notebooks_of_book


def module(path):
    """A module of the book's own, which is in no package."""
    spec = importlib.util.spec_from_file_location(path.rpartition("/")[2], ROOT / f"{path}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def links(*arguments):
    return dict(module("book/_ext/launch").links("book/softmax", "../", *arguments))


def test_there_is_no_link_to_what_is_not_there():
    assert links(False) == {}


def test_the_lab_is_linked_where_it_is():
    address = "../lab/notebooks/index.html?path=softmax.ipynb"
    assert links(True) == {"Run this chapter live": address}


@pytest.mark.parametrize("end", ["", "/"])
def test_binder_and_colab_follow_from_the_address_of_the_repository(end):
    binder = "https://mybinder.org/v2/gh/me/my.book/main?urlpath=lab/tree/book/softmax.ipynb"
    colab = "https://colab.research.google.com/github/me/my.book/blob/colab/book/softmax.ipynb"
    assert links(False, f"https://github.com/me/my.book{end}") == {
        "Open in Binder": binder,
        "Open in Colab": colab,
    }


@pytest.mark.parametrize("address", ["me/book", "https://github.com/me", "git@github.com:me/book"])
def test_another_address_is_refused(address):
    with pytest.raises(ExtensionError, match=r"must be empty or https://github\.com/OWNER/NAME"):
        links(True, address)


def test_binder_installs_cecore_and_the_same_ranges_as_the_book_does():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    first, *others = (ROOT / ".binder" / "requirements.txt").read_text("utf-8").splitlines()[1:]
    assert first == ".[verify]"
    assert set(others) <= set(project["optional-dependencies"]["book"])


def test_colab_gets_each_notebook_with_one_cell_more(tmp_path, monkeypatch):
    colab = module("book/_lab/colab")
    config = {"repository": {"url": "https://github.com/me/book", "branch": "main"}}
    monkeypatch.setattr(colab, "yaml", SimpleNamespace(safe_load=lambda text: config))
    colab.main(tmp_path)
    for path in notebooks_of_book():
        fetch, *cells = nbformat.read(tmp_path / "book" / path.name, 4).cells
        assert " --branch main https://github.com/me/book book-source\n" in fetch.source
        assert cells == nbformat.read(path, 4).cells


def test_without_a_repository_colab_gets_nothing(tmp_path):
    assert module("book/_lab/colab").main(tmp_path / "colab") is None
    assert not (tmp_path / "colab").exists()
