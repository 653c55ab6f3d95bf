"""What the package is made of, rather than what it computes."""

import ast
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

CHAPTERS = ["softmax", "derivative", "cross_entropy", "combined"]
# Each imports only from those before it.
LAYERS = ["_checks", "_rows", *CHAPTERS, "fused", "streaming", "on_dask", "algebra", "derivations"]
LAYERS += ["_listening", "trial", "claims", "libraries", "verify", "__init__", "__main__"]
# What is imported where it is used, and nowhere else.
OPTIONAL = {"algebra": {"mpmath", "sympy"}, "on_dask": {"dask"}}
NAMES = [
    "cross_entropy",
    "entropy",
    "kl_divergence",
    "log_softmax",
    "logsumexp",
    "loss_and_grad",
    "one_hot",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_grad",
    "softmax_jacobian",
    "softmax_jvp",
    "softmax_vjp",
    "verify",
]
SECTIONS = ["Parameters", "Returns", "Raises", "See Also", "Notes", "Examples"]  # numpydoc's order

each_name = pytest.mark.parametrize("name", NAMES)


def python(*args):
    return subprocess.run(
        [sys.executable, *args], cwd=ROOT, capture_output=True, text=True, check=False
    )


def source(module):
    return (ROOT / "cecore" / f"{module}.py").read_text("utf-8")


def imports(module):
    """The modules that a file of cecore imports from, by their full names."""
    for node in ast.walk(ast.parse(source(module))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in {module}"
            yield node.module


def test_the_public_names_are_these():
    assert cecore.__all__ == sorted(cecore.__all__) == NAMES


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


def test_the_chapters_are_under_500_lines():
    lines = {name: len(source(name).splitlines()) for name in CHAPTERS}
    assert sum(lines.values()) < 500, lines


def test_there_is_no_module_but_these():
    assert {path.stem for path in (ROOT / "cecore").glob("*.py")} == set(LAYERS)


@pytest.mark.parametrize("module", LAYERS)
def test_imports_point_one_way(module):
    below = {f"cecore.{name}" for name in LAYERS[: LAYERS.index(module)]}
    known = {"numpy", *sys.stdlib_module_names}
    for name in imports(module):
        top = name.split(".")[0]
        assert name in below or top in known | OPTIONAL.get(module, set()), f"{module}: {name}"


@pytest.mark.parametrize("module", ["cecore", "cecore.proofs.book", "cecore.streaming"])
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
        ["ruff", "check", "--no-cache", "benchmarks", "cecore", "tests", "tools"],
        ["ruff", "format", "--check", "--no-cache", "benchmarks", "cecore", "tests", "tools"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_tools_are_content(command, tmp_path):
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
    assert package == {f"cecore/{module}.py" for module in LAYERS} | {"cecore/py.typed"}
    assert f"cecore-{cecore.__version__}.dist-info/licenses/LICENSE" in files


def test_only_numpy_is_required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (requirement,) = project["dependencies"]
    assert requirement.startswith("numpy>=2")
