"""Every page, as a reader's browser shows it: on a desktop and a phone, in light and dark."""

import json
import os

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import ROOT
from tools.pages import pages_of_book

PAGES = [f"{page}.html" for page in pages_of_book()] + ["search.html"]
WIDTHS = {"desktop": 1280, "phone": 390}
THEMES = ["light", "dark"]
PICTURES = ROOT / "_build" / "screenshots"  # for people to look at: `make screenshots`
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING = {"type": "tag", "values": STANDARDS}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
PATIENCE = 120_000  # milliseconds, for a machine that has much else to do
SIZE_LIMIT = 1_000_000  # bytes that a page may take before a reader has touched it

# What is far below the screen is laid out only when a phone comes near: see all of it now.
SEE_ALL = "* { content-visibility: visible !important }"
ALL_PICTURES = """Promise.all([...document.images].filter(i => i.checkVisibility()).map(image => {
    image.loading = 'eager';
    return image.decode();
}))"""


class Visit:
    """A page that somebody has opened, and everything that went wrong with it."""

    def __init__(self, browser, address, **options):
        self.address = address
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.faults = []
        self.bytes = 0
        self.page.on("console", self.note_message)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self.note_request)
        self.page.on("requestfailed", self.note_failure)
        self.page.on("requestfinished", self.note_size)
        self.page.on("response", self.note_response)

    def note_message(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def note_request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"foreign: {request.url}")

    def note_failure(self, request):
        if request.failure != "net::ERR_ABORTED":  # by the browser, as the reader goes on
            self.faults.append(f"failed: {request.url}")

    def note_response(self, response):
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def note_size(self, request):
        if not request.url.startswith(("data:", "blob:")):
            sizes = request.sizes()
            self.bytes += sizes["responseBodySize"] + sizes["responseHeadersSize"]

    def open(self, path):
        self.page.goto(f"{self.address}/{path}", wait_until="load")
        return self.page


@pytest.fixture
def visit(browser, address):
    visits = []

    def start(**options):
        visits.append(Visit(browser, address, **options))
        return visits[-1]

    yield start
    for each in visits:
        each.context.close()


def wrong_with(page):
    """What a reader would call broken."""
    return page.evaluate(
        """() => {
            const wrong = [];
            const root = document.documentElement;
            if (root.scrollWidth > root.clientWidth)
                wrong.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
            for (const bad of document.querySelectorAll('.katex-error, .merror, mjx-merror'))
                wrong.push(`formula: ${bad.textContent}`);
            for (const math of document.querySelectorAll('.math'))
                if (!math.querySelector('.katex-html') || !math.querySelector('math'))
                    wrong.push(`formula not set: ${math.textContent}`);
            for (const math of document.querySelectorAll('span.math')) {
                const mark = /^[\u2060]*[.,;:!?)]/, parts = math.querySelectorAll('.katex-base');
                const next = math.nextSibling;
                if (next?.nodeType === 3 && mark.test(next.data))
                    wrong.push(`a line may begin with the mark after ${math.textContent}`);
                if (!parts.length || /^[.,;:!?)]$/.test([...parts].pop().textContent))
                    wrong.push(`a mark stands alone in ${math.textContent}`);
            }
            const color = element => getComputedStyle(element).color;
            for (const math of document.querySelectorAll('.math'))
                for (const part of math.querySelectorAll('.katex-html *'))
                    if (color(part) !== color(math.parentElement))
                        wrong.push(`colour of ${part.textContent} in ${math.textContent}`);
            for (const image of document.images)
                if (image.checkVisibility() && !(image.width && image.height))
                    wrong.push(`picture: ${image.src}`);
            return wrong;
        }"""
    )


# What axe need not see, half to nine tenths of a page's elements: the parts of formulas, which are
# hidden from assistive technology and have the colour of the text around them (see `wrong_with`);
# and in a block of code all parts that look like one before. They stay where they are: only their
# parents no longer list them.
SET_ASIDE = """() => {
    const aside = new Set(document.querySelectorAll('.katex-base'));
    for (const block of document.querySelectorAll('pre')) {
        const seen = new Set();
        const look = part => {
            if (part === block) return '';
            const { color, background, font, opacity, textShadow } = getComputedStyle(part);
            const own = [part.cloneNode().outerHTML, color, background, font, opacity, textShadow];
            return look(part.parentElement) + own.join();
        };
        for (const part of block.querySelectorAll('span:not(:has(*))')) {
            if (seen.has(look(part))) aside.add(part);
            seen.add(look(part));
        }
    }
    window.parents = new Set([...aside].map(part => part.parentNode));
    for (const parent of parents) {
        const value = [...parent.childNodes].filter(child => !aside.has(child));
        Object.defineProperty(parent, 'childNodes', { value, configurable: true });
    }
    return aside.size;
}"""
PUT_BACK = "() => { for (const parent of parents) delete parent.childNodes; }"
RUN_AXE = "options => axe.run(options).then(found => found.violations)"


