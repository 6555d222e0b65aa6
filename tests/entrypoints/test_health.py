"""/readyz tells the truth: every part with its state, since when, and why, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from safezone.core.clock import ManualClock
from safezone.core.i18n import Words
from safezone.core.identity import system
from safezone.core.listeners import MAX_TRIES, NoteFailure
from safezone.entrypoints import node_checks as checks
from safezone.entrypoints.health import Finding, Health, Report
from safezone.entrypoints.mqtt import DoorStatus
from tests.support.places import eventually
from tests.support.running import Station as WholeStation
from tests.support.station import STATION, RunningStation, Station

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TROUBLE = Words(th="เสีย", en="broken")


@pytest.fixture
def station(tmp_path: Path) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path)
    yield station
    station.close()


def test_every_part_is_named_with_its_state_and_figures(demo: WholeStation) -> None:
    answer = eventually(lambda: (found := demo.readiness()).json()["status"] == "ok" and found)
    assert answer
    said = answer.json()
    assert (answer.status_code, said["degraded"]) == (200, [])
    assert {"record", "lane", "listeners", "feed", "jobs", "mqtt_door", "broker", "broker_users"} <= set(
        said["parts"]
    )
    for name, part in said["parts"].items():
        assert part["state"] == "ok", name
        assert datetime.fromisoformat(part["since_at"]).tzinfo is not None
    assert said["parts"]["record"]["figures"]["disk_free_bytes"] > 0
    assert said["parts"]["mqtt_door"]["figures"]["connects"] >= 1


def test_a_parked_listener_degrades_and_every_console_is_told(station: RunningStation) -> None:
    def park_and_ask() -> dict[str, Any] | None:
        # Its thread may just be starting, and set back what was noted.
        for _ in range(MAX_TRIES):
            station.do(NoteFailure("assets.sign_of_life", 1, "never"), system(STATION, "test"))
        return _degraded(station)

    answer = eventually(park_and_ask)
    assert answer is not None
    assert answer["status"] == "degraded"
    assert "assets.sign_of_life" in answer["parts"]["listeners"]["reason"]["th"]
    eventually(
        lambda: [(one.part, one.state) for one in station.node.hub.notices] == [("listeners", "degraded")]
    )


def _degraded(station: RunningStation) -> dict[str, Any] | None:
    answer = station.api("public").get("/readyz")
    assert answer.status_code == 200, "presses arrive and are seen all the same"
    said: dict[str, Any] = answer.json()
    return said if said["degraded"] == ["listeners"] else None


async def test_since_when_holds_until_the_state_changes() -> None:
    clock = ManualClock(AT)
    found = [Finding()]
    health = Health(clock)
    health.add("part", lambda: found[0])
    assert (await health.look()).parts["part"].since_at == AT
    clock.advance(60)
    assert (await health.look()).parts["part"].since_at == AT
    found[0] = Finding("degraded", TROUBLE)
    report = await health.look()
    assert (report.state, report.parts["part"].since_at) == ("degraded", AT + timedelta(seconds=60))
    assert report.degraded == ["part"]
    assert [(one.part, one.reason) for one in report.notices] == [("part", TROUBLE)]
    found[0] = Finding("down", TROUBLE)
    assert (await health.look()).state == "down"


async def test_a_part_that_cannot_be_looked_at_is_down() -> None:
    def broken() -> Finding:
        raise RuntimeError("no")

    health = Health(ManualClock(AT))
    health.add("part", broken)
    report: Report = await health.look()
    assert report.state == "down"
    assert report.notices[0].reason.th


@pytest.mark.parametrize(
    ("connected", "failing", "state"), [(True, 0, "ok"), (True, 3, "down"), (False, 0, "down")]
)
def test_the_door_of_the_poles(connected: bool, failing: int, state: str) -> None:
    status = DoorStatus(
        connected=connected, since_at=AT, last_error=None if state == "ok" else TROUBLE, in_flight=failing,
        failing=failing, answered=9, received=9, receipts=3, connects=1,
    )  # fmt: skip
    assert checks.check_mqtt_door(status).state == state


@pytest.mark.parametrize(("free_mib", "state"), [(4096, "ok"), (1024, "degraded"), (10, "down")])
def test_a_disk_that_fills_up_is_told_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_mib: int, state: str
) -> None:
    station = Station(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: _Disk(free_mib << 20))
    found = checks.check_record(station.desk, tmp_path)
    assert found.state == state
    assert (found.reason is None) == (state == "ok")
    station.close()


class _Disk:
    def __init__(self, free: int) -> None:
        self.free = free
