"""Turns an incident's row, its units and its sealed content into what a screen is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from safezone.core.db import from_us, maybe_from_us
from safezone.core.geo import Point
from safezone.core.settings import Limits
from safezone.incidents.rules import limit_of, name_of
from safezone.incidents.surroundings import Surroundings
from safezone.incidents.views import AssignmentView, IncidentView, StageClock


class PlaceContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place as it lies in the vault: the exact point, and what was said about it."""

    point: Point | None = None
    text: str | None = None

    @classmethod
    def read(cls, content: bytes | None) -> PlaceContent:
        """The place in sealed content; an empty one when there is none or its key was deleted."""
        return cls() if content is None else msgspec.json.decode(content, type=cls)


def view_of(
    conn: Connection,
    row: Any,
    assignments: Sequence[Any],
    twins: Sequence[str],
    opened: dict[str, bytes],
    surroundings: Surroundings,
) -> IncidentView:
    """The view of one incident's row; `opened` holds the content of its sealed references."""
    sealed_place = PlaceContent.read(opened.get(row.place_ref))
    place = sealed_place.point or (None if row.lon is None else Point(row.lon, row.lat))
    point = surroundings.find_sos_point(conn, row.station, row.sos_point) if row.sos_point else None
    summary = opened.get(row.summary_ref)
    return IncidentView(
        id=row.id,
        number=name_of(row.year, row.number),
        version=row.version,
        last_seq=row.last_seq,
        state=row.state,
        priority=row.priority,
        kind=row.about,
        channel=row.channel,
        synthetic=row.synthetic,
        place=place,
        place_confirmed=row.place_confirmed,
        place_name=point.name if point else None,
        sos_point=row.sos_point,
        zone_note=surroundings.describe_place(conn, row.station, place) if place else None,
        cameras=surroundings.list_near_cameras(conn, row.station, place) if place else [],
        summary=summary.decode() if summary is not None else sealed_place.text,
        report_count=row.report_count,
        last_report_at=from_us(row.last_report_at_us),
        opened_at=from_us(row.opened_at_us),
        acknowledged_at=maybe_from_us(row.acknowledged_at_us),
        acknowledged_by=row.acknowledged_by,
        dispatched_at=maybe_from_us(row.dispatched_at_us),
        en_route_at=maybe_from_us(row.en_route_at_us),
        on_scene_at=maybe_from_us(row.on_scene_at_us),
        closed_at=maybe_from_us(row.closed_at_us),
        escalated_at=maybe_from_us(row.escalated_at_us),
        reopened_at=maybe_from_us(row.reopened_at_us),
        outcome=row.outcome,
        merged_into=row.merged_into,
        twins=sorted(twins),
        assignments=[_assignment_view(sent, opened) for sent in assignments],
        clock=_clock_of(row, surroundings.limits(conn, row.station)),
    )


def _assignment_view(row: Any, opened: dict[str, bytes]) -> AssignmentView:
    reason = opened.get(row.reason_ref)
    return AssignmentView(
        row.unit_id,
        row.call_sign,
        row.step,
        from_us(row.assigned_at_us),
        maybe_from_us(row.accepted_at_us),
        maybe_from_us(row.en_route_at_us),
        maybe_from_us(row.on_scene_at_us),
        maybe_from_us(row.cleared_at_us),
        None if reason is None else reason.decode(),
    )


def _clock_of(row: Any, limits: Limits) -> StageClock | None:
    if row.state == "closed":
        return None
    started = {
        "reported": row.opened_at_us,
        "acknowledged": row.acknowledged_at_us,
        "dispatched": row.dispatched_at_us,
        "en_route": row.en_route_at_us,
        "on_scene": row.on_scene_at_us,
    }[row.state]
    return StageClock(row.state, from_us(started or row.opened_at_us), limit_of(row.state, limits))


def encode_place(place: PlaceContent) -> bytes:
    """A place as it goes into the vault."""
    return msgspec.json.encode(place)
