"""The equipment's room: found, entered and brought into service, mended by one and accepted by another, lent, tried, and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import OpenConsole, PressPole
from tests.support.browser import NewPage
from tests.support.running import Station, running

_PAINTED = """(canvas, colour) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const found = [];
  for (let n = 0; n < width * height; n += 1)
    if (colour ? colour.every((part, c) => data[4 * n + c] === part) : data[4 * n + 3] > 0) found.push(n);
  if (found.length === 0) return null;
  const middle = found[Math.floor(found.length / 2)];
  return { x: (middle % width) / devicePixelRatio, y: Math.floor(middle / width) / devicePixelRatio };
}"""
"""A place in the middle of what is painted (in one colour)."""
_CIRCLE = [0x14, 0x20, 0x2D, 0xFF]

PIER = {"lat": "16.5448", "lon": "104.7296"}
OWNER = {"name": {"th": "เทศบาลเมือง", "en": "Municipality"}, "sector": "local_government"}


@pytest.fixture(scope="module")
def running_station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """A demonstration station for these journeys alone, because they add to its register."""
    with running(tmp_path_factory.mktemp("estate-journeys") / "data") as found:
        answer = found.ask("POST", "/estate/owners/municipality", OWNER, who="chief")
        assert answer.is_success, answer.text
        yield found


class Room:
    """The room of the equipment as somebody uses it."""

    def __init__(self, new_page: NewPage, station: Station, who: str, **more: Any) -> None:
        self.page: Page = new_page(**{"width_px": 1366, "height_px": 768, **more})
        self.page.goto(f"{station.url}/enter#token={station.tokens[who]}")
        self.page.wait_for_url(re.compile("/(office|console)"))
        self.page.goto(f"{station.url}/office/assets")
        expect(self.get("estate-asset").first).to_be_visible()

    def get(self, testid: str) -> Locator:
        """The part of the screen with this name."""
        return self.page.get_by_test_id(testid)

    def go(self, tab: str) -> None:
        """To one of the room's tabs."""
        self.page.locator(f"[data-testid=estate-tab][data-tab={tab}]").click()

    def open(self, asset_id: str) -> Locator:
        """Everything about one thing, found by its code."""
        self.get("estate-search").fill(asset_id)
        self.page.locator(f"[data-testid=estate-asset][data-asset-id={asset_id}]").click()
        detail = self.page.locator(f"[data-testid=estate-detail][data-asset-id={asset_id}]")
        expect(detail).to_be_visible()
        return detail

    def report_fault(self, text: str) -> None:
        """A work order about what is open."""
        self.page.get_by_text("แจ้งซ่อม").first.click()
        self.get("order-text").fill(text)
        self.get("order-open").click()


@pytest.fixture
def lamp(station: Station) -> str:
    """A light pole in service, entered once."""
    said = {
        "kind": "light_pole",
        "code": "LAMP-1",
        "name": {"th": "เสาไฟท่าเรือ", "en": "Pier lamp"},
        "lifecycle": "in_service",
        "owner_id": "municipality",
        "place": {axis: float(value) for axis, value in PIER.items()},
    }
    answer = station.ask("POST", "/assets", said, who="chief")
    assert answer.status_code in (201, 409), answer.text
    return "lamp-1"


