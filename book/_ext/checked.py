r"""Formulas of the chapters, shown again elsewhere: ``{checked}`eq-derivative` ``.

A formula that stands twice is still written only once. Of a derivation, the two ends are shown, or
as in ``{checked}`eq-logistic 2` `` the start and the formula after so many steps. Of any other
display it is the first line or the one named. The number of the display follows, and leads to it.
"""

import re
from functools import cache
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxRole

from cecore.proofs.book import DERIVATIONS
from cecore.proofs.latex import latex

BOOK = Path(__file__).parents[1]
DISPLAY = re.compile(r"^```\{math\}\n:label: (\S+)\n(.*?)\n```$", re.M | re.S)


@cache
def displays():
    """Every numbered display of the chapters, by its label."""
    notebooks = [nbformat.read(path, 4) for path in sorted(BOOK.glob("*.ipynb"))]
    cells = [cell.source for notebook in notebooks for cell in notebook.cells]
    return dict(found for source in cells for found in DISPLAY.findall(source))


def formula(label, line=None):
    """What is proved or computed under a label, as one equation."""
    if label in DERIVATIONS:
        proved = DERIVATIONS[label]
        ends = proved.start, proved.steps[line - 1 if line else -1][0]
        return " = ".join(map(latex, ends))
    text = displays()[label]
    if re.search(r"\\leq?\b|&&", text):  # an inequality, or a system with sizes
        raise ValueError(f"{label} holds more than equations")
    left, rows = "", re.sub(r"\\(?:begin|end)\{aligned\}", "", text)
    for row in re.split(r"\\\\(?:\[4pt\])?\n", rows)[: line or 1]:
        start, _, rest = row.rpartition("&")
        # A line that starts with "=" goes on with the one before.
        left = start.strip() or left
    return f"{left} {rest}".strip(" .,\n")


class Checked(SphinxRole):
    def run(self):
        label, *line = self.text.split()
        text = rf"\displaystyle {formula(label, *map(int, line))}"
        number = pending_xref(
            "",
            nodes.literal("", label),
            refdomain="math",
            reftype="eq",
            reftarget=label,
            refdoc=self.env.docname,
            refexplicit=False,
            refwarn=True,
        )
        self.set_source_info(number)
        shown = nodes.inline("", "", number, classes=["number"])
        return [nodes.math(text, text), nodes.Text(" "), shown], []


def keep_numbers_short(app, doctree, docname):
    """Beside a formula, (5) is enough of a link to what in a sentence is Equation 5."""
    for shown in doctree.findall(nodes.inline):
        if "number" in shown["classes"]:
            for text in list(shown.findall(nodes.Text)):
                number = text.split()[-1]
                text.parent.replace(text, nodes.Text(f"({number})"))


def setup(app):
    app.add_role("checked", Checked())
    app.connect("doctree-resolved", keep_numbers_short)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
