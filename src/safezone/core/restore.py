"""Brings a backup back into an empty folder and proves it, if wanted as the log was at an earlier moment."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select

from safezone.core.archive import read_archive
from safezone.core.backup import ARCHIVE, DATABASE, MASTER_KEY, Manifest, list_backups, read_manifest
from safezone.core.bus import Bus
from safezone.core.db import Database, tables_of, to_us
from safezone.core.depot import Depot
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.listeners import listener_cursor
from safezone.core.log import log, station_head
from safezone.core.rebuild import Verdict, list_references, list_stations, rebuild, verify
from safezone.core.snapshot import HeadOf, heads_in
from safezone.core.vault import sealed, sealed_key

SETTINGS: Final = "safezone.toml"
ROADS: Final = "roads.npz"
ALLOWED: Final = (DATABASE, MASTER_KEY, SETTINGS, ROADS)
_TIMES: Final = ("at_us", "heard_at_us", "fix_at_us")
_STEP: Final = 500


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was brought back: `cut` says how many lines of the log were left away, `dropped` how many sealed records."""

    manifest: Manifest
    heads: list[HeadOf]
    verdicts: list[Verdict]
    cut: int = 0
    dropped: int = 0

    @property
    def content(self) -> bool:
        """Whether every station's chain holds and its tables are what its log says."""
        return all(verdict.content for verdict in self.verdicts)


def newest(depot: Depot) -> str:
    """The name of the newest backup; CannotStart when there is none."""
    names = list_backups(depot)
    if not names:
        raise CannotStart(Words(th="ไม่มีสำเนาสำรองในที่นั้น", en="There is no backup in that place."))
    return names[-1]


def read_identities(path: Path) -> list[str]:
    """The age identities in a file; CannotStart when it has none."""
    try:
        lines = [line.strip() for line in path.read_text("ascii").splitlines()]
    except (OSError, UnicodeDecodeError) as problem:
        raise CannotStart(
            Words(th=f"อ่านกุญแจ {path} ไม่ได้: {problem}", en=f"The identity {path} cannot be read: {problem}")
        ) from problem
    found = [line for line in lines if line.startswith("AGE-SECRET-KEY-")]
    if not found:
        raise CannotStart(Words(th=f"ไม่มีกุญแจใน {path}", en=f"There is no age identity in {path}."))
    return found


def fetch(depot: Depot, name: str, identities: Sequence[str], into: Path) -> Manifest:
    """The files of a backup lie in the empty folder `into`, each of them compared with the manifest.

    CannotStart when the identity is wrong or anything is not as the manifest says.
    """
    manifest = read_manifest(depot, name)
    with depot.open(f"{name}{ARCHIVE}") as file:
        # Before it is opened: the archive is the one that the manifest means.
        seen = hashlib.file_digest(file, "sha256").hexdigest()
        if seen != manifest.archive.sha256:
            raise _differs(name, f"the archive is {seen}, the manifest says {manifest.archive.sha256}")
        file.seek(0)
        members = read_archive(file, identities, into, ALLOWED)
    if members != manifest.members:
        raise _differs(name, "its files are not those of the manifest")
    if heads_in(into / DATABASE) != manifest.heads:
        raise _differs(name, "its log does not end where the manifest says")
    return manifest


def _differs(name: str, why: str) -> CannotStart:
    return CannotStart(
        Words(
            th=f"สำเนาสำรอง {name} ไม่ตรงกับรายการของมัน ({why}): ใช้สำเนาอื่น",
            en=f"The backup {name} is not what its manifest says ({why}): use another one.",
        )
    )


def prove(
    manifest: Manifest,
    open_database: Callable[[], Database],
    bus: Bus,
    until: int | datetime | None = None,
) -> Restored:
    """The fetched database is brought to this version, cut where asked, and verified.

    `until` is the last line of the log that stays, or the moment (aware) after which nothing does.
    """
    database = open_database()
    try:
        cut = dropped = 0
        if until is not None:
            cut, dropped = _cut(database, bus, until)
        verdicts = verify(database, bus)
        with database.read() as conn:
            rows = conn.execute(select(station_head).order_by(station_head.c.station)).all()
    finally:
        database.close()
    heads = [HeadOf(row.station, row.seq, row.hash) for row in rows]
    return Restored(manifest=manifest, heads=heads, verdicts=verdicts, cut=cut, dropped=dropped)


