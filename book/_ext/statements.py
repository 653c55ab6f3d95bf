"""Links between the statements in the chapters and their rows in the ledger.

``[S5]{.stmt}`` stands where a statement is made, and leads to its row of the ledger.
``[S5]{.stmt-ref}`` refers to it from elsewhere, and leads to where it is made.
"""

from docutils import nodes

from cecore.claims import CLAIMS


def link_statements(app, doctree, docname):
    for tag in list(doctree.findall(nodes.inline)):
        kind = {"stmt", "stmt-ref"} & set(tag["classes"])
        if not kind:
            continue
        claim = CLAIMS[tag.astext()]
        page, anchor = "book/ledger", f"claim-{claim.id}"
        if kind == {"stmt-ref"}:
            page, anchor = f"book/{claim.chapter}", claim.label
            if anchor.startswith("eq-"):
                anchor = f"equation-{anchor}"
        uri = app.builder.get_relative_uri(docname, page)
        link = nodes.reference(internal=True, refuri=f"{uri}#{anchor}" if anchor else uri)
        link["classes"] = tag["classes"]
        link += nodes.Text(tag.astext())
        tag.replace_self(link)


def setup(app):
    app.connect("doctree-resolved", link_statements)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
