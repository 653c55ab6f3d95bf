"""Write .binder/requirements.txt: what the notebooks import, with the ranges in pyproject.toml."""

import ast
import json
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
FILE = ROOT / ".binder" / "requirements.txt"
# The extras with which a reader installs cecore, and the one that holds what else the book needs.
OF_CECORE, OF_BOOK = ["dask", "streaming", "verify"], "book"
# What a room of cecore imports only where it is used, so that no notebook names it.
OF_ROOMS = {"cecore.proofs": {"mpmath", "sympy"}}
# What the server brings with its kernel.
OF_SERVER = {"ipython"}


def sources():
    """Yield the code of the notebooks, and of the modules that stand beside them for their use."""
    for path in sorted(BOOK.glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield "".join(cell["source"])
    for path in sorted(BOOK.glob("*.py")):
        if path.name != "conftest.py":  # of the tests
            yield path.read_text("utf-8")


def imported(source):
    """Yield the top-level modules that some code imports, wherever it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def distributions():
    """Return the names of the distributions that the notebooks' imports come from."""
    modules = set()
    for source in sources():
        modules.update(imported(source))
        for room, needed in OF_ROOMS.items():
            if room in source:
                modules |= needed
    modules -= {"cecore", *(path.stem for path in BOOK.glob("*.py")), *sys.stdlib_module_names}
    known, found = packages_distributions(), set()
    for module in sorted(modules):
        if module not in known:
            raise SystemExit(f"A notebook imports {module}, which is not installed here.")
        found.update(map(canonicalize_name, known[module]))
    return found - OF_SERVER


def by_name(lines):
    """Return requirements by the names of the distributions."""
    return {canonicalize_name(Requirement(line).name): line for line in lines}


def requirements():
    """Return what the file must say."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    needed = distributions() - set(by_name(project["dependencies"]))
    extras = [extra for extra in OF_CECORE if needed & set(by_name(optional[extra]))]
    rest = needed - {name for extra in extras for name in by_name(optional[extra])}
    ranges = by_name(optional[OF_BOOK])
    if missing := sorted(rest - set(ranges)):
        raise SystemExit(f"The notebooks import what the extra {OF_BOOK} lacks: {missing}")
    lines = [
        "# What the notebooks import, and nothing that the server brings. `make lock` writes it.",
        f".[{','.join(extras)}]",
        *(ranges[name] for name in sorted(rest)),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(requirements(), "utf-8")
