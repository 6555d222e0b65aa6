"""The log: what has happened, line after line, each line chained to the one before so that none can be rewritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Index, String, Text, bindparam, select, text

from safezone.core.db import Prepared, from_us, table, to_us
from safezone.core.errors import SafezoneError
from safezone.core.event import Entry, Event, kind_of

GENESIS: Final = "0" * 64
"""What the first line of a station's log is chained to."""

log = table(
    "log",
    Column("station", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False, unique=True),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("data", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("log_by_subject", "station", "subject", "seq"),
    Index("log_by_time", "station", "at_us", "seq"),
    Index("log_by_actor", "station", "actor", "at_us", "seq"),
    Index("log_by_kind", "station", "kind", "at_us", "seq"),
    source="record",
)

station_head = table(
    "station_head",
    Column("station", String(32), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    source="record",
)

_encode: Final = msgspec.json.Encoder().encode
_SELECT_HEAD: Final = Prepared(
    select(station_head.c.seq, station_head.c.hash)
    .where(station_head.c.station == bindparam("of_station"))
    .with_for_update()
)
_LOCK_NEW_STATION: Final = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('safezone ' || :of_station, 0))"
)
_UPDATE_HEAD: Final = Prepared(
    station_head.update()
    .where(station_head.c.station == bindparam("of_station"))
    .values(seq=bindparam("seq"), hash=bindparam("hash"))
)
_INSERT_LINE: Final = Prepared(log.insert())


class ChainBroken(SafezoneError):
    """A line of the log does not follow from the one before it."""

    def __init__(self, station: str, seq: int, why: str) -> None:
        super().__init__(f"log of station {station}, line {seq}: {why}")
        self.station, self.seq, self.why = station, seq, why


class Head:
    """The end of a station's log inside one transaction: the next line goes behind it."""

    def __init__(self, station: str, seq: int, hash_hex: str, *, is_new: bool) -> None:
        self.station = station
        self.seq = seq
        self.hash = hash_hex
        self.is_new = is_new
        self.stored_seq = seq

    @classmethod
    def lock(cls, conn: Connection, station: str) -> Head:
        """The head row, locked until the transaction ends; a station's first head is made here."""
        row = _SELECT_HEAD.run(conn, {"of_station": station}).first()
        if row is None and conn.dialect.name == "postgresql":
            # Where there is no row yet there is nothing to lock: two processes could both make the first line.
            conn.execute(_LOCK_NEW_STATION, {"of_station": station})
            row = _SELECT_HEAD.run(conn, {"of_station": station}).first()
        if row is None:
            return cls(station, 0, GENESIS, is_new=True)
        return cls(station, row.seq, row.hash, is_new=False)


def line_hash(
    station: str,
    seq: int,
    id_: str,
    at_us: int,
    actor: str,
    kind: str,
    subject: str,
    data: str,
    prev_hash: str,
) -> str:
    """SHA-256 (hex) over the JSON array of a line's fields in this order."""
    line = _encode((station, seq, id_, at_us, actor, kind, subject, data, prev_hash))
    return hashlib.sha256(line).hexdigest()


