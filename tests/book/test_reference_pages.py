"""The pages one looks things up on: notation, terms, and the cheat sheet."""

import re

import numpy as np
import pytest

import cecore
from cecore.proofs.book import DERIVATIONS
from tests.book.displays import DISPLAYS
from tests.book.reading import BOOK, NOTEBOOKS, displays, text_of
from tests.conftest import module

SHEET, NOTATION, TERMS = (
    (BOOK / f"{name}.md").read_text("utf-8") for name in ("cheatsheet", "notation", "terms")
)
LINK = re.compile(r"\{(?:eq|prf:ref|numref)\}`[\w-]+`|\]\([\w.-]+\)")


def rows(page):
    """The cells of every table, row by row, without the headings."""
    lines = re.findall(r"^\| (.*) \|$", page, re.M)
    cells = [[cell.strip() for cell in line.split(" |")] for line in lines]
    return [row for row in cells if row[0] not in ("what", "letter")]


@pytest.fixture(scope="module")
def formula():
    """What the book's own extension shows for a label."""
    return module("book/_ext/checked").formula


# The cheat sheet ---------------------------------------------------------------------------------

z = np.random.default_rng(8).normal(size=(5, 3))
v, p, q, y = z[::-1], cecore.softmax(z), cecore.softmax(-z), cecore.softmax(2 * z)
VALUES = {"z": z, "v": v, "p": p, "q": q, "y": y, "k": np.array([0, 2, 1, 1, 0]), "n": 3}
VALUES |= {"T": 2.0, "eps": 0.1, "w": np.ones((5, 1)), "X": np.ones((5, 7)), "b": v[0]}
VALUES |= {"W": np.ones((7, 3))}


def calls():
    return [(row[2].strip("`"), row[3].replace("`", "")) for row in rows(SHEET) if row[2]]


@pytest.mark.parametrize(("call", "shape"), calls())
def test_a_function_of_the_cheat_sheet_gives_the_shape_beside_it(call, shape):
    got = eval(call, vars(cecore) | VALUES)
    got = got if isinstance(got, tuple) else (got,)
    want = eval(f"({shape},)", {"N": 5, "n": 3, "d": 7})
    assert [np.shape(part) for part in got] == list(want)


def test_every_function_of_the_package_is_on_the_cheat_sheet():
    assert set(cecore.__all__) == set(
        re.findall(r"\w+(?=\()", " ".join(re.findall("`.*?`", SHEET)))
    )


def test_every_formula_of_the_cheat_sheet_is_proved_or_computed_elsewhere():
    labels = re.findall(r"\{checked\}`([\w-]+)", SHEET)
    assert len(labels) > 20
    assert set(labels) <= set(DERIVATIONS) | set(DISPLAYS)
    assert "=" not in "".join(re.findall(r"\$(.*?)\$", SHEET))  # none is the author's own
    assert not re.search(r"\{math\}|\$\$", SHEET + NOTATION + TERMS)


@pytest.mark.parametrize("label", [label for label, _ in displays()])
def test_a_formula_shown_again_is_made_of_sides_that_were_checked(formula, label):
    # which say "at most", or the size of a matrix
    if label in ("eq-convex", "eq-forward", "eq-backward", "eq-soft-maximum", "eq-sandwich"):
        with pytest.raises(ValueError, match="more than equations"):
            formula(label)
        return
    display = dict(displays())[label]
    plain = re.sub(r"[\s&]|\\\\(\[4pt\])?", "", display)
    shown = re.sub(r"\s", "", formula(label))
    first, _, last = shown.partition("=")
    assert plain.removeprefix(r"\begin{aligned}").startswith(first)
    assert last.replace("&", "").replace(r"\\", "") in plain


def test_a_line_of_a_display_goes_on_with_the_line_before(formula):
    assert formula("eq-jvp", 2).startswith("(J v)_i = s_i \\Bigl(")
    assert formula("eq-kl", 1) == r"H(p, q) = H(p) + \operatorname{KL}(p \,\|\, q)"
    assert formula("eq-kl", 2).startswith(r"\operatorname{KL}(p \,\|\, q) = \sum_i")
    assert formula("eq-logistic", 2) == r"s_1 = \frac{1}{1 + e^{- \left( z_1 - z_2 \right)}}"
    assert formula("eq-logistic") == r"s_1 = \sigma(z_1 - z_2)"


# Notation and terms ------------------------------------------------------------------------------


def test_every_letter_stands_once_and_says_where_it_comes_in():
    letters = [letter for row in rows(NOTATION) for letter in row[0].split(", $")]
    assert len(set(letters)) == len(letters) > 20
    for row in rows(NOTATION):
        assert len(row) == 4, row
        assert LINK.search(row[3]) or row[0] == r"$\ln$", row


def test_every_letter_occurs_in_the_book():
    book = "".join(text_of(path) for path in NOTEBOOKS)
    for row in rows(NOTATION):
        letter = re.match(r"\$(.*?)(?: =.*)?\$", row[0])[1]
        assert letter.replace(r"\Vert", r"\|") in book, letter


def glossary():
    (content,) = re.findall(r"```\{glossary\}\n(.*?)```", TERMS, re.S)
    return dict(re.findall(r"^(\S.*)\n  (.+)$", content, re.M))


def test_every_term_has_one_sentence_and_leads_to_its_place():
    terms = glossary()
    assert len(terms) > 30
    assert list(terms) == sorted(terms, key=str.lower)
    for term, definition in terms.items():
        assert len(LINK.findall(definition)) == 1, term
        sentence = re.sub(r"\.? ?(\{[\w:]+\}`[\w-]+`|\[[A-Z][\w -]*\]\([\w.-]+\))$", "", definition)
        assert "." not in sentence.rstrip("."), term


def test_every_term_is_a_word_of_the_book():
    book = "".join(text_of(path) for path in NOTEBOOKS).lower()
    stems = {term: term.lower().removesuffix("ion").removesuffix("s") for term in glossary()}
    assert [term for term, stem in stems.items() if stem not in book] == []


# The reference of the functions ------------------------------------------------------------------

FUNCTIONS = (BOOK / "functions.md").read_text("utf-8")
ENTRY = re.compile(
    r"^\.\. auto\w+:: ([\w.]+)(?:\(\))?\n(?:   :.*\n)*\n   In the book: :doc:`(.*)`", re.M
)


def test_every_function_is_in_the_reference_and_its_table():
    entries = {name for name, _ in ENTRY.findall(FUNCTIONS)}
    assert {f"cecore.{name}" for name in cecore.__all__} <= entries
    assert {row[2].split("](")[1].strip(")") for row in rows(FUNCTIONS)[1:]} == entries


@pytest.mark.parametrize(("name", "chapter"), ENTRY.findall(FUNCTIONS))
def test_a_function_and_its_chapter_lead_to_each_other(name, chapter):
    assert f"]({name})" in text_of(BOOK / f"{chapter}.ipynb")