def test_it_is_searched_and_filtered(station: Station, new_page: NewPage) -> None:
    room = Room(new_page, station, "auditor")
    found = room.get("estate-found")
    total = station.ask("GET", "/assets?limit=1").json()["total"]
    expect(found).to_contain_text(f" {total} ")
    room.get("estate-search").fill("ตลาดอินโดจีน")
    expect(found).not_to_contain_text(f" {total} ")
    expect(room.get("estate-asset").first).to_contain_text("ตลาดอินโดจีน")
    room.get("estate-search").fill("ไม่มีที่ใดในโลก")
    expect(room.get("estate-asset")).to_have_count(0)
    room.get("estate-search").fill("")
    room.get("estate-kind").select_option("sos_point")
    expect(room.page.locator("[data-testid=estate-asset][data-asset-id^=c]")).to_have_count(0)
    expect(room.page.locator("[data-testid=estate-asset][data-asset-id=sos-01]")).to_be_visible()
    room.get("estate-kind").select_option("")
    planned = room.page.get_by_label("สถานะ", exact=True)
    planned.select_option("approved")
    counted = station.ask("GET", "/assets?lifecycle=approved&limit=1").json()["total"]
    expect(found).to_contain_text(f" {counted} ")
    planned.select_option("")
    unknown = room.page.locator("[data-testid=estate-readiness][data-readiness=UNKNOWN]")
    unknown.click()
    expect(unknown).to_have_attribute("aria-pressed", "true")
    room.go("map")
    drawn = station.ask("GET", "/estate/map?readiness=UNKNOWN").json()["total"]
    expect(room.get("estate-map")).to_have_attribute("data-drawn", str(drawn))
    expect(room.get("estate-add")).to_have_count(0)


def test_the_map_is_asked_before_the_list_and_ends_at_the_last_word(
    station: Station, new_page: NewPage
) -> None:
    room = Room(new_page, station, "auditor")
    room.go("map")
    drawn = room.get("estate-map")
    expect(drawn).not_to_have_attribute("data-answers", "0")
    asked: list[str] = []
    words = ("/estate/map?", "/assets?")
    room.page.on("request", lambda request: asked.extend(each for each in words if each in request.url))
    with room.page.expect_response(lambda answer: "/api/v1/assets?" in answer.url):
        room.get("estate-search").fill("ตลาด")
    assert asked == ["/estate/map?", "/assets?"]
    room.get("estate-search").press_sequentially("อินโดจีน")
    counted = station.ask("GET", "/assets?q=ตลาดอินโดจีน&limit=1").json()["total"]
    expect(room.get("estate-found")).to_contain_text(f" {counted} ")
    of_all = station.ask("GET", "/estate/map?q=ตลาดอินโดจีน").json()["total"]
    expect(drawn).to_have_attribute("data-drawn", str(of_all))
    room.get("estate-search").press_sequentially("ไม่มี")
    room.go("list")
    expect(room.get("estate-asset")).to_have_count(0)
    room.get("estate-search").fill("")
    expect(room.get("estate-asset").first).to_be_visible()


def test_what_is_painted_on_the_map_is_what_was_found_and_can_be_pressed(
    station: Station, new_page: NewPage
) -> None:
    room = Room(new_page, station, "auditor")
    room.go("map")
    answers, marks = room.get("estate-map"), room.get("estate-marks")

    def look_for(what: str) -> None:
        before = str(answers.get_attribute("data-answers"))
        room.get("estate-search").fill(what)
        expect(answers).not_to_have_attribute("data-answers", before)

    expect(answers).not_to_have_attribute("data-answers", "0")
    look_for("ไม่มีที่ใดในโลก")
    assert marks.evaluate(_PAINTED) is None
    look_for("sos-01")
    assert marks.evaluate(_PAINTED, _CIRCLE) is None, "one thing alone is no circle"
    marks.click(position=marks.evaluate(_PAINTED), force=True)
    expect(room.page.locator("[data-testid=estate-detail][data-asset-id=sos-01]")).to_be_visible()
    look_for("")
    with room.page.expect_request(lambda request: "/estate/map?" in request.url) as nearer:
        marks.click(position=marks.evaluate(_PAINTED, _CIRCLE), force=True)
    assert "zoom=16" in nearer.value.url