def append(conn: Connection, head: Head, entries: Sequence[Entry]) -> None:
    """The entries stand in the log behind `head`, chained, and the head row points at the last of them."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        data = _encode(entry.event).decode()
        at_us, kind, subject = to_us(entry.at), kind_of(type(entry.event)), entry.event.subject
        line = line_hash(
            entry.station, entry.seq, entry.id, at_us, entry.actor, kind, subject, data, head.hash
        )
        rows.append(
            {
                "station": entry.station,
                "seq": entry.seq,
                "id": entry.id,
                "at_us": at_us,
                "actor": entry.actor,
                "kind": kind,
                "subject": subject,
                "data": data,
                "prev_hash": head.hash,
                "hash": line,
            }
        )
        head.hash = line
    if rows:
        _INSERT_LINE.run_many(conn, rows)
    if head.is_new:
        conn.execute(station_head.insert(), {"station": head.station, "seq": head.seq, "hash": head.hash})
    else:
        _UPDATE_HEAD.run(conn, {"of_station": head.station, "seq": head.seq, "hash": head.hash})


def touch(conn: Connection, head: Head) -> None:
    """The head row is written and stays as it is: fails where nothing can be written."""
    # SQLite writes no page that stays the same, so it becomes another one in between.
    for seq in () if head.is_new else (-1, head.seq):
        _UPDATE_HEAD.run(conn, {"of_station": head.station, "seq": seq, "hash": head.hash})


class LogReader:
    """Reads lines back into events; it must know every kind that was ever written."""

    def __init__(self, event_types: Sequence[type[Event]]) -> None:
        self._decoders = {kind_of(t): msgspec.json.Decoder(t) for t in event_types}

    def entry_of(self, row: Any) -> Entry:
        """The entry in a row of the log; SafezoneError when its kind is not known to this version."""
        decoder = self._decoders.get(row.kind)
        if decoder is None:
            raise SafezoneError(f"log line {row.seq}: the kind {row.kind!r} is not known to this version")
        return Entry(row.station, row.seq, row.id, from_us(row.at_us), row.actor, decoder.decode(row.data))

    def list_after(self, conn: Connection, station: str, after_seq: int, limit: int) -> list[Entry]:
        """Up to `limit` entries behind `after_seq`, in order."""
        return [
            self.entry_of(row)
            for row in conn.execute(
                _LIST_AFTER, {"of_station": station, "after_seq": after_seq, "up_to": limit}
            )
        ]

    def list_known_after(
        self, conn: Connection, station: str, after_seq: int, limit: int
    ) -> tuple[list[Entry], int]:
        """As `list_after` without lines of a kind that only a newer version knows, and the last line that was read."""
        rows = conn.execute(
            _LIST_AFTER, {"of_station": station, "after_seq": after_seq, "up_to": limit}
        ).all()
        known = [self.entry_of(row) for row in rows if row.kind in self._decoders]
        return known, rows[-1].seq if rows else after_seq

    def list_about(self, conn: Connection, station: str, subject: str) -> list[Entry]:
        """Every entry about one thing, in order."""
        return [
            self.entry_of(row)
            for row in conn.execute(_LIST_ABOUT, {"of_station": station, "of_subject": subject})
        ]

    def walk(self, conn: Connection, station: str, *, check_chain: bool = True) -> Iterator[Entry]:
        """Every entry of a station in order; ChainBroken at the first line that does not follow."""
        prev_hash, after_seq = GENESIS, 0
        while True:
            asked = {"of_station": station, "after_seq": after_seq, "up_to": 2000}
            rows = conn.execute(_LIST_AFTER, asked).all()
            if not rows:
                break
            for row in rows:
                if check_chain:
                    prev_hash = check_line(row, after_seq + 1, prev_hash)
                after_seq = row.seq
                yield self.entry_of(row)
        if check_chain:
            head = conn.execute(select(station_head).where(station_head.c.station == station)).first()
            if head is None and after_seq > 0:
                raise ChainBroken(
                    station, after_seq, f"the log ends at line {after_seq}, its head is missing"
                )
            if head is not None and (head.seq, head.hash) != (after_seq, prev_hash):
                raise ChainBroken(
                    station, head.seq, f"the log ends at line {after_seq}, its head says {head.seq}"
                )


_LIST_AFTER: Final = (
    select(log)
    .where(log.c.station == bindparam("of_station"), log.c.seq > bindparam("after_seq"))
    .order_by(log.c.seq)
    .limit(bindparam("up_to"))
)
_LIST_ABOUT: Final = (
    select(log)
    .where(log.c.station == bindparam("of_station"), log.c.subject == bindparam("of_subject"))
    .order_by(log.c.seq)
)


def check_line(row: Any, expected_seq: int, prev_hash: str) -> str:
    """The hash of a line that follows; ChainBroken when it does not."""
    if row.seq != expected_seq:
        raise ChainBroken(row.station, expected_seq, f"missing: the next line is {row.seq}")
    if row.prev_hash != prev_hash:
        raise ChainBroken(row.station, row.seq, "it is not chained to the line before it")
    line = line_hash(
        row.station, row.seq, row.id, row.at_us, row.actor, row.kind, row.subject, row.data, row.prev_hash
    )
    if line != row.hash:
        raise ChainBroken(row.station, row.seq, "its content does not match its hash")
    return line


def check_some(conn: Connection, station: str, after_seq: int, prev_hash: str, limit: int) -> tuple[int, str]:
    """The number and hash of the last of up to `limit` lines behind `after_seq` that follow; ChainBroken where one does not."""
    asked = {"of_station": station, "after_seq": after_seq, "up_to": limit}
    for row in conn.execute(_LIST_AFTER, asked):
        prev_hash, after_seq = check_line(row, after_seq + 1, prev_hash), row.seq
    return after_seq, prev_hash


def last_seq(conn: Connection, station: str) -> int:
    """The number of the last line of a station's log; 0 when there is none."""
    row = conn.execute(
        select(station_head.c.seq).where(station_head.c.station == bindparam("of_station")),
        {"of_station": station},
    ).first()
    return 0 if row is None else int(row.seq)


def find_last_at(conn: Connection, station: str) -> datetime | None:
    """When the last line of a station's log was written (aware UTC); None when there is none."""
    end = select(station_head.c.seq).where(station_head.c.station == station).scalar_subquery()
    at_us = conn.execute(select(log.c.at_us).where(log.c.station == station, log.c.seq == end)).scalar()
    return None if at_us is None else from_us(at_us)


def list_times(conn: Connection, station: str, kind: str, limit: int) -> list[datetime]:
    """When this kind of thing happened at a station for the first times, at most `limit` of them (aware UTC)."""
    of_kind = (log.c.station == station) & (log.c.kind == kind)
    rows = conn.execute(select(log.c.at_us).where(of_kind).order_by(log.c.seq).limit(limit))
    return [from_us(at_us) for at_us in rows.scalars()]
