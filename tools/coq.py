"""Have Coq check every derivation and theorem of the book.

    python -m tools.coq [FOLDER]

The proofs are in `book/_coq`; the statements are generated beside copies of them, in
`_build/coq` if no other folder is named. What has not changed is not compiled again.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from cecore.proofs.book import CHAPTERS, DERIVATIONS, THEOREMS
from cecore.proofs.coq_files import files
from tools.pages import ROOT

PROOFS = ROOT / "book" / "_coq"
SHOWN = DERIVATIONS | THEOREMS
PACKAGES = [
    "coq",
    "libcoq-coquelicot",
    "libcoq-mathcomp-ssreflect",
    "libcoq-flocq",
    "libcoq-interval",
]
HOW_TO_GET_IT = f"apt-get install --no-install-recommends {' '.join(PACKAGES)}"
# The file that proves each: that of its chapter. The example is computed by interval arithmetic,
# which rests on more than all other proofs.
FILES = {
    label: chapter.__name__.rpartition(".")[2].title().replace("_", "")
    for chapter in CHAPTERS
    for label in (*chapter.DERIVATIONS, *chapter.THEOREMS)
} | {"eq-example": "Example"}
# What is said of floats is written by hand.
OF_FLOATS = (
    "Floats.textbook",
    "Floats.stable",
    "Floats.any_sum",
    "Binary64.textbook64",
    "Powers.direct",
    "Powers.shifted",
    "AsComputed.own_grid",
    "AsComputed.softmax64",
    "AsComputed.gradient64_other",
    "AsComputed.gradient64_own",
    "AsComputed.loss64",
)
# Coq's real numbers: they are classical, and so complete; and two functions with the same values
# are the same.
AXIOMS = {
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "Classical_Prop.classic",
    "FunctionalExtensionality.functional_extensionality_dep",
}
# Shadowed notations of two libraries.
WARNINGS = "-arg -w -arg -notation-overridden,-ambiguous-paths"


def has_coq():
    """Return whether Coq is installed."""
    return shutil.which("coqc") is not None


def write(folder, shown=SHOWN):
    """Write the generated files, and copies of the proofs, that have changed."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {path.name: path.read_text("utf-8") for path in PROOFS.glob("*.v")}
    texts |= files(shown, FILES, OF_FLOATS)
    compiled = sorted(name for name in texts if not name.startswith("Check"))
    project = "\n".join(["-Q . Book", WARNINGS, *compiled])
    for name, text in (texts | {"_CoqProject": f"{project}\n"}).items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def compile_all(folder, jobs=None):
    """Compile every file, and return what Coq said of the axioms, by the file that asked."""
    make = ["make", "--no-print-directory", "-f", "Makefile.coq", f"-j{jobs or os.cpu_count()}"]
    for command in (["coq_makefile", "-f", "_CoqProject", "-o", "Makefile.coq"], make):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{done.stdout}{done.stderr}")
    return {name: asked(folder, name) for name in ("Check", "CheckExample")}


def asked(folder, name):
    """Return the axioms on which the theorems of a file rest, as Coq lists them."""
    command = [
        "coqc",
        "-Q",
        ".",
        "Book",
        "-w",
        "-notation-overridden,-ambiguous-paths",
        f"{name}.v",
    ]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return axioms(said)


def axioms(said):
    """Return the names in the answer to `Print Assumptions`."""
    if "Closed under the global context" in said:
        return set()
    return set(re.findall(r"^(\w+\.[\w.]+)\s*:", said, re.MULTILINE))


def main(folder):
    """Compile everything, and compare the axioms with the list of them."""
    if not has_coq():
        raise SystemExit(f"Coq is not installed. On Debian 12: {HOW_TO_GET_IT}")
    start = time.perf_counter()
    write(folder)
    found = compile_all(folder)
    seconds = time.perf_counter() - start
    print(f"{len(SHOWN)} statements proved in {seconds:.0f} s")
    if found["Check"] != AXIOMS:
        raise SystemExit(f"The proofs rest on {sorted(found['Check'])}")
    print(f"on {len(AXIOMS)} axioms: {', '.join(sorted(AXIOMS))}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "_build" / "coq").resolve())
