"""A demonstration without life of its own, whose poles are missed after seconds: the tests bring the life."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import Station, running

QUICK = "[heartbeats]\ninterval_s = 1\nwatch_after_s = 3\ndown_after_s = 5\n"


@pytest.fixture
def quick_station(tmp_path: Path) -> Iterator[Station]:
    """One test's own station: it may be killed and stopped."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "safezone.toml").write_text(QUICK, "utf-8")
    with running(data) as station:
        yield station


@pytest.fixture(scope="module")
def plain_station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """Shared by the tests of one file, which do it no harm."""
    with running(tmp_path_factory.mktemp("plain") / "data") as station:
        yield station
