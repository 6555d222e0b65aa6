"""The only code that writes the rows of the patrol: units once per event, positions once per batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, MetaData, bindparam, delete, select

from safezone.core.bus import Bus
from safezone.core.db import Prepared, copy_rows, run_text, to_us, upsert
from safezone.core.event import Entry
from safezone.events import patrol as ev
from safezone.events.patrol import UnitKind, Work
from safezone.patrol import position_parts
from safezone.patrol.rules import NOTHING_SEEN, Behind, Claim, Elsewhere, Marked, Seen, Track, state_of
from safezone.patrol.tables import position, unit, unit_duty, unit_track

COPY_FROM_ROWS: Final = 50
"""From so many fixes on PostgreSQL takes them by COPY; below, two more messages cost more than they save."""
PURGE_AT_ONCE: Final = 5000
_position_in: Final = position.to_metadata(MetaData(), name="position_in")
_encode_work: Final = msgspec.json.Encoder().encode
_decode_work: Final = msgspec.json.Decoder(list[Work]).decode


def register(bus: Bus) -> None:
    """The bus knows who writes the rows of each event about units."""
    bus.apply(ev.UnitRegistered, _registered)
    bus.apply(ev.UnitSignedOn, _signed_on)
    bus.apply(ev.UnitSignedOff, _signed_off)
    bus.apply(ev.UnitAvailabilityChanged, _availability_changed)
    bus.apply(ev.UnitStateChanged, _state_changed)


# ── from the log ──


def _registered(conn: Connection, entry: Entry, event: ev.UnitRegistered) -> None:
    named = {
        "call_sign": event.call_sign,
        "kind": event.unit_kind,
        "name_th": event.name.th,
        "name_en": event.name.en,
        "synthetic": event.synthetic,
        "updated_seq": entry.seq,
    }
    new = {"on_duty": False, "state": "off_duty", "unavailable": False, "work": "[]"}
    insert = upsert(unit, conn).values(station=entry.station, id=event.unit_id, **named, **new)
    conn.execute(insert.on_conflict_do_update(index_elements=["station", "id"], set_=named))


def _signed_on(conn: Connection, entry: Entry, event: ev.UnitSignedOn) -> None:
    at_us = to_us(entry.at)
    row = {"unit_id": event.unit_id, "on_seq": entry.seq, "on_at_us": at_us, "on_by": entry.actor}
    conn.execute(unit_duty.insert(), {"station": entry.station, **row})
    state = state_of(on_duty=True, unavailable=False, work=list_work(conn, entry.station, event.unit_id))
    _change(
        conn,
        entry,
        event.unit_id,
        on_duty=True,
        duty_since_us=at_us,
        duty_by=entry.actor,
        state=state,
        unavailable=False,
        reason_ref=None,
    )


def _signed_off(conn: Connection, entry: Entry, event: ev.UnitSignedOff) -> None:
    reason_ref = event.reason.ref if event.reason else None
    this = (unit_duty.c.station == entry.station) & (unit_duty.c.unit_id == event.unit_id)
    ended = {"off_at_us": to_us(entry.at), "off_by": entry.actor, "reason_ref": reason_ref}
    conn.execute(unit_duty.update().where(this, unit_duty.c.off_at_us.is_(None)).values(**ended))
    _change(
        conn,
        entry,
        event.unit_id,
        on_duty=False,
        duty_since_us=None,
        duty_by=entry.actor,
        state="off_duty",
        unavailable=False,
        reason_ref=reason_ref,
    )


def _availability_changed(conn: Connection, entry: Entry, event: ev.UnitAvailabilityChanged) -> None:
    reason_ref = event.reason.ref if event.reason else None
    values = {"state": event.state, "unavailable": event.unavailable, "reason_ref": reason_ref}
    _change(conn, entry, event.unit_id, **values)


def _state_changed(conn: Connection, entry: Entry, event: ev.UnitStateChanged) -> None:
    _change(conn, entry, event.unit_id, state=event.state, work=_encode_work(event.work).decode())


def _change(conn: Connection, entry: Entry, unit_id: str, **values: Any) -> None:
    this = (unit.c.station == entry.station) & (unit.c.id == unit_id)
    conn.execute(unit.update().where(this).values(updated_seq=entry.seq, **values))


def work_of(row: Any) -> list[Work]:
    """The incidents in a row of the unit table."""
    return [] if row.work == "[]" else _decode_work(row.work)


def list_work(conn: Connection, station: str, unit_id: str) -> list[Work]:
    """The incidents a unit is on; none for a unit that is not known."""
    row = find_row(conn, station, unit_id)
    return [] if row is None else work_of(row)


def find_call_sign(conn: Connection, station: str, call_sign: str) -> str | None:
    """The id of the unit that is called so; None when nobody is."""
    of_it = (unit.c.station == station) & (unit.c.call_sign == call_sign)
    found: str | None = conn.execute(select(unit.c.id).where(of_it).order_by(unit.c.id)).scalar()
    return found


def find_row(conn: Connection, station: str, unit_id: str) -> Any | None:
    """A unit's row, or None."""
    return conn.execute(_ROW_OF, {"of_station": station, "of_id": unit_id}).first()


