"""Inside or outside, and what is nearest, against slower ways to find out."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safezone.core.geo import Point, distance_m
from safezone.events.zone import Area, Line
from safezone.zone.nearby import Nearby, Plane, Shape, is_inside, to_area_m, to_line_m

ORIGIN = (104.73, 16.54)
COORDINATE = st.integers(-300, 300).map(float)
SPOT = st.tuples(COORDINATE, COORDINATE)


@st.composite
def _stars(draw: st.DrawFn) -> Line:
    """A simple polygon of any shape, seen whole from its middle: corners at growing angles."""
    count = draw(st.integers(3, 14))
    gaps = draw(st.lists(st.floats(0.2, 1.0), min_size=count, max_size=count))
    reaches = draw(st.lists(st.floats(20, 250), min_size=count, max_size=count))
    angles = [2 * math.pi * sum(gaps[: n + 1]) / sum(gaps) for n in range(count)]
    ring = [(r * math.cos(a), r * math.sin(a)) for r, a in zip(reaches, angles, strict=True)]
    return [*ring, ring[0]]


def _winding(ring: Line, x: float, y: float) -> int:
    """How often the ring goes around the point, by adding up the angles under which its sides are seen."""
    turned = 0.0
    for (x_1, y_1), (x_2, y_2) in pairwise(ring):
        a, b = (x_1 - x, y_1 - y), (x_2 - x, y_2 - y)
        turned += math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1])
    return round(turned / (2 * math.pi))


@given(ring=_stars(), spot=SPOT)
def test_inside_is_where_the_outline_goes_around_once(ring: Line, spot: tuple[float, float]) -> None:
    x, y = spot
    assume(to_line_m(ring, x, y) > 1e-6)
    assert is_inside([[ring]], x, y) == (_winding(ring, x, y) != 0)
    assert Shape([[ring]]).holds(x, y) == is_inside([[ring]], x, y)


@given(ring=_stars(), spot=SPOT)
def test_the_way_to_an_outline_is_that_to_its_nearest_spot(ring: Line, spot: tuple[float, float]) -> None:
    x, y = spot
    walked = [
        math.hypot(a[0] + (b[0] - a[0]) * t / 200 - x, a[1] + (b[1] - a[1]) * t / 200 - y)
        for a, b in pairwise(ring)
        for t in range(201)
    ]
    found = to_line_m(ring, x, y)
    assert found <= min(walked) + 1e-9
    assert found >= min(walked) - 2.0
    assert to_area_m([[ring]], x, y) == (0.0 if is_inside([[ring]], x, y) else found)


def test_a_hole_is_outside() -> None:
    outer = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]
    hole = [(4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0), (4.0, 4.0)]
    assert is_inside([[outer, hole]], 2, 2)
    assert not is_inside([[outer, hole]], 5, 5)
    assert to_area_m([[outer, hole]], 5, 5) == 1.0


def _points(reach_deg: float) -> st.SearchStrategy[Point]:
    lon, lat = ORIGIN
    return st.builds(
        Point, st.floats(lon - reach_deg, lon + reach_deg), st.floats(lat - reach_deg, lat + reach_deg)
    )


# A quarter of a few blocks, a town, and a town asked from far outside.
SCENES = st.sampled_from([(0.002, 0.002), (0.03, 0.03), (0.03, 0.15)]).flatmap(
    lambda reach: st.tuples(
        st.lists(st.tuples(_points(reach[0]), st.one_of(st.none(), _stars())), max_size=25), _points(reach[1])
    )
)


@given(scene=SCENES, limit=st.integers(1, 4))
def test_nearest_are_those_that_looking_at_all_of_them_finds(
    scene: tuple[list[tuple[Point, Line | None]], Point], limit: int
) -> None:
    places, spot = scene
    plane = Plane(ORIGIN)
    things: list[tuple[int, Point, Area | None]] = []
    for n, (point, star) in enumerate(places):
        area = None
        if star is not None:
            # Back from metres to degrees, because a place is drawn in degrees.
            east_m, north_m = (
                plane.place(ORIGIN[0] + 1, ORIGIN[1])[0],
                plane.place(ORIGIN[0], ORIGIN[1] + 1)[1],
            )
            area = [[[(point.lon + x / east_m, point.lat + y / north_m) for x, y in star]]]
        things.append((n, point, area))
    found = Nearby(things, ORIGIN).list_nearest(spot, limit, within_m=900)
    x, y = plane.place(spot.lon, spot.lat)
    away = []
    for _, point, area in things:
        p_x, p_y = plane.place(point.lon, point.lat)
        away.append(math.hypot(p_x - x, p_y - y) if area is None else to_area_m(plane.area(area), x, y))
    expected = sorted(metres for metres in away if metres <= 900)[:limit]
    assert [metres for _, metres in found] == pytest.approx(expected)
    assert all(away[n] == pytest.approx(metres) for n, metres in found)


@given(spot=st.builds(Point, st.floats(104.55, 104.9), st.floats(16.36, 16.72)))
def test_the_plane_measures_as_the_globe_does(spot: Point) -> None:
    x, y = Plane(ORIGIN).place(spot.lon, spot.lat)
    assert math.hypot(x, y) == pytest.approx(distance_m(Point(*ORIGIN), spot), rel=0.007, abs=0.01)


def test_the_neighbour_across_the_edge_of_a_square_is_nearer() -> None:
    """What lies in the square of the spot itself is not yet the nearest."""
    plane = Plane(ORIGIN)
    east_m, north_m = plane.place(ORIGIN[0] + 1, ORIGIN[1] + 1)

    def at(x: float, y: float) -> Point:
        return Point(ORIGIN[0] + x / east_m, ORIGIN[1] + y / north_m)

    nearby = Nearby([("same square", at(90, 50), None), ("across", at(-20, 50), None)], ORIGIN)
    ((name, away_m),) = nearby.list_nearest(at(5, 50), limit=1, within_m=500)
    assert (name, round(away_m)) == ("across", 25)