def test_a_new_thing_comes_into_service_and_is_ready_when_somebody_has_looked(
    station: Station, new_page: NewPage
) -> None:
    room = Room(new_page, station, "chief", expected=["422"])
    room.get("estate-add").click()
    room.get("new-kind").select_option("loudspeaker")
    room.get("new-code").fill("SPK-1")
    room.get("new-name").fill("เครื่องขยายเสียงหน้าวัด")
    room.get("new-save").click()
    detail = room.page.locator("[data-testid=estate-detail][data-asset-id=spk-1]")
    expect(detail).to_contain_text("เสนอ")

    def step(to: str, reason: str) -> None:
        room.page.locator(f"[data-testid=estate-step][value={to}]").check()
        room.get("estate-step-reason").fill(reason)
        room.get("estate-step-go").click()

    for to, words in (("approved", "อนุมัติ"), ("procured", "จัดซื้อ"), ("installed", "ติดตั้ง")):
        step(to, f"มติที่ประชุม {words}")
        expect(detail.locator(".state")).to_contain_text(words)
    step("in_service", "เปิดใช้")
    expect(room.get("estate-problem")).to_contain_text("เจ้าของ")
    station.ask("POST", "/assets/spk-1/facts", {"owner_id": "municipality"}, who="chief")
    station.ask("POST", "/assets/spk-1/place", {"place": {"lat": 16.5448, "lon": 104.7296}}, who="chief")
    step("in_service", "เปิดใช้")
    expect(detail).to_have_attribute("data-readiness", "UNKNOWN")
    expect(room.get("estate-reason")).to_contain_text("ยังไม่มีใครตรวจดู")
    expect(detail.locator(".state")).to_contain_text("ตั้งแต่")
    room.get("estate-ok").click()
    expect(detail).to_have_attribute("data-readiness", "READY")
    room.page.get_by_text("ประวัติ").click()
    expect(room.get("estate-history")).to_contain_text("มติที่ประชุม จัดซื้อ")


def test_whoever_mended_it_does_not_accept_it(station: Station, new_page: NewPage, lamp: str) -> None:
    operator = Room(new_page, station, "operator")
    operator.open(lamp)
    operator.report_fault("หลอดไฟไม่ติด")
    expect(operator.get("order")).to_have_attribute("data-state", "open")
    expect(operator.get("estate-detail")).to_have_attribute("data-readiness", "DOWN")

    technician = Room(new_page, station, "technician")
    technician.go("tasks")
    order = technician.get("order").first
    expect(order).to_contain_text("หลอดไฟไม่ติด")
    technician.page.locator("[data-testid=order-step][data-step=started]").click()
    expect(order).to_have_attribute("data-state", "started")
    technician.page.locator("[data-testid=order-step][data-step=done]").click()
    expect(order).to_have_attribute("data-state", "done")
    expect(technician.get("order-own")).to_contain_text("ผู้ซ่อม")
    expect(technician.page.locator("[data-testid=order-step]")).to_have_count(0)

    expect(operator.get("order")).to_have_attribute("data-state", "done")
    operator.page.locator("[data-testid=order-step][data-step=accepted]").click()
    expect(operator.get("order")).to_have_count(0)
    expect(operator.get("estate-reason")).not_to_contain_text("ใบสั่งซ่อม")


def test_it_is_lent_and_comes_back(station: Station, new_page: NewPage, lamp: str) -> None:
    room = Room(new_page, station, "technician")
    room.open(lamp)
    room.page.get_by_text("ให้ยืม").first.click()
    room.get("loan-to").fill("ตลาดกลางคืน คุณสมหญิง")
    room.get("loan-until").fill((datetime.now(UTC).date() + timedelta(days=7)).isoformat())
    room.get("loan-go").click()
    expect(room.get("loan-out")).to_contain_text("ตลาดกลางคืน คุณสมหญิง")
    room.go("loans")
    expect(room.get("loan").first).to_contain_text("LAMP-1")
    room.go("list")
    room.open(lamp)
    room.get("loan-back").click()
    expect(room.get("loan-out")).to_have_count(0)


