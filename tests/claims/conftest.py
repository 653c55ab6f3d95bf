"""One run of the command on cecore, which many tests look at."""

import contextlib
import io
from types import SimpleNamespace

import pytest

from cecore.claims import verify
from cecore.claims.cli import main


@pytest.fixture(scope="session")
def command(tmp_path_factory):
    """The command without options but for its file: what it found, wrote and printed."""
    path = tmp_path_factory.mktemp("command") / "evidence.json"
    found, printed = [], io.StringIO()

    def recorded(*arguments, **named):
        found.append(verify(*arguments, **named))
        return found[0]

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr("cecore.claims.cli.verify", recorded)
        status = main(["verify", "--json", str(path)])
    return SimpleNamespace(status=status, path=path, printed=printed.getvalue(), report=found[0])


@pytest.fixture(scope="session")
def own(command):
    return command.report
