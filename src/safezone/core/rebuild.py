"""Proves that the tables are what the log says, or makes them so: the same code that wrote them writes them again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select

from safezone.core.bus import Bus
from safezone.core.db import Database, metadata, tables_of
from safezone.core.event import Sealed, seals_in
from safezone.core.log import ChainBroken, last_seq, log, station_head
from safezone.core.vault import list_forged

Progress = Callable[[int, int], None]
STEP = 1000


class Difference(msgspec.Struct, frozen=True):
    """A row that the log does not explain, or that the log says and the table lacks."""

    table: str
    key: str
    in_table: str | None
    by_log: str | None


class Verdict(msgspec.Struct, frozen=True):
    """What a verification found for one station; content when `broken` is None and there is no difference."""

    station: str
    events: int
    tables: int
    rows: int
    seconds: float
    broken: str | None
    differences: list[Difference]

    @property
    def content(self) -> bool:
        """Whether the chain holds and every row is what the log says."""
        return self.broken is None and not self.differences


def list_stations(conn: Connection) -> list[str]:
    """Every station that has a log here."""
    # Also one whose head was taken away: it must be found out, not passed over.
    either = select(station_head.c.station).union(select(log.c.station))
    return sorted(row.station for row in conn.execute(either))


def verify(
    database: Database, bus: Bus, progress: Progress | None = None, *, most_differences: int = 20
) -> list[Verdict]:
    """Check each station's chain, replay its log into an empty database and compare every table row by row.

    What was sealed is compared with the keyed hash in the log, for as long as its key exists.
    """
    with database.read() as conn:
        return verify_in(conn, bus, progress, most_differences=most_differences)


def verify_in(
    conn: Connection,
    bus: Bus,
    progress: Progress | None = None,
    *,
    stations: Sequence[str] | None = None,
    most_differences: int = 20,
) -> list[Verdict]:
    """As `verify`, of what this connection sees, which may not be committed yet; of all stations or of these."""
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="safezone-verify-") as folder:
        for number, station in enumerate(list_stations(conn) if stations is None else stations):
            scratch = Path(folder) / f"replay-{number}.db"
            verdicts.append(_verify_station(conn, bus, station, scratch, progress, most_differences))
    return verdicts


def _verify_station(
    conn: Connection, bus: Bus, station: str, scratch: Path, progress: Progress | None, most_differences: int
) -> Verdict:
    began = time.monotonic()
    replayed = Database.scratch(scratch)
    events, broken, seals = 0, None, list[Sealed]()
    rows, differences = 0, list[Difference]()
    with replayed.write_connection() as target:
        with target.begin():
            metadata.create_all(target, tables_of("log"))
            try:
                events = _replay(conn, target, bus, station, progress, seals)
            except ChainBroken as problem:
                broken = str(problem)
        if broken is None:
            with target.begin():
                rows, differences = _compare(conn, target, station, most_differences)
            forged = list_forged(conn, station, seals)
            differences += [Difference("sealed", one.ref, "other content", one.digest) for one in forged]
    replayed.close()
    seconds = time.monotonic() - began
    return Verdict(station, events, len(tables_of("log")), rows, seconds, broken, differences)


def rebuild(database: Database, bus: Bus, progress: Progress | None = None) -> dict[str, int]:
    """Every table that comes from the log is emptied and written again from it, in one transaction per station.

    Returns the number of events per station; ChainBroken leaves the tables as they were.
    """
    done = {}
    with database.read() as conn:
        stations = list_stations(conn)
    for station in stations:
        with database.alone() as conn, conn.begin():
            for target in reversed(tables_of("log")):
                conn.execute(target.delete().where(target.c.station == station))
            done[station] = _replay(conn, conn, bus, station, progress)
    return done


def _replay(
    source: Connection,
    target: Connection,
    bus: Bus,
    station: str,
    progress: Progress | None,
    seals: list[Sealed] | None = None,
) -> int:
    total, count = last_seq(source, station), 0
    for entry in bus.reader().walk(source, station):
        bus.apply_entry(target, entry)
        if seals is not None:
            seals.extend(seals_in(entry))
        count += 1
        if progress is not None and count % STEP == 0:
            progress(count, total)
    return count


def list_references(conn: Connection, bus: Bus, station: str) -> set[str]:
    """Every sealed record that some line of a station's log names."""
    return {one.ref for entry in bus.reader().walk(conn, station) for one in seals_in(entry)}


def _compare(
    conn: Connection, replayed: Connection, station: str, most_differences: int
) -> tuple[int, list[Difference]]:
    rows, differences = 0, list[Difference]()
    for table in tables_of("log"):
        here, there = _rows(conn, table, station), _rows(replayed, table, station)
        for key in sorted(here.keys() | there.keys(), key=str):
            rows += 1
            if here.get(key) != there.get(key) and len(differences) < most_differences:
                differences.append(
                    Difference(table.name, _say(key), _maybe_say(here.get(key)), _maybe_say(there.get(key)))
                )
    return rows, differences


def _rows(conn: Connection, table: Table, station: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    keys = [table.c.keys().index(column.name) for column in table.primary_key.columns]
    found: Iterator[Any] = iter(conn.execute(select(table).where(table.c.station == station)))
    return {tuple(row[i] for i in keys): tuple(row) for row in found}


def _say(values: tuple[Any, ...]) -> str:
    return " · ".join(str(value) for value in values)


def _maybe_say(values: tuple[Any, ...] | None) -> str | None:
    return None if values is None else _say(values)
