"""What the ground was on another day, and who changed what since: read from the log by the lines that changed it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Any, Final, cast

import msgspec
from sqlalchemy import Connection, bindparam, select

from safezone.core import vault
from safezone.core.db import from_us, to_us
from safezone.core.errors import NotFound
from safezone.core.event import Entry
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.log import LogReader, log
from safezone.events import zone as ev
from safezone.zone import store
from safezone.zone.days import end_of
from safezone.zone.queries import Map, check_reader, geojson_of, view_of

AT_ONCE: Final = 500
MOST_NAMED: Final = 20
"""Changes of one version that are told one by one; the rest is counted."""

_LINES: Final = select(log).where(
    log.c.station == bindparam("of_station"), log.c.seq.in_(bindparam("seqs", expanding=True))
)


class Change(msgspec.Struct, frozen=True):
    """One thing that was changed; `name` is None for what has none of its own."""

    kind: str
    subject: str
    name: Words | None


class Version(msgspec.Struct, frozen=True):
    """One change of the ground by one person at one moment; areas are those of the zone before and after it."""

    version: str
    at: str
    actor: str
    reason: str | None
    changes: list[Change]
    more_changes: int
    area_m2: float | None
    area_before_m2: float | None


class Row:
    """A row as the tables would have it."""

    layer: str
    id: str
    position: int
    population: str | None

    def __init__(self, **columns: Any) -> None:
        self.__dict__.update(columns)


def zone_on(conn: Connection, station: str, identity: Identity, reader: LogReader, day: date) -> Map:
    """The map as it was when this day was over in Thailand; NotFound when there was no zone yet."""
    check_reader(identity, station)
    changes = store.zone_change.c
    until = to_us(end_of(day))
    asked = select(store.zone_change).where(changes.station == station, changes.at_us < until)
    lines = conn.execute(asked.order_by(changes.seq)).all()
    ground = _Ground()
    for entry in _entries(conn, station, reader, _still_seen(lines)):
        ground.take(entry)
    if ground.station is None or ground.zone is None:
        raise NotFound(
            "no_zone_then",
            Words(th=f"วันที่ {day.isoformat()} ยังไม่มีพื้นที่ปลอดภัย", en=f"There was no zone on {day.isoformat()}."),
        )
    shapes = sorted(ground.shapes.values(), key=lambda row: (row.layer, row.position, row.id))
    version = hashlib.sha256(f"{lines[-1].seq}".encode()).hexdigest()[:16]
    return Map(
        f"{version}-{lines[-1].seq}", geojson_of(view_of(ground.station, ground.zone), ground.zone, shapes)
    )


def list_versions(
    conn: Connection, station: str, identity: Identity, reader: LogReader, limit: int
) -> list[Version]:
    """The newest versions of the ground, newest first."""
    check_reader(identity, station)
    changes = store.zone_change
    rows = conn.execute(select(changes).where(changes.c.station == station).order_by(changes.c.seq)).all()
    groups = [list(group) for _, group in groupby(rows, key=lambda row: (row.at_us, row.actor))]
    shown = groups[-limit:]
    drawn = [row.seq for row in rows if row.kind == "zone_drawn"]
    told = [row.seq for group in shown for row in group[:MOST_NAMED]]
    entries = {
        e.seq: e
        for e in _entries(conn, station, reader, sorted({*drawn, *told, *(g[-1].seq for g in shown)}))
    }
    reasons = vault.open_many(conn, station, (row.reason_ref for group in shown for row in group))
    versions = [_version(group, drawn, entries, reasons) for group in shown]
    return versions[::-1]


def _version(
    group: list[Any], drawn: list[int], entries: dict[int, Entry], reasons: dict[str, bytes]
) -> Version:
    last = group[-1]
    before = max((seq for seq in drawn if seq < group[0].seq), default=None)
    now = max((seq for seq in drawn if seq <= last.seq), default=None)
    said = next((reasons[row.reason_ref] for row in group if row.reason_ref in reasons), None)
    return Version(
        version=entries[last.seq].id,
        at=from_us(last.at_us).isoformat(),
        actor=last.actor,
        reason=None if said is None else said.decode(),
        changes=[_change(entries[row.seq]) for row in group[:MOST_NAMED]],
        more_changes=max(0, len(group) - MOST_NAMED),
        area_m2=_area(entries, now),
        area_before_m2=_area(entries, before),
    )


def _area(entries: dict[int, Entry], seq: int | None) -> float | None:
    return None if seq is None else cast("ev.ZoneDrawn", entries[seq].event).area_m2


def _change(entry: Entry) -> Change:
    name = getattr(entry.event, "name", None)
    if isinstance(entry.event, ev.GroundImported):
        name = Words(entry.event.file, entry.event.file)
    return Change(entry.kind, entry.event.subject, name)


def _still_seen(lines: Iterable[Any]) -> list[int]:
    """The lines that still say something: of those that replace one another, the last and what came after it."""
    seen: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        match line.kind:
            case "community_defined" | "place_named":
                seen[line.kind, line.subject] = [line.seq]
            case "community_removed":
                seen.pop(("community_defined", line.subject), None)
            case "place_removed":
                seen.pop(("place_named", line.subject), None)
            case "zone_drawn":
                seen["zone_drawn", ""] = [line.seq]
            case "criteria_recorded":
                seen.setdefault(("zone_drawn", ""), []).append(line.seq)
            case "population_recorded":
                about = ("community_defined", line.subject)
                seen.setdefault(about if about in seen else ("zone_drawn", ""), []).append(line.seq)
            case "ground_imported":
                continue
            case kind:
                seen[kind, ""] = [line.seq]
    return sorted(seq for seqs in seen.values() for seq in seqs)


def _entries(conn: Connection, station: str, reader: LogReader, seqs: list[int]) -> Iterator[Entry]:
    for begin in range(0, len(seqs), AT_ONCE):
        some = {"of_station": station, "seqs": seqs[begin : begin + AT_ONCE]}
        yield from sorted(map(reader.entry_of, conn.execute(_LINES, some)), key=lambda entry: entry.seq)


class _Ground:
    """The rows that the tables had, made by the same functions that made them."""

    def __init__(self) -> None:
        self.station: Row | None = None
        self.zone: Row | None = None
        self.shapes: dict[tuple[str, str], Row] = {}

    def take(self, entry: Entry) -> None:
        """What this entry changed."""
        event = entry.event
        match event:
            case ev.StationCreated():
                self.station = Row(station=entry.station, **store.station_row(event))
            case ev.ZoneDrawn():
                self.zone = Row(station=entry.station, **store.zone_row(event))
            case ev.CommunityDefined():
                self._put(entry.seq, store.community_row(event))
            case ev.PlaceNamed():
                self._put(entry.seq, store.place_row(event))
            case ev.CriteriaRecorded() if self.zone is not None:
                self.zone.__dict__.update(store.criteria_columns(event.criteria, event.evidence))
            case ev.PopulationRecorded():
                self._count(event)
            case ev.MapSketched():
                for row in store.sketch_rows(event):
                    self._put(entry.seq, row)
            case _:
                return

    def _put(self, seq: int, row: dict[str, Any]) -> None:
        self.shapes[row["layer"], row["id"]] = Row(**{"position": seq, **row})

    def _count(self, event: ev.PopulationRecorded) -> None:
        if event.layer == "zone":
            if self.zone is not None:
                self.zone.__dict__.update(store.population_columns(event.population))
        elif (shape := self.shapes.get(("community", event.subject_id))) is not None:
            shape.population = store.population_text(event.population)
