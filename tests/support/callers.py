"""Those who call for help, for tests: SOS points over MQTT, people over HTTP; stubborn, as the real ones are.

Each caller runs in threads of its own between `start` and `finish`, keeps what it has said and what it was answered,
and says it again until it was told that the police have it.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from tests.support.places import eventually
from tests.support.running import Station

MOST_WAITING: Final = 50
"""Presses without a receipt that a pole keeps and repeats; with so many it makes no new one."""


@dataclass
class Pressed:
    """One press of a pole: what it said, and what it has heard since."""

    n: int
    at: datetime
    tries: int = 0
    next_try_s: float = 0.0
    packet_ids: list[int] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    """The incidents that its receipts named: one of them, however many receipts there were."""


class Pole:
    """An SOS point: presses at its pace and repeats each press, with the same number and time, until its receipt.

    With `knows_receipts=False` it is the simplest device there can be: it hands each press to its MQTT library once
    and counts on the broker's PUBACK alone.
    """

    def __init__(
        self,
        station: Station,
        point: str,
        *,
        pace_s: float,
        repeat_s: float = 2.0,
        knows_receipts: bool = True,
    ) -> None:
        self.point = point
        self.presses: dict[int, Pressed] = {}
        self.when_receipted: Callable[[], object] | None = None
        """Called the moment a receipt has come, in the thread that took it from the wire."""
        self._station = station
        self._pace_s, self._repeat_s, self._knows_receipts = pace_s, repeat_s, knows_receipts
        self._topic = f"safezone/{station.id}/sos/{point}"
        self._lock = threading.Lock()
        self._confirmed: set[int] = set()
        self._unanswered: dict[int, Pressed] = {}
        self._end = threading.Event()
        self._pressing = True
        self._thread = threading.Thread(target=self._press_and_repeat, name=f"pole {point}", daemon=True)
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"pole-{point}", clean_session=False
        )
        self._client.username_pw_set(*station.poles[point])
        # A pole in the field waits a second; here the broker is killed more often than that.
        self._client.reconnect_delay_set(0.1, 0.4)  # type: ignore[arg-type]
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish

    def start(self) -> None:
        """It presses from now on."""
        self._client.connect_async(self._station.mqtt_host, self._station.mqtt_port, keepalive=20)
        self._client.loop_start()
        self._thread.start()

    def press(self, at: datetime | None = None) -> Pressed:
        """The button is pressed once more, now, by a clock that says `at`."""
        with self._lock:
            press = Pressed(n=max(self.presses, default=0) + 1, at=at or datetime.now(UTC))
            press.next_try_s = time.monotonic() + self._repeat_s
            self.presses[press.n] = self._unanswered[press.n] = press
        self._send(press)
        return press

    def press_no_more(self) -> None:
        """No new press; what has no receipt is still repeated."""
        self._pressing = False

    def list_pending(self) -> list[int]:
        """The presses that it still waits for an answer to."""
        with self._lock:
            for each in [each for each in self._unanswered.values() if self.is_answered(each)]:
                del self._unanswered[each.n]
            return list(self._unanswered)

    def finish(self) -> None:
        """It has left the broker."""
        self._end.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_message = self._client.on_publish = None
        # The library does it only when it is collected, which may be after its sockets.
        self._client._reset_sockets()

    def is_answered(self, press: Pressed) -> bool:
        """Whether it was told that the press has arrived: by a receipt, or by PUBACK where it knows nothing else."""
        if self._knows_receipts:
            return bool(press.receipts)
        return any(each in self._confirmed for each in press.packet_ids)

    def _press_and_repeat(self) -> None:
        next_press_s = time.monotonic()
        while not self._end.is_set():
            now_s = time.monotonic()
            if self._pressing and now_s >= next_press_s and not self._is_full():
                next_press_s = max(next_press_s + self._pace_s, now_s)
                self.press()
            if self._knows_receipts and self._client.is_connected():
                for n in self.list_pending():
                    if self.presses[n].next_try_s <= now_s:
                        self._send(self.presses[n])
            self._end.wait(min(0.02, self._pace_s))

    def _is_full(self) -> bool:
        """On a slow machine a station that is killed all the time is away for minutes: what waits must not grow with them."""
        return self._knows_receipts and len(self._unanswered) >= MOST_WAITING

    def _send(self, press: Pressed) -> None:
        """What is handed over without a connection the library sends as soon as there is one."""
        press.tries += 1
        press.next_try_s = time.monotonic() + self._repeat_s
        said = {"n": press.n, "at": press.at.isoformat(), "kind": "sos"}
        # Without our lock: the library holds one of its own here, and also while it calls `_on_publish`.
        press.packet_ids.append(self._client.publish(f"{self._topic}/press", json.dumps(said), qos=1).mid)

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        if self._knows_receipts:
            client.subscribe(f"{self._topic}/receipt", qos=1)

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        receipt = json.loads(message.payload)
        if receipt["status"] == "stored":
            with self._lock:
                press = self.presses.get(receipt["n"])
                if press is not None and press.at.isoformat() == receipt["at"]:
                    press.receipts.append(receipt["incident_id"])
        if self.when_receipted is not None:
            self.when_receipted()

    def _on_publish(
        self, _client: paho.Client, _userdata: Any, mid: int, _code: ReasonCode, _more: Any
    ) -> None:
        self._confirmed.add(mid)


@dataclass
class Said:
    """One report over HTTP: its key, what it claims, and every answer to it."""

    key: str
    at: datetime
    tries: int = 0
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


class Reporter:
    """Somebody at a web page: reports at their pace and repeats each report, with its key, until a 2xx.

    Now and then they ask again although they were answered, as a page does that was loaded anew.
    """

    def __init__(self, station: Station, name: str, *, pace_s: float, seed: int) -> None:
        self.reports: list[Said] = []
        self.other_answers: list[tuple[int, str]] = []
        self._station, self._name, self._pace_s = station, name, pace_s
        self._chance = random.Random(seed)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._report, name=f"reporter {name}", daemon=True)

    def start(self) -> None:
        """They report from now on."""
        self._thread.start()

    def finish(self) -> None:
        """Their last report is answered."""
        self._end.set()
        self._thread.join()

    def _report(self) -> None:
        with httpx.Client(timeout=10.0) as client:
            while not self._end.is_set():
                said = Said(key=f"{self._name}-{len(self.reports)}", at=datetime.now(UTC))
                self.reports.append(said)
                self._repeat(client, said)
                if self._chance.random() < 0.2:
                    self._repeat(client, said)
                self._end.wait(self._pace_s)

    def _repeat(self, client: httpx.Client, said: Said) -> None:
        body = {"kind": "noise", "text": said.key, "claimed_at": said.at.isoformat(), "dedupe_key": said.key}

        def was_answered() -> bool:
            said.tries += 1
            try:
                answer = client.post(f"{self._station.api}/reports", json=body)
            except httpx.TransportError:
                return False
            if not answer.is_success:
                self.other_answers.append((answer.status_code, answer.text))
                return False
            said.answers.append((answer.status_code, answer.json()))
            return True

        eventually(was_answered, every_s=0.15)


class Closer:
    """An operator who closes the incidents of the poles as they grow; keeps which closings were answered with 200."""

    def __init__(self, station: Station, *, at_reports: int) -> None:
        self.closed: list[str] = []
        self.other_answers: list[tuple[int, str]] = []
        self._station, self._at_reports = station, at_reports
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._close, name="closer", daemon=True)

    def start(self) -> None:
        """They are on duty."""
        self._thread.start()

    def finish(self) -> None:
        """They have gone home."""
        self._end.set()
        self._thread.join()

    def _close(self) -> None:
        while not self._end.wait(1.0):
            try:
                listed = self._station.ask("GET", "/incidents?state=open&limit=500")
                for each in listed.json()["items"] if listed.is_success else []:
                    if each["report_count"] >= self._at_reports:
                        self._close_one(each)
            except httpx.TransportError:
                continue

    def _close_one(self, incident: dict[str, Any]) -> None:
        body = {"expected_version": incident["version"], "outcome": "drill"}
        answer = self._station.ask("POST", f"/incidents/{incident['id']}/close", body)
        if answer.is_success:
            self.closed.append(incident["id"])
        else:
            self.other_answers.append((answer.status_code, answer.text))
