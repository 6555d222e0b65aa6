"""A station names the seat of its region in its settings; the commander there sees it, and the station sees that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import NewPage
from tests.support.neighbours import Neighbour
from tests.support.station import REGIONAL, STATION, RunningStation

NOT_LET_IN = ["401"]


class Two(NamedTuple):
    """The seat, and a station beside it."""

    seat: RunningStation
    other: Neighbour


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    seat = RunningStation(tmp_path_factory.mktemp("seat"))
    other = Neighbour(seat, tmp_path_factory.mktemp("other"), "thatphanom")
    seat.api(REGIONAL)
    yield Two(seat, other)
    other.close()
    seat.close()


def enter(new_page: NewPage, station: RunningStation, who: str, room: str, *, narrow: bool = False) -> Page:
    """A room of the office, open as this person."""
    size = {"width_px": 390, "height_px": 844} if narrow else {"width_px": 1366, "height_px": 768}
    page = new_page(**size, expected=NOT_LET_IN)
    page.goto(f"{station.url}/enter#token={station.tokens[who]}")
    page.wait_for_url(re.compile("/(office|console)"))
    page.goto(f"{station.url}/office/{room}")
    return page


def name_seat(page: Page, seat: str, reason: str) -> None:
    """Say in the settings who may see this station's figures."""
    row = page.locator('[data-testid="setting"][data-key="region.seat"]')
    row.get_by_test_id("setting-change").click()
    row.get_by_test_id("setting-input").fill(seat)
    row.get_by_test_id("setting-reason").fill(reason)
    row.get_by_test_id("setting-save").click()
    expect(row.get_by_test_id("setting-saved")).to_be_visible()
    expect(row.get_by_test_id("setting-value")).to_have_text(seat or "ไม่ได้ระบุ")


def test_a_station_shows_its_figures_to_the_seat_it_names_and_to_nobody_when_it_takes_that_back(
    two: Two, new_page: NewPage
) -> None:
    commander = enter(new_page, two.seat, REGIONAL, "overview", narrow=True)
    stations = commander.get_by_test_id("region-station")
    expect(stations).to_have_count(1)
    expect(commander.get_by_test_id("region-alone")).to_contain_text("SQLite")
    expect(commander.get_by_test_id("region-synthetic")).to_be_visible()

    admin = enter(new_page, two.other, "admin", "settings")
    name_seat(admin, STATION, "ตามคำสั่งจังหวัด")
    commander.get_by_test_id("region-again").click()
    expect(stations).to_have_count(2)
    expect(commander.get_by_test_id("region-alone")).to_have_count(0)
    commander.locator('[data-station="thatphanom"]').click()
    expect(commander.get_by_test_id("region-chosen")).to_contain_text(two.other.name.th)
    expect(commander.get_by_test_id("overview-works")).to_have_attribute("data-state", "unknown")
    expect(commander.get_by_test_id("overview-equipment")).to_be_visible()

    auditor = enter(new_page, two.other, "auditor", "audit")
    look = auditor.get_by_test_id("audit-line").filter(has_text="หน่วยเหนือดูภาพรวมของสถานี").first
    expect(look).to_contain_text(f"{REGIONAL}@{STATION}")

    name_seat(admin, "", "ย้ายสังกัด")
    # A refusal is an answer with an error status, which a browser writes to its console by itself.
    commander.get_by_test_id("region-back").click()
    expect(stations).to_have_count(1)


def test_whoever_is_not_of_the_region_has_the_page_of_their_station(two: Two, new_page: NewPage) -> None:
    page = enter(new_page, two.seat, "commander", "overview")
    expect(page.get_by_test_id("overview-works")).to_have_attribute("data-state", re.compile("ok|degraded"))
    expect(page.get_by_test_id("region-stations")).to_have_count(0)
    expect(page.get_by_test_id("region-again")).to_have_count(0)
