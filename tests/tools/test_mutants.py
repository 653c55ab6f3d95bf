"""A sample of `make mutants`: changes of the book, each of which the tests must notice."""

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SAMPLE = ["--sample", "5", "--seed", "1"]


@pytest.mark.skipif(not os.environ.get("MUTANTS"), reason="run each night: make mutants-sample")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="every change is tried in a fork")
def test_every_change_of_a_sample_is_noticed():
    command = [sys.executable, "-m", "tools.mutants.book", *SAMPLE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    tried, noticed = re.search(r"^all +(\d+) +(\d+)$", done.stdout, re.MULTILINE).groups()
    assert int(tried) == int(noticed) >= 30
