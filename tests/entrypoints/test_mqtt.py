"""The door of the SOS points, with a real broker and real poles: nothing is told "received" that is not on disk."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.entrypoints.mqtt import (
    MqttDoor,
    MqttSettings,
    OnMessage,
    Reply,
    SosTopic,
    backoff_s,
    parse_topic,
    receipt_topic,
)
from tests.support.places import free_port
from tests.support.poles import STATION, RealBroker, RealPole
from tests.support.waiting import wait_until

PRESS = "safezone/mdh/sos/sos-01/press"
ONCE_S = 60.0
"""So seldom a pole presses again whose presses are counted: never, however slow the machine is."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RealBroker]:
    running = RealBroker(tmp_path / "broker", ["sos-01", "sos-02"])
    running.start()
    yield running
    running.kill()


@pytest.fixture
def pole_of(broker: RealBroker) -> Iterator[Callable[..., RealPole]]:
    poles: list[RealPole] = []

    def make(point: str, **how: str) -> RealPole:
        poles.append(RealPole(broker, point, **how))
        return poles[-1]

    yield make
    for each in poles:
        each.leave()


class Book:
    """Where the tests write what they were handed in; stands for the database."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, bytes]] = []
        self.broken = False
        self.open = asyncio.Event()
        self.open.set()
        self.seen = 0
        self.waiting = 0
        self.most_waiting = 0

    async def on_message(self, topic: str, payload: bytes) -> Reply | None:
        self.seen += 1
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            await self.open.wait()
        finally:
            self.waiting -= 1
        if self.broken:
            raise OSError("the database is away")
        self.pages.append((topic, payload))
        said = parse_topic(topic)
        try:
            number = json.loads(payload)["n"]
        except (ValueError, TypeError, KeyError):
            return None
        assert said is not None
        return Reply(
            receipt_topic(said.station, said.point), json.dumps({"n": number, "status": "stored"}).encode()
        )

    def numbers(self) -> list[int]:
        return [json.loads(payload)["n"] for topic, payload in self.pages if topic.endswith("/press")]


@asynccontextmanager
async def open_door(settings: MqttSettings, on_message: OnMessage) -> AsyncIterator[MqttDoor]:
    door = MqttDoor(settings, STATION, on_message)
    door.start()
    try:
        await wait_until(lambda: door.status().connected)
        yield door
    finally:
        await door.stop(grace_s=0.2)


def blocking(call: Callable[[], object]) -> Awaitable[object]:
    """What a pole does takes time; the door's loop goes on meanwhile."""
    return asyncio.to_thread(call)


# ── topics and waits ──


@pytest.mark.parametrize(
    ("topic", "meaning"),
    [
        ("safezone/mdh/sos/sos-03/press", SosTopic("mdh", "sos-03", "press")),
        ("safezone/mdh/sos/sos-03/heartbeat", SosTopic("mdh", "sos-03", "heartbeat")),
        ("safezone/mdh/sos/sos-03/receipt", SosTopic("mdh", "sos-03", "receipt")),
        ("safezone/mdh/sos/เสา 3/press", SosTopic("mdh", "เสา 3", "press")),
        ("safezone/mdh/sos//press", None),
        ("safezone//sos/sos-03/press", None),
        ("safezone/mdh/sos/sos-03/reboot", None),
        ("safezone/mdh/sos/sos-03/press/again", None),
        ("/safezone/mdh/sos/sos-03/press", None),
        ("", None),
    ],
)
def test_a_topic_says_whose_it_is(topic: str, meaning: SosTopic | None) -> None:
    assert parse_topic(topic) == meaning


names = st.text(min_size=1).filter(lambda name: "/" not in name)


@given(station=names, point=names)
def test_a_receipt_goes_where_the_pole_listens(station: str, point: str) -> None:
    assert parse_topic(receipt_topic(station, point)) == SosTopic(station, point, "receipt")


