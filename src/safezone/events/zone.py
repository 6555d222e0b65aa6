"""What has happened to the station's ground: created, drawn, divided, named."""

from __future__ import annotations

from typing import Literal

import msgspec

from safezone.core.event import Event, Sealed
from safezone.core.geo import Point
from safezone.core.i18n import Words

Position = tuple[float, float]
"""Longitude, latitude: one place as GeoJSON writes it."""

Line = list[Position]
Area = list[list[Line]]
"""Polygons, each a list of closed rings (the outer one, then holes): the coordinates of a GeoJSON MultiPolygon."""

Coverage = Literal["whole", "part"]
"""Whether all of a community lies in the zone, or a part of it."""


class Population(msgspec.Struct, frozen=True):
    """How many people live in the zone, who says so, and the date of the figure (ISO 8601, or None if not given)."""

    residents: int
    source: Words
    as_of: str | None = None
    households: int | None = None


Why = Literal["risk", "landmark", "economic"]
"""The three written reasons of the programme."""


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a reason rests on: said in words, by whom, of which day (ISO 8601), with a figure and a link if there are any."""

    why: Why
    text: str
    source: str
    as_of: str | None = None
    figure: float | None = None
    link: str | None = None


class SelectionCriteria(msgspec.Struct, frozen=True):
    """Why this zone was chosen: the three written reasons of the programme."""

    risk: Words
    landmark: Words
    economic: Words


class Street(msgspec.Struct, frozen=True):
    """One street of the sketch map; `sort` is main, street, lane or promenade."""

    id: str
    name: Words
    sort: str
    line: Line


class Water(msgspec.Struct, frozen=True):
    """One river or pond of the sketch map."""

    id: str
    name: Words
    sort: str
    area: Area


class StationCreated(Event, frozen=True, kw_only=True, tag="station_created"):
    """A police station works with this program from now on; `synthetic` marks a demonstration or drill."""

    subject_field = "station_id"
    station_id: str
    name: Words
    synthetic: bool = False
    note: Words | None = None


class ZoneDrawn(Event, frozen=True, kw_only=True, tag="zone_drawn"):
    """The boundary of the safety zone, with its geodesic area and perimeter; replaces the one before, and all that it says."""

    subject_field = "zone_id"
    zone_id: str
    name: Words
    area: Area
    area_m2: float
    perimeter_m: float
    criteria: SelectionCriteria
    population: Population | None = None
    evidence: tuple[Evidence, ...] = ()
    reason: Sealed | None = None


class CommunityDefined(Event, frozen=True, kw_only=True, tag="community_defined"):
    """A community that lies in the zone, whole or in part."""

    subject_field = "community_id"
    community_id: str
    name: Words
    coverage: Coverage
    area: Area
    population: Population | None = None
    reason: Sealed | None = None


class CommunityRemoved(Event, frozen=True, kw_only=True, tag="community_removed"):
    """A community is no longer counted to the zone."""

    subject_field = "community_id"
    community_id: str
    reason: Sealed | None = None


class PlaceNamed(Event, frozen=True, kw_only=True, tag="place_named"):
    """A place that people name when they call: a market, a temple, a shop. `area` is None for a single point."""

    subject_field = "place_id"
    place_id: str
    name: Words
    sort: str
    point: Point
    area: Area | None = None
    reason: Sealed | None = None


class PlaceRemoved(Event, frozen=True, kw_only=True, tag="place_removed"):
    """A place is no longer named on the map."""

    subject_field = "place_id"
    place_id: str
    reason: Sealed | None = None


class PopulationRecorded(Event, frozen=True, kw_only=True, tag="population_recorded"):
    """How many people live in the zone, or in the community with this id; replaces the figure before."""

    subject_field = "subject_id"
    subject_id: str
    layer: Literal["zone", "community"]
    population: Population
    reason: Sealed | None = None


class CriteriaRecorded(Event, frozen=True, kw_only=True, tag="criteria_recorded"):
    """Why the zone was chosen, and what that rests on; replaces what was said before."""

    subject_field = "zone_id"
    zone_id: str
    criteria: SelectionCriteria
    evidence: tuple[Evidence, ...] = ()
    reason: Sealed | None = None


class GroundImported(Event, frozen=True, kw_only=True, tag="ground_imported"):
    """A file was imported: the events behind this one, by the same person at the same moment, are what was taken of it."""

    subject_field = "digest"
    digest: str
    """SHA-256 (hex) of the file and of how it was to be read: the same again changes nothing."""
    file: str
    format: str
    crs: str
    communities: int = 0
    places: int = 0
    boundary: bool = False
    buildings: int = 0
    reason: Sealed | None = None


class MapSketched(Event, frozen=True, kw_only=True, tag="map_sketched"):
    """Streets and water to draw under the zone; replaces the sketch before."""

    subject_field = "station_id"
    station_id: str
    streets: list[Street]
    waters: list[Water]
