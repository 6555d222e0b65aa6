"""The streets: a way that leads there, steps of the right length, and a round that stays near the zone."""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.geo import Point
from safezone.core.geo import distance_m as great_circle_m
from safezone.entrypoints.demo.streets import Place, Streets, advance, distance_m, heading_deg
from tests.support.running import DEMO_SET

MAP = json.loads((DEMO_SET / "zone.geojson").read_text("utf-8"))
STREETS = Streets.of_map(MAP)
WEST, SOUTH, EAST, NORTH = 104.718, 16.530, 104.736, 16.556

places = st.tuples(st.floats(WEST, EAST), st.floats(SOUTH, NORTH))


@given(places, places)
def test_distances_are_those_of_the_program(a: Place, b: Place) -> None:
    exact = great_circle_m(Point(*a), Point(*b))
    assert distance_m(a, b) == pytest.approx(exact, rel=1e-3, abs=0.01)


@given(places, places)
def test_a_route_leads_there_and_is_not_absurdly_long(here: Place, there: Place) -> None:
    path = STREETS.route(here, there)
    assert path[-1] == there
    length_m = sum(distance_m(a, b) for a, b in pairwise([here, *path]))
    assert length_m >= distance_m(here, there) - 0.01
    to_streets_m = distance_m(here, STREETS.nearest(here)) + distance_m(there, STREETS.nearest(there))
    assert length_m <= 3 * distance_m(here, there) + 3 * to_streets_m + 600


def test_between_two_corners_the_route_keeps_to_the_streets() -> None:
    lot = random.Random(7)
    joined = {
        (a, b) for f in MAP["features"] if f["properties"]["layer"] == "street" for a, b in _stretches(f)
    }
    for _ in range(30):
        start, end = STREETS.pick(lot), STREETS.pick(lot)
        path = STREETS.route(start, end)
        if len(path) > 2:
            for a, b in pairwise(path[:-1]):
                assert (a, b) in joined or (b, a) in joined


def test_where_no_street_leads_one_goes_straight() -> None:
    islands = Streets([[(0.0, 0.0), (0.001, 0.0)], [(1.0, 1.0), (1.001, 1.0)]])
    assert islands.route((0.0, 0.0), (1.0, 1.0)) == [(1.0, 1.0)]


def test_a_map_without_streets_is_refused() -> None:
    with pytest.raises(ValueError, match="without streets"):
        Streets([])


@given(places, st.lists(places, min_size=1, max_size=6), st.floats(0, 3000))
def test_a_step_is_as_long_as_asked_or_ends_at_the_end(here: Place, path: list[Place], metres: float) -> None:
    whole_m = sum(distance_m(a, b) for a, b in pairwise([here, *path]))
    left = list(path)
    now = advance(here, left, metres)
    if not left:
        assert now == path[-1]
        assert whole_m <= metres + 0.01
    else:
        left_m = sum(distance_m(a, b) for a, b in pairwise([now, *left]))
        assert whole_m - left_m == pytest.approx(metres, abs=0.5)


@given(st.integers(0, 50))
def test_a_round_goes_on_for_ever_and_stays_near_the_zone(seed: int) -> None:
    lot = random.Random(seed)
    corner, before = STREETS.pick(lot), None
    for _ in range(40):
        path = STREETS.wander(corner, before, lot)
        assert path
        assert all(WEST < x < EAST and SOUTH < y < NORTH for x, y in path)
        before, corner = (path[-2] if len(path) > 1 else corner), path[-1]


def test_headings_go_clockwise_from_north() -> None:
    here = (104.73, 16.54)
    assert heading_deg(here, (104.73, 16.55)) == pytest.approx(0)
    assert heading_deg(here, (104.74, 16.54)) == pytest.approx(90)
    assert heading_deg(here, (104.73, 16.53)) == pytest.approx(180)
    assert math.isclose(heading_deg(here, (104.72, 16.54)), 270)


def _stretches(feature: dict[str, object]) -> list[tuple[Place, Place]]:
    shape = feature["geometry"]
    assert isinstance(shape, dict)
    return [((a[0], a[1]), (b[0], b[1])) for a, b in pairwise(shape["coordinates"])]
