"""What the pages of the book say: their text, their code, and what it prints."""

import ast

import nbformat
import numpy as np

import cecore
from tests.conftest import ROOT
from tools.pages import DISPLAY

BOOK = ROOT / "book"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def text_of(path):
    """What the author wrote outside code."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def code_of(path):
    return "\n\n".join(cell.source for cell in code_cells(path))


def printed(path):
    """Everything that the notebook's cells print, as one text."""
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    return "\n".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs
    )


def displays():
    """Every numbered display of the book: its label, and what it shows."""
    return [found for path in NOTEBOOKS for found in DISPLAY.findall(text_of(path))]


def functions_of(name):
    """The functions that a notebook defines, with NumPy's and cecore's names."""
    found = {"np": np, **{name: getattr(cecore, name) for name in cecore.__all__}}
    for cell in code_cells(BOOK / f"{name}.ipynb"):
        tree = ast.parse(cell.source)
        tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        exec(compile(tree, f"{name}.ipynb", "exec"), found)
    return found
