"""What may be asked about incidents, and by whom: permission is decided here, not in each screen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select

from safezone.core.db import from_us, maybe_from_us, to_us
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.log import LogReader
from safezone.core.vault import open_many
from safezone.incidents import refusals, timeline
from safezone.incidents.commands import Reporter
from safezone.incidents.rules import ACTIVE_STEPS, name_of
from safezone.incidents.surroundings import Surroundings
from safezone.incidents.tables import assignment, incident, note, photo, refused_message, report, twin
from safezone.incidents.viewing import PlaceContent, view_of
from safezone.incidents.views import (
    IncidentDetail,
    IncidentView,
    NoteView,
    PhotoView,
    PublicStatus,
    RefusedMessageView,
    ReportView,
)

LONGEST_LIST: Final = 500
_BY_IDS: Final = select(incident).where(
    incident.c.station == bindparam("of_station"), incident.c.id.in_(bindparam("ids", expanding=True))
)
_ASSIGNMENTS: Final = (
    select(assignment)
    .where(
        assignment.c.station == bindparam("of_station"),
        assignment.c.incident_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(assignment.c.assigned_at_us, assignment.c.unit_id)
)
_TWINS: Final = select(twin).where(
    twin.c.station == bindparam("of_station"),
    or_(
        twin.c.incident_id.in_(bindparam("ids", expanding=True)),
        twin.c.other_id.in_(bindparam("others", expanding=True)),
    ),
)


class Pressed(msgspec.Struct, frozen=True):
    """The newest press of an SOS point, and when the first of all was taken in the command centre (aware UTC)."""

    sos_point: str | None
    at: datetime
    acknowledged_at: datetime | None


def incident_views(
    conn: Connection, station: str, ids: Collection[str], surroundings: Surroundings
) -> dict[str, IncidentView]:
    """The views of these incidents as the command centre sees them; unknown ids are not there."""
    if not ids:
        return {}
    rows = conn.execute(_BY_IDS, {"of_station": station, "ids": list(ids)}).all()
    return _views(conn, station, rows, surroundings)


def _views(
    conn: Connection, station: str, rows: Sequence[Any], surroundings: Surroundings
) -> dict[str, IncidentView]:
    if not rows:
        return {}
    asked = {"of_station": station, "ids": [row.id for row in rows]}
    sent: dict[str, list[Any]] = {}
    for row in conn.execute(_ASSIGNMENTS, asked):
        sent.setdefault(row.incident_id, []).append(row)
    twins: dict[str, list[str]] = {}
    for row in conn.execute(_TWINS, {**asked, "others": asked["ids"]}):
        twins.setdefault(row.incident_id, []).append(row.other_id)
        twins.setdefault(row.other_id, []).append(row.incident_id)
    refs = {ref for row in rows for ref in (row.place_ref, row.summary_ref) if ref}
    refs |= {row.reason_ref for of_one in sent.values() for row in of_one if row.reason_ref}
    opened = open_many(conn, station, refs)
    return {
        row.id: view_of(conn, row, sent.get(row.id, []), twins.get(row.id, []), opened, surroundings)
        for row in rows
    }


def visible_to(view: IncidentView, identity: Identity) -> IncidentView | None:
    """The view as this identity may see it; None when it may not see it at all.

    The command centre sees everything; a patrol unit sees the incidents it is sent to, while it is sent to them.
    """
    if identity.in_ccoc:
        return view
    if identity.role == "unit":
        mine = (a for a in view.assignments if a.unit_id == identity.unit_id)
        if any(a.state not in ("cleared", "refused") for a in mine):
            return view
    return None


def get_incident(
    conn: Connection, identity: Identity, incident_id: str, surroundings: Surroundings
) -> IncidentView:
    """One incident; NotFound when there is none or it is not for this identity's eyes."""
    identity.require("operator", "supervisor", "admin", "unit")
    view = incident_views(conn, identity.station, [incident_id], surroundings).get(incident_id)
    seen = visible_to(view, identity) if view else None
    if seen is None:
        raise refusals.no_incident(incident_id)
    return seen


