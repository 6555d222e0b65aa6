"""The zone is drawn by hand, refused where it crosses itself, imported from metres, and looked at as it was yesterday."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.ground import enter, press_corners
from tests.support.browser import NewPage
from tests.support.station import RunningStation
from tests.zone.test_imports import RING, geojson, utm

DAY_S = 86_400


@pytest.fixture(scope="module")
def drawn_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("zone-journey"))
    yield station
    station.close()


def test_a_boundary_is_drawn_and_a_bow_tie_is_refused(new_page: NewPage, drawn_on: RunningStation) -> None:
    page = enter(new_page, drawn_on, "chief")
    page.get_by_test_id("ground-redraw").click()
    press_corners(page, (0.3, 0.3), (0.7, 0.7), (0.7, 0.3), (0.3, 0.7), (0.3, 0.3))
    problem = page.get_by_test_id("ground-problem")
    expect(problem).to_have_attribute("data-code", "crosses_itself")
    page.get_by_test_id("ground-reason").fill("ตลาดขยาย")
    expect(page.get_by_test_id("ground-save")).to_be_disabled()
    before = drawn_on.head()
    for _ in range(3):
        page.get_by_test_id("ground-undo").click()
    press_corners(page, (0.7, 0.7), (0.3, 0.7), (0.3, 0.3))
    expect(page.get_by_test_id("ground-measured")).to_be_visible()
    expect(problem).to_have_count(0)
    page.get_by_test_id("ground-reason").fill("ตลาดขยาย")
    page.get_by_test_id("ground-save").click()
    expect(page.get_by_test_id("ground-saved")).to_be_visible()
    (entry,) = drawn_on.log(after=before)
    assert (entry.kind, entry.actor) == ("zone_drawn", "chief:chief")
    assert len(entry.event.area[0][0]) in (4, 5)  # type: ignore[attr-defined]


def test_metres_are_confirmed_by_a_person(
    new_page: NewPage, drawn_on: RunningStation, tmp_path: Path
) -> None:
    page = enter(new_page, drawn_on, "chief")
    file = tmp_path / "เขต.geojson"
    file.write_bytes(geojson(utm(RING), properties={"name": "เขตใหม่"}))
    page.get_by_test_id("zone-tab-import").click()
    page.get_by_test_id("import-file").set_input_files(file)
    question = page.get_by_test_id("import-question")
    expect(question).to_have_attribute("data-key", "crs")
    expect(question).to_contain_text("WGS 84 / UTM 48N")
    expect(page.get_by_test_id("import-confirm")).to_have_count(0)
    page.get_by_test_id("import-answer").click()
    expect(page.get_by_test_id("import-crs")).to_have_attribute("data-how", "chosen")
    page.get_by_test_id("import-reason").fill("รังวัดใหม่")
    page.get_by_test_id("import-confirm").click()
    expect(page.get_by_test_id("ground-saved")).to_be_visible()
    page.get_by_test_id("zone-tab-boundary").click()
    expect(page.get_by_test_id("ground-figures")).to_contain_text("1.18")


def test_yesterdays_zone(new_page: NewPage, drawn_on: RunningStation) -> None:
    chief = drawn_on.api("chief")
    before = chief.ask("/api/v1/zone/details")["area_m2"]
    yesterday = drawn_on.clock.now().date()
    drawn_on.clock.advance(DAY_S)
    ring = [[104.72, 16.53], [104.74, 16.53], [104.74, 16.55], [104.72, 16.53]]
    body = {
        "expected_version": chief.ask("/api/v1/zone/details")["version"],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "reason": "ขยายอีก",
    }
    chief.act("/api/v1/zone/boundary", body)
    page = enter(new_page, drawn_on, "auditor")
    expect(page.get_by_test_id("ground-read-only")).to_be_visible()
    expect(page.get_by_test_id("zone-tab-import")).to_have_count(0)
    page.get_by_test_id("zone-tab-history").click()
    newest = page.get_by_test_id("ground-version").first
    expect(newest).to_contain_text("ขยายอีก")
    expect(newest).to_contain_text("→")
    with page.expect_response(re.compile(r"/api/v1/zone\?on=")) as asked:
        page.get_by_test_id("ground-day").fill(f"{yesterday.day}/{yesterday.month}/{yesterday.year + 543}")
        page.get_by_test_id("ground-day").press("Enter")
    boundary = next(f for f in asked.value.json()["features"] if f["properties"]["layer"] == "boundary")
    assert boundary["properties"]["area_km2"] == pytest.approx(before / 1e6, abs=0.001)
    expect(page.get_by_test_id("ground-then")).to_contain_text(str(yesterday.year + 543))
    page.get_by_test_id("ground-now").click()
    expect(page.get_by_test_id("ground-then")).to_have_count(0)


def test_reasons_and_people_are_entered_with_their_source_and_day(
    new_page: NewPage, drawn_on: RunningStation
) -> None:
    page = enter(new_page, drawn_on, "chief")
    page.get_by_test_id("zone-tab-reasons").click()
    page.get_by_test_id("ground-reasons-edit").click()
    risk = page.get_by_role("group", name="ความเสี่ยง")
    had = risk.get_by_label("ข้อเท็จจริง").count()
    risk.get_by_label("ภาษาไทย").fill("ลักทรัพย์ในตลาดช่วงหัวค่ำ")
    risk.get_by_role("button", name="เพิ่มหลักฐาน").click()
    risk.get_by_label("ข้อเท็จจริง").nth(had).fill("ลักทรัพย์ 12 คดีในหกเดือน")
    risk.get_by_label("ที่มา").nth(had).fill("งานสอบสวน")
    risk.get_by_label("ณ วันที่").nth(had).fill("30/6/2569")
    page.get_by_test_id("ground-reasons-save").click()
    shown = page.get_by_role("listitem").filter(has_text="ลักทรัพย์ 12 คดีในหกเดือน")
    expect(shown).to_contain_text("งานสอบสวน")
    expect(shown).to_contain_text("2569")

    page.get_by_test_id("zone-tab-people").click()
    page.get_by_test_id("ground-residents").fill("2367")
    page.get_by_label("ครัวเรือน").fill("801")
    page.get_by_test_id("ground-source").fill("เทศบาลเมือง")
    page.get_by_test_id("ground-as-of").fill("31/12/2568")
    page.get_by_test_id("ground-people-save").click()
    whole = page.get_by_role("listitem").first
    for said in ("2,367", "801", "เทศบาลเมือง", "2568"):
        expect(whole).to_contain_text(said)
    kept = drawn_on.api("chief").ask("/api/v1/zone/details")
    assert (kept["population"]["residents"], kept["population"]["as_of"]) == (2367, "2025-12-31")
    assert {"risk"} <= {each["why"] for each in kept["evidence"]}
