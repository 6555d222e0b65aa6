"""A pole's secret is changed without the pole being cut off, and taken back on every channel at once: a real broker,
real connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from msgspec.structs import replace

from safezone.core.devices import GiveDeviceSecret, NewSecret, RevokeDevice, list_secrets
from safezone.core.errors import Unavailable
from safezone.core.identity import Identity
from safezone.entrypoints.broker import setup as broker
from safezone.entrypoints.broker.look import connected_users
from safezone.entrypoints.broker.users import BrokerUsers
from tests.support.places import eventually
from tests.support.poles import STATION, RealBroker, RealPole
from tests.support.running import Station as WholeStation
from tests.support.running import demo
from tests.support.station import RunningStation, Station

__all__ = ["demo"]

TECHNICIAN = Identity(STATION, "technician", "somchai")


class Told:
    """A station without doors, a real broker that runs, and what tells the one about the other."""

    def __init__(self, path: Path) -> None:
        self.station = Station(path / "data")
        self.broker = RealBroker(path / "broker", [])
        self.broker.start()
        self.users = BrokerUsers(self.station.desk, self.broker.directory)
        self.users.start()
        self.poles: list[RealPole] = []

    async def give(self, point: str, overlap_h: int = 72) -> NewSecret:
        """A secret that the broker knows."""
        new: NewSecret = self.station.do(GiveDeviceSecret(point, overlap_h), TECHNICIAN)
        await self.soon(lambda: new.username in self.known())
        return new

    async def connect(self, new: NewSecret) -> RealPole:
        pole = RealPole(self.broker, new.device_id, password=new.secret, username=new.username)
        self.poles.append(pole)
        await self.soon(pole.listening.is_set)
        # It may have knocked before the broker had read its name.
        pole.drops, pole.refused = 0, None
        return pole

    def known(self) -> set[str]:
        return {device.username for device in broker.load(self.broker.directory).state.devices}

    def states(self, point: str) -> dict[str, str]:
        with self.station.read() as conn:
            found = list_secrets(conn, STATION, self.station.clock.now()).get(point, [])
        return {view.username: view.state for view in found}

    async def soon(self, ask: Callable[[], Any]) -> None:
        await asyncio.to_thread(eventually, ask)

    async def close(self) -> None:
        for pole in self.poles:
            await asyncio.to_thread(pole.leave)
        await self.users.stop()
        self.broker.kill()
        self.station.close()


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    told = Told(tmp_path)
    yield told
    await told.close()


async def test_a_revoked_pole_is_put_out_while_it_is_connected_and_no_other_is(told: Told) -> None:
    thief = await told.connect(await told.give("pole-1"))
    other = await told.connect(await told.give("pole-2"))
    told.station.do(RevokeDevice("pole-1", "stolen"), TECHNICIAN)
    await told.soon(lambda: thief.drops)
    await told.soon(lambda: thief.refused)
    assert "Not authorized" in str(thief.refused)
    assert other.drops == 0
    state = broker.load(told.broker.directory).state
    assert f"{STATION}.pole-1" not in await connected_users(state)
    assert f"{STATION}.pole-2" in await connected_users(state)


async def test_a_pole_keeps_its_line_while_its_secret_is_changed(told: Told) -> None:
    first = await told.give("pole-1")
    pole = await told.connect(first)
    second = await told.give("pole-1")
    assert {first.username, second.username} <= told.known()
    assert told.states("pole-1") == {first.username: "ending", second.username: "waiting"}
    await asyncio.to_thread(pole.publish, pole.topic("press"), b"{}")
    assert pole.drops == 0, "the old secret is still good"
    await told.connect(second)
    await told.soon(lambda: told.states("pole-1") == {second.username: "good"})
    await told.soon(lambda: pole.drops)
    assert told.known() >= {second.username}
    assert first.username not in told.known()


async def test_the_broker_forgets_an_old_secret_when_its_time_is_over(told: Told) -> None:
    first, second = await told.give("pole-1"), await told.give("pole-1", 1)
    told.station.clock.advance(3599.9)
    # Any news wakes it; from here on it waits for the end that is near.
    await told.give("pole-2")
    told.station.clock.advance(1)
    await told.soon(lambda: first.username not in told.known())
    assert second.username in told.known()


async def test_the_broker_does_not_answer_a_stranger(told: Told) -> None:
    state = broker.load(told.broker.directory).state
    pole = await told.give("pole-1")
    assert state.looker is not None
    for username, password in ((pole.username, pole.secret), (state.looker.username, "guessed")):
        asker = replace(state, looker=replace(state.looker, username=username, password=password))
        with pytest.raises(Unavailable):
            await connected_users(asker)


# ── over HTTP ──


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("devices"))
    yield station
    station.close()


def of(station: RunningStation, point: str) -> dict[str, Any]:
    items = station.api("technician").ask("/api/v1/devices")["items"]
    found: dict[str, Any] = next(each for each in items if each["point_id"] == point)
    return found


def press(station: RunningStation, secret: str) -> int:
    head = {"Authorization": f"Bearer {secret}"}
    url = f"{station.url}/api/v1/reports"
    return httpx.post(url, json={"kind": "sos"}, headers=head, trust_env=False, timeout=60).status_code


def test_a_press_over_http_with_the_new_secret_ends_the_old_one(station: RunningStation) -> None:
    old = station.tokens["sos-02"]
    new = station.api("technician").act("/api/v1/devices/sos-02/secret", {})
    assert (new["username"], new["topic"]) == ("mdh.sos-02.2", "safezone/mdh/sos/sos-02")
    assert new["old_good_until"] is not None
    assert [each["state"] for each in of(station, "sos-02")["secrets"]] == ["ending", "waiting"]
    assert press(station, old) == 201
    assert press(station, new["secret"]) == 201
    eventually(lambda: [each["state"] for each in of(station, "sos-02")["secrets"]] == ["good"])
    assert (press(station, old), press(station, new["secret"])) == (401, 201)


def test_the_secret_itself_is_shown_once_and_kept_nowhere(station: RunningStation) -> None:
    new = station.api("admin").act("/api/v1/devices/sos-03/secret", {"overlap_h": 0})
    assert new["secret"] not in station.api("admin").get("/api/v1/devices").text
    with station.read() as conn:
        for row in conn.exec_driver_sql("SELECT * FROM credential").mappings():
            assert new["secret"] not in map(str, row.values())
        for row in conn.exec_driver_sql("SELECT * FROM log").mappings():
            assert new["secret"] not in str(dict(row))


def test_the_list_tells_each_pole_and_when_it_was_heard(station: RunningStation) -> None:
    items = station.api("technician").ask("/api/v1/devices")["items"]
    assert {"sos-01", "sos-08"} <= {each["point_id"] for each in items}
    assert of(station, "sos-01")["name"]["th"]
    assert of(station, "sos-01")["secrets"][0]["username"] == "mdh.sos-01"


def test_a_pole_that_is_not_there_gets_no_secret(station: RunningStation) -> None:
    refused = station.api("technician").post("/api/v1/devices/nothing/secret", {})
    assert (refused.status_code, refused.json()["code"]) == (404, "no_asset")


def test_a_revoked_pole_is_out_on_both_channels_of_a_whole_station(demo: WholeStation) -> None:
    asked = {"sort": "device", "role": "sos_point", "name": "x", "point_id": "pole-taken"}
    given = demo.ask("POST", "/admin/credentials", asked, who="admin").json()
    there = cast(
        RealBroker,
        SimpleNamespace(prepared=SimpleNamespace(host="127.0.0.1", port=demo.mqtt_port), tokens={}),
    )
    pole = RealPole(there, "pole-taken", password=given["secret"])
    try:
        assert pole.press(1, every_s=0.5)["status"] == "stored"
        drops = pole.drops
        answer = demo.ask("POST", "/devices/pole-taken/revoke", {"reason": "stolen"}, who="technician")
        assert answer.status_code == 200
        eventually(lambda: pole.drops > drops)
        eventually(lambda: pole.refused)
    finally:
        pole.leave()
