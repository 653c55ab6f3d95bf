"""Let the notebooks' kernels find cecore, and let nbval compare pictures, which it skips.

What a failing cell shows is kept, for people to look at.
"""

import base64
import os
import re
from pathlib import Path

from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

from tools.pictures import pictures_differ

# The snippets of the tabs need libraries that are not installed here.
collect_ignore = ["frameworks"]

ROOT = Path(__file__).resolve().parent.parent
FAILURES = ROOT / "_build" / "failures"
COLOURS = re.compile(r"\x1b\[[\d;]*m")

# Kernels inherit the environment: cecore as it is here, and pictures drawn the way JupyterLab does.
os.environ["PYTHONPATH"] = str(ROOT)
os.environ.pop("MPLBACKEND", None)

compare_all_but_pictures = IPyNbCell.compare_outputs


def name_of(cell):
    return f"{cell.parent.path.stem}-cell-{cell.cell_num}"


def png_files(outputs):
    """The PNG pictures among a cell's outputs, in order."""
    return [
        base64.b64decode(o["data"]["image/png"])
        for o in outputs
        if "image/png" in o.get("data", {})
    ]


def compare_outputs(cell, fresh, stored, skip_compare=None):
    """Compare as nbval does, and then the pictures."""
    if not compare_all_but_pictures(cell, fresh, stored, skip_compare):
        return False
    stored, fresh = png_files(stored), png_files(fresh)
    if len(stored) != len(fresh):
        cell.comparison_traceback.append(
            f"{len(stored)} pictures are stored, {len(fresh)} were drawn"
        )
        return False
    for number, pair in enumerate(zip(stored, fresh, strict=True)):
        if reason := pictures_differ(*pair):
            FAILURES.mkdir(parents=True, exist_ok=True)
            name = f"{name_of(cell)}-picture-{number}"
            cell.comparison_traceback.append(
                f"Picture {number} looks different: {reason}. Compare:"
            )
            for which, png in zip(("stored", "fresh"), pair, strict=True):
                file = FAILURES / f"{name}-{which}.png"
                file.write_bytes(png)
                cell.comparison_traceback.append(f"  {file.relative_to(ROOT)}")
    return not cell.comparison_traceback


def execute_cell_input(kernel, source, allow_stdin=None):
    """Run a cell as nbval does, but with history: without it, a closing ";" does not silence."""
    return kernel.kc.execute(
        source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
    )


def pytest_exception_interact(node, report):
    """Keep why a cell failed, and all the text that it showed."""
    if isinstance(node, IPyNbCell):
        shown = [
            output.get("text")
            or output.get("data", {}).get("text/plain")
            or output.get("evalue", "")
            for output in node.test_outputs or []
        ]
        why = COLOURS.sub("", report.longreprtext)
        FAILURES.mkdir(parents=True, exist_ok=True)
        (FAILURES / f"{name_of(node)}.txt").write_text(
            "\n".join([why, "It showed:", *shown, ""]), "utf-8"
        )


IPyNbCell.compare_outputs = compare_outputs
RunningKernel.execute_cell_input = execute_cell_input
