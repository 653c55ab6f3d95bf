"""Predict, then reveal: a question with options, whose right answer a code cell has printed.

    :::{predict} rabbit
    How much does the dog lose?

    - Nothing.

      Its logit has not moved, but the sum has.
    - About a third.
    :::

A cell of the same notebook with the tag `predict` prints lines such as ``rabbit: About a third``,
and nbval confirms them. The option with this text, or the only one in which it stands, is right. With
``:values: 0, 1/3`` the options have these values instead. If no option is right, or more than one,
the page does not build. What follows an option in its item explains it; what follows the list
explains them all. Without scripts, and on paper, the answer is text, folded where it can be.
"""

import re

import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from elements import add_element

ANSWER = re.compile(r"^([\w-]+): *(.+?) *$", re.M)


class predict(nodes.General, nodes.Element):  # noqa: N801, as docutils has it
    pass


class answer(nodes.General, nodes.Element):  # noqa: N801
    pass


def answers(path):
    """Return what the cells with the tag `predict` of a notebook have printed, by its key."""
    if not path.endswith(".ipynb"):
        return {}
    found = []
    for cell in nbformat.read(path, 4).cells:
        if "predict" in cell.metadata.get("tags", ()):
            found += ANSWER.findall("".join(output.get("text", "") for output in cell.outputs))
    keys = [key for key, _ in found]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise ValueError(f"answers are printed twice: {sorted(twice)}")
    return dict(found)


def plain(text):
    """Return a text as it is compared: one space between words, no full stop, no case."""
    return " ".join(text.split()).rstrip(".").casefold()


def right(value, options):
    """Return the index of the one option that has this value."""
    value, options = plain(value), [plain(option) for option in options]
    same = [i for i, option in enumerate(options) if option == value]
    # 2 stands in "2 times", but not in 25, in 2.5 or in 0.2.
    word = re.compile(rf"(?<![\w.\-−]){re.escape(value)}(?!\w|[.,]\d)")
    found = same or [i for i, option in enumerate(options) if word.search(option)]
    if len(found) != 1:
        raise ValueError(f"{len(found)} of the options {options} are {value!r}")
    return found[0]


class Predict(SphinxDirective):
    required_arguments = 1
    option_spec = {"values": directives.unchanged_required}  # noqa: RUF012, as docutils has it
    has_content = True

    def run(self):
        self.assert_has_content()
        key, parsed = self.arguments[0], nodes.container()
        self.state.nested_parse(self.content, self.content_offset, parsed)
        lists = [i for i, child in enumerate(parsed) if isinstance(child, nodes.bullet_list)]
        if len(lists) != 1 or lists == [0] or not 2 <= len(parsed[lists[0]]) <= 4:
            raise self.error(f"predict {key}: a question, then one list of two to four options")
        (at,) = lists
        items = [list(item) for item in parsed[at]]
        options = [item[0] for item in items]
        values = [option.astext() for option in options]
        if "values" in self.options:
            values = [value.strip() for value in self.options["values"].split(",")]
            if len(values) != len(options):
                raise self.error(f"predict {key}: {len(values)} values for {len(options)} options")
        try:
            k = right(answers(self.env.doc2path(self.env.docname))[key], values)
        except KeyError:
            raise self.error(f"predict {key}: no cell with the tag predict prints it") from None
        except ValueError as error:
            raise self.error(f"predict {key}: {error}") from None

        revealed = answer()
        for i in sorted(range(len(items)), key=lambda i: i != k):
            why = items[i][1:]
            if i == k or why:
                head = nodes.paragraph(classes=["right" if i == k else "wrong", f"option-{i}"])
                head += nodes.strong("", "", *[child.deepcopy() for child in options[i]])
                if i != k and isinstance(why[0], nodes.paragraph):
                    between = " " if options[i].astext()[-1] in ".?!" else ": "
                    head += [nodes.Text(between), *why.pop(0).children]
                revealed += [head, *why]
        revealed += parsed[at + 1 :]
        choice = nodes.bullet_list(classes=["options"])
        choice += [nodes.list_item("", option) for option in options]
        question = nodes.container(classes=["question"])
        question += parsed[:at]
        node = predict(right=k)
        node += [question, choice, revealed]
        self.set_source_info(node)
        return [node]


def visit_predict(self, node):
    self.body.append(self.starttag(node, "predict-question", right=node["right"]))


def depart_predict(self, node):
    self.body.append("</predict-question>\n")


def visit_answer(self, node):
    self.body.append('<details class="answer"><summary>The answer</summary>\n')


def depart_answer(self, node):
    self.body.append("</details>\n")


def setup(app):
    add_element(app, predict, visit_predict, depart_predict, "predict.js")
    add_element(app, answer, visit_answer, depart_answer)
    app.add_directive("predict", Predict)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
