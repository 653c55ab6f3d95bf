"""A report that shows everything that a report may hold."""

from cecore.claims import Claim, Evidence, Report

RATIO = Claim("B2", "The ratio is e^g.", "softmax", "thm-ratio", proofs=("eq-ratio",))


LONG = Claim("S3", "A small gap is hardly more than 1 + g, and a large one is enormous.", "x", "y")


RANGE = Claim("S2", "Every s_i > 0.", "softmax", "thm-range")


SOURCE = Claim("R1", "The article names one.", "references", "", reason="a reference")


REPORT = Report(
    "mine",
    [
        (RATIO, Evidence("held", 40, 9999.96, "softmax([inf, 0.0])")),
        (LONG, Evidence("failed", 3, 1e4, "softmax([0.0])", "got 1, right is " + "0" * 60)),
        (RANGE, Evidence("error", 123456, None, "softmax([2.0])", "softmax raised ValueError")),
        (SOURCE, Evidence("not applicable", message="no function")),
    ],
)
