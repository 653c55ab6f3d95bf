"""The tabs "In your framework": each snippet was run as it stands, and gives the book's numbers."""

import json
import re

import numpy as np
import pytest

import cecore
from tests.book.reading import NOTEBOOKS, text_of
from tools.frameworks import FILE, FOLDER, LIBRARIES, digest, libraries

SNIPPETS = sorted(FOLDER.glob("*.py"))
RAN = json.loads(FILE.read_text("utf-8"))
each_snippet = pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.stem)

Z = np.array([[2.0, 1.0, 0.1], [0.0, 0.0, 3.0]])
P, Q = [0.7, 0.3], [0.9, 0.1]
LOSS, GRAD = cecore.loss_and_grad(Z, [0, 2])
DIVERGENCE = cecore.kl_divergence(P, Q)
PRINTED = {
    "softmax": cecore.softmax(Z[0]),
    "derivative": cecore.softmax_jacobian(Z[0]),
    "cross_entropy_torch": DIVERGENCE,
    "cross_entropy_jax": DIVERGENCE,
    "cross_entropy_keras": [cecore.cross_entropy(P, Q), -np.log(1e-7)],
    "cross_entropy_scipy": [cecore.entropy(P), DIVERGENCE],
    "cross_entropy_sklearn": -np.log([0.7, 0.1]).mean(),
    "combined_torch": [LOSS, *GRAD.ravel()],
    "combined_jax": [*cecore.softmax_cross_entropy(Z, [0, 2]), *GRAD.ravel()],
    "combined_keras": LOSS,
    "combined_sklearn": LOSS,
}


@each_snippet
def test_a_snippet_was_run_as_it_stands(path):
    text = path.read_text("utf-8")
    assert RAN[path.stem]["sha256"] == digest(text), "run make libraries"
    assert [by.rpartition(" ")[0] for by in RAN[path.stem]["by"]] == [
        LIBRARIES[module] for module in libraries(text)
    ]
    assert max(map(len, text.splitlines())) <= 72


@each_snippet
def test_a_snippet_prints_what_the_book_says(path):
    lines = re.findall(r"^# > (.*)$", path.read_text("utf-8"), re.M)
    numbers = re.findall(r"-?\d+\.\d+", " ".join(lines))
    right = PRINTED.get(path.stem, PRINTED.get(path.stem.partition("_")[0]))
    np.testing.assert_allclose([float(n) for n in numbers], np.ravel(right), atol=1e-4)


def test_every_snippet_is_shown_once():
    shown = [
        name
        for path in NOTEBOOKS
        for name in re.findall(r"\{literalinclude\} frameworks/(\w+)\.py", text_of(path))
    ]
    assert sorted(shown) == [path.stem for path in SNIPPETS] == sorted(RAN)
