"""How the four chapters of the article teach: ideas before code, questions, hints, attempts."""

import re

import pytest

from tests.book.reading import BOOK, printed, read, text_of
from tools.pages import notebooks_of_book

each_chapter = pytest.mark.parametrize(
    "path", notebooks_of_book("Chapters")[:4], ids=lambda path: path.stem
)


def tagged(path, tag):
    return [cell for cell in read(path).cells if tag in cell.metadata.get("tags", [])]


@each_chapter
def test_the_first_idea_comes_before_any_code(path):
    cells = read(path).cells
    first = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
    assert "setup" in cells[first].metadata["tags"]
    assert re.search(r"^## .*\n\n.{80}", "\n\n".join(cell.source for cell in cells[:first]), re.M)


@each_chapter
def test_three_questions_or_more_are_answered_by_cells(path):
    keys = re.findall(r"^:::\{predict\} (\S+)$", text_of(path), re.M)
    answers = [output.text for cell in tagged(path, "predict") for output in cell.outputs]
    assert len(keys) >= 3
    assert [text.partition(":")[0] for text in answers] == keys


@each_chapter
def test_each_explorable_is_followed_by_what_one_should_have_seen(path):
    text = text_of(path)
    assert len(re.findall(r":::\{explorer\}.*?\n:::\n\n:::\{seen\}", text, re.S)) == text.count(
        "{explorer}"
    )


@each_chapter
def test_each_exercise_is_marked_and_has_a_hint_before_its_solution(path):
    text = text_of(path)
    exercises = re.findall(r"^::::\{exercise\} (★+) \S.*?^::::$", text, re.M | re.S)
    hinted = re.findall(
        r"^::::\{exercise\} ★{1,3} [^\n]+\n:label: (\S+)\n.+?:::\{hint\}.+?^::::$.*?"
        r"\{solution(?:-start)?\} \1$",
        text,
        re.M | re.S,
    )
    assert len(hinted) == len(exercises) == text.count("{exercise}")
    assert set(exercises) == {"★", "★★", "★★★"}


@each_chapter
def test_there_is_a_bug_to_find_and_something_to_build(path):
    titles = re.findall(r"^::::\{exercise\} ★+ (.*)$", text_of(path), re.M)
    assert any("bug" in title for title in titles)
    assert any("Build" in title or "In one pass" in title for title in titles)


@each_chapter
def test_the_first_attempt_shows_what_is_wrong_with_it(path):
    (cell,) = tagged(path, "build")
    (output,) = cell.outputs
    assert re.search(r"^  (correct|robust) +NO: ", output.text, re.MULTILINE)
    assert re.search(r"^    (got|\w+ returned) ", output.text, re.MULTILINE)
    assert f'chapter="{path.stem}"' in cell.source


def test_the_digits_are_read_without_the_package():
    last = [c for c in read(BOOK / "combined-gradient.ipynb").cells if c.cell_type == "code"][-1]
    lines = [line for line in last.source.splitlines() if line]
    assert len(lines) <= 20
    assert "cecore" not in last.source
    share = re.search(r"read correctly: (.*)%", printed(BOOK / "combined-gradient.ipynb"))
    assert float(share[1]) > 97