def violations(page, rules=EVERYTHING):
    """What axe objects to."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    page.evaluate(SET_ASIDE)
    found = page.evaluate(RUN_AXE, {"runOnly": rules, "resultTypes": ["violations"]})
    page.evaluate(PUT_BACK)
    return found


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("device", "themes"), [("desktop", THEMES), ("phone", THEMES[::-1])])
def test_a_page_is_whole_and_accessible(visit, path, device, themes):
    """It is loaded in the first theme; then the reader's system changes to the second."""
    reader = visit(viewport={"width": WIDTHS[device], "height": 900}, color_scheme=themes[0])
    page = reader.open(path)
    loaded = reader.bytes
    page.add_style_tag(content=SEE_ALL)
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        page.wait_for_function("t => document.documentElement.dataset.theme === t", arg=theme)
        assert wrong_with(page) == [], theme
        page.evaluate(ALL_PICTURES)
        if "SCREENSHOTS" in os.environ:
            PICTURES.mkdir(parents=True, exist_ok=True)
            picture = f"{path.replace('/', '-')[:-5]}-{device}-{theme}.jpg"
            page.screenshot(path=PICTURES / picture, quality=85, full_page=True)
        # The same elements in other colours.
        found = violations(page, EVERYTHING if theme == themes[0] else COLOURS)
        assert [f"{v['id']}: {v['nodes'][0]['target']}" for v in found] == [], theme
    page.add_style_tag(content="html { font-size: 200% !important }")
    assert wrong_with(page) == [], "with text twice as large"
    assert loaded < SIZE_LIMIT
    assert reader.faults == []


def test_axe_would_notice(visit):
    page = visit().open(PAGES[1])
    page.evaluate("document.querySelector('article h1').style.color = '#ddd'")
    for rules in (EVERYTHING, COLOURS):
        assert "color-contrast" in {violation["id"] for violation in violations(page, rules)}
    assert wrong_with(page) == []
    page.evaluate("document.querySelector('.katex-html .mord').style.color = '#ddd'")
    assert any(fault.startswith("colour of") for fault in wrong_with(page))


def test_axe_would_notice_any_part_of_a_block_of_code(visit):
    """Though it is shown only one of those that look the same."""
    page = visit(color_scheme="light").open(PAGES[1])
    page.add_style_tag(content=SEE_ALL)
    listed = "[...document.querySelectorAll('*')].map(e => e.childNodes.length)"
    before = page.evaluate(listed)
    assert page.evaluate(SET_ASIDE) > 1000
    page.evaluate(PUT_BACK)
    assert page.evaluate(listed) == before
    page.evaluate(
        """() => {
            const names = pre => [...pre.querySelectorAll('.n')].filter(
                part => part.textContent.length > 2);  // axe judges no single letter
            const block = [...document.querySelectorAll('pre')].find(
                pre => pre.checkVisibility() && names(pre).length > 3);
            block.id = 'block';
            names(block).pop().before(document.createElement('i'));
        }"""
    )
    assert violations(page, COLOURS) == []
    page.add_style_tag(content="#block i + .n { color: #ddd !important }")
    (found,) = violations(page, COLOURS)
    assert (found["id"], len(found["nodes"])) == ("color-contrast", 1)


def test_another_host_cannot_be_reached(visit):
    reader = visit()
    page = reader.open(PAGES[0])
    with page.expect_event("requestfailed"):
        page.evaluate("fetch('https://example.com').catch(() => null)")
    assert {"foreign: https://example.com/", "failed: https://example.com/"} <= set(reader.faults)


def test_a_file_that_is_missing_or_blocked_is_noticed(visit):
    reader = visit()
    page = reader.open(PAGES[0])
    page.route("**/blocked.svg", lambda route: route.abort("blockedbyclient"))
    with page.expect_response("**/missing.svg"), page.expect_event("requestfailed"):
        page.evaluate("['missing', 'blocked'].forEach(n => { new Image().src = `${n}.svg` })")
    found = {
        f"404: {reader.address}/book/missing.svg",
        f"failed: {reader.address}/book/blocked.svg",
    }
    assert found <= set(reader.faults)


def test_what_the_browser_drops_as_the_reader_goes_on_is_no_fault(visit):
    reader = visit()
    page = reader.open(PAGES[0])
    page.route("**/late.svg", lambda route: None)  # it never comes
    page.evaluate("new Image().src = 'late.svg'")
    with page.expect_event("requestfailed", lambda request: request.url.endswith("late.svg")):
        reader.open(PAGES[1])
    assert reader.faults == []


def test_search_finds_the_jacobian(visit):
    reader = visit(viewport={"width": 1280, "height": 900})
    page = reader.open(PAGES[0])
    page.keyboard.press("Control+k")
    page.keyboard.type("Jacobian")
    page.keyboard.press("Enter")
    results = page.locator("#search-results li a")
    results.filter(has_text="The derivative of softmax").first.wait_for()  # they come one by one
    page.wait_for_load_state("networkidle")  # it fetches what it quotes
    results.first.click()
    page.wait_for_url("**/book/*.html*")
    assert "Jacobian" in page.inner_text("main")
    assert reader.faults == []


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("perplexity", "book/terms.html#term-perplexity"),
        ("softmax_vjp", "book/functions.html#cecore.softmax_vjp"),
    ],
)
def test_search_finds_a_term_and_a_function_by_its_name(visit, word, place):
    reader = visit(viewport={"width": 1280, "height": 900})
    page = reader.open(f"search.html?q={word}")
    page.wait_for_function(
        "href => [...document.querySelectorAll('#search-results li a')].some(a => a.href === href)",
        arg=f"{reader.address}/{place}",
    )
    assert reader.faults == []


