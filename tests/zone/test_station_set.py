"""Broken station sets: each fault is told by file, row and column, in both languages, with what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from safezone.core.i18n import Words
from safezone.zone.findings import Finding, Findings, StationSetRefused
from safezone.zone.station_set import ZoneSet, list_units, read_zone_set
from tests.support.places import shared_data
from tests.zone.ground import MUKDAHAN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demonstration set, to be broken."""
    return Path(shutil.copytree(MUKDAHAN, tmp_path / "set"))


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text("utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, 1), "utf-8")

    return change


def _feature(
    feature_id: str, geometry: dict[str, object] | None = None, **properties: object
) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "zone.geojson"
        drawing = json.loads(path.read_text("utf-8"))
        (feature,) = [each for each in drawing["features"] if each["id"] == feature_id]
        feature["properties"].update(properties)
        feature["geometry"] = geometry or feature["geometry"]
        path.write_text(json.dumps(drawing), "utf-8")

    return change


def _read(folder: Path) -> tuple[ZoneSet | None, Findings]:
    findings = Findings()
    zone = read_zone_set(folder, findings)
    list_units(folder, findings)
    return zone, findings


def _polygon(*corners: tuple[float, float]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [list(corners)]}


def test_the_demonstration_set_has_nothing_to_remark(folder: Path) -> None:
    zone, findings = _read(folder)
    assert zone is not None
    assert findings.problems == findings.notices == []


TOML = "station.toml"
MAP = "zone.geojson"
UNITS = "units.csv"
ANGLE = [(104.73, 16.54), (104.74, 16.55), (104.74, 16.54), (104.73, 16.55), (104.73, 16.54)]

FAULTS: dict[str, Callable[[Path], object]] = {
    "station.toml is missing": lambda f: (f / TOML).unlink(),
    "a version that is not known": _replace(TOML, "format = 1", "format = 2"),
    "a station id with spaces": _replace(TOML, 'id = "mdh"', 'id = "สภ. มุกดาหาร"'),
    "a flag in quotes": _replace(TOML, "synthetic = true", 'synthetic = "yes"'),
    "residents with a fraction": _replace(TOML, "residents = 2367", "residents = 23.67"),
    "a date of the Buddhist era": _replace(TOML, "# as_of = 2024-06-30", "as_of = 2567-06-30 #"),
    "a reason without English": _replace(TOML, "risk_en =", "risk_eng ="),
    "no reasons at all": _replace(TOML, "[zone.selection_criteria]", "[zone.criteria]"),
    "a stated area ten times too large": _replace(TOML, "stated_area_km2 = 0.42", "stated_area_km2 = 4.2"),
    "not a drawing": lambda f: (f / MAP).write_text("[]"),
    "a layer that is not known": _feature("zone", layer="border"),
    "two boundaries": _feature("com-1", layer="boundary"),
    "a boundary that is a point": _feature("zone", {"type": "Point", "coordinates": [104.7, 16.5]}),
    "a bow tie": _feature("zone", _polygon(*ANGLE)),
    "latitude first": _feature("zone", _polygon(*[(lat, lon) for lon, lat in ANGLE])),
    "metres of a grid": _feature("zone", _polygon((470000, 1829000), (471000, 1829000), (471000, 1830000))),
    "two corners": _feature("zone", _polygon((104.7, 16.5), (104.71, 16.5), (104.7, 16.5))),
    "coordinates as text": _feature("zone", {"type": "Polygon", "coordinates": [["104.7", "16.5"]]}),
    "an empty multipolygon": _feature("zone", {"type": "MultiPolygon", "coordinates": []}),
    "a place without a name": _feature("pier", name_th=""),
    "a name that is a formula": _feature("pier", name_en="=HYPERLINK(1)"),
    "half a community": _feature("com-2", coverage="half"),
    "a misspelt column": _replace(UNITS, "id,call_sign,kind", "id,callsign,kind"),
    "a boat": _replace(UNITS, "car-2,มุกดา 12,car", "car-2,มุกดา 12,boat"),
    "a code used twice in other letters": _replace(UNITS, "car-2,", "CAR-1,"),
    "a call sign used twice": _replace(UNITS, "มุกดา 12", "มุกดา 11"),
    "a comma without quotes": _replace(UNITS, "Patrol car 2", "Patrol car 2, spare"),
    "an empty cell": _replace(UNITS, "มุกดา 12", ""),
    "an invisible character": _replace(UNITS, "มุกดา 12", "มุกดา\u202e12"),
    "not a text at all": lambda f: (f / UNITS).write_bytes(b"\x00\x01\x02"),
}


def _told() -> dict[str, tuple[str, str]]:
    """By the name of the fault: what is said in Thai and in English."""
    text = (Path(__file__).parent / "broken_sets.txt").read_text("utf-8")
    blocks = [block.splitlines() for block in text.split("\n\n")[1:]]
    return {name: (th, en) for name, th, en in blocks}


def test_every_fault_has_its_words() -> None:
    assert _told().keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_where_it_is(folder: Path, fault: str) -> None:
    FAULTS[fault](folder)
    _, findings = _read(folder)
    told = [(f"{f.where().th}: {f.words.th}", f"{f.where().en}: {f.words.en}") for f in findings.problems]
    assert _told()[fault] in told
    with pytest.raises(StationSetRefused) as refused:
        findings.refuse_if_any()
    assert refused.value.extra["problems"] == findings.problems


def test_every_fault_is_told_at_once(folder: Path) -> None:
    _replace(UNITS, "car-2,มุกดา 12,car", "car 2,,ship")(folder)
    _replace(TOML, "residents = 2367", 'residents = "many"')(folder)
    _, findings = _read(folder)
    assert [(f.file, f.column, f.code) for f in findings.problems] == [
        ("station.toml", "zone.population.residents", "wrong_type"),
        ("units.csv", "id", "bad_code"),
        ("units.csv", "call_sign", "empty"),
        ("units.csv", "kind", "not_one_of"),
    ]
    with pytest.raises(StationSetRefused, match=r"zone\.population\.residents.*and 3 more") as refused:
        findings.refuse_if_any()
    assert refused.value.status == 422


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    findings = Findings()
    assert read_zone_set(tmp_path / "nowhere", findings) is None
    assert findings.problems[0].words == Words("ไม่พบโฟลเดอร์ nowhere", "There is no folder nowhere.")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp874", "tis-620", "utf-16"])
def test_what_thai_spreadsheets_save_is_read(folder: Path, encoding: str) -> None:
    _, before = _read(folder)
    expected = list_units(folder, before)
    text = (folder / UNITS).read_text("utf-8").replace(",", ";").replace("\n", "\r\n")
    (folder / UNITS).write_bytes(f"{text};;;;\r\n".encode(encoding))
    findings = Findings()
    assert list_units(folder, findings) == expected
    assert findings.problems == []


def test_a_column_or_key_that_is_not_known_is_remarked_but_taken(folder: Path) -> None:
    _replace(UNITS, "name_en\n", "name_en,remark\n")(folder)
    _replace(TOML, "residents = 2367", "residents = 2367\nhouseholds = 800")(folder)
    zone, findings = _read(folder)
    assert zone is not None
    assert findings.problems == []
    assert [(f.file, f.column, f.code) for f in findings.notices] == [
        ("station.toml", "zone.population.households", "unknown_key"),
        ("units.csv", "remark", "column_unknown"),
    ]


def test_a_zone_outside_thailand_is_asked_about_not_refused(folder: Path) -> None:
    vientiane = _polygon((102.6, 17.96), (102.61, 17.96), (102.61, 17.97), (102.6, 17.96))
    paris = _polygon((2.35, 48.85), (2.36, 48.85), (2.36, 48.86), (2.35, 48.85))
    _replace(TOML, "stated_area_km2", "# stated_area_km2")(folder)
    _replace(TOML, "stated_perimeter_km", "# stated_perimeter_km")(folder)
    _feature("zone", vientiane)(folder)
    assert _read(folder)[1].notices == []
    _feature("zone", paris)(folder)
    zone, findings = _read(folder)
    assert zone is not None
    (notice,) = findings.notices
    assert notice == Finding(
        MAP,
        "outside_thailand",
        Words(
            "2.35, 48.85 อยู่นอกประเทศไทย: ตรวจว่าถูกต้อง",
            "2.35, 48.85 lies outside Thailand: check that it is meant.",
        ),
        1,
        "zone",
    )


def test_an_outline_left_open_is_closed(folder: Path) -> None:
    drawing = json.loads((folder / MAP).read_text("utf-8"))
    del drawing["features"][0]["geometry"]["coordinates"][0][-1]
    (folder / MAP).write_text(json.dumps(drawing), "utf-8")
    zone, _ = _read(folder)
    assert zone is not None
    assert zone.boundary[0][0][0] == zone.boundary[0][0][-1]


@pytest.mark.parametrize("province", ["narathiwat", "nongkhai", "samutsakhon"])
def test_real_boundaries_of_provinces_are_read(folder: Path, province: str) -> None:
    """Boundaries with hundreds of corners, drawn by others."""
    real = json.loads(shared_data(f"maps/{province}/boundary.geojson").read_text("utf-8"))
    geometry = real["features"][0]["geometry"]
    _replace(TOML, "stated_area_km2", "# stated_area_km2")(folder)
    _replace(TOML, "stated_perimeter_km", "# stated_perimeter_km")(folder)
    _feature("zone", geometry)(folder)
    zone, findings = _read(folder)
    assert findings.problems == []
    assert zone is not None
    assert len(zone.boundary[0][0]) > 150


def test_real_building_footprints_in_metres_are_recognised(folder: Path) -> None:
    """The buildings of Nong Khai are in UTM 48N; taken as degrees they would lie nowhere."""
    real = json.loads(shared_data("maps/nongkhai/buildings.geojson").read_text("utf-8"))
    _feature("zone", real["features"][0]["geometry"])(folder)
    _, findings = _read(folder)
    assert "metres" in [f.code for f in findings.problems]
