"""One station with a region's worth of life in it: begun, watched, ended and judged."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.life import record
from bench.life.gauges import Gauges
from bench.life.mix import Mix
from bench.running import Running, call, running, wait_ready
from bench.station import write_station

ALL_FROM_ONE_ADDRESS: Final = "[web]\nwaiting_connections = 4096\nrequests_per_s = 2000\n"
"""Here all phones and consoles come from 127.0.0.1; limits that hold for one address are set for a region's worth."""
PARTS: Final = ("consoles", "desks", "phones", "poles")
"""In the order in which they come; they go home in the other."""


class Found(NamedTuple):
    """What came of it."""

    lived_s: float
    asked_s: float
    spans: dict[str, array[float]]
    counts: Counter[str]
    gauges: Gauges
    said: dict[str, Any]
    kept: record.Kept
    wrong: list[str]
    verified: str
    bytes_to_consoles: int


class Client:
    """One client process, told what to do by its input. Ctrl-C is for us alone: it is ended in order."""

    def __init__(self, name: str, asked: dict[str, Any], folder: Path) -> None:
        file = folder / f"{name}.json"
        file.write_text(json.dumps(asked))
        words = [sys.executable, "-m", f"bench.life.{name}", str(file)]
        self.name = name
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )

    def tell(self, word: str) -> None:
        """`go`, `look` or `end`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n".encode())
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Its answer to `look` or `end`."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the client {self.name} has ended by itself")
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        """Gone, whatever it was at."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Tally:
    """What the clients have said so far; presses are matched with when each console showed them."""

    def __init__(self) -> None:
        self.spans: dict[str, array[float]] = {}
        self.minute: dict[str, list[float]] = {}
        self.counts: Counter[str] = Counter()
        self.bytes = 0
        self.waiting: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._seen: dict[str, list[float]] = {}

    def add(self, name: str, said: dict[str, Any]) -> None:
        """One client's answer."""
        for span, values in said["spans"].items():
            self._note(span, values)
        self.counts.update(said["counts"])
        self.waiting[name] = said.get("waiting", 0)
        self.bytes += said.get("bytes", 0)
        self._began.update(said.get("began", {}))
        for incident, times in said.get("seen", {}).items():
            self._seen.setdefault(incident, []).extend(times)
        for incident in [each for each in self._seen if each in self._began]:
            shown = self._seen.pop(incident)
            self._note("press → each console", [at - self._began[incident] for at in shown])
            self.counts["presses shown, all consoles together"] += len(shown)

    def _note(self, span: str, values: list[float]) -> None:
        self.spans.setdefault(span, array("d")).extend(values)
        self.minute.setdefault(span, []).extend(values)

    def next_minute(self) -> dict[str, list[float]]:
        """The spans since the last time."""
        minute, self.minute = self.minute, {}
        return minute


def measure(
    station: Running, mix: Mix, asked_s: float, folder: Path, url: str, families: dict[str, int], tell: Any
) -> Found:
    """Life goes on for so long, or until Ctrl-C; then everybody gets their answer, and what they were told is judged."""
    tally = Tally()
    with _clients(station, mix, folder) as clients:
        for client in clients.values():
            families[f"client {client.name}"] = client.process.pid
        gauges = Gauges(station, families)
        gauges.start()
        began_s = time.monotonic()
        for client in clients.values():
            client.tell("go")
        with _interruptible():
            try:
                minute = 0
                while (left_s := began_s + asked_s - time.monotonic()) > 0:
                    time.sleep(min(left_s, began_s + (minute + 1) * 60 - time.monotonic()))
                    minute += 1
                    _look(clients, tally)
                    tell(minute, gauges, tally)
            except KeyboardInterrupt:
                print(
                    "interrupted: everybody is given their answer, then what there is is judged", flush=True
                )
        lived_s, ended_at = time.monotonic() - began_s, datetime.now(UTC)
        gauges.finish()
        said = {}
        for name in reversed(PARTS):
            clients[name].tell("end")
            last = clients[name].hear()
            said[name] = last["account"]
            tally.add(name, last)
    kept = record.read(url, ended_at)
    verified = _verify(station.data)
    wrong = record.judge(kept, said)
    return Found(
        lived_s, asked_s, tally.spans, tally.counts, gauges, said, kept, wrong, verified, tally.bytes
    )


def _look(clients: dict[str, Client], tally: Tally) -> None:
    # Consoles first: what they show of a press that has no receipt yet waits for it.
    for name, client in clients.items():
        client.tell("look")
        tally.add(name, client.hear())


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM is as good as Ctrl-C."""

    def stop(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _clients(station: Running, mix: Mix, folder: Path) -> Iterator[dict[str, Client]]:
    operators = [_operator_token(station, number) for number in range(mix.consoles)]
    homes = [mix.home_of(number // mix.units_each) for number in range(mix.units)]
    asked: dict[str, dict[str, Any]] = {
        "consoles": {"url": station.url, "tokens": operators, "reload_s": mix.reload_s, "seed": 1},
        "desks": {"url": station.url, "tokens": operators, "units": station.units, "seed": 2, "mix": mix._asdict()},
        "phones": {
            "url": station.url, "units": station.units, "fix_s": mix.fix_s, "seed": 3,
            "places": [(lon + 0.003, lat + 0.003) for lon, lat in homes],
        },
        "poles": {
            "station": station.station, "port": station.mqtt_port, "devices": station.devices, "seed": 4,
            "presses": mix.presses, "heartbeat_s": mix.heartbeat_s,
        },
    }  # fmt: skip
    clients: dict[str, Client] = {}
    try:
        # Phones first: a recommendation needs units on duty.
        for name in ("phones", "poles", "consoles", "desks"):
            clients[name] = Client(name, asked[name], folder)
            wait_ready(clients[name].process)
        yield {name: clients[name] for name in PARTS}
    finally:
        for client in clients.values():
            client.end()


def _operator_token(station: Running, number: int) -> str:
    body = {"sort": "token", "role": "operator", "name": f"console-{number}"}
    said = call(station.url, station.token, "POST", "/api/v1/admin/credentials", body)
    return str(said["secret"])


def _verify(data: Path) -> str:
    """What `safezone verify` says, with how long it took."""
    began_s = time.monotonic()
    words = [sys.executable, "-m", "safezone", "verify", "--data", str(data), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=3600)
    took_s = time.monotonic() - began_s
    if done.returncode:
        return f"NOT well ({done.returncode}): {(done.stdout + done.stderr)[-2000:]}"
    one = json.loads(done.stdout)[0]
    return f"well: {one['events']} events, {one['rows']} rows compared, {took_s:.0f} s"


@contextmanager
def living(mix: Mix, folder: Path, database_url: str) -> Iterator[Running]:
    """A new station of the region's size, with a token for each unit; empty `database_url`: SQLite in the folder."""
    write_station(folder / "set", points=mix.poles, units=mix.units, place_of=mix.place_of_pole)
    first = f'database_url = "{database_url}"\n' if database_url else ""
    with running(
        folder / "data", folder / "set", settings=first + ALL_FROM_ONE_ADDRESS, units=mix.units
    ) as station:
        yield station
