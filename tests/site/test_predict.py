"""Questions that are answered with one touch, and whose answers the code has printed."""

import nbformat
import pytest
from docutils import nodes
from nbformat.v4 import new_code_cell, new_notebook, new_output
from sphinx.application import Sphinx

from tests.conftest import ROOT, module

QUESTION = """# A page

:::{{predict}} {key}
{values}What is $1 + 1$?

{options}

Both are natural numbers.
:::
"""
OPTIONS = "- It is 2.\n- It is 25.\n\n  No: $25$ is far away.\n- It is 0.2."

right = module("book/_ext/predict").right


@pytest.mark.parametrize(
    ("value", "options", "k"),
    [
        ("It falls", ["It rises.", "It falls."], 1),
        ("falls", ["It rises", "It falls"], 1),
        ("2", ["25", "2.5", "0.2", "-2", "2 times"], 4),
        ("10", ["10 000", "10"], 1),
        (r"s_i \le 1", ["s_i < 1", r"S_I  \le  1"], 1),
    ],
)
def test_the_right_option_has_the_value(value, options, k):
    assert right(value, options) == k


@pytest.mark.parametrize(
    ("value", "options"),
    [("2", ["20", "12"]), ("falls", ["it falls", "it falls and rises"]), ("2", ["2", "2."])],
)
def test_none_or_several_right_options_are_an_error(value, options):
    with pytest.raises(ValueError, match="of the options"):
        right(value, options)


@pytest.fixture
def build(tmp_path):
    """Build a page with a question beside a cell that prints the answer; return page and errors."""

    def build(printed="sum: 2\n", key="sum", options=OPTIONS, values="", tags=("predict",)):
        cell = new_code_cell("", outputs=[new_output("stream", name="stdout", text=printed)])
        cell.metadata["tags"] = [*tags, "remove-cell"]
        text = QUESTION.format(key=key, options=options, values=values)
        page = new_notebook(cells=[nbformat.v4.new_markdown_cell(text), cell])
        nbformat.write(page, tmp_path / "index.ipynb")
        config = {
            "extensions": ["myst_nb", "predict"],
            "nb_execution_mode": "off",
            "myst_enable_extensions": ["colon_fence", "dollarmath"],
        }
        said = open(tmp_path / "said", "w+", encoding="utf-8")  # noqa: SIM115
        with said:
            app = Sphinx(
                tmp_path, None, tmp_path / "html", tmp_path / "tree", "html", config,
                status=None, warning=said, freshenv=True,
            )  # fmt: skip
            app.build()
            said.seek(0)
            return app.env.get_doctree("index"), said.read()

    return build


def test_a_question_is_built_with_its_answer(build):
    tree, said = build()
    assert "index.ipynb" not in said
    (question,) = [node for node in tree.findall() if type(node).__name__ == "predict"]
    assert question["right"] == 0
    (options,) = question.findall(nodes.bullet_list)
    assert [item.astext() for item in options] == ["It is 2.", "It is 25.", "It is 0.2."]
    assert question[-1].astext().split("\n\n") == [
        "It is 2.",
        "It is 25. No: 25 is far away.",
        "Both are natural numbers.",
    ]


def test_options_may_have_other_values(build):
    tree, said = build(printed="sum: b\n", values=":values: a, b, c\n\n")
    assert "index.ipynb" not in said
    (question,) = [node for node in tree.findall() if type(node).__name__ == "predict"]
    assert question["right"] == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"printed": "sum: 3\n"}, "0 of the options"),
        ({"printed": "sum: 2\nsum: 2\n"}, "printed twice"),
        ({"printed": "sum: it is\n"}, "3 of the options"),
        ({"key": "other"}, "no cell with the tag predict prints it"),
        ({"tags": ()}, "no cell with the tag predict prints it"),
        ({"options": "- It is 2."}, "two to four options"),
        ({"options": "No list."}, "two to four options"),
        ({"values": ":values: 2\n\n"}, "1 values for 3 options"),
    ],
)
def test_a_question_without_one_checked_answer_does_not_build(build, changed, message):
    _, said = build(**changed)
    assert message in said


SCRIPT = ROOT / "book/_static/predict.js"
HTML = """<p>Before</p><predict-question right="1">
<div class="question"><p>What is 1 + 1?</p></div>
<ul class="options"><li><p>1</p></li><li><p>2</p></li><li><p>3</p></li></ul>
<details class="answer"><summary>The answer</summary><p class="right">2</p><p>Why</p></details>
</predict-question>"""


@pytest.fixture
def question(browser):
    """A question, with the script of the book."""
    tab = browser.new_page()
    tab.set_content(HTML)
    tab.add_script_tag(path=SCRIPT)
    yield tab.locator("predict-question")
    tab.close()


def test_one_touch_answers_and_explains(question):
    options = question.get_by_role("button")
    assert options.all_text_contents() == ["1", "2", "3"]
    assert not question.get_by_text("Why").is_visible()
    assert question.get_by_role("status").text_content() == ""
    options.nth(2).click()
    assert question.get_by_role("status").text_content().startswith("Not quite")
    assert question.get_by_text("Why").is_visible()
    classes = options.evaluate_all("all => all.map(button => button.className)")
    assert classes == ["", "right", "wrong"]
    options.nth(1).click(force=True)  # it has been answered
    assert question.get_attribute("data-answered") == "wrong"
    pressed = options.evaluate_all("all => all.map(button => button.ariaPressed)")
    assert pressed == ["false", "false", "true"]


def test_the_right_answer_by_keyboard(question):
    key = question.page.keyboard.press
    key("Tab")
    key("Tab")
    key("Space")
    assert question.get_by_role("status").text_content().startswith("Yes")
    focused = question.page.evaluate("document.activeElement.textContent")
    assert focused == "2"  # the keyboard is not lost
    list_ = question.get_by_role("list")
    named_by = list_.get_attribute("aria-labelledby")
    assert question.page.locator(f"#{named_by}").inner_text() == "What is 1 + 1?"


def test_without_the_script_the_answer_is_folded_text(browser):
    tab = browser.new_page()
    tab.set_content(HTML)
    assert tab.get_by_role("button").count() == 0
    assert tab.get_by_role("listitem").all_text_contents() == ["1", "2", "3"]
    tab.get_by_text("The answer").click()
    assert tab.get_by_text("Why").is_visible()
    tab.close()
