"""GeoJSON features as one PMTiles file: each tile has what lies in it, cut at its edge, as fine as its scale shows."""

from __future__ import annotations

import gzip
import math
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from safezone.zone.vector_tiles import (
    AREA,
    BUFFER,
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

_EDGE: Final = BUFFER / EXTENT

Tile = tuple[int, int]
Paths = list[list[Spot]]
Piece = tuple["_Feature", Paths]
Level = dict[Tile, list[Piece]]
"""What lies in the tiles of one zoom, in the coordinates of each."""
Tell = Callable[[float], None]
"""Is told how far it is, from 0 to 1."""


def write_tiles(
    path: Path, layer: str, features: Iterable[dict[str, Any]], coarsest: int, tell: Tell | None = None
) -> bool:
    """The file holds the features as the one layer `layer`, from zoom `coarsest` to the finest; False, and there is no
    file, when none of them has anything to draw.
    """
    from pmtiles.tile import Compression, TileType, zxy_to_tileid  # noqa: PLC0415 - seldom needed
    from pmtiles.writer import Writer  # noqa: PLC0415

    listed = [each for each in map(_projected, features) if each is not None]
    if not listed:
        return False
    west, south, east, north = _bounds(listed)
    steps = FINEST - coarsest + 1
    with open(path, "wb", opener=lambda name, how: os.open(name, how, 0o600)) as out:
        writer: Any = Writer(out)  # type: ignore[no-untyped-call]
        level = _coarsest(listed, coarsest)
        for zoom in range(coarsest, FINEST + 1):
            numbered = sorted((zxy_to_tileid(zoom, *tile), tile) for tile in level)
            for n, (number, tile) in enumerate(numbered):
                content = encode_layer(layer, _shapes(level[tile], zoom))
                if content:
                    writer.write_tile(number, gzip.compress(content, 6, mtime=0))
                if tell is not None:
                    tell((zoom - coarsest + (n + 1) / len(numbered)) / steps)
            if zoom < FINEST:
                level = _finer(level)
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

    __slots__ = ("box", "parts", "said", "size", "sort")

    def __init__(self, sort: Sort, parts: list[Paths], said: dict[str, str]) -> None:
        self.sort, self.parts, self.said = sort, parts, said
        spots = [spot for part in parts for spot in part[0]]
        xs, ys = [x for x, _ in spots], [y for _, y in spots]
        self.box = (min(xs), min(ys), max(xs), max(ys))
        self.size = max(self.box[2] - self.box[0], self.box[3] - self.box[1])


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


def _shapes(pieces: list[Piece], zoom: int) -> Iterator[Shape]:
    """What is drawn of them at this zoom; each part of an area is a shape of its own."""
    for feature, paths in pieces:
        if feature.sort == AREA and zoom < FINEST and feature.size * 2**zoom * EXTENT < SMALLEST:
            continue
        yield Shape(feature.sort, paths, feature.said)


def _coarsest(features: list[_Feature], zoom: int) -> Level:
    """Everything in the tiles of the zoom with which the file begins."""
    level: Level = defaultdict(list)
    scale = 2**zoom
    for feature in features:
        west, north, east, south = (edge * scale for edge in feature.box)
        for x in range(int(west - _EDGE), int(east + _EDGE) + 1):
            for y in range(int(north - _EDGE), int(south + _EDGE) + 1):
                for part in feature.parts:
                    paths = [
                        [((px * scale - x) * EXTENT, (py * scale - y) * EXTENT) for px, py in path]
                        for path in part
                    ]
                    _put(level, (x, y), feature, paths)
    return level


def _finer(level: Level) -> Level:
    """The next zoom, each tile cut from the one that it is a quarter of: a river is never cut as a whole again."""
    finer: Level = defaultdict(list)
    while level:
        (x, y), pieces = level.popitem()
        for feature, paths in pieces:
            xs, ys = [p[0] for p in paths[0]], [p[1] for p in paths[0]]
            for across in _halves(min(xs), max(xs)):
                for down in _halves(min(ys), max(ys)):
                    off_x, off_y = across * EXTENT, down * EXTENT
                    nearer = [[(px * 2 - off_x, py * 2 - off_y) for px, py in path] for path in paths]
                    _put(finer, (x * 2 + across, y * 2 + down), feature, nearer)
    return finer


def _halves(first: float, last: float) -> Iterator[int]:
    """Which of the two quarters of a tile along one axis what reaches from `first` to `last` lies in."""
    if first <= (EXTENT + BUFFER) / 2:
        yield 0
    if last >= (EXTENT - BUFFER) / 2:
        yield 1


def _put(level: Level, tile: Tile, feature: _Feature, paths: Paths) -> None:
    """What of one part of a feature lies in this tile and its margin is there."""
    if is_inside(paths[0]):
        level[tile].append((feature, paths))
    elif feature.sort == LINE:
        level[tile].extend((feature, [piece]) for path in paths for piece in clip_line(path))
    elif feature.sort == AREA:
        cut = [clip_ring(path) for path in paths]
        if len(cut[0]) > 2:
            level[tile].append((feature, [cut[0], *(hole for hole in cut[1:] if len(hole) > 2)]))
