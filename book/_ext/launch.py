"""Where a notebook can be run: a link below its title to the live lab, and the theme's buttons.

The lab is the folder ``lab`` of the site, which ``make site`` builds before the pages. The buttons
for Binder and Colab need the address of the public repository.
"""

from pathlib import Path

from docutils import nodes


def find_places(app, config):
    config.lab = (Path(app.outdir) / "lab" / "index.html").is_file()
    options = config.html_theme_options
    if not options.get("repository_url"):  # the theme cannot do without
        options.pop("launch_buttons", None)


def link_lab(app, doctree, docname):
    file = Path(app.env.doc2path(docname))
    if not (
        app.config.lab
        and app.builder.name == "html"
        and file.suffix == ".ipynb"
    ):
        return
    root = "../" * docname.count("/")
    uri = f"{root}lab/notebooks/index.html?path={file.name}"
    link = nodes.reference(
        "", "Run this chapter live", internal=True, refuri=uri
    )
    title = next(doctree.findall(nodes.title))
    place = title.parent.index(title) + 1
    title.parent.insert(place, nodes.paragraph("", "", link, classes=["live"]))


def setup(app):
    app.add_config_value("lab", False, "html")  # the pages change with it
    app.connect("config-inited", find_places)
    app.connect("doctree-resolved", link_lab)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
