"""Lists in and out: every encoding and fault told by row and column, shown before it is stored, all or nothing, once."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook

from safezone.assets.columns import day_of, plain, satang_of, unplain, year_of
from safezone.assets.tables_in import MAX_UNPACKED_BYTES, read_cells
from safezone.core.auth import IssueCredential, Issued, installer
from safezone.core.identity import Role
from safezone.zone.findings import Findings
from tests.support.engines import EngineName
from tests.support.places import REPO
from tests.support.scenarios_estate import OWNER
from tests.support.station import STATION, Api, RunningStation

REAL = REPO.parent / "shared" / "data" / "cameras"
HEAD = "code,kind,name_th,name_en,lon,lat,lifecycle,owner,cost_baht,fiscal_year,warranty_until\n"


@pytest.fixture(scope="module")
def station(engine: EngineName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("importing"))
    station.api("chief").act("/api/v1/estate/owners/municipality", OWNER)
    yield station
    station.close()


@pytest.fixture
def chief(station: RunningStation) -> Api:
    return station.api("chief")


def read_in(api: Api, content: bytes | str, name: str = "list.csv", **query: Any) -> dict[str, Any]:
    """The last line of the answer, which has the report."""
    raw = content.encode() if isinstance(content, str) else content
    answer = api.http.post("/api/v1/estate/import", params={"name": name, **query}, content=raw)
    assert answer.status_code == 200, answer.text
    last: dict[str, Any] = json.loads(answer.text.splitlines()[-1])
    return last


def report(api: Api, content: bytes | str, name: str = "list.csv", **query: Any) -> dict[str, Any]:
    last = read_in(api, content, name, **query)
    assert last["stage"] == "done", last
    found: dict[str, Any] = last["report"]
    return found


def workbook(rows: list[list[Any]]) -> bytes:
    out = io.BytesIO()
    book = Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for at, row in enumerate(rows):
        sheet.write_row(at, 0, row)
    book.close()
    return out.getvalue()


# ── what stands in a cell ──


@pytest.mark.parametrize(
    "said",
    ["31/12/2569", "31-12-2026", "31 ธ.ค. 2569", "31 ธันวาคม 2569", "2569-12-31", "2026-12-31", "๓๑/๑๒/๒๕๖๙", "2026-12-31 00:00:00"],
)  # fmt: skip
def test_a_day_is_read_as_thai_offices_write_it(said: str) -> None:
    assert day_of(said) == date(2026, 12, 31)


@pytest.mark.parametrize("said", ["31/02/2569", "2569", "soon", "32/1/2569", "1/13/2569", "1/1/69", ""])
def test_what_is_no_day_is_none(said: str) -> None:
    assert day_of(said) is None


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2150, 1, 1)))
def test_a_day_of_either_era_is_the_same_day(day: date) -> None:
    assert day_of(f"{day.day}/{day.month}/{day.year + 543}") == day_of(day.isoformat()) == day


@pytest.mark.parametrize(
    ("said", "satang"),
    [("1,250,000.50", 125_000_050), ("0", 0), ("99 บาท", 9900), ("1.005", None), ("-1", None), ("nan", None), ("1e30", None)],
)  # fmt: skip
def test_money_is_kept_to_the_satang(said: str, satang: int | None) -> None:
    assert satang_of(said) == satang


@given(st.text(max_size=12))
def test_no_cell_that_goes_out_is_a_formula_and_it_comes_back_as_it_was(text: str) -> None:
    assert plain(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")
    if text[:1] != "'" and text[:1] not in ("\t", "\r"):
        assert unplain(plain(text)) == text


def test_a_fiscal_year_is_of_the_buddhist_era() -> None:
    assert [year_of(said) for said in ("2569", "2026", "๒๕๖๙", "69", "x")] == [2569, 2569, 2569, None, None]


# ── bad files ──


def bomb() -> bytes:
    out = io.BytesIO()
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed, packed.open(name, "w") as member:
        for _ in range(MAX_UNPACKED_BYTES // (1 << 20) + 8):
            member.write(b"0" * (1 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "nothing_in_it"),
        (b"\n,,\n", "nothing_in_it"),
        (b"PK\x03\x04 no zip at all", "not_workbook"),
        (workbook([["code"]])[:-200], "not_workbook"),
        (b'code,name\n"open', "not_csv"),
        (b"\xff\xfe\x00", "unreadable_text"),
        (b"\x00\x01\x02", "unreadable_text"),
    ],
)
def test_what_is_no_list_is_told(content: bytes, code: str) -> None:
    findings = Findings()
    assert read_cells(content, "list.xlsx", findings) == []
    assert [each.code for each in findings.problems] == [code]


def test_a_workbook_that_unfolds_without_end_is_never_opened() -> None:
    findings = Findings()
    packed = bomb()
    assert len(packed) < 1_000_000
    began_s = time.process_time()
    assert read_cells(packed, "bomb.xlsx", findings) == []
    assert [each.code for each in findings.problems] == ["unfolds_too_far"]
    assert time.process_time() - began_s < 20


def test_a_very_large_file_is_refused_before_it_is_read(chief: Api) -> None:
    answer = chief.http.post(
        "/api/v1/estate/import",
        params={"name": "large.csv"},
        content=(b"0" * (1 << 20) for _ in range(200)),
        headers={"Content-Length": str(200 << 20)},
    )
    assert answer.status_code == 413
    assert chief.get("/api/v1/estate/tally").status_code == 200


# ── row by row ──


def test_every_fault_is_told_by_row_and_column_in_both_languages(chief: Api, station: RunningStation) -> None:
    head = station.head()
    rows = [
        "ok-1,drone,โดรน,,,,,,,,",
        "ok-1,drone,โดรน,,,,,,,,",
        "bad code,drone,โดรน,,,,,,,,",
        "r5,cannon,ปืนใหญ่,,,,,,,,",
        "r6,drone,=HYPERLINK(1),,,,,,,,",
        "r7,drone,โดรน,,16.5,104.7,,,,,",
        "r8,drone,โดรน,,,,in_service,,,,",
        "r9,drone,โดรน,,,,,nobody,,,",
        "r10,drone,โดรน,,,,,,a lot,x,31/02/2569",
        "sos-01,drone,โดรน,,,,,,,,",
        "r12,drone,,,,,,,,,",
        ",cannon,,,far,16.5,flying,nobody,x,,tomorrow",
    ]
    found = report(chief, HEAD + "\n".join(rows), dry_run=False)
    assert not found["stored"]
    assert station.head() == head
    told = {(each["row"], each["column"], each["code"]) for each in found["problems"]}
    assert told >= {
        (3, "code", "duplicate"), (4, "code", "bad_code"), (5, "kind", "unknown_kind"), (6, "name_th", "formula"),
        (7, "lon", "swapped"), (8, "lifecycle", "lacks"), (9, "owner", "unknown_owner"), (10, "cost_baht", "not_money"),
        (10, "fiscal_year", "not_a_year"), (10, "warranty_until", "not_a_day"), (11, "kind", "other_kind"),
        (12, "name_th", "empty"), *((13, column, code) for column, code in (
            ("code", "empty"), ("kind", "unknown_kind"), ("name_th", "empty"), ("lon", "not_a_number"),
            ("lifecycle", "not_one_of"), ("owner", "unknown_owner"), ("cost_baht", "not_money"), ("warranty_until", "not_a_day"),
        )),
    }  # fmt: skip
    twice = next(each for each in found["problems"] if each["code"] == "duplicate")
    assert "list.csv:2" in twice["words"]["th"]
    assert "list.csv:2" in twice["words"]["en"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp874", "tis-620", "utf-16"])
def test_thai_is_read_however_it_was_saved(chief: Api, encoding: str) -> None:
    code = f"enc-{encoding}"
    content = f"รหัส;ชนิด;ชื่อ\n{code};เสาไฟส่องสว่างแบบพกพา;เสาไฟหน้าตลาด\n".encode(encoding)
    assert report(chief, content, dry_run=False)["new"] == 1
    assert chief.ask(f"/api/v1/assets/{code}")["name"]["th"] == "เสาไฟหน้าตลาด"


def test_the_same_list_again_changes_nothing(chief: Api, station: RunningStation) -> None:
    content = (
        HEAD
        + "once-1,light_pole,เสา ๑,pole 1,104.7297,16.5430,in_service,municipality,12500.50,2569,31/12/2570\n"
    )
    dry = report(chief, content)
    assert (dry["new"], dry["stored"]) == (1, False)
    assert chief.get("/api/v1/assets/once-1").status_code == 404
    assert report(chief, content, dry_run=False)["stored"]
    head = station.head()
    again = report(chief, content, dry_run=False)
    assert (again["new"], again["changed"], again["unchanged"], again["stored"]) == (0, 0, 1, True)
    assert station.head() == head
    facts = chief.ask("/api/v1/assets/once-1/detail")["facts"]
    assert (facts["cost_satang"], facts["fiscal_year"], facts["warranty_until"]) == (
        1_250_050,
        2569,
        "2027-12-31",
    )
    renamed = report(chief, content.replace("pole 1", "pole one"), dry_run=False)
    assert (renamed["new"], renamed["changed"]) == (0, 1)
    back = report(chief, "code,lifecycle\nonce-1,installed\n", dry_run=False)
    assert [each["code"] for each in back["problems"]] == ["no_way_back"]
    kept = report(chief, "code,model\nonce-1,M-2\n", dry_run=False)
    assert kept["changed"] == 1
    detail = chief.ask("/api/v1/assets/once-1/detail")["facts"]
    assert (detail["model"], detail["name"]["en"], detail["lifecycle"]) == ("M-2", "pole one", "in_service")


def test_a_place_far_away_is_asked_and_not_refused(chief: Api) -> None:
    content = HEAD + "far-1,drone,โดรน,,2.35,48.85,,,,,\nfar-2,drone,โดรน,,100.5,13.75,,,,,\n"
    asked = report(chief, content, dry_run=False)
    assert {(each["row"], each["code"]) for each in asked["questions"]} == {
        (2, "outside_thailand"), (2, "far_from_zone"), (3, "far_from_zone"),
    }  # fmt: skip
    assert (asked["problem_count"], asked["stored"]) == (0, False)
    assert report(chief, content, dry_run=False, confirmed=True)["stored"]


def test_a_workbook_is_read_as_it_was_typed(chief: Api) -> None:
    rows: list[list[Any]] = [
        ["code", "kind", "name_th", "fiscal_year", "cost"],
        [70001, "drone", "โดรน", 2569.0, 12500.5],
    ]
    assert report(chief, workbook(rows), "list.xlsx", dry_run=False)["stored"]
    facts = chief.ask("/api/v1/assets/70001/detail")["facts"]
    assert (facts["code"], facts["fiscal_year"], facts["cost_satang"]) == ("70001", 2569, 1_250_050)


def test_a_register_that_changed_meanwhile_is_not_written_over(chief: Api, station: RunningStation) -> None:
    """Somebody else's change between the check and the storing is noticed; the list is checked again."""
    from safezone.assets.commands_register import PutAssets
    from safezone.core.errors import Conflict
    from tests.support.station import who

    with pytest.raises(Conflict, match="register_changed"):
        station.do(PutAssets([], [], "of-yesterday"), who("chief"))


