"""What the theme loads, and no page of this book uses, is taken out of the built pages.

The theme brings eleven style sheets of 560 kB (most of it Bootstrap), 2,000 icons and the search
engine to every page, and a browser shows no line before it has read most of that. After this step
there is one style sheet, which holds the rules that some page can use; scripts wait until the text
is there; and the icons are those that `book.css` draws.
"""

import hashlib
import re

import tinycss2
from bs4 import BeautifulSoup
from PIL import Image
from sphinx.errors import ExtensionError

NOWHERE = re.compile(r"fontawesome\.js")  # the icons are in book.css
ONLY_TO_SEARCH = re.compile(
    r"(?:searchtools|language_data|searchindex)\.js|DOCUMENTATION_OPTIONS.search"
)
ICON = re.compile(r"fa[srb]?(?:$|-)")
# Where the theme's pages are at fault.
CORRECTIONS = [
    # The name of a button is what one sees on it.
    (
        r'(<button class="btn search-button-field[^>]*?) aria-label="Search"',
        r"\1",
    ),
    (r' aria-label="Toggle hidden content"', ""),
    # Everything on a page belongs to a landmark.
    (
        r'<div id="pst-primary-sidebar"',
        r'\g<0> role="region" aria-label="The book"',
    ),
    # These roles are not for elements such as theirs.
    (r' role="doc-biblioentry"| role="list"(?= class="citation-list")', ""),
    # A link does not begin with a space.
    (r"Solution to(<a [^>]*>) ", r"Solution to \1"),
    # There is no advertisement.
    (
        r'<div class="sidebar-primary-item">\s*<div id="ethical-ad-placement".*?</div></div>',
        "",
    ),
]
# The theme asks every box whether it scrolls, and with that lays out a whole chapter in one go.
# Asked one after the other, they leave room for what a reader does meanwhile.
ALL_AT_ONCE = re.compile(r"\.forEach\((\w+)=>\{(\1\.tabIndex=[^}]*)\}\)")
ONE_BY_ONE = r".forEach(\1=>setTimeout(()=>{\2}))"
IMAGE = re.compile(r'<img (?![^>]*\b(?:width|style)=)[^>]*src="([^"]*\.png)"')
SCRIPT = re.compile(r'<script\b[^>]*\bsrc="([^"]*)"')
IMPORT = re.compile(r"@import \"([^\"]+)\";")
# Bootstrap's script names hundreds of classes. These are the ones it sets in this book.
BOOTSTRAP = """show fade tooltip tooltip-inner tooltip-arrow bs-tooltip-auto bs-tooltip-top
    bs-tooltip-bottom bs-tooltip-start bs-tooltip-end"""
# What may follow a name in a selector and does not say which elements are meant.
REFINED = re.compile(
    r"::?[\w-]+(?:\((?:[^()]|\([^()]*\))*\))?|\[[^\]]*\]|(?<=[\s>+~,(])\d[\d.]*%"
)
NAME = re.compile(r"-?(?:[A-Za-z_]|\\.)(?:[\w-]|\\.)*")


def lean(app, exception):
    """Rewrite the head of every page, once all of them are there."""
    if exception or app.builder.name != "html":
        return
    pages = {
        path: path.read_text(encoding="utf-8")
        for path in [
            *app.outdir.glob("*.html"),
            *app.outdir.glob("book/*.html"),
        ]
    }
    pages = {path: html for path, html in pages.items() if "stylesheet" in html}
    heads = {
        path: BeautifulSoup(
            re.search("<head>(.*?)</head>", html, re.S)[1], "html.parser"
        )
        for path, html in pages.items()
    }
    sheets, scripts = {}, {}  # as sets that keep the order
    for path, head in heads.items():
        for tag in head.select("link[rel=stylesheet]"):
            sheets[file_of(path, tag["href"])] = None
        for source in SCRIPT.findall(pages[path]):
            scripts[file_of(path, source)] = None

    used = names_in(pages.values(), scripts)
    css = "".join(rules_of(sheet, used, app.outdir) for sheet in sheets)
    version = hashlib.sha256(css.encode()).hexdigest()[:8]
    (app.outdir / "_static/all.css").write_text(css, encoding="utf-8")

    theme = app.outdir / "_static/scripts/pydata-sphinx-theme.js"
    script, changed = ALL_AT_ONCE.subn(ONE_BY_ONE, theme.read_text("utf-8"))
    if changed != 1:
        raise ExtensionError("lean.py no longer fits the theme's script")
    theme.write_text(script, encoding="utf-8")

    for path, head in heads.items():
        root = "" if path.parent == app.outdir else "../"
        lighten(head, path, f"{root}_static/all.css?v={version}")
        start, rest = pages[path].split("<head>", 1)
        body = rest.split("</head>", 1)[1]
        for fault, correction in CORRECTIONS:
            body = re.sub(fault, correction, body, flags=re.S)
        body = IMAGE.sub(
            lambda m, path=path: placed(m[0], file_of(path, m[1])), body
        )
        path.write_text(f"{start}<head>{head}</head>{body}", encoding="utf-8")


