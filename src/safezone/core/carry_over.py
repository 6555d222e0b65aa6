"""Carries everything from one database to another, SQLite or PostgreSQL, and proves before it counts that it is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, Table, func, select

from safezone.core.bus import Bus
from safezone.core.db import Database, copy_rows, metadata
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.rebuild import Verdict, list_stations, verify_in
from safezone.core.record_faults import WrongValue

AT_ONCE: Final = 1000
Progress = Callable[[int, int], None]
_ALL: Final = 2**256


class Copied(msgspec.Struct, frozen=True):
    """What was carried over: rows by table, and what the verification of each station said."""

    rows: dict[str, int]
    verdicts: list[Verdict]


def copy_store(source: Database, target: Database, bus: Bus, progress: Progress | None = None) -> Copied:
    """Every row of `source` stands in `target`, in one transaction: all of it, verified, or nothing.

    CannotStart when either is in use, when a station of the source is in the target already, when the record of the
    source is not in order, or when what arrived is not what was sent.
    """
    with source.alone() as held, target.alone() as conn, conn.begin(), source.read() as rows:
        del held  # Only so that nobody writes meanwhile.
        stations = list_stations(rows)
        _check_free(stations, list_stations(conn))
        total, done, sent = _count(rows, stations), 0, dict[str, tuple[int, int]]()
        for table in metadata.sorted_tables:
            tally = _Tally()
            for some in _partitions(rows, table, stations):
                _put(conn, table, tally.over(some))
                done += len(some)
                if progress is not None:
                    progress(done, total)
            sent[table.name] = tally.found
        _check_arrived(conn, stations, sent)
        verdicts = verify_in(conn, bus, stations=stations)
        wrong = [verdict.station for verdict in verdicts if not verdict.content]
        if wrong:
            raise CannotStart(
                Words(
                    th=f"บันทึกของสถานี {', '.join(wrong)} ไม่ถูกต้องครบถ้วน จึงไม่ได้ย้าย: ตรวจด้วย safezone verify",
                    en=f"The record of {', '.join(wrong)} is not in order, so nothing was copied: see safezone verify.",
                )
            )
    return Copied({name: count for name, (count, _) in sent.items()}, verdicts)


class _Tally:
    """How many rows, and a sum of their hashes that does not depend on their order."""

    def __init__(self) -> None:
        self.found = (0, 0)

    def over(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows as they are, counted."""
        count, total = self.found
        for row in rows:
            digest = hashlib.sha256(repr(tuple(row.values())).encode()).digest()
            total = (total + int.from_bytes(digest, "big")) % _ALL
        self.found = (count + len(rows), total)
        return rows


def _of(table: Table, stations: list[str]) -> Select[Any]:
    return select(table).where(table.c.station.in_(stations))


def _count(conn: Connection, stations: list[str]) -> int:
    counts = (
        _of(table, stations).with_only_columns(func.count(), maintain_column_froms=True)
        for table in metadata.sorted_tables
    )
    return sum(int(conn.execute(count).scalar_one()) for count in counts)


def _partitions(conn: Connection, table: Table, stations: list[str]) -> Iterator[list[dict[str, Any]]]:
    found = conn.execute(_of(table, stations).execution_options(yield_per=AT_ONCE))
    for some in found.mappings().partitions(AT_ONCE):
        yield [dict(row) for row in some]


def _put(conn: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    try:
        copy_rows(conn, table, rows)
    except WrongValue as problem:
        raise CannotStart(
            Words(
                th=f"ตาราง {table.name} มีค่าที่ปลายทางเก็บไม่ได้ (อักขระ NUL หรือข้อความยาวเกินไป): ไม่มีอะไรถูกย้าย",
                en=f"The table {table.name} holds a value that cannot be kept there (a NUL character, a text that is "
                "too long): nothing was copied.",
            )
        ) from problem


def _check_free(leaving: list[str], there: list[str]) -> None:
    if not leaving:
        raise CannotStart(Words(th="ต้นทางไม่มีสถานี", en="There is no station to copy."))
    twice = sorted(set(leaving) & set(there))
    if twice:
        raise CannotStart(
            Words(
                th=f"ปลายทางมีสถานี {', '.join(twice)} อยู่แล้ว: ไม่มีอะไรถูกย้าย",
                en=f"The target has {', '.join(twice)} already: nothing was copied.",
            )
        )


def _check_arrived(conn: Connection, stations: list[str], sent: dict[str, tuple[int, int]]) -> None:
    for table in metadata.sorted_tables:
        tally = _Tally()
        for some in _partitions(conn, table, stations):
            tally.over(some)
        if tally.found != sent[table.name]:
            raise CannotStart(
                Words(
                    th=f"ตาราง {table.name} ที่ปลายทางไม่เหมือนต้นทาง: ไม่มีอะไรถูกย้าย",
                    en=f"The table {table.name} is not the same there as here: nothing was copied.",
                )
            )
