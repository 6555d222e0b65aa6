"""The only code that writes the rows of the incidents: once per event, now and in every replay."""

from __future__ import annotations

from typing import Any, Final, Protocol

from sqlalchemy import Connection, bindparam, select

from safezone.core.bus import Bus
from safezone.core.db import Prepared, to_us
from safezone.core.event import Entry
from safezone.core.ids import tracking_code_of
from safezone.events import incidents as ev
from safezone.incidents.rules import Assignment, stage_of
from safezone.incidents.tables import assignment, incident, note, photo, report, twin

_THIS: Final = (incident.c.station == bindparam("of_station")) & (incident.c.id == bindparam("of_id"))
_INSERT_REPORT: Final = Prepared(report.insert())
_INSERT_INCIDENT: Final = Prepared(incident.insert())
_UNTOUCHED: Final = dict.fromkeys(incident.c.keys())
_COUNT_REPORT: Final = Prepared(
    incident.update()
    .where(_THIS)
    .values(
        report_count=incident.c.report_count + 1,
        last_report_at_us=bindparam("now_us"),
        last_seq=bindparam("now_seq"),
    )
)


def register(bus: Bus) -> None:
    """The bus knows who writes the rows of each event about incidents."""
    bus.apply(ev.ReportReceived, _report_received)
    bus.apply(ev.IncidentOpened, _incident_opened)
    bus.apply(ev.TwinSuggested, _twin_suggested)
    bus.apply(ev.PressesCounted, lambda c, e, x: touch(c, e, x.incident_id))
    bus.apply(ev.IncidentAcknowledged, _acknowledged)
    bus.apply(ev.IncidentEscalated, lambda c, e, x: _change(c, e, x.incident_id, escalated_at_us=to_us(e.at)))
    bus.apply(ev.PriorityChanged, lambda c, e, x: _decide(c, e, x.incident_id, priority=x.priority))
    bus.apply(ev.PlaceCorrected, _place_corrected)
    bus.apply(ev.UnitDispatched, _unit_dispatched)
    bus.apply(ev.AssignmentAccepted, lambda c, e, x: _step(c, e, x, "accepted", accepted_at_us=to_us(e.at)))
    bus.apply(ev.UnitEnRoute, lambda c, e, x: _step(c, e, x, "en_route", en_route_at_us=to_us(e.at)))
    bus.apply(
        ev.UnitArrived, lambda c, e, x: _step(c, e, x, "on_scene", on_scene_at_us=to_us(e.at), arrived=True)
    )
    bus.apply(ev.UnitCleared, lambda c, e, x: _step(c, e, x, "cleared", cleared_at_us=to_us(e.at)))
    bus.apply(ev.AssignmentRefused, _refused)
    bus.apply(ev.NoteAdded, _note_added)
    bus.apply(ev.PhotoAdded, _photo_added)
    bus.apply(ev.IncidentMerged, _merged)
    bus.apply(ev.TwinAbsorbed, _absorbed)
    bus.apply(ev.IncidentClosed, _closed)
    bus.apply(ev.IncidentReopened, _reopened)
    bus.apply(ev.HandoverNoted, _handover_noted)


def _change(conn: Connection, entry: Entry, incident_id: str, **values: Any) -> None:
    """What everybody sees of it has changed; nobody's decision is overtaken by that."""
    _update(conn, entry, incident_id, values, decided=False)


def touch(conn: Connection, entry: Entry, incident_id: str) -> None:
    """Something was noted about it that changes nothing in its row but the number of the last line."""
    _change(conn, entry, incident_id)


def _decide(conn: Connection, entry: Entry, incident_id: str, **values: Any) -> None:
    """A person has decided something: whoever decides on an older version is told so."""
    _update(
        conn, entry, incident_id, {**values, "last_actor": entry.actor, "last_kind": entry.kind}, decided=True
    )


_UPDATES: Final[dict[tuple[bool, tuple[str, ...]], Prepared]] = {}


def _update(
    conn: Connection, entry: Entry, incident_id: str, values: dict[str, Any], *, decided: bool
) -> None:
    key = (decided, tuple(values))
    prepared = _UPDATES.get(key)
    if prepared is None:
        sets: dict[str, Any] = {name: bindparam(f"new_{name}") for name in (*values, "last_seq")}
        if decided:
            sets["version"] = incident.c.version + 1
        prepared = _UPDATES[key] = Prepared(incident.update().where(_THIS).values(sets))
    given = {f"new_{name}": value for name, value in values.items()}
    asked = {"of_station": entry.station, "of_id": incident_id, "new_last_seq": entry.seq}
    prepared.run(conn, {**given, **asked})


