"""Let the notebooks' kernels find cecore, and let nbval compare pictures, which it skips."""

import base64
import os
from pathlib import Path

from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

from tests.pictures import pictures_differ

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "_build" / "pictures"

# Kernels inherit the environment: cecore as it is here, and pictures drawn the way JupyterLab does.
os.environ["PYTHONPATH"] = str(ROOT)
os.environ.pop("MPLBACKEND", None)

compare_all_but_pictures = IPyNbCell.compare_outputs


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
            PICTURES.mkdir(parents=True, exist_ok=True)
            name = (
                f"{cell.parent.path.stem}-cell-{cell.cell_num}-picture-{number}"
            )
            cell.comparison_traceback.append(
                f"Picture {number} looks different: {reason}. Compare:"
            )
            for which, png in zip(("stored", "fresh"), pair, strict=True):
                file = PICTURES / f"{name}-{which}.png"
                file.write_bytes(png)
                cell.comparison_traceback.append(f"  {file.relative_to(ROOT)}")
    return not cell.comparison_traceback


def execute_cell_input(kernel, source, allow_stdin=None):
    """Run a cell as nbval does, but with history: without it, a closing ";" does not silence."""
    return kernel.kc.execute(
        source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
    )


IPyNbCell.compare_outputs = compare_outputs
RunningKernel.execute_cell_input = execute_cell_input
