"""A copy of the whole database as it was at one moment, taken while the station goes on writing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
from sqlalchemy import Connection, inspect, make_url, select, text

from safezone.core.db import Database, metadata
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.log import station_head

AT_ONCE = 1000


class HeadOf(msgspec.Struct, frozen=True):
    """Where the log of a station ended: the number of its last line and that line's hash."""

    station: str
    seq: int
    hash: str


def take_snapshot(database: Database, into: Path) -> list[HeadOf]:
    """`into` (a file that is not there yet) is a SQLite database with every row of one moment; returns its heads.

    Of SQLite it is made by `VACUUM INTO`: one reading transaction that holds up no writer, and no freed page comes along.
    Of PostgreSQL it is made row by row inside one snapshot, so that either can be restored by the same road.
    """
    if database.is_sqlite:
        _vacuum_into(Path(make_url(database.url).database or ""), into)
    else:
        _export(database, into)
    return heads_in(into)


def heads_in(copy: Path) -> list[HeadOf]:
    """The end of every station's log in a copy."""
    read = Database.at(copy)
    try:
        with read.read() as conn:
            rows = conn.execute(select(station_head).order_by(station_head.c.station)).all()
    finally:
        read.close()
    return [HeadOf(row.station, row.seq, row.hash) for row in rows]


def schema_of(copy: Path) -> str:
    """Which migration a copy's tables are of; empty when it does not say."""
    read = Database.at(copy)
    try:
        with read.read() as conn:
            return _revision(conn)
    finally:
        read.close()


def _revision(conn: Connection) -> str:
    if not inspect(conn).has_table("alembic_version"):
        return ""
    return str(conn.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _vacuum_into(source: Path, into: Path) -> None:
    # Opened for writing although nothing is written: a database in WAL mode cannot always be read otherwise.
    with closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=30.0)) as conn:
        conn.execute("VACUUM INTO ?", (str(into),))


def _export(database: Database, into: Path) -> None:
    copy = Database.scratch(into)
    try:
        with database.read() as source, copy.write_connection() as target, target.begin():
            _require_all_known(source)
            metadata.create_all(target)
            if revision := _revision(source):
                target.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
                target.execute(text("INSERT INTO alembic_version VALUES (:one)"), {"one": revision})
            for table in metadata.sorted_tables:
                rows = source.execution_options(yield_per=AT_ONCE).execute(select(table))
                for some in rows.mappings().partitions(AT_ONCE):
                    target.execute(table.insert(), [dict(row) for row in some])
    finally:
        copy.close()
    # One file, without a log beside it.
    with closing(sqlite3.connect(into)) as conn:
        conn.execute("PRAGMA journal_mode=DELETE")


def _require_all_known(source: Connection) -> None:
    """Row by row only what is declared is copied: a table that nobody here has declared would be missing in silence."""
    if source.dialect.name != "postgresql":
        return  # A file is copied as a whole; row by row only in tests.
    asked = text(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
        "AND relnamespace = current_schema()::regnamespace"
    )
    unknown = {row.relname for row in source.execute(asked)} - set(metadata.tables) - {"alembic_version"}
    if unknown:
        raise CannotStart(
            Words(
                th=f"ฐานข้อมูลมีตารางที่โปรแกรมรุ่นนี้ไม่รู้จัก: {', '.join(sorted(unknown))}",
                en=f"The database has tables that this version does not know: {', '.join(sorted(unknown))}.",
            )
        )
