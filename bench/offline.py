"""Half a minute without a line, while others go on: does any sort of client miss anything?"""

from __future__ import annotations

import http.client
import json
import sqlite3
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from bench.running import Device, Running, call, running
from bench.station import write_station

AWAY_S = 30.0
PER_SECOND = 20
SETTINGS = "[limits]\ntwin_window_s = 1\nnear_twin_window_s = 1\n"


class Console:
    """Reads the feed, is cut off, and comes back with the last number it has."""

    def __init__(self, url: str, token: str) -> None:
        self.parts, self.token = urlsplit(url), token
        self.ids: list[int] = []

    def read(self, until: threading.Event) -> None:
        """Read until told to stop; then the connection is gone without a word."""
        connection = http.client.HTTPConnection(str(self.parts.hostname), self.parts.port, timeout=10)
        headers = {"Authorization": f"Bearer {self.token}"}
        headers["Last-Event-ID"] = str(self.ids[-1] if self.ids else 0)
        connection.request("GET", "/api/v1/live", headers=headers)
        answer = connection.getresponse()
        while not until.is_set():
            line = answer.readline()
            if line.startswith(b"id: "):
                self.ids.append(int(line[4:]))
        connection.close()

    def for_a_while(self, seconds: float) -> None:
        """One connection of so many seconds; a heartbeat every five makes sure that it ends."""
        until = threading.Event()
        threading.Timer(seconds, until.set).start()
        self.read(until)


class Pole:
    """A pole with a lasting session; what it presses without a line it sends when it is back, once more and again."""

    def __init__(self, station: Running, device: Device) -> None:
        self.topic = f"safezone/{station.station}/sos/{device.point}"
        self.receipts: dict[int, list[str]] = {}
        self.station = station
        self.client = paho.Client(CallbackAPIVersion.VERSION2, f"off-{device.point}", clean_session=False)
        self.client.username_pw_set(device.username, device.password)
        self.client.on_message = self._on_receipt
        self.client.on_connect = lambda c, *_: c.subscribe(f"{self.topic}/receipt", 1)

    def _on_receipt(self, _client: Any, _data: Any, message: Any) -> None:
        said = json.loads(message.payload)
        self.receipts.setdefault(said["n"], []).append(said["incident_id"])

    def connect(self) -> None:
        """It has a line."""
        self.client.connect("127.0.0.1", self.station.mqtt_port)
        self.client.loop_start()

    def disconnect(self) -> None:
        """The line is cut: nothing is said to the broker."""
        self.client.loop_stop()
        sock = self.client.socket()
        if sock is not None:
            sock.close()

    def press(self, n: int, at: str) -> None:
        """One press; the same number and time are the same press."""
        self.client.publish(f"{self.topic}/press", json.dumps({"n": n, "at": at, "kind": "sos"}), 1)


def main() -> None:
    """Cut off a console, a pole and a unit for half a minute, and count."""
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        write_station(Path(folder) / "set", points=200, units=1)
        with running(Path(folder) / "data", Path(folder) / "set", settings=SETTINGS, units=1) as station:
            _measure(station)


def _measure(station: Running) -> None:
    over = threading.Event()
    traffic = threading.Thread(target=_others, args=(station, over), daemon=True)
    console = Console(station.url, station.token)
    pole = Pole(station, station.devices[0])
    pole.connect()
    call(station.url, station.units["u-00000"], "POST", "/api/v1/units/u-00000/duty", {"on": True})
    traffic.start()
    console.for_a_while(5)
    pole.press(1, "2026-01-01T00:00:01Z")
    pole.disconnect()  # before its receipt can have come
    began = time.monotonic()
    outbox: list[dict[str, Any]] = []
    while time.monotonic() - began < AWAY_S:
        place = {"lon": 104.65 + len(outbox) * 1e-4, "lat": 16.5, "speed_kmh": 30.0}
        outbox.append({**place, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
        time.sleep(1)
    pole.connect()
    for n in (1, 2, 3):
        pole.press(n, f"2026-01-01T00:00:0{n}Z")
    token = station.units["u-00000"]
    said = call(station.url, token, "POST", "/api/v1/positions", {"fixes": outbox})
    deadline = time.monotonic() + 20
    while set(pole.receipts) < {1, 2, 3} and time.monotonic() < deadline:
        time.sleep(0.05)
    over.set()
    traffic.join()
    head = _head(station)
    console.for_a_while(8)
    pole.client.loop_stop()
    _report(station, console, pole, said["results"], head)


def _head(station: Running) -> int:
    """The last line of the log now; escalations go on being written afterwards."""
    with sqlite3.connect(station.data / "safezone.db") as database:
        return int(database.execute("SELECT seq FROM station_head").fetchone()[0])


def _others(station: Running, over: threading.Event) -> None:
    """Reports by HTTP, so that there is something to miss."""
    number = 0
    while not over.is_set():
        number += 1
        body = {"kind": "noise", "dedupe_key": f"others-{number}", "text": f"report {number}"}
        call(station.url, station.token, "POST", "/api/v1/reports", body)
        over.wait(1 / PER_SECOND)


def _report(station: Running, console: Console, pole: Pole, results: Any, head: int) -> None:
    with sqlite3.connect(station.data / "safezone.db") as database:
        query = "SELECT count(*), count(DISTINCT dedupe_sha256) FROM report WHERE sos_point = 'p-00000'"
        presses, different = database.execute(query).fetchone()
    missed = set(range(1, head + 1)) - set(console.ids)
    twice = len(console.ids) - len(set(console.ids))
    kept = sum(1 for one in results if one["kept"])
    print(f"\n{AWAY_S:g} s without a line, {PER_SECOND} reports/s meanwhile")
    print(
        f"  console: {head} events, missed {len(missed)}, twice {twice}, in order {console.ids == sorted(console.ids)}"
    )
    print(
        f"  pole: 3 presses (one sent twice), receipts for {sorted(pole.receipts)}, stored {presses}, twice {presses - different}"
    )
    print(f"  unit: {len(results)} positions from its outbox, kept {kept}, missed {len(results) - kept}")


if __name__ == "__main__":
    main()
