"""Lengths and areas on the ellipsoid, against published figures and against integrals made another way."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.geo import Point, distance_m
from safezone.events.zone import Area
from safezone.zone.geodesy import WGS84_A_M, WGS84_F, area_m2, length_m, perimeter_m

E2 = WGS84_F * (2 - WGS84_F)


def _degrees(degrees: int, minutes: int, seconds: float) -> float:
    return degrees + minutes / 60 + seconds / 3600


def test_the_line_of_the_geodesy_manuals() -> None:
    """Flinders Peak to Buninyong, 54,972.271 m on GRS 80 (GDA technical manual); WGS 84 differs by microns."""
    flinders = (_degrees(144, 25, 29.52440), -_degrees(37, 57, 3.72030))
    buninyong = (_degrees(143, 55, 35.38390), -_degrees(37, 39, 10.15610))
    assert length_m(flinders, buninyong) == pytest.approx(54_972.271, abs=0.01)


def test_one_second_of_the_meridian_at_the_equator() -> None:
    """30.715 m, the figure of every handbook; on a sphere it would be 30.887 m."""
    assert length_m((104.0, 0.0), (104.0, 1 / 3600)) == pytest.approx(30.715, abs=0.001)


def _strip(west: float, south: float, side: float) -> Area:
    """A square in degrees whose sides are cut so finely that its parallels are followed, not cut across."""
    steps = [side * n / 50 for n in range(51)]
    ring = [(west + s, south) for s in steps] + [(west + side, south + s) for s in steps[1:]]
    ring += [(west + side - s, south + side) for s in steps[1:]] + [
        (west, south + side - s) for s in steps[1:]
    ]
    return [[ring]]


@given(west=st.floats(97, 105), south=st.floats(-60, 60), side=st.floats(0.001, 0.4))
def test_area_is_the_integral_over_the_ellipsoid(west: float, south: float, side: float) -> None:
    """The surface between two parallels and two meridians: the integral of M·N·cos(lat), by Simpson's rule."""

    def strip_m2_per_radian(lat: float) -> float:
        w2 = 1 - E2 * math.sin(lat) ** 2
        return WGS84_A_M**2 * (1 - E2) * math.cos(lat) / w2**2

    low, step = math.radians(south), math.radians(side) / 200
    weights = [1 if n in (0, 200) else 4 if n % 2 else 2 for n in range(201)]
    by_latitude = math.fsum(w * strip_m2_per_radian(low + n * step) for n, w in enumerate(weights)) * step / 3
    assert area_m2(_strip(west, south, side)) == pytest.approx(by_latitude * math.radians(side), rel=5e-6)


@given(
    lon=st.floats(97, 105),
    lat=st.floats(5, 20),
    d_lon=st.floats(-0.05, 0.05),
    d_lat=st.floats(-0.05, 0.05),
)
def test_a_length_is_near_the_great_circle_and_the_same_both_ways(
    lon: float, lat: float, d_lon: float, d_lat: float
) -> None:
    there, back = (lon, lat), (lon + d_lon, lat + d_lat)
    assert length_m(there, back) == length_m(back, there)
    sphere = distance_m(Point(*there), Point(*back))
    assert length_m(there, back) == pytest.approx(sphere, rel=0.008, abs=1e-6)


def test_holes_are_taken_out_of_the_area_and_not_walked_around() -> None:
    outer = [(104.0, 16.0), (104.1, 16.0), (104.1, 16.1), (104.0, 16.1), (104.0, 16.0)]
    hole = [(104.02, 16.02), (104.04, 16.02), (104.04, 16.04), (104.02, 16.04), (104.02, 16.02)]
    assert area_m2([[outer, hole]]) == pytest.approx(area_m2([[outer]]) - area_m2([[hole]]))
    assert perimeter_m([[outer, hole]]) == perimeter_m([[outer]])


def test_two_pieces_are_added() -> None:
    one = [(104.0, 16.0), (104.01, 16.0), (104.01, 16.01), (104.0, 16.0)]
    two = [(lon + 1, lat) for lon, lat in one]
    assert area_m2([[one], [two]]) == pytest.approx(2 * area_m2([[one]]))
    assert perimeter_m([[one], [two]]) == pytest.approx(2 * perimeter_m([[one]]))
