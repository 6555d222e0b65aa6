"""Neighbours share their edges, areas of several parts keep all of them, and red boxes stand on the zone's map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.ground import Hand, enter
from tests.support.browser import NewPage
from tests.support.station import RunningStation

EDGES = (104.715, 16.535, 104.735, 16.55)


def ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


PARTS = [
    [ring(104.715, 16.535, 104.725, 16.55), ring(104.718, 16.540, 104.722, 16.545)],
    [ring(104.729, 16.535, 104.735, 16.542)],
]
"""A boundary of two parts, the first with a hole."""


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    found = RunningStation(tmp_path_factory.mktemp("zone-drawing"))
    yield found
    found.close()


def draw(station: RunningStation, geometry: dict[str, Any]) -> None:
    """The boundary is this one."""
    chief = station.api("chief")
    version = chief.ask("/api/v1/zone/details")["version"]
    body = {"expected_version": version, "geometry": geometry, "reason": "ทดสอบ"}
    chief.act("/api/v1/zone/boundary", body)


def boundary(station: RunningStation) -> list[Any]:
    """As the map has it now."""
    features = station.api("chief").ask("/api/v1/zone")["features"]
    found: list[Any] = next(f for f in features if f["properties"]["layer"] == "boundary")["geometry"][
        "coordinates"
    ]
    return found


def community(station: RunningStation, name: str) -> list[list[float]]:
    """The outer ring of the community of this name."""
    features = station.api("chief").ask("/api/v1/zone")["features"]
    found = next(f for f in features if f["properties"].get("name_th") == name)["geometry"]
    coordinates = found["coordinates"]
    outer: list[list[float]] = coordinates[0] if found["type"] == "Polygon" else coordinates[0][0]
    return outer


def name_and_save(page: Page, name: str) -> None:
    page.get_by_test_id("ground-name-th").fill(name)
    page.get_by_test_id("ground-shape-save").click()
    expect(page.get_by_test_id("ground-item").filter(has_text=name)).to_be_visible()


def test_a_community_shares_the_corners_of_the_boundary(new_page: NewPage, station: RunningStation) -> None:
    west, south, east, north = EDGES
    draw(station, {"type": "Polygon", "coordinates": [ring(*EDGES)]})
    page = enter(new_page, station, "chief")
    hand = Hand(page, [ring(*EDGES)])
    page.get_by_test_id("zone-tab-communities").click()
    middle = (west + east) / 2

    def outline(name: str) -> list[list[float]]:
        page.get_by_test_id("ground-add").click()
        page.mouse.move(*hand.spot(west, south, 5, -4))
        for lon, lat, right, down in ((west, south, 5, -4), (middle, south, 0, 6), (middle, north, 0, -5)):
            hand.press(lon, lat, right, down)
        hand.press(west, north, -6, 3)
        page.get_by_test_id("ground-close").click()
        name_and_save(page, name)
        return community(station, name)

    stuck = outline("ชุมชนฝั่งตะวันตก")
    assert [west, south] in stuck
    assert [west, north] in stuck, "the very numbers of the boundary's corner"
    on_edge = [corner for corner in stuck if corner[0] not in (west,)]
    assert [corner[1] for corner in on_edge] == pytest.approx([south, north], abs=2e-7), (
        "on the boundary's edges"
    )

    page.get_by_test_id("ground-add").click()
    page.get_by_test_id("ground-snap").uncheck()
    page.get_by_test_id("ground-undo").is_disabled()
    page.get_by_role("button", name="ยกเลิก").click()
    loose = outline("ชุมชนที่ไม่ติดเส้น")
    assert [west, south] not in loose
    assert [west, north] not in loose


def test_what_a_corner_sticks_to_is_marked_and_alt_lets_go(
    new_page: NewPage, station: RunningStation
) -> None:
    west, south, east, _ = EDGES
    draw(station, {"type": "Polygon", "coordinates": [ring(*EDGES)]})
    page = enter(new_page, station, "chief")
    hand = Hand(page, [ring(*EDGES)])
    page.get_by_test_id("zone-tab-communities").click()
    page.get_by_test_id("ground-add").click()
    mark = page.locator("[data-testid=zone-map] [data-snap]")
    edge = west + 0.3 * (east - west)
    for lon, right, down, on in ((west, 0, -6, "corner"), (edge, 0, 6, "edge"), (west, -25, -60, "")):
        page.mouse.move(*hand.spot(lon, south, right, down))
        expect(mark).to_have_attribute("data-snap", on)
    page.keyboard.down("Alt")
    page.mouse.move(*hand.spot(west, south, 3, -6))
    expect(mark).to_have_attribute("data-snap", "")
    page.keyboard.up("Alt")


def test_moving_one_corner_loses_no_part_and_no_hole(new_page: NewPage, station: RunningStation) -> None:
    draw(station, {"type": "MultiPolygon", "coordinates": PARTS})
    page = enter(new_page, station, "chief")
    hand = Hand(page, PARTS)
    page.get_by_test_id("ground-edit").click()
    expect(page.get_by_test_id("ground-rings").get_by_role("listitem")).to_have_count(3)
    hand.drag((104.718, 16.540), 30, -30)  # a corner of the hole
    expect(page.get_by_test_id("ground-measured")).to_be_visible()
    page.get_by_test_id("ground-reason").fill("แก้ช่องเว้น")
    page.get_by_test_id("ground-save").click()
    expect(page.get_by_test_id("ground-saved")).to_be_visible()
    first, second = boundary(station)
    assert (first[0], second) == (PARTS[0][0], PARTS[1])
    moved = [corner for corner in first[1] if corner not in PARTS[0][1]]
    assert moved
    assert all(104.718 < lon < 104.722 and 16.540 < lat < 16.545 for lon, lat in moved)
    assert [corner for corner in PARTS[0][1] if corner not in first[1]] == [[104.718, 16.540]] * len(moved)


def test_a_hole_that_lies_outside_is_refused_before_it_is_saved(
    new_page: NewPage, station: RunningStation
) -> None:
    draw(station, {"type": "MultiPolygon", "coordinates": PARTS})
    page = enter(new_page, station, "chief")
    hand = Hand(page, PARTS)
    page.get_by_test_id("ground-edit").click()
    page.get_by_test_id("ground-hole").click()
    for lon, lat in ((104.7262, 16.546), (104.7282, 16.546), (104.7272, 16.548)):
        hand.press(lon, lat)
    page.get_by_test_id("ground-close").click()
    expect(page.get_by_test_id("ground-problem")).to_have_attribute("data-code", "hole_outside")
    expect(page.get_by_test_id("ground-save")).to_be_disabled()
    page.get_by_test_id("ground-cancel").click()
    assert boundary(station) == PARTS


def test_a_red_box_is_put_up_and_moved_through_its_register(
    new_page: NewPage, station: RunningStation
) -> None:
    draw(station, {"type": "Polygon", "coordinates": [ring(*EDGES)]})
    owner = {"name": {"th": "สภ.เมือง", "en": "The station"}, "sector": "police"}
    station.api("chief").act("/api/v1/estate/owners/police", owner)
    page = enter(new_page, station, "chief")
    hand = Hand(page, [ring(*EDGES)])
    get = page.get_by_test_id
    get("zone-tab-boxes").click()
    get("box-add").click()
    expect(get("box-code")).to_have_value("RB-01")
    expect(get("box-save")).to_be_disabled()
    hand.press(104.722, 16.540)
    get("box-name").fill("ตู้แดงหน้าตลาด")
    expect(get("box-save")).to_be_disabled()
    get("box-owner").select_option("police")
    before = station.head()
    get("box-save").click()
    expect(get("box")).to_contain_text("RB-01 · ตู้แดงหน้าตลาด")
    asset = station.api("chief").ask("/api/v1/assets/rb-01")
    assert (asset["kind"], asset["lifecycle"]) == ("red_box", "in_service")
    assert (asset["place"]["lon"], asset["place"]["lat"]) == pytest.approx((104.722, 16.540), abs=1e-4)
    get("box-move").click()
    page.locator("[data-testid=zone-map][data-still=true]").wait_for(state="attached")
    box = get("zone-map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2)
    get("box-reason").fill("ย้ายไปหน้าวัด")
    get("box-save").click()
    expect(get("ground-saved")).to_be_visible()
    moved = station.api("chief").ask("/api/v1/assets/rb-01")["place"]
    assert moved["lon"] > 104.7222
    assert moved["lat"] == pytest.approx(16.540, abs=2e-4)
    entries = station.log(after=before)
    assert [entry.kind for entry in entries if entry.kind.startswith("asset")][:1] == ["assets_registered"]
    assert {entry.actor for entry in entries if entry.kind in ("assets_registered", "asset_moved")} == {
        "chief:chief"
    }


def test_whoever_may_only_look_sees_red_boxes_and_changes_none(
    new_page: NewPage, station: RunningStation
) -> None:
    page = enter(new_page, station, "auditor")
    page.get_by_test_id("zone-tab-boxes").click()
    expect(page.get_by_test_id("box-add")).to_have_count(0)
    expect(page.get_by_test_id("box-move")).to_have_count(0)
    expect(page.get_by_test_id("zone-equipment")).to_be_checked()
