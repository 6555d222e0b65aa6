"""Map files are served in ranges as HTTP says, to whoever may see the map; tiles hold what lies in them and nothing else."""

from __future__ import annotations

import gzip
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pmtiles.reader import MmapSource, Reader

from safezone.core.errors import NotFound
from safezone.core.settings import Settings
from safezone.core.settings_outside import Map
from safezone.zone.map_files import MapFile, NoSuchRange
from safezone.zone.tiling import write_tiles
from safezone.zone.vector_tiles import BUFFER, EXTENT, clip_line, clip_ring
from tests.support.station import RunningStation
from tests.support.tiles import box, write_map

NAME = "ground/mukdahan.pmtiles"


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    folder = tmp_path_factory.mktemp("mapped")
    write_map(folder / NAME)
    station = RunningStation(folder, Settings(map=Map(pmtiles_file=NAME, attribution="© ทดสอบ")))
    yield station
    station.close()


def ask(station: RunningStation, asked: str | None = None, **headers: str) -> httpx.Response:
    if asked is not None:
        headers["range"] = asked
    return station.api("operator").http.get("/map/station.pmtiles", headers=headers)


def test_a_range_is_what_the_file_has_there(mapped: RunningStation) -> None:
    whole = (mapped.path / NAME).read_bytes()
    layers = mapped.api("operator").ask("/api/v1/zone/layers")
    assert layers["source"]["pmtiles_url"] == "/map/station.pmtiles"
    for asked, first, last in (
        ("bytes=0-126", 0, 126),
        ("bytes=100-", 100, len(whole) - 1),
        ("bytes=-10", len(whole) - 10, len(whole) - 1),
        ("bytes=10-999999999", 10, len(whole) - 1),
    ):
        answer = ask(mapped, asked)
        assert (answer.status_code, answer.content) == (206, whole[first : last + 1]), asked
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
        assert answer.headers["content-length"] == str(last - first + 1)
    for meant in (None, "bytes=0-1,5-6", "rows=1-2", "bytes=9-3"):
        answer = ask(mapped, meant)
        assert (answer.status_code, answer.content) == (200, whole), meant
    beyond = ask(mapped, f"bytes={len(whole)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")


def test_a_file_that_was_changed_is_another_one(mapped: RunningStation) -> None:
    tag = ask(mapped, "bytes=0-1").headers["etag"]
    assert ask(mapped, **{"if-none-match": tag}).status_code == 304
    assert ask(mapped, "bytes=0-1", **{"if-range": tag}).status_code == 206
    assert ask(mapped, "bytes=0-1", **{"if-range": '"older"'}).status_code == 200
    os.utime(mapped.path / NAME, ns=(1, 1))
    assert ask(mapped, "bytes=0-1").headers["etag"] != tag


def test_nobody_else_gets_it_and_nothing_else_is_got(mapped: RunningStation) -> None:
    assert mapped.api("public").http.get("/map/station.pmtiles").status_code == 401
    assert mapped.api("sos-01").http.get("/map/station.pmtiles").status_code == 403
    for name in ("safezone.db", "..%2fsafezone.db", "%2e%2e", "master.key"):
        answer = mapped.api("admin").http.get(f"/map/{name}")
        assert answer.status_code == 404, name


def test_a_file_that_is_no_map_is_said_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"away\.pmtiles"):
        MapFile.at(tmp_path / "away.pmtiles")
    (tmp_path / "other.pmtiles").write_bytes(b"PK\x03\x04 a zip")
    with pytest.raises(NotFound, match=r"other\.pmtiles"):
        MapFile.at(tmp_path / "other.pmtiles")


@given(st.integers(1, 2000), st.text("bytes=-0123456789, ", max_size=20))
def test_whatever_is_asked_lies_in_the_file(size: int, asked: str) -> None:
    try:
        part = MapFile(Path("x"), size, '"1"').part(asked)
    except NoSuchRange:
        return
    assert 0 <= part.first <= part.last < size


def test_each_tile_has_what_lies_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    pond = box(104.7200, 16.5400, 104.7201, 16.5401)
    lake = box(104.60, 16.45, 104.85, 16.65)
    write_tiles(path, "water", [pond, lake], coarsest=10)
    with path.open("rb") as file:
        reader: Any = Reader(MmapSource(file))  # type: ignore[no-untyped-call]
        header = reader.header()
        assert (header["min_zoom"], header["max_zoom"]) == (10, 14)
        here, away = reader.get(14, 12957, 7428), reader.get(14, 12962, 7428)
        assert here is not None
        assert reader.get(14, 12800, 7428) is None, "far away there is nothing"
        assert gzip.decompress(here)[:1] == b"\x1a"
        assert away is not None
        assert len(gzip.decompress(away)) < len(gzip.decompress(here)), "the pond is in its own tile alone"
    assert not write_tiles(tmp_path / "none.pmtiles", "water", [{"type": "Feature"}], coarsest=10)
    assert not (tmp_path / "none.pmtiles").exists()


def test_a_river_lies_in_every_tile_that_it_passes(tmp_path: Path) -> None:
    """Each zoom is cut from the one before; what is far from the zone's own tile is still there."""
    path, begin, end = tmp_path / "a.pmtiles", (104.20, 16.10), (105.40, 16.95)
    river = {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [begin, end]}}
    wide = box(104.10, 16.05, 105.50, 17.05)
    write_tiles(path, "water", [river, wide], coarsest=9)
    with path.open("rb") as file:
        reader: Any = Reader(MmapSource(file))  # type: ignore[no-untyped-call]
        for zoom in (9, 11, 14):
            first, last = tile_at(zoom, *begin), tile_at(zoom, *end)
            for share in range(101):
                x, y = (f + (t - f) * share / 100 for f, t in zip(first, last, strict=True))
                tile = gzip.decompress(reader.get(zoom, int(x), int(y)))
                assert tile.count(b"\x18\x02") >= 1, f"no line in {zoom}/{x:.2f}/{y:.2f}"
                assert tile.count(b"\x18\x03") >= 1, f"no area in {zoom}/{x:.2f}/{y:.2f}"


def tile_at(zoom: int, lon: float, lat: float) -> tuple[float, float]:
    """Web Mercator, in tiles of this zoom."""
    down = 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)
    return (lon / 360 + 0.5) * 2**zoom, down * 2**zoom


spots = st.tuples(st.floats(-9000, 9000), st.floats(-9000, 9000))


@given(st.lists(spots, min_size=2, max_size=12))
def test_what_is_cut_does_not_reach_beyond_the_margin(path: list[tuple[float, float]]) -> None:
    low, high = -BUFFER - 1e-6, EXTENT + BUFFER + 1e-6
    for piece in [clip_ring(path), *clip_line(path)]:
        assert all(low <= x <= high and low <= y <= high for x, y in piece)