def _report_received(conn: Connection, entry: Entry, event: ev.ReportReceived) -> None:
    _INSERT_REPORT.run(
        conn,
        {
            "station": entry.station,
            "id": event.report_id,
            "incident_id": event.incident_id,
            "dedupe_sha256": event.dedupe_sha256,
            "tracking_code": tracking_code_of(event.report_id),
            "at_us": to_us(entry.at),
            "claimed_at_us": to_us(event.claimed_at) if event.claimed_at else None,
            "claim_trusted": event.claim_trusted,
            "channel": event.channel,
            "about": event.about,
            "sos_point": event.sos_point,
            "lon": event.point.lon if event.point else None,
            "lat": event.point.lat if event.point else None,
            "cell": event.cell,
            "place_ref": event.place.ref if event.place else None,
            "text_ref": event.text.ref if event.text else None,
            "reporter_ref": event.reporter.ref if event.reporter else None,
            "joined": event.joined,
        },
    )
    if event.joined:
        asked = {"of_station": entry.station, "of_id": event.incident_id}
        _COUNT_REPORT.run(conn, {**asked, "now_us": to_us(entry.at), "now_seq": entry.seq})


def _incident_opened(conn: Connection, entry: Entry, event: ev.IncidentOpened) -> None:
    at_us = to_us(entry.at)
    _INSERT_INCIDENT.run(
        conn,
        {
            **_UNTOUCHED,
            "station": entry.station,
            "id": event.incident_id,
            "year": event.year,
            "number": event.number,
            "version": 1,
            "last_seq": entry.seq,
            "last_actor": entry.actor,
            "last_kind": entry.kind,
            "state": "reported",
            "priority": event.priority,
            "about": event.about,
            "channel": event.channel,
            "synthetic": event.synthetic,
            "sos_point": event.sos_point,
            "lon": event.point.lon if event.point else None,
            "lat": event.point.lat if event.point else None,
            "cell": event.cell,
            "place_ref": event.place.ref if event.place else None,
            "place_confirmed": event.place_confirmed,
            "summary_ref": event.summary.ref if event.summary else None,
            "report_count": 1,
            "opened_at_us": at_us,
            "last_report_at_us": at_us,
        },
    )


def _twin_suggested(conn: Connection, entry: Entry, event: ev.TwinSuggested) -> None:
    row = {"incident_id": event.incident_id, "other_id": event.other_id, "distance_m": event.distance_m}
    conn.execute(twin.insert(), {"station": entry.station, **row})
    _change(conn, entry, event.incident_id)
    _change(conn, entry, event.other_id)


def _acknowledged(conn: Connection, entry: Entry, event: ev.IncidentAcknowledged) -> None:
    taken = {"state": "acknowledged", "acknowledged_at_us": to_us(entry.at), "acknowledged_by": entry.actor}
    _decide(conn, entry, event.incident_id, **taken)


def _place_corrected(conn: Connection, entry: Entry, event: ev.PlaceCorrected) -> None:
    where = {
        "place_ref": event.place.ref,
        "cell": event.cell,
        "lon": None,
        "lat": None,
        "place_confirmed": True,
    }
    _decide(conn, entry, event.incident_id, **where)


def _unit_dispatched(conn: Connection, entry: Entry, event: ev.UnitDispatched) -> None:
    key = {"station": entry.station, "incident_id": event.incident_id, "unit_id": event.unit_id}
    reason = event.second_assignment_reason
    # A unit that refused or left may be sent again: its new assignment takes the place of the old one. That it was
    # on scene once stays true.
    before = list_assignments(conn, entry.station, event.incident_id)
    _DELETE_ASSIGNMENT.run(conn, _of_assignment(entry, event))
    _INSERT_ASSIGNMENT.run(
        conn,
        {
            **_UNASSIGNED,
            **key,
            "call_sign": event.call_sign,
            "step": "assigned",
            "arrived": any(a.arrived for a in before if a.unit_id == event.unit_id),
            "assigned_at_us": to_us(entry.at),
            "reason_ref": reason.ref if reason else None,
        },
    )
    _decide(conn, entry, event.incident_id)
    _restage(conn, entry, event.incident_id)


class _OfUnit(Protocol):
    @property
    def incident_id(self) -> str: ...

    @property
    def unit_id(self) -> str: ...


_THIS_ASSIGNMENT: Final = (
    (assignment.c.station == bindparam("of_station"))
    & (assignment.c.incident_id == bindparam("of_incident"))
    & (assignment.c.unit_id == bindparam("of_unit"))
)
_DELETE_ASSIGNMENT: Final = Prepared(assignment.delete().where(_THIS_ASSIGNMENT))
_INSERT_ASSIGNMENT: Final = Prepared(assignment.insert())
_UNASSIGNED: Final = dict.fromkeys(assignment.c.keys())
_STEPS: Final[dict[tuple[str, ...], Prepared]] = {}


def _of_assignment(entry: Entry, event: _OfUnit) -> dict[str, str]:
    return {"of_station": entry.station, "of_incident": event.incident_id, "of_unit": event.unit_id}


