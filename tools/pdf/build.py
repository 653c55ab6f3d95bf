"""The whole book as one PDF, and the cheat sheet on one page, out of the pages of the built site.

    python -m tools.pdf.build SITE

The pages are put one after the other, and Chromium prints them. It cannot say on which page
something will stand, so the book is printed twice: the second time its table of contents has the
page numbers of the first. At last every page of the site gets its links to the two files.
"""

import copy
import re
import sys
from pathlib import Path

import matplotlib
import pikepdf
import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright

from tools.browser import CHROMIUM, LACKING
from tools.pages import ROOT

BOOK, SHEET = "softmax-and-cross-entropy.pdf", "cheat-sheet.pdf"
# The problem sheet and its solutions, for teachers to hand out.
HANDOUTS = {"problems": "problem-sheet.pdf", "solutions": "problem-sheet-solutions.pdf"}
HANDOUTS_PLACE = "<!-- sheets -->"
HERE = Path(__file__).parent
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
SPACES = re.compile(r"\s+")
OLDEST = 131  # the first Chromium that can print at the edges of a page
LONG = 20  # lines of code, beyond which it may go on on the next page
# The fonts of print.css, besides those of the site: for signs that these lack, and for code. They
# come with Matplotlib, so that every machine prints the same book.
FONTS = {
    "Signs": (
        "STIXGeneral",
        "STIXGeneralItalic",
        "STIXGeneralBol",
        "STIXGeneralBolIta",
    ),
    "More Signs": (
        "DejaVuSans",
        "DejaVuSans-Oblique",
        "DejaVuSans-Bold",
        "DejaVuSans-BoldOblique",
    ),
    "Book Mono": (
        "DejaVuSansMono",
        "DejaVuSansMono-Oblique",
        "DejaVuSansMono-Bold",
        "DejaVuSansMono-BoldOblique",
    ),
}
# What is on a page to be touched, or to be read only by those who want to.
NOT_PRINTED = (
    "a.headerlink, details.hide, button, script, .toctree-wrapper, .sidebar-title, p.start, "
    "img.of-dark, .story.narrow, .story-controls, .sd-tab-set > input"
)
# Where the pages of the site name the files, as soon as they are there.
MENU = re.compile(r"<button[^>]*btn-download-pdf-button.*?</li>\n", re.S)
PLACE = "<!-- printed -->"
WHOLE = {"outline": True, "tagged": True, "print_background": True}


def soup(html):
    """Return a page as a tree."""
    return BeautifulSoup(html, "html.parser")


def chapters_of(site):
    """Yield each page of the book, in order: the part it stands in, its name, and its article."""
    first = soup((site / "book/index.html").read_text(encoding="utf-8"))
    yield "", "index", first.select_one("article.bd-article")
    part = ""
    for tag in first.select("nav.bd-links p.caption, nav.bd-links p.caption ~ ul a"):
        if tag.name == "p":
            part = tag.get_text(strip=True)
        else:
            html = (site / "book" / tag["href"]).read_text(encoding="utf-8")
            yield (
                part,
                tag["href"].removesuffix(".html"),
                soup(html).select_one("article.bd-article"),
            )


def made_printable(article, name, names, site):
    """Take out what paper cannot do, and let each id and each link name the page it is on."""
    for tag in article.select(NOT_PRINTED):
        tag.decompose()
    for tag in article.select("details"):
        tag["open"] = ""  # the answer to a question, and what should have been seen
    for tag in article.select("[loading]"):
        del tag["loading"]  # paper does not scroll
    for tag in article.select("pre"):
        if tag.get_text().count("\n") > LONG:
            tag["class"] = "long"
    for tag in article.select(".katex"):
        # Selected once, as it is seen, and heard once, as the LaTeX that it was set from.
        del tag.select_one(".katex-html")["aria-hidden"]
        if not tag.find_parent(["h1", "h2", "h3"]):  # which the outline repeats
            heard = tag.annotation.get_text(strip=True)
            tag.attrs |= {"role": "img", "aria-label": heard}
        tag.select_one(".katex-mathml").decompose()
    for tag in article.select("[id]"):
        if not tag.find_parent("svg"):
            tag["id"] = f"{name}--{tag['id']}"
    article["id"] = name
    for tag in article.select("a[href]"):
        if "://" in tag["href"]:
            continue
        page, _, fragment = tag["href"].partition("#")
        page = page.removesuffix(".html") or name
        if page in names:
            tag["href"] = f"#{page}--{fragment}" if fragment else f"#{page}"
        else:
            tag.unwrap()  # a file that is not in the PDF
    for tag in article.select("img"):
        file = site / "book" / tag["src"]
        if file.suffix == ".svg":
            tag.replace_with(drawn(file.read_text("utf-8"), tag["alt"]))
        else:
            tag["src"] = file.as_uri()
    return article


