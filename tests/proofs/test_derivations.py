import dataclasses
import re

import pytest

from cecore.claims import CLAIMS
from cecore.proofs.book import CHAPTERS, DERIVATIONS
from cecore.proofs.derivation import FalseStepError
from cecore.proofs.formula import Expr
from cecore.proofs.language import classes_named
from cecore.proofs.latex import latex
from cecore.proofs.numeric import arithmetic, points, same_at
from cecore.proofs.symbolic import same_for_every_n
from tests.book.displays import DISPLAYS
from tests.book.reading import NOTEBOOKS, displays, text_of
from tests.conftest import ROOT
from tools.pages import DISPLAY, pages_of_book

each_derivation = pytest.mark.parametrize("label", DERIVATIONS)


# What a derivation says that it assumes. All others say nothing.
ASSUMED = {
    "eq-numerator-same": "i = j",
    "eq-denominator-same": "i = j",
    "eq-case-same": "i = j",
    "eq-numerator-other": "i != j",
    "eq-denominator-other": "i != j",
    "eq-case-other": "i != j",
    "eq-derivative": "i = j and i != j",
    "eq-loss-one-hot": "y one-hot",
    "eq-shortcut": "y one-hot",
    "eq-two-cases": "i = j and i != j",
    "eq-true-class": "j = k",
    "eq-other-class": "j != k",
    "eq-gradient": "j = k and j != k and y one-hot",
    "eq-weight-above": "y sum to 1",
    "eq-hidden": "y sum to 1",
    "eq-weight-below": "y sum to 1",
    "eq-warm": "y sum to 1",
    "eq-smoothed-gradient": "y sum to 1",
    "eq-class-weight": "j = k and j != k and y one-hot",
    "eq-weighted-mean": "y sum to 1",
    "eq-focal": "n >= 2 with y one-hot",
    "eq-focal-factor": "n >= 2",
    "eq-slope": "y sum to 1",
    "eq-recompute": "y sum to 1",
    "eq-shifted-gradient": "y sum to 1",
    "eq-z-loss": "y sum to 1",
    "eq-soft-cap": "y sum to 1",
}


# What is proved in passing, and is no claim.
ASIDES = {"exercise", "shift", "surprise", "tanh"}


def test_what_is_proved_is_a_claim_or_known_to_be_none():
    assert {shown.name for shown in DERIVATIONS.values()} - CLAIMS.keys() == ASIDES


@each_derivation
def test_every_step_holds_and_nothing_else_is_assumed(label):
    derivation, given = DERIVATIONS[label], ASSUMED.get(label, "")
    steps = f"{len(derivation.steps)} step{'s' * (len(derivation.steps) != 1)}"
    if not given.startswith("n >= "):
        given = f"n{' with ' * bool(given)}{given}"
    assert derivation.prove().startswith(
        f"{derivation.name}: {steps} proved for every {given}, and confirmed"
    )


