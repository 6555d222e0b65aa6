"""The equipment of a station set: the demonstration station as it stands, and broken tables."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from safezone.assets.station_set import StationSet, read_station_set
from safezone.core.geo import Point
from safezone.zone.findings import StationSetRefused
from safezone.zone.geodesy import area_m2, perimeter_m
from safezone.zone.rules import Ground
from tests.support.places import shared_data
from tests.zone.ground import MUKDAHAN

SITES, CAMERAS, POINTS = "camera_sites.csv", "cameras.csv", "sos_points.csv"


@pytest.fixture(scope="module")
def mukdahan() -> StationSet:
    return read_station_set(MUKDAHAN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demonstration set, to be broken."""
    return Path(shutil.copytree(MUKDAHAN, tmp_path / "set"))


# ── the demonstration station ──


def test_mukdahan_has_the_facts_of_the_field(mukdahan: StationSet) -> None:
    zone, assets = mukdahan.zone, mukdahan.assets
    assert area_m2(zone.boundary) / 1e6 == pytest.approx(0.42, rel=0.01)
    assert perimeter_m(zone.boundary) / 1e3 == pytest.approx(3.59, rel=0.01)
    assert zone.population is not None
    assert zone.population.residents == 2367
    assert {c.name.th.removeprefix("ชุมชน"): c.coverage for c in zone.communities} == {
        "ศรีมงคลยอดแก้ว": "whole",
        "ศรีสุมังค์": "part",
        "หลังศูนย์ราชการ": "part",
    }
    kinds = Counter(place.sort for place in zone.places)
    assert kinds["gold_shop"] == 12
    assert {"ตลาดอินโดจีน", "ตลาดกลางคืน"} <= {place.name.th for place in zone.places}
    assert [site.site_id for site in assets.sites] == [f"cs-{n:02d}" for n in range(1, 19)]
    assert [camera.camera_id for camera in assets.cameras] == [f"cam-{n:02d}" for n in range(1, 62)]
    assert [point.point_id for point in assets.sos_points] == [f"sos-{n:02d}" for n in range(1, 9)]
    assert {unit.id: unit.kind for unit in mukdahan.units} == {
        "car-1": "car",
        "car-2": "car",
        "moto-1": "motorcycle",
        "moto-2": "motorcycle",
        "foot-1": "foot",
        "foot-2": "foot",
    }
    assert mukdahan.notices == []


def test_everything_in_mukdahan_is_marked_synthetic_and_says_why(mukdahan: StationSet) -> None:
    assets = mukdahan.assets
    assert mukdahan.zone.synthetic
    assert all(site.synthetic for site in assets.sites)
    assert all(camera.synthetic for camera in assets.cameras)
    assert all(point.synthetic for point in assets.sos_points)
    assert mukdahan.zone.note is not None
    assert "illustrative" in mukdahan.zone.note.en


def test_poles_sites_and_gold_shops_stand_in_the_zone(mukdahan: StationSet) -> None:
    zone = mukdahan.zone
    ground = Ground(zone.boundary, zone.communities, zone.places)
    inside = {
        **{site.site_id: site.point for site in mukdahan.assets.sites},
        **{point.point_id: point.point for point in mukdahan.assets.sos_points},
        **{place.place_id: place.point for place in zone.places if place.sort == "gold_shop"},
    }
    assert [name for name, point in inside.items() if not ground.what_is_at(point).inside_zone] == []


def test_a_whole_community_lies_in_the_zone_and_a_part_does_not(mukdahan: StationSet) -> None:
    zone = mukdahan.zone
    ground = Ground(zone.boundary, [], [])
    for community in zone.communities:
        ring = community.area[0][0]
        centre = (sum(c[0] for c in ring) / len(ring), sum(c[1] for c in ring) / len(ring))
        # Just inside its outline, where both share a side.
        near = [Point(lon + (centre[0] - lon) * 0.02, lat + (centre[1] - lat) * 0.02) for lon, lat in ring]
        in_zone = [ground.what_is_at(point).inside_zone for point in near]
        assert all(in_zone) == (community.coverage == "whole"), community.name.en
        assert any(in_zone)


def test_streets_meet_at_shared_corners(mukdahan: StationSet) -> None:
    """A patrol that follows the streets can get everywhere."""
    streets = [set(street.line) for street in mukdahan.zone.streets]
    reached = streets.pop(0)
    while joined := [line for line in streets if line & reached]:
        reached = reached.union(*joined)
        streets = [line for line in streets if line not in joined]
    assert streets == []


