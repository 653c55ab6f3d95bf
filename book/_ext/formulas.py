"""Formulas are set while the book is built, by KaTeX, as HTML for the eye and MathML for the ear.

A page then needs a style sheet and a few fonts, and no script. The `katex` folder beside this file
holds KaTeX's own release (see its README); V8, from `mini-racer`, runs it.
"""

import json
import re
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

KATEX = Path(__file__).parent / "katex"
logger = logging.getLogger(__name__)
ROWS = re.compile(r"\\\\\[4pt\]")
DEEP = re.compile(r"\\frac|\\sum|\\max|\\underbrace|\\bigl?\b|\\prod")
SHORT = 10  # signs of a formula that stays on one line


@cache
def engine():
    v8 = MiniRacer()
    v8.eval((KATEX / "katex.min.js").read_text(encoding="utf-8"))
    return v8


@cache
def typeset(latex, display):
    options = json.dumps({"displayMode": display, "strict": "error"})
    return engine().eval(f"katex.renderToString({json.dumps(latex)}, {options})")


def spaced(latex):
    """Set the rows of a derivation apart: KaTeX measures from a row's text, not from its fractions."""
    rows = ROWS.split(latex)
    gaps = [r"\\[0.9em]" if DEEP.search(row) else r"\\[0.45em]" for row in rows[:-1]]
    return "".join(part for pair in zip(rows, [*gaps, ""], strict=True) for part in pair)


def html_of(node, display):
    latex = node.astext().strip()
    if mark := node.get("mark"):
        latex += rf"\text{{{mark}}}"
    if display and r"\\" in latex and r"\begin{" not in latex:
        latex = rf"\begin{{split}}{latex}\end{{split}}"
    try:
        return typeset(spaced(latex), display)
    except JSEvalException as error:
        reason = str(error).strip().splitlines()[0]
        logger.warning("KaTeX cannot set %r: %s", latex, reason, location=node)
        return f"<code>{escape(latex)}</code>"


def keep_marks(app, doctree, docname):
    """Make the punctuation mark after a formula its last sign, so that no line begins with a comma."""
    for node in list(doctree.findall(nodes.math)):
        following = node.next_node(descend=False, siblings=True)
        if isinstance(following, nodes.Text):
            rest = following.lstrip(".,;:!?)")
            node["mark"] = following[: len(following) - len(rest)]
            # Found by the formula: another text that reads the same would be taken for this one.
            node.parent[node.parent.index(node) + 1] = nodes.Text(rest)


def visit_inline(writer, node):
    html = html_of(node, display=False)
    seen = re.sub(r"<[^>]*>", "", html.partition('aria-hidden="true">')[2])
    kind = "math short" if len(seen) <= SHORT else "math"
    writer.body.append(writer.starttag(node, "span", "", CLASS=kind) + html + "</span>")
    raise nodes.SkipNode


def visit_display(writer, node):
    writer.body.append(writer.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(writer, node)
        writer.body.append(f'<span class="eqno">({number})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append(html_of(node, display=True) + "</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    app.connect(
        "builder-inited",
        lambda app: app.config.html_static_path.append(str(KATEX / "static")),
    )
    app.add_css_file("katex.min.css")
    app.connect("doctree-resolved", keep_marks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
