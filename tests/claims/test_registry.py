"""How a claim is written down, and how it is checked."""

import pytest

from cecore.claims import Claim, NotSupportedError
from cecore.claims.model import StopError
from cecore.claims.registry import Chapter, in_order, ranges
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


def test_claims_are_put_in_the_order_of_series_and_number():
    claims = [Claim(name, f"{name}.", "x", "") for name in ("R1", "P1", "B10", "B9", "S0")]
    assert [*in_order(claims)] == ["S0", "B9", "B10", "P1", "R1"]


def test_claims_may_not_share_an_id():
    with pytest.raises(ValueError, match=r"^there are two claims S1$"):
        in_order([Claim("S1", "One.", "x", ""), Claim("S1", "Another.", "y", "")])


def test_ranges_are_from_the_first_id_of_a_series_to_its_last():
    assert ranges(["S0", "S1", "S2", "B1", "B2", "R1"]) == "S0-S2, B1-B2, R1"
