"""The station in numbers: everything has its n and its time, nothing made up is counted, and nobody's words are in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from safezone.assets.tables import asset
from safezone.incidents.tables import incident
from safezone.patrol.tables import unit
from tests.support.engines import EngineName
from tests.support.station import RunningStation

WORDS = "คำของผู้แจ้งที่ไม่มีใครควรเห็น"


@pytest.fixture
def station(engine: EngineName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    found = RunningStation(tmp_path_factory.mktemp(f"overview-{engine}"))
    yield found
    found.close()


def test_nothing_of_a_demonstration_is_counted_and_all_of_a_real_station_is(station: RunningStation) -> None:
    station.api("public").report("robbery", text=WORDS)
    station.api("supervisor").act("/api/v1/units/car-1/duty", {"on": True})
    shown = station.api("chief").ask("/api/v1/overview")
    assert shown["synthetic"] is True
    assert (shown["incidents"]["n"], shown["incidents"]["left_out_synthetic"]) == (0, 1)
    assert (shown["duty"], shown["equipment"]["n"]) == ({"of": 0, "items": []}, 0)
    assert shown["equipment"]["left_out_synthetic"] > 0

    with station.database.write_connection() as conn, conn.begin():
        for table in (incident, asset, unit):
            conn.execute(update(table).values(synthetic=False))
    api = station.api("commander")
    real = api.ask("/api/v1/overview")
    assert (real["incidents"]["n"], real["incidents"]["by_kind"]) == (1, {"robbery": 1})
    assert real["incidents"]["since"] < real["incidents"]["until"]
    equipment = real["equipment"]
    assert equipment["n"] == sum(equipment["by_readiness"].values()) > 0
    (on_duty,) = real["duty"]["items"]
    assert set(on_duty) == {"call_sign", "kind", "state", "since"}, "neither where it is nor who is in it"
    assert real["duty"]["of"] == 6
    assert real["kept"]["retention_days"]["incident"] > 0
    assert real["works"]["parked"] == []
    assert WORDS not in api.get("/api/v1/overview").text
    assert api.get("/api/v1/overview", days=0).status_code == 422


def test_facts_are_for_more_eyes_than_content(station: RunningStation) -> None:
    """Why something is held, what a message said and what went wrong in the program's own words may name somebody."""
    reported = station.api("public").report("other", text=WORDS)
    hold = f"/api/v1/incidents/{reported['incident_id']}/hold"
    station.api("supervisor").act(hold, {"reason": WORDS})
    for name, reason in {"supervisor": WORDS, "auditor": None, "chief": None, "commander": None}.items():
        (held,) = station.api(name).ask("/api/v1/admin/retention")["holds"]
        assert held["reason"] == reason, name
    station.api("car-1").get("/osmand", lat=WORDS)
    for name, may_read in {"admin": True, "technician": False}.items():
        (message,) = station.api(name).ask("/api/v1/admin/refused-messages")["items"]
        assert (message["raw"] is not None) == may_read
        assert message["reason"]["en"]
    assert WORDS not in station.api("technician").get("/api/v1/admin/refused-messages").text
