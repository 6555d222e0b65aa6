"""A station on a real database for tests of the ground and the equipment: the real lane, log and stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from safezone.core.authenticator import Authenticator
from safezone.core.bus import Bus
from safezone.core.clock import ManualClock
from safezone.core.desk import Desk
from safezone.core.event import Entry
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.core.in_force import SettingsInForce
from safezone.core.lane import WriterLane
from safezone.core.rebuild import Verdict, verify
from safezone.core.settings import Settings
from safezone.events.zone import Area, Evidence, SelectionCriteria
from safezone.zone import commands as cmds
from safezone.zone import queries
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
            in_force=SettingsInForce(Settings()),
            database=self.database,
            bus=self.bus,
            clock=self.clock,
            lane=self.lane,
            authenticator=Authenticator(self.database, self.clock, self.lane),
        )

    def do(self, command: Any, identity: Identity | None = None) -> Any:
        """The answer to a command, after its commit; raises its refusal."""
        return self.lane.submit(command, identity or system(STATION, "test")).result(timeout=60)

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


def chief(station: str = STATION) -> Identity:
    """Somebody who may change the ground."""
    return Identity(station, "chief", "chief-1")


def square(lon: float, lat: float, side: float = 0.002) -> Area:
    """A square whose south-western corner lies here, in degrees."""
    east, north = lon + side, lat + side
    return [[[(lon, lat), (east, lat), (east, north), (lon, north), (lon, lat)]]]


def version_of(node: Node) -> str:
    """The version of the ground that a change must name now."""
    with node.read() as conn:
        return queries.get_zone_details(conn, STATION, operator()).version


def edit(node: Node, command: type[Any], **what: Any) -> str:
    """A change made on the newest map by somebody who may make it; the version after it."""
    made: str = node.do(command(expected_version=version_of(node), **what), chief())
    return made


def edit_everything(node: Node) -> None:
    """One change of every kind."""
    words = Words("ใหม่", "New")
    edit(node, cmds.DrawZone, area=square(104.726, 16.540, 0.006), reason="extended to the pier")
    edit(node, cmds.DefineCommunity, id="new-one", name=words, coverage="part", area=square(104.727, 16.541))
    edit(node, cmds.RecordPopulation, residents=410, households=120, source=words, community_id="new-one")
    edit(node, cmds.RecordPopulation, residents=2400, households=900, source=words, as_of="30/6/2568")
    edit(node, cmds.RemoveCommunity, id="new-one", reason="merged")
    edit(node, cmds.NamePlace, id="stall", name=words, sort="market", point=Point(104.728, 16.542))
    edit(node, cmds.RemovePlace, id="stall", reason="gone")
    evidence = Evidence("risk", "12 ราย", "สภ.เมืองมุกดาหาร", "2568-12-31", 12.0, "https://example.org/report")
    edit(node, cmds.RecordCriteria, criteria=SelectionCriteria(words, words, words), evidence=[evidence])
    edit(
        node,
        cmds.ImportGround,
        digest="0" * 64,
        file="zone.kml",
        format="kml",
        crs="EPSG:4326",
        reason="surveyed",
        boundary=square(104.726, 16.540, 0.007),
    )
