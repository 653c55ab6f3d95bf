"""What the package is made of, rather than what it computes."""

import ast
import graphlib
import inspect
import json
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

import cecore
from tests.conftest import ROOT

# The rooms, which are folders, and the modules beside them. Each imports only from those before it.
LAYERS = [
    "_engine",
    "chapters",
    "scale",
    "proofs",
    "claims",
    "__init__",
    "__main__",
    "pytest_plugin",
]
# What imports from nothing else of cecore, and who may import from it.
APART = {"proofs": {"claims"}}
# What is imported where it is used, and nowhere else.
OPTIONAL = {
    "proofs/numeric": {"mpmath"},
    "proofs/symbolic": {"sympy"},
    "pytest_plugin": {"pytest"},
    "scale/on_dask": {"dask"},
}
PACKAGE = ROOT / "cecore"
CODE = ["cecore", "tests", "tools", "book", "conftest.py"]
MODULES = sorted(
    path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py")
)
CHAPTERS = [name for name in MODULES if name.startswith("chapters/") and "__" not in name]
NAMES = cecore.__all__
SECTIONS = ["Parameters", "Returns", "Raises", "See Also", "Notes", "Examples"]  # numpydoc's order

each_name = pytest.mark.parametrize("name", NAMES)


def python(*args):
    return subprocess.run(
        [sys.executable, *args], cwd=ROOT, capture_output=True, text=True, check=False
    )


def source(module):
    return (PACKAGE / f"{module}.py").read_text("utf-8")


def imports(module):
    """The modules that a file of cecore imports from, by their full names."""
    for node in ast.walk(ast.parse(source(module))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in {module}"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if path_of(name) else node.module for name in inner)


def path_of(name):
    """The file of a module of cecore, without its ending; None for any other name."""
    path = "/".join(name.split(".")[1:])
    if name.split(".")[0] != "cecore":
        return None
    for found in (path, f"{path}/__init__".removeprefix("/")):
        if found in MODULES:
            return found
    return None


def layer_of(path):
    """The room of a module, or the module itself if it stands in none."""
    return path.split("/")[0]


def test_the_public_names_are_verify_and_the_functions_documented_with_examples():
    documented = [
        node.name
        for module in [*CHAPTERS, "scale/in_memory", "scale/linear"]
        for node in ast.parse(source(module)).body
        if isinstance(node, ast.FunctionDef) and "Examples\n" in (ast.get_docstring(node) or "")
    ]
    assert sorted(NAMES) == NAMES == sorted([*documented, "verify"])


@each_name
def test_every_public_name_is_a_function(name):
    assert inspect.isfunction(getattr(cecore, name))  # `softmax` is a module as well


@each_name
def test_every_public_function_is_documented_with_an_example(name):
    doc = inspect.getdoc(getattr(cecore, name))
    headings = re.findall(r"^(\S.*)\n-+$", doc, re.MULTILINE)
    assert headings == [heading for heading in SECTIONS if heading in headings]
    assert "\nExamples\n--------\n>>> " in doc
    for heading in headings:
        assert f"\n\n{heading}\n{'-' * len(heading)}\n" in doc


@each_name
def test_every_parameter_is_documented_or_referred_to(name):
    function = getattr(cecore, name)
    doc = inspect.getdoc(function)
    entries = re.findall(r"^([\w, ]+) : ", doc.split("\nReturns\n")[0], re.MULTILINE)
    documented = {entry for line in entries for entry in line.split(", ")}
    assert documented == set(inspect.signature(function).parameters) or re.search(
        r"[Pp]arameters\b.*\bare\s+those of|the same product as", doc
    )


def test_the_chapters_have_at_most_400_lines():
    lines = {name: len(source(name).splitlines()) for name in CHAPTERS}
    assert len(lines) >= 4
    assert sum(lines.values()) <= 400, lines


def test_there_is_no_room_and_no_module_but_these():
    assert {layer_of(module) for module in MODULES} == set(LAYERS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module):
    here = layer_of(module)
    below = LAYERS[: LAYERS.index(here)]
    if here in APART:
        below = []
    known = {"numpy", *sys.stdlib_module_names} | OPTIONAL.get(module, set())
    for name in imports(module):
        path = path_of(name)
        if path is None:
            assert name.split(".")[0] in known, f"{module}: {name}"
        elif layer_of(path) != here:
            assert layer_of(path) in below, f"{module}: {name}"
            assert here in APART.get(layer_of(path), LAYERS), f"{module}: {name}"


def test_no_import_goes_round_in_a_circle():
    graph = {module: {path_of(name) for name in imports(module)} - {None} for module in MODULES}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("module", [name for name in MODULES if "/" in name])
def test_a_file_of_a_room_has_at_most_400_lines_and_a_function_60(module):
    text = source(module)
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            about = len((ast.get_docstring(node, clean=False) or "").splitlines())
            assert node.end_lineno - node.lineno - about < 60, node.name


@pytest.mark.parametrize("module", ["cecore", "cecore.proofs.book", "cecore.scale.on_disk"])
def test_importing_cecore_imports_nothing_but_numpy(module):
    code = "import sys, json; import {}; print(json.dumps(sorted(sys.modules)))"
    before, after = (json.loads(python("-c", code.format(m)).stdout) for m in ("numpy", module))
    packages = {name.split(".")[0] for name in set(after) - set(before)} - {"cecore"}
    assert packages <= set(sys.stdlib_module_names) | {"numpy"}
    assert not packages & {"dask", "matplotlib", "mpmath", "scipy", "sympy", "torch", "tqdm"}


def test_importing_cecore_leaves_numpys_error_state_alone():
    code = "import numpy as np; a = np.geterr(); import cecore; assert np.geterr() == a"
    assert python("-W", "error", "-c", code).returncode == 0


@pytest.mark.parametrize(
    "command",
    [
        ["mypy", "--cache-dir", "{tmp}"],
        ["ruff", "check", "--no-cache", *CODE],
        ["ruff", "format", "--check", "--no-cache", *CODE],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_mypy_and_ruff_find_nothing(command, tmp_path):
    pytest.importorskip(command[0])
    result = python("-m", *(word.format(tmp=tmp_path) for word in command))
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_citation_names_the_version_of_the_package():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {cecore.__version__}\n" in citation


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path):
    pytest.importorskip("flit_core")
    code = "import sys, flit_core.buildapi; flit_core.buildapi.build_wheel(sys.argv[1])"
    result = python("-c", code, str(tmp_path))
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"cecore-{cecore.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
    package = {name for name in files if ".dist-info/" not in name}
    assert package == {f"cecore/{module}.py" for module in MODULES} | {"cecore/py.typed"}
    assert f"cecore-{cecore.__version__}.dist-info/licenses/LICENSE" in files


def test_only_numpy_is_required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (requirement,) = project["dependencies"]
    assert requirement.startswith("numpy>=2")
