"""A worker asks no other host than its page may; a browser that has kept its script takes up a changed policy all the same."""

from __future__ import annotations

from pathlib import Path

import httpx

from safezone.core.settings import Settings
from safezone.core.settings_outside import Map
from safezone.entrypoints.worker_scripts import SCRIPTS
from tests.support.station import RunningStation

POLICY = "content-security-policy"


def test_a_worker_is_bound_as_its_page_is(tmp_path: Path) -> None:
    names = sorted(path.name for path in SCRIPTS.glob("*.js"))
    assert any("maplibre" in name for name in names), "the screens are not built as the server expects it"
    bare = answers(tmp_path / "bare", Map(), names)
    mapped = answers(
        tmp_path / "mapped", Map(tiles_url="https://tiles.example.org/{z}/{x}/{y}.png"), names, bare
    )
    for name in names:
        assert "https://tiles.example.org" not in bare[name].headers[POLICY]
        assert "connect-src 'self' https://tiles.example.org;" in mapped[name].headers[POLICY]
        assert mapped[name].content == (SCRIPTS / name).read_bytes()


def answers(
    path: Path, said: Map, names: list[str], kept: dict[str, httpx.Response] | None = None
) -> dict[str, httpx.Response]:
    """What a station with this map answers to a browser that has kept these; the same again is not sent again."""
    station = RunningStation(path, Settings(map=said))
    try:
        asks = station.api("public").http
        page = asks.get("/enter").headers[POLICY]
        found = {}
        for name in names:
            had = {"if-none-match": kept[name].headers["etag"]} if kept else {}
            found[name] = asks.get(f"/workers/{name}", headers=had)
            assert (found[name].status_code, found[name].headers[POLICY]) == (200, page)
            assert found[name].headers["cache-control"] == "no-cache"
            again = {"if-none-match": found[name].headers["etag"]}
            assert asks.get(f"/workers/{name}", headers=again).status_code == 304
        for elsewhere in ("..%2findex.html", "no.js", "%2e%2e%2f%2e%2e%2fhttp.py"):
            assert asks.get(f"/workers/{elsewhere}").status_code == 404, elsewhere
        return found
    finally:
        station.close()
