"""What `make libraries` has found, as it is stored for the book."""

import functools
import json

from tests.conftest import ROOT


@functools.cache
def stored(library):
    """What `make libraries` has found: the name of the implementation, and evidence by claim."""
    found = json.loads((ROOT / f"book/data/verify-{library}.json").read_text("utf-8"))
    return found["implementation"], {entry["id"]: entry for entry in found["claims"]}


def assert_stored(library, name, claim, evidence):
    """The stored evidence of this version, if there is any for the claim, is what is found here."""
    implementation, entries = stored(library)
    if implementation == name and claim in entries:
        entry = entries[claim]
        assert (entry["verdict"], entry["inputs"]) == (evidence.verdict, evidence.inputs)
        if evidence.verdict != "held":  # which input comes closest is a matter of the last digits
            assert (entry["worst"], entry["message"]) == (evidence.worst, evidence.message)
