"""A real browser, and the built site as any static host would serve it.

Without Chromium the tests here are skipped, except in CI.
"""

import os

import pytest

from tools.browser import CHROMIUM, FLAGS, LACKING, serve


@pytest.fixture(scope="session")
def address(site):
    """Where the built book is served."""
    server = serve(site)
    yield server.address
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM:
        lacking = pytest.fail if os.environ.get("CI") else pytest.skip
        lacking(LACKING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