def test_a_pole_is_tried_from_end_to_end(
    station: Station, new_page: NewPage, open_console: OpenConsole, press_pole: PressPole
) -> None:
    console = open_console("operator")
    console.turn_sound_on()
    technician = Room(new_page, station, "technician", width_px=390, height_px=844)
    technician.open("sos-03")
    technician.get("pole-test-start").click()
    test = technician.get("pole-test")
    expect(test).to_have_attribute("data-result", "open")
    incident = press_pole("sos-03")
    console.expect_alarm()
    console.choose(incident)
    expect(console.get("pole-under-test")).to_contain_text("กำลังทดสอบเสานี้")
    console.get("ack-button").click()
    expect(technician.page.locator("[data-testid=pole-step][data-done=yes]")).to_have_count(2)
    technician.get("pole-lamp-yes").click()
    expect(technician.page.locator("[data-testid=pole-step][data-done=yes]")).to_have_count(3)
    console.get("close-button").click()
    console.get("outcome-drill").check(force=True)
    console.get("close-confirm").click()
    expect(test).to_have_attribute("data-result", "passed")
    expect(technician.get("pole-result")).to_contain_text("ผ่าน")
    expect(console.get("pole-under-test")).to_have_count(0)


HEAD = "code,kind,name_th,lon,lat,lifecycle,owner\n"
WELL = "DRN-1,drone,โดรนหนึ่ง,104.7296,16.5448,approved,municipality\n"


def test_a_list_comes_in_whole_or_not_at_all(station: Station, new_page: NewPage, tmp_path: Path) -> None:
    room = Room(new_page, station, "chief")
    room.go("import")
    bad, good = tmp_path / "รายการ.csv", tmp_path / "แก้แล้ว.csv"
    bad.write_text(HEAD + WELL + "DRN-2,ปืนใหญ่,โดรนสอง,104.73,16.54,approved,nobody\n", "utf-8")
    good.write_bytes(
        (HEAD + WELL + "DRN-2,โดรน,โดรนสอง,104.7300,16.5440,approved,municipality\n").encode("cp874")
    )

    def check(file: Path) -> Locator:
        room.get("import-file").set_input_files(file)
        room.get("import-check").click()
        expect(room.get("import-report")).to_be_visible()
        return room.get("import-report")

    report = check(bad)
    first = room.get("finding").first
    expect(first).to_contain_text("แถว 3")
    expect(first).to_contain_text("ปืนใหญ่")
    expect(room.get("import-store")).to_have_count(0)
    room.get("lang-switch").click()
    expect(first).to_contain_text("Row 3")
    room.get("lang-switch").click()
    check(good)
    room.get("import-store").click()
    expect(report).to_have_attribute("data-stored", "true")
    assert station.ask("GET", "/assets/drn-2").json()["name"]["th"] == "โดรนสอง"
    check(good)
    expect(report).to_contain_text("2 แถว: ใหม่ 0")
    told = station.ask("GET", "/assets/drn-2/detail").json()["history"]
    room.get("import-store").click()
    expect(report).to_contain_text("ไม่มีอะไรเปลี่ยน")
    assert station.ask("GET", "/assets/drn-2/detail").json()["history"] == told


def test_labels_are_printed_of_what_was_found(station: Station, new_page: NewPage, tmp_path: Path) -> None:
    room = Room(new_page, station, "chief")
    room.get("estate-kind").select_option("sos_point")
    room.go("import")
    with room.page.expect_download() as got:
        room.get("labels").click()
    sheet = tmp_path / "labels.pdf"
    got.value.save_as(sheet)
    raw = sheet.read_bytes()
    assert raw.startswith(b"%PDF-")
    assert b"%%EOF" in raw[-64:]