# Every premise of a proof, and the words in the chapter that state it. (A number that may have any
# sign, and logits and labels that may be any numbers, are no premise.)
ONE_HOT = "The label is one-hot: one class $k$ is the true one"
CASE_SAME, CASE_OTHER = "## First case: $i = j$", "## Second case: $i \\neq j$"
BOTH = {"i = j": r"\text{if } i = j", "i != j": r"\text{if } i \neq j"}
POSITIVE = "Suppose first that no probability is 0"
TRUE = {"j = k": r"\text{if } j = k", "j != k": r"\text{if } j \neq k", "y one-hot": ONE_HOT}
SUM_1 = {"y sum to 1": "whose label $y$ sums to 1"}
FOCAL = {
    "n >= 2": r"Let there be $n \ge 2$ classes. For the true class $k$ and its one-hot label $y$",
    r"\gamma >= 0": r"with some $\gamma \ge 0$",
}
PREMISES = {
    "eq-numerator-same": {"i = j": CASE_SAME},
    "eq-denominator-same": {"i = j": CASE_SAME},
    "eq-case-same": {"i = j": CASE_SAME},
    "eq-numerator-other": {"i != j": CASE_OTHER},
    "eq-denominator-other": {"i != j": CASE_OTHER},
    "eq-case-other": {"i != j": CASE_OTHER},
    "eq-derivative": BOTH,
    "eq-logistic": {"n >= 2": "For $n = 2$, softmax is the logistic function"},
    "eq-temperature": {"T > 0": r"softmax}(z / T)$ at a temperature $T > 0$"},
    "eq-surprise": {
        "q_1 > 0": "two independent events have probabilities $q_1$ and $q_2$ above 0",
        "q_2 > 0": "two independent events have probabilities $q_1$ and $q_2$ above 0",
    },
    "eq-kl-proof": {
        "p a distribution without a zero": "over the classes with $p_i > 0$",
        "q a distribution without a zero": "If some $p_i > 0$ meets $q_i = 0$, both sides are",
    },
    "eq-gibbs": dict.fromkeys([f"{x} a distribution without a zero" for x in "pq"], POSITIVE),
    "eq-shortfall": {"p a distribution without a zero": "A class with $p_i = 0$ adds nothing"},
    "eq-loss-one-hot": {"y one-hot": ONE_HOT},
    "eq-shortcut": {"y one-hot": "For a one-hot label there is a shortcut"},
    "eq-two-cases": BOTH,
    "eq-true-class": {"j = k": "If $j$ is the true class as well, $j = k$"},
    "eq-other-class": {"j != k": r"If $j$ is another class, $j \neq k$"},
    "eq-gradient": TRUE,
    "eq-weight-above": SUM_1,
    "eq-hidden": SUM_1,
    "eq-weight-below": SUM_1,
    "eq-warm": {"y sum to 1": "with a label $y$ that sums to 1", "T > 0": "A temperature $T > 0$"},
    "eq-smoothed-gradient": {"y sum to 1": "If $y$ sums to 1, the loss of"},
    "eq-distillation": {
        "T > 0": "both at temperature $T$",
        "p a distribution without a zero": r"Here $p = \operatorname{softmax}(v/T)$",
    },
    "eq-class-weight": {
        "j = k": "with the true class $k$, this is",
        "j != k": "with the true class $k$, this is",
        "y one-hot": "If $y$ is one-hot, only $w_k y_k = w_k$ is left",
    },
    "eq-weighted-mean": {"y sum to 1": "and labels that sum to 1. With respect to"},
    "eq-focal": {"y one-hot": "its one-hot label $y$"} | FOCAL,
    "eq-focal-factor": FOCAL,
    "eq-slope": {"y sum to 1": "with a label $y$ that sums to 1"},
    "eq-recompute": {"y sum to 1": "For a label $y$ that sums to 1"},
    "eq-shifted-gradient": {"y sum to 1": "with a label that sums to 1, has the gradient"},
    "eq-adjusted": {
        "p a distribution without a zero": "where they have the shares $p_i > 0$",
        "q a distribution without a zero": "where the shares are $q_i > 0$",
    },
    "eq-z-loss": {"y sum to 1": "and a label that sums to 1,"},
    "eq-soft-cap": {
        "y sum to 1": "and a label that sums to 1. The loss",
        "C > 0": r"= C \tanh (z_i / C)$ with $C > 0$",
    },
}


@each_derivation
def test_what_a_proof_assumes_is_what_the_chapter_says(label):
    stated = PREMISES.get(label, {})
    assert sorted(DERIVATIONS[label].premises()) == sorted(stated)
    (page,) = (text_of(path) for path in NOTEBOOKS if f":label: {label}\n" in text_of(path))
    for words in stated.values():
        assert words in " ".join(page.split()) or words in page


def names_in(x):
    """Yield the names in a formula, and what is written by them."""
    if isinstance(x, Expr):
        if x.kind == "named":
            yield x.parts
        for part in x.parts:
            yield from names_in(part)


@each_derivation
def test_two_names_do_not_stand_for_the_same(label):
    """Or else it would be proved for a special case only."""
    formulas = [DERIVATIONS[label].start, *(f for f, _ in DERIVATIONS[label].steps)]
    named_so = {(definition, name) for f in formulas for name, definition in names_in(f)}
    assert len({definition for definition, _ in named_so}) == len(named_so)


@each_derivation
def test_the_chapter_shows_the_derivation_that_is_proved(label):
    assert [shown for name, shown in displays() if name == label] == [DERIVATIONS[label].latex()]


def test_every_other_display_is_known_for_what_it_is():
    labels = [label for label, _ in displays()]
    assert sorted(labels) == sorted([*DERIVATIONS, *DISPLAYS])


def test_no_formula_is_displayed_without_a_label():
    for path in [*NOTEBOOKS, ROOT / "book" / "index.md"]:
        text = text_of(path)
        assert text.count("{math}") == len(DISPLAY.findall(text)), path
        unnumbered = re.findall(r"^\$\$(.*?)\$\$", text, re.M | re.S)
        assert unnumbered == ([] if path in NOTEBOOKS else ["\n\\nabla_z L = s - y ,\n"])


