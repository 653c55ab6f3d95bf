"""What the article says besides, and no function can be held to."""

from cecore.claims.model import Claim

UNCHECKED = (
    Claim(
        id="S0",
        statement="Softmax with cross-entropy is the classic pair for telling classes apart: its "
        "gradient is simple, and it is seen here by intuition, by derivation and in practice.",
        chapter="index",
        label="",
        reason="an outlook on the book, which the other claims make good",
    ),
    Claim(
        id="R1",
        statement="The article names one source: Wang Zhe, Deep Learning Recommender Systems (in "
        "Chinese).",
        chapter="references",
        label="",
        reason="a reference, not a statement about functions",
    ),
)
