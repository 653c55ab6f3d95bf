"""Right values."""

import sys
from fractions import Fraction

import numpy as np
import pytest

from cecore.claims.exact import as_numbers_of, exact, mp50


def test_exact_keeps_twice_the_digits_of_a_float():
    assert mp50().dps == 50
    x = exact([mp50().mpf(1) / 3, mp50().inf])
    assert x.hi.tolist() == [1 / 3, np.inf]
    assert x.lo.tolist() == [float(Fraction(1, 3) - Fraction(1 / 3)), 0]
    assert abs(as_numbers_of(x)[0] - mp50().mpf(1) / 3) < 1e-32


def test_mp50_says_that_mpmath_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(
        ImportError, match=r"^checking needs mpmath: pip install 'cecore\[verify\]'$"
    ):
        mp50.__wrapped__()
