"""Under each theorem, closed, what Coq is asked to believe: the statement, and its definitions.

They are printed from the objects that the proofs are held to (`cecore.proofs.coq_files`).
"""

import re
import sys
import textwrap
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx_proof.nodes import NODE_TYPES

sys.path.insert(0, str(Path(__file__).parents[2]))  # cecore need not be installed

from cecore.claims import CLAIMS
from cecore.proofs.book import DERIVATIONS, THEOREMS
from cecore.proofs.coq import Coq
from cecore.proofs.coq_files import identifier, statement

SHOWN = DERIVATIONS | THEOREMS
BOXES = tuple(NODE_TYPES.values())
FOLD = '<details class="hide coq"><summary>As a proof checker reads it</summary>'
HOW = '<p><a href="proofs.html#proofs-coq">How to read it</a></p></details>'


@cache
def read():
    """Every statement as Coq reads it, and the definitions of the names in them."""
    coq = Coq()
    return {label: statement(shown, coq) for label, shown in SHOWN.items()}, coq.definitions


def labels_of(box):
    """The statements of a box: its own, those of its displays, or those of its claim."""
    inside = [shown.get("label") for shown in box.findall(nodes.math_block)]
    found = [label for label in [box.get("label"), *inside] if label in SHOWN]
    claims = [claim.id for claim in CLAIMS.values() if claim.label == box.get("label")]
    return found or [label for label, shown in SHOWN.items() if shown.name in claims]


def text_of(labels):
    """The statements, and before them the definitions that they use."""
    texts, definitions = read()
    lines = [f"{identifier(label)}:\n  {texts[label]}" for label in labels]
    used, rest = [], "\n".join(lines)
    for name, (bound, body) in reversed(definitions.items()):
        if re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", rest):
            used.append(f"Definition {name} {bound} :=\n  {body}.")
            rest += body
    return "\n\n".join([*reversed(used), *lines])


def wrapped(text, width=88):
    """Break long lines, and indent what follows."""
    lines = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        lines += textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return "\n".join(lines)


def fold_statements(app, doctree):
    if app.builder.format != "html":
        return
    for box in list(doctree.findall(lambda node: isinstance(node, BOXES))):
        labels = labels_of(box)
        if labels:
            text = wrapped(text_of(labels))
            box += nodes.raw("", FOLD, format="html")
            box += nodes.literal_block(text, text, language="coq")
            box += nodes.raw("", HOW, format="html")


def setup(app):
    app.connect("doctree-read", fold_statements)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