def test_the_worked_example_is_right_in_every_digit():
    pytest.importorskip("mpmath")
    mp = arithmetic()
    (shown,) = [shown for label, shown in displays() if label == "eq-example"]
    e = [mp.exp(x) for x in ("2.0", "1.0", "0.1")]
    want = [*e, sum(e), *[x / sum(e) for x in e]]
    assert re.findall(r"\d+\.\d{6}", shown) == [f"{float(x):.6f}" for x in want]


# A formula that is slightly wrong ----------------------------------------------------------------


def slightly_wrong(x):
    """Yield the formula with one sign flipped, one index swapped, or one number changed."""
    if not isinstance(x, Expr):
        return
    match x.kind, x.parts:
        case (("+" | "-"), parts):
            yield Expr("-" if x.kind == "+" else "+", parts)
        case "negative", (a,):
            yield a
        case "/", (a, b):
            yield Expr("/", (b, a))
        case "integer", (number,):
            yield Expr("integer", (number + 1,))
        case "entry", (name, index) if index in "ij":
            yield Expr("entry", (name, "j" if index == "i" else "i"))
        case "delta", (i, j):
            yield Expr("delta", (i, i))
        case "cases", (i, j, a, b):
            yield Expr("cases", (i, j, b, a))
    if x.kind not in ("named", "derivative"):
        for place, part in enumerate(x.parts):
            for wrong in slightly_wrong(part):
                yield Expr(x.kind, (*x.parts[:place], wrong, *x.parts[place + 1 :]))


def shown_in(formula):
    """Yield what a reader sees: of what has a name, the name."""
    yield formula
    for part in formula.parts if formula.kind != "named" else ():
        if isinstance(part, Expr):
            yield from shown_in(part)


@each_derivation
def test_what_looks_the_same_is_the_same(label):
    derivation = DERIVATIONS[label]
    meant = {}
    for formula in (derivation.start, *(formula for formula, _ in derivation.steps)):
        for part in shown_in(formula):
            if part.kind in ("named", "entry", "letter"):
                assert meant.setdefault(latex(part), part) == part


@each_derivation
def test_the_two_checks_agree_on_every_step_made_slightly_wrong(label):
    derivation = DERIVATIONS[label]
    chain = [derivation.start, *(formula for formula, _ in derivation.steps)]
    given = derivation.labels, max(derivation.classes, *map(classes_named, chain))
    refuted = 0
    for formula, _ in derivation.steps:
        for wrong in [*slightly_wrong(formula), -formula]:
            for case in derivation.cases:
                at_points = points(derivation.name, case, *given)
                seen = all(same_at(formula, wrong, at) for at in at_points)
                proved = same_for_every_n(formula, wrong, case, *given)
                assert seen == proved, f"{latex(formula)} and {latex(wrong)}, {case}"
                refuted += not seen
    assert refuted > 0


@each_derivation
def test_a_false_step_is_named(label):
    derivation = DERIVATIONS[label]
    for number, (formula, reason) in enumerate(derivation.steps):
        steps = [*derivation.steps]
        steps[number] = (formula + 1, reason)
        wrong = dataclasses.replace(derivation, name="X", steps=steps)
        named = f"X, step {number + 1}{f' ({reason})' * bool(reason)} does not hold"
        with pytest.raises(FalseStepError, match=re.escape(named)):
            wrong.prove()


def test_a_derivation_stands_in_the_file_of_the_chapter_that_shows_it():
    shown = {path.stem: text_of(path) for path in NOTEBOOKS}
    for chapter in CHAPTERS:
        name = chapter.__name__.rpartition(".")[2].replace("_", "-")
        for label in chapter.DERIVATIONS:
            assert f":label: {label}\n" in shown[name], f"{label} is not shown in {name}"


def test_the_derivations_of_all_chapters_are_there_in_the_order_of_the_book():
    assert [*DERIVATIONS] == [label for chapter in CHAPTERS for label in chapter.DERIVATIONS]
    order = [page.rpartition("/")[2] for page in pages_of_book()]
    names = [chapter.__name__.rpartition(".")[2] for chapter in CHAPTERS]
    assert sorted(names, key=lambda name: order.index(name.replace("_", "-"))) == names
    files = {path.stem for path in (ROOT / "cecore" / "proofs" / "book").glob("*.py")}
    assert files == {*names, "__init__", "names"}
