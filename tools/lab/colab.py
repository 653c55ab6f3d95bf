"""Write the notebooks for Colab, which shows a notebook but has no files beside it.

    python -m tools.lab.colab FOLDER

Each begins with one more cell, which fetches the repository and installs cecore. They are
published on the branch `colab`, so that readers elsewhere never see that cell. If no address of a
repository is set in _config.yml, nothing is written.
"""

import sys
from pathlib import Path

import nbformat
import yaml

from tools.pages import BOOK, ROOT

FETCH = """\
# Colab has neither the package nor the data of this book: fetch them.
!git clone --quiet --depth 1 --branch {branch} {url} book-source
%pip install --quiet "./book-source[verify]"
%cd -q book-source/book"""


def main(folder: Path) -> None:
    """Write all notebooks of the book into a folder."""
    text = (ROOT / "_config.yml").read_text(encoding="utf-8")
    repository = yaml.safe_load(text)["repository"]
    if not repository["url"]:
        return
    (folder / "book").mkdir(parents=True, exist_ok=True)
    for file in BOOK.glob("*.ipynb"):
        notebook = nbformat.read(file, 4)
        fetch = nbformat.v4.new_code_cell(FETCH.format_map(repository), id="colab")
        notebook.cells.insert(0, fetch)
        nbformat.write(notebook, folder / "book" / file.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
