"""Quick looks at a record that may be running: is its file whole, does the end of its log hold, is anybody parked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, inspect, select, text

from safezone.core.db import from_us
from safezone.core.listeners import listener_cursor
from safezone.core.log import GENESIS, ChainBroken, check_line, log, station_head


class End(msgspec.Struct, frozen=True):
    """The end of one station's log: up to which line, how many lines were checked, and what is broken, if anything."""

    station: str
    seq: int
    checked: int
    last_at: datetime | None
    broken: str | None


def find_damage(conn: Connection) -> str | None:
    """What SQLite says is wrong with the file; None when it is whole, and for other engines."""
    if conn.dialect.name != "sqlite":
        return None
    said = str(conn.execute(text("PRAGMA quick_check(1)")).scalar())
    return None if said == "ok" else said


def schema_of(conn: Connection) -> str | None:
    """The version of the tables; None when there are none."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check_ends(conn: Connection, lines: int) -> list[End]:
    """The last `lines` of each station's log; `safezone verify` checks all of them."""
    return [_check_end(conn, head, lines) for head in conn.execute(select(station_head)).all()]


def _check_end(conn: Connection, head: Any, lines: int) -> End:
    newest = select(log).where(log.c.station == head.station).order_by(log.c.seq.desc()).limit(lines)
    rows = conn.execute(newest).all()[::-1]
    broken = None
    try:
        before = GENESIS if not rows or rows[0].seq == 1 else rows[0].prev_hash
        for number, row in enumerate(rows):
            before = check_line(row, rows[0].seq + number, before)
        if rows and (rows[-1].seq, rows[-1].hash) != (head.seq, head.hash):
            broken = f"the head says {head.seq}, the last line is {rows[-1].seq}"
    except ChainBroken as problem:
        broken = str(problem)
    return End(head.station, head.seq, len(rows), from_us(rows[-1].at_us) if rows else None, broken)


def list_parked(conn: Connection) -> list[str]:
    """The names of the listeners that wait for a technician."""
    parked = select(listener_cursor.c.name).where(listener_cursor.c.state == "parked")
    return [str(name) for name in conn.execute(parked).scalars()]
