"""Maps as offices and their programs write them: what is mended on the way, what is asked, and what is refused where."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from safezone.core.geo import Point
from safezone.zone.geodesy import area_m2
from safezone.zone.imports.proposal import Answers, Proposal, prepare
from safezone.zone.outlines import list_problems
from tests.zone.test_imports import shapefile_zip

HOME = Point(104.7285, 16.5425)
RING = [(104.72, 16.54), (104.73, 16.54), (104.73, 16.55), (104.72, 16.55), (104.72, 16.54)]
HOLE = [(104.722, 16.542), (104.728, 16.542), (104.728, 16.548), (104.722, 16.548), (104.722, 16.542)]
M2 = 1_181_225.3


def read(tmp_path: Path, name: str, content: bytes, **answers: Any) -> Proposal:
    path = tmp_path / f"upload{Path(name).suffix}"
    path.write_bytes(content)
    return prepare(path, name, Answers(**answers), HOME).proposal


def geojson(*geometries: Any, **top: Any) -> bytes:
    features = [{"type": "Feature", "properties": {"name": "ตลาด"}, "geometry": each} for each in geometries]
    return json.dumps({"type": "FeatureCollection", **top, "features": features}, ensure_ascii=False).encode()


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": rings}


def moved_east(by: float) -> list[tuple[float, float]]:
    return [(lon + by, lat) for lon, lat in RING]


def in_system(code: int) -> list[tuple[float, float]]:
    transformer = Transformer.from_crs(4326, code, always_xy=True)
    return [transformer.transform(*each) for each in RING]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp874"])
def test_geojson_in_whatever_encoding(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, "a.geojson", geojson(polygon(RING)).decode().encode(encoding))
    assert (found.refused, [each.name.th for each in found.candidates]) == (None, ["ตลาด"])
    assert found.encoding == encoding.removesuffix("-sig")


@pytest.mark.parametrize(
    "geometry",
    [
        polygon([(lon, lat, 7.0) for lon, lat in RING]),
        polygon(RING[::-1]),
        polygon(RING[:-1]),
        polygon([each for each in RING for _ in (1, 2)]),
        {"type": "GeometryCollection", "geometries": [polygon(RING)]},
        {"type": "MultiPolygon", "coordinates": [[RING]]},
    ],
    ids=["3d", "wrong-winding", "unclosed", "twice", "collection", "multi"],
)
def test_the_same_area_however_it_is_written(tmp_path: Path, geometry: Any) -> None:
    for content in (geojson(geometry), json.dumps(geometry).encode()):
        (candidate,) = read(tmp_path, "a.geojson", content).candidates
        assert candidate.area_m2 == pytest.approx(M2, abs=1)


@pytest.mark.parametrize(
    "geometry",
    [
        polygon(), polygon([]), polygon([{}, {}]), polygon([[None, None]]), polygon([[10**400, 1]] * 4), polygon("abc"),
        {"type": "MultiPolygon", "coordinates": [[]]}, {"type": "GeometryCollection", "geometries": [[1], 5]}, 7,
    ],
)  # fmt: skip
def test_what_is_no_geometry_is_a_fault_of_its_feature_and_stops_no_other(
    tmp_path: Path, geometry: Any
) -> None:
    found = read(tmp_path, "a.geojson", geojson(polygon(RING), geometry))
    assert found.refused is None
    assert {each.row for each in found.problems} == {2}
    assert [each.row for each in found.candidates] == [1]


@pytest.mark.parametrize(
    ("area", "code"),
    [
        ([[RING, HOLE]], None),
        ([[RING], [moved_east(0.01)]], None),
        ([[RING], [moved_east(0.02)]], None),
        ([[RING, HOLE], [HOLE]], None),
        ([[RING, [(104.725, 16.545), (104.74, 16.545), (104.74, 16.546), (104.725, 16.545)]]], "crosses_another"),
        ([[RING], [[(104.725, 16.545), (104.74, 16.545), (104.74, 16.546), (104.725, 16.545)]]], "crosses_another"),
        ([[RING], [moved_east(0.005)]], "part_inside"),
        ([[RING], [HOLE]], "part_inside"),
        ([[RING], [RING]], "part_inside"),
    ],
)  # fmt: skip
def test_no_ground_counts_twice(area: Any, code: str | None) -> None:
    problems = list_problems(area)
    assert [each.code for each in problems] == ([code] if code else [])
    assert all(each.at is not None for each in problems)


@given(st.integers(3, 12), st.floats(0.001, 0.01), st.floats(0, 6))
@settings(max_examples=20, deadline=None)
def test_a_pie_cut_into_slices_is_one_area(slices: int, radius: float, turned: float) -> None:
    """Neighbours share a border and a corner, which is no overlap; two slices in one place are one."""
    middle = (104.725, 16.545)
    rim = [
        (round(middle[0] + radius * math.cos(turned + n * 2 * math.pi / slices), 7),
         round(middle[1] + radius * math.sin(turned + n * 2 * math.pi / slices), 7))
        for n in range(slices)
    ]  # fmt: skip
    pie = [[[middle, rim[n], rim[(n + 1) % slices], middle]] for n in range(slices)]
    assert list_problems(pie) == []
    assert area_m2(pie) == pytest.approx(area_m2([[[*rim, rim[0]]]]), rel=1e-6)
    assert list_problems([*pie, pie[0]]) != []


def test_a_hundred_thousand_corners_are_told_what_to_do(tmp_path: Path) -> None:
    steps = [n * 2 * math.pi / 100_000 for n in range(100_000)]
    ring = [(104.72 + 0.005 * math.cos(each), 16.54 + 0.005 * math.sin(each)) for each in steps]
    (problem,) = read(tmp_path, "a.geojson", geojson(polygon(ring))).problems
    assert (problem.code, "simplify" in problem.words.en) == ("too_many_corners", True)


# ── coordinate systems ──


@pytest.mark.parametrize("said", ["EPSG:32648", "foo", "urn:ogc:def:crs:EPSG::999999"])
def test_a_system_that_the_numbers_contradict_or_nobody_knows_is_not_believed(
    tmp_path: Path, said: str
) -> None:
    crs = {"type": "name", "properties": {"name": said}}
    found = read(tmp_path, "a.geojson", geojson(polygon(RING), crs=crs))
    assert (found.refused, found.crs_how) == (None, "assumed")
    assert [each.code for each in found.notices] in (["crs_not_believed"], ["crs_not_known"])
    assert found.candidates[0].at == Point(104.725, 16.545)
    unknown = read(
        tmp_path, "b.geojson", geojson(polygon(in_system(32648)), crs={"properties": {"name": "foo"}})
    )
    assert [each.key for each in unknown.questions] == ["crs"]


def test_the_zone_of_bangkok_is_known_beyond_a_million_metres_east(tmp_path: Path) -> None:
    (question,) = read(tmp_path, "a.geojson", geojson(polygon(in_system(32647)))).questions
    assert (question.key, question.guess) == ("crs", "EPSG:32647")


def test_north_before_east_is_asked_about(tmp_path: Path) -> None:
    content = geojson(polygon([(north, east) for east, north in in_system(32648)]))
    found = read(tmp_path, "a.geojson", content)
    assert [each.key for each in found.questions] == ["swapped", "crs"]
    assert found.candidates[0].at == Point(104.725, 16.545)
    answered = read(tmp_path, "a.geojson", content, swapped=True, crs="EPSG:32648")
    assert (answered.questions, answered.candidates[0].at) == ([], Point(104.725, 16.545))
    assert [each.code for each in read(tmp_path, "a.geojson", content, swapped=False).problems] == [
        "out_of_range"
    ]


def test_indian_1975_in_degrees_lies_where_it_does_in_metres(tmp_path: Path) -> None:
    to_degrees = Transformer.from_crs(24048, 4240, always_xy=True)
    metres = in_system(32648)
    degrees = [to_degrees.transform(*each) for each in metres]
    places = []
    for code, ring in ((24048, metres), (4240, degrees)):
        prj = CRS(code).to_wkt("WKT1_ESRI")
        places.append(read(tmp_path, "a.zip", shapefile_zip(ring, ["ก"], prj=prj)).candidates[0].at)
    assert (places[0].lon, places[0].lat) == pytest.approx((places[1].lon, places[1].lat), abs=2e-6)


# ── KML ──


def kml(*placemarks: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    return f'{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>ชั้น</name>{"".join(placemarks)}</Folder></Document></kml>'


def placemark(separator: str = ",") -> str:
    corners = " ".join(f"{lon}{separator}{lat}{separator}0" for lon, lat in RING)
    ring = f"<LinearRing><coordinates>\n{corners}\n</coordinates></LinearRing>"
    return f"<Placemark><name>ชุมชน</name><Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon></Placemark>"


@pytest.mark.parametrize("said", ["UTF-8", "windows-874", "TIS-620"])
def test_kml_in_windows_874_whatever_it_says_of_itself(tmp_path: Path, said: str) -> None:
    content = kml(placemark(", "), head=f'<?xml version="1.0" encoding="{said}"?>').encode("cp874")
    (candidate,) = read(tmp_path, "a.kml", content).candidates
    assert candidate.name.th == "ชุมชน"
    assert candidate.area_m2 == pytest.approx(M2, abs=1)


def test_a_placemark_without_a_place_stops_no_other(tmp_path: Path) -> None:
    empty = "<Placemark><Point><coordinates> </coordinates></Point></Placemark>"
    hollow = "<Placemark><Polygon></Polygon></Placemark>"
    found = read(tmp_path, "a.kml", kml(empty, hollow, placemark()).encode())
    assert [(each.code, each.row) for each in found.problems] == [("bad_coordinates", 1)]
    assert [(each.code, each.row) for each in found.notices] == [("no_geometry", 2)]
    assert [each.row for each in found.candidates] == [3]


def test_a_link_to_my_maps_says_how_to_export(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "doc.kml", "<kml><NetworkLink><Link><href>https://example.org</href></Link></NetworkLink></kml>"
        )
    refused = read(tmp_path, "a.kmz", packed.getvalue()).refused
    assert refused is not None
    assert "KML" in refused.th
    assert "My Maps" in refused.en


# ── tables of places ──


@pytest.mark.parametrize(
    "table",
    [
        'ชื่อ,พิกัด\nตลาด,"16.54,104.72"\n',
        "ชื่อ;ละติจูด (N);ลองจิจูด (E)\nตลาด;16°32'24\"N;104°43'12\"E\n",
        "ชื่อ\tละติจูด\tลองจิจูด\nตลาด\t๑๖.๕๔\t๑๐๔.๗๒\n",
        "รายชื่อสถานที่สำคัญ,,\n,,\nชื่อ,ละติจูด,ลองจิจูด\nตลาด,16.54,104.72\nรวม 1 แห่ง,,\n",
    ],
)
def test_a_table_of_places(tmp_path: Path, table: str) -> None:
    found = read(tmp_path, "places.csv", table.encode())
    assert (found.refused, found.problems) == (None, [])
    assert [(each.name.th, each.at) for each in found.candidates] == [("ตลาด", Point(104.72, 16.54))]


def test_metres_with_thousands_apart(tmp_path: Path) -> None:
    found = read(tmp_path, "places.csv", b'name,E,N\nmarket,"470,123","1,829,456"\n')
    assert [each.key for each in found.questions] == ["crs"]
    assert found.candidates[0].at == Point(pytest.approx(104.72, abs=1e-3), pytest.approx(16.5469, abs=1e-3))  # type: ignore[arg-type]
