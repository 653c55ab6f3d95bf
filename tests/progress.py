"""How far the tests are and which are running, in place of pytest's dots.

On a terminal that is one line, which is written over; in a log there is a line for every twentieth
part. What fails is named at once. With -q and -v everything is as pytest has it.
"""

from collections import Counter

import pytest

from tests.sharing import SECONDS, file_of

PARTS = 20
SHORT = 2  # seconds, about, for a file that is not long


class Progress:
    """A pytest plugin that shows how far a session is."""

    def __init__(self, reporter):
        self.reporter = reporter
        reporter.showfspath = False  # the names of files, before dots
        self.weights, self.running = {}, {}  # by test; the latter is an ordered set
        self.total = self.done = self.parts = 0
        self.on = True

    def start(self, nodeids):
        """Take note of what will be run. A test has its share of its file's time."""
        counts = Counter(map(file_of, nodeids))
        self.weights = {
            nodeid: SECONDS.get(file_of(nodeid), SHORT) / counts[file_of(nodeid)]
            for nodeid in nodeids
        }
        self.total = sum(self.weights.values())

    def line(self):
        names = ", ".join(self.running)
        part = min(self.done / self.total, 1) if self.total else 1
        return f"{part:4.0%}  {names}"

    def show(self):
        """Write the line over the last one, or a new one if there is something to say."""
        if self.reporter.isatty:
            width = self.reporter._tw.fullwidth - 1
            self.reporter.rewrite(self.line()[:width], erase=True)
        elif self.total and int(PARTS * self.done / self.total + 1e-9) > self.parts:
            self.parts = int(PARTS * self.done / self.total + 1e-9)
            self.reporter.write_line(self.line().rstrip())
        self.reporter.flush()  # who follows a log waits for it

    def clear(self):
        if self.reporter.isatty:
            self.reporter.rewrite("", erase=True)
            self.reporter.rewrite("")

    def pytest_collection_finish(self, session):
        self.start([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids):
        if not self.total:
            self.start(ids)

    def pytest_runtest_logstart(self, nodeid):
        self.running[nodeid] = None
        if self.reporter.isatty:
            self.show()

    def pytest_runtest_logfinish(self, nodeid):
        self.running.pop(nodeid, None)
        self.done += self.weights.pop(nodeid, 0)
        self.show()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.clear()
            what = "FAILED" if report.when == "call" else "ERROR"
            self.reporter.write_line(f"{what} {report.nodeid}", red=True)
            self.reporter.flush()
            if report.when == "???":  # the process that ran it has died
                self.running.pop(report.nodeid, None)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self):
        category, letter, word = yield
        return (category, "", "") if self.on else (category, letter, word)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self):
        try:
            return (yield)
        finally:
            self.on = False
            self.clear()


@pytest.hookimpl(trylast=True)  # when there is a reporter
def pytest_configure(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and not (config.option.verbose or config.option.collectonly):
        config.pluginmanager.register(Progress(reporter))
