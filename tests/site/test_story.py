"""The picture on the first page, moved by its sliders, its bars and its button."""

import numpy as np
import pytest

import cecore

NAMES = ["cat", "dog", "rabbit"]


@pytest.fixture(params=[1280, 390])
def story(browser, address, request):
    """The picture, as it has been drawn by its script."""
    touch = {"has_touch": True} if request.param < 600 else {}
    context = browser.new_context(viewport={"width": request.param, "height": 900}, **touch)
    tab = context.new_page()
    tab.goto(f"{address}/book/index.html", wait_until="load")
    yield tab.locator("softmax-story")
    context.close()


def state(story):
    return story.evaluate("element => element.state")


def check(story):
    """Compare all numbers with those of cecore, and with what can be read."""
    got = state(story)
    z = np.array([got["z"]])
    np.testing.assert_allclose(got["s"], cecore.softmax(z)[0], rtol=1e-12)
    loss, (gradient,) = cecore.loss_and_grad(z, np.array([0]))
    np.testing.assert_allclose(got["g"], gradient, rtol=1e-12)
    np.testing.assert_allclose(got["loss"], loss, rtol=1e-9)
    drawn = story.locator("svg:visible")
    assert drawn.count() == 1
    for part, form in (("z", "{:.1f}"), ("s", "{:.2f}"), ("g", "{:+.2f}")):
        shown = drawn.locator(f"text[data-part={part}]").all_text_contents()
        assert [float(text.replace("−", "-")) for text in shown] == [
            float(form.format(value)) for value in got[part]
        ]
        bars = drawn.locator(f"rect[data-part={part}]")
        widths = np.array(bars.evaluate_all("all => all.map(bar => bar.width.baseVal.value)"))
        np.testing.assert_allclose(
            widths / widths.max(), np.abs(got[part]) / np.abs(got[part]).max(), atol=0.01
        )
    assert drawn.locator("[data-part=loss]").text_content() == f"{loss:.2f}"
    return got


def test_it_starts_as_it_was_built(story):
    before = story.locator("svg:visible").inner_html()
    assert check(story)["z"] == [2, 1, 0.1]
    story.get_by_role("button", name="Reset").click()
    assert story.locator("svg:visible").inner_html() == before


def test_each_step_makes_the_network_surer(story):
    story.get_by_role("slider", name="logit of cat").press("Home")
    losses = [check(story)["loss"]]
    for _ in range(6):
        before = state(story)
        story.get_by_role("button", name="Step").click()
        got = check(story)
        np.testing.assert_allclose(got["z"], np.subtract(before["z"], before["g"]), rtol=1e-12)
        losses.append(got["loss"])
    assert losses == sorted(losses, reverse=True)
    assert "6 steps downhill" in story.locator("output").text_content()


def test_a_logit_can_be_dragged(story):
    grip = story.locator("svg:visible .grip").nth(2)
    box = grip.bounding_box()
    mouse = story.page.mouse
    y = box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] / 2, y)
    mouse.down()
    mouse.move(box["x"] + box["width"] - 1, y, steps=4)
    mouse.up()
    got = check(story)
    assert got["z"][:2] == [2, 1]
    assert got["z"][2] == 4
    assert story.get_by_role("slider", name="logit of rabbit").input_value() == "4"


def test_texts_can_be_read_on_a_phone(story):
    """No text is smaller than 12 pixels, and none leaves the screen."""
    sizes = story.locator("svg:visible text").evaluate_all(
        "all => all.map(text => parseFloat(getComputedStyle(text).fontSize)"
        " * Math.hypot(text.getScreenCTM().a, text.getScreenCTM().b))"
    )
    assert min(sizes) >= 12
    right = story.locator("svg:visible text").evaluate_all(
        "all => all.map(text => text.getBoundingClientRect().right)"
    )
    assert max(right) <= story.page.viewport_size["width"]
