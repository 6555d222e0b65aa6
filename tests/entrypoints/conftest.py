"""A running demonstration station."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engines import EngineName
from tests.support.station import RunningStation


@pytest.fixture
def running(engine: EngineName, tmp_path: Path) -> Iterator[RunningStation]:
    """A station of this test's own, everything but the broker; nothing reported yet, nobody on duty."""
    station = RunningStation(tmp_path)
    yield station
    station.close()


@pytest.fixture(scope="module")
def shared(engine: EngineName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    """A station that the tests of one file share: they look, and leave nothing that another could stumble over."""
    station = RunningStation(tmp_path_factory.mktemp("station"))
    yield station
    station.close()
