"""A fresh station for every test of the patrol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patrol.station import PatrolStation, a_station
from tests.support.engines import EngineName


@pytest.fixture
def station(engine: EngineName, tmp_path: Path) -> Iterator[PatrolStation]:
    """Three units on duty."""
    with a_station(tmp_path) as found:
        yield found


@pytest.fixture
def quiet_station(engine: EngineName, tmp_path: Path) -> Iterator[PatrolStation]:
    """Three units, nobody on duty."""
    with a_station(tmp_path, on_duty=False) as found:
        yield found
