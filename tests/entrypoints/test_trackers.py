"""The tracker of a unit has a secret of its own: it says where the unit is, in the form of OsmAnd, and may do nothing else.

That it may do nothing else is in the table of who may do what (`test_permissions`).
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.places import eventually
from tests.support.station import RunningStation

PLACE = {"lat": "16.54", "lon": "104.72"}


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("trackers"))
    for unit_id in ("car-1", "car-2", "moto-1"):
        station.api("supervisor").act(f"/api/v1/units/{unit_id}/duty", {"on": True})
    yield station
    station.close()


def give(station: RunningStation, unit_id: str, overlap_h: int = 72) -> str:
    given = station.api("technician").act(f"/api/v1/trackers/{unit_id}/secret", {"overlap_h": overlap_h})
    assert given["path"] == "/osmand"
    secret: str = given["identifier"]
    return secret


def tell(station: RunningStation, secret: str) -> httpx.Response:
    """What the Traccar Client sends, its identifier being the secret."""
    return httpx.get(f"{station.url}/osmand", params={"id": secret, **PLACE}, timeout=60)


def states(station: RunningStation, unit_id: str) -> list[str]:
    items = station.api("technician").ask("/api/v1/trackers")["items"]
    return [secret["state"] for each in items if each["unit_id"] == unit_id for secret in each["secrets"]]


def test_it_says_where_its_unit_is(station: RunningStation) -> None:
    answer = tell(station, give(station, "car-1"))
    assert [each["mark"] for each in answer.json()["results"]] == ["ok"]
    fix = station.api("operator").ask("/api/v1/units/car-1")["fix"]
    assert (fix["lon"], fix["lat"]) == (104.72, 16.54)


def test_the_list_does_not_hold_the_secret_nor_who_is_on_duty(station: RunningStation) -> None:
    secret = give(station, "moto-1")
    said = station.api("technician").get("/api/v1/trackers").text
    assert "moto-1" in said
    assert secret not in said
    assert "duty" not in said


def test_a_new_secret_does_not_cut_it_off_and_ends_the_old_one_when_it_is_used(
    station: RunningStation,
) -> None:
    old = give(station, "car-2")
    assert tell(station, old).is_success
    new = give(station, "car-2")
    assert tell(station, old).is_success
    assert states(station, "car-2") == ["ending", "waiting"]
    assert tell(station, new).is_success
    eventually(lambda: states(station, "car-2") == ["good"])
    assert tell(station, old).status_code == 401


def test_a_stolen_one_says_nothing_any_more(station: RunningStation) -> None:
    secret = give(station, "car-1", overlap_h=0)
    assert tell(station, secret).is_success
    station.api("technician").act("/api/v1/trackers/car-1/revoke", {"reason": "stolen"})
    assert tell(station, secret).status_code == 401
    assert states(station, "car-1") == []


def test_a_unit_that_is_not_there_gets_none(station: RunningStation) -> None:
    refused = station.api("technician").post("/api/v1/trackers/car-99/secret", {})
    assert (refused.status_code, refused.json()["code"]) == (404, "no_unit")
