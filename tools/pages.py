"""What the book is made of: its pages, in their order, and how to find what stands on them."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"

# A numbered formula of a chapter: its label, and what it shows.
DISPLAY = re.compile(r"^```\{math\}\n:label: (\S+)\n(.*?)\n```$", re.M | re.S)
# A decimal, a percentage, or a number of three digits and more, perhaps in groups of three.
NUMBER = re.compile(
    r"(?<![\w.])(?:\d+\.\d+|\d{1,3}(?:(?:[ ,]|\{,\})\d{3})+|\d{3,})(?: %)?(?!\w|\.\d)|\d+ %"
)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)  # and displays


def pages_of_book(part=None):
    """Return the files that the table of contents names, in its order, without their endings.

    Of all pages, or of those of a part, such as "Chapters".
    """
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [each for each in toc["parts"] if part in (None, each["caption"])]
    pages = [page["file"] for each in parts for page in each["chapters"]]
    return pages if part else [toc["root"], *pages]


def files_of_book(part=None):
    """Return the same pages as files, each a notebook or Markdown."""
    files = []
    for page in pages_of_book(part):
        notebook, text = (ROOT / f"{page}{ending}" for ending in (".ipynb", ".md"))
        files.append(notebook if notebook.exists() else text)
    return files


def notebooks_of_book(part=None):
    """Return those of the same pages that are notebooks."""
    return [file for file in files_of_book(part) if file.suffix == ".ipynb"]
