"""HTML elements of our own: other writers see what stands in them, and a page loads their script."""


def add_element(app, node, visit, depart, script=None):
    """Have a node written in HTML; a page that has one loads the script, if there is one."""
    others = dict.fromkeys(("latex", "text", "man", "texinfo"), (leave, leave))
    app.add_node(node, html=(visit, depart), **others)
    if script is None:
        return

    def load(app, pagename, templatename, context, doctree):
        if doctree is not None and any(doctree.findall(node)):
            app.add_js_file(script)

    app.connect("html-page-context", load)


def leave(self, node):
    """Leave what stands in it to stand alone."""
