"""Lists as offices write them: titles, headings in two lines, Thai digits, several sheets, places in every notation."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook

from safezone.assets.columns import day_of, guessed_day_of, satang_of
from safezone.assets.headings import heading_of
from safezone.assets.importing import Defaults, Ground, ImportReport, Plan
from safezone.assets.register import Known
from safezone.assets.tables_in import read_cells
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.assets import AssetFacts
from safezone.zone.findings import Findings
from safezone.zone.spots import number_of, pair_of

FILES = Path(__file__).parent / "files"
HOME = Point(104.7285, 16.5425)
TOWN = Words("เทศบาลเมืองตัวอย่าง", "Example Town Municipality")


def planned(
    content: bytes, name: str = "list.csv", *, there: list[AssetFacts] | None = None, **defaults: Any
) -> tuple[Plan, ImportReport]:
    """What the list would do at a station with one owner, one agreement and what is there."""
    findings = Findings()
    plan = Plan(read_cells(content, name, findings), name, Defaults(**defaults), findings)
    if not findings.problems:
        known = Known({}, {"town": TOWN, "province": Words("อบจ.", "PAO")}, {"m1": "town"})
        plan.stand_on(Ground(known, {each.id: each for each in there or []}, None, HOME, False, {}))
        plan.take(0, len(plan))
    return plan, plan.report(content)


def comma(*rows: list[str], **how: Any) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, **how).writerows(rows)
    return out.getvalue().encode()


def book(write: Callable[[Workbook], None]) -> bytes:
    out = io.BytesIO()
    made = Workbook(out, {"in_memory": True})
    write(made)
    made.close()
    return out.getvalue()


def camera(**more: Any) -> AssetFacts:
    facts: dict[str, Any] = {
        "id": "c1", "kind": "camera", "code": "C1", "name": Words("หน้าตลาด", "Market gate"), "lifecycle": "installed",
        "owner": TOWN, "owner_id": "town", "mou_id": "m1", "point": HOME, "synthetic": False,
    }  # fmt: skip
    return AssetFacts(**facts | more)


# ── where the list begins ──


def write_as_an_office_does(made: Workbook) -> None:
    hidden = made.add_worksheet("ของปีก่อน")
    hidden.write_row(0, 0, ["รหัส", "ชื่อ"])
    hidden.write_row(1, 0, ["OLD-1", "เก่า"])
    hidden.hide()
    cover = made.add_worksheet("ปก")
    cover.write(0, 0, "บัญชีครุภัณฑ์")
    cover.activate()
    cover.set_first_sheet()
    sheet = made.add_worksheet("กล้อง")
    sheet.merge_range(0, 0, 0, 6, "ทะเบียนกล้องวงจรปิด ปีงบประมาณ ๒๕๖๙")
    for column, heading in ((0, "ลำดับ"), (1, "รหัสกล้อง"), (2, "ประเภท"), (3, "ชื่อจุดติดตั้ง"), (6, "ราคา\n(บาท)")):
        sheet.merge_range(2, column, 3, column, heading)
    sheet.merge_range(2, 4, 2, 5, "พิกัด (WGS84)")
    sheet.write_row(3, 4, ["ละติจูด", "ลองจิจูด"])
    sheet.write_row(4, 0, ["๑", "CAM-๐๑", "กล้อง", "หน้าตลาด\nฝั่งใต้", 16.543, 104.7297, "๑๒,๕๐๐.-"])
    sheet.write_row(5, 0, [2, "CAM-02", "กล้อง", "ท่าเรือ", "16°32'34.1\"N", "104°43'47\"E", 12500.5])
    sheet.write(6, 0, "รวม")
    sheet.write(6, 6, 25000.5)
    sheet.write(8, 0, "ผู้รับรองข้อมูล")
    poles = made.add_worksheet("เสา")
    poles.write_row(0, 0, ["รหัส", "ชื่อ"])


def test_a_workbook_as_an_office_writes_it() -> None:
    plan, report = planned(book(write_as_an_office_does), "ทะเบียน.xlsx")
    assert (report.problems, report.new) == ([], 2)
    first, second = plan.new
    assert (first.code, first.name.th, first.cost_satang) == ("CAM-01", "หน้าตลาด ฝั่งใต้", 1_250_000)
    assert first.point == Point(104.7297, 16.543)
    assert second.point == Point(pytest.approx(104.729722, abs=1e-6), pytest.approx(16.542806, abs=1e-6))  # type: ignore[arg-type]
    asked = [(each.code, each.row) for each in report.questions]
    assert asked == [("sheet_left_out", None), ("row_left_out", 7), ("row_left_out", 9)]
    assert [each.code for each in report.notices] == ["sheet_not_read", "sheet_not_read", "column_unknown"]


def test_a_fault_names_the_cell_of_the_sheet() -> None:
    def write(made: Workbook) -> None:
        sheet = made.add_worksheet()
        sheet.write(0, 0, "บัญชี")
        sheet.write_row(2, 1, ["รหัส", "ชนิด", "ชื่อ", "พิกัด"])
        sheet.write_row(5, 1, ["x-1", "กล้อง", "ก", "หน้าตลาด"])

    _, report = planned(book(write), "list.xlsx")
    assert [(each.row, each.cell, each.code) for each in report.problems] == [(6, "E6", "not_a_place")]


def test_a_camera_that_is_merged_downwards_belongs_to_each_of_its_rows() -> None:
    def write(made: Workbook) -> None:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["รหัส", "ชนิด", "ชื่อ", "เจ้าของ"])
        sheet.merge_range(1, 3, 3, 3, "เทศบาลเมืองตัวอย่าง")
        for n in (1, 2, 3):
            sheet.write_row(n, 0, [f"c{n}", "กล้อง", f"กล้อง {n}"])

    plan, report = planned(book(write), "list.xlsx")
    assert report.problems == []
    assert [facts.owner_id for facts in plan.new] == ["town", "town", "town"]


def test_old_excel_is_read_and_a_password_is_told() -> None:
    plan, report = planned((FILES / "old_excel.xls").read_bytes(), "old.xls")
    assert (report.problems, [facts.code for facts in plan.new]) == ([], ["XLS-01"])
    assert plan.new[0].warranty_until == date(2027, 12, 31)
    findings = Findings()
    assert read_cells((FILES / "locked.xlsx").read_bytes(), "locked.xlsx", findings) == []
    assert [each.code for each in findings.problems] == ["workbook_locked"]
    page = "<html><table><tr><td>รหัส</td></tr></table></html>".encode()
    assert read_cells(page, "report.xls", findings) == []
    assert findings.problems[-1].code == "web_page"


def test_a_stray_cell_at_the_end_of_a_sheet_does_not_end_the_program() -> None:
    def write(made: Workbook) -> None:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["code", "kind"])
        sheet.write(1_048_575, 16_383, "x")

    findings = Findings()
    assert read_cells(book(write), "list.xlsx", findings) == []
    assert [each.code for each in findings.problems] == ["workbook_too_much"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_title_above_the_heading_of_a_text_file(separator: str) -> None:
    content = comma(
        ["ทะเบียนกล้อง, เสา และอื่น ๆ"], [], ["รหัส", "ชนิด", "ชื่อ", "พิกัด"],
        ["a1", "กล้อง", "ตลาด\r\nฝั่งใต้", "16.543,104.7297"], delimiter=separator,
    )  # fmt: skip
    plan, report = planned(content)
    assert (report.problems, plan.new[0].name.th) == ([], "ตลาด ฝั่งใต้")
    assert plan.new[0].point == Point(104.7297, 16.543)


def test_a_thing_with_a_code_is_never_taken_for_a_heading() -> None:
    rows = [["code", "kind", "model"], ["n", "e", "x"], ["id", "name", "lat"]]
    assert heading_of(rows).line == 1


def test_a_heading_in_two_languages_is_one_heading() -> None:
    found = heading_of([["ทะเบียน"], ["รหัส", "ชื่อ", ""], ["code", "name_th", "lat"], ["a", "b", "1"]])
    assert (found.line, set(found.at)) == (3, {"code", "name_th", "lat"})


# ── places ──

MARKET = (104.7225, 16.5428)
NOTATIONS = [
    "16.5428,104.7225", "104.7225, 16.5428", "(16.5428 104.7225)", "16,5428; 104,7225", "๑๖.๕๔๒๘, ๑๐๔.๗๒๒๕",
    "16°32'34.08\"N 104°43'21\"E", "16° 32' 34.08\" N, 104° 43' 21\" E", "N 16° 32.568' E 104° 43.35'",
    "https://www.google.com/maps?q=16.5428,104.7225", "https://www.google.co.th/maps/@16.5428,104.7225,17z",
    "https://www.google.com/maps/place/X/@16.5,104.7,17z/data=!3m1!8m2!3d16.5428!4d104.7225",
]  # fmt: skip


@pytest.mark.parametrize("said", NOTATIONS)
def test_both_numbers_in_one_cell(said: str) -> None:
    assert pair_of(said) == pytest.approx(MARKET, abs=1e-6)
    plan, report = planned(comma(["code", "kind", "name", "พิกัด"], ["a", "drone", "โดรน", said]))
    assert report.problems == []
    assert plan.new[0].point == Point(*map(pytest.approx, MARKET))  # type: ignore[arg-type]


def test_a_short_link_and_half_a_place_are_refused() -> None:
    rows = [
        ["a1", "", "", "https://maps.app.goo.gl/AbC"],
        ["a2", "104.72", "", ""],
        ["a3", "104.72", "x", ""],
    ]
    content = comma(["code", "lon", "lat", "พิกัด", "name"], *([*row, "โดรน"] for row in rows))
    _, report = planned(content, kind="drone")
    told = [(each.row, each.column, each.code) for each in report.problems]
    assert told == [(2, "place", "short_address"), (3, "lat", "half_a_place"), (4, "lat", "not_a_number")]


@given(st.floats(5.7, 20.4), st.floats(97.4, 105.6))
def test_degrees_minutes_and_seconds_are_the_same_degrees(lat: float, lon: float) -> None:
    def said(value: float) -> str:
        minutes, seconds = divmod(round(value * 3600, 4), 60)
        return f"{int(minutes // 60)}°{int(minutes % 60)}'{seconds:.4f}\""

    assert number_of(said(lat)) == pytest.approx(lat, abs=1e-7)
    assert pair_of(f"{said(lat)}N {said(lon)}E") == pytest.approx((lon, lat), abs=1e-7)
    assert pair_of(f"{lon:.6f} {lat:.6f}") == pair_of(f"{lat:.6f}, {lon:.6f}")


@given(st.text(max_size=40))
def test_whatever_stands_in_a_cell_it_is_a_place_or_none(text: str) -> None:
    found = pair_of(text)
    assert found is None or all(abs(each) < 1e300 for each in found)


def test_metres_are_read_in_the_zone_in_which_they_lie_at_the_station_and_asked_about_once() -> None:
    rows = [["a1", "471,123", "1,829,456"], ["a2", "471130.5", "1829460"], ["a3", "1829460", "471130"]]
    content = comma(["รหัส", "E", "N", "ชื่อ"], *([*row, "โดรน"] for row in rows))
    plan, report = planned(content, kind="drone")
    assert [(each.code, each.row) for each in report.problems] == [("metres_swapped", 4)]
    assert [(each.code, each.row) for each in report.questions] == [("read_as_metres", 2)]
    assert "UTM 48N" in report.questions[0].words.en
    assert plan.new[0].point == Point(pytest.approx(104.7294, abs=1e-3), pytest.approx(16.5466, abs=1e-3))  # type: ignore[arg-type]


# ── days and money ──


@pytest.mark.parametrize(
    ("said", "day"),
    [("๑๕ ม.ค. ๒๕๖๗", date(2024, 1, 15)), ("15 มกราคม พ.ศ. 2567", date(2024, 1, 15)), ("15-Jan-2024", date(2024, 1, 15)),
     ("15ม.ค.2567", date(2024, 1, 15)), ("29/2/2567", date(2024, 2, 29)), ("29/2/2568", None), ("1/15/2024", None), ("15/1/67", None)],
)  # fmt: skip
def test_days(said: str, day: date | None) -> None:
    assert day_of(said) == day


@pytest.mark.parametrize(
    ("said", "day"),
    [("15/1/67", date(2024, 1, 15)), ("๑๕ ม.ค. ๖๗", date(2024, 1, 15)), ("15-Jan-27", date(2027, 1, 15)), ("45306", date(2024, 1, 15)),
     ("29/2/68", None), ("67", None), ("2567", None)],
)  # fmt: skip
def test_a_day_that_is_only_guessed_is_asked_about(said: str, day: date | None) -> None:
    assert guessed_day_of(said) == day
    plan, report = planned(comma(["code", "name", "ประกันถึง"], ["a", "โดรน", said]), kind="drone")
    codes = [each.code for each in (*report.problems, *report.questions)]
    assert codes == ["day_guessed" if day else "not_a_day"]
    assert [facts.warranty_until for facts in plan.new] == ([day] if day else [])


@given(st.dates(min_value=date(1983, 1, 1), max_value=date(2100, 1, 1)))
def test_a_spreadsheets_number_of_a_day_is_that_day(day: date) -> None:
    assert guessed_day_of(str((day - date(1899, 12, 30)).days)) == day


@pytest.mark.parametrize(
    ("said", "satang"),
    [("฿12,500.-", 1_250_000), ("๑๒,๕๐๐ บาทถ้วน", 1_250_000), ("8999.999999999998", 900_000), ("1.005", None)],
)
def test_money(said: str, satang: int | None) -> None:
    assert satang_of(said) == satang


# ── what is there already ──


def test_a_list_without_english_names_leaves_them_and_a_changed_one_is_taken() -> None:
    thai = comma(["รหัส", "ชื่อ"], ["C1", "หน้าตลาด"])
    assert planned(thai, there=[camera()])[1].unchanged == 1
    plan, _ = planned(comma(["code", "name_en"], ["C1", "Market"]), there=[camera()])
    assert [facts.name for facts in plan.changed] == [Words("หน้าตลาด", "Market")]
    plan, _ = planned(comma(["รหัส", "ชื่อ"], ["C1", "ท่าเรือ"]), there=[camera(name=Words("ก", "ก"))])
    assert [facts.name for facts in plan.changed] == [Words("ท่าเรือ", "ท่าเรือ")]


def test_the_owner_for_all_rows_takes_nothing_from_another() -> None:
    content = comma(["code", "name"], ["C1", "หน้าตลาด"], ["C2", "ใหม่"])
    plan, report = planned(content, there=[camera()], kind="camera", owner_id="province")
    assert (report.unchanged, report.changed) == (1, 0)
    assert [facts.owner_id for facts in plan.new] == ["province"]


def test_an_agreement_is_with_the_owner_of_the_register_or_of_the_row() -> None:
    assert planned(comma(["code", "mou"], ["C1", "m1"]), there=[camera(mou_id=None)])[1].changed == 1
    plan, report = planned(comma(["code", "เจ้าของ"], ["C1", "อบจ."]), there=[camera()])
    assert report.problems == []
    assert [(facts.owner_id, facts.mou_id) for facts in plan.changed] == [("province", None)]


def test_a_dash_is_nothing_and_what_nobody_sees_is_not_there() -> None:
    content = comma(
        ["รหัส", "ชื่อ", "รุ่น", "lat", "lon", "ราคา"], ["C\u200b1", "หน้า\u200bตลาด", "-", "-", "–", "ไม่มี"]
    )
    assert planned(content, there=[camera()])[1].unchanged == 1
