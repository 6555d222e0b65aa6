"""How each command about an incident is carried out: read, let the rules decide, record what happened."""

from __future__ import annotations

from typing import Any

from safezone.core.bus import Bus
from safezone.core.geo import cell_of, check_point
from safezone.core.i18n import Words
from safezone.core.ids import new_id
from safezone.core.work import UnitOfWork
from safezone.events import incidents as ev
from safezone.incidents import commands as cmds
from safezone.incidents import refusals, rules, store
from safezone.incidents.erasing import Erasing
from safezone.incidents.intake.reporting import Reporting
from safezone.incidents.needs import Units
from safezone.incidents.queries import incident_views, units_busy
from safezone.incidents.refused_messages import keep_refused_message
from safezone.incidents.selection import find_incident, list_overdue
from safezone.incidents.surroundings import Surroundings
from safezone.incidents.viewing import PlaceContent, encode_place
from safezone.incidents.views import AssignmentView

_STEP_EVENTS: dict[str, type[ev.AssignmentAccepted | ev.UnitEnRoute | ev.UnitArrived | ev.UnitCleared]] = {
    "accepted": ev.AssignmentAccepted,
    "en_route": ev.UnitEnRoute,
    "on_scene": ev.UnitArrived,
    "cleared": ev.UnitCleared,
}


def register(bus: Bus, surroundings: Surroundings, units: Units) -> None:
    """The bus knows who carries out each command about incidents, and who writes their rows."""
    store.register(bus)
    handling = Handling(surroundings, units)
    reporting = Reporting(surroundings)
    bus.handle(cmds.ReportEmergency, reporting.report_emergency)
    bus.handle(cmds.CountPresses, reporting.count_presses)
    bus.handle(cmds.AcknowledgeIncident, handling.acknowledge)
    bus.handle(cmds.DispatchUnits, handling.dispatch)
    bus.handle(cmds.ProgressAssignment, handling.progress)
    bus.handle(cmds.ChangePriority, handling.change_priority)
    bus.handle(cmds.CorrectPlace, handling.correct_place)
    bus.handle(cmds.AddNote, handling.add_note)
    bus.handle(cmds.AddPhoto, handling.add_photo)
    bus.handle(cmds.MergeIncident, handling.merge)
    bus.handle(cmds.CloseIncident, handling.close)
    bus.handle(cmds.ReopenIncident, handling.reopen)
    bus.handle(cmds.EscalateOverdue, handling.escalate_overdue)
    bus.handle(cmds.NoteHandover, note_handover)
    bus.handle(cmds.KeepRefusedMessage, keep_refused_message)
    Erasing(bus).register()


