"""Draw the still pictures of the explorable: what readers on paper or without scripts see of it.

    python -m tools.stills

It needs Chromium and playwright, and writes book/_static/explorer-*.svg, one for each list of parts
that a chapter shows.
"""

import re

from tools.browser import CHROMIUM, FLAGS
from tools.notebooks import write
from tools.pages import BOOK, ROOT, notebooks_of_book

STATIC = BOOK / "_static"
SCRIPT = STATIC / "softmax-explorer.js"
WIDTH = 640
DIRECTIVE = re.compile(r':::\{explorer\} ([\w ]+)\\n",\s*"!\[[^]"]+\]\(_static/([\w-]+\.svg)\)')


def explorers():
    """Return where each explorable of the book stands, what it shows, and its still picture."""
    found = []
    for path in notebooks_of_book():
        text = path.read_text("utf-8")
        here = [(path.stem, shows, STATIC / file) for shows, file in DIRECTIVE.findall(text)]
        assert len(here) == text.count("{explorer}"), "each needs a picture with its description"
        found += here
    return found


def drawn(browser):
    """Return the still pictures as they should be, by file."""
    page = browser.new_page()
    page.add_script_tag(path=SCRIPT)
    picture = "([shows, width]) => customElements.get('softmax-explorer').picture(shows, width)"
    pictures = {
        file: page.evaluate(picture, [shows, WIDTH]).encode() for _, shows, file in explorers()
    }
    page.close()
    return pictures


def main():
    """Write the pictures that have changed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for file, picture in drawn(browser).items():
            print(file.relative_to(ROOT), "rewritten" if write(file, picture) else "unchanged")
        browser.close()


if __name__ == "__main__":
    main()