def _cut(database: Database, bus: Bus, until: int | datetime) -> tuple[int, int]:
    with database.read() as conn:
        stations = list_stations(conn)
    if isinstance(until, int) and len(stations) > 1:
        raise CannotStart(
            Words(
                th="มีหลายสถานี: ระบุ --until เป็นเวลา",
                en="There are several stations here: give --until as a time.",
            )
        )
    cut = dropped = 0
    with database.write_connection() as conn, conn.begin():
        for station in stations:
            lines, at_us = _cut_log(conn, station, until)
            cut += lines
            if lines:
                _forget_after(conn, station, at_us)
    if cut:
        rebuild(database, bus)
        with database.write_connection() as conn, conn.begin():
            dropped = sum(_drop_unnamed(conn, bus, station) for station in stations)
    return cut, dropped


def _cut_log(conn: Connection, station: str, until: int | datetime) -> tuple[int, int]:
    """How many lines went, and when the last one that stays was written (microseconds)."""
    ours = log.c.station == station
    if isinstance(until, int):
        last = until
    else:
        # The first line after that moment and all behind it: a clock that was set back must not leave a hole.
        first = conn.execute(select(func.min(log.c.seq)).where(ours, log.c.at_us > to_us(until))).scalar()
        if first is None:
            return 0, 0
        last = int(first) - 1
    end = conn.execute(select(log.c.hash, log.c.at_us).where(ours, log.c.seq == last)).first()
    if end is None:
        raise CannotStart(
            Words(
                th=f"บันทึกของสถานี {station} ไม่มีบรรทัดที่ {last}",
                en=f"The log of station {station} has no line {last} to end at.",
            )
        )
    gone = conn.execute(log.delete().where(ours, log.c.seq > last)).rowcount
    conn.execute(
        station_head.update().where(station_head.c.station == station).values(seq=last, hash=end.hash)
    )
    return gone, int(end.at_us)


def _forget_after(conn: Connection, station: str, at_us: int) -> None:
    """What the doors remember and the devices said after that moment goes too; no listener is ahead of the log."""
    for table in (*tables_of("telemetry"), *tables_of("door")):
        if table is listener_cursor:
            continue
        when = next((table.c[name] for name in _TIMES if name in table.c), None)
        if when is not None:
            conn.execute(table.delete().where(table.c.station == station, when > at_us))
    last = select(station_head.c.seq).where(station_head.c.station == station).scalar_subquery()
    ahead = (listener_cursor.c.station == station) & (listener_cursor.c.seq > last)
    conn.execute(listener_cursor.update().where(ahead).values(seq=last))


def _drop_unnamed(conn: Connection, bus: Bus, station: str) -> int:
    """Sealed content that no line of the log names any more is removed with its key; how many records."""
    named = list_references(conn, bus, station)
    there = {row.ref for row in conn.execute(select(sealed.c.ref).where(sealed.c.station == station))}
    gone = sorted(there - named)
    for start in range(0, len(gone), _STEP):
        some = gone[start : start + _STEP]
        for table in (sealed_key, sealed):
            conn.execute(table.delete().where(table.c.station == station, table.c.ref.in_(some)))
    return len(gone)


def move_in(fetched: Path, data: Path) -> list[str]:
    """The proven files take their places in the data folder; returns their names there.

    The settings come under another name: a copy that is only looked at must not speak to the station's broker, ring its
    telephones or clear away its backups.
    """
    placed = []
    for name in ALLOWED:
        if (fetched / name).exists():
            target = "safezone.restored.toml" if name == SETTINGS else name
            shutil.move(fetched / name, data / target)
            placed.append(target)
    return placed


def is_of_this_chain(database: Database, heads: Sequence[HeadOf]) -> bool:
    """Whether the running station's own log has the very lines at which a backup ends."""
    with database.read() as conn:
        for head in heads:
            row = conn.execute(
                select(log.c.hash).where(log.c.station == head.station, log.c.seq == head.seq)
            ).first()
            if row is None or row.hash != head.hash:
                return False
    return True