def taken_out(
    station: RunningStation, role: Role, partner_id: str | None = None, **more: str
) -> httpx.Response:
    """The list as a machine of this role takes it out."""
    asked = IssueCredential(sort="token", role=role, name="machine", partner_id=partner_id, exports=True)
    issued: Issued = station.do(asked, installer(STATION))
    machine = Api(station.url, issued.secret)
    out = machine.post("/api/v1/estate/export", {"purpose": {"code": "audit"}, **more})
    assert out.status_code == 200, out.text
    machine.http.close()
    return out


@pytest.mark.parametrize("written_as", ["csv", "xlsx"])
def test_what_goes_out_comes_in_again_as_it_was(chief: Api, station: RunningStation, written_as: str) -> None:
    out = taken_out(station, "chief", format=written_as)
    again = report(chief, out.content, f"list.{written_as}", dry_run=False, confirmed=True)
    assert (again["problem_count"], again["new"], again["changed"]) == (0, 0, 0), again["problems"][:3]
    assert again["unchanged"] == chief.ask("/api/v1/assets", limit=1)["total"]


def test_an_owner_takes_out_his_own_alone(station: RunningStation, chief: Api) -> None:
    new = HEAD + "his-1,drone,โดรน,,104.7297,16.5430,in_service,municipality,,,\n"
    assert report(chief, new, dry_run=False)["stored"]
    text = taken_out(station, "cctv_owner", partner_id="municipality").text
    assert "his-1" in text
    assert "sos-01" not in text
    assert {line.rsplit(",", 8)[1] for line in text.splitlines()[1:] if line} == {"municipality"}


