"""What may be asked about units, and by whom: where officers are is for the command centre and for themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from safezone.core.db import Prepared, from_us, maybe_from_us
from safezone.core.errors import NotFound
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import CCOC_ROLES, Identity, Role
from safezone.core.vault import open_many
from safezone.patrol import store
from safezone.patrol.needs import TravelTimes
from safezone.patrol.ranking import Candidate, RankRules, Recommendation, rank, why_not
from safezone.patrol.tables import unit, unit_duty, unit_track
from safezone.patrol.views import Duty, Fix, OnDuty, UnitBrief, UnitView

COLLEAGUES: Final[tuple[Role, ...]] = ("unit", "auditor", "chief", "commander")
"""Who sees which units are on duty and what they are doing, but not where they are."""

_VIEWED: Final = (
    select(
        unit,
        unit_track.c.lon,
        unit_track.c.lat,
        unit_track.c.at_us,
        unit_track.c.received_us,
        unit_track.c.accuracy_m,
        unit_track.c.speed_kmh,
        unit_track.c.heading_deg,
        unit_track.c.battery_pct,
    )
    .select_from(
        unit.outerjoin(
            unit_track, (unit_track.c.station == unit.c.station) & (unit_track.c.unit_id == unit.c.id)
        )
    )
    .where(unit.c.station == bindparam("of_station"))
    .order_by(unit.c.call_sign)
)
_RANKED: Final = Prepared(
    # A recommendation looks at every unit: of a region's hundreds only what ranking needs.
    _VIEWED.with_only_columns(
        unit.c.id,
        unit.c.call_sign,
        unit.c.kind,
        unit.c.state,
        unit.c.work,
        unit.c.on_duty,
        unit.c.duty_since_us,
        unit_track.c.lon,
        unit_track.c.lat,
        unit_track.c.at_us,
    )
)
_VIEWED_BY_IDS: Final = _VIEWED.where(unit.c.id.in_(bindparam("ids", expanding=True)))


def may_see_position(identity: Identity, unit_id: str) -> bool:
    """Whether this identity may know where that unit is: the command centre, the program, and the unit itself."""
    return (
        identity.in_ccoc
        or identity.role == "system"
        or (identity.role, identity.unit_id) == ("unit", unit_id)
    )


def visible_to(view: UnitView, identity: Identity) -> UnitView | None:
    """The view as this identity may see it, without place and reason where those are not its business; or None.

    Colleagues and auditors see who is on duty and what each unit is doing. Nobody else sees anything.
    """
    if may_see_position(identity, view.id):
        return view
    if identity.role in COLLEAGUES:
        return msgspec.structs.replace(view, fix=None, state_reason=None)
    return None


def unit_views(conn: Connection, station: str, ids: Collection[str]) -> dict[str, UnitView]:
    """The views of these units as the command centre sees them; unknown ids are not there."""
    if not ids:
        return {}
    rows = conn.execute(_VIEWED_BY_IDS, {"of_station": station, "ids": list(ids)}).all()
    return {view.id: view for view in _views(conn, station, rows)}


def list_unit_views(conn: Connection, identity: Identity) -> list[UnitView]:
    """Every unit of the station, by call sign, as this identity may see it; refused to the public and to devices."""
    identity.require("system", *COLLEAGUES, *CCOC_ROLES)
    rows = conn.execute(_VIEWED, {"of_station": identity.station}).all()
    seen = (visible_to(view, identity) for view in _views(conn, identity.station, rows))
    return [view for view in seen if view is not None]


def list_on_duty(conn: Connection, identity: Identity) -> Duty:
    """Who is on duty, of how many units: not where they are, nor why one is unavailable. Demonstration is left out."""
    identity.require("system", *COLLEAGUES, *CCOC_ROLES)
    c = unit.c
    columns = (c.call_sign, c.kind, c.state, c.on_duty, c.duty_since_us)
    real = (c.station == identity.station) & c.synthetic.is_(False)
    rows = conn.execute(select(*columns).where(real).order_by(c.call_sign)).all()
    on_duty = (row for row in rows if row.on_duty)
    return Duty(
        len(rows),
        [OnDuty(row.call_sign, row.kind, row.state, maybe_from_us(row.duty_since_us)) for row in on_duty],
    )


def find_duty_changed(conn: Connection, identity: Identity) -> datetime | None:
    """When a unit that is not a demonstration last signed on or off; None when none ever did."""
    identity.require("system", *COLLEAGUES, *CCOC_ROLES)
    of_unit = (unit.c.station == unit_duty.c.station) & (unit.c.id == unit_duty.c.unit_id)
    asked = select(func.max(unit_duty.c.on_at_us), func.max(unit_duty.c.off_at_us))
    real = (unit_duty.c.station == identity.station) & unit.c.synthetic.is_(False)
    found = conn.execute(asked.select_from(unit_duty.join(unit, of_unit)).where(real)).one()
    times = [at_us for at_us in found if at_us is not None]
    return from_us(max(times)) if times else None


def get_unit_view(conn: Connection, identity: Identity, unit_id: str) -> UnitView:
    """One unit as this identity may see it; NotFound when there is none."""
    identity.require("system", *COLLEAGUES, *CCOC_ROLES)
    view = unit_views(conn, identity.station, [unit_id]).get(unit_id)
    seen = visible_to(view, identity) if view else None
    if seen is None:
        raise NotFound("no_unit", Words(th=f"ไม่พบสายตรวจ {unit_id}", en=f"There is no unit {unit_id}."))
    return seen


def find_call_signs(conn: Connection, station: str, ids: Collection[str]) -> dict[str, str]:
    """The call sign of each of these units, by id; unknown ids are not there."""
    wanted = (unit.c.station == station) & unit.c.id.in_(list(ids))
    return {row.id: row.call_sign for row in conn.execute(select(unit.c.id, unit.c.call_sign).where(wanted))}


def find_brief(conn: Connection, station: str, unit_id: str) -> UnitBrief | None:
    """What dispatching needs to know of a unit; None when there is no such unit."""
    row = store.find_row(conn, station, unit_id)
    if row is None:
        return None
    because = None
    if row.unavailable:
        said = open_many(conn, station, [row.reason_ref]).get(row.reason_ref or "")
        because = said.decode() if said else "แจ้งว่าไม่พร้อมปฏิบัติ / has said that it is unavailable"
    return UnitBrief(row.id, row.call_sign, row.on_duty, because)


def list_briefs(conn: Connection, station: str) -> list[UnitBrief]:
    """Every unit, by its call sign."""
    asked = select(unit).where(unit.c.station == station).order_by(unit.c.call_sign)
    return [UnitBrief(row.id, row.call_sign, row.on_duty) for row in conn.execute(asked)]


def list_fixes(conn: Connection, identity: Identity) -> dict[str, Fix]:
    """The newest fix of every unit on duty whose position this identity may know."""
    identity.require("unit", "system", *CCOC_ROLES)
    rows = conn.execute(_VIEWED, {"of_station": identity.station})
    fixes = ((row.id, _fix_of(row)) for row in rows if may_see_position(identity, row.id))
    return {unit_id: fix for unit_id, fix in fixes if fix is not None}


def recommend(
    conn: Connection,
    identity: Identity,
    place: Point | None,
    at: datetime,
    rules: RankRules,
    *,
    roads: TravelTimes | None = None,
    incident_id: str | None = None,
    refused: Collection[str] = (),
    incident_names: Mapping[str, str] | None = None,
) -> Recommendation:
    """Who could be sent to `place` at `at`, ranked with reasons, and why the others not. Nobody is sent by it.

    For the command centre only. Takes milliseconds of processor time: call it in a thread, not on the event loop.
    """
    identity.require("system", *CCOC_ROLES)
    rows = _RANKED.run(conn, {"of_station": identity.station})
    units = [_candidate(row, row.id in refused) for row in rows]
    times = _road_times(units, place, at, rules, roads) if roads is not None and place is not None else None
    return rank(units, place, at, rules, times, incident_names, incident_id)


def _road_times(
    units: Iterable[Candidate], place: Point, at: datetime, rules: RankRules, roads: TravelTimes
) -> dict[str, float | None]:
    """Seconds by road for every unit that could be sent: one search per kind, because each may go elsewhere."""
    wanted: dict[Any, list[tuple[str, Point]]] = {}
    for one in units:
        if one.place is not None and why_not(one, at, rules) is None:
            wanted.setdefault(one.kind, []).append((one.unit_id, one.place))
    times: dict[str, float | None] = {}
    for kind, of_kind in wanted.items():
        seconds = roads.travel_times_s(place, [p for _, p in of_kind], kind, rules.far_s)
        times.update(zip((unit_id for unit_id, _ in of_kind), seconds, strict=True))
    return times


def _candidate(row: Any, refused: bool) -> Candidate:
    known = _has_fix(row)
    return Candidate(
        row.id,
        row.call_sign,
        row.kind,
        row.state,
        Point(row.lon, row.lat) if known else None,
        from_us(row.at_us) if known else None,
        [w.incident_id for w in store.work_of(row)],
        refused,
    )


def _views(conn: Connection, station: str, rows: Iterable[Any]) -> list[UnitView]:
    rows = list(rows)
    reasons = open_many(conn, station, (row.reason_ref for row in rows))
    return [_view_of(row, reasons.get(row.reason_ref)) for row in rows]


def _view_of(row: Any, reason: bytes | None) -> UnitView:
    return UnitView(
        id=row.id,
        call_sign=row.call_sign,
        kind=row.kind,
        name=Words(row.name_th, row.name_en),
        on_duty=row.on_duty,
        duty_since_at=maybe_from_us(row.duty_since_us),
        duty_by=row.duty_by,
        state=row.state,
        state_reason=reason.decode() if reason is not None else None,
        incident_ids=[w.incident_id for w in store.work_of(row)],
        fix=_fix_of(row),
        synthetic=row.synthetic,
        updated_seq=row.updated_seq,
    )


def _has_fix(row: Any) -> bool:
    """Whether a joined row has a fix: only of a unit on duty, and only from this duty (positions of before are nobody's)."""
    return bool(row.on_duty) and row.at_us is not None and row.at_us >= row.duty_since_us


def _fix_of(row: Any) -> Fix | None:
    """The fix in a joined row, if it has one."""
    if not _has_fix(row):
        return None
    return Fix(
        row.lon,
        row.lat,
        from_us(row.at_us),
        from_us(row.received_us),
        row.accuracy_m,
        row.speed_kmh,
        row.heading_deg,
        row.battery_pct,
    )
