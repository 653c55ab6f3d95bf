"""Run the book's notebooks, or those named, and store their outputs and derivations.

    python -m tools.notebooks [--tidy] [FILE ...]

Running it twice changes no byte: all that differs from run to run is removed. With --tidy nothing
is run, and only that is removed which an editor has added, such as the version of the kernel.
"""

import argparse
import base64
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import tools.one_thread  # noqa: F401  before NumPy is imported, here and in kernels
from cecore.proofs.book import DERIVATIONS
from tools.pages import DISPLAY, ROOT, notebooks_of_book

# Figures that the introduction and the README show as well, by name.
COPIES = {"fig-s-minus-y": ROOT / "book/_static/s-minus-y.png"}
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def typeset(notebook):
    """Write each derivation of cecore.proofs.book into the display that bears its label."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = DISPLAY.sub(
                lambda m: f"```{{math}}\n:label: {m[1]}\n{content(m[1], m[2])}\n```", cell.source
            )


def content(label, written):
    """Return what a display must show: its derivation, or what the author wrote."""
    return DERIVATIONS[label].latex() if label in DERIVATIONS else written


def run(notebook, path):
    """Run all cells in a kernel that starts in the notebook's folder."""
    started = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_execute=lambda cell, cell_index: started.append(cell_index),
    )
    try:
        client.execute()
    except Exception as error:
        where = (
            f"cell {started[-1]} (counted from 0, text included)" if started else "before any cell"
        )
        raise SystemExit(f"{path}, {where}:\n{error}") from error


def tidy(notebook):
    """Remove what no reader needs and what may change from one run to the next."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: value for key, value in cell.metadata.items() if key in ("tags", "mystnb")}
        )
        outputs = []
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata = {}
            if output.output_type == "error":  # a traceback names this machine's folders
                output.traceback = [f"{output.ename}: {output.evalue}"]
            last = outputs[-1] if outputs else {}
            if output.output_type == "stream" and output.name == last.get("name"):
                last.text += output.text
            else:
                outputs.append(output)
        if cell.cell_type == "code":
            cell.outputs = outputs
    return nbformat.writes(notebook, indent=1).rstrip("\n") + "\n"


def copies_of_figures(notebook):
    """Yield the files, with their content, of the figures that also stand outside a notebook."""
    for cell in notebook.cells:
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for output in cell.get("outputs", []):
            if name in COPIES and "image/png" in output.get("data", {}):
                yield COPIES[name], base64.b64decode(output.data["image/png"])


def write(path, content):
    """Write a file if its content changes, and say whether it did.

    It is written beside its place first, so that nothing half-written ever stands there.
    """
    if path.exists() and path.read_bytes() == content:
        return False
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.write_bytes(content)
    os.replace(fresh, path)
    return True


def main(given=None):
    """Run or tidy each notebook, and write those whose content has changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--tidy", action="store_true", help="run nothing")
    options = parser.parse_args(given)
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ.pop("MPLBACKEND", None)
    for path in [file.resolve() for file in options.files] or notebooks_of_book():
        notebook = nbformat.read(path, as_version=4)
        if not options.tidy:
            typeset(notebook)
            run(notebook, path)
        result = "rewritten" if write(path, tidy(notebook).encode()) else "unchanged"
        for file, picture in copies_of_figures(notebook):
            write(file, picture)
        print(f"{os.path.relpath(path, ROOT)}  {result}", flush=True)


if __name__ == "__main__":
    main()
