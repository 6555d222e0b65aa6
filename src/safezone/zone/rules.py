"""What is at a point, in words; and whether a boundary or a position can be meant as it was drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.zone import Area, CommunityDefined, Line, PlaceNamed, Position
from safezone.zone.geodesy import edges_of, middle_of
from safezone.zone.nearby import Nearby, Plane, Shape

NEAR_M: Final = 1000.0
"""A place further away than this does not help anybody to find the spot."""

THAILAND: Final = (97.3, 5.6, 105.7, 20.5)
"""West, south, east, north (degrees): a box around the country."""


class PlaceNote(msgspec.Struct, frozen=True):
    """What is at a point: inside the zone or not, its community, the nearest named place, and all of it as words."""

    inside_zone: bool
    community: Words | None
    nearest_place: Words | None
    distance_m: float | None
    words: Words


NO_ZONE: Final = PlaceNote(
    False, None, None, None, Words(th="ยังไม่ได้กำหนดพื้นที่ปลอดภัย", en="no safety zone has been drawn yet")
)


class Ground:
    """The zone as it stands, prepared for questions: immutable, shared by every thread."""

    def __init__(
        self, boundary: Area, communities: Sequence[CommunityDefined], places: Sequence[PlaceNamed]
    ) -> None:
        origin = middle_of(boundary[0][0])
        self._plane = Plane(origin)
        self._boundary = Shape(self._plane.area(boundary))
        self._communities = [(c.name, Shape(self._plane.area(c.area))) for c in communities]
        self._places = Nearby([(p.name, p.point, p.area) for p in places], origin)

    def what_is_at(self, point: Point) -> PlaceNote:
        """The note for a point: never a refusal, whatever the point."""
        x, y = self._plane.place(point.lon, point.lat)
        inside = self._boundary.holds(x, y)
        community = next((name for name, shape in self._communities if shape.holds(x, y)), None)
        nearest = self._places.list_nearest(point, limit=1, within_m=NEAR_M)
        place, away_m = nearest[0] if nearest else (None, None)
        outside_m = 0.0 if inside else self._boundary.distance_m(x, y)
        return PlaceNote(inside, community, place, away_m, note_words(outside_m, community, place, away_m))


def note_words(outside_m: float, community: Words | None, place: Words | None, away_m: float | None) -> Words:
    """One line for the screen: the place, the community, and whether it lies outside the zone (`outside_m` > 0)."""
    parts: list[Words] = []
    if place is not None and away_m is not None:
        parts.append(_beside(place, away_m))
    if community is not None:
        parts.append(community)
    if outside_m > 0:
        away = distance_words(outside_m)
        parts.append(Words(th=f"นอกพื้นที่ปลอดภัย {away.th}", en=f"{away.en} outside the safety zone"))
    elif not parts:
        parts.append(Words(th="ในพื้นที่ปลอดภัย", en="inside the safety zone"))
    return Words(th=" · ".join(p.th for p in parts), en=" · ".join(p.en for p in parts))


def _beside(place: Words, away_m: float) -> Words:
    if away_m <= 0:
        return Words(th=f"ที่{place.th}", en=f"at {place.en}")
    away = distance_words(away_m)
    return Words(th=f"ห่างจาก{place.th} {away.th}", en=f"{away.en} from {place.en}")


def distance_words(distance_m: float) -> Words:
    """A distance as a person says it: to 10 m, from 1 km on to 0.1 km, from 10 km on to 1 km."""
    if distance_m < 10:
        return Words(th="ไม่ถึง 10 ม.", en="under 10 m")
    if distance_m < 995:
        rounded = round(distance_m / 10) * 10
        return Words(th=f"{rounded} ม.", en=f"{rounded} m")
    digits = 1 if distance_m < 9950 else 0
    return Words(th=f"{distance_m / 1000:,.{digits}f} กม.", en=f"{distance_m / 1000:,.{digits}f} km")


PositionFault = Literal["swapped", "metres", "out_of_range"]


def fault_of_position(lon: float, lat: float) -> PositionFault | None:
    """Why a position cannot be meant, or None.

    `swapped`: latitude and longitude are exchanged (it would lie in Thailand the other way round); `metres`: the
    numbers look like a UTM grid, not like degrees.
    """
    if math.isfinite(lon) and math.isfinite(lat):
        if is_in_thailand(lat, lon) and not is_in_thailand(lon, lat):
            return "swapped"
        if 100_000 <= lon <= 900_000 and 0 < lat <= 10_000_000:
            return "metres"
        if -180 <= lon <= 180 and -90 <= lat <= 90 and (lon, lat) != (0, 0):
            return None
    return "out_of_range"


def is_in_thailand(lon: float, lat: float) -> bool:
    """Whether a position lies in the box around Thailand."""
    west, south, east, north = THAILAND
    return west <= lon <= east and south <= lat <= north


MOST_LOOKS: Final = 4_000_000
"""How many pairs of sides are compared before an outline counts as too detailed: two seconds at most."""


Side = tuple[Position, Position]


class TooDetailedError(ValueError):
    """An outline with so many sides one above the other that nobody can say in time whether they cross."""


def crossing_of(ring: Line) -> Position | None:
    """A spot where the ring crosses or touches itself, or None when it is simple; TooDetailedError when that takes too long.

    Sides are compared only while their extents in longitude overlap, so that 2,000 sides take well under a second.
    """
    sides = [(a, b) for a, b in edges_of(ring) if a != b]

    def meeting(n: int, m: int) -> Position | None:
        return None if _may_meet(n, m, len(sides)) else _meeting(sides[n], sides[m])

    return _first_spot(sides, meeting)


def crossing_between(rings: Sequence[Line]) -> Position | None:
    """A spot where two of the rings cross, or None; they may touch, and share a border. TooDetailedError as above."""
    sides = [(a, b) for ring in rings for a, b in edges_of(ring) if a != b]
    of = [n for n, ring in enumerate(rings) for a, b in edges_of(ring) if a != b]

    def crossing(n: int, m: int) -> Position | None:
        return None if of[n] == of[m] else _crossing(sides[n], sides[m])

    return _first_spot(sides, crossing)


def _first_spot(sides: Sequence[Side], meeting: Callable[[int, int], Position | None]) -> Position | None:
    west, east = [min(a[0], b[0]) for a, b in sides], [max(a[0], b[0]) for a, b in sides]
    south, north = [min(a[1], b[1]) for a, b in sides], [max(a[1], b[1]) for a, b in sides]
    active: list[int] = []
    looks = 0
    for n in sorted(range(len(sides)), key=west.__getitem__):
        looks += len(active)
        if looks > MOST_LOOKS:
            raise TooDetailedError
        begins, low, high = west[n], south[n], north[n]
        active = [m for m in active if east[m] >= begins]
        for m in [m for m in active if north[m] >= low and south[m] <= high]:
            spot = meeting(n, m)
            if spot is not None:
                return spot
        active.append(n)
    return None


def _may_meet(n: int, m: int, count: int) -> bool:
    """Neighbouring sides share a corner by right."""
    return abs(n - m) in (1, count - 1)


def _crossing(one: Side, two: Side) -> Position | None:
    """Where each passes from one side of the other to the other side."""
    (a, b), (c, d) = one, two
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        along = turns[2] / (turns[2] - turns[3])
        return a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1])
    return None


def _meeting(one: Side, two: Side) -> Position | None:
    """Where they cross, or one ends on the other."""
    spot = _crossing(one, two)
    if spot is not None:
        return spot
    (a, b), (c, d) = one, two
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    ends = ((c, a, b), (d, a, b), (a, c, d), (b, c, d))
    for (spot, start, end), turn in zip(ends, turns, strict=True):
        if turn == 0 and _is_between(spot, start, end):
            return spot
    return None


def _turn(a: Position, b: Position, c: Position) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _is_between(spot: Position, a: Position, b: Position) -> bool:
    return min(a[0], b[0]) <= spot[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= spot[1] <= max(a[1], b[1])
