"""On a phone a table becomes cards, a row each. There the name of its column stands before each value."""

from docutils import nodes


def name_columns(app, doctree, docname):
    for table in doctree.findall(nodes.table):
        cell = table.parent
        while cell and "cell" not in cell.get("classes", ()):
            cell = cell.parent
        of_cell = cell is not None and "tag_cards" in cell["classes"]
        if not (of_cell or "cards" in table["classes"]):
            continue
        names = [entry.astext() for entry in next(table.findall(nodes.thead)).findall(nodes.entry)]
        for row in next(table.findall(nodes.tbody)).children:
            for name, entry in list(zip(names, row.children, strict=True))[2:]:
                if entry.astext():
                    entry.children[0].insert(0, nodes.inline("", f"{name}: ", classes=["column"]))


def setup(app):
    app.connect("doctree-resolved", name_columns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
