"""How far the setting up of a station has come is told by what has happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safezone.entrypoints.setting_up import DeviceSecret, write_device_secrets
from tests.support.engines import EngineName
from tests.support.station import RunningStation


@pytest.fixture
def station(engine: EngineName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    found = RunningStation(tmp_path_factory.mktemp(f"setup-{engine}"))
    yield found
    found.close()


def test_a_step_is_done_when_it_has_happened(station: RunningStation) -> None:
    def look() -> dict[str, Any]:
        found: dict[str, Any] = station.api("admin").ask("/api/v1/setup")
        return found

    begun = look()
    assert begun["created_at"] is not None
    assert begun["zone_drawn_at"] is not None, "a station set comes with its zone"
    assert (begun["pressed"], begun["on_duty_at"]) == (None, None)
    assert (begun["administrators"], begun["operators"]) == (0, 0), "a token is no account"

    incident = station.api("sos-03").report("sos")["incident_id"]
    pressed = look()["pressed"]
    assert (pressed["sos_point"], pressed["acknowledged_at"]) == ("sos-03", None)
    operator = station.api("operator")
    operator.on(operator.incident(incident), "acknowledge")
    acknowledged = look()["pressed"]["acknowledged_at"]
    assert acknowledged is not None
    station.clock.advance(300)
    station.api("sos-02").report("sos")
    assert look()["pressed"]["sos_point"] == "sos-02"
    assert look()["pressed"]["acknowledged_at"] == acknowledged, "a later press does not undo it"

    station.api("public").report("noise")
    assert look()["pressed"]["sos_point"] == "sos-02", "only a press of a pole counts"
    station.api("car-1").act("/api/v1/units/car-1/duty", {"on": True})
    assert look()["on_duty_at"] is not None


def test_a_shell_takes_a_poles_password_out_of_the_file_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "secrets.csv"
    write_device_secrets([DeviceSecret("sos-01", "mdh.sos-01", "x-1")], file)
    assert file.read_bytes() == b"sos_point,username,password\nsos-01,mdh.sos-01,x-1\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_unit_is_listed_once_and_called_by_one_name(station: RunningStation) -> None:
    supervisor = station.api("supervisor")
    new = {"id": "car-7", "call_sign": "มุกดา 70", "kind": "car", "name_th": "รถตู้", "name_en": "Van"}
    for _ in range(2):
        assert supervisor.act("/api/v1/units", new)["call_sign"] == "มุกดา 70"
    head = station.head()
    assert supervisor.act("/api/v1/units", {**new, "kind": "motorcycle"})["kind"] == "motorcycle"
    assert [entry.kind for entry in station.log(after=head)] == ["unit_registered"]
    taken = supervisor.post("/api/v1/units", {**new, "id": "car-8"})
    assert (taken.status_code, taken.json()["code"]) == (409, "call_sign_taken")
    assert supervisor.get("/api/v1/units/car-8").status_code == 404
