"""The explorable, moved by its real sliders in a real browser."""

import re
from functools import cache

import numpy as np
import pytest
from bs4 import BeautifulSoup, SoupStrainer

import cecore
from tools.stills import drawn, explorers

NAMES = ["cat", "dog", "rabbit", "fox", "owl", "hen"]
LIMIT, STEP, LEAP = 6.0, 0.1, 12  # a leap, by PageUp or PageDown, is a tenth of the slider
SIZE = {"width": 1280, "height": 900}
TEMPERATURES = [0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
TEMPERATURES += [1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 10]
WHOLE, WARM, MATRIX = "z e s y gradient loss", "z s T simplex", "s jacobian"
PAGE = {shows: page for page, shows, _ in explorers()}
assert len(PAGE) == len(explorers()), "each is known by what it shows"

# What is shown, the logits, the temperature, and the true class.
CASES = [
    (WHOLE, [2.0, 1.0, 0.1], 1, 0),
    (WHOLE, [2.0, 1.0, 0.1], 1, 2),
    (WHOLE, [0.0, 0.0, 0.0], 1, 1),
    (WHOLE, [6.0, -6.0, -6.0], 1, 0),  # sure and right
    (WHOLE, [-6.0, 6.0, -6.0], 1, 2),  # sure and wrong
    (WHOLE, [0.7, -1.3, 3.2, 0.1], 1, 3),
    (WHOLE, [-4.4, -0.6, 5.9, 2.3, -2.7, 0.2], 1, 4),
    (WARM, [2.0, 1.0, 0.1], 0.1, 0),
    (WARM, [0.9, 1.0, -2.0], 0.15, 0),
    (WARM, [6.0, 5.9, -6.0], 0.1, 0),  # exponents of 60 and -60
    (WARM, [-1.5, 4.2, 0.3], 2.5, 0),
    (WARM, [3.3, -3.3, -5.8], 10, 0),
    (MATRIX, [1.0, 1.0, -6.0], 1, 0),
    (MATRIX, [6.0, -6.0, -5.9], 1, 0),
    (MATRIX, [0.3, 0.2, 0.1, 0.0, -0.1, -0.2], 1, 0),
    ("z e s", [-6.0, -6.0, -5.0], 1, 0),
    ("s y loss", [1.7, 2.9, -0.8], 1, 1),
]
OUTSIDE = """(element) => {
    const edge = element.getBoundingClientRect();
    const texts = [...element.shadowRoot.querySelectorAll("svg text")].filter((text) => {
        const { left, right } = text.getBoundingClientRect();
        return left < edge.left - 2 || right > edge.right + 2;
    });
    return [edge.left >= 0 && edge.right <= innerWidth, texts.map((text) => text.textContent)];
}"""
# Within the first the component is told its new width and draws itself.
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
each_case = pytest.mark.parametrize(("shows", "z", "T", "k"), CASES, ids=str)
each_explorable = pytest.mark.parametrize("shows", PAGE)


def find(tab, shows=None):
    return tab.locator(f'softmax-explorer[shows="{shows}"]' if shows else "softmax-explorer")


def opening(browser, address):
    """Open a page and return its explorables, as `visit(page, shows, hold, **settings)`.

    The script's request is put into the list `hold`, if there is one, and waits there.
    """
    contexts = []

    def visit(page, shows=None, hold=None, **settings):
        settings = {"viewport": SIZE} | settings
        contexts.append(browser.new_context(**settings))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(60_000)
        if hold is not None:
            tab.route("**/softmax-explorer.js*", lambda route: hold.append(route))
        tab.goto(f"{address}/book/{page}.html", wait_until="commit")
        if hold is None:
            tab.wait_for_load_state("load")  # with its fonts: nothing moves any more
        else:
            tab.locator("footer").last.wait_for(state="attached")
            tab.wait_for_function("document.querySelector('link[rel=stylesheet]').sheet")
            while not hold:
                tab.wait_for_timeout(20)
        return find(tab, shows)

    yield visit
    for context in contexts:
        context.close()


visit = pytest.fixture(opening)
visit_once = pytest.fixture(opening, scope="module")


@pytest.fixture(scope="module")
def reset(visit_once):
    """Return the explorable that shows something, reset; its page stays open for other tests."""
    opened = cache(lambda page: visit_once(page).page)

    def reset(shows):
        tab = opened(PAGE[shows])
        tab.set_viewport_size(SIZE)
        tab.emulate_media(media="null", color_scheme="null")
        explorable = find(tab, shows)
        explorable.get_by_role("button", name="Reset").press("Enter")
        return explorable

    return reset


@pytest.fixture(scope="module")
def scriptless(visit_once):
    """Return the place of the explorable in a page without scripts, which stays open."""
    opened = cache(lambda page: visit_once(page, java_script_enabled=False).page)
    return lambda shows: find(opened(PAGE[shows]), shows)


def state(explorable):
    return explorable.evaluate("element => element.state")


def slider(explorable, i):
    return explorable.get_by_role("slider", name=f"z{'₁₂₃₄₅₆'[i]} {NAMES[i]}")


def press(control, to, at, last, leap):
    """Move a slider by its keys to a step, from where it is or from an end, whichever is nearer."""
    control.focus()
    key = control.page.keyboard.press
    ends = {"Home": 0, "End": last}
    end = min(ends, key=lambda end: abs(ends[end] - to))
    if abs(ends[end] - to) < abs(at - to):
        key(end)
        at = ends[end]
    leaps, steps = divmod(abs(to - at), leap)
    for _ in range(leaps):
        key("PageUp" if to > at else "PageDown")
    for _ in range(steps):
        key("ArrowRight" if to > at else "ArrowLeft")


def move(explorable, z, T=1, k=0):
    """Bring an explorable to logits, a temperature and a true class, by the keyboard alone."""
    for _ in range(len(z) - len(state(explorable)["z"])):
        explorable.get_by_role("button", name="Add a class").press("Enter")
    now = state(explorable)
    for i, z_i in enumerate(z):
        to, at, last = (round((x + LIMIT) / STEP) for x in (z_i, now["z"][i], LIMIT))
        press(slider(explorable, i), to, at, last, LEAP)
    if now["T"] != T:
        to, at = TEMPERATURES.index(T), TEMPERATURES.index(now["T"])
        heat = explorable.get_by_role("slider", name="T temperature")
        last = len(TEMPERATURES) - 1
        press(heat, to, at, last, leap=last)  # of whose leaps none is whole
        assert heat.get_attribute("aria-valuetext") == f"T = {T}"
    for i in range(now["k"], k):
        explorable.get_by_role("radio", name=NAMES[i]).press("ArrowRight")


def same(got, right):
    np.testing.assert_allclose(got, right, rtol=1e-12, atol=0)


def check(got):
    """Compare all numbers of an explorable with those of cecore, for its own z, T and k."""
    x, k = np.array(got["z"]) / got["T"], got["k"]
    same(got["e"], np.exp(x))
    same(got["s"], cecore.softmax(x))
    same(got["y"], cecore.one_hot(k, len(x)))
    same(got["gradient"], cecore.softmax_cross_entropy_grad(x, k))
    same(got["jacobian"], cecore.softmax_jacobian(x))
    same(got["loss"], cecore.softmax_cross_entropy(x, k))


@each_case
def test_the_numbers_are_those_of_cecore(reset, shows, z, T, k):
    explorable = reset(shows)
    move(explorable, z, T, k)
    got = state(explorable)
    assert (got["z"], got["T"], got["k"]) == (z, T, k)
    check(got)


def drawing(explorable, title):
    """The texts and the lengths of the bars in the part with this title."""
    part = explorable.get_by_role("img", name=title)
    texts = [text.replace("−", "-") for text in part.locator("text").all_text_contents()[1:]]
    widths = part.locator("rect").evaluate_all("all => all.map(r => r.width.baseVal.value)")
    return texts, np.array(widths)


def test_what_is_drawn_is_what_is_computed(reset):
    explorable = reset(WHOLE)
    move(explorable, [-1.2, 2.1, 0.3], k=2)
    got = state(explorable)
    for title, values, form in [
        ("Logits z", got["z"], "{:.2f}"),
        ("Exponentials of z", got["e"], "{:.2f}"),
        ("Probabilities s", got["s"], "{:.3f}"),
        ("Truth y", got["y"], "{:.0f}"),
        ("Gradient s minus y", got["gradient"], "{:+.3f}"),
    ]:
        texts, widths = drawing(explorable, title)
        assert texts == [
            word for row in zip(NAMES, map(form.format, values), strict=False) for word in row
        ]
        np.testing.assert_allclose(
            widths / widths.max(), np.abs(values) / np.abs(values).max(), atol=2e-3
        )
        assert explorable.locator(".cut").count() == 0
    s, loss = got["s"], got["loss"]
    formula = explorable.get_by_role("img", name="Loss L").locator("text").all_text_contents()
    sum_ = " + ".join(f"{y:.0f} · ln {s_i:.3f}" for y, s_i in zip(got["y"], s, strict=True))
    assert formula[2:] == [f"= − ( {sum_} )", f"= − ln {s[2]:.3f}", f"= {loss:.3f} nats"]
    assert (
        slider(explorable, 0).evaluate("i => i.parentNode.querySelector('output').value") == "−1.20"
    )


def test_the_scale_of_the_exponentials_stays_so_that_doubling_is_seen(reset):
    explorable = reset("z e s")
    move(explorable, [0.7, 2.1, 0.0])
    before = drawing(explorable, "Exponentials of z")[1]
    move(explorable, [1.4, 2.8, 0.7])  # 0.7 is nearly ln 2
    after = drawing(explorable, "Exponentials of z")[1]
    np.testing.assert_allclose(after[[0, 2]] / before[[0, 2]], np.exp(0.7), rtol=2e-3)
    assert explorable.locator(".cut").count() == 0
    move(explorable, [1.4, 6.0, 0.7])
    beyond = drawing(explorable, "Exponentials of z")[1]
    np.testing.assert_allclose(beyond[[0, 2]], after[[0, 2]])
    assert explorable.locator(".cut").count() == 1  # the bar of the dog is cut off, and shows it


def test_bars_use_the_width(reset):
    for shows in ("z e s", WHOLE):
        explorable = reset(shows)
        move(explorable, [6.0, -6.0, -6.0])
        width = explorable.evaluate("element => element.clientWidth")
        columns = 1 if shows == "z e s" else 2
        assert drawing(explorable, "Probabilities s")[1].max() > 0.55 * width / columns


def test_the_heat_map_shows_signs_and_sizes(reset):
    explorable = reset(MATRIX)
    move(explorable, [1.0, 1.4, -0.5])
    J = np.array(state(explorable)["jacobian"])
    cells = explorable.get_by_role("img", name="Jacobian")
    shown = [text.replace("−", "-") for text in cells.locator("text.cell").all_text_contents()]
    assert shown == [f"{value:+.3f}" for value in J.flat]
    signs = cells.locator("rect").evaluate_all("all => all.map(r => r.className.baseVal)")
    assert signs == ["minus" if value < 0 else "plus" for value in J.flat]
    depth = cells.locator("rect").evaluate_all(
        "all => all.map(r => +r.getAttribute('fill-opacity'))"
    )
    np.testing.assert_allclose(depth, np.abs(J.flat) / 0.25, atol=0.006)


def test_a_number_too_small_for_its_digits_is_not_shown_as_0(reset):
    explorable = reset(WHOLE)
    move(explorable, [6.0, -6.0, -6.0])
    loss = state(explorable)["loss"]
    assert 0 < loss < 5e-4
    said = explorable.get_by_role("img", name="Loss L").locator("text").all_text_contents()[-1]
    assert said == f"= {loss * 1e5:.1f} × 10⁻⁵ nats"


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_sliders_and_buttons_follow_mouse_and_finger(visit, reset, touch):
    explorable = visit(PAGE[WHOLE], WHOLE, has_touch=True) if touch else reset(WHOLE)

    def hit(control, **where):
        (control.tap if touch else control.click)(**where)

    box = slider(explorable, 1).bounding_box()
    hit(slider(explorable, 1), position={"x": 0.8 * box["width"], "y": box["height"] / 2})
    hit(explorable.get_by_text("rabbit", exact=True).first)
    got = state(explorable)
    assert 3 < got["z"][1] < 4.5
    assert got["k"] == 2
    check(got)
    hit(explorable.get_by_role("button", name="One step"))
    after = state(explorable)
    same(after["z"], np.array(got["z"]) - got["gradient"])
    assert after["loss"] < got["loss"]
    check(after)


def test_classes_come_and_go_between_three_and_six(reset):
    explorable = reset(WHOLE)
    add, remove, again = (
        explorable.get_by_role("button", name=name)
        for name in ("Add a class", "Remove a class", "Reset")
    )
    for n in (4, 5, 6, 6):
        add.press("Enter")
        assert len(state(explorable)["s"]) == explorable.get_by_role("slider").count() == n
    assert add.evaluate("button => button.matches(':focus')")  # the keyboard is not lost
    explorable.get_by_role("radio", name="hen").check()
    for n in (5, 4, 3, 3):
        remove.press("Space")
        assert len(state(explorable)["s"]) == explorable.get_by_role("radio").count() == n
        check(state(explorable))
    assert state(explorable)["k"] == 0  # the true class has gone
    slider(explorable, 2).press("End")
    again.press("Enter")
    assert state(explorable)["z"] == [2, 1, 0.1]
    assert slider(explorable, 2).input_value() == "0.1"


def test_the_point_in_the_simplex_can_be_dragged(reset):
    explorable = reset(WARM)
    explorable.scroll_into_view_if_needed()
    point, centre = (explorable.locator(name).bounding_box() for name in (".halo", ".centre"))
    mouse = explorable.page.mouse
    mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    mouse.down()
    mouse.move(centre["x"] + centre["width"] / 2, centre["y"] + centre["height"] / 2, steps=4)
    got = state(explorable)
    np.testing.assert_allclose(got["s"], 1 / 3, atol=0.01)
    same(sum(got["z"]), 3.1)
    check(got)
    mouse.up()
    mouse.move(point["x"], point["y"])
    assert state(explorable) == got


def test_the_point_lies_where_the_probabilities_are(reset):
    explorable = reset(WARM)
    move(explorable, [0.5, -0.4, 1.2], 0.5)
    corners = explorable.locator(".triangle").evaluate("t => t.getAttribute('d')")
    corners = np.array([p.split() for p in corners.strip("MZ").split("L")], float)
    x, y = explorable.locator(".point").evaluate("p => [p.cx.baseVal.value, p.cy.baseVal.value]")
    np.testing.assert_allclose([x, y], state(explorable)["s"] @ corners, atol=0.02)
    # A triangle has room for three classes.
    assert explorable.get_by_role("button", name="Add a class").count() == 0


def test_a_screen_reader_is_told_once_the_reader_rests(visit):
    explorable = visit(PAGE[WHOLE], WHOLE)
    explorable.page.clock.install()
    for output in explorable.locator("output").all():
        assert output.get_attribute("aria-live") == "off"  # the slider speaks
    status = explorable.locator(".spoken[role=status]")
    status.evaluate(
        "s => { window.said = []; new MutationObserver(() => said.push(s.textContent))"
        ".observe(s, { childList: true }) }"
    )
    for _ in range(10):
        slider(explorable, 0).press("ArrowRight")
        explorable.page.clock.run_for(100)
    assert explorable.page.evaluate("said") == []
    explorable.page.clock.run_for(1000)
    s, loss = state(explorable)["s"], state(explorable)["loss"]
    chances = ", ".join(f"{name} {s_i:.3f}" for name, s_i in zip(NAMES, s, strict=False))
    assert explorable.page.evaluate("said") == [f"Probabilities: {chances}. Loss {loss:.3f} nats."]


@pytest.mark.parametrize("page", sorted(set(PAGE.values())))
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_when_the_script_starts(visit, page, width):
    height = "all => all.map(element => element.getBoundingClientRect().height)"
    held = []
    explorables = visit(page, viewport={"width": width, "height": 900}, hold=held)
    before = explorables.evaluate_all(height)
    assert explorables.get_by_role("group").count() == 0
    held[0].continue_()
    explorables.get_by_role("group").last.wait_for()
    after = explorables.evaluate_all(height)
    np.testing.assert_allclose(before, after, atol=2)  # browsers count shifts from 3 pixels on


@each_explorable
def test_the_explorable_fits_the_screen_whatever_it_shows(reset, shows):
    explorable = reset(shows)
    for i in range(3):
        slider(explorable, i).press("Home" if i else "End")
    if "T" in shows:
        explorable.get_by_role("slider", name="T temperature").press("Home")
    # Classes come and go at one width, since the whole page is laid out anew for another.
    sizes = (3,) if "simplex" in shows else (3, 4, 5, 6)
    for width, counts in ((1280, sizes), (390, sizes[::-1]), (320, sizes)):
        explorable.page.set_viewport_size({"width": width, "height": 900})
        explorable.page.wait_for_function(f"innerWidth === {width}")
        explorable.page.evaluate(TWO_FRAMES)
        for n in counts:
            now = len(state(explorable)["z"])
            if n != now:
                name = "Add a class" if n > now else "Remove a class"
                explorable.get_by_role("button", name=name).press("Enter")
            assert len(state(explorable)["z"]) == n
            assert explorable.evaluate(OUTSIDE) == [True, []], (n, width)
    for control in explorable.locator("input, button, label:has([type=radio])").all():
        box = control.bounding_box()
        if control.get_attribute("type") != "radio":  # whose label is its target
            assert min(box["width"], box["height"]) >= 24


@each_explorable
def test_without_scripts_and_on_paper_a_picture_stands_there(scriptless, reset, shows):
    still = scriptless(shows).locator("img")
    still.wait_for()  # until it is visible
    assert len(still.get_attribute("alt")) > 100
    explorable = reset(shows)
    slider(explorable, 0).press("End")
    explorable.page.emulate_media(media="print", color_scheme="dark")
    explorable.page.locator("html[data-theme=dark]").wait_for()
    assert explorable.locator("svg").is_visible()
    assert [c for c in explorable.locator(".controls, img").all() if c.is_visible()] == []
    ink = explorable.locator("svg text").first.evaluate("t => getComputedStyle(t).fill")
    assert ink == "rgb(34, 40, 50)"


def contrast(one, other):
    """The ratio that WCAG defines, of two colours as Chromium writes them."""
    light = []
    for colour in (one, other):
        c = np.array(re.findall(r"[\d.]+", colour)[:3], float) / 255
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        light.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(light) / min(light)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_and_bars_stand_out(reset, theme):
    def colour(explorable, selector, name="fill"):
        style = "(e, [s, name]) => getComputedStyle(e.shadowRoot.querySelector(s))[name]"
        return explorable.evaluate(style, [selector, name])

    explorable = reset(MATRIX)
    explorable.page.emulate_media(color_scheme=theme)
    explorable.page.locator(f"html[data-theme={theme}]").wait_for()
    paper = explorable.page.evaluate("getComputedStyle(document.body).backgroundColor")
    for _ in range(3):
        explorable.get_by_role("button", name="Add a class").press("Enter")
    for bar in range(6):
        assert contrast(colour(explorable, f".class{bar}"), paper) >= 3, bar
    for ground in (paper, colour(explorable, ".plus"), colour(explorable, ".minus")):
        assert contrast(colour(explorable, "text"), ground) >= 4.5, ground
    assert contrast(colour(explorable, "label", "color"), paper) >= 4.5


def test_the_still_pictures_are_what_the_script_draws(browser):
    for file, picture in drawn(browser).items():
        assert file.read_bytes() == picture, f"{file.name}: run python -m tools.stills"


def test_the_script_is_loaded_where_it_is_used_and_after_the_page(site):
    for page in ("index", "stability", *sorted(set(PAGE.values()))):
        html = (site / "book" / f"{page}.html").read_text("utf-8")
        soup = BeautifulSoup(html, "html.parser", parse_only=SoupStrainer("script"))
        scripts = soup.select("script[src*=softmax-explorer]")
        assert len(scripts) == (page in PAGE.values()), page
        assert all(s.has_attr("defer") and not s.has_attr("async") for s in scripts)