def drawn(svg, heard):
    """Make a drawing part of the page: as a file of its own it would not have the book's fonts."""
    svg = soup(svg).svg
    svg.attrs |= {"role": "img", "aria-label": heard}
    for tag in svg.select("[role]"):
        del tag["role"], tag["aria-label"]  # heard once, as a whole
    style = svg.style.string.replace(":root", ":scope")
    svg.style.string = f"@scope {{{style}}}"
    return svg


def faces():
    """Return the rules that name the fonts.

    As its file has it, the text's font is half as high again as it is large: more than its lines.
    A heading at the top of a page would reach onto the page before, and the outline name it twice.
    """
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    styles = [(weight, style) for weight in (400, 700) for style in ("normal", "italic")]
    css = (ROOT / "book/_static/book.css").read_text("utf-8")
    static = (ROOT / "book/_static").as_uri()
    # The site's own, which paper waits for.
    own = "".join(re.findall(r"@font-face \{ font-family: \"Book.*\n", css))
    heights = "ascent-override: 90%; descent-override: 22%; "
    own = own.replace("font-display: optional; ", heights).replace("url(", f"url({static}/")
    return own + "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; '
        f'src: url("{(folder / f"{file}.ttf").as_uri()}"); '
        "ascent-override: 90%; descent-override: 22% }\n"
        for family, files in FONTS.items()
        for file, (weight, style) in zip(files, styles, strict=True)
    )


def contents(parts, pages):
    """Return the table of contents, with page numbers as far as they are known."""
    lines, last = [], ""
    for part, name, article in parts:
        if part != last:
            lines.append(f'<p class="part">{part}</p>')
            last = part
        for heading in article.select("h1, h2"):
            inner = copy.copy(heading)
            for tag in inner.select("[id]"):
                del tag["id"]
            for tag in inner.select("a"):
                tag.unwrap()
            target = name if heading.name == "h1" else heading.find_parent("section")["id"]
            lines.append(
                f'<p class="{heading.name}"><a href="#{target}">'
                f"<span>{inner.decode_contents()}</span>"
                f"<span>{pages.get(target, '0')}</span></a></p>"
            )
    title = '<p class="contents-title">Contents</p>'
    return f'<nav class="contents">{title}<div class="columns">{"".join(lines)}</div></nav>'


def document(site, title, body, styles=""):
    """Return a page with the book's own looks, for paper."""
    sheets = [site / "_static" / name for name in ("katex.min.css", "pygments.css", "book.css")]
    links = "".join(f'<link rel="stylesheet" href="{sheet.as_uri()}">' for sheet in sheets)
    css = (HERE / "print.css").read_text("utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{title}</title>{links}<style>{faces()}{css}{styles}</style></head>\n{body}</html>"
    )


def whole_book(site, parts, pages):
    """Return the book as one page."""
    title, author = CONFIG["title"], CONFIG["author"]
    formula = copy.copy(parts[0][2].select_one("div.math .katex-display"))
    for comma in formula.select(".mpunct"):
        comma.decompose()
    licence = parts[0][2].select_one(".licence").get_text()
    front = (
        f'<div class="front"><p class="title">{title}</p>{formula}'
        f'<p class="author">{author}</p><p class="legal">{licence}</p></div>'
    )
    runs, articles = [], []
    for _, name, article in parts:
        head = SPACES.sub(" ", article.h1.get_text(" ", strip=True)).replace('"', r"\"")
        runs.append(
            f'#{name} {{ page: {name} }} @page {name} {{ @top-left {{ content: "{head}" }} }}'
        )
        articles.append(str(article))
    body = f'<body class="book">{front}{contents(parts, pages)}{"".join(articles)}</body>'
    return document(site, title, body, "\n".join(runs))


