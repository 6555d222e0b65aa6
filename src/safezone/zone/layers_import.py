"""Streets, buildings, water and green of an OpenStreetMap extract, to be drawn under the zone without the internet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import osmium

from safezone.core.i18n import Words
from safezone.zone.layers import OSM, LayerName, Layers, rounded
from safezone.zone.roads import RoadsUnavailable

MARGIN_DEG: Final = 0.03
"""Around the zone's own box: some 3 km, as far as a patrol looks."""
MOST_FEATURES: Final = 150_000
"""Of one layer: more than this no station's browser draws at once."""
_MAIN: Final = frozenset({"motorway", "trunk", "primary", "secondary"})
_STREET: Final = frozenset({"tertiary", "unclassified", "residential", "living_street", "pedestrian", "road"})
_GREEN: Final = {
    "leisure": {"park", "garden", "pitch", "golf_course", "nature_reserve"},
    "landuse": {"forest", "grass", "meadow", "recreation_ground", "cemetery", "village_green"},
    "natural": {"wood", "scrub", "grassland", "wetland"},
}  # fmt: skip

Box = tuple[float, float, float, float]
Tell = Callable[[LayerName, float], None]
"""Is told how far the tiles of each layer are, from 0 to 1."""


class Drawn(NamedTuple):
    """How many things of each layer were taken."""

    counts: dict[str, int]

    def __str__(self) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in self.counts.items())


def box_around(rings: list[list[tuple[float, float]]]) -> Box:
    """West, south, east, north of the zone with its margin."""
    lons, lats = [p[0] for ring in rings for p in ring], [p[1] for ring in rings for p in ring]
    return (
        min(lons) - MARGIN_DEG,
        min(lats) - MARGIN_DEG,
        max(lons) + MARGIN_DEG,
        max(lats) + MARGIN_DEG,
    )


def write_layers(extract: Path, layers: Layers, box: Box | None, tell: Tell | None = None) -> Drawn:
    """The layers are those of the extract inside the box (all of it without one); RoadsUnavailable when it cannot be read."""
    found: dict[LayerName, list[dict[str, Any]]] = {"green": [], "water": [], "buildings": [], "streets": []}
    try:
        for name, feature in _features(extract, box):
            if len(found[name]) < MOST_FEATURES:
                found[name].append(feature)
    except (RuntimeError, OSError) as broken:
        raise RoadsUnavailable(
            Words(th=f"อ่านไฟล์แผนที่ {extract.name} ไม่ได้: {broken}", en=f"Cannot read {extract.name}: {broken}.")
        ) from broken
    layers.stage({name: features for name, features in found.items() if features}, extract.name, OSM)
    layers.make_tiles(tell)
    return Drawn({name: len(features) for name, features in found.items()})


def _features(extract: Path, box: Box | None) -> Iterator[tuple[LayerName, dict[str, Any]]]:
    keys = osmium.filter.KeyFilter("building", "highway", "waterway", "natural", "leisure", "landuse")
    reader = osmium.FileProcessor(str(extract)).with_locations().with_areas(keys).with_filter(keys)
    for each in reader:
        if isinstance(each, osmium.osm.Way):
            name, properties = _line(dict(each.tags))
            if name is not None and not (each.is_closed() and name == "water"):
                line = [(n.location.lon, n.location.lat) for n in each.nodes if n.location.valid()]
                if len(line) > 1 and _meets(line, box):
                    geometry = {"type": "LineString", "coordinates": rounded(line)}
                    yield name, {"type": "Feature", "properties": properties, "geometry": geometry}
        elif isinstance(each, osmium.osm.Area):
            name = _area(dict(each.tags))
            if name is not None:
                polygons = [
                    [_ring(outer), *map(_ring, each.inner_rings(outer))] for outer in each.outer_rings()
                ]
                if polygons and any(_meets(polygon[0], box) for polygon in polygons):
                    geometry = {"type": "MultiPolygon", "coordinates": rounded(polygons)}
                    yield name, {"type": "Feature", "properties": {}, "geometry": geometry}


def _ring(ring: Any) -> list[tuple[float, float]]:
    return [(node.lon, node.lat) for node in ring if node.location.valid()]


def _meets(line: list[tuple[float, float]], box: Box | None) -> bool:
    """Whether the extent of a line overlaps the box; what reaches beyond it is drawn as far as it reaches."""
    if box is None:
        return True
    west, south, east, north = box
    return (
        min(p[0] for p in line) <= east
        and max(p[0] for p in line) >= west
        and min(p[1] for p in line) <= north
        and max(p[1] for p in line) >= south
    )


def _line(tags: dict[str, str]) -> tuple[LayerName | None, dict[str, str]]:
    highway = tags.get("highway", "").removesuffix("_link")
    if highway:
        kind = "main" if highway in _MAIN else "street" if highway in _STREET else "path"
        names = {key: tags[tag] for key, tag in (("name_th", "name"), ("name_en", "name:en")) if tag in tags}
        return "streets", {"kind": kind, **names}
    if tags.get("waterway") in ("river", "canal", "stream"):
        return "water", {}
    return None, {}


def _area(tags: dict[str, str]) -> LayerName | None:
    if tags.get("building", "no") != "no":
        return "buildings"
    if tags.get("natural") == "water" or tags.get("waterway") == "riverbank":
        return "water"
    if any(tags.get(key) in values for key, values in _GREEN.items()):
        return "green"
    return None
