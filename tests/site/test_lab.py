"""Every notebook in the live lab: run as a whole in its kernel, compared with the stored.

Two go through the interface, as a reader does: opened from their pages, each with a kernel of
its own. To start that takes longer than to run most notebooks, so the others share one, which is
made as good as new for each (`lab_kernel.py`). It is the lab's kernel: a page of the lab starts it
and sends it the cells, as the interface does, and it finds its files on the lab's drive. Missing
is that the outputs are drawn, for which the two stand in, and that a notebook's own cell is the
first to import Matplotlib: to forget an import in a notebook is for nbval to find.

What differs from the stored outputs is what the browser does not have: SciPy, scikit-learn and
Dask, of which the trimmed release of Pyodide has none, and today's Matplotlib.
"""

import os
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import nbformat
import pytest

from tests.conftest import ROOT
from tools.browser import serve
from tools.pages import notebooks_of_book

pytestmark = pytest.mark.skipif(
    not os.environ.get("PYODIDE_DIST"), reason="needs PYODIDE_DIST, a folder with Pyodide 0.27.*"
)
TIMEOUT = 240_000  # milliseconds, for anything

# Those that go through the interface: with data, pictures and much to compute; with proofs.
INTERFACE = [ROOT / "book" / name for name in ("training.ipynb", "proofs.ipynb")]
OTHERS = [path for path in notebooks_of_book() if path not in INTERFACE]

# Cells whose text is not that which is stored, with what it says instead (a part of it).
OTHER = {
    "combined-gradient-35": "scikit-learn is not installed here",
    "scale-01": "Dask is not installed here",
    "scale-19": "This cell needs Dask",
    "scale-21": "This cell needs Dask",  # nor is its picture drawn
    "stability-01": "SciPy is not installed here",
    # In WebAssembly an overflow gives no warning.
    "ledger-05": "robust   NO: 1 fault",
    "softmax-83": "robust   NO: 1 fault",
    "stability-64": "scikit-learn is not installed here",
    "stability-30": "softmax, 10       32       -     < 4",
}
LINK = "Run this chapter live"
# What Matplotlib says when it is first imported, in a cell of its own choice.
FONTS = "Matplotlib is building the font cache; this may take a moment.\n"

# In the interface.
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

# In one kernel.
START = """async path => {
    await jupyterapp.restored;
    const kernel = {name: 'python'};
    window.session = await jupyterapp.serviceManager.sessions.startNew(
        {path, name: path, type: 'notebook', kernel});
    return await session.kernel.info;
}"""
READ = """async path => {
    return (await jupyterapp.serviceManager.contents.get(path, {content: true})).content;
}"""
RUN = """async sources => {
    const cells = [];
    for (const code of sources) {
        const outputs = [];
        cells.push(outputs);
        const future = session.kernel.requestExecute({code});
        future.onIOPub = ({header, content}) => {
            outputs.push({output_type: header.msg_type, ...content});
        };
        await future.done;
        if (outputs.some(output => output.output_type === 'error')) break;
    }
    return cells;
}"""
# What a kernel says beside outputs.
NO_OUTPUTS = ["status", "execute_input"]
OUTPUTS = {"stream", "display_data", "execute_result", "error"}


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


