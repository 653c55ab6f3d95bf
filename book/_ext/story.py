"""The picture on the first page: from logits to probabilities to the loss, and back.

Its numbers and the lengths of its bars come from cecore when the book is built.
"""

import numpy as np
from docutils import nodes
from docutils.parsers.rst import Directive

from cecore import loss_and_grad, softmax

CLASSES = ["cat", "dog", "rabbit"]
Z = np.array([2.0, 1.0, 0.1])
TRUE = 0
MINUS = "\N{MINUS SIGN}"
NAMES = 66  # how much room the names of the classes take


def number(value, digits, sign=""):
    return f"{value:{sign}.{digits}f}".replace("-", MINUS)


def bars(values, digits, scale, zero=NAMES, sign=""):
    """Three bars, the name of the class at their left and the value at their end."""
    for i, value in enumerate(values):
        y = 78 + 32 * i
        length = scale * abs(value)
        start = zero if value >= 0 else zero - length
        end = zero + length if value >= 0 else zero - length
        beyond = "start" if value >= 0 else "end"
        kind = "true" if i == TRUE else "other"
        yield f'<text x="0" y="{y}">{CLASSES[i]}</text>'
        yield (
            f'<rect class="{kind}" x="{start:.1f}" y="{y - 16}" '
            f'width="{length:.1f}" height="20" rx="2"/>'
        )
        if zero > NAMES:
            yield f'<path d="M{zero} {y - 20}v28"/>'
        gap = 6 if value >= 0 else -6
        yield (
            f'<text x="{end + gap:.1f}" y="{y}" text-anchor="{beyond}">'
            f"{number(value, digits, sign)}</text>"
        )


def panel(x, y, title, letter, inside):
    yield f'<g transform="translate({x} {y})">'
    yield f'<text y="20" class="title">{title}<tspan class="letter" dx="8">{letter}</tspan></text>'
    yield from inside
    yield "</g>"


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
    price = [
        '<text x="0" y="78">The truth: cat.</text>',
        f'<text x="0" y="110">{MINUS}ln {number(s[TRUE], 2)} =</text>',
        f'<text x="118" y="114" class="loss">{number(loss, 2)}</text>',
        '<text x="0" y="142" class="small">nats of surprise</text>',
    ]
    parts = [
        f'<svg class="story" viewBox="0 0 640 424" role="img" aria-label="{what}">',
        "<defs><marker id='story-tip' viewBox='0 0 10 10' refX='8' refY='5' markerWidth='7' "
        "markerHeight='7' orient='auto'><path d='M1 1 9 5 1 9'/></marker></defs>",
        *panel(0, 20, "logits", "z", bars(Z, 1, 50)),
        *panel(400, 20, "probabilities", "s", bars(s, 2, 170)),
        *panel(400, 258, "loss", "L", price),
        *panel(0, 258, "gradient", f"s {MINUS} y", bars(gradient, 2, 150, 192, "+")),
        '<g class="arrows">',
        '<path d="M272 92H376"/><text x="322" y="80">softmax</text>',
        '<path d="M470 186V246"/><text x="484" y="222" class="start">cross-entropy</text>',
        '<path d="M376 330H312"/><text x="345" y="316">derivative</text>',
        '<path d="M70 246V186"/><text x="84" y="222" class="start">a small step downhill</text>',
        "</g></svg>",
    ]
    return "".join(parts)


class Story(Directive):
    has_content = True

    def run(self):
        figure = nodes.container(classes=["story-figure"])
        figure += nodes.raw("", picture(), format="html")
        self.state.nested_parse(self.content, self.content_offset, figure)
        return [figure]


def setup(app):
    app.add_directive("story", Story)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
