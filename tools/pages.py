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


def pages_of_book():
    """Return the files that the table of contents names, in its order, without their endings."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(page["file"] for part in toc["parts"] for page in part["chapters"])]


def notebooks_of_book():
    """Return the notebooks of the book, in its order."""
    files = [ROOT / f"{page}.ipynb" for page in pages_of_book()]
    return [file for file in files if file.exists()]
