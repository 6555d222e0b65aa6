"""What has happened to the station's ground: created, drawn, divided, named."""

from __future__ import annotations

from typing import Literal

import msgspec

from safezone.core.event import Event
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
    """The boundary of the safety zone, with its geodesic area and perimeter; replaces the one before."""

    subject_field = "zone_id"
    zone_id: str
    name: Words
    area: Area
    area_m2: float
    perimeter_m: float
    criteria: SelectionCriteria
    population: Population | None = None


class CommunityDefined(Event, frozen=True, kw_only=True, tag="community_defined"):
    """A community that lies in the zone, whole or in part."""

    subject_field = "community_id"
    community_id: str
    name: Words
    coverage: Coverage
    area: Area


class PlaceNamed(Event, frozen=True, kw_only=True, tag="place_named"):
    """A place that people name when they call: a market, a temple, a shop. `area` is None for a single point."""

    subject_field = "place_id"
    place_id: str
    name: Words
    sort: str
    point: Point
    area: Area | None = None


class MapSketched(Event, frozen=True, kw_only=True, tag="map_sketched"):
    """Streets and water to draw under the zone; replaces the sketch before."""

    subject_field = "station_id"
    station_id: str
    streets: list[Street]
    waters: list[Water]
