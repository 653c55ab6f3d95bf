"""What speed and the last digit cost, and the words in which the chapters' formulas are written."""

from cecore._engine.dtypes import Array, narrowed, quiet
from cecore._engine.exponentials import largest, powers
from cecore._engine.inputs import (
    check_class_count,
    check_direction,
    check_indices,
    check_logits,
    check_pair,
)
from cecore._engine.rows import of_labelled_logits, of_logits
from cecore._engine.sums import row_sums, sums_along, sums_with_own

__all__ = [
    "Array",
    "check_class_count",
    "check_direction",
    "check_indices",
    "check_logits",
    "check_pair",
    "largest",
    "narrowed",
    "of_labelled_logits",
    "of_logits",
    "powers",
    "quiet",
    "row_sums",
    "sums_along",
    "sums_with_own",
]
