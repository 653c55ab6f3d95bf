"""Every statement of the book as a claim that any implementation can be held to."""

from cecore.claims.book import CLAIMS
from cecore.claims.model import Claim, Evidence, Implementation, NotSupportedError
from cecore.claims.report import Report
from cecore.claims.run import verify

__all__ = [
    "CLAIMS",
    "Claim",
    "Evidence",
    "Implementation",
    "NotSupportedError",
    "Report",
    "verify",
]
