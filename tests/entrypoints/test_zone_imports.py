"""A map is imported over HTTP: seen and confirmed before anything is taken, once, by whoever uploaded it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.places import eventually
from tests.support.station import RunningStation
from tests.zone.test_imports import DATA, RING, geojson, utm

IMPORTS = "/api/v1/zone/imports"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("imports"))
    yield station
    station.close()


def upload(station: RunningStation, name: str, content: bytes, who: str = "chief") -> dict[str, Any]:
    answer = station.api(who).http.post(IMPORTS, params={"name": name}, content=content)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def confirm(station: RunningStation, import_id: str, **chosen: Any) -> Any:
    version = station.api("chief").ask("/api/v1/zone/details")["version"]
    body = {"expected_version": version, "reason": "วัดใหม่", **chosen}
    return station.api("chief").post(f"{IMPORTS}/{import_id}/confirm", body)


def test_from_metres_to_the_map_with_a_person_between(station: RunningStation) -> None:
    chief, before = station.api("chief"), station.head()
    found = upload(station, "เขต.geojson", geojson(utm(RING)))
    assert found["proposal"]["questions"][0]["guess"] == "EPSG:32648"
    drawn = chief.ask(f"{IMPORTS}/{found['id']}/map")["features"]
    assert drawn[0]["geometry"]["coordinates"][0][0][0] == pytest.approx([104.72, 16.54], abs=1e-6)
    early = confirm(station, found["id"], take=[{"n": 0, "as": "boundary"}])
    assert (early.status_code, early.json()["code"]) == (409, "not_answered")
    assert station.head() == before
    answered = chief.act(f"{IMPORTS}/{found['id']}/answers", {"crs": "EPSG:32648"})
    assert answered["proposal"]["questions"] == []
    taken = confirm(station, found["id"], take=[{"n": 0, "as": "boundary"}])
    assert taken.json()["repeated"] is False, taken.text
    details = chief.ask("/api/v1/zone/details")
    assert details["area_m2"] == pytest.approx(1.18e6, rel=0.01)
    after = station.head()
    again = confirm(station, found["id"], take=[{"n": 0, "as": "boundary"}])
    assert again.json() == {"version": details["version"], "repeated": True}
    assert station.head() == after
    version = chief.ask("/api/v1/zone/versions")["items"][0]
    assert [change["kind"] for change in version["changes"]] == ["ground_imported", "zone_drawn"]
    assert version["changes"][0]["name"]["th"] == "เขต.geojson"
    assert version["reason"] == "วัดใหม่"


def test_it_belongs_to_whoever_made_it_and_ends_after_a_day(station: RunningStation) -> None:
    found = upload(station, "a.geojson", geojson(RING))
    assert station.api("admin").get(f"{IMPORTS}/{found['id']}").status_code == 404
    assert station.api("operator").get(f"{IMPORTS}/{found['id']}").status_code == 403
    station.clock.advance(24 * 3600)
    assert station.api("chief").get(f"{IMPORTS}/{found['id']}").status_code == 404
    upload(station, "b.geojson", geojson(RING))
    assert not (station.folder.imports / found["id"]).exists()


def test_what_is_too_large_is_refused_before_it_is_read(station: RunningStation) -> None:
    """Two hundred megabytes are announced and not one is taken; nor is more taken than was announced."""
    with socket.create_connection(("127.0.0.1", station.port)) as line:
        head = (
            f"POST {IMPORTS}?name=a.zip HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {station.tokens['chief']}\r\n"
            f"Content-Length: {200 * 1024 * 1024}\r\n\r\n"
        )
        line.sendall(head.encode())
        answer = line.recv(4096).decode()
        assert answer.startswith("HTTP/1.1 413")
    chunk = b"\0" * 1_048_576
    answer2 = station.api("chief").http.post(
        IMPORTS, params={"name": "a.zip"}, content=(chunk for _ in range(70))
    )
    assert answer2.status_code == 413
    assert answer2.json()["code"] == "import_too_large"
    assert "64 MiB" in answer2.json()["words"]["th"]
    left = [each for each in station.folder.imports.rglob("upload*") if each.stat().st_size > 1_000_000]
    assert left == []


def test_all_of_it_or_nothing(station: RunningStation) -> None:
    bow_tie = [(104.72, 16.54), (104.73, 16.55), (104.73, 16.54), (104.72, 16.55), (104.72, 16.54)]
    found = upload(station, "a.geojson", geojson(RING, bow_tie, properties={"name": "ชุมชน"}))
    before = station.head()
    both = [{"n": 0, "as": "community"}, {"n": 1, "as": "community"}]
    refused = confirm(station, found["id"], take=both)
    assert (refused.status_code, refused.json()["row"]) == (422, 2)
    assert station.head() == before
    assert confirm(station, found["id"], take=both[:1]).is_success
    names = [c["name"]["th"] for c in station.api("chief").ask("/api/v1/zone/details")["communities"]]
    assert "ชุมชน" in names
    assert station.verdict().content


@pytest.mark.parametrize("name", ["../../x.geojson", "a.geojson/../../b", "\u202ea.geojson", "a" * 199 + "/"])
def test_a_name_of_somebody_else_reaches_no_path(station: RunningStation, name: str) -> None:
    before = {each for each in station.folder.path.iterdir() if each.is_file()}
    station.api("chief").http.post(IMPORTS, params={"name": name}, content=geojson(RING))
    assert {each for each in station.folder.path.iterdir() if each.is_file()} == before
    assert {each.name for each in station.folder.imports.rglob("upload*")} <= {
        "upload.geojson",
        "upload.none",
    }


@pytest.mark.skipif(not DATA.is_dir(), reason="the real maps are not here (shared/data beside the project)")
def test_real_buildings_lie_under_the_zone(station: RunningStation) -> None:
    for each in station.folder.imports.iterdir():
        for file in each.iterdir():
            file.unlink()
    found = upload(station, "buildings.geojson", (DATA / "samutsakhon" / "buildings.geojson").read_bytes())
    assert found["proposal"]["buildings"] == 5482
    assert confirm(station, found["id"], buildings=True).is_success
    (layer,) = eventually(lambda: station.api("operator").ask("/api/v1/zone/layers")["items"], within_s=240)
    assert (layer["name"], layer["features"]) == ("buildings", 5482)
    answer = station.api("operator").get("/api/v1/zone/layers/buildings")
    assert len(answer.json()["features"]) == 5482
    tagged = station.api("operator").http.get(
        "/api/v1/zone/layers/buildings", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert tagged.status_code == 304


def test_a_proposal_is_still_there_after_a_restart(tmp_path: Path) -> None:
    before = RunningStation(tmp_path)
    asked = upload(before, "เขต.geojson", geojson(RING))
    before.close()
    after = RunningStation(tmp_path)
    try:
        again = after.api("chief").ask(f"/api/v1/zone/imports/{asked['id']}")
        assert again == asked
        taken = confirm(after, asked["id"], reason="หลังเริ่มใหม่", take=[{"n": 0, "as": "boundary"}])
        assert taken.status_code == 200, taken.text
    finally:
        after.close()
