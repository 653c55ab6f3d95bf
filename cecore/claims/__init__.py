"""Every statement of the book as a claim that any implementation can be held to."""

from cecore.claims.trial import Implementation
from cecore.claims.verify import Report

__all__ = ["Implementation", "Report"]
