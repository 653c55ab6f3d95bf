import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
DIRECT = [
    Requirement(text)
    for text in PROJECT["dependencies"]
    + PROJECT["optional-dependencies"]["book"]
    + PROJECT["optional-dependencies"]["site"]
    + PROJECT["optional-dependencies"]["test"]
]
ENTRIES = re.sub(r"^ *#.*\n", "", LOCK, flags=re.M).replace("\\\n", "").splitlines()
PLATFORMS = {
    "linux": ("posix", "Linux"),
    "darwin": ("posix", "Darwin"),
    "win32": ("nt", "Windows"),
}


def pins(python, platform):
    """What the lock installs on a Python and a platform: name to list of versions."""
    os_name, system = PLATFORMS[platform]
    environment = default_environment() | {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_version": python,
        "sys_platform": platform,
        "platform_system": system,
        "os_name": os_name,
    }
    found = {}
    for entry in ENTRIES:
        pin = Requirement(entry.split("--hash")[0])
        if pin.marker is None or pin.marker.evaluate(environment):
            (version,) = pin.specifier
            assert version.operator == "=="
            found.setdefault(canonicalize_name(pin.name), []).append(version.version)
    return found


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", ["3.11.0", "3.11.15", "3.12.0", "3.13.0", "3.14.0"])
def test_every_python_gets_one_version_of_each_package_within_its_range(python, platform):
    found = pins(python, platform)
    assert {name: versions for name, versions in found.items() if len(versions) > 1} == {}
    for requirement in DIRECT:
        (version,) = found[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), (requirement, version)


def test_every_pin_has_hashes():
    assert len(ENTRIES) > 100
    for entry in ENTRIES:
        assert re.fullmatch(r"((?! --).)+( +--hash=sha256:[0-9a-f]{64})+", entry), entry


@pytest.mark.skipif("CI" not in os.environ, reason="asks the package index: in CI only")
def test_make_lock_would_write_the_same_file(tmp_path):
    command = LOCK.splitlines()[1].removeprefix("#").strip()
    makefile = re.sub(r"\\\n\s*", "", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert f"\t$(BIN)/{command}\n" in makefile
    for name in ("pyproject.toml", "requirements.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    uv, *arguments = shlex.split(command)
    done = subprocess.run(
        [Path(sys.executable).with_name(uv), *arguments],
        cwd=tmp_path,
        env={"UV_PYTHON": sys.executable, "UV_SYSTEM_CERTS": "1"} | os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "requirements.txt").read_text(encoding="utf-8") == LOCK
