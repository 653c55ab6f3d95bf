import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.conftest import ROOT
from tests.run_notebooks import pages_of_book

REMOTE = re.compile(r"(?:https?:|wss?:)?//\w[^\s\"'`<>)]*", re.I)
# Files that come from another host even if a script only puts their address together.
LOADS = re.compile(
    r"https?://(?:[\w.-]*(?:unpkg|jsdelivr|cdnjs|cloudflare|googleapis|gstatic|mybinder|esm\.sh"
    r"|skypack|hypothes)[\w.-]*|[^\s\"'`<>)]*\.(?:js|mjs|css|woff2?|json|wasm)\b)[^\s\"'`<>)]*"
)
# Left in scripts by their makers, and not asked for: MathJax tells its speech engine to use the
# copy within the site ([mathjax]/sre/mathmaps), and wgxpath is for browsers that have no XPath.
NEVER_ASKED = {
    "https://cdn.jsdelivr.net/npm/speech-rule-engine@",
    "https://cdn.jsdelivr.net/npm/sre-mathmaps-ie@",
    "https://cdn.jsdelivr.net/npm/wicked-good-xpath@1.3.0/dist/wgxpath.install.js",
}
RAW_MARKUP = re.compile(
    r"\\begin\{|\$|\?\?|:::|```|\]\{\.|\{(?:prf|cite|numref|eq|ref|doc|math|exercise|solution)\b"
)


@pytest.fixture(scope="module")
def pages(site):
    """Every page of the site, by its path within it."""
    found = {
        str(path.relative_to(site)): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in site.rglob("*.html")
        if path.relative_to(site).parts[0] != "_static"  # templates of the theme
    }
    # The first page only leads to the book's.
    assert found.pop("index.html").meta["content"] == "0; url=book/index.html"
    return found


def loaded(page):
    """The addresses that a browser asks for by itself when it shows the page."""
    for tag in page.find_all(True):
        addresses = [tag.get(name) for name in ("src", "data", "poster", "background")]
        addresses += [part.split()[0] for part in tag.get("srcset", "").split(",") if part.strip()]
        if tag.name in ("link", "image", "use"):
            addresses += [tag.get("href"), tag.get("xlink:href")]
        yield from css_addresses(tag.get("style", ""))
        if tag.name == "style":
            yield from css_addresses(tag.string or "")
        yield from (a for a in addresses if a and not a.startswith("data:"))


def css_addresses(css):
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    for url, imported in re.findall(r"url\(\s*([^)]*?)\s*\)|@import\s+[\"']([^\"']*)", css):
        address = (url or imported).strip("\"'")
        if not address.startswith(("data:", "#")):
            yield address


def file_of(site, base, address):
    """The file within the site that an address in the file `base` points to."""
    path = unquote(urlsplit(address).path)
    return ((site / base).parent / path).resolve() if path else site / base


def files_loaded(site, pages):
    """All files that the pages load, and what their style sheets load in turn."""
    wanted = [(name, address) for name, page in pages.items() for address in loaded(page)]
    files = {}
    while wanted:
        base, address = wanted.pop()
        parts = urlsplit(address)
        assert not parts.scheme, (base, address)
        assert not parts.netloc, (base, address)
        file = file_of(site, base, address)
        if file in files or address.endswith(".html"):
            continue
        assert file.is_file(), (base, address)
        name = file.relative_to(site.resolve())
        files[file] = name
        if file.suffix == ".css":
            css = file.read_text(encoding="utf-8")
            wanted += [(name, inner) for inner in css_addresses(css)]
    return files


def test_every_chapter_has_its_page(pages):
    assert {f"{page}.html" for page in pages_of_book()} <= set(pages)


def test_what_a_page_loads_is_in_the_site(site, pages):
    files = files_loaded(site, pages)
    assert {".css", ".js", ".png", ".woff2"} <= {file.suffix for file in files}


def test_no_script_in_a_page_knows_another_host(pages):
    for name, page in pages.items():
        for tag in page.find_all(True):
            handlers = [value for key, value in tag.attrs.items() if key.startswith("on")]
            for code in [*handlers, tag.string or ""] if tag.name == "script" else handlers:
                assert [url for url in REMOTE.findall(code) if "www.w3.org" not in url] == [], name


def test_no_script_file_loads_from_another_host(site, pages):
    scripts = [file for file in files_loaded(site, pages) if file.suffix == ".js"]
    assert scripts
    for file in scripts:
        found = set(LOADS.findall(file.read_text(encoding="utf-8")))
        assert found <= (NEVER_ASKED if "mathjax" in file.parts else set()), file.name


def test_every_page_with_formulas_finds_mathjax_and_its_fonts_in_the_site(site, pages):
    with_formulas = {name: page for name, page in pages.items() if page.select(".math")}
    assert with_formulas
    for name, page in with_formulas.items():
        sources = [script["src"] for script in page.select("script[src*=mathjax]")]
        assert len(sources) == 1, (name, str(page.select_one(".math").parent))
        folder = file_of(site, name, sources[0]).parent
        assert len(list((folder / "output/chtml/fonts/woff-v2").glob("*.woff"))) >= 20


def test_every_link_within_the_site_leads_somewhere(site, pages):
    anchors = {
        name: {tag[key] for key in ("id", "name") for tag in page.find_all(attrs={key: True})}
        for name, page in pages.items()
    }
    for name, page in pages.items():
        for tag in page.find_all(href=True):
            parts = urlsplit(tag["href"])
            if parts.scheme or parts.netloc:
                assert parts.scheme in ("https", "http", "mailto"), (name, tag["href"])
                continue
            file = file_of(site, name, tag["href"])
            assert file.is_file(), (name, tag["href"])
            target = str(file.relative_to(site.resolve())) if parts.path else name
            if parts.fragment and target.endswith(".html"):
                assert unquote(parts.fragment) in anchors[target], (name, tag["href"])


def test_no_markup_is_left_raw(pages):
    for name, page in pages.items():
        assert not page.select(".system-message, .problematic"), name
        text = BeautifulSoup(str(page.body), "html.parser")
        for tag in text.select("script, style, template, pre, code, .math"):
            tag.decompose()
        assert [text for text in text.stripped_strings if RAW_MARKUP.search(text)] == [], name


def test_every_picture_has_alternative_text(pages):
    pictures = [(name, image) for name, page in pages.items() for image in page.find_all("img")]
    assert pictures
    assert [
        (name, image["src"]) for name, image in pictures if not image.get("alt", "").strip()
    ] == []


def test_every_page_has_a_title_and_one_heading_of_the_first_rank(pages):
    for name, page in pages.items():
        assert page.title.get_text(strip=True), name
        (heading,) = page.select("h1:not(.onlyprint h1)")  # on paper the theme adds its own
        assert heading.get_text(strip=True), name
    titles = [page.title.get_text() for page in pages.values()]
    assert len(set(titles)) == len(titles)


def test_no_page_names_a_folder_of_the_machine_that_built_it(site, pages):
    folders = {str(ROOT), str(site), str(Path.home())} - {"/"}
    for name in pages:
        html = (site / name).read_text(encoding="utf-8")
        assert [folder for folder in folders if f"{folder}/" in html] == [], name
