"""GeoJSON features as one PMTiles file: each tile has what lies in it, cut at its edge, as fine as its scale shows."""

from __future__ import annotations

import gzip
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from safezone.zone.vector_tiles import (
    AREA,
    EXTENT,
    LINE,
    POINT,
    Shape,
    Sort,
    Spot,
    clip_line,
    clip_ring,
    encode_layer,
    is_inside,
)

FINEST: Final = 14
"""A unit of a tile of this zoom is 0.6 m in Thailand: nearer views are enlarged from it and lose nothing."""
SMALLEST: Final = 3
"""Areas smaller than this many units, some 0.2 pixels, are left out of the coarser zooms."""
_ATTRIBUTES: Final = ("kind", "name_th", "name_en")

Tile = tuple[int, int]
Parts = list[list[list[Spot]]]


def write_tiles(path: Path, layer: str, features: Iterable[dict[str, Any]], coarsest: int) -> bool:
    """The file holds the features as the one layer `layer`, from zoom `coarsest` to the finest; False, and there is no
    file, when none of them has anything to draw.
    """
    from pmtiles.tile import Compression, TileType, zxy_to_tileid  # noqa: PLC0415 - seldom needed
    from pmtiles.writer import Writer  # noqa: PLC0415

    listed = [each for each in map(_projected, features) if each is not None]
    if not listed:
        return False
    west, south, east, north = _bounds(listed)
    with path.open("wb") as out:
        writer: Any = Writer(out)  # type: ignore[no-untyped-call]
        for zoom in range(coarsest, FINEST + 1):
            tiles = _tiles(listed, zoom)
            for number, tile in sorted((zxy_to_tileid(zoom, *tile), tile) for tile in tiles):
                content = encode_layer(layer, tiles[tile])
                if content:
                    writer.write_tile(number, gzip.compress(content, 6, mtime=0))
        header = {
            "tile_type": TileType.MVT,
            "tile_compression": Compression.GZIP,
            "min_lon_e7": int(west * 1e7),
            "min_lat_e7": int(south * 1e7),
            "max_lon_e7": int(east * 1e7) + 1,
            "max_lat_e7": int(north * 1e7) + 1,
            "center_zoom": coarsest,
            "center_lon_e7": int((west + east) * 5e6),
            "center_lat_e7": int((south + north) * 5e6),
        }
        writer.finalize(header, {"vector_layers": [{"id": layer, "fields": {}}]})
    return True


class _Feature:
    """A feature in the square of the whole world, from 0 to 1; `box` is its extent there."""

    __slots__ = ("box", "parts", "said", "sort")

    def __init__(self, sort: Sort, parts: Parts, said: dict[str, str]) -> None:
        self.sort, self.parts, self.said = sort, parts, said
        spots = [spot for part in parts for spot in part[0]]
        xs, ys = [x for x, _ in spots], [y for _, y in spots]
        self.box = (min(xs), min(ys), max(xs), max(ys))


def _projected(feature: dict[str, Any]) -> _Feature | None:
    """Web Mercator; None for what has no geometry that is drawn."""
    geometry: dict[str, Any] = feature.get("geometry") or {}
    said: dict[str, Any] = feature.get("properties") or {}
    coordinates: Any = geometry.get("coordinates")
    sort: Sort
    parts: Any
    match geometry.get("type"):
        case "Point":
            sort, parts = POINT, [[[coordinates]]]
        case "LineString":
            sort, parts = LINE, [[coordinates]]
        case "MultiLineString":
            sort, parts = LINE, [[each] for each in coordinates]
        case "Polygon":
            sort, parts = AREA, [coordinates]
        case "MultiPolygon":
            sort, parts = AREA, coordinates
        case _:
            return None
    told = {key: str(said[key]) for key in _ATTRIBUTES if said.get(key)}
    projected = [[[_spot(p) for p in path] for path in part] for part in parts if part and part[0]]
    return _Feature(sort, projected, told) if projected else None


def _spot(position: Sequence[float]) -> Spot:
    lat = math.radians(max(-85.0, min(85.0, position[1])))
    return position[0] / 360 + 0.5, 0.5 - math.asinh(math.tan(lat)) / (2 * math.pi)


def _bounds(features: list[_Feature]) -> tuple[float, float, float, float]:
    west, south = min(f.box[0] for f in features), max(f.box[3] for f in features)
    east, north = max(f.box[2] for f in features), min(f.box[1] for f in features)
    return (west - 0.5) * 360, _lat(south), (east - 0.5) * 360, _lat(north)


def _lat(y: float) -> float:
    return math.degrees(math.atan(math.sinh((0.5 - y) * 2 * math.pi)))


def _tiles(features: list[_Feature], zoom: int) -> dict[Tile, list[Shape]]:
    found: dict[Tile, list[Shape]] = defaultdict(list)
    scale = 2**zoom
    for feature in features:
        west, north, east, south = (edge * scale for edge in feature.box)
        size = max(east - west, south - north) * EXTENT
        if feature.sort == AREA and zoom < FINEST and size < SMALLEST:
            continue
        for x in range(int(west), int(east) + 1):
            for y in range(int(north), int(south) + 1):
                found[x, y].extend(_cut(feature, scale, x, y))
    return found


def _cut(feature: _Feature, scale: int, x: int, y: int) -> Iterator[Shape]:
    """What of a feature lies in one tile; each part of an area is a shape of its own."""
    for part in feature.parts:
        paths = [[((px * scale - x) * EXTENT, (py * scale - y) * EXTENT) for px, py in path] for path in part]
        whole = is_inside(paths[0])
        if feature.sort == LINE and not whole:
            paths = [piece for path in paths for piece in clip_line(path)]
        elif feature.sort == AREA and not whole:
            paths = [clip_ring(path) for path in paths]
        if paths and len(paths[0]) > (2 if feature.sort == AREA else 0):
            yield Shape(feature.sort, paths, feature.said)
