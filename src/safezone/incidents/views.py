"""What a screen is told about an incident."""

from __future__ import annotations

from datetime import datetime

import msgspec

from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.incidents import Channel, IncidentKind, Outcome, Stage
from safezone.incidents.commands import Reporter
from safezone.incidents.timeline import TimelineEntry


class CameraNear(msgspec.Struct, frozen=True):
    """A camera site near the incident, and how far it stands from it (metres)."""

    id: str
    code: str
    name: Words
    distance_m: int


class AssignmentView(msgspec.Struct, frozen=True):
    """A unit that was sent, and when it did what."""

    unit_id: str
    call_sign: str
    state: str
    assigned_at: datetime
    accepted_at: datetime | None
    en_route_at: datetime | None
    on_scene_at: datetime | None
    cleared_at: datetime | None
    reason: str | None


class StageClock(msgspec.Struct, frozen=True):
    """Since when the incident is in its stage, and how long that may take (seconds; None: no limit)."""

    stage: Stage
    started_at: datetime
    limit_s: int | None


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it stands now. `version` counts decisions, `last_seq` is the last log line that changed it."""

    id: str
    number: str
    version: int
    last_seq: int
    state: Stage
    priority: int
    kind: IncidentKind
    channel: Channel
    synthetic: bool
    place: Point | None
    place_confirmed: bool
    place_name: Words | None
    sos_point: str | None
    zone_note: Words | None
    cameras: list[CameraNear]
    summary: str | None
    report_count: int
    last_report_at: datetime
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    dispatched_at: datetime | None
    en_route_at: datetime | None
    on_scene_at: datetime | None
    closed_at: datetime | None
    escalated_at: datetime | None
    reopened_at: datetime | None
    outcome: Outcome | None
    merged_into: str | None
    twins: list[str]
    assignments: list[AssignmentView]
    clock: StageClock | None


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """One report as it came in; `claimed_at` is what the device said, believed only when `claim_trusted`."""

    id: str
    at: datetime
    claimed_at: datetime | None
    claim_trusted: bool
    channel: Channel
    kind: IncidentKind
    text: str | None
    place: Point | None
    place_text: str | None
    reporter: Reporter | None
    sos_point: str | None
    tracking_code: str


class NoteView(msgspec.Struct, frozen=True):
    """A note; `text` is None when its key was deleted."""

    id: str
    at: datetime
    actor: str
    text: str | None


class PhotoView(msgspec.Struct, frozen=True):
    """A photo and where to fetch it."""

    id: str
    at: datetime
    actor: str
    url: str
    media_type: str
    width_px: int
    height_px: int


class IncidentDetail(msgspec.Struct, frozen=True):
    """Everything about one incident."""

    incident: IncidentView
    reports: list[ReportView]
    timeline: list[TimelineEntry]
    notes: list[NoteView]
    photos: list[PhotoView]


class PublicStatus(msgspec.Struct, frozen=True):
    """What the reporter is told by tracking code: the stage and its times, nothing about anybody else."""

    tracking_code: str
    state: Stage
    words: Words
    reported_at: datetime
    changed_at: datetime


class Receipt(msgspec.Struct, frozen=True):
    """The report is on disk. `joined`: it belongs to an incident that was open; `repeated`: it had come before."""

    report_id: str
    incident_id: str
    tracking_code: str
    joined: bool = False
    repeated: bool = False


class RefusedMessageView(msgspec.Struct, frozen=True):
    """A message that nobody could understand, kept as it came; `raw` shows bytes that are not text as \\xNN.

    `raw` is null for a technician.
    """

    id: str
    at: datetime
    door: str
    source: str
    raw: str | None
    reason: Words
