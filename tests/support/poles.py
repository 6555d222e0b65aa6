"""A real broker in a directory of its own, and SOS points that speak to it with a library they might really use."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import subprocess
import threading
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from safezone.core.settings import Broker
from safezone.entrypoints.broker import setup as broker
from safezone.entrypoints.broker.config import Device, hash_password
from safezone.entrypoints.mqtt import MqttSettings
from tests.support.places import eventually, free_port

STATION = "mdh"
_numbers = itertools.count(1)


class RealBroker:
    """nats-server as the program starts it, with as many poles as wanted; it can be killed and started again."""

    def __init__(self, directory: Path, points: list[str]) -> None:
        self.directory = directory
        # Not 0: a port of the system's own choice may be somebody's connection before the broker has it.
        self.prepared = broker.prepare(directory, STATION, port=free_port())
        self.tokens = {each: secrets.token_hex(24) for each in points}
        broker.set_devices(directory, self.devices())
        self.process: subprocess.Popen[bytes] | None = None

    def devices(self) -> tuple[Device, ...]:
        return tuple(device_of(each, token) for each, token in self.tokens.items())

    def start(self) -> None:
        """It answers."""
        self.process = subprocess.Popen(self.prepared.argv, env={**os.environ, **self.prepared.env})
        process = self.process
        eventually(lambda: broker.answers(broker.load(self.directory)) or process.poll() is not None)
        assert process.poll() is None, (self.directory / "broker.log").read_text()

    def kill(self) -> None:
        """It is gone, without a chance to tidy up."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def door_settings(self) -> MqttSettings:
        return broker.door_settings(Broker(), self.directory, STATION)


def hang_up(client: paho.Client) -> None:
    """It has left the broker, and none of its sockets waits to be collected in the middle of another test."""
    client.disconnect()
    client.loop_stop()
    client.on_connect = client.on_disconnect = client.on_subscribe = None
    client.on_message = client.on_publish = None
    # The library does it only when it is collected, which may be after its sockets.
    client._reset_sockets()


def device_of(point: str, token: str) -> Device:
    return Device(f"{STATION}.{point}", hash_password(token), STATION, point)


class RealPole:
    """An SOS point: its own counter, repeats its press until it has a receipt."""

    def __init__(
        self,
        to: RealBroker,
        point: str,
        *,
        password: str | None = None,
        client_id: str | None = None,
        username: str | None = None,
    ) -> None:
        self.point = point
        self.receipts: dict[int, dict[str, Any]] = {}
        self.drops = 0
        self.refused: str | None = None
        self.listening = threading.Event()
        self._news = threading.Condition()
        self._mids: set[int] = set()
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or f"pole-{point}-{next(_numbers)}",
            clean_session=False,
        )
        self.client.username_pw_set(username or f"{STATION}.{point}", password or to.tokens[point])
        self.client.reconnect_delay_set(0.05, 0.2)  # type: ignore[arg-type]  # seconds; fractions work
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_subscribe = lambda *_: self.listening.set()
        self.client.on_message = self._on_message
        self.client.on_publish = self._on_publish
        self.client.connect(to.prepared.host, to.prepared.port, keepalive=10)
        self.client.loop_start()

    def topic(self, what: str) -> str:
        return f"safezone/{STATION}/sos/{self.point}/{what}"

    def publish(self, topic: str, payload: bytes) -> None:
        """The broker has sent its PUBACK, which says nothing about who received it."""
        sent = self.client.publish(topic, payload, qos=1)
        with self._news:
            assert self._news.wait_for(lambda: sent.mid in self._mids, 60.0), f"no PUBACK for {topic}"

    def press(self, number: int, *, within_s: float = 60.0, every_s: float = 1.0) -> dict[str, Any]:
        """The receipt; the press is repeated until it is there, unless `every_s` is as long as is waited at all."""
        assert self.listening.wait(60), f"{self.point} is not connected: {self.refused}"
        payload = json.dumps({"n": number, "at": "2026-11-20T12:00:00Z", "kind": "sos"}).encode()
        for _ in range(max(1, round(within_s / every_s))):
            self.client.publish(self.topic("press"), payload, qos=1)
            with self._news:
                if self._news.wait_for(lambda: number in self.receipts, every_s):
                    return self.receipts[number]
        raise AssertionError(f"{self.point} has no receipt for {number} after {within_s} s")

    def leave(self) -> None:
        hang_up(self.client)

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self.refused = str(reason)
        else:
            client.subscribe(self.topic("receipt"), qos=1)

    def _on_disconnect(self, *_: Any) -> None:
        self.drops += 1

    def _on_message(self, _: Any, __: Any, message: paho.MQTTMessage) -> None:
        with self._news:
            receipt = json.loads(message.payload)
            self.receipts[receipt["n"]] = receipt
            self._news.notify_all()

    def _on_publish(self, _: Any, __: Any, mid: int, *___: Any) -> None:
        with self._news:
            self._mids.add(mid)
            self._news.notify_all()
