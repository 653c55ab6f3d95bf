"""The claims of the book: one file a chapter, and two for what an implementation owes its user."""

from cecore.claims.book import (
    combined_gradient,
    contract,
    cross_entropy,
    last_digits,
    scale,
    softmax,
    softmax_derivative,
    stability,
    training,
    variants,
)
from cecore.claims.book.unchecked import UNCHECKED
from cecore.claims.registry import in_order

FILES = (
    softmax,
    softmax_derivative,
    cross_entropy,
    combined_gradient,
    stability,
    contract,
    last_digits,
    training,
    variants,
    scale,
)
CLAIMS = in_order(
    [*UNCHECKED, *(claim for file in FILES for claim in file.CHAPTER.claims.values())]
)
# Statements of the article that the book makes more exact, as its appendix "corrections" says.
CORRECTED = ("S1", "S2", "S3", "S4", "S11", "S13", "S17", "S19")
