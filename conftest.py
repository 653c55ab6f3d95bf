"""What every run of pytest needs, whichever tests it runs."""

import tools.one_thread  # noqa: F401  first of all: before anything imports NumPy

# Each before those that import it.
pytest_plugins = ["tests.sharing", "tests.built_site", "tests.progress"]