def get_acted_on(
    conn: Connection, identity: Identity, incident_id: str, surroundings: Surroundings
) -> IncidentView:
    """The incident after somebody's own action on it: a unit that has just left it may still see what it did."""
    view = incident_views(conn, identity.station, [incident_id], surroundings).get(incident_id)
    if view is None:
        raise refusals.no_incident(incident_id)
    return view


def list_incidents(
    conn: Connection,
    identity: Identity,
    surroundings: Surroundings,
    *,
    state: str = "open",
    limit: int = 200,
    before: datetime | None = None,
    closed_since: datetime | None = None,
    at_most: int = LONGEST_LIST,
) -> list[IncidentView]:
    """Incidents, newest first: `open`, `closed` or `all`, at most `limit` (500) that were opened before `before`."""
    identity.require("operator", "supervisor", "admin", "unit")
    conditions: list[ColumnElement[bool]] = [incident.c.station == identity.station]
    if state == "open":
        conditions.append(incident.c.state != "closed")
    elif state == "closed":
        conditions.append(incident.c.state == "closed")
    if before is not None:
        conditions.append(incident.c.opened_at_us < to_us(before))
    if closed_since is not None:
        conditions.append(incident.c.closed_at_us >= to_us(closed_since))
    if identity.role == "unit":
        mine = select(assignment.c.incident_id).where(
            assignment.c.station == identity.station,
            assignment.c.unit_id == identity.unit_id,
            # Here and not only below: the limit must not be used up by incidents that it has left.
            assignment.c.step.in_(ACTIVE_STEPS),
        )
        conditions.append(incident.c.id.in_(mine))
    order = (incident.c.opened_at_us.desc(), incident.c.id.desc())
    rows = conn.execute(select(incident).where(*conditions).order_by(*order).limit(min(limit, at_most))).all()
    views = _views(conn, identity.station, rows, surroundings)
    seen = (visible_to(views[row.id], identity) for row in rows)
    return [view for view in seen if view is not None]


def get_detail(
    conn: Connection, identity: Identity, incident_id: str, surroundings: Surroundings, reader: LogReader
) -> IncidentDetail:
    """Everything about one incident, its story folded from the log; NotFound as for `get_incident`."""
    view = get_incident(conn, identity, incident_id, surroundings)
    station = identity.station
    return IncidentDetail(
        view,
        _list_reports(conn, station, incident_id),
        timeline.fold(reader.list_about(conn, station, incident_id)),
        _list_notes(conn, station, note.c.incident_id == incident_id),
        _list_photos(conn, station, incident_id),
    )


def _list_reports(conn: Connection, station: str, incident_id: str) -> list[ReportView]:
    of_it = (report.c.station == station) & (report.c.incident_id == incident_id)
    rows = conn.execute(
        select(report).where(of_it).order_by(report.c.at_us, report.c.id).limit(LONGEST_LIST)
    ).all()
    opened = open_many(
        conn, station, (ref for r in rows for ref in (r.text_ref, r.place_ref, r.reporter_ref))
    )
    return [_report_view(row, opened) for row in rows]


def _report_view(row: Any, opened: dict[str, bytes]) -> ReportView:
    place = PlaceContent.read(opened.get(row.place_ref))
    reporter = opened.get(row.reporter_ref)
    text = opened.get(row.text_ref)
    return ReportView(
        id=row.id,
        at=from_us(row.at_us),
        claimed_at=maybe_from_us(row.claimed_at_us),
        claim_trusted=row.claim_trusted,
        channel=row.channel,
        kind=row.about,
        text=None if text is None else text.decode(),
        place=place.point or (None if row.lon is None else Point(row.lon, row.lat)),
        place_text=place.text,
        reporter=None if reporter is None else msgspec.json.decode(reporter, type=Reporter),
        sos_point=row.sos_point,
        tracking_code=row.tracking_code,
    )


