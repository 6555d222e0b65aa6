"""Places and distances."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safezone.core.errors import Invalid
from safezone.core.geo import EARTH_RADIUS_M, Point, cell_of, cells_around, check_point, distance_m

anywhere = st.builds(Point, st.floats(-180, 180), st.floats(-90, 90))
in_reach = st.builds(Point, st.floats(-179, 179), st.floats(-24.9, 24.9) | st.sampled_from([24.9, -24.9]))


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        # Reference: the same formula by hand, with the mean radius of IUGG 1980.
        (Point(104.7235, 16.5420), Point(104.7235, 16.5420), 0.0),
        (Point(0, 0), Point(180, 0), math.pi * EARTH_RADIUS_M),
        (Point(0, -90), Point(0, 90), math.pi * EARTH_RADIUS_M),
        (Point(104, 16), Point(104, 17), math.pi * EARTH_RADIUS_M / 180),
        (Point(104, 0), Point(105, 0), math.pi * EARTH_RADIUS_M / 180),
        (Point(179.5, 0), Point(-179.5, 0), math.pi * EARTH_RADIUS_M / 180),
    ],
)
def test_known_distances(a: Point, b: Point, metres: float) -> None:
    assert distance_m(a, b) == pytest.approx(metres, abs=1e-6)


@given(anywhere, anywhere)
def test_distance_is_the_same_both_ways_and_never_longer_than_half_the_earth(a: Point, b: Point) -> None:
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
    assert 0.0 <= distance_m(a, b) <= math.pi * EARTH_RADIUS_M + 1e-6


@given(anywhere)
def test_a_place_on_the_earth_is_taken_as_it_is(point: Point) -> None:
    assume((point.lon, point.lat) != (0.0, 0.0))
    assert check_point(point) is point


@pytest.mark.parametrize(
    "point",
    [
        Point(180.1, 0), Point(-180.1, 0), Point(0, 90.1), Point(0, -90.1), Point(0, 0), Point(0.0, -0.0),
        Point(math.nan, 1), Point(1, math.nan), Point(math.inf, 1), Point(1, -math.inf), Point(16.5, 104.7),
    ],
)  # fmt: skip
def test_what_is_no_place_is_refused_in_both_languages(point: Point) -> None:
    with pytest.raises(Invalid) as refused:
        check_point(point)
    assert refused.value.status == 422
    assert refused.value.words.th
    assert refused.value.words.en


@given(in_reach, st.floats(0, 199.9) | st.just(199.9), st.floats(0, 2 * math.pi) | st.just(math.pi / 2))
def test_everything_within_200_m_lies_in_one_of_the_nine_cells(
    here: Point, away_m: float, bearing: float
) -> None:
    metre = 180 / math.pi / EARTH_RADIUS_M
    there = Point(
        here.lon + math.sin(bearing) * away_m * metre / math.cos(math.radians(here.lat)),
        here.lat + math.cos(bearing) * away_m * metre,
    )
    assume(distance_m(here, there) <= 200)
    assert cell_of(there) in cells_around(here)
    assert len(set(cells_around(here))) == 9
