"""A make-believe SOS point: its button, its sign of life, and the lamp that says "police have it".

It speaks MQTT to the station's broker with the credentials of the pole, as a real one does.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from safezone.entrypoints import mqtt_wire as wire
from safezone.entrypoints.demo.doors import retry_s
from safezone.entrypoints.demo.running import Running

REPEAT_S: Final = 2.0
"""A press is repeated, with the same number and time, until its receipt is there."""
KEEPALIVE_S: Final = 40
SIGN_IN_WITHIN_S: Final = 5.0
BATTERY_PCT: Final = 96
_NO: Final = (2, 4, 5)
"""CONNACK codes that trying again does not change: client id, password, not allowed (MQTT 3.1.1, 3.2.2.3)."""


class NotLetIn(Exception):
    """The broker does not take the pole's user name and password."""


class Receipt(NamedTuple):
    """What the station says when a press is on disk."""

    n: int
    incident_id: str
    after_s: float
    """Seconds from the press to the receipt."""


class Counter:
    """The pole's own count of presses, which a restart does not set back; several programs may share it."""

    def __init__(self, data: Path, point: str) -> None:
        """Kept beside the data of the demonstration."""
        self._file = data / "demo-poles" / point

    def next(self) -> int:
        """A number that no press of this pole had before."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a+") as count:
            fcntl.flock(count, fcntl.LOCK_EX)
            count.seek(0)
            said = count.read().strip()
            n = int(said) + 1 if said.isdigit() else 1
            count.seek(0)
            count.truncate()
            count.write(str(n))
        return n


class Pole:
    """One SOS point over all its connections."""

    def __init__(
        self, point: str, password: str, find: Callable[[], Running | None], counter: Counter
    ) -> None:
        """`find` says where the broker is; it is asked again for every new connection."""
        self.point = point
        self.connected = asyncio.Event()
        self._password = password
        self._find = find
        self._counter = counter
        self._station = ""
        self._link: _Link | None = None
        self._receipts: dict[tuple[int, str], asyncio.Future[str]] = {}

    async def run(self, interval_s: float) -> None:
        """Stays connected and says every `interval_s` that it is well, until cancelled; NotLetIn ends it."""
        tries = 0
        while True:
            try:
                link = await self._connect()
                tries = 0
                async with asyncio.TaskGroup() as both:
                    both.create_task(link.read())
                    both.create_task(self._beat(link, interval_s))
            except* (OSError, EOFError, TimeoutError, wire.MalformedPacket):
                pass
            finally:
                self._let_go()
            await asyncio.sleep(retry_s(tries))
            tries += 1

    async def press(self) -> Receipt:
        """Somebody presses the button; returns with the receipt, and repeats the press until there is one."""
        clock = asyncio.get_running_loop().time
        press = (self._counter.next(), _now())
        n, pressed_s = press[0], clock()
        said = json.dumps({"n": n, "at": press[1], "kind": "sos"}).encode()
        receipt = self._receipts[press] = asyncio.get_running_loop().create_future()
        try:
            while not receipt.done():
                await self.connected.wait()
                self._say("press", said, qos=1)
                await asyncio.wait([receipt], timeout=REPEAT_S)
            return Receipt(n, receipt.result(), clock() - pressed_s)
        finally:
            del self._receipts[press]

    async def _connect(self) -> _Link:
        running = self._find()
        if running is None:
            raise ConnectionRefusedError("the station does not run")
        self._station = running.station
        async with asyncio.timeout(SIGN_IN_WITHIN_S):
            reader, writer = await asyncio.open_connection(running.mqtt_host, running.mqtt_port)
            self._link = link = _Link(reader, writer, self._heard)
            # nats-server refuses a client id with a dot in it (CONNACK 2).
            client_id = f"{running.station}-{self.point}-{secrets.token_hex(4)}"
            username = f"{running.station}.{self.point}"
            await link.sign_in(client_id, username, self._password, self._topic("receipt"))
        self.connected.set()
        return link

    def _let_go(self) -> None:
        self.connected.clear()
        if self._link is not None:
            self._link.close()
            self._link = None

    async def _beat(self, link: _Link, interval_s: float) -> None:
        clock = asyncio.get_running_loop().time
        beat_s = ping_s = clock()
        while True:
            if clock() >= beat_s:
                self._say("heartbeat", json.dumps({"at": _now(), "battery_pct": BATTERY_PCT}).encode(), qos=0)
                beat_s += interval_s
            if clock() >= ping_s:
                link.ping()
                ping_s += KEEPALIVE_S / 2
            await asyncio.sleep(max(0.0, min(beat_s, ping_s) - clock()))

    def _say(self, what: str, payload: bytes, *, qos: int) -> None:
        if self._link is not None:
            self._link.publish(self._topic(what), payload, qos)

    def _heard(self, topic: str, payload: bytes) -> None:
        """A receipt; those of other presses of this pole (another program may press it too) are not for us."""
        try:
            said: dict[str, Any] = json.loads(payload)
            receipt = self._receipts.get((said["n"], said["at"]))
            if (
                topic == self._topic("receipt")
                and said["status"] == "stored"
                and receipt
                and not receipt.done()
            ):
                receipt.set_result(said["incident_id"])
        except (ValueError, KeyError, TypeError):
            return  # Not a receipt: the press goes on being repeated.

    def _topic(self, what: str) -> str:
        return f"safezone/{self._station}/sos/{self.point}/{what}"


class _Link:
    """One connection to the broker."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Callable[[str, bytes], None]
    ) -> None:
        self._reader, self._writer, self._heard = reader, writer, heard
        self._packet_id = 0
        self._pings = 0
        self._rest = b""
        self._answers: dict[int, bytes] = {}

    async def sign_in(self, client_id: str, username: str, password: str, topic: str) -> None:
        """The broker knows us and sends us what comes on `topic`; NotLetIn when it does not want us."""
        self._writer.write(wire.connect(client_id, username, password, clean=True, keepalive_s=KEEPALIVE_S))
        code = (await self._answer(wire.CONNACK))[1]
        if code in _NO:
            raise NotLetIn
        if code:
            raise ConnectionRefusedError(f"the broker is not ready (code {code})")
        self._writer.write(wire.subscribe(self._next_id(), {topic: 0}))
        await self._answer(wire.SUBACK)

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """The message is on its way; whether it got anywhere is for the receipt to say."""
        self._writer.write(wire.publish(topic, payload, self._next_id() if qos else 0))

    def ping(self) -> None:
        """The broker is asked whether it is there; OSError when it has not answered the last two times."""
        if self._pings >= 2:
            raise ConnectionResetError("the broker does not answer")
        self._pings += 1
        self._writer.write(wire.PING)

    async def read(self) -> None:
        """Takes what comes until the connection ends: EOFError then."""
        while True:
            await self._read_some()

    def close(self) -> None:
        """The connection is gone."""
        self._writer.close()

    async def _answer(self, kind: int) -> bytes:
        while kind not in self._answers:
            await self._read_some()
        return self._answers.pop(kind)

    async def _read_some(self) -> None:
        received = await self._reader.read(65_536)
        if not received:
            raise EOFError
        packets, self._rest = wire.split(self._rest + received)
        for first, body in packets:
            self._take(first, body)

    def _take(self, first: int, body: bytes) -> None:
        self._pings = 0
        kind = first >> 4
        if kind in (wire.CONNACK, wire.SUBACK):
            self._answers[kind] = body
        elif kind == wire.PUBLISH:
            message = wire.read_message(first, body)
            if message.packet_id:
                self._writer.write(wire.puback(message.packet_id))
            self._heard(message.topic, message.payload)

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % 65_535 + 1
        return self._packet_id


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