# ── real lists ──


QUERY = {"kind": "camera", "lifecycle": "proposed", "owner": "municipality"}
needs_real = pytest.mark.skipif(not REAL.exists(), reason=f"no real camera lists at {REAL}")


@needs_real
def test_the_list_of_2013_asks_about_a_camera_at_ten_degrees(chief: Api) -> None:
    name = "bangkok_cctv_2013.csv"
    found = report(chief, (REAL / name).read_bytes(), name, **QUERY)
    assert (found["rows"], found["new"], found["problem_count"]) == (115, 115, 0)
    assert [each["row"] for each in found["questions"] if each["code"] == "outside_thailand"] == [27]
    assert found["questions"][0]["row"] == 27, "it is not lost behind the hundred that are merely far away"
    assert {each["code"] for each in found["questions"]} == {"outside_thailand", "far_from_zone"}


def test_a_list_without_kinds_asks_for_one_once(chief: Api) -> None:
    found = report(chief, "id,name,lat,lng\nk-1,กล้องหนึ่ง,16.54,104.72\nk-2,กล้องสอง,16.54,104.72\n")
    assert [(each["row"], each["column"], each["code"]) for each in found["problems"]] == [
        (1, "kind", "kind_missing")
    ]


@needs_real
def test_the_list_of_2026_names_both_rows_of_a_code_used_twice(chief: Api) -> None:
    name = "bma_cctv_2026_sample25.csv"
    found = report(chief, (REAL / name).read_bytes(), name, dry_run=False, confirmed=True, **QUERY)
    assert (found["rows"], found["new"], found["stored"]) == (25, 23, False)
    twice = [(each["row"], each["code"]) for each in found["problems"]]
    assert twice == [(19, "duplicate"), (20, "duplicate")]
    assert f"{name}:15" in found["problems"][0]["words"]["en"]


def test_five_thousand_rows_take_seconds_and_say_how_far_they_are(
    chief: Api, station: RunningStation
) -> None:
    rows = [
        f"bulk-{n},light_pole,เสาไฟที่ {n},pole {n},{104.7 + n / 1e6:.6f},16.543,in_service,municipality,,,"
        for n in range(5000)
    ]
    content = (HEAD + "\n".join(rows)).encode()
    began_s = time.process_time()
    query = {"name": "bulk.csv", "dry_run": "false"}
    answer = chief.http.post("/api/v1/estate/import", params=query, content=content)
    took_s = time.process_time() - began_s
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["done"] for line in lines if line["stage"] == "checking" and "done" in line] == [
        *range(250, 5000, 250)
    ]
    assert lines[-1]["report"]["stored"], lines[-1]
    assert took_s < 30
    assert chief.ask("/api/v1/assets", q="เสาไฟที่ 4999")["total"] == 1
    print(f"5,000 rows stored in {took_s:.1f} s")
