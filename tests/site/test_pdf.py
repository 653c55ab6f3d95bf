"""The book on paper: both PDFs, and what the site says of them."""

import os
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from urllib.parse import urlsplit

import matplotlib as mpl
import pytest
from bs4 import BeautifulSoup

from tests.conftest import ROOT
from tools.pages import pages_of_book

BOOK, SHEET = "softmax-and-cross-entropy.pdf", "cheat-sheet.pdf"
HANDOUTS = {"problem-sheet.pdf", "problem-sheet-solutions.pdf"}
MM = 72 / 25.4
Heading = namedtuple("Heading", "depth title page top")
FOREIGN = "DejaVuSerif.ttf"  # the only font of the machine that prints, and it has every sign


def make(site, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tools.pdf.build", site],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def printed(browser, site, tmp_path_factory):
    """A copy of the site, printed on a machine with one font. (`browser` may skip.)"""
    folder = tmp_path_factory.mktemp("pdf")
    copy = folder / "html"
    shutil.copytree(site, copy)
    (folder / "fonts").mkdir()
    shutil.copy(Path(mpl.get_data_path()) / "fonts/ttf" / FOREIGN, folder / "fonts")
    config = folder / "fonts.conf"
    folders = f"<dir>{folder / 'fonts'}</dir><cachedir>{folder / 'cache'}</cachedir>"
    config.write_text(f"<fontconfig>{folders}</fontconfig>")
    done = make(copy, FONTCONFIG_FILE=str(config))
    assert done.returncode == 0, done.stderr
    return copy


@pytest.fixture(scope="module")
def book(printed):
    """What the book's file is made of."""
    import pikepdf

    with pikepdf.open(printed / BOOK) as pdf:
        yield pdf


@pytest.fixture(scope="module")
def read(printed):
    """The book as a reader's program sees it."""
    import pypdfium2

    with pypdfium2.PdfDocument(printed / BOOK) as pdf:
        yield pdf


@pytest.fixture(scope="module")
def texts(read):
    """What each page says, without its running title and its number."""
    texts = [text_of(page) for page in read]
    return [re.sub(rf"^(?:[^\n]*\n)?{n}(?:\n|$)", "", text) for n, text in enumerate(texts, 1)]


@pytest.fixture(scope="module")
def outline(read):
    """Of each heading its depth, its title, the index of its page, and its height there."""
    found = [(mark, mark.get_dest()) for mark in read.get_toc()]
    return [
        Heading(mark.level, mark.get_title(), where.get_index(), where.get_view()[1][1])
        for mark, where in found
    ]


@pytest.fixture(scope="module")
def pages(printed):
    """Every page of the printed site, by its path."""
    return {
        path: BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in printed.glob("book/*.html")
    }


@pytest.fixture(scope="module")
def articles(printed, pages):
    """The text of each page of the book, in its order."""
    return [pages[printed / f"{page}.html"].select_one("article") for page in pages_of_book()]


def text_of(page):
    return page.get_textpage().get_text_range().replace("\r\n", "\n")


def letters(text):
    """A text without what a line break may change."""
    return re.sub(r"[\W_]", "", text)


def links(page):
    return [a for a in page.get("/Annots", []) if a.Subtype == "/Link"]


def dictionaries(pdf):
    import pikepdf

    return [thing for thing in pdf.objects if isinstance(thing, pikepdf.Dictionary)]


def test_the_pdf_is_a_book_and_says_so(printed, book):
    assert (printed / BOOK).stat().st_size < 10_000_000
    assert 60 < len(book.pages) < 300
    assert book.docinfo["/Title"] == "Softmax and cross-entropy"
    assert book.docinfo["/Author"] == "The cecore authors"
    assert book.Root.Lang == "en"
    assert book.Root.MarkInfo.Marked
    for page in book.pages:
        width, height = (float(side) / MM for side in page.mediabox[2:])
        assert (round(width), round(height)) == (210, 297)


def test_the_fonts_of_the_pdf_are_its_own_and_not_the_machine_s(printed):
    import pikepdf

    for file in (BOOK, SHEET):
        with pikepdf.open(printed / file) as pdf:
            fonts = [one for one in dictionaries(pdf) if one.get("/Type") == "/FontDescriptor"]
            names = {str(font.FontName).partition("+")[2] for font in fonts}
        ours = re.compile(r"(KaTeX_|BookSerif-|BookSans-|STIXGeneral-|DejaVuSans|NotoSansCJKsc-).*")
        assert any(name.startswith("BookSerif") for name in names)
        assert "DejaVuSansMono" in names
        assert [name for name in names if not ours.fullmatch(name)] == []


def test_no_page_is_empty(texts):
    assert [n for n, text in enumerate(texts, 1) if len(letters(text)) < 40] == []


def test_the_outline_has_every_heading_in_its_place(outline, texts, articles):
    found = [heading for heading in outline if heading.depth < 2]
    headings = [h for article in articles for h in article.select("h1, h2")]
    assert [one.depth for one in found] == [int(h.name[1]) - 1 for h in headings]
    pages = [one.page for one in found]
    assert pages == sorted(pages)
    assert found[0].title == "About this book"  # its own title stands on the page before
    for one, heading in list(zip(found, headings, strict=True))[1:]:
        if heading.select(".math"):  # set apart, in the text and in the test
            assert len(one.title) > 5
        else:
            assert letters(one.title) == letters(heading.get_text())
            assert letters(one.title) in letters(texts[one.page])


def test_no_heading_stands_alone_at_the_end_of_a_page(outline):
    lowest = (22 + 15) * MM  # the margin, the heading, and two lines
    assert [heading.title for heading in outline if heading.top < lowest] == []


def test_the_table_of_contents_names_the_right_pages(outline, texts):
    contents = letters("".join(texts[1 : outline[0].page]))
    for heading in outline:
        if heading.depth == 0:
            assert f"{letters(heading.title)}{heading.page + 1}" in contents, heading.title


def test_the_text_of_every_chapter_is_there(texts, articles):
    whole = letters("".join(texts))
    for article in articles:
        paragraphs = [p for p in article.select("p") if not p.select(".math, .stmt, a, summary")]
        paragraphs = [p for p in paragraphs if not p.find_parent(["details", "figure", "table"])]
        assert paragraphs or article.select("table, dl, .citation, .cell"), article.h1
        for p in paragraphs:  # a new page may begin anywhere, but not twice in 40 letters
            text = letters(p.get_text())
            assert text[:20] in whole or text[20:40] in whole, p
            assert text[-20:] in whole or text[-40:-20] in whole, p


def test_solutions_are_printed_and_folded_code_is_not(texts, articles):
    whole = letters("".join(texts))

    def lines(*where):
        code = [pre.get_text() for a in articles for pre in a.select(", ".join(where))]
        found = "\n".join(code).splitlines()
        return {letters(line) for line in found if "(" in line and len(letters(line)) > 20}

    seen = lines(".cell > .cell_input pre", ".cell_output pre")
    folded = lines("details.hide pre") - seen
    solutions = lines("div.solution .cell > .cell_input pre", "div.solution .cell_output pre")
    assert min(len(folded), len(solutions)) > 30
    assert {line for line in solutions if line not in whole} == set()
    assert {line for line in folded if line in whole} == set()
    assert letters("Show code cell source") not in whole


def test_formulas_are_set_and_numbered(texts, articles):
    whole = "".join(texts)
    assert min(whole.count(sign) for sign in "∂∑∇δσ") > 0
    assert whole.count("∂") > 50
    numbers = [n.find(string=True) for a in articles for n in a.select(".eqno")]
    assert len(numbers) > 40
    assert all(number in whole for number in numbers)
    # LaTeX is seen only where a program prints it.
    programs = "".join(pre.get_text() for a in articles for pre in a.select("pre, code"))
    latex = set(re.findall(r"\\[a-z]{2,}", whole)) - set(re.findall(r"\\[a-z]{2,}", programs))
    assert latex == set()


def test_every_link_leads_to_a_page_of_the_book_or_to_the_web(book):
    inner = 0
    for page in book.pages:
        for link in links(page):
            action = link.get("/A", {})
            if "/URI" in action:
                assert urlsplit(str(action.URI)).scheme in ("http", "https"), action.URI
                continue
            target = link.get("/Dest", action.get("/D"))
            assert target in book.Root.Dests, target
            inner += 1
    assert inner > 300


def test_pictures_and_formulas_have_their_alternative_text(book, articles):
    alternatives = {str(thing.Alt) for thing in dictionaries(book) if "/Alt" in thing}
    for article in articles:
        for picture in article.select("img"):
            assert picture["alt"] in alternatives
    assert r"\nabla_z L = s - y" in {text.strip(" ,") for text in alternatives}


def test_nothing_is_wider_than_the_paper(browser, printed):
    page = browser.new_page(viewport={"width": round(160 / 25.4 * 96), "height": 1000})
    page.emulate_media(media="print")
    page.goto((printed.parent / "pdf" / "book.html").as_uri())
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.katex-display, pre, table, img, svg')]
            .filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right >
                document.body.getBoundingClientRect().right + 1)
            .map(e => e.textContent.slice(0, 80))"""
    )
    page.close()
    assert wide == []


def test_the_cheat_sheet_is_one_page_of_the_book_too(outline):
    chapters = [heading for heading in outline if heading.depth == 0]
    titles = [chapter.title for chapter in chapters]
    here = titles.index("Cheat sheet")
    assert chapters[here + 1].page - chapters[here].page == 1


def test_the_cheat_sheet_is_one_page_with_every_function(printed):
    import pikepdf
    import pypdfium2

    import cecore

    with pypdfium2.PdfDocument(printed / SHEET) as pdf:
        (page,) = pdf
        text = text_of(page)
    assert [name for name in cecore.__all__ if name not in text] == []
    with pikepdf.open(printed / SHEET) as pdf:
        assert pdf.docinfo["/Title"] == "Softmax and cross-entropy: cheat sheet"
        assert links(pdf.pages[0]) == []


def test_the_site_links_to_the_pdf_only_where_it_is(site, pages):
    menu, text = f".dropdown-download-buttons a[href='../{BOOK}']", "article a[href$='.pdf']"
    for path, page in pages.items():
        assert len(page.select(menu)) == 1, path
        found = {a["href"] for a in page.select(text)}
        named = {"index": {BOOK, SHEET}, "teachers": HANDOUTS}.get(path.stem, set())
        assert found == {f"../{name}" for name in named}, path
    for path in site.glob("book/*.html"):
        html = path.read_text("utf-8")
        if re.search(r"""\.pdf["']""", html):
            page = BeautifulSoup(html, "html.parser")
            assert page.select(f"{menu}, {text}") == [], path


def test_naming_the_files_again_changes_no_page(printed):
    from tools.pdf import build

    pages = {path: path.read_bytes() for path in printed.glob("book/*.html")}
    build.linked(printed)
    assert {path: path.read_bytes() for path in pages} == pages


def test_without_a_browser_it_says_how_to_get_one(site):
    done = make(site, PATH="")
    assert done.returncode == 1
    assert "apt install chromium" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_problem_sheet_and_its_solutions_are_apart_and_linked(printed):
    import pypdfium2

    said = {}
    for name in ("problem-sheet", "problem-sheet-solutions"):
        with pypdfium2.PdfDocument(printed / f"{name}.pdf") as pdf:
            said[name] = "".join(text_of(page) for page in pdf)
    for text in said.values():
        assert all(f"{n}. " in text for n in range(1, 9))
    assert "all classes are equally likely" not in said["problem-sheet"]
    assert "all classes are equally likely" in said["problem-sheet-solutions"]
    page = BeautifulSoup((printed / "book/teachers.html").read_text("utf-8"), "html.parser")
    links = {link["href"] for link in page.select("a[href$='.pdf']")}
    assert {f"../{name}.pdf" for name in said} <= links
