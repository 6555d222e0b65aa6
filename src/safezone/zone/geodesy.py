"""How long and how large: lengths and areas of drawn lines, measured on the earth's ellipsoid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from safezone.events.zone import Area, Line, Position

WGS84_A_M: Final = 6_378_137.0
WGS84_F: Final = 1 / 298.257223563
_E2: Final = WGS84_F * (2 - WGS84_F)
_E: Final = math.sqrt(_E2)


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Metres of one degree of longitude and of latitude at this latitude (WGS 84 radii of curvature)."""
    phi = math.radians(lat)
    w2 = 1 - _E2 * math.sin(phi) ** 2
    east = WGS84_A_M / math.sqrt(w2) * math.cos(phi)
    north = WGS84_A_M * (1 - _E2) / w2**1.5
    return math.radians(east), math.radians(north)


def length_m(a: Position, b: Position) -> float:
    """Geodesic distance in metres by the mid-latitude formula: under 1 cm off for lines up to 60 km.

    Made for the sides of zones and streets, not for half the globe. The yardstick of the tests is the line
    Flinders Peak to Buninyong, 54,972.271 m (GDA technical manual).
    """
    mid = math.radians((a[1] + b[1]) / 2)
    w2 = 1 - _E2 * math.sin(mid) ** 2
    half_lat, half_lon = math.radians(b[1] - a[1]) / 2, math.radians(b[0] - a[0]) / 2
    prime_m, meridian_m = WGS84_A_M / math.sqrt(w2), WGS84_A_M * (1 - _E2) / w2**1.5
    # Chords on the two circles of curvature that meet at the middle of the line, then back to the arc.
    east = 2 * prime_m * math.sin(half_lon) * math.cos(mid)
    north = 2 * meridian_m * math.sin(half_lat) * math.cos(half_lon)
    chord = math.hypot(east, north)
    radius_m = math.sqrt(prime_m * meridian_m)
    return 2 * radius_m * math.asin(min(1.0, chord / (2 * radius_m)))


def perimeter_m(area: Area) -> float:
    """The length of the outer rings, in metres; holes are not walked around."""
    return math.fsum(length_m(a, b) for polygon in area for a, b in edges_of(polygon[0]))


def area_m2(area: Area) -> float:
    """The surface inside, holes taken out, in square metres; under 1 ppm off for zones up to 50 km across.

    Authalic latitude (Snyder, Map Projections, eq. 3-12 and 3-18) puts the ellipsoid on a sphere of equal area;
    a Lambert azimuthal projection at the middle (eq. 24-2) puts that on a plane of equal area, where edges this
    short stay straight; there the shoelace formula is exact.
    """
    total = 0.0
    for polygon in area:
        centre = middle_of(polygon[0])
        for n, ring in enumerate(polygon):
            inside = abs(_shoelace([_lambert(p, centre) for p in ring]))
            total += inside if n == 0 else -inside
    return total


def middle_of(line: Sequence[Position]) -> Position:
    """The middle of the box around a line."""
    lons, lats = [p[0] for p in line], [p[1] for p in line]
    return (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2


def edges_of(ring: Line) -> list[tuple[Position, Position]]:
    """Each side of a ring; one that does not end where it began is closed."""
    closed = ring if ring[0] == ring[-1] else [*ring, ring[0]]
    return list(pairwise(closed))


def _authalic(lat: float) -> float:
    """Authalic latitude in radians (Snyder 3-11)."""
    return math.asin(max(-1.0, min(1.0, _q(math.sin(math.radians(lat))) / _q(1.0))))


def _q(sine: float) -> float:
    es = _E * sine
    return (1 - _E2) * (sine / (1 - es * es) - math.log((1 - es) / (1 + es)) / (2 * _E))


_AUTHALIC_RADIUS_M: Final = WGS84_A_M * math.sqrt(_q(1.0) / 2)


def _lambert(place: Position, centre: Position) -> Position:
    beta, beta_0 = _authalic(place[1]), _authalic(centre[1])
    turn = math.radians(place[0] - centre[0])
    cos_c = math.sin(beta_0) * math.sin(beta) + math.cos(beta_0) * math.cos(beta) * math.cos(turn)
    scale = _AUTHALIC_RADIUS_M * math.sqrt(2 / (1 + cos_c))
    x = scale * math.cos(beta) * math.sin(turn)
    y = scale * (math.cos(beta_0) * math.sin(beta) - math.sin(beta_0) * math.cos(beta) * math.cos(turn))
    return x, y


def _shoelace(ring: Sequence[Position]) -> float:
    doubled = math.fsum(a[0] * b[1] - b[0] * a[1] for a, b in edges_of(list(ring)))
    return doubled / 2