def _step(conn: Connection, entry: Entry, event: _OfUnit, step: str, **values: Any) -> None:
    names = ("step", *values)
    prepared = _STEPS.get(names)
    if prepared is None:
        sets: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        prepared = _STEPS[names] = Prepared(assignment.update().where(_THIS_ASSIGNMENT).values(sets))
    given = {f"new_{name}": value for name, value in values.items()}
    prepared.run(conn, {**given, "new_step": step, **_of_assignment(entry, event)})
    _change(conn, entry, event.incident_id)
    _restage(conn, entry, event.incident_id)


def _refused(conn: Connection, entry: Entry, event: ev.AssignmentRefused) -> None:
    _step(conn, entry, event, "refused", reason_ref=event.reason.ref if event.reason else None)


def _restage(conn: Connection, entry: Entry, incident_id: str) -> None:
    """The incident's stage is what its units' steps make it; its time is that of the first unit to come so far.

    A second unit that sets out or arrives later changes nothing: the clock runs on, and response times stay true.
    """
    current = _STATE_OF.run(conn, {"of_station": entry.station, "of_id": incident_id}).scalar()
    after = stage_of(current, list_assignments(conn, entry.station, incident_id))
    if after != current:
        is_further = _STAGES.index(after) > _STAGES.index(current)
        reached = {f"{after}_at_us": to_us(entry.at)} if is_further else {}
        _change(conn, entry, incident_id, state=after, **reached)


def list_assignments(conn: Connection, station: str, incident_id: str) -> list[Assignment]:
    """Every unit that was sent to an incident and how far it is."""
    rows = _STEPS_OF.run(conn, {"of_station": station, "of_id": incident_id})
    return [Assignment(row.unit_id, row.step, bool(row.arrived)) for row in rows]


_STAGES: Final = ("acknowledged", "dispatched", "en_route", "on_scene")
_STATE_OF: Final = Prepared(select(incident.c.state).where(_THIS))
_STEPS_OF: Final = Prepared(
    select(assignment.c.unit_id, assignment.c.step, assignment.c.arrived).where(
        assignment.c.station == bindparam("of_station"), assignment.c.incident_id == bindparam("of_id")
    )
)


def _note_added(conn: Connection, entry: Entry, event: ev.NoteAdded) -> None:
    row = {"id": event.note_id, "incident_id": event.incident_id, "text_ref": event.text.ref}
    conn.execute(
        note.insert(), {"station": entry.station, "at_us": to_us(entry.at), "actor": entry.actor, **row}
    )
    _change(conn, entry, event.incident_id)


def _handover_noted(conn: Connection, entry: Entry, event: ev.HandoverNoted) -> None:
    row = {"id": event.note_id, "incident_id": None, "text_ref": event.text.ref}
    conn.execute(
        note.insert(), {"station": entry.station, "at_us": to_us(entry.at), "actor": entry.actor, **row}
    )


def _photo_added(conn: Connection, entry: Entry, event: ev.PhotoAdded) -> None:
    conn.execute(
        photo.insert(),
        {
            "station": entry.station,
            "id": event.photo_id,
            "incident_id": event.incident_id,
            "at_us": to_us(entry.at),
            "actor": entry.actor,
            "image_ref": event.image.ref,
            "media_type": event.media_type,
            "width_px": event.width_px,
            "height_px": event.height_px,
        },
    )
    _change(conn, entry, event.incident_id)


def _merged(conn: Connection, entry: Entry, event: ev.IncidentMerged) -> None:
    over = {
        "state": "closed",
        "outcome": "duplicate",
        "closed_at_us": to_us(entry.at),
        "merged_into": event.into,
    }
    _decide(conn, entry, event.incident_id, **over)


def _absorbed(conn: Connection, entry: Entry, event: ev.TwinAbsorbed) -> None:
    moved = conn.execute(
        report.update()
        .where(report.c.station == entry.station, report.c.incident_id == event.other_id)
        .values(incident_id=event.incident_id)
    )
    of_it = (incident.c.station == entry.station) & (incident.c.id == event.incident_id)
    conn.execute(incident.update().where(of_it).values(report_count=incident.c.report_count + moved.rowcount))
    _decide(conn, entry, event.incident_id)


def _closed(conn: Connection, entry: Entry, event: ev.IncidentClosed) -> None:
    over = {"state": "closed", "outcome": event.outcome, "closed_at_us": to_us(entry.at)}
    _decide(conn, entry, event.incident_id, **over)


def _reopened(conn: Connection, entry: Entry, event: ev.IncidentReopened) -> None:
    again = {
        "state": "acknowledged",
        "outcome": None,
        "closed_at_us": None,
        "reopened_at_us": to_us(entry.at),
        "acknowledged_at_us": to_us(entry.at),
        "acknowledged_by": entry.actor,
        "dispatched_at_us": None,
        "en_route_at_us": None,
        "on_scene_at_us": None,
    }
    _decide(conn, entry, event.incident_id, **again)
    # Whoever was there before is there no longer: the stage follows from the units that are sent now.
    of_it = (assignment.c.station == entry.station) & (assignment.c.incident_id == event.incident_id)
    conn.execute(assignment.update().where(of_it).values(arrived=False))
