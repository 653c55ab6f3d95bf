import hashlib
import re

import pytest

from cecore.claims import CLAIMS
from tests.book.reading import BOOK, NOTEBOOKS, code_cells, code_of, printed, read, text_of
from tools.notebooks import COPIES, copies_of_figures, tidy
from tools.pages import files_of_book, notebooks_of_book

# Cells whose output is not compared with the stored one: notebook and number of the code cell.
# Only how long something takes may differ from run to run, and versions from one environment to
# another, so each of them prints a time or a version.
EXEMPT: list[tuple[str, int]] = []

PAGES, CHAPTERS = files_of_book(), notebooks_of_book("Chapters")
# The claims that a page states by their ids; the others, P, are printed from the registry.
STATED = [claim for claim in CLAIMS.values() if claim.id[0] != "P"]

each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def tags(cell):
    return cell.metadata.get("tags", [])


def is_exempt(cell):
    """Whether nbval does not run the cell or does not compare all that it prints."""
    return any("nbval" in tag.lower() for tag in tags(cell)) or bool(
        re.search(r"^\s*#+\s*(NBVAL|PYTEST_VALIDATE)_", cell.source, re.M)
    )


def pictures(cell):
    return [output for output in cell.outputs if "image/png" in output.get("data", {})]


def test_the_notebooks_are_those_in_the_table_of_contents():
    assert sorted(notebooks_of_book()) == NOTEBOOKS
    assert len(CHAPTERS) > 7


@each_notebook
def test_every_cell_was_run_and_in_order(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_every_cell_of_a_notebook_has_an_id_of_its_own(path):
    ids = [cell.get("id") for cell in read(path).cells]  # a lab finds a cell by it
    assert None not in ids
    assert len(set(ids)) == len(ids)


@each_notebook
def test_make_notebooks_would_leave_everything_but_outputs_as_it_is(path):
    assert path.read_bytes().decode() == tidy(read(path))


@each_notebook
def test_no_cell_shows_an_error_that_is_not_announced(path):
    for cell in code_cells(path):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        assert len(errors) == ("raises-exception" in tags(cell)), cell.source
        assert "stderr" not in [output.get("name") for output in cell.outputs], cell.source


@each_notebook
def test_no_output_depends_on_the_machine(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            data = {
                kind: text for kind, text in output.get("data", {}).items() if "image" not in kind
            }
            shown = f"{output.get('text', '')} {data} {output.get('evalue', '')}"
            assert not re.search(r" at 0x[0-9a-f]{6}|/(home|root|tmp|Users|work)/", shown), (
                cell.source
            )


def test_the_exempt_cells_are_those_listed_and_print_a_time_or_a_version():
    exempt = {
        (path.name, number): cell
        for path in NOTEBOOKS
        for number, cell in enumerate(code_cells(path))
        if is_exempt(cell)
    }
    assert sorted(exempt) == sorted(EXEMPT)
    for cell in exempt.values():
        printed = "".join(output.get("text", "") for output in cell.outputs)
        time = r"\d *(s|ms|µs|us|ns|seconds|milliseconds|microseconds)\b"
        assert re.search(rf"{time}|^NumPy \d+\.\d+", printed)


def test_every_picture_has_its_own_alternative_text():
    texts = []
    for path in NOTEBOOKS:
        for cell in code_cells(path):
            if drawn := pictures(cell):
                assert len(drawn) == 1, "one alternative text cannot describe several pictures"
                texts.append(cell.metadata["mystnb"]["image"]["alt"])
    assert texts
    assert [text for text in texts if len(text) < 40] == []
    assert [text for text in texts if texts.count(text) > 1] == []


@each_notebook
def test_every_chapter_uses_the_package(path):
    assert re.search(r"^(import cecore\b|from cecore\b.* import )", code_of(path), re.M)


@each_chapter
def test_every_chapter_has_exercises_each_with_a_solution(path):
    text = text_of(path)
    exercises = re.findall(r"^[:`]{3,}\{exercise\}.*\n:label: (\S+)$", text, re.M)
    assert len(exercises) == len(re.findall(r"\{exercise(?:-start)?\}", text)), "a label is missing"
    solutions = re.findall(r"^[:`]{3,}\{solution(?:-start)?\} (\S+)$", text, re.M)
    assert len(exercises) >= 3
    assert solutions == exercises
    assert text.count("{solution-start}") == text.count("{solution-end}")


@each_chapter
def test_every_chapter_shows_the_naive_way_and_closes_with_a_summary(path):
    headings = re.findall(r"^##+ (.*)$", text_of(path), re.M)
    assert any("naive" in heading.lower() for heading in headings)
    assert re.search(r"summary|five lines", headings[-1].lower())


def marked(kind=r"\.stmt"):
    """Page and id of every statement, or reference to one, in the order of the book."""
    pattern = re.compile(rf"\[([^]\[]*)\]\{{[^}}]*{kind}(?=[ }}])[^}}]*\}}")
    return [(path.stem, name) for path in PAGES for name in pattern.findall(text_of(path))]


def test_every_statement_stands_once_and_in_the_chapter_that_its_claim_names():
    assert sorted(marked()) == sorted((claim.chapter, claim.id) for claim in STATED)


@pytest.mark.parametrize("series", ["S", "B", "R"])
def test_statements_are_numbered_without_gaps(series):
    numbers = sorted(int(claim.id[1:]) for claim in STATED if claim.id[0] == series)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_references_to_statements_name_one_that_exists():
    assert {name for _, name in marked(r"\.stmt-ref")} <= {claim.id for claim in STATED}


@each_chapter
def test_every_check_that_is_printed_holds(path):
    assert "True" in printed(path)
    assert "False" not in printed(path)


@each_notebook
def test_code_fits_the_page(path):
    assert [line for line in code_of(path).splitlines() if len(line) > 80] == []


def test_figures_shown_outside_a_notebook_are_those_of_the_notebook():
    copies = dict(copy for path in NOTEBOOKS for copy in copies_of_figures(read(path)))
    assert set(copies) == set(COPIES.values())
    for file, picture in copies.items():
        assert file.read_bytes() == picture, "run make notebooks"


def test_a_formula_is_referred_to_by_its_number():
    for path in PAGES:  # a link's own text would not be shown
        assert "](eq-" not in text_of(path)


def test_the_data_are_those_whose_origin_is_stated():
    stated = (BOOK / "data" / "README.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((BOOK / "data" / "optdigits.csv.gz").read_bytes()).hexdigest()
    assert digest in stated
