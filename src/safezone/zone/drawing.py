"""Reading the drawing of a zone: its boundary, communities, places, streets and water, from GeoJSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

import msgspec

from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.zone import Area, CommunityDefined, Coverage, Line, PlaceNamed, Position, Street, Water
from safezone.zone.findings import Findings
from safezone.zone.geodesy import middle_of
from safezone.zone.rules import TooDetailedError, crossing_of, fault_of_position, is_in_thailand
from safezone.zone.sheets import CODE, MAX_TEXT, is_formula, read_text

LAYERS: Final = ("boundary", "community", "place", "street", "water")
COVERAGES: Final = ("whole", "part")
MAX_FEATURES: Final = 20_000
MAX_CORNERS: Final = 20_000
_GEOMETRIES: Final = {
    "boundary": ("Polygon", "MultiPolygon"),
    "community": ("Polygon", "MultiPolygon"),
    "place": ("Point", "Polygon", "MultiPolygon"),
    "street": ("LineString",),
    "water": ("Polygon", "MultiPolygon"),
}


class Drawing(msgspec.Struct):
    """What was drawn, in the structs of the events that will tell it."""

    boundary: Area = []
    communities: list[CommunityDefined] = []
    places: list[PlaceNamed] = []
    streets: list[Street] = []
    waters: list[Water] = []


def read_drawing(path: Path, findings: Findings) -> Drawing:
    """The drawing in a GeoJSON file (RFC 7946, degrees, WGS 84); whatever cannot be meant is a problem."""
    drawing = Drawing()
    text = read_text(path, findings)
    if text is None:
        return drawing
    try:
        content = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as problem:
        findings.problem(path.name, "not_geojson", value=problem)
        return drawing
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        findings.problem(path.name, "not_geojson", value="features?")
        return drawing
    if len(features) > MAX_FEATURES:
        findings.problem(path.name, "too_many", value=len(features), limit=MAX_FEATURES)
        return drawing
    seen: dict[str, str] = {}
    boundaries = 0
    for number, feature in enumerate(features, start=1):
        one = _Feature(path.name, number, feature, findings)
        layer = one.layer()
        boundaries += layer == "boundary"
        if layer:
            one.read_into(drawing, layer, seen)
    if boundaries != 1:
        findings.problem(path.name, "one_boundary", value=boundaries)
    return drawing


class _Feature:
    """One feature of the file and its faults."""

    def __init__(self, file: str, number: int, raw: Any, findings: Findings) -> None:
        self._file = file
        self._number = number
        self._raw: dict[str, Any] = raw if isinstance(raw, dict) else {}
        self._findings = findings
        properties = self._raw.get("properties")
        self._properties: dict[str, Any] = properties if isinstance(properties, dict) else {}
        geometry = self._raw.get("geometry")
        self._geometry: dict[str, Any] = geometry if isinstance(geometry, dict) else {}
        self._id = str(self._raw.get("id") or self._properties.get("id") or "")
        self._faulty = False

    def _problem(self, code: str, key: str | None = None, *, value: object = "", limit: object = "") -> None:
        self._faulty = True
        column = ".".join(part for part in (self._id, key) if part) or None
        self._findings.problem(self._file, code, self._number, column, value=value, limit=limit)

    def layer(self) -> str | None:
        """The layer of the feature; None with a problem when it is not one of ours."""
        layer = str(self._properties.get("layer") or "")
        if layer in LAYERS:
            return layer
        self._problem("unknown_layer", value=layer, limit=", ".join(LAYERS))
        return None

    def read_into(self, drawing: Drawing, layer: str, seen: dict[str, str]) -> None:
        """The feature stands in the drawing, or its problems in the findings."""
        names = self._names(is_needed=layer in ("community", "place"))
        shape = self._shape(layer)
        own_id = self._own_id(layer, seen)
        if self._faulty or shape is None:
            return
        sort = str(self._properties.get("kind") or "")
        area, line, point = shape
        if layer == "boundary":
            drawing.boundary = area
        elif layer == "community":
            coverage = cast("Coverage", self._coverage())
            drawing.communities.append(
                CommunityDefined(community_id=own_id, name=names, coverage=coverage, area=area)
            )
        elif layer == "place":
            drawing.places.append(
                PlaceNamed(place_id=own_id, name=names, sort=sort or "other", point=point, area=area or None)
            )
        elif layer == "street":
            drawing.streets.append(Street(own_id, names, sort or "street", line))
        else:
            drawing.waters.append(Water(own_id, names, sort or "water", area))

    def _own_id(self, layer: str, seen: dict[str, str]) -> str:
        own_id = self._id or f"{layer}-{self._number}"
        if not CODE.fullmatch(own_id):
            self._problem("bad_code", "id", value=own_id[:40])
        key = f"{layer}/{own_id.casefold()}"
        if key in seen:
            self._problem("duplicate", "id", value=own_id, limit=seen[key])
        seen.setdefault(key, f"{self._file}:{self._number}")
        return own_id

    def _names(self, *, is_needed: bool) -> Words:
        return Words(th=self._name("name_th", is_needed), en=self._name("name_en", is_needed))

    def _name(self, key: str, is_needed: bool) -> str:
        value = self._properties.get(key)
        text = value.strip() if isinstance(value, str) else ""
        if is_needed and not text:
            self._problem("empty", key)
        elif len(text) > MAX_TEXT:
            self._problem("too_long", key, limit=MAX_TEXT)
        elif is_formula(text):
            self._problem("formula", key, value=text[:12])
        return text

    def _coverage(self) -> str:
        coverage = str(self._properties.get("coverage") or "whole")
        if coverage not in COVERAGES:
            self._problem("not_one_of", "coverage", value=coverage, limit=", ".join(COVERAGES))
        return coverage

    def _shape(self, layer: str) -> tuple[Area, Line, Point] | None:
        """Area, line and point of the geometry (empty where it has none); None with a problem."""
        sort, coordinates = self._geometry.get("type"), self._geometry.get("coordinates")
        if sort not in _GEOMETRIES[layer]:
            self._problem("wrong_geometry", value=sort, limit=", ".join(_GEOMETRIES[layer]))
            return None
        try:
            if sort == "Point":
                position = self._positions([coordinates])[0]
                return [], [], Point(*position)
            if sort == "LineString":
                return [], self._line(coordinates), Point(0.0, 0.0)
            polygons: Any = [coordinates] if sort == "Polygon" else coordinates
            area = [[self._ring(ring) for ring in polygon] for polygon in polygons]
            middle = middle_of(area[0][0])
        except _FaultToldError:
            return None
        except (_NoCoordinatesError, TypeError, IndexError):
            self._problem("bad_coordinates")
            return None
        return area, [], Point(*middle)

    def _line(self, raw: Any) -> Line:
        line = self._positions(raw)
        if len(line) < 2:
            self._problem("line_too_short")
        return line

    def _ring(self, raw: Any) -> Line:
        ring = self._positions(raw)
        if len(set(ring)) < 3:
            self._problem("ring_too_short")
            return ring
        if ring[0] != ring[-1]:
            ring.append(ring[0])
        try:
            spot = crossing_of(ring)
        except TooDetailedError:
            self._problem("too_detailed", value=len(ring))
            return ring
        if spot is not None:
            self._problem("crosses_itself", value=f"{spot[0]:.6f}, {spot[1]:.6f}")
        return ring

    def _positions(self, raw: Any) -> Line:
        """Positions in degrees; one problem for the first that cannot be meant. Repeated ones are left out."""
        if not isinstance(raw, list) or not raw or len(raw) > MAX_CORNERS:
            raise _NoCoordinatesError
        line: Line = []
        for each in raw:
            position = _position(each)
            shown = f"{position[0]:g}, {position[1]:g}"
            fault = fault_of_position(*position)
            if fault is not None:
                self._problem(fault, value=shown)
                raise _FaultToldError
            if not line and not is_in_thailand(*position) and self._properties.get("layer") != "water":
                column = self._id or None
                self._findings.notice(self._file, "outside_thailand", self._number, column, value=shown)
            if not line or line[-1] != position:
                line.append(position)
        return line


class _NoCoordinatesError(Exception):
    """The coordinates are not what GeoJSON says they are."""


class _FaultToldError(Exception):
    """A position cannot be meant and the findings say so already: the rest of the shape is not looked at."""


def _position(raw: Any) -> Position:
    if not isinstance(raw, list) or len(raw) < 2:
        raise _NoCoordinatesError
    lon, lat = raw[0], raw[1]
    if not isinstance(lon, int | float) or not isinstance(lat, int | float) or isinstance(lon, bool):
        raise _NoCoordinatesError
    return float(lon), float(lat)
