"""Docstrings as the reference shows them: with links to other functions and to statements."""

import re

from docutils import nodes

import cecore

MARKED = re.compile(r"``.*?``|`([\w.]+)`|\b([SBPR]\d+)\b")
PLACES = {name: f"cecore.{name}" for name in cecore.__all__}
PLACES |= {"LogSumExp": "cecore.scale.parts.LogSumExp"}


def linked(mark):
    """Return what stands for a literal, a name between backticks, or the number of a statement."""
    name, statement = mark.groups()
    if statement:
        return f":stmt-ref:`{statement}`"
    if not name:
        return mark[0]
    place = PLACES.get(name, name)
    return f":py:obj:`{name} <{place}>`" if place.startswith("cecore.") else f"``{name}``"


def link_names(app, what, name, obj, options, lines):
    lines[:] = [
        x if x.lstrip().startswith((">>>", "...")) else MARKED.sub(linked, x) for x in lines
    ]


def statement(role, source, text, line, inliner, options=None, content=()):
    return [nodes.inline(source, text, classes=["stmt-ref"])], []


def setup(app):
    app.add_role("stmt-ref", statement)
    app.connect("autodoc-process-docstring", link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
