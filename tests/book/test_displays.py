"""The displays that are no derivation show what they say."""

import numpy as np
import pytest

from tests.book.displays import DISPLAYS
from tests.book.reading import displays


@pytest.mark.parametrize("label", DISPLAYS)
def test_a_display_is_what_is_computed_here(label):
    sides = DISPLAYS[label]
    text = "".join(side[0] for side in sides if side)
    assert [shown for name, shown in displays() if name == label] == [text]


@pytest.mark.parametrize("label", DISPLAYS)
def test_the_sides_of_a_display_agree(label):
    for before, side in zip(DISPLAYS[label], DISPLAYS[label][1:], strict=False):
        if before and side:  # "" starts another chain
            left, right = before[1], side[1]
            assert np.shape(left) == np.shape(right)
            same = np.isclose(left, right, rtol=0, atol=1e-6)  # six decimals are shown
            assert np.all(left < right if r"\le" in side[0] else same), side[0]
