"""Whether an area can be meant as it was drawn, and where on the map it cannot."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from safezone.core.errors import Invalid
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.zone import Area, Line, Position
from safezone.zone.findings import words_of
from safezone.zone.geodesy import edges_of
from safezone.zone.nearby import is_inside
from safezone.zone.rules import MOST_LOOKS, TooDetailedError, crossing_between, crossing_of, fault_of_position

MOST_CORNERS: Final = 20_000
"""Of one area: the outline of a province has a few thousand."""


_TRIED: Final = 50
_ON: Final = 1e-7
"""Degrees: a centimetre, to which positions are kept."""


class OutlineProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong with an area; `at` is where to mark it on the map, if it is anywhere."""

    code: str
    words: Words
    at: Point | None = None


def read_area(sort: str, coordinates: Any) -> Area:
    """The area in a GeoJSON geometry, rings closed and repeated corners left out; Invalid when it is none at all."""
    raw: Any = [coordinates] if sort == "Polygon" else coordinates
    if sort not in ("Polygon", "MultiPolygon") or not isinstance(raw, list):
        raise _refused([_problem("wrong_geometry", value=sort, limit="Polygon, MultiPolygon")])
    try:
        area = [[_ring(ring) for ring in polygon] for polygon in raw]
    except (TypeError, ValueError, IndexError):
        raise _refused([_problem("bad_coordinates")]) from None
    if not area or any(not polygon or not all(polygon) for polygon in area):
        raise _refused([_problem("no_area")])
    if (corners := sum(len(ring) for polygon in area for ring in polygon)) > MOST_CORNERS:
        raise _refused([_problem("too_many_corners", value=f"{corners:,}", limit=f"{MOST_CORNERS:,}")])
    return area


def check_area(area: Area) -> None:
    """Return when the area can be meant; Invalid with every problem and its place on the map when it cannot."""
    problems = list_problems(area)
    if problems:
        raise _refused(problems)


def list_problems(area: Area) -> list[OutlineProblem]:
    """What is wrong with an area: exchanged or impossible positions, outlines that cross themselves, holes outside."""
    problems: list[OutlineProblem] = []
    for polygon in area:
        found = [problem for ring in polygon if (problem := _problem_of(ring)) is not None]
        problems += found
        if not found:
            outside = [hole[0] for hole in polygon[1:] if not is_inside([[polygon[0]]], *hole[0])]
            problems += [_problem("hole_outside", spot, value=_shown(spot)) for spot in outside]
    return problems or _between(area)


def _between(area: Area) -> list[OutlineProblem]:
    """Outlines of one area that cross each other, and parts that lie in other parts: what is there would count twice."""
    rings = [ring for polygon in area for ring in polygon]
    if len(rings) < 2:
        return []
    try:
        spot = crossing_between(rings)
    except TooDetailedError:
        return [_problem("too_detailed", rings[0][0], value=sum(map(len, rings)))]
    if spot is not None:
        return [_problem("crosses_another", spot, value=_shown(spot))]
    pairs = ((one, other) for n, one in enumerate(area) for m, other in enumerate(area) if n != m)
    inner = next((spot for one, other in pairs if (spot := _inner(one, other)) is not None), None)
    return [] if inner is None else [_problem("part_inside", inner, value=_shown(inner))]


def _inner(one: list[Line], other: list[Line]) -> Position | None:
    """A corner of a part, the middle of a side, or a spot within it that lies within the other part and not on its border."""
    ring = one[0]
    spots = [*ring, *(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in edges_of(ring))]
    spots += [spot for spot in (_within(one),) if spot is not None]
    lons, lats = [p[0] for p in other[0]], [p[1] for p in other[0]]
    west, south, east, north = min(lons), min(lats), max(lons), max(lats)
    near = [p for p in spots if west < p[0] < east and south < p[1] < north]
    borders = [side for each in other for side in edges_of(each)]
    if len(near) * len(borders) > MOST_LOOKS:
        return None  # Two provinces side by side: what crosses was found before.
    return next(
        (p for p in near if is_inside([other], *p) and not any(_is_on(p, *each) for each in borders)), None
    )


def _within(polygon: list[Line]) -> Position | None:
    """Some spot inside: the middle of three corners in a row, of the first that has it inside."""
    ring = polygon[0]
    threes = list(zip(ring, ring[1:], ring[2:], strict=False))[:_TRIED]
    middles = ((sum(p[0] for p in three) / 3, sum(p[1] for p in three) / 3) for three in threes)
    return next((spot for spot in middles if is_inside([polygon], *spot)), None)


def _is_on(spot: Position, a: Position, b: Position) -> bool:
    """Whether a spot lies on a side, to a centimetre."""
    along, up = b[0] - a[0], b[1] - a[1]
    length2 = along * along + up * up
    share = 0.0 if length2 == 0 else ((spot[0] - a[0]) * along + (spot[1] - a[1]) * up) / length2
    share = min(1.0, max(0.0, share))
    return abs(a[0] + share * along - spot[0]) < _ON and abs(a[1] + share * up - spot[1]) < _ON


def _problem_of(ring: Line) -> OutlineProblem | None:
    for position in ring:
        fault = fault_of_position(*position)
        if fault is not None:
            # Exchanged numbers are marked where they are meant; what lies nowhere cannot be marked.
            at = (position[1], position[0]) if fault == "swapped" else None
            return _problem(fault, at, value=_shown(position))
    if len(set(ring)) < 3:
        return _problem("ring_too_short", ring[0] if ring else None)
    try:
        spot = crossing_of(ring)
    except TooDetailedError:
        return _problem("too_detailed", ring[0], value=len(ring))
    return None if spot is None else _problem("crosses_itself", spot, value=_shown(spot))


def _ring(raw: Any) -> Line:
    line: Line = []
    for lon, lat, *_ in raw:
        if isinstance(lon, str | bool) or isinstance(lat, str | bool):
            raise TypeError
        position = (float(lon), float(lat))
        if not line or line[-1] != position:
            line.append(position)
    if line and line[0] != line[-1]:
        line.append(line[0])
    return line


def _shown(position: Position) -> str:
    return f"{position[0]:.6f}, {position[1]:.6f}"


def _problem(code: str, at: Position | None = None, *, value: Any = "", limit: Any = "") -> OutlineProblem:
    return OutlineProblem(code, words_of(code, value, limit), None if at is None else Point(*at))


def _refused(problems: list[OutlineProblem]) -> Invalid:
    return Invalid("outline_refused", problems[0].words, problems=problems)