@given(failures=st.integers(min_value=0, max_value=10_000), luck=st.floats(min_value=0, max_value=1))
def test_the_next_attempt_is_never_at_once_and_never_far(failures: int, luck: float) -> None:
    assert 0.05 <= backoff_s(failures, luck, 5.0) <= 5.0
    assert backoff_s(failures, luck, 5.0) <= backoff_s(failures + 1, 1.0, 5.0)


# ── who may say what ──


async def test_a_press_is_stored_and_then_the_pole_has_its_receipt(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    book = Book()
    async with open_door(broker.door_settings(), book.on_message) as door:
        pole = pole_of("sos-01")
        assert await blocking(lambda: pole.press(7, every_s=ONCE_S)) == {"n": 7, "status": "stored"}
        assert book.numbers() == [7]
        assert door.status().answered == 1


async def test_no_receipt_before_it_is_stored(broker: RealBroker, pole_of: Callable[..., RealPole]) -> None:
    book = Book()
    book.open.clear()
    async with open_door(broker.door_settings(), book.on_message) as door:
        pole = pole_of("sos-01")
        await blocking(lambda: pole.publish(PRESS, b'{"n": 1}'))
        await wait_until(lambda: door.status().in_flight == 1)
        # The broker's own PUBACK has come; ours has not, and no receipt has gone out before a later message came by.
        await blocking(lambda: pole.publish(PRESS, b'{"n": 2}'))
        await wait_until(lambda: door.status().in_flight == 2)
        assert pole.receipts == {}
        book.open.set()
        await wait_until(lambda: set(pole.receipts) == {1, 2})


async def test_a_wrong_password_is_refused(broker: RealBroker, pole_of: Callable[..., RealPole]) -> None:
    pole = pole_of("sos-01", password="0000")
    await wait_until(lambda: pole.refused)
    assert pole.refused == "Not authorized"


async def test_what_a_pole_says_for_another_pole_never_arrives(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    """nats-server sends its PUBACK for a forbidden publish too; only the receipt tells the truth."""
    book = Book()
    async with open_door(broker.door_settings(), book.on_message):
        pole = pole_of("sos-01")
        await blocking(lambda: pole.publish("safezone/mdh/sos/sos-02/press", b'{"n": 1}'))
        await blocking(lambda: pole.publish("safezone/mdh/sos/sos-02/heartbeat", b"{}"))
        await blocking(lambda: pole.press(2))
        assert {topic for topic, _ in book.pages} == {PRESS}


async def test_whoever_takes_the_name_of_the_door_hears_nothing(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    """A pole that knew the door's client id could interrupt it, but not take its messages; and the door comes back."""
    book = Book()
    settings = broker.door_settings()
    async with open_door(settings, book.on_message) as door:
        await blocking(lambda: pole_of("sos-01").press(1))
        since_at = door.status().since_at
        thief = pole_of("sos-02", client_id=settings.client_id)
        heard: list[str] = []
        thief.client.on_message = lambda _, __, message: heard.append(message.topic)
        await wait_until(lambda: door.status().since_at != since_at)
        thief.leave()
        await wait_until(lambda: door.status().connected)
        await blocking(lambda: pole_of("sos-01").press(2))
        assert heard == []
        assert set(book.numbers()) == {1, 2}


# ── what goes wrong ──


@pytest.mark.parametrize("rubbish", [b"", b"\xff\xfe\x00", b"{", b'{"n": "seven"', b"x" * 60_000])
async def test_rubbish_is_handed_in_once_and_stops_nobody(
    broker: RealBroker, pole_of: Callable[..., RealPole], rubbish: bytes
) -> None:
    book, later = Book(), Book()
    async with open_door(broker.door_settings(), book.on_message) as door:
        pole = pole_of("sos-01")
        await blocking(lambda: pole.publish(PRESS, rubbish))
        await blocking(lambda: pole.press(1, every_s=ONCE_S))
        assert book.pages[0] == (PRESS, rubbish)
        assert door.status().failing == 0
        await wait_until(lambda: door.status().in_flight == 0)
    async with open_door(
        broker.door_settings(), later.on_message
    ):  # Acknowledged, so it does not come again.
        await blocking(lambda: pole.press(2, every_s=ONCE_S))
        assert later.numbers() == [2]


async def test_what_is_pressed_while_the_node_is_away_is_kept(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    book = Book()
    async with open_door(broker.door_settings(), book.on_message):
        pass  # It has introduced itself; from now on the broker keeps what comes for it.
    poles = [pole_of("sos-01"), pole_of("sos-02")]
    for number in range(20):
        pole = poles[number % 2]
        payload = json.dumps({"n": number}).encode()
        await blocking(lambda pole=pole, payload=payload: pole.publish(pole.topic("press"), payload))  # type: ignore[misc]
    async with open_door(broker.door_settings(), book.on_message):
        await wait_until(lambda: len(book.pages) == 20)
        await wait_until(lambda: len(poles[0].receipts) + len(poles[1].receipts) == 20)
    assert sorted(book.numbers()) == list(range(20))


async def test_what_could_not_be_stored_is_tried_until_it_is(
    broker: RealBroker, pole_of: Callable[..., RealPole], caplog: pytest.LogCaptureFixture
) -> None:
    book = Book()
    refused: list[bytes] = []

    async def refuse_one(topic: str, payload: bytes) -> Reply | None:
        if payload == b'{"n": 1}' and (len(refused) < 3 or 2 not in book.numbers()):
            refused.append(payload)
            raise OSError("the database is away")
        return await book.on_message(topic, payload)

    async with open_door(broker.door_settings(), refuse_one) as door:
        pole = pole_of("sos-01")
        await wait_until(lambda: pole.listening.is_set())
        await blocking(lambda: pole.publish(PRESS, b'{"n": 1}'))
        await blocking(lambda: pole.publish(PRESS, b'{"n": 2}'))
        await wait_until(lambda: set(pole.receipts) == {1, 2})
        assert book.numbers() == [2, 1], "the second must not wait for the first"
        assert len(refused) >= 3
        await wait_until(lambda: (door.status().failing, door.status().last_error) == (0, None))
    told = [each for each in caplog.messages if "could not be stored" in each]
    assert len(told) == 1, "one line, however often it is tried"
    assert "ลองใหม่" in told[0]


async def test_what_could_not_be_stored_at_all_comes_to_the_next_node(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    broken, mended = Book(), Book()
    broken.broken = True
    async with open_door(broker.door_settings(), broken.on_message) as door:
        pole = pole_of("sos-01")
        await wait_until(lambda: pole.listening.is_set())
        await blocking(lambda: pole.publish(PRESS, b'{"n": 1}'))
        await wait_until(lambda: door.status().failing == 1)
    async with open_door(broker.door_settings(), mended.on_message):
        await wait_until(lambda: 1 in pole.receipts)
    assert mended.numbers() == [1]


async def test_a_door_that_stops_finishes_what_is_under_way(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    book, later = Book(), Book()
    book.open.clear()
    pole = pole_of("sos-01")
    await wait_until(lambda: pole.listening.is_set())
    async with open_door(broker.door_settings(), book.on_message) as door:
        await blocking(lambda: pole.publish(PRESS, b'{"n": 1}'))
        await wait_until(lambda: door.status().in_flight == 1)
        stopping = asyncio.create_task(door.stop(grace_s=60.0))
        await blocking(lambda: pole.publish(PRESS, b'{"n": 2}'))  # Too late for this door.
        book.open.set()
        await stopping
        await wait_until(lambda: 1 in pole.receipts)
    assert book.numbers() == [1]
    async with open_door(broker.door_settings(), later.on_message):
        await wait_until(lambda: 2 in pole.receipts)
    assert later.numbers() == [2], "the first was acknowledged"


async def test_no_more_is_taken_at_once_than_was_agreed(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    book = Book()
    book.open.clear()
    settings = msgspec.structs.replace(broker.door_settings(), max_in_flight=5)
    pole = pole_of("sos-01")
    await wait_until(lambda: pole.listening.is_set())
    async with open_door(settings, book.on_message):
        for number in range(40):
            pole.client.publish(PRESS, json.dumps({"n": number}), qos=1)
        await wait_until(lambda: book.waiting == 5)
        book.open.set()
        await wait_until(lambda: len(pole.receipts) == 40)
    assert book.most_waiting == 5
    assert book.numbers() == list(range(40))


async def test_heartbeats_that_could_not_be_stored_do_not_close_the_door(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    book = Book()
    book.broken = True
    book.open.clear()
    settings = msgspec.structs.replace(broker.door_settings(), max_in_flight=2)
    pole = pole_of("sos-01")
    async with open_door(settings, book.on_message):
        for _ in range(5):
            await blocking(lambda: pole.publish(pole.topic("heartbeat"), b"{}"))
        await wait_until(lambda: book.waiting == 2)
        book.open.set()
        await wait_until(lambda: book.seen == 5)
        book.broken = False
        await blocking(lambda: pole.press(1, every_s=ONCE_S))
    assert book.numbers() == [1], "a heartbeat is not tried again: the next one follows"


async def test_a_broker_that_falls_silent_is_noticed(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    book = Book()
    settings = msgspec.structs.replace(broker.door_settings(), keepalive_s=1)
    assert broker.process is not None
    async with open_door(settings, book.on_message) as door:
        os.kill(broker.process.pid, signal.SIGSTOP)
        try:
            await wait_until(lambda: not door.status().connected)
            error = door.status().last_error
            assert error is not None
            assert error.th != error.en
        finally:
            os.kill(broker.process.pid, signal.SIGCONT)
        await wait_until(lambda: door.status().connected and door.status().last_error is None)
        await blocking(lambda: pole_of("sos-01").press(1))


@pytest.mark.parametrize("wrong", ["password", "nobody there", "no such authority"])
async def test_the_door_says_why_it_is_not_connected_and_goes_on_trying(
    broker: RealBroker, wrong: str
) -> None:
    settings = broker.door_settings()
    if wrong == "password":
        settings, said = (
            msgspec.structs.replace(settings, password="0000"),
            "refuses the user name or password",
        )
    elif wrong == "nobody there":
        settings, said = msgspec.structs.replace(settings, port=free_port()), "Connection refused"
    else:
        settings, said = msgspec.structs.replace(settings, tls_ca_file="nowhere.pem"), "No such file"
    door = MqttDoor(settings, STATION, Book().on_message)
    door.start()
    await wait_until(lambda: door.status().last_error)
    status = door.status()
    assert not status.connected
    assert status.last_error is not None
    assert said in status.last_error.en
    await door.stop()


async def test_nothing_with_a_receipt_is_lost_when_the_broker_is_killed(
    broker: RealBroker, pole_of: Callable[..., RealPole]
) -> None:
    book = Book()
    chance = random.Random(20)
    poles = [pole_of("sos-01"), pole_of("sos-02")]

    def press_all(pole: RealPole, first: int) -> None:
        for number in range(first, first + 60):
            pole.press(number, every_s=0.2)

    async with open_door(broker.door_settings(), book.on_message):
        pressing = asyncio.gather(
            *(asyncio.to_thread(press_all, pole, 1000 * index) for index, pole in enumerate(poles))
        )
        for target in sorted(chance.sample(range(5, 110), 6)):
            await wait_until(lambda target=target: len(set(book.numbers())) >= target or pressing.done())  # type: ignore[misc]
            await blocking(broker.kill)
            await blocking(broker.start)
        await pressing
    stored = set(book.numbers())
    receipted = {number for pole in poles for number in pole.receipts}
    assert len(receipted) == 120
    assert receipted <= stored