class Watch:
    """What a page asks for, and what goes wrong on it."""

    def __init__(self, page, address):
        self.here = (address.rpartition("/")[0], "data:", "blob:")
        self.asked, self.thrown = [], []
        page.on("pageerror", lambda error: self.thrown.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def check(self):
        """Nothing went wrong since the last look, and no other host was asked."""
        asked, thrown = [*self.asked], [*self.thrown]
        self.asked.clear()
        self.thrown.clear()
        assert thrown == []
        assert [url for url in asked if not url.startswith(self.here)] == []


class Kernel:
    """The lab with one kernel, in which any notebook can be run as if it were new."""

    def __init__(self, page, address):
        self.page, self.watch = page, Watch(page, address)
        page.goto(f"{address}/lab/tree/index.html")
        page.wait_for_function("() => window.jupyterapp?.serviceManager")
        self.wait(START, "any.ipynb")
        source = Path(__file__).with_name("lab_kernel.py").read_text(encoding="utf-8")
        self.run(
            "import sys, types\n"
            "sys.modules['lab_kernel'] = lab_kernel = types.ModuleType('lab_kernel')\n"
            f"exec({source!r}, vars(lab_kernel))\n"
            "lab_kernel.settle()",
            "lab_kernel.remember()",
        )
        self.watch.check()

    def wait(self, script, argument):
        """Return what an asynchronous function does, unless that takes longer than TIMEOUT."""
        return self.page.wait_for_function(script, arg=argument).json_value()

    def run(self, *sources):
        """Run cells, up to one that fails, and return the outputs of each."""
        cells = self.wait(RUN, sources)
        return [
            [nbformat.from_dict(o) for o in cell if o["output_type"] not in NO_OUTPUTS]
            for cell in cells
        ]

    def renew(self):
        assert self.run("import lab_kernel; lab_kernel.renew()") == [[]]


@pytest.fixture(scope="module")
def kernel(context, address):
    page = context.new_page()
    yield Kernel(page, address)
    page.close()


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


def compare(found, stored):
    """A notebook has the cells that are stored, and their outputs."""
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


@pytest.mark.parametrize("path", INTERFACE, ids=lambda path: path.stem)
def test_a_notebook_gives_in_the_interface_what_is_stored(context, address, path):
    page = context.new_page()
    watch = Watch(page, address)
    page.goto(f"{address}/{path.relative_to(ROOT).with_suffix('.html')}")
    link = page.get_by_role("link", name=LINK)
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(OPEN)
    page.evaluate(READY)
    page.evaluate(CLEAR)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(DONE, polling=500)
    found = nbformat.from_dict(page.evaluate(RESULT))
    page.close()
    compare(found, nbformat.read(path, 4))
    watch.check()


def linked(context, address, path):
    """The notebook that is linked from its page, by its path in the lab."""
    page = f"{address}/{path.relative_to(ROOT).with_suffix('.html')}"
    link = rf'<a [^>]*href="([^"]*)"[^>]*>(?:\s|<[^>]*>)*{LINK}'
    (address_in_page,) = re.findall(link, context.request.get(page).text())
    to = urlsplit(urljoin(page, unescape(address_in_page)))
    assert to._replace(query="").geturl() == f"{address}/lab/notebooks/index.html"
    ((key, name),) = parse_qsl(to.query)
    assert key == "path"
    return name


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_a_notebook_gives_in_one_kernel_what_is_stored(context, kernel, address, path):
    kernel.renew()
    found = nbformat.from_dict(kernel.wait(READ, linked(context, address, path)))
    code = [cell for cell in found.cells if cell.cell_type == "code"]
    outputs = kernel.run(*(cell.source for cell in code))
    for cell, shown_by_cell in zip(code, outputs, strict=False):  # it stops at an error
        assert {output.output_type for output in shown_by_cell} <= OUTPUTS
        cell.outputs = shown_by_cell
    compare(found, nbformat.read(path, 4))
    kernel.watch.check()


# A cell that leaves behind whatever it can, and one that shows what is left.
LEAVE = """
import os, sys, warnings
import matplotlib.pyplot as plt
import mpmath
import numpy as np
import bookkit, cecore.proofs.book
plt.style.use("book.mplstyle")
plt.ioff()
plt.figure()
os.environ["LEFT"] = "1"
sys.path.append("left")
np.set_printoptions(precision=2)
mpmath.mp.dps = 50
warnings.simplefilter("ignore")
os.chdir("/")
"""
LOOK = """
import lab_kernel
now = lab_kernel.state()
print([name for name in now if now[name] != lab_kernel.NEW[name]])
print(lab_kernel.of_the_book(), lab_kernel.plt.get_fignums(), "np" in globals())
"""


def test_a_notebook_finds_nothing_of_the_one_before(kernel):
    kernel.renew()
    new = shown_by(kernel.run(LOOK))
    assert new == "[]\n[] [] False\n"
    left = shown_by(kernel.run(LEAVE, LOOK))
    changed = ["folder", "environment", "path", "style", "print options", "precision", "warnings"]
    assert left.startswith(f"{changed}\n")
    assert "'bookkit'" in left
    assert "'cecore'" in left
    assert left.endswith("[1] True\n")
    kernel.renew()
    assert shown_by(kernel.run(LOOK)) == new


def shown_by(cells):
    """What cells print, one after the other."""
    return "".join(output.text for cell in cells for output in cell)
