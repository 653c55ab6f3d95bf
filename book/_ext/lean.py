"""One small style sheet for all pages, and room for pictures that have yet to come.

The theme and the extensions bring twelve style sheets of 560 kB, most of it Bootstrap and icons. The
rules that some page can use, a quarter, become one sheet. What else a page loads: `_templates`.
"""

import hashlib
import re
from itertools import groupby, pairwise
from pathlib import Path

import tinycss2
from docutils import nodes
from PIL import Image
from sphinx.writers.html5 import HTML5Translator

from dark import draw_dark

SHEET = re.compile(r'<link rel="stylesheet".*_static/([^"?]*\.css).*\s*')
SCRIPT = re.compile(r'<script .*src="[./]*_static/([^"?]*)')
NAMES = re.compile(r'<[\w-]+|(?:class|id)="[^"]*"')
# Bootstrap's script names hundreds of classes. These are the ones it sets in this book.
BOOTSTRAP = """show fade tooltip tooltip-inner tooltip-arrow bs-tooltip-auto bs-tooltip-top
    bs-tooltip-bottom bs-tooltip-start bs-tooltip-end"""
# What reads a variable.
VARIABLES = re.compile(r"var\(\s*(--[\w-]+)")
# Every browser that can show the book reads WOFF2.
OLD_FONTS = re.compile(r",\s*url\([^)]*\.(woff|ttf)\)\s*format\([^)]*\)")
# The theme asks every box whether it scrolls, and so has a whole chapter laid out in one go. Asked
# one after the other, they leave room for what a reader does meanwhile.
ALL_AT_ONCE = re.compile(r"\.forEach\((\w+)=>\{(\1\.tabIndex=[^}]*)\}\)")
# An address without a host, which is of no use to others, and a second viewport.
USELESS = re.compile(r'<meta (name="viewport"|.*"og:url" content="(?!\w+:)).*\n')


def finish(app, exception):
    """Put the rules that select something into the one sheet that every page then loads."""
    if exception or app.builder.name != "html":
        return
    static = app.outdir / "_static"
    files = [app.outdir / f"{page}.html" for page in sorted({"search", *app.env.found_docs})]
    html = "".join(file.read_text("utf-8") for file in files)
    scripts = [static / name for name in set(SCRIPT.findall(html)) if "bootstrap" not in name]
    words = [BOOTSTRAP, *NAMES.findall(html), *(file.read_text("utf-8") for file in scripts)]
    used = set(re.findall(r"[\w-]+", " ".join(words)))
    sheets = [(static / name).read_text("utf-8") for name in dict.fromkeys(SHEET.findall(html))]
    css = OLD_FONTS.sub("", "".join(sheets))
    css = "".join(kept(css, used.union(VARIABLES.findall(css))))
    (static / "all.css").write_text(css, encoding="utf-8")
    version = f"all.css?v={hashlib.sha256(css.encode()).hexdigest()[:8]}"
    for file in files:
        page = SHEET.sub("", file.read_text("utf-8")).replace("all.css?v=", version)
        file.write_text(page, encoding="utf-8")
    theme = static / "scripts/pydata-sphinx-theme.js"
    in_turn = ALL_AT_ONCE.sub(r".forEach(\1=>setTimeout(()=>{\2}))", theme.read_text("utf-8"))
    theme.write_text(in_turn, encoding="utf-8")


def kept(css, used):
    """Yield the rules for what occurs on some page."""
    for rule in tinycss2.parse_rule_list(css, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            parts = [written(part) for part in split(rule.prelude, ",") if names(part) <= used]
            inner = [d for part in split(rule.content, ";") if needed(d := written(part), used)]
            if parts and inner:
                yield f"{','.join(parts)}{{{';'.join(inner)}}}\n"
        elif rule.lower_at_keyword in ("media", "supports"):
            if inner := "".join(kept(rule.content, used)):
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}\n"
        elif "fontawesome" not in (text := rule.serialize()):
            yield f"{text}\n"


def split(tokens, mark):
    """Return the tokens between marks."""
    return [[*part] for is_mark, part in groupby(tokens, lambda t: t == mark) if not is_mark]


def needed(declaration, used):
    """Say whether it is a declaration, and not that of a variable that nothing reads."""
    return declaration and not (declaration[:2] == "--" and declaration.split(":")[0] not in used)


def written(tokens):
    """Return CSS without comments, and with one space where there are more."""
    tokens = [t for t in tokens if t.type != "comment"]
    return "".join(" " if t.type == "whitespace" else t.serialize() for t in tokens).strip()


def names(selector):
    """Return the tags, classes and ids without which a selector selects nothing."""
    tokens = pairwise([None, *selector])
    return {t.value for before, t in tokens if t.type in ("ident", "hash") and before != ":"}


def visit_image(writer, node):
    """Let a picture below the screen wait, and keep its room until it comes."""
    file = writer.builder.srcdir / node["uri"]
    HTML5Translator.visit_image(writer, node)
    if file.suffix == ".png" and "style=" not in writer.body[-1]:
        with Image.open(file) as picture:
            width, height = picture.size
        room = f'<img width="{width}" height="{height}" loading="lazy" decoding="async"'
        writer.body[-1] = writer.body[-1].replace("<img", room, 1)
        if "jupyter_execute" in file.parts:  # a figure, and not the photograph of a screen
            show_dark(writer, node, file)


def show_dark(writer, node, file):
    """Let a figure have a second version, for the dark theme; only the one that is shown is loaded."""
    shown = Path(node["uri"]).name
    other = f"{Path(shown).stem}-dark.png"
    folder = writer.builder.outdir / writer.builder.imagedir
    folder.mkdir(parents=True, exist_ok=True)
    draw_dark(file, folder / other)
    light = writer.body[-1]
    dark = light.replace(shown, other)
    writer.body[-1] = "".join(
        image.replace("<img", f'<img class="of-{theme}"', 1)
        for theme, image in (("light", light), ("dark", dark))
    )


def correct(app, page, template, context, doctree):
    """A link does not begin with a space, and others want an address with a host, or none."""
    if doctree is not None:
        context["metatags"] = USELESS.sub("", context["metatags"])
        context["body"] = re.sub("(Solution to)(<a [^>]*>) ", r"\1 \2", context["body"])


def site_address(app, config):
    """What other sites show when they link to a page needs the page's full address."""
    config.ogp_site_url = config.html_baseurl
    config.ogp_social_cards = {"enable": bool(config.html_baseurl)}


def setup(app):
    app.connect("config-inited", site_address)
    # No page is left as an earlier build wrote it.
    app.connect("env-updated", lambda app, env: [*env.found_docs])
    app.add_node(nodes.image, override=True, html=(visit_image, HTML5Translator.depart_image))
    # after the theme, which writes into the head, and the colours of code, at these very moments
    app.connect("html-page-context", correct, priority=900)
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
