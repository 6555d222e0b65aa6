"""A store of nats-server that is torn: mended or set aside before the broker starts, so that what had a PUBACK still comes.

Real stores, written by a real nats-server that was killed, and a real one that opens them afterwards.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from safezone.entrypoints.broker import files
from safezone.entrypoints.broker.mend import (
    MOST_WHOLE,
    SET_ASIDE,
    WISH,
    list_aside,
    mend,
    note_taken,
    wish_set_aside,
)
from safezone.entrypoints.mqtt import filters_of
from tests.support.places import eventually
from tests.support.poles import STATION, RealBroker, RealPole, hang_up
from tests.support.torn import A_HOLE, ALL_OF_IT, NO_HARM, PARTS, Tear

WAITING = 12
_OLD = 5


class Door:
    """Whoever listens to the presses, with a lasting session, as the program does."""

    def __init__(self, to: RealBroker) -> None:
        wanted = to.door_settings()
        self.heard: list[int] = []
        self.listens = False
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=wanted.client_id, clean_session=False
        )
        self._client.username_pw_set(wanted.username, wanted.password)
        self._client.on_connect = lambda client, *_: client.subscribe(list(filters_of(STATION).items()))
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect(wanted.host, wanted.port, keepalive=10)
        self._client.loop_start()
        eventually(lambda: self.listens)

    def leave(self) -> None:
        hang_up(self._client)

    def _on_subscribe(self, *_: Any) -> None:
        self.listens = True

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        self.heard.append(json.loads(message.payload)["n"])


def _press(pole: RealPole, numbers: range) -> None:
    for number in numbers:
        pole.publish(pole.topic("press"), json.dumps({"n": number, "pad": "y" * 200}).encode())


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBroker]:
    """A broker that was killed with presses in it which nobody has taken yet, and some that were."""
    broker = RealBroker(tmp_path_factory.mktemp("torn") / "broker", ["sos-01"])
    broker.start()
    door, pole = Door(broker), RealPole(broker, "sos-01")
    assert pole.listening.wait(60)
    _press(pole, range(_OLD))
    eventually(lambda: len(door.heard) == _OLD)
    # Heard is not yet confirmed: the last one would come again to whoever listens next.
    messages = broker.directory / "store" / files.STREAMS / files.MESSAGES / "msgs"
    eventually(lambda: _is_empty(messages))
    door.leave()
    _press(pole, range(_OLD, _OLD + WAITING))
    pole.leave()
    broker.kill()
    shutil.copytree(broker.directory, broker.directory.with_name("as it was"))
    yield broker
    broker.kill()


@pytest.fixture
def broker(killed: RealBroker) -> RealBroker:
    """The same one, as it was."""
    killed.kill()
    shutil.rmtree(killed.directory)
    shutil.copytree(killed.directory.with_name("as it was"), killed.directory)
    return killed


def _presses_in(folder: Path) -> list[int]:
    messages = files.read_all(files.blocks_of(folder))
    return [
        json.loads(each.payload)["n"] for each in messages if (files.topic_of(each) or "").endswith("/press")
    ]


def _is_empty(folder: Path) -> bool:
    """Whether nobody waits for anything in it; a broker that runs may just be taking a block away."""
    try:
        return not _presses_in(folder)
    except FileNotFoundError:
        return False


def _hears_everything_and_what_is_new(broker: RealBroker, old: range) -> None:
    broker.start()
    door, pole = Door(broker), RealPole(broker, "sos-01")
    assert pole.listening.wait(60)
    _press(pole, range(900, 901))
    eventually(lambda: {*old, 900} <= set(door.heard))
    door.leave()
    pole.leave()


WAITED = range(_OLD, _OLD + WAITING)


def test_a_store_that_is_whole_is_left_alone(broker: RealBroker) -> None:
    before = {each: each.read_bytes() for each in broker.directory.rglob("*") if each.is_file()}
    assert mend(broker.directory) is None
    assert {each: each.read_bytes() for each in broker.directory.rglob("*") if each.is_file()} == before
    store = broker.directory / "store" / files.STREAMS
    assert _presses_in(store / files.MESSAGES / "msgs") == list(WAITED), "nothing that was taken already"


@pytest.mark.parametrize("tear", PARTS.values(), ids=PARTS)
def test_torn_consumers_say_everything_again(broker: RealBroker, tear: Tear) -> None:
    tear(broker.directory)
    aside = mend(broker.directory)
    assert aside is not None
    assert not aside.whole
    assert all((aside.folder / Path(part).name).is_dir() for part in aside.parts), (
        "they are kept for a person"
    )
    assert mend(broker.directory) is None, "once"
    _hears_everything_and_what_is_new(broker, WAITED)


@pytest.mark.parametrize("tear", ALL_OF_IT.values(), ids=ALL_OF_IT)
def test_a_store_that_cannot_be_opened_is_set_aside_and_can_be_read(broker: RealBroker, tear: Tear) -> None:
    tear(broker.directory)
    aside = mend(broker.directory)
    assert aside is not None
    assert aside.whole
    assert not (broker.directory / "store").exists()
    assert _presses_in(aside.folder / "store" / files.STREAMS / files.MESSAGES / "msgs") == list(WAITED)
    assert mend(broker.directory) is None, "once"
    _hears_everything_and_what_is_new(broker, range(0))


@pytest.mark.parametrize("tear", NO_HARM.values(), ids=NO_HARM)
def test_what_nats_server_can_do_without_is_left_to_it(broker: RealBroker, tear: Tear) -> None:
    tear(broker.directory)
    assert mend(broker.directory) is None
    _hears_everything_and_what_is_new(broker, WAITED)


def test_messages_behind_a_hole_are_kept_before_nats_server_cuts_them_off(broker: RealBroker) -> None:
    A_HOLE(broker.directory)
    aside = mend(broker.directory)
    assert aside is not None
    assert not aside.whole
    assert _presses_in(aside.folder / "msgs") == [*WAITED[:-8], *WAITED[-6:]]
    _hears_everything_and_what_is_new(broker, WAITED[:-8])


def test_a_wish_of_the_program_is_granted_once(broker: RealBroker) -> None:
    wish_set_aside(broker.directory)
    aside = mend(broker.directory)
    assert aside is not None
    assert aside.whole
    assert not (broker.directory / WISH).exists()
    assert mend(broker.directory) is None


def test_a_disk_that_tears_everything_again_is_not_answered_for_ever(broker: RealBroker) -> None:
    set_aside = []
    for _ in range(MOST_WHOLE + 2):
        wish_set_aside(broker.directory)
        (broker.directory / "store").mkdir(exist_ok=True)
        set_aside.append(mend(broker.directory) is not None)
    assert set_aside == [True] * MOST_WHOLE + [False] * 2
    assert not (broker.directory / WISH).exists(), "nor is it remembered for later"


def test_what_was_set_aside_is_listed_until_somebody_takes_it_away(broker: RealBroker) -> None:
    assert list_aside(broker.directory) == []
    wish_set_aside(broker.directory)
    aside = mend(broker.directory)
    assert aside is not None
    assert [each.taken for each in list_aside(broker.directory)] == [None]
    note_taken(aside, 7)
    assert [each.taken for each in list_aside(broker.directory)] == [7]
    shutil.rmtree(broker.directory / SET_ASIDE)
    assert list_aside(broker.directory) == []


def test_nothing_to_mend_where_there_never_was_a_broker(tmp_path: Path) -> None:
    assert mend(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def _record(number: int, subject: bytes, payload: bytes) -> bytes:
    body = len(subject).to_bytes(2, "little") + subject + payload + bytes(8)
    return (20 + len(body)).to_bytes(4, "little") + number.to_bytes(8, "little") + bytes(8) + body


def test_any_bytes_at_all_can_be_looked_at() -> None:
    whole = _record(1, b"$MQTT.msgs.safezone.mdh.sos.sos-01.press", b"1") + _record(2, b"$MQTT.msgs.x", b"2")
    assert [each.payload for each in files.read_all(iter([whole]))] == [b"1", b"2"]
    for cut, bit in itertools.product(range(len(whole)), (0x01, 0x80)):
        changed = whole[:cut] + bytes([whole[cut] ^ bit]) + whole[cut + 1 :]
        for torn in (changed, whole[:cut]):
            files.is_torn_inside(torn)
            assert len(files.read_all(iter([torn]))) <= 2