def placed(tag, file):
    """A picture below the screen can wait, and has its place until it comes."""
    with Image.open(file) as picture:
        width, height = picture.size
    return f'{tag} width="{width}" height="{height}" loading="lazy" decoding="async"'


def file_of(page, address):
    return (page.parent / address.partition("?")[0]).resolve()


def lighten(head, path, style):
    """One style sheet, no script that blocks, nothing twice."""
    first, *others = head.select("link[rel=stylesheet]")
    first["href"] = style
    for tag in others + head.select("link[rel=preload][as=script]"):
        tag.decompose()
    for tag in head.select("meta[name=viewport]")[1:] + head.select(
        "meta[name^=docsearch]"
    ):
        tag.decompose()
    if not head.select_one("meta[name=description]"):  # a page without text
        about = BeautifulSoup('<meta name="description"/>', "html.parser").meta
        about["content"] = f"{head.title.text}: find a word or a function."
        head.append(about)
    for tag in head.select("meta[property^='og:']"):
        if (
            tag["property"] in ("og:url", "og:image")
            and "://" not in tag["content"]
        ):
            tag.decompose()  # the address of the site is not known
    for tag in head.select("script"):
        source = tag.get("src", "")
        named = source or tag.string or ""
        if NOWHERE.search(named) or (
            ONLY_TO_SEARCH.search(named) and path.name != "search.html"
        ):
            tag.decompose()
        elif "documentation_options.js" in source:
            # The scripts in the page need it: it is part of the page, and the others can wait.
            del tag["src"]
            tag.string = file_of(path, source).read_text(encoding="utf-8")
        elif source:
            tag["defer"] = ""


def names_in(pages, scripts):
    """Every class, id and tag that some page has or some script may add."""
    found = set(BOOTSTRAP.split())
    for html in pages:
        found |= set(re.findall(r"<([a-z][a-z0-9-]*)", html))
        for value in re.findall(r"\b(?:class|id)=\"([^\"]*)\"", html):
            found |= set(value.split())
    for script in scripts:
        if script.name != "bootstrap.js" and not NOWHERE.search(script.name):
            found |= set(
                re.findall(r"[A-Za-z_][\w-]*", script.read_text("utf-8"))
            )
    return found


def rules_of(sheet, used, out):
    """The rules of a style sheet that apply to something, its addresses as seen from _static."""
    css = sheet.read_text(encoding="utf-8")
    imported = [
        rules_of((sheet.parent / address).resolve(), used, out)
        for address in IMPORT.findall(css)
    ]
    css = IMPORT.sub("", css)
    base = sheet.parent.relative_to((out / "_static").resolve()).as_posix()
    if base != ".":
        css = re.sub(
            r"url\((?!data:|[\"']?data:|#)[\"']?([^)\"']+)[\"']?\)",
            rf"url({base}/\1)",
            css,
        )
    # Every browser that can show the book reads WOFF2.
    css = re.sub(r",\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)", "", css)
    if sheet.name != "book.css":
        used = used - {name for name in used if ICON.match(name)}
    return "".join([*imported, *kept(css, used)])


def kept(css, used):
    rules = tinycss2.parse_rule_list(
        css, skip_comments=True, skip_whitespace=True
    )
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [""]
            for token in rule.prelude:
                if token == ",":
                    selectors.append("")
                else:
                    selectors[-1] += token.serialize()
            selectors = [s.strip() for s in selectors if applies(s, used)]
            if selectors:
                yield f"{','.join(selectors)}{{{tinycss2.serialize(rule.content).strip()}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword in (
            "media",
            "supports",
        ):
            inner = "".join(kept(tinycss2.serialize(rule.content), used))
            if inner:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword != "charset":
            text = rule.serialize()
            if "Font Awesome" not in text.replace("\\", ""):
                yield text + "\n"


def applies(selector, used):
    """Whether all names in a selector occur: if not, it selects nothing."""
    plain = REFINED.sub("", selector)
    return all(name.replace("\\", "") in used for name in NAME.findall(plain))


def address_of_site(app, config):
    """What other sites show when they link to a page needs the page's full address."""
    config.ogp_site_url = config.html_baseurl
    config.ogp_social_cards = {"enable": bool(config.html_baseurl)}


def write_all(app, env):
    """No page is left as an earlier build wrote it."""
    return list(env.found_docs)


def setup(app):
    app.connect("config-inited", address_of_site)
    app.connect("env-updated", write_all)
    # after the theme, which writes the colours of code at this very moment
    app.connect("build-finished", lean, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
