"""Positions on PostgreSQL lie in a partition for each day, so that what is too old goes with its file and not row by row."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from safezone.core.db import harmless, run_text

logger = logging.getLogger("safezone.patrol")

DAY_US: Final = 86_400 * 1_000_000
AHEAD_DAYS: Final = 3
"""Partitions are made so many days before they are wanted."""
PATIENCE_MS: Final = 100
_LOCKED: Final = "55P03"
_LOCK: Final = 7233703
_PREFIX: Final = "position_on_"


def renew_parts(conn: Connection, station: str, now_us: int, before_us: int) -> int:
    """The next days have their partitions and those of too long ago are gone; how many rows went.

    Nothing happens, until it is asked again, while somebody reads the positions for long (a backup): a press must not wait.
    """
    try:
        with harmless(conn):
            run_text(conn, f"SET LOCAL lock_timeout = {PATIENCE_MS}")
            make_parts(conn, now_us)
            gone = drop_parts(conn, station, before_us)
            run_text(conn, "SET LOCAL lock_timeout TO DEFAULT")
    except DBAPIError as problem:
        if getattr(problem.orig, "sqlstate", None) != _LOCKED:
            raise
        logger.warning("the partitions of the positions are in use and stay as they are for now")
        return 0
    return gone


def make_parts(conn: Connection, now_us: int) -> None:
    """Yesterday, today and the next days have their partitions; a fix of any other day lies in `position_default`."""
    # Two stations of one database may have the same idea; the name of a part says its day, so looking is enough.
    conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    there = {first_us for _, first_us in list_parts(conn)}
    today = now_us // DAY_US * DAY_US
    for day in range(-1, AHEAD_DAYS + 1):
        first_us = today + day * DAY_US
        if first_us not in there:
            _make(conn, first_us)


def list_parts(conn: Connection) -> Iterator[tuple[str, int]]:
    """Each partition of a day, oldest first, with the microsecond at which its day begins."""
    found: Any = conn.exec_driver_sql(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'position'::regclass ORDER BY c.relname"
    ).scalars()
    for name in list(found):
        if name.startswith(_PREFIX):
            day = datetime.strptime(name.removeprefix(_PREFIX), "%Y%m%d").replace(tzinfo=UTC)
            yield name, int(day.timestamp()) * 1_000_000


def drop_parts(conn: Connection, station: str, before_us: int) -> int:
    """Every partition that ended before `before_us` and holds nothing of another station is gone; how many rows went."""
    gone = 0
    for name, first_us in list(list_parts(conn)):
        if first_us + DAY_US > before_us:
            break
        others = f"SELECT 1 FROM {name} WHERE station <> %(of)s LIMIT 1"  # noqa: S608 - a name out of the catalogue
        if conn.exec_driver_sql(others, {"of": station}).first() is None:
            gone += int(conn.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())  # noqa: S608
            conn.exec_driver_sql(f"DROP TABLE {name}")
    return gone


def _make(conn: Connection, first_us: int) -> None:
    day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=first_us)
    name, end_us = f"{_PREFIX}{day:%Y%m%d}", first_us + DAY_US
    # What came while there was no partition yet moves into it; PostgreSQL refuses the partition otherwise.
    conn.exec_driver_sql(f"CREATE TABLE {name} (LIKE position INCLUDING ALL)")
    conn.exec_driver_sql(
        f"WITH moved AS (DELETE FROM position_default WHERE claimed_us >= {first_us} AND claimed_us < {end_us}"  # noqa: S608
        f" RETURNING *) INSERT INTO {name} SELECT * FROM moved"
    )
    conn.exec_driver_sql(
        f"ALTER TABLE position ATTACH PARTITION {name} FOR VALUES FROM ({first_us}) TO ({end_us})"
    )
