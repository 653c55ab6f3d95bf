"""Build the lab: JupyterLite, in which a browser runs the book's notebooks.

    python -m tools.lab.build FOLDER [PYODIDE]

The kernel comes from Pyodide's public content network, or from the site itself
if PYODIDE, a folder with a release of it, is given. The lab works under any
address, and building it twice gives the same files.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

from tools.pages import BOOK, ROOT

LONG_AGO = "315532800"  # 1980, where the time stamps of zip files begin
EXTENSIONS = ["@jupyterlite/pyodide-kernel-extension", "jupyterlab-myst"]
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
# Wheels' addresses are seen from the script that loads them.
UP = "../" * 4


def run(module: str, *arguments: object, cwd: Path) -> None:
    """Run a module of this environment, and show what it says if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"SOURCE_DATE_EPOCH": LONG_AGO},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"The lab cannot be built: {module} says\n{done.stdout}")


def copy_contents(folder: Path) -> None:
    """Copy the notebooks, and what stands beside them for them."""
    folder.mkdir()
    shutil.copytree(BOOK / "data", folder / "data")
    for file in [*BOOK.glob("*.py"), *BOOK.glob("*.mplstyle")]:
        if file.name != "conftest.py":
            shutil.copy(file, folder)
    for file in BOOK.glob("*.ipynb"):
        # JupyterLite expects each text as one string, not as a list of lines.
        text = json.dumps(nbformat.read(file, 4), ensure_ascii=False)
        (folder / file.name).write_text(text, encoding="utf-8")


def make_wheels(folder: Path) -> str:
    """Put cecore's wheel and what the kernel lacks there; name the former."""
    run(
        *("pip", "wheel", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", folder, ROOT),
        cwd=folder,
    )
    (cecore,) = folder.glob("cecore-*.whl")
    locked = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pin = folder / "pin.txt"
    pin.write_text(re.search(r"^comm==(?:.*\\\n)+.*\n", locked, re.M)[0])
    run(
        *("pip", "download", "--no-deps", "--require-hashes"),
        *("--only-binary", ":all:", "--dest", folder, "-r", pin),
        cwd=folder,
    )
    pin.unlink()
    return cecore.name


def copy_pyodide(source: Path, folder: Path) -> None:
    """Copy a release of Pyodide, after a look at whether it will do."""
    lock = source / "pyodide-lock.json"
    if not lock.is_file() or not (source / "pyodide.js").is_file():
        sys.exit(f"PYODIDE_DIST holds no release of Pyodide: {source}")
    found = json.loads(lock.read_text(encoding="utf-8"))["info"]["version"]
    series = PYODIDE_VERSION.rpartition(".")[0]
    if found.rpartition(".")[0] != series:
        sys.exit(f"PYODIDE_DIST must be a Pyodide {series}.*; it is {found}")
    folder.mkdir(parents=True)
    for file in source.iterdir():  # not its permissions: it may be read-only
        if file.is_file():
            shutil.copyfile(file, folder / file.name)


def build(out: Path, pyodide: Path | None) -> None:
    """Build the lab from scratch: a second build upon the first forgets settings."""
    with TemporaryDirectory() as folder:
        lite = Path(folder)
        copy_contents(lite / "contents")
        (lite / "pypi").mkdir()
        wheel = make_wheels(lite / "pypi")
        if pyodide:
            copy_pyodide(pyodide, lite / "static" / "pyodide")

        config = json.loads(Path(__file__).with_name("jupyter-lite.json").read_text())
        settings = config["jupyter-config-data"]["litePluginSettings"][KERNEL]
        settings["loadPyodideOptions"]["packages"].append(f"{UP}pypi/{wheel}")
        settings["disablePyPIFallback"] = pyodide is not None
        (lite / "jupyter-lite.json").write_text(json.dumps(config))

        share = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
        shown = (f"--LiteBuildConfig.federated_extensions={share / name}" for name in EXTENSIONS)
        run(
            *("jupyterlite_core", "build", "--contents", lite / "contents"),
            *("--lite-dir", lite, "--output-dir", lite / "lab"),
            *("--apps", "notebooks", "--apps", "lab", "--apps", "tree"),
            *("--no-sourcemaps", "--no-unused-shared-packages"),
            *("--ignore-sys-prefix", *shown, "--source-date-epoch", LONG_AGO),
            cwd=lite,
        )
        mark_gzip(lite / "lab" / "api" / "contents" / "data" / "all.json")
        for file in (lite / "lab").rglob("*"):
            file.touch()  # browsers keep for years what is decades old
        shutil.rmtree(out, ignore_errors=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(lite / "lab", out)


def mark_gzip(listing: Path) -> None:
    """Call compressed files that, or JupyterLite reads them as text."""
    found = json.loads(listing.read_text(encoding="utf-8"))
    for entry in found["content"]:
        if entry["name"].endswith(".gz"):
            entry["mimetype"] = "application/gzip"
    listing.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    _, folder, *dist = sys.argv
    build(Path(folder).resolve(), Path(dist[0]).resolve() if dist else None)