def list_rows(conn: Connection, station: str) -> list[Any]:
    """Every unit's row of a station."""
    return list(conn.execute(_ROWS_OF, {"of_station": station}))


_ROWS_OF: Final = select(unit).where(unit.c.station == bindparam("of_station"))
_ROW_OF: Final = _ROWS_OF.where(unit.c.id == bindparam("of_id"))


# ── telemetry: not in the log, with a retention of its own ──


class Watched(msgspec.Struct):
    """What the marking needs to know of one unit, and what it remembers after each fix."""

    kind: UnitKind
    on_duty_since_us: int | None
    track: Track
    newest: Claim | None = None
    """Set once a fix of this batch is to be drawn."""
    changed: bool = False


_WATCH: Final = (
    select(
        unit.c.id,
        unit.c.kind,
        unit.c.on_duty,
        unit.c.duty_since_us,
        *(c for c in unit_track.c if c.name not in ("station", "unit_id")),
    )
    .select_from(
        unit.outerjoin(
            unit_track, (unit_track.c.station == unit.c.station) & (unit_track.c.unit_id == unit.c.id)
        )
    )
    .where(unit.c.station == bindparam("of_station"), unit.c.id.in_(bindparam("ids", expanding=True)))
)


def watch(conn: Connection, station: str, unit_ids: Iterable[str]) -> dict[str, Watched]:
    """The units among `unit_ids` that exist, each with its track."""
    rows = conn.execute(_WATCH, {"of_station": station, "ids": list(unit_ids)})
    return {
        row.id: Watched(row.kind, row.duty_since_us if row.on_duty else None, _track_of(row)) for row in rows
    }


