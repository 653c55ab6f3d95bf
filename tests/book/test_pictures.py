from io import BytesIO

import pytest
from matplotlib import style
from matplotlib.figure import Figure
from PIL import Image

from tests.conftest import ROOT
from tools.pictures import pictures_differ

BLUE, RED, GREEN = "#0072B2", "#D55E00", "#009E73"
X = [i / 20 for i in range(-100, 101)]


def draw(
    values=(0.659, 0.242, 0.099),
    colours=(BLUE, RED, GREEN),
    label="0.099",
    tick="0.4",
    sign=1,
    shift=0.0,
    thin="0.3",
    legend="T = 1",
    **save,
):
    """A figure as the book draws them: bars with numbers on the left, curves on the right."""
    with style.context(ROOT / "book" / "book.mplstyle"):
        figure = Figure()
        bars, curves = figure.subplots(1, 2)
        bars.bar(["A", "B", "C"], values, color=colours)
        for i, text in enumerate(["0.659", "0.242", label]):
            bars.text(i, values[i] + 0.01, text, ha="center", fontsize=9)
        bars.set_yticks([0, 0.2, 0.4, 0.6], ["0.0", "0.2", tick, "0.6"])
        curves.plot(X, [sign * (x + shift) / (1 + x * x) for x in X], label=legend)
        curves.plot(X, [x / 5 for x in X], color=thin, linewidth=0.8)
        curves.legend()
        file = BytesIO()
        figure.savefig(file, format="png", **save)
    return file.getvalue()


STORED = draw()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"shift": 0.003},  # about 0.1 pixels
        {"values": (0.659001, 0.242001, 0.099001)},
        {"metadata": {"Software": "another matplotlib"}},
    ],
    ids=str,
)
def test_what_no_reader_sees_is_accepted(change):
    difference = pictures_differ(STORED, draw(**change))
    assert difference is None


@pytest.mark.parametrize(
    "change",
    [
        {"label": "0.098"},
        {"label": "0.090"},
        {"label": "0.699"},
        {"tick": "0.3"},
        {"tick": "0.6"},
        {"legend": "T = 7"},
        {"colours": (RED, BLUE, GREEN)},
        {"thin": RED},
        {"sign": -1},
        {"values": (0.659, 0.242, 0.109)},
        {"values": (0.659, 0.252, 0.099)},
        {"transparent": True},
    ],
    ids=str,
)
def test_what_a_reader_would_see_is_noticed(change):
    fresh = draw(**change)
    for pair in ((STORED, fresh), (fresh, STORED)):
        difference = pictures_differ(*pair)
        assert difference.startswith("a channel differs by")


def test_another_size_is_noticed_and_named():
    assert pictures_differ(STORED, draw(dpi=145)).startswith("size 806x489 pixels stored, 8")


def test_the_place_of_the_difference_is_named():
    def png(dot):
        image = Image.new("RGB", (60, 40), "white")
        if dot:
            image.paste("black", (20, 10, 23, 13))
        file = BytesIO()
        image.save(file, "PNG")
        return file.getvalue()

    assert pictures_differ(png(False), png(True)).endswith("x 19 to 24, y 9 to 14")
