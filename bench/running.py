"""A real station started for a measurement, in a folder of its own, and ended with everything it started."""

from __future__ import annotations

import csv
import ctypes
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.figures import cpu_seconds
from bench.station import Place, write_station
from safezone.core.accounts import rules

_DEAD_PARENT: Final = 1  # PR_SET_PDEATHSIG


class Device(NamedTuple):
    """A pole and its password."""

    point: str
    username: str
    password: str


class Running(NamedTuple):
    """A station that answers."""

    url: str
    mqtt_port: int
    station: str
    token: str
    devices: list[Device]
    units: dict[str, str]
    data: Path
    seconds_to_ready: float

    def pids(self) -> dict[str, int]:
        """The processes by name, the supervisor among them."""
        said = json.loads((self.data / "run" / "children.json").read_text())
        return {"supervisor": said["supervisor"]["pid"], **{c["name"]: c["pid"] for c in said["children"]}}

    def cpu(self) -> dict[str, float]:
        """Processor seconds of each process so far."""
        return {name: cpu_seconds(pid) for name, pid in self.pids().items()}


@contextmanager
def for_a_while(*, settings: str = "", place_of: Callable[[int], Place] | None = None) -> Iterator[Running]:
    """A station of 25 poles and 10 units in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        write_station(Path(folder) / "set", points=25, units=10, place_of=place_of)
        with running(Path(folder) / "data", Path(folder) / "set", settings=settings) as station:
            yield station


@contextmanager
def running(data: Path, station_set: Path | None, *, settings: str = "", units: int = 0) -> Iterator[Running]:
    """A station on free ports, created from a set where the folder is empty; `units` of its units get tokens.

    It never outlives the measurement: who is asked to end (`timeout`) ends it first, and who is killed takes it along.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    data.mkdir(parents=True, exist_ok=True)
    (data / "safezone.toml").write_text(settings)
    ready = data / "ready.json"
    ready.unlink(missing_ok=True)
    words = [sys.executable, "-m", "safezone", "up", "--data", str(data), "--port", "0", "--mqtt-port", "0"]
    words += ["--ready-file", str(ready), *(["--set", str(station_set)] if station_set else [])]
    began = time.perf_counter()
    with (data / "out.txt").open("wb") as out:
        process = subprocess.Popen(
            words, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=lambda: ctypes.CDLL(None).prctl(_DEAD_PARENT, signal.SIGINT),
        )  # fmt: skip
    try:
        while not ready.exists():
            if process.poll() is not None:
                raise RuntimeError((data / "out.txt").read_text())
            time.sleep(0.002)
        took = time.perf_counter() - began
        yield _running(data, json.loads(ready.read_text()), took, units)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _running(data: Path, said: dict[str, Any], took: float, units: int) -> Running:
    kept = data / "bench-token"
    if not kept.exists():
        link = (data / "out.txt").read_text().split("/enter#token=")[1].split()[0]
        kept.write_text(_first_administrator(said["url"], link))
    token = kept.read_text()
    devices = []
    secrets = data / "sos-point-secrets.csv"
    if secrets.exists():
        with secrets.open(encoding="utf-8", newline="") as file:
            devices = [Device(*row) for row in list(csv.reader(file))[1:]]
    unit_tokens = {f"u-{n:05d}": _unit_token(said["url"], token, f"u-{n:05d}") for n in range(units)}
    return Running(
        said["url"], said["mqtt"]["port"], said["station"], token, devices, unit_tokens, data, took
    )


def _first_administrator(url: str, link_token: str) -> str:
    """A machine's token, given out by the administrator whose account the link makes."""
    link = {"token": link_token}
    offer = call(url, "", "POST", "/api/v1/session/invitation", link)["totp"]["secret"]
    raw = rules.totp_secret_bytes(offer) or b""
    code = rules.totp_at(raw, int(time.time()) // rules.TOTP_PERIOD_S)
    chosen = {"login": "bench", "password": link_token, "totp_secret": offer, "totp_code": code}
    request = urllib.request.Request(
        f"{url}/api/v1/session/invitation/accept",
        json.dumps({**link, **chosen}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        cookies = str(answer.headers.get_all("Set-Cookie"))
    session = cookies.split("safezone_session=")[1].split(";")[0]
    body = {"sort": "token", "role": "admin", "name": "bench"}
    return str(call(url, session, "POST", "/api/v1/admin/credentials", body)["secret"])


def _unit_token(url: str, token: str, unit_id: str) -> str:
    body = {"sort": "token", "role": "unit", "name": unit_id, "unit_id": unit_id}
    said = call(url, token, "POST", "/api/v1/admin/credentials", body)
    return str(said["secret"])


def call(url: str, token: str, method: str, path: str, body: Any = None) -> Any:
    """The JSON answer of one request, without a token as anybody; urllib's error when it is refused."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, content, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


def wait_ready(process: subprocess.Popen[bytes]) -> None:
    """Returns once the client says that it is ready."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == b"ready":
            return
    raise RuntimeError("the client ended before it was ready")


def answer_of(process: subprocess.Popen[bytes]) -> Any:
    """What the client found, when it has ended."""
    assert process.stdout is not None
    said = process.stdout.read()
    process.wait(60)
    return json.loads(said.splitlines()[-1])
