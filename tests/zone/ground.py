"""A station on a real database for tests of the ground and the equipment: the real lane, log and stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from safezone.core.auth import Authenticator
from safezone.core.bus import Bus
from safezone.core.clock import ManualClock
from safezone.core.desk import Desk
from safezone.core.event import Entry
from safezone.core.identity import Identity, system
from safezone.core.lane import WriterLane
from safezone.core.rebuild import Verdict, verify
from safezone.core.settings import Settings
from tests.support.engines import open_database

STATION = "mdh"
MUKDAHAN = Path(__file__).resolve().parents[2] / "src/safezone/entrypoints/demo/mukdahan"


class Node:
    """One station's database with a running lane; the clock stands until it is moved."""

    def __init__(self, folder: Path, register: Callable[[Bus], None]) -> None:
        self.clock = ManualClock()
        self.bus = Bus()
        register(self.bus)
        self.database = open_database(folder, "station.db")
        self.lane = WriterLane(self.database, self.bus, self.clock)
        self.lane.start()
        self.desk = Desk(
            station=STATION,
            settings=Settings(),
            database=self.database,
            bus=self.bus,
            clock=self.clock,
            lane=self.lane,
            authenticator=Authenticator(self.database, self.clock, self.lane),
        )

    def do(self, command: Any, identity: Identity | None = None) -> Any:
        """The answer to a command, after its commit; raises its refusal."""
        return self.lane.submit(command, identity or system(STATION, "test")).result(timeout=30)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A reading connection."""
        with self.database.read() as conn:
            yield conn

    def log(self) -> list[Entry]:
        """Everything that has happened."""
        with self.database.read() as conn:
            return self.bus.reader().list_after(conn, STATION, 0, 100_000)

    def verdict(self) -> Verdict:
        """What `safezone verify` says of the station."""
        (verdict,) = verify(self.database, self.bus)
        return verdict

    def close(self) -> None:
        """The lane has ended and every connection is closed."""
        self.desk.close()
        self.lane.stop()
        self.database.close()


def operator(station: str = STATION) -> Identity:
    """Somebody at the console."""
    return Identity(station, "operator", "ccoc-1")
