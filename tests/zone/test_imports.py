"""Files as offices send them, good and bad: what is found, asked and refused, and that none brings the program down."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import shapefile
from pyproj import CRS, Transformer

from safezone.core.geo import Point
from safezone.zone.findings import Findings
from safezone.zone.imports.archive import unfold
from safezone.zone.imports.from_shapefile import encoding_of
from safezone.zone.imports.proposal import Answers, Prepared, prepare
from safezone.zone.imports.reading import CannotReadError
from tests.support.places import REPO

HOME = Point(104.7297, 16.5430)
RING = [(104.72, 16.54), (104.73, 16.54), (104.73, 16.55), (104.72, 16.55), (104.72, 16.54)]
DATA = REPO.parent / "shared" / "data" / "maps"
THAI = "ชุมชนศรีมงคล"


def utm(ring: list[tuple[float, float]], code: str = "EPSG:32648") -> list[tuple[float, float]]:
    """The positions in metres, as a surveyor has them."""
    turn = Transformer.from_crs("EPSG:4326", code, always_xy=True)
    return [turn.transform(*each) for each in ring]


def geojson(
    *rings: list[tuple[float, float]], properties: dict[str, Any] | None = None, **more: Any
) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": properties or {},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for ring in rings
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def read(folder: Path, name: str, content: bytes, **answers: Any) -> Prepared:
    path = folder / name
    path.write_bytes(content)
    return prepare(path, name, Answers(**answers), HOME)


def shapefile_zip(
    ring: list[tuple[float, float]], names: list[str], *, encoding: str = "cp874", prj: str | None = None
) -> bytes:
    files = {suffix: io.BytesIO() for suffix in ("shp", "shx", "dbf")}
    with shapefile.Writer(**files, shapeType=shapefile.POLYGON, encoding=encoding) as writer:
        writer.field("NAME_T", "C", 60)
        writer.field("id", "C", 20)
        for n, name in enumerate(names):
            writer.poly([ring])
            writer.record(name, f"c-{n}")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix, content in files.items():
            archive.writestr(f"ชั้นข้อมูล/comm.{suffix}", content.getvalue())
        if prj is not None:
            archive.writestr("ชั้นข้อมูล/comm.prj", prj)
    return out.getvalue()


def test_metres_without_a_system_are_recognised_shown_and_asked(tmp_path: Path) -> None:
    found = read(tmp_path, "zone.geojson", geojson(utm(RING)))
    (question,) = found.proposal.questions
    assert (question.key, question.guess) == ("crs", "EPSG:32648")
    assert [choice.value for choice in question.choices][:2] == ["EPSG:32648", "EPSG:32647"]
    assert found.proposal.crs_how == "guessed"
    (candidate,) = found.proposal.candidates
    assert candidate.suggested == "boundary"
    assert candidate.at.lon == pytest.approx(104.725, abs=1e-3)
    chosen = read(tmp_path, "zone.geojson", geojson(utm(RING)), crs="EPSG:32648")
    assert chosen.proposal.questions == []
    got = chosen.shapes[0][0][0]
    assert all(
        abs(a - b) < 2e-7 for one, two in zip(got, RING, strict=True) for a, b in zip(one, two, strict=True)
    )
    other = read(tmp_path, "zone.geojson", geojson(utm(RING)), crs="EPSG:24048")
    assert 380 < (104.72 - other.shapes[0][0][0][0][0]) * 106_700 < 460, (
        "Indian 1975 lies some 420 m further west"
    )


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:EPSG::32648", "EPSG:32648"])
def test_a_declared_system_is_believed_unless_the_numbers_contradict_it(tmp_path: Path, name: str) -> None:
    said = {"crs": {"type": "name", "properties": {"name": name}}}
    found = read(tmp_path, "zone.geojson", geojson(utm(RING), **said)).proposal
    assert (found.crs, found.crs_how, found.questions) == ("EPSG:32648", "declared", [])
    wrong = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}}
    assert [
        q.key for q in read(tmp_path, "zone.geojson", geojson(utm(RING), **wrong)).proposal.questions
    ] == ["crs"]


def test_exchanged_axes_and_places_abroad_are_asked_with_their_place(tmp_path: Path) -> None:
    swapped = geojson([(lat, lon) for lon, lat in RING])
    (question,) = read(tmp_path, "a.geojson", swapped).proposal.questions
    assert question.key == "swapped"
    assert question.choices[0].at == Point(104.72, 16.54)
    turned = read(tmp_path, "a.geojson", swapped, swapped=True)
    assert turned.proposal.questions == []
    assert turned.shapes[0][0][0][0] == (104.72, 16.54)
    kept = read(tmp_path, "a.geojson", swapped, swapped=False).proposal
    assert [p.code for p in kept.problems] == ["swapped"]
    assert kept.candidates[0].faulty
    abroad = geojson([(lon - 100, lat) for lon, lat in RING])
    (question,) = read(tmp_path, "a.geojson", abroad).proposal.questions
    assert (question.key, question.choices[0].at) == ("outside", Point(4.72, 16.54))
    assert read(tmp_path, "a.geojson", abroad, outside=True).proposal.questions == []
    assert read(tmp_path, "a.geojson", abroad, outside=False).proposal.refused is not None


def test_a_bow_tie_is_told_with_its_row_and_place(tmp_path: Path) -> None:
    bow_tie = [(104.72, 16.54), (104.73, 16.55), (104.73, 16.54), (104.72, 16.55), (104.72, 16.54)]
    found = read(tmp_path, "a.geojson", geojson(RING, bow_tie)).proposal
    (problem,) = found.problems
    assert (problem.code, problem.row, problem.at) == ("crosses_itself", 2, Point(104.725, 16.545))
    assert [c.faulty for c in found.candidates] == [False, True]


@pytest.mark.parametrize("encoding", ["cp874", "utf-8"])
def test_a_shapefile_with_thai_names_and_a_prj(tmp_path: Path, encoding: str) -> None:
    prj = CRS("EPSG:32648").to_wkt("WKT1_ESRI")
    content = shapefile_zip(utm(RING), [THAI, "ชุมชนสอง"], encoding=encoding, prj=prj)
    found = read(tmp_path, "comm.zip", content).proposal
    assert found.refused is None
    assert (found.encoding, found.crs_how, found.questions) == (encoding, "declared", [])
    assert [c.name.th for c in found.candidates] == [THAI, "ชุมชนสอง"]
    assert [c.id for c in found.candidates] == ["c-0", "c-1"]
    assert found.candidates[0].at.lon == pytest.approx(104.725, abs=1e-3)
    without = read(tmp_path, "comm.zip", shapefile_zip(utm(RING), [THAI])).proposal
    assert [q.key for q in without.questions] == ["crs"]


def test_kml_and_kmz(tmp_path: Path) -> None:
    corners = " ".join(f"{lon},{lat},0" for lon, lat in RING)
    kml = (
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<Placemark><name>{THAI}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{corners}</coordinates>"
        "</LinearRing></outerBoundaryIs></Polygon></Placemark><Placemark><name>ตลาด</name><Point><coordinates>"
        "104.725,16.545</coordinates></Point></Placemark></Document></kml>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("doc.kml", kml)
    for name, content in (("a.kml", kml.encode()), ("a.kmz", packed.getvalue())):
        found = read(tmp_path, name, content).proposal
        assert [(c.suggested, c.name.th) for c in found.candidates] == [("boundary", THAI), ("place", "ตลาด")]
    bomb = kml.replace("<kml", '<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><kml', 1)
    assert read(tmp_path, "a.kml", bomb.encode()).proposal.refused is not None


def test_a_table_in_windows_874_with_buddhist_days_and_a_code_used_twice(tmp_path: Path) -> None:
    table = f"id;ชื่อ;ละติจูด;ลองจิจูด\np1;{THAI};16,545;104,725\np1;ตลาด;16.546;104.726\np3;ว่าง;;104.7\n"
    found = read(tmp_path, "places.csv", table.encode("cp874")).proposal
    assert found.encoding == "cp874"
    assert [c.name.th for c in found.candidates] == [THAI, "ตลาด"]
    assert [(p.code, p.row) for p in found.problems] == [("empty", 4), ("duplicate", 3)]
    people = {"name": THAI, "residents": 812, "source": "สำนักทะเบียน", "as_of": "30/6/2568"}
    (candidate,) = read(tmp_path, "a.geojson", geojson(RING, properties=people)).proposal.candidates
    assert candidate.population is not None
    assert (candidate.population.residents, candidate.population.as_of) == (812, "2025-06-30")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ"),
        ("a.geojson", b""),
        ("a.geojson", b"[" * 200_000),
        ("a.geojson", b'{"type":"FeatureCollection","features":[]}'),
        ("a.geojson", b"\xff\xfe\x00\x01nonsense"),
        ("a.zip", b"PK\x03\x04 cut off"),
        ("a.zip", b""),
        ("a.shp", b"\x00\x00\x27\x0a"),
        ("a.kml", b"<kml>"),
        ("a.csv", b"a,b\n1,2\n"),
        ("a.csv", "ชื่อ,x,y\n".encode("cp874")),
    ],
)
def test_what_cannot_be_read_is_refused_in_both_languages(tmp_path: Path, name: str, content: bytes) -> None:
    refused = read(tmp_path, name, content).proposal.refused
    assert refused is not None
    assert refused.th
    assert refused.en


def test_numbers_that_are_none_are_problems_of_their_row(tmp_path: Path) -> None:
    raw = geojson(RING, RING).replace(b"104.73", b"1e999", 1)
    found = read(tmp_path, "a.geojson", raw).proposal
    assert found.refused is not None or [p.row for p in found.problems] == [1]


def test_zip_bombs_are_not_unfolded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", b"\0" * 50_000_000)
    with pytest.raises(CannotReadError, match="far too much"):
        unfold(path, (".shp",))
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(500):
            archive.writestr(f"{n}.shp", b"x")
    with pytest.raises(CannotReadError, match="far too much"):
        unfold(path, (".shp",))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../../etc/a.shp", b"x")
        archive.writestr("inside.zip", b"PK")
    assert unfold(path, (".shp",)) == {"a.shp": b"x"}


def test_an_encoding_that_is_said_wrong_is_not_believed() -> None:
    head = bytes(8) + (32).to_bytes(2, "little") + bytes(22)
    assert encoding_of(head + THAI.encode("cp874"), b"UTF-8") == "cp874"
    assert encoding_of(head + THAI.encode("utf-8"), b"ANSI 874") in ("cp874", "utf-8")
    assert encoding_of(head + THAI.encode("utf-8"), None) == "utf-8"


def test_ten_million_corners_are_refused_within_the_limits_of_the_process(tmp_path: Path) -> None:
    """The reading process has 2 GiB and a minute; this file would want more of both."""
    with (tmp_path / "upload.geojson").open("w") as out:
        out.write('{"type":"Polygon","coordinates":[[')
        out.write(",".join(["[104.7,16.5],[104.8,16.6]"] * 2_050_000))
        out.write("]]}")
    (tmp_path / "asked.json").write_text(
        json.dumps({"name": "a.geojson", "home": {"lon": 104.7, "lat": 16.5}, "answers": {}})
    )
    subprocess.run(
        [sys.executable, "-m", "safezone.zone.imports.child", str(tmp_path)], check=True, timeout=100
    )
    assert "corners" in json.loads((tmp_path / "proposal.json").read_text())["refused"]["en"]


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real maps are not here ({DATA.name}/ beside the project)")
@pytest.mark.parametrize(
    ("province", "buildings", "code"),
    [
        ("nongkhai", 320, "EPSG:32648"),
        ("samutsakhon", 5482, "EPSG:32647"),
        ("narathiwat", 2431, "EPSG:32647"),
    ],
)
def test_three_real_provinces(province: str, buildings: int, code: str) -> None:
    path = DATA / province / "buildings.geojson"
    found = prepare(path, path.name, Answers(), HOME).proposal
    assert (found.buildings, found.crs, found.crs_how) == (buildings, code, "declared")
    assert (found.problems, found.questions) == ([], [])
    path = DATA / province / "boundary.geojson"
    (boundary,) = prepare(path, path.name, Answers(), HOME).proposal.candidates
    assert (boundary.suggested, boundary.faulty) == ("boundary", False)
    assert boundary.area_m2 is not None
    assert 8e8 < boundary.area_m2 < 8e9
    assert not Findings().problems
