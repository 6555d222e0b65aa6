"""What may be asked of an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec

from safezone.core.geo import Point
from safezone.events.incidents import Channel, DataClass, IncidentKind, Outcome

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Priority = Annotated[int, msgspec.Meta(ge=1, le=4)]
AssignmentStep = Literal["accepted", "en_route", "on_scene", "cleared", "refused"]


class Reporter(msgspec.Struct, frozen=True):
    """Who reported, as far as they said; both are sealed."""

    name: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    phone: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class ReportEmergency(msgspec.Struct, frozen=True, kw_only=True):
    """Take this report: open an incident, or join one that is open. The same `dedupe_key` is taken once."""

    keeps_any_text: ClassVar[bool] = True
    """Its text is sealed and its key is hashed: a stray character never costs anybody an alert."""
    dedupe_key: str
    channel: Channel
    about: IncidentKind = "sos"
    sos_point: str | None = None
    place: Point | None = None
    place_text: str | None = None
    text: str | None = None
    reporter: Reporter | None = None
    claimed_at: datetime | None = None


class CountPresses(msgspec.Struct, frozen=True, kw_only=True):
    """So many more presses of this pole came while its others were being stored; they belong to this incident."""

    incident_id: str
    sos_point: str
    count: Annotated[int, msgspec.Meta(ge=1)]
    lowest_n: int
    highest_n: int
    first_at: datetime


class AcknowledgeIncident(msgspec.Struct, frozen=True):
    """I take this incident."""

    incident_id: str
    expected_version: int


class DispatchUnits(msgspec.Struct, frozen=True):
    """Send these units. A unit that is busy elsewhere needs a reason."""

    incident_id: str
    expected_version: int
    unit_ids: list[str]
    second_assignment_reason: str | None = None


class ProgressAssignment(msgspec.Struct, frozen=True):
    """The unit has accepted, is on its way, has arrived, has left or cannot come."""

    incident_id: str
    unit_id: str
    step: AssignmentStep
    reason: str | None = None


class ChangePriority(msgspec.Struct, frozen=True):
    """Set another priority, with a reason."""

    incident_id: str
    expected_version: int
    priority: int
    reason: str


class CorrectPlace(msgspec.Struct, frozen=True):
    """It is here."""

    incident_id: str
    expected_version: int
    place: Point


class AddNote(msgspec.Struct, frozen=True):
    """Write this down. Never conflicts."""

    incident_id: str
    text: str


class AddPhoto(msgspec.Struct, frozen=True):
    """Keep this picture; `image` has been checked and stripped already."""

    incident_id: str
    image: bytes
    media_type: str
    width_px: int
    height_px: int


class MergeIncident(msgspec.Struct, frozen=True):
    """This incident is the same as `into`."""

    incident_id: str
    expected_version: int
    into: str


class CloseIncident(msgspec.Struct, frozen=True):
    """It is over, with this outcome."""

    incident_id: str
    expected_version: int
    outcome: Outcome
    note: str | None = None


class ReopenIncident(msgspec.Struct, frozen=True):
    """It was not over after all."""

    incident_id: str
    expected_version: int
    reason: str


class EscalateOverdue(msgspec.Struct, frozen=True):
    """Tell the supervisor about every stage that has taken longer than its limit."""


class NoteHandover(msgspec.Struct, frozen=True):
    """Tell the next shift this."""

    text: str


class KeepRefusedMessage(msgspec.Struct, frozen=True):
    """Keep a message that could not be understood, as it came, with the reason."""

    keeps_any_text: ClassVar[bool] = True
    door: str
    source: str
    raw: bytes
    reason_th: str
    reason_en: str


class PlaceHold(msgspec.Struct, frozen=True):
    """Erase nothing of this incident, for this reason."""

    incident_id: str
    reason: str


class LiftHold(msgspec.Struct, frozen=True):
    """The hold is not needed any more, for this reason."""

    incident_id: str
    reason: str


class EraseDue(msgspec.Struct, frozen=True):
    """Erase what of this class has been kept for `days`."""

    data_class: DataClass
    days: int
