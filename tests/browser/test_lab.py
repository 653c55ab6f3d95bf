"""Every notebook in the live lab: opened from its page, run as a whole, compared with the stored.

What differs from the stored outputs is what the browser does not have: SciPy, scikit-learn and
Dask, of which the trimmed release of Pyodide has none, and today's Matplotlib.
"""

import os
import time

import nbformat
import pytest

from tests.browser.conftest import serve
from tests.conftest import ROOT
from tests.run_notebooks import notebooks_of_book

pytestmark = pytest.mark.skipif(
    not os.environ.get("PYODIDE_DIST"), reason="needs PYODIDE_DIST, a folder with Pyodide 0.27.*"
)
TIMEOUT = 240_000  # milliseconds, for anything

# Cells whose text is not that which is stored, with what it says instead (a part of it).
OTHER = {
    "combined-gradient-35": "scikit-learn is not installed here",
    "scale-01": "Dask is not installed here",
    "scale-19": "This cell needs Dask",
    "scale-21": "This cell needs Dask",  # nor is its picture drawn
    "libraries-03": "SciPy 1.17.1                   stored",
    "stability-01": "SciPy is not installed here",
    "stability-30": "softmax, 10       32       -     < 4",
}
# What Matplotlib says when it is first imported, in a cell of its own choice.
FONTS = "Matplotlib is building the font cache; this may take a moment.\n"

OPEN = """() => {
    const widget = window.jupyterapp?.shell.currentWidget;
    return widget?.context?.isReady && widget.sessionContext?.session?.kernel;
}"""
READY = "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.info"
CLEAR = "() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
DONE = """() => {
    const cells = jupyterapp.shell.currentWidget.content.model.toJSON().cells;
    const code = cells.filter(cell => cell.cell_type === 'code');
    const failed = code.some(cell => cell.outputs.some(o => o.output_type === 'error'));
    return failed || code.every(cell => cell.execution_count !== null);
}"""
RESULT = "() => jupyterapp.shell.currentWidget.content.model.toJSON()"


@pytest.fixture(scope="module")
def address(site, tmp_path_factory):
    """The site's address, in a folder of its host: it has to work in any."""
    host = tmp_path_factory.mktemp("host")
    (host / "name-of-repository").symlink_to(site)
    server = serve(host)
    yield f"{server.address}/name-of-repository"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def context(browser):
    """One profile for all notebooks: what one has loaded, the next takes from the cache."""
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT)
    yield context
    context.close()


def shown(cell):
    """The texts that a cell shows, in order, and how many pictures."""
    texts, pictures = [], 0
    for output in cell.outputs:
        data = output.get("data", {})
        if "image/png" in data:
            pictures += 1
        else:
            text = data.get("text/markdown") or data.get("text/plain") or output.get("text", "")
            texts.append(text)
    return "".join(texts).replace(FONTS, ""), pictures


@pytest.mark.parametrize("path", notebooks_of_book(), ids=lambda path: path.stem)
def test_a_notebook_gives_in_the_browser_what_is_stored(context, address, path, capsys):
    asked, thrown = [], []
    page = context.new_page()
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/{path.relative_to(ROOT).with_suffix('.html')}")
    start = time.monotonic()
    link = page.get_by_role("link", name="Run this chapter live")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(OPEN)
    page.evaluate(READY)
    warm = time.monotonic()
    page.evaluate(CLEAR)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(DONE)
    done = time.monotonic()
    found = nbformat.from_dict(page.evaluate(RESULT))
    page.close()
    with capsys.disabled():
        print(
            f"\n{path.stem}: kernel after {warm - start:.1f} s, run in {done - warm:.1f} s", end=""
        )

    assert thrown == []
    stored = nbformat.read(path, 4)
    assert [cell.source for cell in found.cells] == [cell.source for cell in stored.cells]
    for cell, was in zip(found.cells, stored.cells, strict=True):
        if cell.cell_type != "code":
            continue
        errors = [output for output in cell.outputs if output.output_type == "error"]
        assert errors == [], (was.id, errors[0].evalue)
        text, pictures = shown(cell)
        if was.id in OTHER:
            assert OTHER[was.id] in text
        else:
            assert text == shown(was)[0], was.id
        assert pictures == shown(was)[1] * (was.id != "scale-21"), was.id
    here = (address.rpartition("/")[0], "data:", "blob:")
    assert [url for url in asked if not url.startswith(here)] == []
