"""The built site, once for all processes of a run of pytest.

As soon as tests are collected that need it, it is built beside those that do not. With pytest-xdist
the workers collect, and the controller builds.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = pytest.StashKey()


class Build:
    """A folder for the site, and who builds it. Its files say how far that is."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.pages = self.folder / "_build" / "html"
        self.wanted = self.folder / "wanted"
        self.result = self.folder / "result"  # empty if all went well, or what was said
        self.builder = None
        self.process = None
        self.ended = False

    def start(self):
        """Start to build, unless that has been started."""
        if not self.builder:
            self.builder = threading.Thread(target=self.build)
            self.builder.start()

    def build(self):
        """Build the site, with the lab if there is a PYODIDE_DIST, as `make site` does."""
        said = ""
        try:
            if pyodide := os.environ.get("PYODIDE_DIST"):
                said = self.run("-m", "tools.lab.build", self.pages / "lab", pyodide)
            jupyter_book = "from jupyter_book.cli.main import main; main()"
            flags = ["-W", "-n", "--keep-going", "--quiet", "--path-output", self.folder]
            said = said or self.run("-c", jupyter_book, "build", ".", *flags)
        except Exception as error:
            said = repr(error)
        # Whole as soon as it is there.
        draft = self.result.with_name("draft")
        draft.write_text(said, encoding="utf-8")
        draft.replace(self.result)

    def run(self, *arguments):
        """Run Python, and return what it said if it failed."""
        if self.ended:
            return "The tests have ended."
        self.process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        said, _ = self.process.communicate()
        return said + f"exit status {self.process.returncode}" if self.process.returncode else ""

    def end(self):
        """Stop building if it still goes on, and leave nothing behind."""
        self.ended = True
        if self.builder:
            if self.process and self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)  # it tidies up what it has begun
            self.builder.join(10)
            if self.builder.is_alive() and self.process:
                self.process.kill()  # SIGINT is ignored in the background of a script
            self.builder.join()
        shutil.rmtree(self.folder, ignore_errors=True)


def is_worker(config):
    return hasattr(config, "workerinput")


def pytest_configure(config):
    folder = (
        config.workerinput["site"] if is_worker(config) else tempfile.mkdtemp(prefix="cecore-site-")
    )
    config.stash[BUILD] = Build(folder)


def pytest_unconfigure(config):
    if not is_worker(config) and BUILD in config.stash:
        config.stash[BUILD].end()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["site"] = str(node.config.stash[BUILD].folder)


@pytest.hookimpl(tryfirst=True)  # before a worker tells the controller what it has collected
def pytest_collection_finish(session):
    config = session.config
    needed = any("site" in getattr(item, "fixturenames", ()) for item in session.items)
    if needed and not config.option.collectonly:
        build = config.stash[BUILD]
        build.wanted.touch() if is_worker(config) else build.start()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node):
    build = node.config.stash[BUILD]
    if build.wanted.exists():
        build.start()


@pytest.fixture(scope="session")
def site(request):
    """The folder of a freshly built book's pages. Warnings are errors, as in `make book`.

    With PYODIDE_DIST in the environment, the lab is there as well, as after `make site`.
    """
    build = request.config.stash[BUILD]
    while not build.result.exists():
        time.sleep(0.1)
    if said := build.result.read_text(encoding="utf-8"):
        pytest.fail(f"The book does not build:\n{said}", pytrace=False)
    return build.pages
