"""What poles say: a press is an incident and a receipt; what makes no sense is kept, and never stops the next message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safezone.core.errors import Unavailable
from safezone.entrypoints.poles import KEPT_AT_ONCE, MOST_OF_ONE, Poles
from safezone.events.incidents import PressesCounted, ReportReceived
from safezone.incidents.queries import list_incidents, list_refused_messages
from safezone.incidents.views import IncidentView, RefusedMessageView
from tests.support.engines import EngineName
from tests.support.station import Station, who

CHANNEL = Path(__file__).resolve().parents[1] / "channels" / "sos_point"
PRESS = "safezone/mdh/sos/sos-03/press"


class Door:
    """The poles' door of a station, and what came of it."""

    def __init__(self, station: Station) -> None:
        self.station, self.poles = station, Poles(station.desk)

    async def say(self, payload: bytes, topic: str = PRESS) -> dict[str, Any] | None:
        reply = await self.poles.on_message(topic, payload)
        return None if reply is None else json.loads(reply.payload)

    def incidents(self) -> list[IncidentView]:
        with self.station.read() as conn:
            return list_incidents(conn, who("operator"), self.station.surroundings, state="all")

    def refused(self) -> list[RefusedMessageView]:
        with self.station.read() as conn:
            return list_refused_messages(conn, who("admin"))


@pytest.fixture
def door(engine: EngineName, tmp_path: Path) -> Iterator[Door]:
    station = Station(tmp_path)
    yield Door(station)
    station.close()


async def test_a_press_is_answered_after_it_is_stored(door: Door) -> None:
    receipt = await door.say(b'{"n": 7, "at": "2026-11-20T19:00:00+07:00", "kind": "sos"}')
    (incident,) = door.incidents()
    assert receipt == {
        "n": 7,
        "status": "stored",
        "incident_id": incident.id,
        "at": "2026-11-20T19:00:00+07:00",
    }
    assert (incident.sos_point, incident.channel, incident.place_confirmed) == ("sos-03", "sos_point", True)


async def test_every_captured_message_is_a_press_or_kept_and_the_next_one_gets_through(door: Door) -> None:
    messages = {path.stem: path.read_bytes() for path in sorted(CHANNEL.glob("*.json"))}
    assert len(messages) > 20
    for name, payload in messages.items():
        kept_before = len(door.refused())
        reply = await door.say(payload)
        kept = door.refused()[: len(door.refused()) - kept_before]
        assert reply is not None or kept, f"{name}: neither an incident nor kept"
        if kept:
            assert kept[0].raw == payload.decode("utf-8", "backslashreplace"), name
            assert kept[0].source == PRESS
            assert kept[0].reason.th
    assert await door.say(b'{"n": 99}') is not None


async def test_a_press_whose_time_cannot_be_read_is_an_incident_and_shown_to_the_administrator(
    door: Door,
) -> None:
    for _ in range(2):
        assert await door.say(b'{"n": 1, "at": "soon"}') is not None
    assert len(door.incidents()) == 1
    (kept,) = door.refused()
    assert "its time 'soon' cannot be read" in kept.reason.en


@pytest.mark.parametrize(
    "topic",
    [
        "safezone/nki/sos/sos-03/press", "safezone/mdh/sos/sos-03/receipt/x", "safezone/mdh/sos//press", "rubbish", "",
        "safezone/mdh/lamp/7/press",
    ],
)  # fmt: skip
async def test_what_is_no_topic_of_ours_is_kept(door: Door, topic: str) -> None:
    assert await door.say(b'{"n": 1}', topic) is None
    (kept,) = door.refused()
    assert (kept.source, kept.raw) == (topic, '{"n": 1}')
    assert door.incidents() == []


async def test_a_pole_that_nobody_registered_is_an_incident_all_the_same(door: Door) -> None:
    receipt = await door.say(b'{"n": 1}', "safezone/mdh/sos/sos-99/press")
    (incident,) = door.incidents()
    assert receipt is not None
    assert (receipt["incident_id"], incident.sos_point, incident.place_confirmed) == (
        incident.id,
        "sos-99",
        False,
    )


async def test_heartbeats_are_taken_and_bad_ones_kept(door: Door) -> None:
    topic = "safezone/mdh/sos/sos-03/heartbeat"
    assert await door.say(b'{"at": "2026-11-20T12:00:00Z", "battery_pct": 80}', topic) is None
    assert door.refused() == []
    assert await door.say(b'{"battery_pct": "full"}', topic) is None
    assert len(door.refused()) == 1
    assert door.incidents() == []


async def test_what_could_not_be_stored_is_not_answered(door: Door) -> None:
    """The door then does not acknowledge it to the broker, which brings it again."""
    door.station.engine.lane.stop()
    for payload in (b'{"n": 1}', b"rubbish"):
        with pytest.raises(Unavailable):
            await door.say(payload)
    door.station.engine.lane.start()
    assert await door.say(b'{"n": 1}') is not None


async def test_a_pole_that_presses_without_end_waits_for_itself_alone(door: Door) -> None:
    order: list[str] = []

    async def press(point: str, number: int) -> bool:
        said = b'{"n": %d, "at": "2026-11-20T19:00:00+07:00", "kind": "sos"}' % number
        answered = await door.say(said, f"safezone/mdh/sos/{point}/press") is not None
        order.append(point)
        return answered

    flood = [asyncio.create_task(press("sos-03", number)) for number in range(1, 601)]
    other = asyncio.create_task(press("sos-04", 1))
    answered = await asyncio.gather(*flood)
    assert await other is True
    assert order.index("sos-04") < 100, "the other pole did not wait for the flood"
    assert 0 < sum(answered) <= 2 * MOST_OF_ONE, "the rest is counted, without a receipt of its own"
    assert len(door.incidents()) == 2
    stored, counted = _numbers_in_the_log(door)
    assert len(stored) == len(set(stored)) == sum(answered)
    assert len(stored) + sum(each.count for each in counted) == 600, "none of them is silently gone"
    assert all(1 <= each.lowest_n <= each.highest_n <= 600 for each in counted)
    assert await press("sos-03", 601), "and it goes on as ever"


def _numbers_in_the_log(door: Door) -> tuple[list[str], list[PressesCounted]]:
    """The keys of the presses of sos-03 that are kept by themselves, and those that were counted."""
    events = [entry.event for entry in door.station.log()]
    reports = [each for each in events if isinstance(each, ReportReceived) and each.sos_point == "sos-03"]
    return [each.dedupe_sha256 for each in reports], [x for x in events if isinstance(x, PressesCounted)]


async def test_a_crowd_that_cannot_be_counted_is_not_answered(door: Door) -> None:
    """None of its messages is acknowledged to the broker, which brings them again."""
    door.station.engine.lane.stop()
    said = [b'{"n": %d}' % number for number in range(1, MOST_OF_ONE + 51)]
    told = await asyncio.gather(*(door.say(each) for each in said), return_exceptions=True)
    assert all(isinstance(each, Unavailable) for each in told)
    door.station.engine.lane.start()
    assert await door.say(b'{"n": 999}') is not None, "nobody waits for a crowd that failed"


async def test_rubbish_of_one_topic_is_kept_so_often_and_no_more(door: Door) -> None:
    for _ in range(KEPT_AT_ONCE + 40):
        assert await door.say(b"rubbish", "safezone/mdh/sos/sos-03/nonsense") is None
    assert KEPT_AT_ONCE <= len(door.refused()) <= KEPT_AT_ONCE + 20
    await door.say(b"rubbish", "safezone/mdh/sos/sos-04/nonsense")
    assert door.refused()[0].source.endswith("sos-04/nonsense")
