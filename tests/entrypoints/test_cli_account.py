"""`safezone account`: from the machine's own console, when nobody can sign in any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from safezone.entrypoints.cli.parsing import run
from safezone.main import wire
from tests.support.station import Station


def test_accounts_are_looked_after_from_the_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Station(tmp_path).close()

    def account(*words: str) -> tuple[int, str]:
        status = run(["account", *words, "--data", str(tmp_path)], wire)
        out = capsys.readouterr()
        return status, out.out + out.err

    status, link = account("add", "Somchai", "--role", "admin")
    assert (status, link.startswith("/enter#token=")) == (0, True)
    assert account("add", "somchai", "--role", "operator")[0] == 1, "the name is taken"
    assert account("suspend", "nobody")[0] == 1
    assert account("suspend", "somchai")[0] == 0, (
        "also the last administrator: here somebody sits at the machine"
    )
    assert account("add", "malee", "--role", "operator", "--reach", "region")[0] == 1, "for commanders alone"
    assert account("add", "malee", "--role", "commander", "--reach", "region")[0] == 0
    listed = account("list")[1]
    assert "somchai,admin,station,suspended" in listed
    assert "malee,commander,region,invited" in listed
    assert account("reset", "somchai")[0] == 1, "suspended: resume it first"
