"""Change each statement that Coq has proved, one detail at a time: its proof must then fail.

    python -m tools.mutants.coq [LABEL ...]

A sign is lost, an index swapped, a number or a power changed, a premise dropped, an inequality
turned round. Only what is false somewhere by the numeric reading is a mutant: what remains true
may remain proved.
"""

import dataclasses
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from cecore.proofs.coq import Coq
from cecore.proofs.coq_files import identifier, statement
from cecore.proofs.derivation import Derivation
from cecore.proofs.formula import Expr
from cecore.proofs.language import classes_named
from cecore.proofs.numeric import points, same_at
from tools.coq import FILES, PROOFS, SHOWN, compile_all, write
from tools.pages import ROOT

SWAPPED = {"i": "j", "j": "i", "k": "j", "1": "2", "2": "1"}
SECONDS = 60


def wrong(x):
    """Yield the formula with one detail changed, and what was done."""
    if not isinstance(x, Expr):
        return
    match x.kind, x.parts:
        case (("+" | "-"), parts):
            yield Expr("-" if x.kind == "+" else "+", parts), "another sign"
        case "negative", (a,):
            yield a, "a sign lost"
        case "/", (a, b):
            yield Expr("*", (a, b)), "times for divided by"
        case "^", (a, Expr("integer", (2,))):
            yield a, "a square lost"
        case "integer", (number,):
            yield Expr("integer", (number + 1,)), "another number"
        case "entry", (name, index) if index in SWAPPED:
            yield Expr("entry", (name, SWAPPED[index])), "another index"
        case (("<" | "<="), (a, b)):
            yield Expr(x.kind, (b, a)), "turned round"
        case "and", (a, b):
            yield from ((Expr("and", (c, b)), why) for c, why in wrong(a))
    if x.kind in ("named", "derivative", "integer"):
        return
    for place, part in enumerate(x.parts):
        for changed, why in wrong(part):
            yield Expr(x.kind, (*x.parts[:place], changed, *x.parts[place + 1 :])), why


def mutants(label):
    """Yield what is false because of one change, and what was changed."""
    shown = SHOWN[label]
    if isinstance(shown, Derivation):
        for number, (formula, reason) in enumerate(shown.steps):
            for changed, why in wrong(formula):
                steps = [*shown.steps]
                steps[number] = (changed, reason)
                if is_false_step(shown, formula, changed):
                    yield dataclasses.replace(shown, steps=steps), why
    else:
        for number, claim in enumerate(shown.claims):
            for changed, why in wrong(claim):
                claims = [*shown.claims]
                claims[number] = changed
                mutant = dataclasses.replace(shown, claims=claims)
                if is_false(mutant):
                    yield mutant, why
        for number in range(len(shown.given)):
            given = [*shown.given[:number], *shown.given[number + 1 :]]
            mutant = dataclasses.replace(shown, given=given)
            if is_false(mutant):
                yield mutant, "a premise lost"
    if shown.labels:
        mutant = dataclasses.replace(shown, labels="")
        if is_false(mutant):
            yield mutant, "a premise on the labels lost"


def is_false_step(shown, formula, changed):
    """Return whether a step of a derivation is wrong at one of the points."""
    classes = max(shown.classes, classes_named(shown.start), classes_named(changed))
    return any(
        not same_at(formula, changed, at)
        for case in shown.cases
        for at in points(shown.name, case, shown.labels, classes)
    )


def is_false(mutant):
    """Return whether a statement is false by the numeric reading."""
    try:
        mutant.prove() if isinstance(mutant, Derivation) else mutant.check()
    except (AssertionError, ArithmeticError, IndexError, KeyError, TypeError, ValueError):
        return True
    return False


def proof_of(label):
    """Return the proof of a statement, and the lines that open its file."""
    text = (PROOFS / f"{FILES[label]}.v").read_text("utf-8")
    name = identifier(label)
    found = re.search(
        rf"^Theorem {name} : Statement\.{name}\.\n(Proof\..*?Qed\.)", text, re.M | re.S
    )
    opening = text[text.index("From Coq") : text.index("Set Implicit")]
    return found[1], opening


def is_refused(label, mutant, folder):
    """Return whether the proof of a statement fails for a mutant of it."""
    proof, opening = proof_of(label)
    coq, name = Coq(), identifier(label)
    for shown in SHOWN.values():  # so that all definitions have the names that they have there
        statement(shown, coq)
    known = set(coq.definitions)
    text = statement(mutant, coq)
    fresh = [
        f"Definition {new} {bound} : R :=\n  {body}.\n"
        for new, (bound, body) in coq.definitions.items()
        if new not in known
    ]
    file = folder / f"{tempfile.mktemp(prefix='Mutant', dir='').lstrip('/').replace('_', 'x')}.v"
    file.write_text(
        f"{opening}From Book Require Import {FILES[label]}.\n"
        "Set Implicit Arguments.\nUnset Strict Implicit.\nModule Mutant.\nImport Statement.\n"
        f"{''.join(fresh)}Definition {name} : Prop :=\n  {text}.\nEnd Mutant.\n"
        f"Theorem mutant : Mutant.{name}.\n"
        f"{proof.replace(f'Statement.{name}', f'Mutant.{name}')}\n",
        "utf-8",
    )
    command = ["coqc", "-Q", ".", "Book", "-w", "none", file.name]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
        )
        if "Syntax error" in done.stderr:
            raise SystemExit(f"{file}:\n{done.stderr}")
        return done.returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        for rest in folder.glob(f"*{file.stem}.*"):
            rest.unlink()


def main(labels):
    """Hold the proofs of the statements named, or of all, to their mutants."""
    folder = ROOT / "_build" / "coq"
    write(folder)
    compile_all(folder)
    labels = labels or [*SHOWN]
    made = [(label, *found) for label in labels for found in mutants(label)]
    with ThreadPoolExecutor(2) as pool:
        broken = list(pool.map(lambda label: is_refused(label, SHOWN[label], folder), labels))
        refused = list(pool.map(lambda m: is_refused(m[0], m[1], folder), made))
    for label, bad in zip(labels, broken, strict=True):
        if bad:
            print(f"not proved where it stands alone, unchanged: {label}")
    for (label, _, why), good in zip(made, refused, strict=True):
        if not good:
            print(f"still proved: {label}, {why}")
    print(f"{sum(refused)} of {len(made)} mutants refused")
    return all(refused) and not any(broken)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
