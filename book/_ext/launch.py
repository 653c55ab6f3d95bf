"""Links below a notebook's title to the places where it can be run.

The live lab is the folder ``lab`` of the site, which ``make site`` builds before the pages. Binder
and Colab need the public repository, whose address is set in ``_config.yml``.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError


def links(page, root, lab, repository="", branch="main"):
    """Yield a text and an address for each place that can run a page's notebook."""
    name = page.rpartition("/")[2]
    if lab:
        address = f"{root}lab/notebooks/index.html?path={name}.ipynb"
        yield "Run this chapter live", address
    if not repository:
        return
    match = re.fullmatch(r"https://github\.com/([^/]+/[^/]+?)/?", repository)
    if not match:
        raise ExtensionError(
            "repository.url in _config.yml must be empty or "
            f"https://github.com/OWNER/NAME; got {repository}"
        )
    binder = f"https://mybinder.org/v2/gh/{match[1]}/{branch}"
    yield "Open in Binder", f"{binder}?urlpath=lab/tree/{page}.ipynb"
    # This branch holds the same notebooks with what Colab needs: see colab.py.
    colab = f"https://colab.research.google.com/github/{match[1]}/blob/colab"
    yield "Open in Colab", f"{colab}/{page}.ipynb"


def find_lab(app, config):
    config.lab = (Path(app.outdir) / "lab" / "index.html").is_file()


def add_links(app, doctree, docname):
    is_notebook = str(app.env.doc2path(docname)).endswith(".ipynb")
    if app.builder.name != "html" or not is_notebook:
        return
    options = app.config.html_theme_options
    found = links(
        docname,
        "../" * docname.count("/"),
        app.config.lab,
        options.get("repository_url", ""),
        options.get("repository_branch", "main"),
    )
    line = nodes.paragraph(classes=["launch"])
    for text, address in found:
        if line.children:
            line += nodes.Text(" · ")
        line += nodes.reference("", text, internal=True, refuri=address)
    if line.children:
        title = next(doctree.findall(nodes.title))
        title.parent.insert(title.parent.index(title) + 1, line)


def setup(app):
    app.add_config_value("lab", False, "html")  # the pages change with it
    app.connect("config-inited", find_lab)
    app.connect("doctree-resolved", add_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
