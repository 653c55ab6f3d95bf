"""Run the snippets of the tabs "In your framework", and write below each what it prints.

    python -m tools.frameworks [NAME ...]

`make libraries` calls it. A snippet whose library is not installed is left as it is. What has run
is stored in book/data/frameworks.json, and a test holds the snippets on the pages to it.
"""

import argparse
import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

BOOK = Path(__file__).resolve().parent.parent / "book"
FOLDER, FILE = BOOK / "frameworks", BOOK / "data" / "frameworks.json"
LIBRARIES = {
    "torch": "PyTorch",
    "jax": "JAX",
    "optax": "Optax",
    "keras": "Keras",
    "tensorflow": "TensorFlow",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "sklearn": "scikit-learn",
}


def code(text):
    """Return a snippet without what was written below it."""
    return re.sub(r"(?m)^# > .*\n", "", text)


def libraries(text):
    """Return the modules that a snippet imports."""
    return re.findall(r"^(?:import|from) (\w+)", text, re.M)


def digest(text):
    """Return what tells one text from another."""
    return hashlib.sha256(text.encode()).hexdigest()


def ran(path):
    """Run a snippet, write what it prints below it, and return what must be known of the run."""
    text = code(path.read_text("utf-8"))
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", text], env=quiet, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{path}:\n{done.stderr}")
    text += "".join(f"# > {line}\n" for line in done.stdout.splitlines())
    path.write_text(text, "utf-8")
    return {"by": [named(module) for module in libraries(text)], "sha256": digest(text)}


def named(module):
    """Return the library of a module, with its version."""
    version = importlib.import_module(module).__version__
    return f"{LIBRARIES[module]} {version.partition('+')[0]}"


def installed(module):
    """Say whether a module can be imported here."""
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def main(given=None):
    """Run the snippets that can be run here, all or those named, and store that they were."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    names = parser.parse_args(given).names
    stored = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    for path in sorted(FOLDER.glob("*.py")):
        if names and path.stem not in names:
            continue
        missing = [m for m in libraries(path.read_text("utf-8")) if not installed(m)]
        if missing:
            print(f"{path.stem}: left as it is, without {', '.join(missing)}")
        else:
            stored[path.stem] = ran(path)
            print(f"{path.stem}: {', '.join(stored[path.stem]['by'])}")
    FILE.write_text(json.dumps(dict(sorted(stored.items())), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
