"""What functions are called with."""

import numpy as np

from cecore.claims.exact import as_numbers_of
from cecore.claims.inputs import Pair, Row
from cecore.claims.run import CECORE
from cecore.claims.trial import Trial


def test_row_has_as_loss_minus_the_logarithm_in_both_its_floats():
    row = Row([2.0, 1.0, 0.1])
    for k in range(3):
        assert as_numbers_of(row.loss_of(k)) == -as_numbers_of(row.log_s)[k]
    assert row.log_s.lo.all()


def test_hard_rows_are_so_in_both_dtypes():
    kinds = [(row.z.dtype.name, row.n, row.size > 500) for row in Trial(CECORE).hard_rows()]
    assert kinds == [
        (dtype, n, large)
        for dtype in ("float32", "float64")
        for n, large in (
            (300, False),
            (300, True),
            (128, False),
            (1_000, False),
            *[(127, False)] * 2,
        )
    ]


def test_rows_are_of_at_most_a_size_and_a_number_of_classes():
    rows = Trial(CECORE).rows(most=9, n=4)
    assert max(row.size for row in rows) == 9
    assert {row.n for row in rows} == {1, 2, 3, 4}


def test_pair_is_of_one_dtype():
    pair = Pair([0.5, 0.5], [0, 1], np.float32)
    assert (pair.p.dtype, pair.q.dtype) == (np.float32, np.float32)
    assert (pair.cross.hi, pair.kl.hi) == (np.inf, np.inf)
