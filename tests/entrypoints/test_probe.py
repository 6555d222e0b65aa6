"""The synthetic press: it goes the whole road, leaves no incident, and somebody hears when it does not arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from safezone.core.clock import SystemClock
from safezone.entrypoints import probe
from safezone.entrypoints.broker import setup as broker
from safezone.entrypoints.figures import ProbeFigures
from safezone.entrypoints.mqtt import MqttDoor, Reply, receipt_topic
from tests.support.places import eventually
from tests.support.poles import RealBroker
from tests.support.running import Station, running

QUICK = "[probe]\nevery_s = 1\n"


def probe_of(station: Station) -> dict[str, Any]:
    part: dict[str, Any] = station.readiness().json()["parts"]["probe"]
    return part


def metric(station: Station, name: str) -> float:
    text = httpx.get(f"{station.url}/metrics", trust_env=False, timeout=60).text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def test_it_goes_the_whole_road_and_is_no_incident(tmp_path: Path) -> None:
    with running(tmp_path / "data", settings=QUICK) as station:
        # One alone may be missed while the station is still coming up.
        eventually(lambda: (part := probe_of(station))["state"] == "ok" and _has_come(part["figures"]))
        assert metric(station, "safezone_probe_seconds_count") >= 1
        assert metric(station, "safezone_probe_missed_total") <= 1
        assert station.list_incidents() == []
        kept = station.ask("GET", "/admin/refused-messages", who="admin").json()["items"]
        assert kept == []
        shown = {each["id"] for each in station.ask("GET", "/assets").json()["items"]}
        assert "_probe" not in shown


def _has_come(figures: dict[str, Any]) -> bool:
    return bool(figures["last_receipt_at"]) and figures["missed_in_a_row"] == 0


@pytest.fixture
def real_broker(tmp_path: Path) -> Iterator[RealBroker]:
    """A broker that knows no probe."""
    broker = RealBroker(tmp_path / "broker", ["sos-01"])
    broker.start()
    yield broker
    broker.kill()


async def test_one_miss_is_no_alarm_two_are_and_it_is_over_with_the_next_receipt(
    real_broker: RealBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "LIMIT_S", 0.5)
    settings, login = real_broker.door_settings(), probe.Login("mdh._probe", "not-known-there")
    figures = ProbeFigures()
    pressing = probe.Probe(settings, "mdh", login, SystemClock(), figures, every_s=1.0)
    pressing.start()
    seen: set[tuple[int, str]] = set()

    def look() -> bool:
        missed, state = figures.missed, pressing.check().state
        if figures.missed == missed:  # Else another one was missed while we looked.
            seen.add((min(missed, 2), state))
        return missed >= 2

    await until(look)
    assert seen <= {(0, "ok"), (1, "ok"), (2, "degraded")}
    assert pressing.check().state == "degraded"
    reason = pressing.check().reason
    assert reason is not None
    assert "refuses the user name" in reason.en
    assert reason.th
    real_broker.tokens["_probe"] = login.password
    assert broker.set_devices(real_broker.directory, real_broker.devices())
    await until(lambda: pressing.check().reason and "no receipt" in str(pressing.check().reason))

    async def answer(topic: str, payload: bytes) -> Reply:
        said = msgspec.json.decode(payload)
        receipt = {"n": said["n"], "at": said["at"], "status": "stored"}
        return Reply(receipt_topic("mdh", topic.split("/")[3]), msgspec.json.encode(receipt))

    # Long enough for an answer on a machine that is busy with other things.
    monkeypatch.setattr(probe, "LIMIT_S", 30.0)
    door = MqttDoor(settings, "mdh", answer)
    door.start()
    await until(lambda: pressing.check().state == "ok")
    assert sum(figures.took.counts) >= 1
    await pressing.stop()
    await door.stop()


async def until(ask: Callable[[], object]) -> None:
    await asyncio.to_thread(eventually, ask)
