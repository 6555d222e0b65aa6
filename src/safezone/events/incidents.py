"""What happens to an incident, from the report that came in to the closed case."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from safezone.core.event import Event, Sealed
from safezone.core.geo import Point

IncidentKind = Literal[
    "sos", "robbery", "assault", "theft", "accident", "fire", "medical", "suspicious", "noise", "other"
]
Channel = Literal["sos_point", "phone", "web", "line", "http"]
Outcome = Literal["resolved", "handed_over", "no_action_needed", "false_alarm", "prank", "duplicate", "drill"]
DataClass = Literal[
    "incident",
    "photo",
    "handover",
    "refused_message",
    "purpose",
    "repair",
    "loan",
    "equipment_paper",
    "equipment_note",
    "account",
]
Stage = Literal["reported", "acknowledged", "dispatched", "en_route", "on_scene", "closed"]


class ReportReceived(Event, frozen=True, tag="report_received"):
    """Somebody or something reported; it belongs to `incident_id`, a new one or (`joined`) one that was open already.

    A citizen's words, name and exact place are sealed. `point` is given only where it is nobody's own place:
    that of an SOS point. `cell` is the coarse cell (about 220 m) used to find twins.
    """

    subject_field = "incident_id"
    report_id: str
    incident_id: str
    channel: Channel
    about: IncidentKind
    dedupe_sha256: str
    sos_point: str | None = None
    point: Point | None = None
    cell: str | None = None
    place: Sealed | None = None
    text: Sealed | None = None
    reporter: Sealed | None = None
    claimed_at: datetime | None = None
    claim_trusted: bool = True
    joined: bool = False


class IncidentOpened(Event, frozen=True, tag="incident_opened"):
    """The first report of something opened an incident; `year` (Buddhist era) and `number` make its name."""

    subject_field = "incident_id"
    incident_id: str
    report_id: str
    year: int
    number: int
    about: IncidentKind
    channel: Channel
    priority: int
    synthetic: bool = False
    sos_point: str | None = None
    point: Point | None = None
    cell: str | None = None
    place: Sealed | None = None
    place_confirmed: bool = False
    summary: Sealed | None = None


class TwinSuggested(Event, frozen=True, tag="twin_suggested"):
    """Two open incidents lie near each other in place and time; a person decides whether they are one."""

    subject_field = "incident_id"
    incident_id: str
    other_id: str
    distance_m: int


class PressesCounted(Event, frozen=True, tag="presses_counted"):
    """A pole was pressed faster than each press could be kept by itself: so many more messages of it came, with its own
    numbers from `lowest_n` to `highest_n`, after the press of the incident that they belong to.
    """

    subject_field = "incident_id"
    incident_id: str
    sos_point: str
    count: int
    lowest_n: int
    highest_n: int
    first_at: datetime


class IncidentAcknowledged(Event, frozen=True, tag="incident_acknowledged"):
    """An operator has taken the incident."""

    subject_field = "incident_id"
    incident_id: str


class IncidentEscalated(Event, frozen=True, tag="incident_escalated"):
    """A stage took longer than its limit; the supervisor is told."""

    subject_field = "incident_id"
    incident_id: str
    stage: Stage
    limit_s: int


class PriorityChanged(Event, frozen=True, tag="priority_changed"):
    """A person set another priority (1 is the most urgent, 4 the least)."""

    subject_field = "incident_id"
    incident_id: str
    priority: int
    reason: Sealed


class PlaceCorrected(Event, frozen=True, tag="place_corrected"):
    """A person has confirmed or corrected where it is."""

    subject_field = "incident_id"
    incident_id: str
    place: Sealed
    cell: str


class UnitDispatched(Event, frozen=True, tag="unit_dispatched"):
    """A unit was sent to the incident; a second assignment carries its reason."""

    subject_field = "incident_id"
    incident_id: str
    unit_id: str
    call_sign: str
    second_assignment_reason: Sealed | None = None


class AssignmentAccepted(Event, frozen=True, tag="assignment_accepted"):
    """The unit has taken the job."""

    subject_field = "incident_id"
    incident_id: str
    unit_id: str


class UnitEnRoute(Event, frozen=True, tag="unit_en_route"):
    """The unit is on its way."""

    subject_field = "incident_id"
    incident_id: str
    unit_id: str


class UnitArrived(Event, frozen=True, tag="unit_arrived"):
    """The unit is on scene."""

    subject_field = "incident_id"
    incident_id: str
    unit_id: str


class UnitCleared(Event, frozen=True, tag="unit_cleared"):
    """The unit has left the incident and is free for the next one."""

    subject_field = "incident_id"
    incident_id: str
    unit_id: str


class AssignmentRefused(Event, frozen=True, tag="assignment_refused"):
    """The unit cannot take the job."""

    subject_field = "incident_id"
    incident_id: str
    unit_id: str
    reason: Sealed | None = None


class NoteAdded(Event, frozen=True, tag="note_added"):
    """Somebody wrote something down; notes are never changed or removed."""

    subject_field = "incident_id"
    incident_id: str
    note_id: str
    text: Sealed


class PhotoAdded(Event, frozen=True, tag="photo_added"):
    """A photo was added, its metadata stripped."""

    subject_field = "incident_id"
    incident_id: str
    photo_id: str
    image: Sealed
    media_type: str
    width_px: int
    height_px: int


class IncidentMerged(Event, frozen=True, tag="incident_merged"):
    """A person decided that this incident is the same as `into`; it is closed here and goes on there."""

    subject_field = "incident_id"
    incident_id: str
    into: str


class TwinAbsorbed(Event, frozen=True, tag="twin_absorbed"):
    """The reports of `other_id` belong to this incident from now on."""

    subject_field = "incident_id"
    incident_id: str
    other_id: str


class IncidentClosed(Event, frozen=True, tag="incident_closed"):
    """The incident is over. A false alarm is a normal outcome."""

    subject_field = "incident_id"
    incident_id: str
    outcome: Outcome
    note: Sealed | None = None


class IncidentReopened(Event, frozen=True, tag="incident_reopened"):
    """It was not over after all."""

    subject_field = "incident_id"
    incident_id: str
    reason: Sealed


class HandoverNoted(Event, frozen=True, tag="handover_noted"):
    """What the next shift must know."""

    subject_field = "note_id"
    note_id: str
    text: Sealed


class LegalHoldPlaced(Event, frozen=True, tag="legal_hold_placed"):
    """Nothing of the incident is erased, however old it is."""

    subject_field = "incident_id"
    incident_id: str
    reason: Sealed


class LegalHoldLifted(Event, frozen=True, tag="legal_hold_lifted"):
    """The incident is erased in its turn again."""

    subject_field = "incident_id"
    incident_id: str
    reason: Sealed


class ContentErased(Event, frozen=True, tag="content_erased"):
    """Sealed content was erased because its time was over: `records` of it, `refs`, about `subjects`.

    What was closed, written or received before `before` had been kept for `days`.
    """

    subject_field = "erasure_id"
    erasure_id: str
    data_class: DataClass
    days: int
    before: datetime
    records: int
    subjects: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
