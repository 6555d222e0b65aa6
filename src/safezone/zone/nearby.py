"""Finding what lies nearest to a point, fast enough to be asked for every emergency."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import Final, Generic, TypeVar

from safezone.core.geo import Point
from safezone.events.zone import Area, Line, Position
from safezone.zone.geodesy import metres_per_degree

T = TypeVar("T")

CELL_M: Final = 100.0
"""Side of a square of the index: a street block, so that a square holds few things."""


class Plane:
    """A flat map in metres around an origin: distances under 0.1 % off within 20 km, under 2 % within 300 km."""

    def __init__(self, origin: Position) -> None:
        self._lon, self._lat = origin
        self._east_m, self._north_m = metres_per_degree(origin[1])

    def place(self, lon: float, lat: float) -> Position:
        """Metres east and north of the origin."""
        return (lon - self._lon) * self._east_m, (lat - self._lat) * self._north_m

    def line(self, line: Line) -> Line:
        """Every position of a line, in metres."""
        return [self.place(lon, lat) for lon, lat in line]

    def area(self, area: Area) -> Area:
        """Every ring of an area, in metres."""
        return [[self.line(ring) for ring in polygon] for polygon in area]


def is_inside(area: Area, x: float, y: float) -> bool:
    """Whether a point lies in the area and not in one of its holes (even-odd rule; works in degrees or metres)."""
    return any(_crossings_odd(polygon[0], x, y) and not _in_hole(polygon, x, y) for polygon in area)


def _in_hole(polygon: list[Line], x: float, y: float) -> bool:
    return any(_crossings_odd(hole, x, y) for hole in polygon[1:])


def _crossings_odd(ring: Line, x: float, y: float) -> bool:
    inside = False
    x_1, y_1 = ring[-1]
    for x_2, y_2 in ring:
        if (y_1 > y) != (y_2 > y) and x < (x_1 - x_2) * (y - y_2) / (y_1 - y_2) + x_2:
            inside = not inside
        x_1, y_1 = x_2, y_2
    return inside


def to_line_m(line: Line, x: float, y: float) -> float:
    """Distance from a point to the nearest spot of a line; all of it in metres on one plane."""
    best = math.inf
    x_1, y_1 = line[0]
    for x_2, y_2 in line:
        dx, dy = x_2 - x_1, y_2 - y_1
        square = dx * dx + dy * dy
        along = ((x - x_1) * dx + (y - y_1) * dy) / square if square else 0.0
        # Conditions instead of min() and max(): this runs for every side of every place in reach of an emergency.
        along = 0.0 if along < 0.0 else 1.0 if along > 1.0 else along
        ex, ey = x_1 + along * dx - x, y_1 + along * dy - y
        away = ex * ex + ey * ey
        if away < best:
            best = away
        x_1, y_1 = x_2, y_2
    return math.sqrt(best)


def to_area_m(area: Area, x: float, y: float) -> float:
    """Distance from a point to an area; 0 inside. All of it in metres on one plane."""
    if is_inside(area, x, y):
        return 0.0
    return min(to_line_m(ring, x, y) for polygon in area for ring in polygon)


class Shape:
    """An area on the plane with the box around it, so that most questions end at the box."""

    __slots__ = ("area", "east", "north", "south", "west")

    def __init__(self, area: Area) -> None:
        self.area = area
        self.west = min(p[0] for polygon in area for p in polygon[0])
        self.east = max(p[0] for polygon in area for p in polygon[0])
        self.south = min(p[1] for polygon in area for p in polygon[0])
        self.north = max(p[1] for polygon in area for p in polygon[0])

    def holds(self, x: float, y: float) -> bool:
        """Whether the point lies inside."""
        in_box = self.west <= x <= self.east and self.south <= y <= self.north
        return in_box and is_inside(self.area, x, y)

    def distance_m(self, x: float, y: float, up_to_m: float = math.inf) -> float:
        """Distance from the point, 0 inside; anything beyond `up_to_m` may come back as infinity."""
        dx = self.west - x if x < self.west else x - self.east if x > self.east else 0.0
        dy = self.south - y if y < self.south else y - self.north if y > self.north else 0.0
        if dx * dx + dy * dy > up_to_m * up_to_m:
            return math.inf
        return to_area_m(self.area, x, y)


class Nearby(Generic[T]):
    """Things by where they are: built once for each version of the ground, then only asked."""

    def __init__(self, things: Iterable[tuple[T, Point, Area | None]], origin: Position) -> None:
        self.plane = Plane(origin)
        self._cells: dict[tuple[int, int], list[tuple[int, float, float, Shape | None]]] = {}
        self._things: list[T] = []
        for thing, point, area in things:
            x, y = self.plane.place(point.lon, point.lat)
            shape = None if area is None else Shape(self.plane.area(area))
            entry = (len(self._things), x, y, shape)
            self._things.append(thing)
            for cell in _cells_under(x, y, shape):
                self._cells.setdefault(cell, []).append(entry)
        cols, rows = [c[0] for c in self._cells] or [0], [c[1] for c in self._cells] or [0]
        self._extent = min(cols), max(cols), min(rows), max(rows)

    def list_nearest(self, point: Point, limit: int, within_m: float) -> list[tuple[T, float]]:
        """Up to `limit` things no further than `within_m`, nearest first, each with its distance in metres."""
        x, y = self.plane.place(point.lon, point.lat)
        col, row = math.floor(x / CELL_M), math.floor(y / CELL_M)
        cells = self._cells
        found: dict[int, float] = {}
        reach_m = within_m
        for ring in range(self._first_ring(col, row), math.ceil(within_m / CELL_M) + 1):
            # Whatever lies in this ring of squares is more than `ring - 1` squares away.
            if (ring - 1) * CELL_M >= reach_m:
                break
            for d_col, d_row in _ring(ring):
                for n, at_x, at_y, shape in cells.get((col + d_col, row + d_row), ()):
                    if n in found:
                        continue
                    if shape is None:
                        away = math.hypot(at_x - x, at_y - y)
                    else:
                        away = shape.distance_m(x, y, reach_m)
                    if away <= reach_m:
                        found[n] = away
                        if len(found) >= limit:
                            reach_m = sorted(found.values())[limit - 1]
        ranked = sorted((away, n) for n, away in found.items())
        return [(self._things[n], away) for away, n in ranked[:limit]]

    def _first_ring(self, col: int, row: int) -> int:
        """Rings of squares to pass over because they lie outside everything: a call from afar costs nothing."""
        west, east, south, north = self._extent
        return max(0, west - col, col - east, south - row, row - north)


def _cells_under(x: float, y: float, shape: Shape | None) -> list[tuple[int, int]]:
    west, east, south, north = (
        (x, x, y, y) if shape is None else (shape.west, shape.east, shape.south, shape.north)
    )
    cols = range(math.floor(west / CELL_M), math.floor(east / CELL_M) + 1)
    rows = range(math.floor(south / CELL_M), math.floor(north / CELL_M) + 1)
    return [(col, row) for col in cols for row in rows]


@cache
def _ring(ring: int) -> tuple[tuple[int, int], ...]:
    """Columns and rows of the squares that are `ring` away from a square."""
    span = range(-ring, ring + 1)
    return tuple((col, row) for col in span for row in span if max(abs(col), abs(row)) == ring)
