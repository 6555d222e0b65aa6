"""A station that is not running, opened for one command typed on its own machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from safezone.entrypoints.house import Engine, open_folder
from safezone.zone.queries import list_stations

if TYPE_CHECKING:
    from safezone.entrypoints.cli.parsing import Wire


@contextmanager
def engine_at_rest(data: Path, wire: Wire) -> Iterator[Engine]:
    """What carries out commands in the station of this folder, which nobody else has meanwhile; CannotStart when it runs."""
    folder, settings = open_folder(data)
    folder.lock()
    try:
        database = folder.open_database(settings)
        with database.read() as conn:
            station = list_stations(conn)[0]
        engine = Engine(wire(settings), database, station)
        engine.start()
        try:
            yield engine
        finally:
            engine.stop()
    finally:
        folder.unlock()
