"""How several processes share the tests: `pytest -n auto`.

A file's tests stay together, as a notebook's cells must. What takes longest comes first, so that
all end at about the same time; and before it what needs no site, for that is being built.
"""

import pytest

# About how many seconds a file takes, if that is long: in the order in which they are run.
SECONDS = {
    "tests/proofs/test_coq.py": 60,
    "tests/claims/test_book.py": 45,
    "tests/claims/test_kit.py": 30,
    "tests/proofs/test_derivations.py": 20,
    "tests/claims/test_listening.py": 10,
    "tests/engine/test_accuracy.py": 8,
    "tests/site/test_lab.py": 150,
    "tests/site/test_pdf.py": 50,
    "tests/site/test_explorable.py": 50,
    "tests/site/test_in_browser.py": 100,
}
# The tests of these are run wherever a process is free: they share nothing that takes long to make.
APART = ("tests/site/test_in_browser.py",)


def file_of(nodeid):
    return nodeid.split("::")[0]


def needs_site(item):
    return "site" in getattr(item, "fixturenames", ())


def pytest_collection_modifyitems(items):
    """Put long files first, and in each of them last what needs the site."""
    ranks, places = {file: rank for rank, file in enumerate(SECONDS)}, {}
    for item in items:
        places.setdefault(file_of(item.nodeid), len(places))

    def place(item):
        file = file_of(item.nodeid)
        return ranks.get(file, len(ranks)), places[file], needs_site(item)

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    if config.getvalue("dist") not in ("load", "loadfile"):  # `load` is what `-n` chooses
        return None
    from xdist.scheduler import LoadFileScheduling

    class Sharing(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = file_of(nodeid)
            return nodeid if file in APART else file

    config.option.loadscopereorder = False  # not by the number of tests
    return Sharing(config, log)
