"""The figures in the dark theme."""

import re

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT, module
from tools.pages import notebooks_of_book

dark = module("book/_ext/dark")
CSS = (ROOT / "book/_static/book.css").read_text("utf-8")
STYLE = (ROOT / "book/book.mplstyle").read_text("utf-8")


def darkened(*colours):
    return 255 * dark.darkened(np.array([dark.colour(c) for c in colours]))


def test_each_colour_of_a_class_becomes_that_of_the_dark_theme():
    figures = [f"#{c.lower()}" for c in re.findall(r'"(\w{6})"', STYLE)]
    assert len(figures) == 6
    pages = re.search(r'  html\[data-theme="dark"\] \{\n    --definition.*?\n  \}', CSS, re.S)[0]
    for i, c in enumerate(figures):
        (want,) = re.findall(rf"--c{i}: (#\w+);", pages)
        if i not in (3, 4):  # which are told apart by their hue
            assert dark.COLOURS[c] == want
        np.testing.assert_allclose(darkened(c)[0], 255 * dark.colour(dark.COLOURS[c]), atol=2)


def test_paper_becomes_paper_and_ink_ink():
    np.testing.assert_allclose(
        darkened("#ffffff", "#000000"),
        [255 * dark.PAPER, 255 * dark.INK],
        atol=2,
    )


@pytest.mark.parametrize("c", ["#0072b2", "#d55e00", "#009e73", "#542788", "#b35806"])
def test_what_is_strong_stays_strong(c):
    """The more of a colour, the farther from the paper: on white as in the dark."""
    parts = np.linspace(0, 1, 6)[:, None]
    mixed = parts * dark.colour(c) + (1 - parts)
    distance = np.linalg.norm(dark.darkened(mixed) - dark.PAPER, axis=1)
    assert (np.diff(distance) > 0).all()


def test_every_figure_has_both_versions_and_one_is_shown(site, browser, address):
    pictures = [*(site / "_images").glob("*-dark.png")]
    assert len(pictures) > 25
    for file in pictures:
        with Image.open(file) as picture:
            assert picture.convert("L").getextrema()[0] < 30, file.name
            corner = picture.convert("RGB").getpixel((0, 0))
            assert max(corner) < 40, file.name
    tab = browser.new_page(color_scheme="dark")
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{address}/{notebooks_of_book()[0].relative_to(ROOT).with_suffix('.html')}")
    tab.locator("img.of-dark").first.scroll_into_view_if_needed()
    tab.wait_for_load_state("networkidle")
    images = [url for url in asked if url.endswith(".png")]
    assert images
    assert all(url.endswith("-dark.png") for url in images)
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_figure_keeps_its_caption(browser, address, scheme):
    """The theme hides what stands after a picture that is not for it."""
    tab = browser.new_page(color_scheme=scheme)
    tab.goto(f"{address}/{notebooks_of_book()[0].relative_to(ROOT).with_suffix('.html')}")
    captions = tab.locator("figcaption")
    assert captions.count() > 3
    for caption in captions.all():
        caption.scroll_into_view_if_needed()
        assert caption.is_visible()
    tab.close()
