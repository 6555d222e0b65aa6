"""Which station was looked at from the seat of its region, and when: so that the station itself can find it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Index, String

from safezone.core.bus import Bus
from safezone.core.db import table, to_us
from safezone.core.event import Entry
from safezone.events.region import StationsLookedAt

region_look = table(
    "region_look",
    Column("station", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("looked_at", String(32), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Index("region_look_at", "looked_at", "at_us", "station", "seq"),
    source="log",
)
"""`station` and `seq` are the line in the log of the seat, which alone says who it was."""


def register(bus: Bus) -> None:
    """The bus knows what a look leaves behind."""
    bus.apply(StationsLookedAt, _looked_at)


def _looked_at(conn: Connection, entry: Entry, event: StationsLookedAt) -> None:
    rows = [
        {
            "station": entry.station,
            "seq": entry.seq,
            "looked_at": station,
            "at_us": to_us(entry.at),
        }
        for station in event.stations
    ]
    conn.execute(region_look.insert(), rows)
