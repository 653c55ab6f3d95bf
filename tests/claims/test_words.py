"""How arguments and errors are written."""

import numpy as np
import pytest

from cecore.claims.words import short


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([1.0, 2.5], "[1.0, 2.5]"),
        (3, "3"),
        ([[1, 2], [3, 4]], "[[1, 2], [3, 4]]"),
        (np.float32([1, 2]), "float32([1.0, 2.0])"),
        (np.arange(8), "[0, 1, 2, 3, 4, 5, 6, 7]"),
        (np.zeros((3, 3)), "<float64 of shape (3, 3)>"),
        ([], "[]"),
        (np.zeros((0, 5)), "<float64 of shape (0, 5)>"),
    ],
)
def test_short_writes_an_argument_in_a_few_words(given, text):
    assert short(given) == text
