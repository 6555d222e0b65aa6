"""What is drawn under the zone: from an extract, around the zone alone, whole or not at all, found again by its version."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from safezone.core.errors import NotFound
from safezone.core.settings_outside import Map
from safezone.entrypoints.headers import PAGE_HEADERS, page_headers
from safezone.zone.layers import Layers
from safezone.zone.layers_import import write_layers
from safezone.zone.roads import RoadsUnavailable, import_layers
from tests.support.places import eventually
from tests.support.station import RunningStation
from tests.support.tiles import box
from tests.zone.test_imports import DATA

CORNERS = {
    1: (104.72, 16.54),
    2: (104.721, 16.54),
    3: (104.721, 16.541),
    4: (104.72, 16.541),
    5: (105.5, 17.5),
    6: (105.6, 17.6),
}


POND = box(104.7200, 16.5400, 104.7201, 16.5401)
STREET = {
    "type": "Feature",
    "properties": {"kind": "street"},
    "geometry": {"type": "LineString", "coordinates": [[104.72, 16.54], [104.73, 16.55]]},
}


def extract(folder: Path) -> Path:
    """One building, one pond, one street and a motorway far away."""
    ring = "".join(f'<nd ref="{n}"/>' for n in (1, 2, 3, 4, 1))
    ways = [
        (10, ring, {"building": "yes"}),
        (11, ring, {"natural": "water"}),
        (12, '<nd ref="1"/><nd ref="3"/>', {"highway": "residential", "name": "ถนนตลาด"}),
        (13, '<nd ref="5"/><nd ref="6"/>', {"highway": "motorway"}),
    ]
    nodes = "".join(
        f'<node id="{n}" version="1" lon="{lon}" lat="{lat}"/>' for n, (lon, lat) in CORNERS.items()
    )
    tags = {way: "".join(f'<tag k="{k}" v="{v}"/>' for k, v in said.items()) for way, _, said in ways}
    lines = "".join(f'<way id="{way}" version="1">{refs}{tags[way]}</way>' for way, refs, _ in ways)
    path = folder / "town.osm"
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{nodes}{lines}</osm>', "utf-8")
    return path


def features(layers: Layers, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gzip.decompress(layers.read(name)[1]))["features"]
    return found


def test_the_layers_of_a_town_around_the_zone(tmp_path: Path) -> None:
    layers = Layers(tmp_path / "ground")
    zone = [[[(104.715, 16.535), (104.725, 16.535), (104.725, 16.545), (104.715, 16.535)]]]
    assert import_layers(extract(tmp_path), layers, zone).counts == {
        "green": 0, "water": 1, "buildings": 1, "streets": 1
    }  # fmt: skip
    assert [layer.name for layer in layers.all()] == ["water", "buildings", "streets"]
    (street,) = features(layers, "streets")
    assert street["properties"] == {"kind": "street", "name_th": "ถนนตลาด"}
    assert import_layers(extract(tmp_path), layers, None).counts["streets"] == 2
    assert {layer.attribution for layer in layers.all()} == {"© OpenStreetMap contributors"}
    assert len(list((tmp_path / "ground").glob("streets-*.gz"))) == 1, "what was there before is gone"
    with pytest.raises(NotFound):
        layers.read("../../etc/passwd")


def test_a_damaged_extract_leaves_what_was_there(tmp_path: Path) -> None:
    layers = Layers(tmp_path / "ground")
    write_layers(extract(tmp_path), layers, None)
    before = layers.all()
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"\0\0\0\x0d not a map")
    with pytest.raises(RoadsUnavailable):
        write_layers(broken, layers, None)
    assert layers.all() == before


@pytest.mark.skipif(not DATA.is_dir(), reason="the real maps are not here (shared/data beside the project)")
def test_a_real_extract(tmp_path: Path) -> None:
    counts = write_layers(DATA / "osm" / "one_way_dead_end.osm.pbf", Layers(tmp_path), None).counts
    assert counts["streets"] > 50


def test_what_was_imported_takes_its_place_when_its_tiles_are_made_after_a_kill_too(tmp_path: Path) -> None:
    layers = Layers(tmp_path)
    old = layers.put("buildings", [POND], "old.geojson", "")
    layers.stage({"buildings": [POND, STREET], "streets": [STREET]}, "new.osm.pbf", "")
    # Here the power fails. Whoever comes next finds the old one drawn and the new one waiting.
    layers = Layers(tmp_path)
    assert layers.all() == [old]
    assert [layer.name for layer in layers.waiting()] == ["buildings", "streets"]
    said: list[tuple[str, float]] = []
    layers.make_tiles(lambda name, share: said.append((name, share)))
    assert {layer.source for layer in layers.all()} == {"new.osm.pbf"}
    assert layers.waiting() == []
    assert [(name, share) for name, share in said if share == 1] == [("buildings", 1), ("streets", 1)]
    left = list(tmp_path.glob("buildings-*"))
    assert len(left) == 2, "what was there before is gone"
    assert {each.stat().st_mode & 0o777 for each in left} == {0o600}, "nobody else on this machine reads them"


def test_the_layers_of_an_older_release_are_drawn_again(tmp_path: Path) -> None:
    """Until now there were no tiles beside them; the first who looks sets it going, in a process of its own."""
    layers = Layers(tmp_path / "ground")
    layer = layers.put("water", [POND], "old.osm.pbf", "© OpenStreetMap contributors")
    assert layer is not None
    layers.tiles(layer).unlink()
    station = RunningStation(tmp_path)
    try:
        ask = station.api("operator").ask
        first = ask("/api/v1/zone/layers")
        assert (first["items"], first["making"]["layers"]) == ([], ["water"])
        (item,) = eventually(lambda: ask("/api/v1/zone/layers")["items"], within_s=240)
        assert (item["version"], item["maxzoom"]) == (layer.version, 14)
        assert ask("/api/v1/zone/layers")["making"] is None
        tile = item["tiles_url"].format(z=14, x=12957, y=7428)
        answer = station.api("operator").http.get(tile)
        assert (answer.status_code, answer.content[:1]) == (200, b"\x1a")
        assert "immutable" in answer.headers["cache-control"]
        away = station.api("operator").http.get(item["tiles_url"].format(z=14, x=0, y=0))
        assert (away.status_code, away.content) == (204, b"")
        older = station.api("operator").http.get(tile.replace(layer.version, "older"))
        assert (older.content, older.headers["cache-control"]) == (answer.content, "no-store")
    finally:
        station.close()


def test_tiles_that_cannot_be_made_are_said(tmp_path: Path) -> None:
    layers = Layers(tmp_path / "ground")
    layers.stage({"water": [POND]}, "a.osm.pbf", "")
    (content,) = (tmp_path / "ground").glob("*.gz")
    content.write_bytes(b"torn")
    station = RunningStation(tmp_path)
    try:
        ask = station.api("operator").ask
        eventually(lambda: ask("/api/v1/zone/layers")["making"]["failed"])
    finally:
        station.close()


def test_the_policy_of_a_page_is_widened_to_one_host_and_no_further() -> None:
    assert page_headers(Map().origins) == PAGE_HEADERS
    policy = page_headers(Map(tiles_url="https://tiles.example.org/a/{z}/{x}/{y}.png").origins)[
        "Content-Security-Policy"
    ]
    assert "connect-src 'self' https://tiles.example.org;" in policy
    more = Map(style_url="https://a.example.org/s.json", more_hosts=("https://b.example.org",)).origins
    assert more == "https://a.example.org https://b.example.org"
    assert Map(more_hosts=("https://b.example.org",)).origins == "", (
        "nothing is asked outside without a map from there"
    )
    assert policy.replace(" https://tiles.example.org", "") == PAGE_HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "said",
    [
        {"tiles_url": "http://tiles.example.org/{z}/{x}/{y}.png"},
        {"tiles_url": "https://a.example.org; script-src *"},
        {"style_url": "javascript:alert(1)"},
        {"style_url": "https://user:secret@example.org/style.json"},
        {"style_url": "https://a.example.org/s.json", "tiles_url": "https://b.example.org/{z}"},
        {"pmtiles_file": "a.pmtiles", "tiles_url": "https://b.example.org/{z}"},
        {"style_url": "https://a.example.org/s.json", "more_hosts": ("https://b.example.org; script-src *",)},
        {"style_url": "https://a.example.org/s.json", "more_hosts": ("*",)},
    ],
)
def test_an_address_that_could_open_more_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not"):
        Map(**said)
