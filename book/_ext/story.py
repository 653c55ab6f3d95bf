"""The picture on the first page: from logits to probabilities to the loss, and back.

Its numbers and the lengths of its bars come from cecore when the book is built. It is drawn twice,
for wide and for narrow screens; `softmax-story.js` lets the reader move what is drawn.
"""

import numpy as np
from docutils import nodes
from docutils.parsers.rst import Directive

from cecore import loss_and_grad, softmax

CLASSES = ["cat", "dog", "rabbit"]
Z = np.array([2.0, 1.0, 0.1])
TRUE = 0
MINUS = "\N{MINUS SIGN}"
ROW = 32
# Of each panel: how long 1 is, where 0 is, the digits of its numbers, and whether + is written.
PANELS = {
    "z": {"title": "logits", "letter": "z", "unit": 22, "zero": 156, "digits": 1, "sign": ""},
    "s": {
        "title": "probabilities",
        "letter": "s",
        "unit": 132,
        "zero": 66,
        "digits": 2,
        "sign": "",
    },
    "g": {
        "title": "gradient",
        "letter": f"s {MINUS} y",
        "unit": 90,
        "zero": 166,
        "digits": 2,
        "sign": "+",
    },
}


def number(value, digits, sign=""):
    return f"{value:{sign}.{digits}f}".replace("-", MINUS)


def bars(part, values):
    """A bar for each class, the class's name at its left and the value at its end."""
    unit, zero, digits, sign = (PANELS[part][key] for key in ("unit", "zero", "digits", "sign"))
    for i, value in enumerate(values):
        y = 70 + ROW * i
        end = zero + unit * value
        beyond = "start" if value >= 0 else "end"
        yield f'<text x="0" y="{y}">{CLASSES[i]}</text>'
        if zero > 66:
            yield f'<path d="M{zero} {y - 20}v28"/>'
        yield (
            f'<rect class="class{i}" data-part="{part}" data-i="{i}" x="{min(zero, end):.1f}" '
            f'y="{y - 16}" width="{abs(end - zero):.1f}" height="20" rx="2"/>'
        )
        knob = ""
        if part == "z":
            knob = (
                f'<circle class="handle" data-i="{i}" cx="{end:.1f}" cy="{y - 6}" r="7"/>'
                f'<rect class="grip" data-i="{i}" x="66" y="{y - 22}" width="220" height="32"/>'
            )
        gap = (12 if part == "z" else 6) * (1 if value >= 0 else -1)
        yield (
            f'<text data-part="{part}" data-i="{i}" x="{end + gap:.1f}" y="{y}" '
            f'text-anchor="{beyond}">{number(value, digits, sign)}</text>{knob}'
        )


def panel(x, y, part, values):
    """A panel with its title."""
    title, letter = PANELS[part]["title"], PANELS[part]["letter"]
    yield f'<g transform="translate({x} {y})">'
    yield f'<text y="20" class="title">{title}<tspan class="letter" dx="8">{letter}</tspan></text>'
    yield from bars(part, values)
    yield "</g>"


def price(x, y, s, loss):
    """The panel of the loss."""
    yield f'<g transform="translate({x} {y})">'
    yield '<text y="20" class="title">loss<tspan class="letter" dx="8">L</tspan></text>'
    yield f'<text x="0" y="70">The truth: {CLASSES[TRUE]}.</text>'
    yield f'<text x="0" y="104" data-part="log">{MINUS}ln {number(s[TRUE], 2)} =</text>'
    yield f'<text x="98" y="107" class="loss" data-part="loss">{number(loss, 2)}</text>'
    yield '<text x="0" y="134" class="small">nats of surprise</text></g>'


def tip(name):
    """The tip of the arrows. Each drawing has its own, since one of them is never shown."""
    return (
        f'<defs><marker id="tip-{name}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M1 1 9 5 1 9"/></marker></defs>'
    )


def picture():
    s = softmax(Z)
    loss, (gradient,) = loss_and_grad(Z[None], np.array([TRUE]))
    what = (
        f"A circle of four steps. The logits of cat, dog and rabbit are "
        f"{', '.join(number(v, 1) for v in Z)}. Softmax turns them into the probabilities "
        f"{', '.join(number(v, 2) for v in s)}. The truth is cat, and the cross-entropy loss is "
        f"minus the logarithm of {number(s[TRUE], 2)}, which is {number(loss, 2)}. Its gradient, "
        f"the prediction minus the truth, is {', '.join(number(v, 2, '+') for v in gradient)}, "
        f"and it leads back to better logits."
    )
    drawn = f'role="img" aria-label="{what}"'
    wide = [
        f'<svg class="story wide" viewBox="0 0 640 408" {drawn}>',
        tip("wide"),
        *panel(0, 10, "z", Z),
        *panel(400, 10, "s", s),
        *price(400, 250, s, loss),
        *panel(0, 250, "g", gradient),
        '<g class="arrows">',
        '<path d="M306 92H384"/><text x="343" y="80">softmax</text>',
        '<path d="M470 172V240"/><text x="484" y="212" class="start">cross-entropy</text>',
        '<path d="M384 330H306"/><text x="345" y="316">derivative</text>',
        '<path d="M156 240V172"/><text x="170" y="212" class="start">a step downhill</text>',
        "</g></svg>",
    ]
    narrow = [
        f'<svg class="story narrow" viewBox="0 0 340 756" {drawn}>',
        tip("narrow"),
        *panel(0, 0, "z", Z),
        *panel(0, 206, "s", s),
        *price(0, 412, s, loss),
        *panel(0, 608, "g", gradient),
        '<g class="arrows">',
        '<path d="M30 156V196"/><text x="46" y="182" class="start">softmax</text>',
        '<path d="M30 362V402"/><text x="46" y="388" class="start">cross-entropy</text>',
        '<path d="M30 560V600"/><text x="46" y="586" class="start">derivative</text>',
        '<path d="M270 674H322V92H296"/>',
        '<text transform="translate(316 392) rotate(-90)">a step downhill</text>',
        "</g></svg>",
    ]
    attributes = f'z="{" ".join(map(str, Z))}" true="{TRUE}"'
    controls = '<div class="story-controls"></div>'
    return f"<softmax-story {attributes}>{''.join(wide)}{''.join(narrow)}{controls}</softmax-story>"


class Story(Directive):
    has_content = True

    def run(self):
        figure = nodes.container(classes=["story-figure"])
        figure += nodes.raw("", picture(), format="html")
        self.state.nested_parse(self.content, self.content_offset, figure)
        return [figure]


def load_script(app, pagename, templatename, context, doctree):
    if doctree is not None and any(
        "story-figure" in node["classes"] for node in doctree.findall(nodes.container)
    ):
        app.add_js_file("softmax-story.js")


def setup(app):
    app.add_directive("story", Story)
    app.connect("html-page-context", load_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