def test_the_reader_chooses_the_theme_and_it_stays(visit):
    reader = visit(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page = reader.open(PAGES[0])
    backgrounds = {}
    for _ in range(3):
        page.click(".theme-switch-button")
        root = "document.documentElement.dataset"
        mode, theme = page.evaluate(f"[{root}.mode, {root}.theme]")
        backgrounds[mode] = (
            theme,
            page.evaluate("getComputedStyle(document.body).backgroundColor"),
        )
    assert backgrounds["auto"] == backgrounds["light"]
    assert backgrounds["dark"][0] == "dark"
    assert backgrounds["dark"][1] != backgrounds["light"][1]
    while page.evaluate("document.documentElement.dataset.mode") != "dark":
        page.click(".theme-switch-button")
    page.goto(f"{reader.address}/{PAGES[1]}")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert reader.faults == []


def test_the_keyboard_reaches_the_text_and_the_next_chapter(visit):
    reader = visit(viewport={"width": 1280, "height": 900})
    page = reader.open(PAGES[1])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    page.wait_for_url("**#main-content")
    link = page.locator("a.right-next")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{PAGES[2]}")


def test_folded_code_and_solutions_open_by_keyboard(visit):
    page = visit(viewport={"width": 390, "height": 900}).open(PAGES[1])
    code = page.locator("details.hide > summary").first
    code.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.hide").first.evaluate("d => d.open")
    button = page.locator(".solution.dropdown button, .admonition.dropdown button").first
    button.focus()
    page.keyboard.press("Enter")
    assert "Click to hide" in (button.get_attribute("data-toggle-hint") or button.inner_text())


def test_without_scripts_everything_can_be_read(visit):
    reader = visit(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = reader.open(PAGES[1])
    assert page.locator(".katex-html").count() > 20
    assert page.locator("article h1").is_visible()
    assert reader.faults == []


def test_formulas_are_there_for_those_who_listen(visit):
    page = visit().open(PAGES[1])
    formulas = page.evaluate(
        """[...document.querySelectorAll('.math')].map(m => ({
            spoken: m.querySelector('math').textContent.length,
            hidden: m.querySelector('.katex-html').getAttribute('aria-hidden')}))"""
    )
    assert formulas
    assert all(f["spoken"] and f["hidden"] == "true" for f in formulas), json.dumps(formulas[:3])


TOO_SMALL = """() => [...document.querySelectorAll('.bd-article *')].filter(e =>
    e.checkVisibility() && parseFloat(getComputedStyle(e).fontSize) < 12
    && !e.closest('.katex, svg')
    && [...e.childNodes].some(part => part.nodeType === 3 && part.data.trim())
).map(e => e.outerHTML.slice(0, 90))"""
SCROLLS = """() => [...document.querySelectorAll('.bd-article pre')].filter(e =>
    e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && !e.closest('.tag_table')
).map(e => e.textContent.slice(0, 90))"""


@pytest.mark.parametrize("path", PAGES[:-1])
@pytest.mark.parametrize("device", WIDTHS)
def test_code_is_seen_whole_and_no_text_is_tiny(visit, path, device):
    page = visit(viewport={"width": WIDTHS[device], "height": 900}).open(path)
    page.add_style_tag(content=SEE_ALL)
    assert page.evaluate(SCROLLS) == []
    assert page.evaluate(TOO_SMALL) == []


def test_lines_of_a_derivation_do_not_touch(visit):
    """Between what is drawn of two rows there is room, also between fractions."""
    page = visit(viewport={"width": 1280, "height": 900}).open("book/softmax-derivative.html")
    page.add_style_tag(content=SEE_ALL)
    gaps = page.evaluate(
        """() => [...document.querySelectorAll('.katex-display .col-align-l')].flatMap(column => {
            const spans = ':scope > .vlist-t > .vlist-r > .vlist > span';
            const rows = [...column.querySelectorAll(spans)].map(row => {
                const parts = [...row.querySelectorAll('.mord, .mop, .mrel')].filter(
                    part => !part.children.length && part.textContent.trim());
                const boxes = parts.map(part => part.getBoundingClientRect());
                return [Math.min(...boxes.map(b => b.top)), Math.max(...boxes.map(b => b.bottom))];
            }).filter(row => isFinite(row[0]));
            return rows.slice(1).map((row, i) => row[0] - rows[i][1]);
        })"""
    )
    assert len(gaps) > 10
    assert min(gaps) > -6  # a letter's box is higher than what is drawn of it
