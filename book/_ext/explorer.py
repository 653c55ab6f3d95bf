"""The explorable: ``:::{explorer} z e s`` is a <softmax-explorer> that shows these parts.

What stands in the directive, a picture with its alternative text, is what the reader sees on paper,
in JupyterLab, and where scripts are off. The script is loaded by the pages that use it alone.
"""

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from elements import add_element

PARTS = {"z", "e", "s", "y", "gradient", "T", "loss", "simplex", "jacobian"}


class explorer(nodes.General, nodes.Element):  # noqa: N801, as docutils has it
    pass


class Explorer(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        parts = self.arguments[0].split()
        if unknown := set(parts) - PARTS:
            raise self.error(f"explorer: no part is called {sorted(unknown)}")
        node = explorer(shows=" ".join(parts))
        self.state.nested_parse(self.content, self.content_offset, node)
        if not any(node.findall(nodes.image)):
            raise self.error("explorer: a picture must stand in it")
        return [node]


def visit_html(self, node):
    self.body.append(self.starttag(node, "softmax-explorer", shows=node["shows"]))


def depart_html(self, node):
    self.body.append("</softmax-explorer>\n")


def setup(app):
    add_element(app, explorer, visit_html, depart_html, "softmax-explorer.js")
    app.add_directive("explorer", Explorer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
