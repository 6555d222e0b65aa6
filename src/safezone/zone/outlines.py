"""Whether an area can be meant as it was drawn, and where on the map it cannot."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from safezone.core.errors import Invalid
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.zone import Area, Line, Position
from safezone.zone.findings import words_of
from safezone.zone.nearby import is_inside
from safezone.zone.rules import TooDetailedError, crossing_of, fault_of_position

MOST_CORNERS: Final = 20_000
"""Of one area: the outline of a province has a few thousand."""


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
        raise _refused([_problem("too_many", value=corners, limit=MOST_CORNERS)])
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
    return problems


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
