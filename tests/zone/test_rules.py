"""What is at a point, in words; and which drawings and positions cannot be meant."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.zone import CommunityDefined, Line, PlaceNamed
from safezone.zone import rules

SQUARE: Line = [(104.70, 16.50), (104.72, 16.50), (104.72, 16.52), (104.70, 16.52), (104.70, 16.50)]
WEST_HALF: Line = [(104.70, 16.50), (104.71, 16.50), (104.71, 16.52), (104.70, 16.52), (104.70, 16.50)]
MARKET: Line = [(104.712, 16.51), (104.713, 16.51), (104.713, 16.511), (104.712, 16.511), (104.712, 16.51)]

GROUND = rules.Ground(
    [[SQUARE]],
    [
        CommunityDefined(
            community_id="c", name=Words("ชุมชนตะวันตก", "West community"), coverage="part", area=[[WEST_HALF]]
        )
    ],
    [
        PlaceNamed(
            place_id="m",
            name=Words("ตลาด", "Market"),
            sort="market",
            point=Point(104.7125, 16.5105),
            area=[[MARKET]],
        ),
        PlaceNamed(place_id="t", name=Words("วัด", "Temple"), sort="temple", point=Point(104.705, 16.505)),
    ],
)


@pytest.mark.parametrize(
    ("point", "inside", "th", "en"),
    [
        (Point(104.7125, 16.5105), True, "ที่ตลาด", "at Market"),
        (Point(104.705, 16.5055), True, "ห่างจากวัด 60 ม. · ชุมชนตะวันตก", "60 m from Temple · West community"),
        (
            Point(104.705, 16.50501),
            True,
            "ห่างจากวัด ไม่ถึง 10 ม. · ชุมชนตะวันตก",
            "under 10 m from Temple · West community",
        ),
        (Point(104.7199, 16.5001), True, "ในพื้นที่ปลอดภัย", "inside the safety zone"),
        (
            Point(104.7205, 16.5105),
            False,
            "ห่างจากตลาด 800 ม. · นอกพื้นที่ปลอดภัย 50 ม.",
            "800 m from Market · 50 m outside the safety zone",
        ),
        (Point(100.5018, 13.7563), False, "นอกพื้นที่ปลอดภัย 541 กม.", "541 km outside the safety zone"),
    ],
)
def test_a_point_in_words(point: Point, inside: bool, th: str, en: str) -> None:
    note = GROUND.what_is_at(point)
    assert (note.inside_zone, note.words) == (inside, Words(th, en))


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_every_point_on_earth_has_words(lon: float, lat: float) -> None:
    note = GROUND.what_is_at(Point(lon, lat))
    assert note.words.th
    assert note.words.en
    assert (note.distance_m is None) == (note.nearest_place is None)
    assert note.distance_m is None or 0 <= note.distance_m <= rules.NEAR_M
    assert note.inside_zone == ("นอกพื้นที่" not in note.words.th)


@pytest.mark.parametrize(
    ("metres", "th", "en"),
    [
        (0, "ไม่ถึง 10 ม.", "under 10 m"),
        (44.9, "40 ม.", "40 m"),
        (994, "990 ม.", "990 m"),
        (996, "1.0 กม.", "1.0 km"),
        (9_949, "9.9 กม.", "9.9 km"),
        (12_400, "12 กม.", "12 km"),
        (1_234_000, "1,234 กม.", "1,234 km"),
    ],
)
def test_a_distance_as_a_person_says_it(metres: float, th: str, en: str) -> None:
    assert rules.distance_words(metres) == Words(th, en)


@pytest.mark.parametrize(
    ("lon", "lat", "fault"),
    [
        (104.73, 16.54, None),
        (16.54, 104.73, "swapped"),
        (13.75, 100.5, "swapped"),
        (2.35, 48.85, None),
        (470_123.0, 1_829_456.0, "metres"),
        (259_537.48, 1_976_682.0, "metres"),
        (200.0, 10.0, "out_of_range"),
        (0.0, 0.0, "out_of_range"),
        (math.nan, 16.0, "out_of_range"),
        (104.0, math.inf, "out_of_range"),
    ],
)
def test_positions_that_cannot_be_meant(lon: float, lat: float, fault: str | None) -> None:
    assert rules.fault_of_position(lon, lat) == fault


@given(st.floats(97.4, 105.6), st.floats(5.7, 20.4))
def test_every_place_in_thailand_is_noticed_when_exchanged(lon: float, lat: float) -> None:
    assert rules.fault_of_position(lon, lat) is None
    assert rules.fault_of_position(lat, lon) == "swapped"


@st.composite
def _stars(draw: st.DrawFn) -> Line:
    count = draw(st.integers(4, 30))
    reaches = draw(st.lists(st.floats(0.001, 0.01), min_size=count, max_size=count))
    angles = [2 * math.pi * n / count for n in range(count)]
    ring = [(104 + r * math.cos(a), 16 + r * math.sin(a)) for r, a in zip(reaches, angles, strict=True)]
    return [*ring, ring[0]]


@given(_stars())
def test_an_outline_drawn_around_its_middle_does_not_cross_itself(ring: Line) -> None:
    assert rules.crossing_of(ring) is None


@given(_stars(), st.data())
def test_two_corners_exchanged_are_found_when_their_sides_cross(ring: Line, data: st.DataObject) -> None:
    """Exchanging two neighbouring corners of a convex outline makes a bow tie of their three sides."""
    count = len(ring) - 1
    convex = [
        (104 + math.cos(2 * math.pi * n / count), 16 + math.sin(2 * math.pi * n / count))
        for n in range(count)
    ]
    n = data.draw(st.integers(0, count - 2))
    convex[n], convex[n + 1] = convex[n + 1], convex[n]
    spot = rules.crossing_of([*convex, convex[0]])
    assert spot is not None
    assert math.hypot(spot[0] - 104, spot[1] - 16) <= 1.0 + 1e-9


def test_a_bow_tie_is_marked_where_it_crosses() -> None:
    bow_tie: Line = [(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 0.0)]
    assert rules.crossing_of(bow_tie) == (1.0, 1.0)


def test_an_outline_that_touches_itself_is_found() -> None:
    pinched: Line = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 0.0), (0.0, 4.0), (0.0, 0.0)]
    assert rules.crossing_of(pinched) == (2.0, 0.0)
