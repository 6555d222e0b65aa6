"""Where a thing stands is chosen on a map: pressed, or its pin is dragged."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support.browser import NewPage
from tests.support.station import RunningStation


@pytest.fixture
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    found = RunningStation(tmp_path_factory.mktemp("placing"))
    yield found
    found.close()


def test_a_pole_is_moved_by_its_pin_on_a_telephone(station: RunningStation, new_page: NewPage) -> None:
    page = new_page(width_px=390, height_px=844, expected=["401"])
    page.goto(f"{station.url}/enter#token={station.tokens['chief']}")
    page.wait_for_url(re.compile("/(office|console)"))
    page.goto(f"{station.url}/office/assets#sos-01")
    page.get_by_test_id("estate-move").click()
    picker, lat = page.get_by_test_id("pick-map"), page.get_by_label("ละติจูด")
    expect(picker).to_have_attribute("data-drawn", "true")
    before = lat.input_value()
    picker.click(position={"x": 60, "y": 60})
    expect(lat).not_to_have_value(before)
    pressed = lat.input_value()
    page.get_by_test_id("pick-mark").hover()
    page.mouse.down()
    box = picker.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 180, box["y"] + 180, steps=6)
    page.mouse.up()
    expect(lat).not_to_have_value(pressed)
    dragged = float(lat.input_value())
    page.get_by_role("button", name="บันทึก", exact=True).click()
    expect(picker).to_have_count(0)
    place = station.api("chief").ask("/api/v1/assets/sos-01/detail")["asset"]["place"]
    assert place["lat"] == pytest.approx(dragged, abs=1e-6)
    assert len({before, pressed, f"{dragged}"}) == 3