# ── broken tables ──


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text("utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, 1), "utf-8")

    return change


FAULTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "latitude and longitude exchanged": (
        _replace(POINTS, "104.729697,16.543876", "16.543876,104.729697"),
        "sos_points.csv แถว 2 คอลัมน์ lon: ลองจิจูดกับละติจูดสลับกัน (16.5439, 104.73): ลองจิจูด (ราว 97–106) มาก่อน",
        (
            "sos_points.csv, row 2, column lon: Longitude and latitude are exchanged (16.5439, 104.73): "
            "longitude (about 97–106) comes first."
        ),
    ),
    "a coordinate with words": (
        _replace(POINTS, "16.543876", "16.54N"),
        "sos_points.csv แถว 2 คอลัมน์ lat: “16.54N” ไม่ใช่ตัวเลข: เขียนเช่น 16.5428",
        "sos_points.csv, row 2, column lat: “16.54N” is not a number: write it like 16.5428.",
    ),
    "no coordinate": (
        _replace(SITES, "104.729577", ""),
        "camera_sites.csv แถว 2 คอลัมน์ lon: ว่าง: ต้องกรอก",
        "camera_sites.csv, row 2, column lon: Empty: fill it in.",
    ),
    "a lifecycle of its own": (
        _replace(SITES, "in_service", "working"),
        (
            "camera_sites.csv แถว 2 คอลัมน์ lifecycle: “working” ไม่ใช่ค่าที่ใช้ได้: "
            "proposed, approved, procured, installed, in_service, retired"
        ),
        (
            "camera_sites.csv, row 2, column lifecycle: “working” is not one of: "
            "proposed, approved, procured, installed, in_service, retired."
        ),
    ),
    "a camera at a site that is not there": (
        _replace(CAMERAS, "cam-01,cs-01", "cam-01,cs-99"),
        "cameras.csv แถว 2 คอลัมน์ site: ไม่มีจุดติดตั้ง “cs-99” ใน camera_sites.csv",
        "cameras.csv, row 2, column site: There is no camera site “cs-99” in camera_sites.csv.",
    ),
    "one code for a camera and a pole": (
        _replace(POINTS, "sos-01", "CAM-05"),
        "sos_points.csv แถว 2 คอลัมน์ code: “CAM-05” ซ้ำกับ cameras.csv:6: แต่ละรายการต้องมีรหัสของตัวเอง",
        "sos_points.csv, row 2, column code: “CAM-05” was used before (cameras.csv:6): each needs its own.",
    ),
    "a code that would break a topic": (
        _replace(POINTS, "sos-01", "sos/+"),
        (
            "sos_points.csv แถว 2 คอลัมน์ code: “sos/+” ใช้เป็นรหัสไม่ได้: "
            "ใช้ a–z 0–9 - _ ไม่เกิน 32 ตัว ขึ้นต้นด้วยตัวอักษรหรือตัวเลข"
        ),
        (
            "sos_points.csv, row 2, column code: “sos/+” cannot be a code: "
            "letters a–z, digits, - and _, up to 32, beginning with a letter or digit."
        ),
    ),
    "a table that is not there": (
        lambda folder: (folder / CAMERAS).unlink(),
        "cameras.csv: ไม่พบไฟล์นี้ในโฟลเดอร์: เพิ่มไฟล์",
        "cameras.csv: This file is not in the folder: add it.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_where_it_is_and_nothing_is_taken(folder: Path, fault: str) -> None:
    break_it, th, en = FAULTS[fault]
    break_it(folder)
    with pytest.raises(StationSetRefused) as refused:
        read_station_set(folder)
    told = [
        (f"{f.where().th}: {f.words.th}", f"{f.where().en}: {f.words.en}") for f in refused.value.problems
    ]
    assert (th, en) in told


def test_faults_of_all_files_are_told_together(folder: Path) -> None:
    for fault in ("no coordinate", "a coordinate with words", "a camera at a site that is not there"):
        FAULTS[fault][0](folder)
    (folder / "station.toml").write_text("format = 1\n", "utf-8")
    with pytest.raises(StationSetRefused) as refused:
        read_station_set(folder)
    files = {problem.file for problem in refused.value.problems}
    assert files == {"station.toml", SITES, CAMERAS, POINTS}


def test_an_empty_folder_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StationSetRefused) as refused:
        read_station_set(tmp_path)
    assert {problem.code for problem in refused.value.problems} == {"file_missing", "one_boundary"} - {
        "one_boundary"
    }
    with pytest.raises(StationSetRefused, match="There is no folder nowhere"):
        read_station_set(tmp_path / "nowhere")


def test_a_pole_far_from_the_zone_is_asked_about_not_refused(folder: Path) -> None:
    _replace(POINTS, "104.729697,16.543876", "100.501800,13.756300")(folder)
    read = read_station_set(folder)
    (notice,) = read.notices
    assert (notice.code, notice.row, notice.words.en) == (
        "far_from_zone",
        2,
        "It lies 546 km from the safety zone: check that it is meant.",
    )


def test_the_real_camera_list_with_codes_used_twice(folder: Path) -> None:
    """Bangkok's list of 2026 as a station would bring it: each second use is told with the row of the first."""
    with shared_data("cameras/bma_cctv_2026_sample25.csv").open(encoding="utf-8", newline="") as file:
        real = list(csv.DictReader(file))
    lines = ["code,name_th,name_en,lon,lat,owner_th,owner_en,lifecycle"]
    for row in real:
        place = f"{row['lon']},{row['lat']}"
        lines.append(f"{row['code']},{row['nameTh']},camera,{place},{row['placeTh']},Bangkok,in_service")
    (folder / SITES).write_text("\n".join(lines), "utf-8")
    codes = [row["code"] for row in real]
    second = [n for n, code in enumerate(codes) if code in codes[:n]]
    with pytest.raises(StationSetRefused) as refused:
        read_station_set(folder)
    told = [(p.row, p.words.en) for p in refused.value.problems if p.file == SITES]
    assert told == [
        (
            n + 2,
            f"“{codes[n]}” was used before (camera_sites.csv:{codes.index(codes[n]) + 2}): each needs its own.",
        )
        for n in second
    ]
    assert told
