"""A station that is not running, opened for one command typed on its own machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.entrypoints.house import Engine, open_folder, served_of
from safezone.zone.queries import list_stations

if TYPE_CHECKING:
    from safezone.entrypoints.cli.parsing import Wire


_NO_STATION: Final = Words(
    th="ยังไม่มีสถานีของโฟลเดอร์นี้ในฐานข้อมูล: สร้างด้วย safezone up ก่อน",
    en="The station of this folder is not in the database yet: make it with safezone up first.",
)


@contextmanager
def engine_at_rest(data: Path, wire: Wire) -> Iterator[Engine]:
    """What carries out commands in the station of this folder, which nobody else has meanwhile; CannotStart when it runs."""
    folder, settings = open_folder(data)
    folder.lock()
    try:
        database = folder.open_database(settings)
        with database.read() as conn:
            station = served_of(list_stations(conn), settings)
        if station is None:
            database.close()
            raise CannotStart(_NO_STATION)
        engine = Engine(wire(settings), database, station)
        engine.start()
        try:
            yield engine
        finally:
            engine.stop()
    finally:
        folder.unlock()