class Handling:
    """The commands of the command centre and of the patrol; each returns the incident's id."""

    def __init__(self, surroundings: Surroundings, units: Units) -> None:
        self._surroundings = surroundings
        self._units = units

    def _current(self, uow: UnitOfWork, incident_id: str) -> Any:
        views = incident_views(uow.conn, uow.station, [incident_id], self._surroundings)
        return views.get(incident_id)

    def _get(self, uow: UnitOfWork, incident_id: str) -> Any:
        """The incident's row; only for the command centre."""
        uow.identity.require("operator", "supervisor", "admin")
        row = find_incident(uow.conn, uow.station, incident_id)
        if row is None:
            raise refusals.no_incident(incident_id)
        return row

    def _get_open(self, uow: UnitOfWork, incident_id: str, expected_version: int) -> Any:
        """The row of an open incident on which nobody has decided since `expected_version`."""
        row = self._get(uow, incident_id)
        self._check_version(uow, row, expected_version)
        if row.state == "closed":
            raise refusals.already_closed(self._current(uow, incident_id))
        return row

    def _check_version(self, uow: UnitOfWork, row: Any, expected_version: int) -> None:
        if row.version != expected_version:
            raise refusals.overtaken(row.last_actor, row.last_kind, self._current(uow, row.id))

    def acknowledge(self, cmd: cmds.AcknowledgeIncident, uow: UnitOfWork) -> str:
        """The incident is this operator's; Conflict when somebody else has taken it."""
        row = self._get_open(uow, cmd.incident_id, cmd.expected_version)
        if row.state != "reported":
            raise refusals.overtaken(row.last_actor, row.last_kind, self._current(uow, row.id))
        uow.record(ev.IncidentAcknowledged(incident_id=row.id))
        return cmd.incident_id

    def dispatch(self, cmd: cmds.DispatchUnits, uow: UnitOfWork) -> str:
        """The units are sent; Conflict when one is busy elsewhere and no reason is given, or cannot be sent."""
        row = self._get_open(uow, cmd.incident_id, cmd.expected_version)
        wanted = list(dict.fromkeys(cmd.unit_ids))
        if not wanted:
            raise refusals.bad_field(
                "unit_ids", Words(th="เลือกหน่วยอย่างน้อยหนึ่งหน่วย", en="Choose at least one unit.")
            )
        here = self._units_on(uow, row.id)
        sent_now = [unit_id for unit_id in wanted if unit_id not in here]
        call_signs = {unit_id: self._call_sign(uow, unit_id) for unit_id in sent_now}
        busy = rules.busy_elsewhere(sent_now, units_busy(uow.conn, uow.station, sent_now), row.id)
        if busy and not cmd.second_assignment_reason:
            raise refusals.unit_busy(busy, self._current(uow, row.id))
        if row.state == "reported":
            uow.record(ev.IncidentAcknowledged(incident_id=row.id))
        for unit_id in sent_now:
            reason = uow.maybe_seal(cmd.second_assignment_reason, "reason") if unit_id in busy else None
            sent = ev.UnitDispatched(
                incident_id=row.id,
                unit_id=unit_id,
                call_sign=call_signs[unit_id],
                second_assignment_reason=reason,
            )
            uow.record(sent)
        return cmd.incident_id

    def _units_on(self, uow: UnitOfWork, incident_id: str) -> set[str]:
        listed = store.list_assignments(uow.conn, uow.station, incident_id)
        return {a.unit_id for a in listed if a.step in rules.ACTIVE_STEPS}

    def _call_sign(self, uow: UnitOfWork, unit_id: str) -> str:
        unit = self._units.find_unit(uow.conn, uow.station, unit_id)
        if unit is None:
            raise refusals.unit_not_available(unit_id, Words(th="ไม่มีหน่วยนี้", en="there is no such unit"))
        if not unit.on_duty:
            raise refusals.unit_not_available(unit_id, Words(th="ไม่อยู่ในเวร", en="it is off duty"))
        if unit.unavailable_because is not None:
            because = unit.unavailable_because
            raise refusals.unit_not_available(
                unit_id,
                Words(th=f"แจ้งว่าไม่พร้อม ({because})", en=f"it has said that it is unavailable ({because})"),
            )
        return unit.call_sign

    def progress(self, cmd: cmds.ProgressAssignment, uow: UnitOfWork) -> str:
        """The unit's step is recorded; the same step again changes nothing; backwards is a Conflict."""
        uow.identity.require("operator", "supervisor", "admin", "unit")
        row = find_incident(uow.conn, uow.station, cmd.incident_id)
        is_mine = uow.identity.role != "unit" or uow.identity.unit_id == cmd.unit_id
        if row is None or not is_mine:
            raise refusals.no_incident(cmd.incident_id)
        assignments = store.list_assignments(uow.conn, uow.station, cmd.incident_id)
        mine = next((a for a in assignments if a.unit_id == cmd.unit_id), None)
        if mine is None:
            raise refusals.no_assignment(cmd.unit_id)
        try:
            step = rules.next_step(mine.step, cmd.step)
        except ValueError:
            raise refusals.cannot_step_back(mine.step, cmd.step, self._current(uow, row.id)) from None
        if step == "refused":
            reason = uow.maybe_seal(cmd.reason, "reason")
            uow.record(ev.AssignmentRefused(incident_id=row.id, unit_id=cmd.unit_id, reason=reason))
        elif step is not None:
            uow.record(_STEP_EVENTS[step](incident_id=row.id, unit_id=cmd.unit_id))
        return cmd.incident_id

    def change_priority(self, cmd: cmds.ChangePriority, uow: UnitOfWork) -> str:
        """The incident has the new priority."""
        row = self._get_open(uow, cmd.incident_id, cmd.expected_version)
        reason = uow.seal(cmd.reason, "reason")
        uow.record(ev.PriorityChanged(incident_id=row.id, priority=cmd.priority, reason=reason))
        return cmd.incident_id

    def correct_place(self, cmd: cmds.CorrectPlace, uow: UnitOfWork) -> str:
        """The incident lies where a person says it does."""
        row = self._get_open(uow, cmd.incident_id, cmd.expected_version)
        point = check_point(cmd.place)
        place = uow.seal(encode_place(PlaceContent(point)), "place")
        uow.record(ev.PlaceCorrected(incident_id=row.id, place=place, cell=cell_of(point)))
        return cmd.incident_id

    def add_note(self, cmd: cmds.AddNote, uow: UnitOfWork) -> str:
        """The note is kept; a unit may write on the incidents that it was sent to."""
        self._require_involved(uow, cmd.incident_id)
        text = uow.seal(cmd.text, "note")
        uow.record(ev.NoteAdded(incident_id=cmd.incident_id, note_id=new_id(), text=text))
        return cmd.incident_id

    def add_photo(self, cmd: cmds.AddPhoto, uow: UnitOfWork) -> str:
        """The photo is kept, sealed."""
        self._require_involved(uow, cmd.incident_id)
        added = ev.PhotoAdded(
            incident_id=cmd.incident_id,
            photo_id=new_id(),
            image=uow.seal(cmd.image, "photo"),
            media_type=cmd.media_type,
            width_px=cmd.width_px,
            height_px=cmd.height_px,
        )
        uow.record(added)
        return cmd.incident_id

    def _require_involved(self, uow: UnitOfWork, incident_id: str) -> None:
        uow.identity.require("operator", "supervisor", "admin", "unit")
        found = find_incident(uow.conn, uow.station, incident_id) is not None
        if found and uow.identity.role == "unit":
            sent = store.list_assignments(uow.conn, uow.station, incident_id)
            found = any(a.unit_id == uow.identity.unit_id for a in sent)
        if not found:
            raise refusals.no_incident(incident_id)

    def merge(self, cmd: cmds.MergeIncident, uow: UnitOfWork) -> str:
        """The reports and units of this incident belong to `into`, and this one is closed as a duplicate."""
        row = self._get_open(uow, cmd.incident_id, cmd.expected_version)
        into = self._get(uow, cmd.into)
        if into.id == row.id:
            raise refusals.bad_field(
                "into", Words(th="รวมเหตุเข้ากับตัวเองไม่ได้", en="An incident cannot be merged into itself.")
            )
        if into.state == "closed":
            raise refusals.already_closed(self._current(uow, into.id))
        here = self._units_on(uow, into.id)
        moving = [a for a in self._clear_units(uow, row.id) if a.unit_id not in here]
        uow.record(ev.IncidentMerged(incident_id=row.id, into=into.id))
        uow.record(ev.TwinAbsorbed(incident_id=into.id, other_id=row.id))
        if moving and into.state == "reported":
            uow.record(ev.IncidentAcknowledged(incident_id=into.id))
        for moved in moving:
            self._send_on(uow, into.id, moved)
        return cmd.into

    def _send_on(self, uow: UnitOfWork, incident_id: str, moved: AssignmentView) -> None:
        """The unit is on this incident, as far as it had come with the one that was merged, and for the same reason."""
        reason = uow.maybe_seal(moved.reason, "reason")
        sent = ev.UnitDispatched(
            incident_id=incident_id,
            unit_id=moved.unit_id,
            call_sign=moved.call_sign,
            second_assignment_reason=reason,
        )
        uow.record(sent)
        if moved.state in _STEP_EVENTS:
            uow.record(_STEP_EVENTS[moved.state](incident_id=incident_id, unit_id=moved.unit_id))

    def _clear_units(self, uow: UnitOfWork, incident_id: str) -> list[AssignmentView]:
        """Every unit still on the incident is free; returns how far each of them had come."""
        view = self._current(uow, incident_id)
        active = [a for a in view.assignments if a.state in rules.ACTIVE_STEPS]
        for one in active:
            uow.record(ev.UnitCleared(incident_id=incident_id, unit_id=one.unit_id))
        return active

    def close(self, cmd: cmds.CloseIncident, uow: UnitOfWork) -> str:
        """The incident is over and its units are free; a false alarm is a normal outcome."""
        row = self._get_open(uow, cmd.incident_id, cmd.expected_version)
        self._clear_units(uow, row.id)
        note = uow.maybe_seal(cmd.note, "note")
        uow.record(ev.IncidentClosed(incident_id=row.id, outcome=cmd.outcome, note=note))
        if note is not None:
            uow.record(ev.NoteAdded(incident_id=row.id, note_id=new_id(), text=note))
        return cmd.incident_id

    def reopen(self, cmd: cmds.ReopenIncident, uow: UnitOfWork) -> str:
        """A closed incident is open again and with whoever reopened it."""
        row = self._get(uow, cmd.incident_id)
        self._check_version(uow, row, cmd.expected_version)
        if row.state != "closed":
            raise refusals.not_closed(self._current(uow, row.id))
        if row.merged_into is not None:
            raise refusals.cannot_reopen_merged(self._current(uow, row.id))
        uow.record(ev.IncidentReopened(incident_id=row.id, reason=uow.seal(cmd.reason, "reason")))
        return cmd.incident_id

    def escalate_overdue(self, _cmd: cmds.EscalateOverdue, uow: UnitOfWork) -> int:
        """The supervisor is told, once, of every incident that nobody has acknowledged in time; returns how many."""
        uow.identity.require("system")
        limit_s = self._surroundings.limits(uow.conn, uow.station).acknowledge_limit_s
        overdue = list_overdue(uow.conn, uow.station, uow.at_us - limit_s * 1_000_000)
        for incident_id in overdue:
            uow.record(ev.IncidentEscalated(incident_id=incident_id, stage="reported", limit_s=limit_s))
        return len(overdue)


def note_handover(cmd: cmds.NoteHandover, uow: UnitOfWork) -> str:
    """The next shift is told; returns the note's id."""
    uow.identity.require("operator", "supervisor", "admin")
    note_id = new_id()
    uow.record(ev.HandoverNoted(note_id=note_id, text=uow.seal(cmd.text, "note")))
    return note_id