def _list_notes(
    conn: Connection, station: str, which: ColumnElement[bool], limit: int = LONGEST_LIST
) -> list[NoteView]:
    rows = conn.execute(
        select(note)
        .where(note.c.station == station, which)
        .order_by(note.c.at_us.desc(), note.c.id.desc())
        .limit(limit)
    ).all()
    opened = open_many(conn, station, (row.text_ref for row in rows))
    texts = {ref: content.decode() for ref, content in opened.items()}
    return [
        NoteView(row.id, from_us(row.at_us), row.actor, texts.get(row.text_ref)) for row in reversed(rows)
    ]


def find_handover(conn: Connection, identity: Identity) -> NoteView | None:
    """The latest handover note of the station, or None."""
    identity.require("operator", "supervisor", "admin")
    notes = _list_notes(conn, identity.station, note.c.incident_id.is_(None), limit=1)
    return notes[0] if notes else None


def get_handover(conn: Connection, identity: Identity, note_id: str) -> NoteView:
    """One handover note."""
    identity.require("operator", "supervisor", "admin")
    return _list_notes(conn, identity.station, note.c.id == note_id, limit=1)[0]


def list_handovers(conn: Connection, identity: Identity, limit: int = 30) -> list[NoteView]:
    """The last handover notes, oldest first."""
    identity.require("operator", "supervisor", "admin")
    return _list_notes(conn, identity.station, note.c.incident_id.is_(None), limit=limit)


def _list_photos(conn: Connection, station: str, incident_id: str) -> list[PhotoView]:
    of_it = (photo.c.station == station) & (photo.c.incident_id == incident_id)
    return [
        PhotoView(
            row.id,
            from_us(row.at_us),
            row.actor,
            f"/api/v1/incidents/{incident_id}/photos/{row.id}",
            row.media_type,
            row.width_px,
            row.height_px,
        )
        for row in conn.execute(select(photo).where(of_it).order_by(photo.c.at_us, photo.c.id))
    ]


def get_photo(
    conn: Connection, identity: Identity, incident_id: str, photo_id: str, surroundings: Surroundings
) -> tuple[bytes, str]:
    """A photo's bytes and media type; NotFound when there is none, or its key was deleted."""
    get_incident(conn, identity, incident_id, surroundings)
    row = conn.execute(
        select(photo).where(
            photo.c.station == identity.station, photo.c.id == photo_id, photo.c.incident_id == incident_id
        )
    ).first()
    image = None if row is None else open_many(conn, identity.station, [row.image_ref]).get(row.image_ref)
    if row is None or image is None:
        raise refusals.no_photo(photo_id)
    return image, row.media_type


def get_public_status(conn: Connection, station: str, tracking_code: str) -> PublicStatus:
    """What became of a report, for whoever has its code; NotFound for a code that was never given."""
    row = conn.execute(
        select(report.c.at_us, incident)
        .join(incident, (incident.c.station == report.c.station) & (incident.c.id == report.c.incident_id))
        .where(report.c.station == station, report.c.tracking_code == tracking_code.strip().upper())
    ).first()
    if row is None:
        raise refusals.no_tracking_code()
    times = (
        row.acknowledged_at_us,
        row.dispatched_at_us,
        row.en_route_at_us,
        row.on_scene_at_us,
        row.closed_at_us,
    )
    changed_at_us = max((at for at in times if at is not None), default=row.at_us)
    return PublicStatus(
        tracking_code.strip().upper(),
        row.state,
        timeline.STAGES[row.state],
        from_us(row.at_us),
        from_us(max(changed_at_us, row.at_us)),
    )


