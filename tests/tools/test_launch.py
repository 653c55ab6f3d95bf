"""Where a chapter can be run: the links to it, the lab as it is built, and Colab's notebooks."""

import json
import re
import time
import tomllib
import zipfile
from types import SimpleNamespace

import nbformat
import pytest
from sphinx.errors import ExtensionError

from tests.conftest import ROOT, module, run
from tools import binder
from tools.lab import build, colab
from tools.pages import notebooks_of_book


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


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The lab, whose kernel comes from Pyodide's content network."""
    out = tmp_path_factory.mktemp("site") / "lab"
    run("-m", "tools.lab.build", out)
    return out


def settings(lab):
    config = json.loads((lab / "jupyter-lite.json").read_text("utf-8"))["jupyter-config-data"]
    return config["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]


def test_the_lab_holds_the_notebooks_and_what_stands_beside_them(lab):
    here = {file.name for file in (lab / "files").iterdir()}
    helpers = {"bookkit.py", "benchkit.py", "book.mplstyle", "data"}
    assert here == helpers | {path.name for path in notebooks_of_book()}
    for path in notebooks_of_book():
        assert nbformat.read(lab / "files" / path.name, 4) == nbformat.read(path, 4)
    for file in (ROOT / "book" / "data").iterdir():
        assert (lab / "files" / "data" / file.name).read_bytes() == file.read_bytes()


def test_the_lab_loads_cecore_as_it_is_here(lab):
    (address,) = [a for a in settings(lab)["loadPyodideOptions"]["packages"] if "/" in a]
    script = next(lab.glob("extensions/@jupyterlite/pyodide-kernel-extension/static/*.js"))
    with zipfile.ZipFile(script.parent / address) as wheel:
        for file in (ROOT / "cecore").rglob("*.py"):
            assert wheel.read(file.relative_to(ROOT).as_posix()) == file.read_bytes()


def test_the_kernel_is_that_of_the_pinned_package(lab):
    assert "pyodideUrl" not in settings(lab)
    assert settings(lab)["disablePyPIFallback"] is False  # readers may install what they like
    assert not (lab / "static").exists()


def test_the_lab_is_as_new_as_its_build(lab):
    assert min(file.stat().st_mtime for file in lab.rglob("*")) > time.time() - 3600


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (None, "holds no release of Pyodide"),
        ("0.26.4", r"must be a Pyodide 0\.27\.\*; it is 0\.26\.4"),
    ],
)
def test_what_is_no_fitting_pyodide_is_refused(tmp_path, version, message):
    if version:
        (tmp_path / "pyodide.js").touch()
        (tmp_path / "pyodide-lock.json").write_text(json.dumps({"info": {"version": version}}))
    with pytest.raises(SystemExit, match=message):
        build.copy_pyodide(tmp_path, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_binder_installs_cecore_and_what_the_notebooks_import_in_the_ranges_of_the_book():
    assert binder.FILE.read_text("utf-8") == binder.requirements()  # as `make lock` writes it
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    first, *others = binder.FILE.read_text("utf-8").splitlines()[1:]
    assert re.fullmatch(r"\.\[(\w+,)*verify\]", first)
    assert set(others) <= set(project["optional-dependencies"]["book"])


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import a.b as c, d", ["a", "d"]),
        ("from a.b import c", ["a"]),
        ("from . import a", []),
        ("def f():\n    try:\n        import a\n    except ImportError:\n        pass", ["a"]),
    ],
)
def test_an_import_is_seen_wherever_it_stands(source, modules):
    assert list(binder.imported(source)) == modules


def test_what_no_extra_brings_is_told(monkeypatch):
    monkeypatch.setattr(binder, "sources", lambda: ["import hypothesis"])
    with pytest.raises(SystemExit, match=r"what the extra book lacks: \['hypothesis'\]"):
        binder.requirements()
    monkeypatch.setattr(binder, "sources", lambda: ["import no_such_module"])
    with pytest.raises(SystemExit, match="no_such_module, which is not installed here"):
        binder.requirements()


def test_colab_gets_each_notebook_with_one_cell_more(tmp_path, monkeypatch):
    config = {"repository": {"url": "https://github.com/me/book", "branch": "main"}}
    monkeypatch.setattr(colab, "yaml", SimpleNamespace(safe_load=lambda text: config))
    colab.main(tmp_path)
    for path in notebooks_of_book():
        fetch, *cells = nbformat.read(tmp_path / "book" / path.name, 4).cells
        assert " --branch main https://github.com/me/book book-source\n" in fetch.source
        assert cells == nbformat.read(path, 4).cells


def test_without_a_repository_colab_gets_nothing(tmp_path):
    assert colab.main(tmp_path / "colab") is None
    assert not (tmp_path / "colab").exists()