def printed(browser, page, html, file, **how):
    """Write a page and print it to a file.

    Always in a new tab: when Chromium prints the same tab again, some lines break elsewhere.
    """
    page.write_text(html, encoding="utf-8")
    tab = browser.new_page()
    tab.goto(page.as_uri(), wait_until="load", timeout=0)
    tab.evaluate("document.fonts.ready")
    tab.pdf(path=file, prefer_css_page_size=True, **how)
    tab.close()


def places(file):
    """Return the number of the page on which each target of a link stands."""
    with pikepdf.open(file) as pdf:
        numbers = {page.objgen: n for n, page in enumerate(pdf.pages, 1)}
        return {
            name.removeprefix("/"): numbers[target[0].objgen]
            for name, target in pdf.Root.Dests.items()
        }


def finished(draft, file):
    """Say in the file what Chromium does not, put it where it is read, and count its pages."""
    done = draft.with_suffix(".done")
    with pikepdf.open(draft) as pdf:
        pdf.docinfo["/Author"] = CONFIG["author"]
        pdf.Root.PageMode = pikepdf.Name.UseOutlines
        # Most of the file are tags, 50,000 small objects: they are compressed together.
        pdf.save(done, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        count = len(pdf.pages)
    done.replace(file)
    return count


def linked(site):
    """Name the two files on the first page, and the book in the menu of every page."""
    whole, sheet = (f"{(site / name).stat().st_size / 1e6:.1f} MB" for name in (BOOK, SHEET))
    for path in [*site.glob("*.html"), *site.glob("book/*.html")]:
        root = "../" if path.parent.name == "book" else ""
        html = path.read_text(encoding="utf-8")
        if BOOK in html:
            continue
        item = (
            f'<li><a class="btn btn-sm dropdown-item" href="{root}{BOOK}">'
            '<span class="btn__icon-container"><i class="fas fa-file-pdf"></i></span>\n'
            '<span class="btn__text-container">the whole book</span></a></li>\n'
        )
        html = MENU.sub(lambda m, item=item: m[0] + item, html, count=1)
        html = html.replace(
            PLACE,
            f'<p>To print, or to take along: <a href="{root}{BOOK}">the whole book</a> as a '
            f'PDF ({whole}), and the <a href="{root}{SHEET}">cheat sheet</a> on one page '
            f"({sheet}).</p>",
        )
        problems, solutions = HANDOUTS.values()
        html = html.replace(
            HANDOUTS_PLACE,
            f'<p>To hand out: the <a href="{root}{problems}">problem sheet</a> as a PDF, and its '
            f'<a href="{root}{solutions}">solutions</a> apart.</p>',
        )
        path.write_text(html, encoding="utf-8")


def main(site):
    """Print the book and the cheat sheet into the folder of the site."""
    if not CHROMIUM:
        raise SystemExit(LACKING)
    work = site.parent / "pdf"
    work.mkdir(exist_ok=True)
    found = list(chapters_of(site))
    names = {name for _, name, _ in found}
    parts = [
        (part, name, made_printable(article, name, names, site)) for part, name, article in found
    ]
    parts[0][2].h1.string = "About this book"  # its title stands on the page before
    sheet = next(article for _, name, article in parts if name == "cheatsheet")
    draft = work / "draft.pdf"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        if int(browser.version.split(".")[0]) < OLDEST:
            raise SystemExit(
                f"{CHROMIUM} is version {browser.version}; {OLDEST} or later is needed."
            )
        page = work / "book.html"
        # Where everything stands does not depend on tags, which take long.
        printed(browser, page, whole_book(site, parts, {}), draft)
        html = whole_book(site, parts, places(draft))
        printed(browser, page, html, draft, **WHOLE)
        count = finished(draft, site / BOOK)
        title = f"{CONFIG['title']}: cheat sheet"
        for link in sheet.select("a"):
            link.unwrap()  # there is no other page
        sheet.h1.string = title
        html = document(site, title, f'<body class="sheet">{sheet}</body>')
        printed(browser, work / "sheet.html", html, draft, **WHOLE)
        if finished(draft, site / SHEET) != 1:
            raise SystemExit("The cheat sheet does not fit on one page.")
        for _, name, article in parts:
            if name in HANDOUTS:
                for link in article.select("a"):
                    link.unwrap()
                html = document(site, article.h1.get_text(), f"<body>{article}</body>")
                printed(browser, work / "handout.html", html, draft, **WHOLE)
                finished(draft, site / HANDOUTS[name])
        browser.close()
    linked(site)
    print(f"{BOOK}: {count} pages; {SHEET}: 1 page")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
