"""Units on connections of their own at 1 Hz: is any position lost, and how soon is each on a console?"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.figures import spread_ms
from bench.press import client
from bench.running import Running, answer_of, call, running, wait_ready
from bench.station import write_station


class Watcher(threading.Thread):
    """A console that notes when it first sees each position."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(daemon=True)
        self.parts, self.token = urlsplit(url), token
        self.seen: dict[str, dict[str, float]] = {}
        self.connected = threading.Event()
        self.over = threading.Event()

    def run(self) -> None:
        """Read the feed until it is over."""
        import http.client

        connection = http.client.HTTPConnection(str(self.parts.hostname), self.parts.port)
        connection.request("GET", "/api/v1/live", headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        self.connected.set()
        is_positions = False
        while not self.over.is_set():
            line = answer.readline()
            now = time.monotonic()
            if line.startswith(b"event: "):
                is_positions = line.startswith(b"event: positions")
            elif is_positions and line.startswith(b"data: "):
                for moved in json.loads(line[6:])["units"]:
                    of_unit = self.seen.setdefault(moved["id"], {})
                    of_unit.setdefault(f"{moved['fix']['lon']:.6f}", now)


def measure(station: Running, seconds: int) -> dict[str, Any]:
    """Every unit sends once a second for so many seconds; one console watches."""
    for unit_id, token in station.units.items():
        call(station.url, token, "POST", f"/api/v1/units/{unit_id}/duty", {"on": True})
    watcher = Watcher(station.url, station.token)
    watcher.start()
    watcher.connected.wait(10)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"url": station.url, "units": station.units, "seconds": seconds}, file)
        file.flush()
        units = client("bench.units", file.name)
        wait_ready(units)
        before = station.cpu()
        assert units.stdin is not None
        units.stdin.write(b"\n")
        units.stdin.flush()
        sent = answer_of(units)
        after = station.cpu()
    time.sleep(1.5)
    watcher.over.set()
    return _compare(station, sent, watcher.seen, {name: after[name] - before[name] for name in after})


def _compare(station: Running, sent: Any, seen: Any, cpu: dict[str, float]) -> dict[str, Any]:
    """A position is visible from the first frame that shows it or a later one of the same unit."""
    visible, never = [], 0
    for unit_id, of_unit in sent["sent"].items():
        frames = seen.get(unit_id, {})
        for place, at in of_unit.items():
            later = [when for shown, when in frames.items() if shown >= place]
            if later:
                visible.append(min(later) - at)
            else:
                never += 1
    with sqlite3.connect(station.data / "safezone.db") as database:
        kept = database.execute("SELECT count(*) FROM position").fetchone()[0]
    return {**sent, "visible": visible, "never": never, "kept": kept, "cpu": cpu}


def main(units: int, seconds: int) -> None:
    """One measurement on a new station."""
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        write_station(Path(folder) / "set", points=1, units=units)
        with running(Path(folder) / "data", Path(folder) / "set", units=units) as station:
            found = measure(station, seconds)
    print(
        f"\n{units} units on {units} connections of their own, one position a second each, for {seconds} s, durable"
    )
    print(
        f"  sent {found['total']}, confirmed {found['answered']}, refused {found['refused']}, on disk {found['kept']}, "
        f"never visible {found['never']}"
    )
    print(f"  position → confirmed            {spread_ms(found['waits'])}")
    print(f"  position → console (2 Hz)       {spread_ms(found['visible'])}")
    each = {k: v / found["total"] * 1e6 for k, v in found["cpu"].items()}
    print("  processor per position: " + ", ".join(f"{k} {v:.0f} µs" for k, v in each.items()))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
