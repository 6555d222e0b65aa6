"""What may be asked of the ground."""

from __future__ import annotations

from typing import Annotated

import msgspec

from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.zone import Area, CommunityDefined, Coverage, Evidence, PlaceNamed, SelectionCriteria
from safezone.zone.station_set import ZoneSet

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]


class CreateStation(msgspec.Struct, frozen=True):
    """Create a station with the zone that was read from its station set; refused when it exists already."""

    zone: ZoneSet


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the ground; refused when somebody changed it after `expected_version` was read."""

    expected_version: str


class DrawZone(Edit, frozen=True, kw_only=True):
    """Draw the boundary anew; `name` None keeps the name."""

    area: Area
    reason: Reason
    name: Words | None = None


class DefineCommunity(Edit, frozen=True, kw_only=True):
    """Draw a community; `id` None makes a new one, the id of one that is there replaces it and takes a reason."""

    name: Words
    coverage: Coverage
    area: Area
    id: Code | None = None
    reason: Reason | None = None


class RemoveCommunity(Edit, frozen=True, kw_only=True):
    """Take a community off the map."""

    id: str
    reason: Reason


class NamePlace(Edit, frozen=True, kw_only=True):
    """Name a place; `id` as for a community."""

    name: Words
    sort: str
    point: Point
    area: Area | None = None
    id: Code | None = None
    reason: Reason | None = None


class RemovePlace(Edit, frozen=True, kw_only=True):
    """Take a place off the map."""

    id: str
    reason: Reason


class RecordPopulation(Edit, frozen=True, kw_only=True):
    """Say how many people live in the zone, or in one community; `as_of` is a day of either era."""

    residents: int
    source: Words
    households: int | None = None
    as_of: str | None = None
    community_id: str | None = None
    reason: Reason | None = None


class RecordCriteria(Edit, frozen=True, kw_only=True):
    """Write down why the zone was chosen, with the evidence."""

    criteria: SelectionCriteria
    evidence: list[Evidence]
    reason: Reason | None = None


class ImportGround(Edit, frozen=True, kw_only=True):
    """Take what was prepared from a file, all of it or nothing; the same `digest` again changes nothing."""

    digest: str
    file: str
    format: str
    crs: str
    reason: Reason
    boundary: Area | None = None
    communities: list[CommunityDefined] = []
    places: list[PlaceNamed] = []
    buildings: int = 0


class Imported(msgspec.Struct, frozen=True):
    """The version of the ground after an import; `repeated` when this very file was taken before."""

    version: str
    repeated: bool
