"""The make-believe officer, with the token of a unit and a real station: duty, jobs, and nothing said off duty."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from safezone.entrypoints.demo.doors import Door
from safezone.entrypoints.demo.officer import Officer
from safezone.entrypoints.demo.running import find_running
from safezone.entrypoints.demo.streets import Streets
from tests.support.running import DEMO_SET, Station
from tests.support.waiting import wait_until

STREETS = Streets.of_map(json.loads((DEMO_SET / "zone.geojson").read_text("utf-8")))


class CountingDoor(Door):
    """A door that remembers how often a position was told."""

    fixes = 0

    async def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        self.fixes += path.startswith("/osmand")
        return await super().ask(method, path, body, key)


@asynccontextmanager
async def on_duty(station: Station, unit_id: str) -> AsyncIterator[tuple[Officer, CountingDoor]]:
    units = (await asyncio.to_thread(station.ask, "GET", "/units")).json()["items"]
    unit = next(each for each in units if each["id"] == unit_id)
    door = CountingDoor(lambda: find_running(station.data), station.tokens[unit["call_sign"]])
    officer = Officer(unit, door, STREETS, speed=10)
    life = asyncio.create_task(officer.run())
    try:
        await asyncio.wait_for(officer.placed.wait(), 120)
        yield officer, door
    finally:
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life
        door.close()


async def test_off_duty_nothing_is_said_of_where_it_is(plain_station: Station) -> None:
    async with on_duty(plain_station, "moto-2") as (officer, door):
        await _set_duty(plain_station, "moto-2", on=False)
        await wait_until(lambda: not officer.on_duty.is_set())
        told = door.fixes
        # Four times as long as between two fixes on duty; one may have been on its way.
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await officer.on_duty.wait()
        assert door.fixes <= told + 1
        told = door.fixes
        await _set_duty(plain_station, "moto-2", on=True)
        await wait_until(lambda: door.fixes > told)


async def _set_duty(station: Station, unit_id: str, *, on: bool) -> None:
    path = f"/units/{unit_id}/duty"
    answer = await asyncio.to_thread(station.ask, "POST", path, {"on": on}, who="supervisor")
    assert answer.is_success, answer.text


async def test_two_jobs_are_done_one_after_the_other(plain_station: Station) -> None:
    """The second is given with a reason while the first is still open; no job is forgotten."""
    async with on_duty(plain_station, "car-1"):
        fix = plain_station.ask("GET", "/units/car-1").json()["fix"]
        first, second = [await _open_at(plain_station, fix["lon"] + n / 1000, fix["lat"]) for n in range(2)]
        await _dispatch(plain_station, first)
        await wait_until(lambda: _step(plain_station, first) == "on_scene", 240.0, every_s=0.1)
        await _dispatch(plain_station, second, second_assignment_reason="ใกล้ที่สุด")
        await _close(plain_station, first)
        await wait_until(lambda: _step(plain_station, second) == "on_scene", 240.0, every_s=0.1)
        await _close(plain_station, second)


async def test_a_unit_hears_that_its_incident_is_over(plain_station: Station) -> None:
    """Closing clears the unit and ends the incident in one go: the unit's own feed says that it is gone."""
    async with on_duty(plain_station, "car-2") as (_, door):
        changes: list[dict[str, Any]] = []
        looked = asyncio.Event()

        async def look_anew() -> None:
            looked.set()

        follows = asyncio.create_task(door.follow(look_anew, changes.append))
        await asyncio.wait_for(looked.wait(), 120)
        incident_id = await _open_at(plain_station, 104.7285, 16.5412)
        await _dispatch(plain_station, incident_id, unit_id="car-2")
        await wait_until(lambda: any(i["id"] == incident_id for c in changes for i in c.get("incidents", ())))
        await _close(plain_station, incident_id)
        await wait_until(lambda: any(incident_id in change.get("gone", ()) for change in changes))
        follows.cancel()
        await asyncio.gather(follows, return_exceptions=True)


async def _open_at(station: Station, lon: float, lat: float) -> str:
    body = {"kind": "theft", "channel": "phone", "place": {"lon": lon, "lat": lat}}
    answer = await asyncio.to_thread(station.ask, "POST", "/reports", body)
    return str(answer.json()["incident_id"])


async def _dispatch(station: Station, incident_id: str, unit_id: str = "car-1", **more: str) -> None:
    body = {"expected_version": _incident(station, incident_id)["version"], "unit_ids": [unit_id], **more}
    answer = await asyncio.to_thread(station.ask, "POST", f"/incidents/{incident_id}/dispatch", body)
    assert answer.is_success, answer.text


async def _close(station: Station, incident_id: str) -> None:
    """Whatever the unit does at the same moment: a version that was overtaken is asked for again."""
    for _ in range(5):
        body = {"expected_version": _incident(station, incident_id)["version"], "outcome": "resolved"}
        answer = await asyncio.to_thread(station.ask, "POST", f"/incidents/{incident_id}/close", body)
        if answer.is_success:
            return
    raise AssertionError(answer.text)


def _incident(station: Station, incident_id: str) -> dict[str, Any]:
    found: dict[str, Any] = station.ask("GET", f"/incidents/{incident_id}").json()["incident"]
    return found


def _step(station: Station, incident_id: str) -> str:
    sent = _incident(station, incident_id)["assignments"]
    return str(sent[0]["state"]) if sent else ""
