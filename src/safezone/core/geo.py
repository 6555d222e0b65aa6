"""Where things are: a point on the earth and the distance between two of them."""

from __future__ import annotations

import math

import msgspec

from safezone.core.errors import Invalid
from safezone.core.i18n import Words

EARTH_RADIUS_M = 6_371_008.8
"""Mean earth radius, IUGG 1980 (metres)."""

CELL_DEG = 0.002
"""Side of a coarse cell in degrees: about 220 m, too coarse to tell whose door it is."""


CELLS_AROUND = 9
"""How many cells `cells_around` names."""


class Point(msgspec.Struct, frozen=True):
    """A place in degrees, WGS 84: longitude first, as in GeoJSON."""

    lon: float
    lat: float


def check_point(point: Point) -> Point:
    """The same point; Invalid when it is not a place on the earth (out of range, NaN, or exactly 0,0)."""
    in_range = -180.0 <= point.lon <= 180.0 and -90.0 <= point.lat <= 90.0
    if not in_range or (point.lon == 0.0 and point.lat == 0.0):
        raise Invalid(
            "place_out_of_range",
            Words(
                th=f"พิกัดไม่ถูกต้อง: ลองจิจูด {point.lon}, ละติจูด {point.lat} (ลองจิจูด −180 ถึง 180, ละติจูด −90 ถึง 90)",
                en=f"Not a place: longitude {point.lon}, latitude {point.lat} (longitude −180 to 180, latitude −90 to 90).",
            ),
        )
    return point


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine formula, error under 0.6 %)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lon = math.sin(math.radians(b.lon - a.lon) / 2)
    h = half_lat * half_lat + math.cos(lat_a) * math.cos(lat_b) * half_lon * half_lon
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, h)))


def cell_of(point: Point) -> str:
    """The name of the coarse cell in which a point lies, such as `52362:8271`."""
    return f"{math.floor(point.lon / CELL_DEG)}:{math.floor(point.lat / CELL_DEG)}"


def cells_around(point: Point) -> list[str]:
    """The nine coarse cells at and around a point; everything within 200 m lies in one of them, between 25° south and north."""
    x, y = math.floor(point.lon / CELL_DEG), math.floor(point.lat / CELL_DEG)
    return [f"{x + dx}:{y + dy}" for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
