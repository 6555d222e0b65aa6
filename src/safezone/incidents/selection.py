"""Finds the incidents that a decision is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from safezone.core.db import Prepared, from_us
from safezone.core.geo import CELLS_AROUND, Point, cells_around, distance_m
from safezone.core.settings import Limits
from safezone.core.vault import open_many
from safezone.core.work import UnitOfWork
from safezone.incidents import rules
from safezone.incidents.tables import incident, report
from safezone.incidents.viewing import PlaceContent

MOST_TWINS: Final = 3
MOST_CANDIDATES: Final = 20

_FIND: Final = select(incident).where(
    incident.c.station == bindparam("of_station"), incident.c.id == bindparam("of_id")
)
_SEEN: Final = Prepared(
    select(report.c.id, report.c.incident_id, report.c.tracking_code, report.c.joined).where(
        report.c.station == bindparam("of_station"), report.c.dedupe_sha256 == bindparam("of_key")
    )
)
_SAME_POINT: Final = Prepared(
    # By the reports and not by the incidents: a report moves with its incident when that is merged into another one.
    select(report.c.incident_id, report.c.at_us, incident.c.state)
    .join_from(
        report, incident, (incident.c.station == report.c.station) & (incident.c.id == report.c.incident_id)
    )
    .where(
        report.c.station == bindparam("of_station"),
        report.c.sos_point == bindparam("of_point"),
        report.c.at_us >= bindparam("since_us"),
    )
    .order_by(report.c.at_us.desc())
    .limit(8)
)
_NEAR: Final = Prepared(
    select(incident.c.id, incident.c.lon, incident.c.lat, incident.c.place_ref)
    .where(
        incident.c.station == bindparam("of_station"),
        incident.c.cell.in_([bindparam(f"cell_{number}") for number in range(CELLS_AROUND)]),
        incident.c.last_report_at_us >= bindparam("since_us"),
        incident.c.state != "closed",
    )
    .order_by(incident.c.last_report_at_us.desc())
    .limit(MOST_CANDIDATES)
)
_LAST_NUMBER: Final = Prepared(
    select(func.max(incident.c.number)).where(
        incident.c.station == bindparam("of_station"), incident.c.year == bindparam("of_year")
    )
)
_OVERDUE: Final = (
    select(incident.c.id)
    .where(
        incident.c.station == bindparam("of_station"),
        incident.c.state == "reported",
        incident.c.escalated_at_us.is_(None),
        incident.c.opened_at_us <= bindparam("until_us"),
    )
    .order_by(incident.c.opened_at_us)
    .limit(200)
)


class Near(msgspec.Struct, frozen=True):
    """An open incident and how far it lies from a place (metres)."""

    incident_id: str
    distance_m: int


def find_incident(conn: Connection, station: str, incident_id: str) -> Any:
    """The incident's row, or None."""
    return conn.execute(_FIND, {"of_station": station, "of_id": incident_id}).first()


def find_report(conn: Connection, station: str, dedupe_sha256: str) -> Any:
    """The report that came with this key before, or None."""
    return _SEEN.run(conn, {"of_station": station, "of_key": dedupe_sha256}).first()


def find_same_point(uow: UnitOfWork, sos_point: str, limits: Limits) -> str | None:
    """The open incident to which a press of this SOS point now belongs, or None."""
    since_us = uow.at_us - limits.twin_window_s * 1_000_000
    asked = {"of_station": uow.station, "of_point": sos_point, "since_us": since_us}
    for row in _SAME_POINT.run(uow.conn, asked):
        if row.state != "closed" and rules.is_twin_press(from_us(row.at_us), uow.at, limits):
            return str(row.incident_id)
    return None


def list_near(uow: UnitOfWork, place: Point, limits: Limits) -> list[Near]:
    """Open incidents near a place whose last report is recent, nearest first, at most three."""
    window = timedelta(seconds=limits.near_twin_window_s)
    since_us = uow.at_us - int(window.total_seconds() * 1_000_000)
    cells = {f"cell_{number}": cell for number, cell in enumerate(cells_around(place))}
    rows = _NEAR.run(uow.conn, {"of_station": uow.station, "since_us": since_us, **cells})
    opened = open_many(uow.conn, uow.station, (row.place_ref for row in rows))
    found = []
    for row in rows:
        there = PlaceContent.read(opened.get(row.place_ref)).point
        if there is None and row.lon is not None:
            there = Point(row.lon, row.lat)
        if there is not None and (apart_m := round(distance_m(place, there))) <= limits.near_twin_m:
            found.append(Near(row.id, apart_m))
    return sorted(found, key=lambda near: near.distance_m)[:MOST_TWINS]


def next_number(uow: UnitOfWork, year: int) -> int:
    """The next running number of a Buddhist-era year."""
    last = _LAST_NUMBER.run(uow.conn, {"of_station": uow.station, "of_year": year}).scalar()
    return (last or 0) + 1


def list_overdue(conn: Connection, station: str, until_us: int) -> list[str]:
    """Incidents that were reported up to `until_us`, are not acknowledged and were not escalated."""
    return [row.id for row in conn.execute(_OVERDUE, {"of_station": station, "until_us": until_us})]
