import copy
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from cecore.proofs.book import CHAPTERS
from cecore.proofs.coq import Coq
from cecore.proofs.coq_files import identifier, statement
from tests.conftest import ROOT
from tools.coq import SHOWN
from tools.pages import pages_of_book

REMOTE = re.compile(r"(?:https?:|wss?:)?//\w[^\s\"'`<>)]*", re.I)
# Files that come from another host even if a script only puts their address together.
LOADS = re.compile(
    r"https?://(?:[\w.-]*(?:unpkg|jsdelivr|cdnjs|cloudflare|googleapis|gstatic|mybinder|esm\.sh"
    r"|skypack|hypothes)[\w.-]*|[^\s\"'`<>)]*\.(?:js|mjs|css|woff2?|json|wasm)\b)[^\s\"'`<>)]*"
)
RAW_MARKUP = re.compile(
    r"\\begin\{|\$|\?\?|:::|```|\]\{\.|\{(?:prf|cite|numref|eq|ref|doc|math|exercise|solution)\b"
)


@pytest.fixture(scope="module")
def pages(site):
    """Every page of the site, by its path within it."""
    found = {
        str(path.relative_to(site)): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in site.rglob("*.html")
        if path.relative_to(site).parts[0] not in ("_static", "lab")  # not of the book
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
        assert found == set(), file.name


def test_a_reference_to_a_formula_says_that_it_is_one(pages):
    to_a_formula = "a.internal[href*='#equation-']:not(.stmt-ref)"
    links = [link for page in pages.values() for link in page.select(to_a_formula)]
    assert len(links) > 50
    for link in links:
        short = link.find_parent(class_="number")  # beside a formula of the cheat sheet
        form = r"\(\d\.\d+\)" if short else r"Equation \d\.\d+"
        assert re.fullmatch(form, link.get_text()), link


def test_every_formula_is_set_for_the_eye_and_for_the_ear(pages):
    formulas = [(name, f) for name, page in pages.items() for f in page.select(".math")]
    assert len(formulas) > 400
    for name, formula in formulas:
        assert formula.select_one(".katex-html[aria-hidden=true]"), (name, str(formula))
        assert formula.select_one("math annotation").get_text(strip=True), (name, str(formula))
        assert not formula.select(".katex-error"), (name, str(formula))


def test_the_fonts_of_formulas_are_in_the_site(site, pages):
    fonts = [file for file in files_loaded(site, pages) if "KaTeX" in file.name]
    assert len(fonts) >= 15
    assert {file.suffix for file in fonts} == {".woff2"}


def test_chinese_is_read_where_no_font_for_it_is_installed(site, pages):
    font = TTFont(site / "_static" / "chinese.woff")
    assert "SIL Open Font License" in font["name"].getDebugName(13)
    articles = "".join(page.article.get_text() for page in pages.values() if page.article)
    chinese = {c for c in articles if unicodedata.east_asian_width(c) in "WF"}
    assert chinese == set(map(chr, font.getBestCmap()))
    css = (site / "_static/all.css").read_text(encoding="utf-8")
    (face,) = re.findall(r"@font-face\s*{[^}]*chinese\.woff[^}]*}", css)
    assert {chr(int(code, 16)) for code in re.findall(r"U\+(\w+)", face)} == chinese


def test_a_page_has_one_style_sheet_and_no_script_that_it_waits_for(pages):
    for name, page in pages.items():
        (style,) = page.select("link[rel=stylesheet]")
        assert "_static/all.css?v=" in style["href"], name
        sources = page.select("script[src]")
        assert all(script.has_attr("defer") for script in sources), name
        addresses = " ".join(script["src"] for script in sources)
        assert "fontawesome" not in addresses, name
        assert ("searchindex" in addresses) == (name == "search.html"), name


def test_the_style_sheet_holds_the_rules_that_pages_use_and_no_others(site):
    css = (site / "_static/all.css").read_text(encoding="utf-8")
    for used in (".bd-article", ".stmt", ".katex-display", ".prev-next-area", ".fa-bars"):
        assert used in css
    for unused in (
        ".carousel",
        ".fa-dragon",
        ".sd-btn-outline-success",
        "Font Awesome 6 Free;font-d",
    ):
        assert unused not in css
    assert len(css) < 160_000


def test_the_theme_asks_boxes_one_by_one_whether_they_scroll(site):
    theme = (site / "_static/scripts/pydata-sphinx-theme.js").read_text(encoding="utf-8")
    (asked,) = re.findall(r".{20}\w\.tabIndex=\w\.scrollWidth", theme)
    assert "setTimeout" in asked


def test_signatures_in_the_reference_are_short_and_statements_are_links(pages):
    page = pages["book/functions.html"]
    (softmax,) = page.find_all(id="cecore.softmax")
    assert softmax.get_text(strip=True).rstrip("#") == "cecore.softmax(z,axis=-1)"
    assert [a.get_text() for a in softmax.parent.select("dd a.stmt-ref")] == ["S1", "S2"]
    assert not [dt for dt in page.select("dt.sig") if "ndarray" in dt.get_text()]


def test_every_page_describes_itself(pages):
    for name, page in pages.items():
        if name != "search.html":
            assert len(page.select_one("meta[name=description]")["content"]) > 50, name


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
        text = copy.copy(page.body)
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


def test_numbers_begin_with_that_of_the_chapter(pages):
    chapters = [f"{page}.html" for page in pages_of_book("Chapters")]
    for n, name in enumerate(chapters, 1):
        page = pages[name]
        assert page.select_one("h1 .section-number").get_text() == f"Chapter {n}"
        assert page.h1.get_text() not in ("", "Chapter")
        numbers = [tag.get_text() for tag in page.select(".eqno, .caption-number")]
        counted = [re.search(r"[\d.]+\d", text)[0] for text in numbers]
        assert all(number.startswith(f"{n}.") for number in counted), name
        formulas = [re.search(r"[\d.]+\d", tag.get_text())[0] for tag in page.select(".eqno")]
        assert formulas == [f"{n}.{i}" for i in range(1, len(formulas) + 1)], name
    captions = pages["book/performance.html"].select(".caption-number")
    assert [tag.get_text(strip=True) for tag in captions] == ["Fig. A.1", "Fig. A.2"]


def test_theorems_and_proofs_have_one_pattern(pages):
    boxes = [box for page in pages.values() for box in page.select("div.theorem, div.definition")]
    assert len(boxes) > 30
    for box in boxes:
        number, title = box.select("p.admonition-title > span")
        assert re.fullmatch(r"(Theorem|Definition) \d\.\d+", number.get_text()), box["id"]
        assert not title.get_text().startswith("("), box["id"]
        assert not title.select(".stmt"), box["id"]
    proofs = [
        proof
        for page in pages.values()
        for proof in page.select("div.proof")
        if not {"theorem", "definition"} & set(proof["class"])
    ]
    assert len(proofs) > 20
    for proof in proofs:
        assert proof.select_one(".proof-word").get_text() == "Proof."
        (end,) = proof.select(".proof-end")
        assert proof.get_text().rstrip().endswith(end.get_text())


def test_folded_code_says_what_it_is_and_stands_below_what_it_has_drawn(pages):
    folded = [code for page in pages.values() for code in page.select("details.hide:not(.coq)")]
    names = {code.summary.p.get_text() for code in folded}
    assert names <= {"Set-up", "Code of this figure", "Code", "The source in cecore"}
    for code in folded:
        assert code.find_next_sibling() is None
        drawn = code.find_parent(class_="cell").img is not None
        assert drawn == (code.summary.p.get_text() == "Code of this figure")


def test_the_eight_corrections_are_those_that_the_claims_know(pages):
    from cecore.claims.book import CORRECTED

    rows = pages["book/corrections.html"].select("tbody tr")
    assert [row.select_one(".stmt-ref").get_text() for row in rows] == list(CORRECTED)
    assert all(len(row.select("td")[2].select("a")) == 2 for row in rows)


def test_under_each_theorem_stands_what_coq_is_asked_to_believe(pages):
    coq = Coq()
    texts = {label: statement(shown, coq) for label, shown in SHOWN.items()}
    for chapter in CHAPTERS:
        page = pages[f"book/{chapter.__name__.rpartition('.')[2].replace('_', '-')}.html"]
        for label in chapter.THEOREMS:
            if not label.startswith("eq-"):
                fold = page.find(id=label).find("details", class_="coq")
                assert not fold.has_attr("open")
                read = "".join(fold.pre.get_text().split())
                assert identifier(label) + ":" + "".join(texts[label].split()) in read
    box = pages["book/softmax.html"].find(id="thm-shift")  # a derivation, in the proof
    assert "eq_shift:" in box.find("details", class_="coq").pre.get_text()


def test_the_list_of_references_has_the_names_that_the_text_uses(pages):
    listed = pages["book/references.html"].select(".citation")
    labels = {entry["id"]: entry.select_one(".label").text.strip("[]") for entry in listed}
    labels = {name: label.replace("\xa0", " ") for name, label in labels.items()}
    assert len(labels) > 20
    cited = 0
    for page in pages.values():
        for link in page.select('a[href*="references.html#id"]'):
            label = " ".join(labels[link["href"].partition("#")[2]].split())
            said = " ".join(link.text.split())
            if re.fullmatch(r"\d{4}", said):  # "Dao et al. [2022]": only the year is a link
                assert label.endswith(f", {said}"), (said, label)
                names = label[: -len(f", {said}")]
                assert names in " ".join(link.parent.text.split()), names
            else:
                assert said == label
            cited += 1
    assert cited > 30
