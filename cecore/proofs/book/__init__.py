"""The book's derivations, by the label of the display that shows each of them.

`make notebooks` typesets them into the chapters, and the tests prove every step. So a formula in
a chapter is the one that was checked, and it is written down only here, in the chapter's file.
"""

from cecore.proofs.book import (
    combined_gradient,
    cross_entropy,
    scale,
    softmax,
    softmax_derivative,
    stability,
    training,
    variants,
)

# In the order of the book.
CHAPTERS = (
    softmax,
    softmax_derivative,
    cross_entropy,
    combined_gradient,
    stability,
    training,
    variants,
    scale,
)
THEOREMS = {label: theorem for chapter in CHAPTERS for label, theorem in chapter.THEOREMS.items()}
DERIVATIONS = {
    label: derivation for chapter in CHAPTERS for label, derivation in chapter.DERIVATIONS.items()
}
