"""The small HTTP client of the simulated patrols, against the real station."""

from __future__ import annotations

import asyncio

import pytest

from safezone.entrypoints.demo.doors import Away, Door, Refused
from safezone.entrypoints.demo.running import Running, find_running
from tests.support.places import free_port
from tests.support.running import Station


def door_to(station: Station, who: str) -> Door:
    return Door(lambda: find_running(station.data), station.tokens[who])


async def test_answers_and_refusals_come_as_they_are_meant(plain_station: Station) -> None:
    door = door_to(plain_station, "operator")
    assert len((await door.ask("GET", "/api/v1/units"))["items"]) == 6
    with pytest.raises(Refused) as no:
        await door.ask("GET", "/api/v1/incidents/none-such")
    assert (no.value.status, no.value.code) == (404, "no_incident")
    assert no.value.body["words"]["th"]
    door.close()


async def test_nothing_is_done_twice_with_one_key(plain_station: Station) -> None:
    door = door_to(plain_station, "operator")
    body = {"kind": "noise", "channel": "phone"}
    first = await door.ask("POST", "/api/v1/reports", body, key="the-same")
    assert await door.ask("POST", "/api/v1/reports", body, key="the-same") == first
    door.close()


async def test_where_nobody_answers_it_is_away() -> None:
    nowhere = Running(f"http://127.0.0.1:{free_port()}", "mdh", "127.0.0.1", 1)
    for find in (lambda: None, lambda: nowhere):
        with pytest.raises(Away):
            await Door(find, "t").ask("GET", "/healthz")


async def test_it_insists_until_the_station_is_there(plain_station: Station) -> None:
    answers = iter([None, None])
    door = Door(lambda: next(answers, find_running(plain_station.data)), plain_station.tokens["operator"])
    assert (await asyncio.wait_for(door.insist("GET", "/api/v1/session"), 120))["role"] == "operator"
    door.close()


async def test_the_feed_is_followed_from_a_look_at_everything(plain_station: Station) -> None:
    door, looked, changes = door_to(plain_station, "operator"), asyncio.Event(), asyncio.Queue[str]()

    async def look_anew() -> None:
        looked.set()

    follows = asyncio.create_task(door.follow(look_anew, lambda change: changes.put_nowait(change["kind"])))
    await asyncio.wait_for(looked.wait(), 120)
    await door.ask("POST", "/api/v1/reports", {"kind": "noise", "channel": "phone"})
    assert await asyncio.wait_for(changes.get(), 120) in ("report_received", "incident_opened")
    follows.cancel()
    await asyncio.gather(follows, return_exceptions=True)
    door.close()
