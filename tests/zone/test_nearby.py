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


PLACES = st.lists(
    st.tuples(
        st.builds(Point, st.floats(104.70, 104.76), st.floats(16.51, 16.57)),
        st.one_of(st.none(), _stars()),
    ),
    max_size=25,
)


@given(
    places=PLACES,
    spot=st.builds(Point, st.floats(104.6, 104.86), st.floats(16.4, 16.68)),
    limit=st.integers(1, 4),
)
def test_nearest_are_those_that_looking_at_all_of_them_finds(
    places: list[tuple[Point, Line | None]], spot: Point, limit: int
) -> None:
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
