"""Build what is released, a source distribution and a wheel, and check both as a user has them.

    python -m tools.release [--tag TAG] [--out FOLDER]

It needs Python and the network, and nothing that is installed: each step has an environment of its
own. The wheel is built from the source distribution, so that this holds all that it takes. With a
tag, such as v0.2.0, the version must be that of the tag.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from email import message_from_string
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What a user does: the first needs nothing but NumPy, the others the extra `verify`.
FIRST = "from cecore import softmax; print(softmax([2.0, 1.0, 0.1]))"
COMMANDS = [["verify", "--claim", "S1"], ["verify"]]


def versions(tag=None):
    """Return every place that names the version, with the version it names."""
    patterns = {
        "cecore/__init__.py": r'^__version__ = "(.+)"$',
        "CITATION.cff": r"^version: (.+)$",
        "CHANGELOG.md": r"^## \[(.+)\] - \d{4}-\d\d-\d\d$",  # the topmost
    }
    found = {name: first(pattern, name) for name, pattern in patterns.items()}
    return found | ({"the tag": tag.removeprefix("v")} if tag else {})


def dates():
    """Return both dates of the release, which must be the same."""
    return {
        "CITATION.cff": first(r"^date-released: (.+)$", "CITATION.cff"),
        "CHANGELOG.md": first(r"^## \[.+\] - (\d{4}-\d\d-\d\d)$", "CHANGELOG.md"),
    }


def first(pattern, name):
    """Return what a pattern finds first in a file of the project."""
    found = re.search(pattern, (ROOT / name).read_text("utf-8"), re.M)
    return found[1] if found else None


def agreed(found):
    """Return what several places say, if that is the same."""
    if len(set(found.values())) != 1:
        raise SystemExit("\n".join(["These must agree:", *(f"{k}: {v}" for k, v in found.items())]))
    return next(iter(found.values()))


def environment(folder, *packages):
    """Make an environment with packages in it, and return the folder of its commands."""
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    run(scripts / "python", "-m", "pip", "install", "--quiet", *packages)
    return scripts


def run(*command, cwd=None):
    """Run a command that must go well, and return what it printed."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        called = " ".join(map(str, command))
        raise SystemExit(f"{called}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def check_files(source, wheel):
    """Look at what is in both: all of the package, and nothing that was made from it."""
    with tarfile.open(source) as archive:
        files = [member.name for member in archive if not member.isdir()]
        members = {name.partition("/")[2] for name in files}  # below the folder of the version
    with zipfile.ZipFile(wheel) as archive:
        within = set(archive.namelist())
        (name,) = (name for name in within if name.endswith(".dist-info/METADATA"))
        metadata = message_from_string(archive.read(name).decode())
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cecore").rglob("*.py")}
    package.add("cecore/py.typed")
    needed = package | {"LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"}
    if missing := needed - members:
        raise SystemExit(f"{source.name} lacks {sorted(missing)}")
    if made := [name for name in members if re.search(r"(^|/)(_build|__pycache__|\.)", name)]:
        raise SystemExit(f"{source.name} holds {made}")
    if (found := {name for name in within if ".dist-info/" not in name}) != package:
        raise SystemExit(f"{wheel.name} and the package differ: {sorted(found ^ package)}")
    for name in ("Summary", "License-Expression", "Requires-Python"):
        if not metadata[name]:
            raise SystemExit(f"{wheel.name} says no {name}")


def check_use(file, folder):
    """Install a distribution in an empty environment, and use it from another folder."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir(parents=True)
    scripts = environment(folder / "venv", file)
    run(scripts / "python", "-c", FIRST, cwd=elsewhere)
    run(scripts / "python", "-m", "pip", "install", "--quiet", f"{file}[verify]")
    for command in COMMANDS:
        last = run(scripts / "cecore", *command, cwd=elsewhere).strip().splitlines()[-1]
        print(f"{file.name}: cecore {' '.join(command)}: {last}", flush=True)


def release(tag, out):
    """Build both distributions into a folder, and check them."""
    version = agreed(versions(tag))
    agreed(dates())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        tools = environment(work / "tools", *project["optional-dependencies"]["release"])
        run(tools / "python", "-m", "build", "--outdir", out, ROOT)
        source, wheel = out / f"cecore-{version}.tar.gz", next(out.glob("*.whl"))
        run(tools / "python", "-m", "twine", "check", "--strict", source, wheel)
        check_files(source, wheel)
        for file in (source, wheel):
            check_use(file, work / file.name)
    print(f"Ready to be released: {source.name} and {wheel.name}, in {out}")


def main(given=None):
    """Take the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tag", help="the tag that is released, such as v0.2.0")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "dist", metavar="FOLDER")
    options = parser.parse_args(given)
    release(options.tag, options.out.resolve())


if __name__ == "__main__":
    main()
