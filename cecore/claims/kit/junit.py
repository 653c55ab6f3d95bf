"""An examination as JUnit XML, which services of continuous integration read."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cecore.claims.kit.causes import Cause, block, told_as
from cecore.claims.kit.examine import Examination

# What XML has no place for.
NO_LETTERS = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(name: str, examination: Examination, found: list[Cause], counted: tuple[str, ...]) -> str:
    """Write a test for each probe, function and dtype; what does not count is skipped."""
    suite = Element("testsuite", name=_clean(name))
    by_probe = {cause.probe: cause for cause in found}
    tests = failures = skipped = 0
    for finding in examination.findings:
        if not (finding.looked or finding.faults):
            continue
        level = finding.probe.level
        tests += 1
        case = SubElement(
            suite,
            "testcase",
            classname=f"cecore.{level}.{finding.function}",
            name=f"{finding.probe.name} ({finding.dtype})",
        )
        if not finding.faults:
            continue
        cause = by_probe[told_as(finding)]
        if level in counted:
            failures += 1
            failure = SubElement(case, "failure", message=_clean(cause.probe.title))
            failure.text = _clean("\n".join(block(cause)))
        else:
            skipped += 1
            SubElement(case, "skipped", message=_clean(f"{level} only: {cause.probe.title}"))
    counts = {"tests": tests, "failures": failures, "skipped": skipped, "errors": 0}
    suite.attrib |= {key: str(count) for key, count in counts.items()}
    indent(suite)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(suite, "unicode")}\n'


def _clean(text: str) -> str:
    return NO_LETTERS.sub("?", text)
