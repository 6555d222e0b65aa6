"""The streets of the zone as a patrol uses them: the way to a place, and where to go next when nothing happens."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

Place = tuple[float, float]
"""Longitude and latitude in degrees."""

METRES_PER_DEGREE: Final = 111_195.0
"""Of latitude, on a sphere of the mean earth radius."""
OUTSIDE_DEG: Final = 0.003
"""How far a patrol leaves the zone on its round: about 300 m."""


def distance_m(a: Place, b: Place) -> float:
    """Metres between two places of one town, as if it were flat (error under 0.1 % within 10 km)."""
    east = (b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot(east, b[1] - a[1]) * METRES_PER_DEGREE


def heading_deg(a: Place, b: Place) -> float:
    """Degrees from north, clockwise, at which `b` lies from `a`."""
    east = (b[0] - a[0]) * math.cos(math.radians(a[1]))
    return math.degrees(math.atan2(east, b[1] - a[1])) % 360


def advance(here: Place, path: list[Place], metres: float) -> Place:
    """Where one is after so many metres along `path`, from which the corners passed are taken away."""
    while path:
        step_m = distance_m(here, path[0])
        if step_m > metres:
            part = metres / step_m
            return here[0] + (path[0][0] - here[0]) * part, here[1] + (path[0][1] - here[1]) * part
        metres -= step_m
        here = path.pop(0)
    return here


class Streets:
    """Corners joined by stretches of street; streets that share a corner cross there."""

    def __init__(self, lines: Iterable[Sequence[Place]], around: Sequence[Place] = ()) -> None:
        """`around` is the zone's boundary: patrols stay in and near it. ValueError without a single street."""
        self._joined: dict[Place, list[Place]] = {}
        for line in lines:
            for a, b in pairwise(line):
                self._joined.setdefault(a, []).append(b)
                self._joined.setdefault(b, []).append(a)
        if not self._joined:
            raise ValueError("a map without streets")
        ring = list(around) or list(self._joined)
        lons, lats = [p[0] for p in ring], [p[1] for p in ring]
        self._box = (
            min(lons) - OUTSIDE_DEG,
            min(lats) - OUTSIDE_DEG,
            max(lons) + OUTSIDE_DEG,
            max(lats) + OUTSIDE_DEG,
        )
        self._beat = sorted(corner for corner in self._joined if self._is_near(corner)) or sorted(
            self._joined
        )

    @classmethod
    def of_map(cls, geojson: dict[str, Any]) -> Streets:
        """The streets in the station's map (`GET /api/v1/zone`)."""
        lines: list[list[Place]] = []
        around: list[Place] = []
        for feature in geojson["features"]:
            shape, layer = feature["geometry"], feature["properties"].get("layer")
            if layer == "street":
                parts = [shape["coordinates"]] if shape["type"] == "LineString" else shape["coordinates"]
                lines += [[(x, y) for x, y, *_ in part] for part in parts]
            elif layer == "boundary":
                rings = shape["coordinates"] if shape["type"] == "Polygon" else shape["coordinates"][0]
                around = [(x, y) for x, y, *_ in rings[0]]
        return cls(lines, around)

    def pick(self, lot: random.Random) -> Place:
        """Some corner in or near the zone."""
        return lot.choice(self._beat)

    def nearest(self, place: Place) -> Place:
        """The corner nearest to a place."""
        return min(self._joined, key=lambda corner: distance_m(corner, place))

    def route(self, here: Place, there: Place) -> list[Place]:
        """The shortest way by street, ending at `there`; straight where that is shorter or no street leads."""
        start, end = self.nearest(here), self.nearest(there)
        by_street = self._shortest(start, end)
        if by_street is None or distance_m(here, there) <= distance_m(here, start) + distance_m(end, there):
            return [there]
        return [*by_street, there]

    def wander(self, corner: Place, before: Place | None, lot: random.Random) -> list[Place]:
        """The stretch to the next crossing (or end of a street), not back the way one came unless it is the only one."""
        path: list[Place] = []
        while True:
            ways = [way for way in self._joined[corner] if way != before and self._is_near(way)]
            if not ways:
                ways = [before] if before is not None else list(self._joined[corner])
            before, corner = corner, lot.choice(ways)
            path.append(corner)
            if len(self._joined[corner]) != 2 or not self._is_near(corner):
                return path

    def _is_near(self, place: Place) -> bool:
        west, south, east, north = self._box
        return west <= place[0] <= east and south <= place[1] <= north

    def _shortest(self, start: Place, end: Place) -> list[Place] | None:
        """Dijkstra, 1959."""
        best = {start: 0.0}
        came: dict[Place, Place] = {}
        waiting = [(0.0, start)]
        while waiting:
            metres, corner = heapq.heappop(waiting)
            if corner == end:
                path = [end]
                while path[-1] in came:
                    path.append(came[path[-1]])
                return path[::-1]
            if metres > best[corner]:
                continue
            for way in self._joined[corner]:
                so_far = metres + distance_m(corner, way)
                if so_far < best.get(way, math.inf):
                    best[way], came[way] = so_far, corner
                    heapq.heappush(waiting, (so_far, way))
        return None
