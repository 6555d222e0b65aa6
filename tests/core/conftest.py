"""A fresh ground for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.ground import Ground
from tests.support.engines import EngineName


@pytest.fixture
def ground(tmp_path: Path, engine: EngineName) -> Iterator[Ground]:
    """A database with a running lane."""
    ground = Ground(tmp_path)
    yield ground
    ground.close()