def test_an_agreement_has_its_paper(station: Station, new_page: NewPage, tmp_path: Path) -> None:
    agreement = {
        "owner_id": "municipality",
        "number": "มห 1/2569",
        "from_day": "2026-01-01",
        "until_day": "2027-12-31",
        "scope": {"th": "เสาไฟ", "en": "lamps"},
    }
    assert station.ask("POST", "/estate/mous", agreement, who="chief").is_success
    paper = tmp_path / "ลงนามแล้ว.pdf"
    paper.write_bytes(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n")
    room = Room(new_page, station, "chief")
    room.go("owners")
    room.get("mou-paper-add").set_input_files(paper)
    shown = room.get("mou-paper")
    expect(shown).to_contain_text("ลงนามแล้ว.pdf")
    answer = room.page.request.get(f"{station.url}{shown.get_attribute('href')}")
    assert answer.body() == paper.read_bytes()
    room.get("mou-mend").click()
    room.get("mou-number").fill("มห 2/2569")
    room.get("mou-save").click()
    expect(room.get("owner")).to_contain_text("มห 2/2569")
    expect(room.get("owner")).not_to_contain_text("มห 1/2569")
    expect(shown).to_contain_text("ลงนามแล้ว.pdf")
    room.page.get_by_text("เพิ่มเจ้าของ").click()
    room.get("owner-id").fill("municipality")
    room.get("owner-name").fill("เจ้าของอื่น")
    room.get("owner-save").click()
    expect(room.get("owners")).to_contain_text("รหัสนี้มีแล้ว")
    room.get("owner-mend").click()
    room.get("owner-name").fill("เทศบาลเมือง กองช่าง")
    room.get("owner-save").click()
    expect(room.get("owner")).to_contain_text("เทศบาลเมือง กองช่าง")
    auditor = Room(new_page, station, "auditor")
    auditor.go("owners")
    expect(auditor.get("mou-paper")).to_be_visible()
    expect(auditor.get("mou-paper-add")).to_have_count(0)


def test_on_a_telephone_nothing_of_it_is_cut_off_and_a_thai_year_is_meant_as_one(
    station: Station, new_page: NewPage, lamp: str
) -> None:
    scope = {"th": "เสาไฟ", "en": "lamps"}
    number = "มห 52001/2569 ลงวันที่ 1 ตุลาคม 2568 ระหว่างสถานีกับเทศบาล"
    until = {"from_day": "2025-10-01", "until_day": "2099-09-30"}
    said = station.ask(
        "POST",
        "/estate/mous",
        {"owner_id": "municipality", "number": number, "scope": scope, **until},
        who="chief",
    )
    mou = next(each["id"] for each in said.json()["items"] if each["number"] == number)
    assert station.ask("POST", f"/assets/{lamp}/facts", {"mou_id": mou}, who="chief").is_success
    station.ask(
        "POST", f"/assets/{lamp}/work-orders", {"severity": "watch", "text": "แบตเตอรี่"}, who="operator"
    )
    room = Room(new_page, station, "chief", width_px=390, height_px=844, expected=["422"])
    detail = room.open(lamp)
    expect(detail).to_contain_text(number)
    room.get("estate-edit").click()
    warranty = room.page.get_by_label("ประกันถึง")
    warranty.fill("2571-03-31")
    expect(room.get("day-said")).to_have_text("ศ. 31 มี.ค. 2571")
    expect(warranty).to_have_value("2028-03-31")
    assert detail.evaluate("each => each.scrollWidth <= each.clientWidth && each.clientWidth < 390")
    expect(detail.get_by_test_id("order-step")).to_have_count(3)
    for button in detail.get_by_test_id("order-step").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] < 60 < box["width"] * 2, "its word stands on one line"
    room.get("facts-save").click()
    expect(room.get("facts-save")).to_have_count(0)
    expect(detail).to_contain_text("31 มี.ค. 2571")
    kept = station.ask("GET", f"/assets/{lamp}/detail", who="chief").json()["facts"]
    assert kept["warranty_until"] == "2028-03-31"
    room.get("estate-move").click()
    room.page.get_by_label("ละติจูด").fill("48.85")
    room.page.get_by_label("ลองจิจูด").fill("2.35")
    room.page.get_by_role("button", name="บันทึก", exact=True).click()
    expect(room.get("estate-problem")).to_contain_text("นอกประเทศไทย")
    expect(room.get("estate-problem")).to_be_in_viewport()