def list_refused_messages(conn: Connection, identity: Identity, limit: int = 100) -> list[RefusedMessageView]:
    """The last messages that no door could understand, newest first.

    A technician is told which device spoke and what was wrong with it, and not what it said: it may be somebody's words.
    """
    identity.require("admin", "technician")
    may_read = identity.role == "admin"
    rows = conn.execute(
        select(refused_message)
        .where(refused_message.c.station == identity.station)
        .order_by(refused_message.c.at_us.desc(), refused_message.c.id.desc())
        .limit(min(limit, LONGEST_LIST))
    )
    return [
        RefusedMessageView(
            row.id,
            from_us(row.at_us),
            row.door,
            row.source,
            row.raw.decode("utf-8", "backslashreplace") if may_read else None,
            Words(th=row.reason_th, en=row.reason_en),
        )
        for row in rows
    ]


def list_names(conn: Connection, station: str) -> dict[str, str]:
    """What people call each open incident that a unit is on, by id."""
    rows = conn.execute(
        select(incident.c.id, incident.c.year, incident.c.number)
        .where(incident.c.station == station, incident.c.state.in_(("dispatched", "en_route", "on_scene")))
        .limit(LONGEST_LIST)
    )
    return {row.id: name_of(row.year, row.number) for row in rows}


def find_names(conn: Connection, station: str, ids: Collection[str]) -> dict[str, str]:
    """What people call each of these incidents, by id; who asks answers for who may know it. Unknown ids are not there."""
    wanted = (incident.c.station == station) & incident.c.id.in_(list(ids))
    rows = conn.execute(select(incident.c.id, incident.c.year, incident.c.number).where(wanted))
    return {row.id: name_of(row.year, row.number) for row in rows}


def count_escalated(conn: Connection, station: str) -> int:
    """How many incidents nobody has acknowledged in time, and still nobody has."""
    waiting = select(func.count()).where(
        incident.c.station == station, incident.c.state == "reported", incident.c.escalated_at_us.is_not(None)
    )
    return int(conn.execute(waiting).scalar_one())


def units_busy(conn: Connection, station: str, unit_ids: Iterable[str]) -> dict[str, list[str]]:
    """On which open incidents each of these units is now."""
    rows = conn.execute(
        select(assignment.c.unit_id, assignment.c.incident_id).where(
            assignment.c.station == station,
            assignment.c.unit_id.in_(list(unit_ids)),
            assignment.c.step.in_(("assigned", "accepted", "en_route", "on_scene")),
        )
    )
    busy: dict[str, list[str]] = {}
    for row in rows:
        busy.setdefault(row.unit_id, []).append(row.incident_id)
    return busy


def count_by_state(conn: Connection, station: str) -> tuple[dict[str, int], int]:
    """How many incidents are in each open state; and how many were escalated and are still not acknowledged."""
    here = (incident.c.station == station) & (incident.c.state != "closed")
    rows = conn.execute(select(incident.c.state, func.count()).where(here).group_by(incident.c.state))
    counts = {state: int(n) for state, n in rows}
    late = here & (incident.c.state == "reported") & incident.c.escalated_at_us.is_not(None)
    overdue = conn.execute(select(func.count()).select_from(incident).where(late)).scalar_one()
    return counts, int(overdue)


def find_pressed(conn: Connection, station: str) -> Pressed | None:
    """The newest press of an SOS point, and when the first of all was acknowledged.

    None while nobody has pressed one. Who asks answers for who may know it.
    """
    pressed = (incident.c.station == station) & (incident.c.channel == "sos_point")
    row = conn.execute(
        select(incident.c.sos_point, incident.c.last_report_at_us)
        .where(pressed)
        .order_by(incident.c.last_report_at_us.desc(), incident.c.last_seq.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    acknowledged_us = conn.execute(
        select(func.min(incident.c.acknowledged_at_us)).where(pressed)
    ).scalar_one()
    return Pressed(row.sos_point, from_us(row.last_report_at_us), maybe_from_us(acknowledged_us))
