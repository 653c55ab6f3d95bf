"""How a claim is written down, and how it is checked."""

import pytest

from cecore.claims import NotSupportedError
from cecore.claims.model import StopError
from cecore.claims.registry import Chapter
from cecore.claims.run import CECORE


@pytest.mark.parametrize(
    ("ratio", "error", "verdict"),
    [
        (1.0, NotSupportedError, "not applicable"),
        (1.5, NotSupportedError, "failed"),
        (1.0, StopError, "error"),
        (1.5, StopError, "failed"),
    ],
)
def test_claim_is_refuted_by_what_is_wrong_before_its_check_ends(ratio, error, verdict):
    chapter = Chapter("softmax")

    @chapter.claim("X1", "thm-none", "softmax")
    def body(trial):
        trial._note(ratio, "wrong")
        raise error("ended")

    evidence = chapter.claims["X1"].check(CECORE)
    message = "wrong" if verdict == "failed" else "ended"
    assert (evidence.verdict, evidence.message) == (verdict, message)