class _Waiting(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the marking is not sure of yet."""

    elsewhere: Elsewhere | None = None
    behind: Behind | None = None


_encode_waiting: Final = msgspec.json.Encoder().encode
_decode_waiting: Final = msgspec.json.Decoder(_Waiting).decode


def _track_of(row: Any) -> Track:
    if row.shift_us is None:
        return NOTHING_SEEN
    newest = None
    if row.claimed_us is not None:
        newest = Seen(row.lon, row.lat, row.claimed_us, row.at_us, row.received_us, row.accuracy_m)
    if row.waiting is None:
        return Track(newest, row.shift_us)
    waiting = _decode_waiting(row.waiting)
    return Track(newest, row.shift_us, waiting.elsewhere, waiting.behind)


_KEPT: Final = select(position.c.unit_id, position.c.claimed_us, position.c.lon, position.c.lat).where(
    position.c.station == bindparam("of_station"),
    position.c.unit_id == bindparam("of_unit"),
    position.c.claimed_us.in_(bindparam("times", expanding=True)),
)


def kept_among(
    conn: Connection, station: str, unit_id: str, times_us: Sequence[int]
) -> set[tuple[int, float, float]]:
    """Which (device time, lon, lat) of these times are stored already for the unit."""
    rows = conn.execute(_KEPT, {"of_station": station, "of_unit": unit_id, "times": list(times_us)})
    return {(row.claimed_us, row.lon, row.lat) for row in rows}


def position_row(
    station: str, unit_id: str, claim: Claim, marked: Marked, received_us: int
) -> dict[str, Any]:
    """One kept fix as `add_positions` takes it."""
    return {
        "station": station,
        "unit_id": unit_id,
        "claimed_us": received_us if claim.at_us is None else claim.at_us,
        "lon": claim.lon,
        "lat": claim.lat,
        "at_us": marked.at_us,
        "received_us": received_us,
        "mark": marked.mark,
        "accuracy_m": claim.accuracy_m,
        "speed_kmh": claim.speed_kmh,
        "heading_deg": claim.heading_deg,
        "battery_pct": claim.battery_pct,
    }


def add_positions(conn: Connection, rows: list[dict[str, Any]]) -> None:
    """The fixes are kept, each with its mark; one that is here already stays as it was."""
    if conn.dialect.name == "postgresql" and len(rows) >= COPY_FROM_ROWS:
        # COPY knows no "unless it is there": through a table of this connection, emptied by the commit.
        run_text(conn, "CREATE TEMP TABLE IF NOT EXISTS position_in (LIKE position) ON COMMIT DELETE ROWS")
        copy_rows(conn, _position_in, rows)
        run_text(conn, "INSERT INTO position SELECT * FROM position_in ON CONFLICT DO NOTHING")
        run_text(conn, "TRUNCATE position_in")
    elif rows:
        _statements(conn).keep.run_many(conn, rows)


def save_tracks(conn: Connection, station: str, watched: dict[str, Watched]) -> None:
    """What is remembered of every changed unit is stored; the drawn fix only where there is a newer one."""
    moved, still = list[dict[str, Any]](), list[dict[str, Any]]()
    for unit_id, one in watched.items():
        if one.changed:
            (moved if one.newest else still).append(_track_row(station, unit_id, one))
    if moved:
        _statements(conn).draw.run_many(conn, moved)
    if still:
        _statements(conn).remember.run_many(conn, still)


def _track_row(station: str, unit_id: str, watched: Watched) -> dict[str, Any]:
    track, claim = watched.track, watched.newest
    waiting = None
    if track.elsewhere is not None or track.behind is not None:
        waiting = _encode_waiting(_Waiting(track.elsewhere, track.behind)).decode()
    row = {"station": station, "unit_id": unit_id, "shift_us": track.shift_us, "waiting": waiting}
    if claim is not None and track.newest is not None:
        row["lon"] = claim.lon
        row["lat"] = claim.lat
        row["claimed_us"] = track.newest.claimed_us
        row["at_us"] = track.newest.at_us
        row["received_us"] = track.newest.received_us
        row["accuracy_m"] = claim.accuracy_m
        row["speed_kmh"] = claim.speed_kmh
        row["heading_deg"] = claim.heading_deg
        row["battery_pct"] = claim.battery_pct
    return row


class _Statements:
    """The inserts of one dialect, compiled once: they are wanted many times a second."""

    def __init__(self, conn: Connection) -> None:
        key = ("station", "unit_id")
        self.keep = Prepared(upsert(position, conn).on_conflict_do_nothing())
        self.draw = Prepared(_track_upsert(conn, key, [c.name for c in unit_track.c if c.name not in key]))
        self.remember = Prepared(_track_upsert(conn, key, ["shift_us", "waiting"]))


def _track_upsert(conn: Connection, key: Sequence[str], names: Sequence[str]) -> Any:
    insert = upsert(unit_track, conn).values({name: bindparam(name) for name in (*key, *names)})
    return insert.on_conflict_do_update(
        index_elements=key, set_={name: insert.excluded[name] for name in names}
    )


_made: Final[dict[str, _Statements]] = {}


def _statements(conn: Connection) -> _Statements:
    if conn.dialect.name not in _made:
        _made[conn.dialect.name] = _Statements(conn)
    return _made[conn.dialect.name]


def forget_track(conn: Connection, station: str, unit_id: str) -> None:
    """Where the unit is now is no longer known here; for the moment at which it goes off duty."""
    conn.execute(delete(unit_track).where(unit_track.c.station == station, unit_track.c.unit_id == unit_id))


def purge_positions(conn: Connection, station: str, before_us: int, now_us: int) -> int:
    """Fixes older than `before_us` are gone, at most `PURGE_AT_ONCE` of a unit in one go; returns how many.

    Fixes of a clock that was ahead go by arrival. On PostgreSQL whole days go at once, and the next days are made ready.
    """
    gone = 0
    if conn.dialect.name == "postgresql":
        gone += position_parts.renew_parts(conn, station, now_us, before_us)
    day_us = position_parts.DAY_US
    for row in list_rows(conn, station):
        this = (position.c.station == station) & (position.c.unit_id == row.id)
        old = position.c.claimed_us < before_us
        ahead = (position.c.claimed_us > now_us + day_us) & (position.c.received_us < before_us)
        for too_old in (old, ahead):
            # The last one of the piece: the lane is held up for a moment, not for a year of fixes.
            piece = (
                select(position.c.claimed_us)
                .where(this, too_old)
                .order_by(position.c.claimed_us)
                .offset(PURGE_AT_ONCE - 1)
                .limit(1)
            )
            up_to = conn.execute(piece).scalar()
            some = too_old if up_to is None else too_old & (position.c.claimed_us <= up_to)
            gone += conn.execute(delete(position).where(this, some)).rowcount
    return gone
