"""A small station with real units, a real writer lane and a real database, for the tests of the patrol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safezone.core import listeners
from safezone.core.bus import Bus
from safezone.core.clock import ManualClock
from safezone.core.db import to_us
from safezone.core.event import Entry
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.lane import Committed, WriterLane
from safezone.core.listeners import Hear
from safezone.core.rebuild import verify
from safezone.events.patrol import UnitKind
from safezone.patrol import handlers
from safezone.patrol.commands import RecordFixes, RegisterUnits, SetDuty, UnitEntry
from safezone.patrol.queries import unit_views
from safezone.patrol.rules import Claim
from safezone.patrol.views import UnitView
from tests.support.engines import open_database

STATION = "mdh"
START = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
HERE = (104.7235, 16.5420)

ADMIN = Identity(STATION, "admin", "admin-1")
OPERATOR = Identity(STATION, "operator", "ccoc-1")
SUPERVISOR = Identity(STATION, "supervisor", "duty-20")
AUDITOR = Identity(STATION, "auditor", "auditor-1")
SYSTEM = Identity(STATION, "system", "jobs")


def unit_identity(unit_id: str) -> Identity:
    return Identity(STATION, "unit", unit_id, unit_id=unit_id)


def entry_of(unit_id: str, call_sign: str, kind: UnitKind = "car") -> UnitEntry:
    return UnitEntry(unit_id=unit_id, call_sign=call_sign, kind=kind, name=Words("รถสายตรวจ", "Patrol unit"))


UNITS = [
    entry_of("car-1", "มุกดา 11"),
    entry_of("moto-1", "มุกดา 21", "motorcycle"),
    entry_of("foot-1", "มุกดา 31", "foot"),
]


class PatrolStation:
    """Asks go through the lane, as they do in the program; `signals` are what the screens would get."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(START)
        self.bus = Bus()
        handlers.register(self.bus)
        listeners.register(self.bus)
        self.database = open_database(folder, "station.db")
        self.lane = WriterLane(self.database, self.bus, self.clock)
        self._signals: list[Any] = []
        self._entries: list[Entry] = []
        self.lane.observe(self._on_commit)
        self.lane.start()

    def _on_commit(self, committed: Committed) -> None:
        self._signals.extend(committed.signals)
        self._entries.extend(committed.entries)

    @property
    def signals(self) -> list[Any]:
        """What the screens were told of everything asked so far."""
        # The lane answers before it tells: once it has answered this, it has told about all before it.
        self.hear()
        return self._signals

    @property
    def entries(self) -> list[Entry]:
        """What the log was given for everything asked so far."""
        self.hear()
        return self._entries

    def ask(self, command: Any, identity: Identity = ADMIN) -> Any:
        return self.lane.submit(command, identity).result(timeout=60)

    def hear(self, *events: Any) -> None:
        """The patrol's listener hears of events that the incidents recorded."""
        entries = [Entry(STATION, 0, "", self.clock.now(), "operator:ccoc-1", event) for event in events]
        who = Identity(STATION, "system", "patrol.follow_incidents")
        self.ask(Hear("patrol.follow_incidents", entries, 0), who)

    def send(self, unit_id: str, *claims: Claim) -> list[str]:
        """The marks that the unit gets for its fixes."""
        answer = self.ask(RecordFixes(unit_id, list(claims)), unit_identity(unit_id))
        if isinstance(answer, Exception):
            raise answer
        return [marked.mark for marked in answer]

    def claim(self, ago_s: float = 0, lon: float = HERE[0], lat: float = HERE[1], **more: Any) -> Claim:
        """A fix taken so many seconds before now."""
        return Claim(lon, lat, to_us(self.clock.now()) - int(ago_s * 1_000_000), **more)

    def sign_on(self, *unit_ids: str) -> None:
        for unit_id in unit_ids:
            self.ask(SetDuty(unit_id, True), unit_identity(unit_id))

    def view(self, unit_id: str) -> UnitView:
        with self.database.read() as conn:
            return unit_views(conn, STATION, [unit_id])[unit_id]

    def rows(self, statement: Any) -> list[Any]:
        with self.database.read() as conn:
            return list(conn.execute(statement))

    def assert_replays(self) -> None:
        """Every row of the log's tables is what the log says."""
        for verdict in verify(self.database, self.bus):
            assert verdict.content, verdict

    def close(self) -> None:
        self.lane.stop()
        self.database.close()


@contextmanager
def a_station(folder: Path, *, on_duty: bool = True) -> Iterator[PatrolStation]:
    """A station with a car, a motorcycle and a foot patrol, all of them on duty or none."""
    station = PatrolStation(folder)
    try:
        station.ask(RegisterUnits(UNITS))
        if on_duty:
            station.sign_on(*(u.unit_id for u in UNITS))
        yield station
    finally:
        station.close()
