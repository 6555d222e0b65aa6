"""Client: every SOS point of the region on an MQTT connection of its own; each beats, some are pressed."""

from __future__ import annotations

import asyncio
import json
import random
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple

from bench.life.client import Notes, all_of, run
from safezone.entrypoints import mqtt_wire as wire

REPEAT_S: Final = 5.0
"""A pole says its press again until it has a receipt."""
PAUSE_S: Final = 75.0
"""One pole is not pressed again sooner: each press opens an incident of its own."""
PATIENCE_S: Final = 60.0


class Press(NamedTuple):
    """One press: when it was made, and its payload as it is repeated."""

    began_s: float
    at: str
    payload: bytes


class Pole(asyncio.Protocol):
    """One pole; `owed` are the presses without a receipt."""

    def __init__(self, all_poles: Poles, point: str, username: str, password: str) -> None:
        self.of, self.point = all_poles, point
        self._login = username, password
        self.topic = f"safezone/{all_poles.station}/sos/{point}"
        self.owed: dict[int, Press] = {}
        self.pressed_s = -PAUSE_S
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._n = self._packet = 0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(wire.connect(f"life-{self.point}", *self._login, clean=False, keepalive_s=150))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._buffer = b""
        self.of.notes.counts["poles cut off"] += not self.of.over

    def data_received(self, data: bytes) -> None:
        packets, self._buffer = wire.split(self._buffer + data)
        for first, body in packets:
            kind = first & 0xF0
            if kind == 0x20:
                self._write(wire.subscribe(1, {f"{self.topic}/receipt": 1}))
            elif kind == 0x90 and not self.subscribed.done():
                self.subscribed.set_result(None)
            elif kind == 0x30:
                message = wire.read_message(first, body)
                if message.packet_id:
                    self._write(wire.puback(message.packet_id))
                self._receipt(json.loads(message.payload))

    def _receipt(self, said: dict[str, Any]) -> None:
        press = self.owed.pop(said["n"], None)
        if press is None:
            self.of.notes.counts["receipts again"] += 1
            return
        self.of.notes.took("press → receipt", press.began_s)
        self.of.began[said["incident_id"]] = press.began_s
        self.of.receipted.append((self.point, press.at, said["incident_id"]))

    def press(self) -> None:
        """Somebody presses it."""
        self._n += 1
        self.pressed_s = time.monotonic()
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        payload = json.dumps({"n": self._n, "at": at, "kind": "sos"}).encode()
        self.owed[self._n] = Press(self.pressed_s, at, payload)
        self.of.notes.counts["presses"] += 1
        self._publish("press", payload)

    def repeat(self, now_s: float) -> None:
        """What has no receipt yet is said again."""
        for number, press in self.owed.items():
            if now_s - press.began_s >= REPEAT_S:
                self.of.notes.counts["presses said again"] += 1
                self._publish("press", press.payload)
                self.owed[number] = press

    def beat(self) -> None:
        """It is alive."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.of.notes.counts["heartbeats"] += 1
        self._publish("heartbeat", json.dumps({"at": at, "battery_pct": 90}).encode())

    def leave(self) -> None:
        """It is switched off."""
        if self._transport is not None:
            self._transport.close()

    def _publish(self, what: str, payload: bytes) -> None:
        self._packet = self._packet % 0xFFFF + 1
        self._write(wire.publish(f"{self.topic}/{what}", payload, self._packet))

    def _write(self, packet: bytes) -> None:
        if self._transport is not None:
            self._transport.write(packet)


class Poles:
    """All of them."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.station, self._port = asked["station"], asked["port"]
        self._devices = asked["devices"]
        self._presses, self._heartbeat_s = asked["presses"], asked["heartbeat_s"]
        self._draw = random.Random(asked["seed"])
        self.notes = Notes()
        self.began: dict[str, float] = {}
        self.receipted: list[tuple[str, str, str]] = []
        self.over = False
        self._poles: list[Pole] = []

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for start in range(0, len(self._devices), 50):
            some = [
                loop.create_connection(partial(Pole, self, *device), "127.0.0.1", self._port)
                for device in self._devices[start : start + 50]
            ]
            joined = [pole for _, pole in await asyncio.gather(*some)]
            await asyncio.wait_for(asyncio.gather(*(pole.subscribed for pole in joined)), 60)
            self._poles += joined

    async def live(self) -> None:
        await all_of([self._press(), self._repeat(), self._beat()])

    async def _press(self) -> None:
        while True:
            await asyncio.sleep(self._draw.expovariate(self._presses))
            rested = time.monotonic() - PAUSE_S
            free = [pole for pole in self._poles if pole.pressed_s < rested and not pole.owed]
            if free:
                self._draw.choice(free).press()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            for pole in self._poles:
                if pole.owed:
                    pole.repeat(time.monotonic())

    async def _beat(self) -> None:
        gap_s = self._heartbeat_s / len(self._poles)
        due_s = time.monotonic()
        while True:
            for pole in self._poles:
                due_s += gap_s
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                pole.beat()

    async def settle(self) -> None:
        until_s = time.monotonic() + PATIENCE_S
        repeating = asyncio.create_task(self._repeat())
        while any(pole.owed for pole in self._poles) and time.monotonic() < until_s:
            await asyncio.sleep(0.05)
        repeating.cancel()
        self.over = True
        for pole in self._poles:
            pole.leave()

    def look(self) -> dict[str, Any]:
        began, self.began = self.began, {}
        waiting = sum(len(pole.owed) for pole in self._poles)
        return {**self.notes.take(), "began": began, "waiting": waiting}

    def account(self) -> dict[str, Any]:
        owed = [(pole.point, press.at) for pole in self._poles for press in pole.owed.values()]
        return {"receipted": self.receipted, "never receipted": owed}


if __name__ == "__main__":
    run(Poles)
