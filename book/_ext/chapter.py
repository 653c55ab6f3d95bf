"""How a chapter begins, how its parts are numbered and named, and what is folded in it.

``:::{opener} A question?`` with a list of what the reader will be able to do, and `:needs:`. The
number of the chapter and the minutes it takes are added here: 150 words a minute, and for the
exercises, whose titles begin with one, two or three stars, 3, 8 or 15 minutes each.

``:::{seen}`` is what the reader should have seen in an explorable, folded.
"""

import re
from string import ascii_uppercase

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.util.docutils import SphinxDirective
from sphinx_exercise.nodes import exercise_enumerable_node, exercise_node, solution_node
from sphinx_proof.nodes import proof_node

from elements import add_element

WORDS = 150  # that a reader reads in a minute, formulas and pictures included
STARS = re.compile(r"^(★{1,3}) ")
MINUTES = {0: 8, 1: 3, 2: 8, 3: 15}
ASIDE = (nodes.literal_block, nodes.math_block, solution_node)


class facts(nodes.General, nodes.Element):  # noqa: N801, as docutils has it
    """The line with the minutes, known when the page has been read."""


class seen(nodes.General, nodes.Element):  # noqa: N801
    pass


class Opener(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"needs": directives.unchanged_required}  # noqa: RUF012, as docutils has it
    has_content = True

    def run(self):
        self.assert_has_content()
        box = nodes.container(classes=["opener"])
        box += self.line(self.arguments[0], "question")
        box += nodes.paragraph("", "You will be able to", classes=["head"])
        able = nodes.container(classes=["able"])
        self.state.nested_parse(self.content, self.content_offset, able)
        box += able
        if "needs" in self.options:
            box += self.line(self.options["needs"], "needs", "You need: ")
        box += facts()
        return [box]

    def line(self, text, kind, before=""):
        inside, messages = self.state.inline_text(text, self.lineno)
        return nodes.paragraph("", before, *inside, *messages, classes=[kind])


class Seen(SphinxDirective):
    has_content = True

    def run(self):
        self.assert_has_content()
        node = seen()
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def minutes(doctree):
    """Return the minutes for the text of a page, and those for its exercises."""
    exercises = [*doctree.findall(exercise_node), *doctree.findall(exercise_enumerable_node)]
    ends = {id(node) for node in exercises}
    words, work = 0, 0
    for exercise in exercises:
        stars = STARS.match(exercise.children[0].astext())
        work += MINUTES[len(stars[1]) if stars else 0]
    for text in doctree.findall(nodes.Text):
        above, node = [], text.parent
        while node is not None:
            above.append(node)
            node = node.parent
        if not any(isinstance(n, ASIDE) or id(n) in ends for n in above):
            words += len(text.split())
    return words / WORDS, work


def rounded(time):
    """Return minutes as one says them."""
    return max(5, 5 * round(time / 5))


def say_minutes(app, doctree):
    for node in list(doctree.findall(facts)):
        reading, work = minutes(doctree)
        said = f"{rounded(reading)} minutes to read"
        if work:
            said += f", {rounded(work)} for the exercises"
        node.replace_self(nodes.paragraph("", said, classes=["minutes"]))


def fold_code(app, doctree, docname):
    """Put folded code below what it has drawn or printed, and say what it is."""
    for code in list(doctree.findall(HideCodeCellNode)):
        cell = code.parent
        if "tag_setup" in cell["classes"]:
            named = "Set-up"
        elif "above-output" in code["classes"]:  # of a cell that shows a function's source
            named = "The source in cecore"
        elif any(cell.findall(nodes.image)):
            named = "Code of this figure"
        else:
            named = "Code"
        code["prompt_show"] = code["prompt_hide"] = named
        cell.remove(code)
        cell.append(code)


def letter_the_appendix(app, env):
    """Number the figures of the appendix A.1, A.2, as those of the first chapter are 1.1, 1.2."""
    pages = [page for page in env.toctree_includes.get("book/index", ()) if page in env.all_docs]
    pages = [page for page in pages if not env.toc_secnumbers.get(page)]
    numbered = [page for page in pages if any(env.toc_fignumbers.get(page, {}).values())]
    for letter, page in zip(ascii_uppercase, numbered, strict=False):
        for numbers in env.toc_fignumbers[page].values():
            for n, name in enumerate(sorted(numbers, key=numbers.get), 1):
                numbers[name] = (letter, n)
    return []


TITLE = re.compile(
    r'(<span class="caption-number">(?:Theorem|Definition|Exercise) [\w.]+) </span> \((.*?)\)</p>',
    re.S,
)
STATEMENT = re.compile(r'\s*(<a class="stmt .*?</a>)\s*$', re.S)


def titled(match):
    title, tag = match[2], STATEMENT.search(match[2])
    after = f" {tag[1]}" if tag else ""
    return f'{match[1]}</span> <span class="title">{STATEMENT.sub("", title)}</span>{after}</p>'


def mark_proofs(app, doctree, docname):
    """Set "Proof." apart from what follows, and mark the end in the last line, if that is text."""
    for proof in doctree.findall(proof_node):
        (box,) = proof
        box["ids"] = []  # the same for all
        first = next(iter(box.findall(nodes.Text)))
        word, rest = first.split(" ", 1) if " " in first else (first, "")
        at = first.parent.index(first)
        first.parent[at : at + 1] = [
            nodes.inline("", word, classes=["proof-word"]),
            nodes.Text(f" {rest}"),
        ]
        end = '<span class="proof-end" role="img" aria-label="end of proof">∎</span>'
        last = box[-1] if isinstance(box[-1], nodes.paragraph) else box
        last += nodes.raw("", end, format="html")


def name_parts(app, page, template, context, doctree):
    """Say "Chapter 1" above its title, and give theorems one look."""
    if doctree is None:
        return
    body = context["body"]
    body = re.sub(
        r'<span class="section-number">(\d+)\.\s*</span>',
        r'<span class="section-number">Chapter \1</span> ',
        body,
        count=1,
    )
    context["body"] = TITLE.sub(titled, body)


def visit_seen(self, node):
    self.body.append('<details class="seen"><summary>What you should have seen</summary>\n')


def depart_seen(self, node):
    self.body.append("</details>\n")


def setup(app):
    add_element(app, seen, visit_seen, depart_seen)
    app.add_node(facts)
    app.add_directive("opener", Opener)
    app.add_directive("seen", Seen)
    app.connect("doctree-read", say_minutes)
    app.connect("doctree-resolved", fold_code)
    app.connect("doctree-resolved", mark_proofs)
    app.connect("env-get-updated", letter_the_appendix, priority=900)
    app.connect("html-page-context", name_parts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
