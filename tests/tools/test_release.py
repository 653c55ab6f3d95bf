"""What is released: that all places name one version, and what both distributions hold."""

import subprocess
import sys
import tarfile
import zipfile

import pytest

import cecore
from tests.conftest import ROOT
from tools import release

pytest.importorskip("flit_core")


def test_the_release_has_one_version_and_one_date():
    assert release.agreed(release.versions()) == cecore.__version__
    assert release.agreed(release.versions(f"v{cecore.__version__}")) == cecore.__version__
    assert release.agreed(release.dates())


def test_another_tag_is_refused_for_a_release():
    with pytest.raises(SystemExit, match=r"These must agree:(.|\n)*the tag: 0\.0\.1"):
        release.agreed(release.versions("v0.0.1"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The source distribution and the wheel."""
    out = tmp_path_factory.mktemp("dist")
    for kind in ("sdist", "wheel"):
        code = f"import sys, flit_core.buildapi as f; f.build_{kind}(sys.argv[1])"
        subprocess.run([sys.executable, "-c", code, out], cwd=ROOT, check=True)
    return next(out.glob("*.tar.gz")), next(out.glob("*.whl"))


def test_what_is_released_holds_the_package_and_nothing_that_was_made_from_it(built):
    release.check_files(*built)


def test_a_release_with_a_file_too_many_or_too_few_is_refused(built, tmp_path):
    source, wheel = built
    more = tmp_path / wheel.name
    more.write_bytes(wheel.read_bytes())
    with zipfile.ZipFile(more, "a") as archive:
        archive.writestr("cecore/_build.py", "")
    with pytest.raises(SystemExit, match=r"differ: \['cecore/_build\.py'\]"):
        release.check_files(source, more)

    other = tmp_path / source.name
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / source.name.removesuffix(".tar.gz")
    made = folder / "cecore" / "__pycache__" / "softmax.pyc"
    made.parent.mkdir()
    made.touch()
    with tarfile.open(other, "w:gz") as archive:
        archive.add(folder, folder.name)
    with pytest.raises(SystemExit, match=r"holds \['cecore/__pycache__/softmax\.pyc'\]"):
        release.check_files(other, wheel)

    (folder / "CHANGELOG.md").unlink()
    with tarfile.open(other, "w:gz") as archive:
        archive.add(folder, folder.name)
    with pytest.raises(SystemExit, match=r"lacks \['CHANGELOG\.md'\]"):
        release.check_files(other, wheel)


def test_a_command_of_the_release_that_fails_is_shown_with_what_it_said():
    with pytest.raises(SystemExit, match=r"exit status 1\nno such step"):
        release.run(sys.executable, "-c", "raise SystemExit('no such step')")
