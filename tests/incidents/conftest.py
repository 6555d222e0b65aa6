"""A fresh demonstration station for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.incidents.desk import Desk
from tests.support.engines import EngineName


@pytest.fixture
def desk(engine: EngineName, tmp_path: Path) -> Iterator[Desk]:
    """The station with three units on duty; nothing reported yet."""
    desk = Desk(tmp_path)
    yield desk
    desk.close()
