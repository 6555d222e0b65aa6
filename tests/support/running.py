"""A real station for tests: started the way a user starts it, asked through its doors, and ended with all it started.

    def test_something(demo: Station) -> None:                 # one demonstration station for the whole run
        assert demo.ask("GET", "/console").status_code == 200

    with running(tmp_path / "data") as station:                # a private one: it may be killed, filled, broken
        station.kill("node")
        station.wait_until_answering("node", unlike=old_pid)

`running(data)` starts `safezone demo --no-simulation`; `running(data, station_set=folder)` the real thing,
`safezone up --set`. Both answer on free ports of 127.0.0.1 and give the same `Station`: `url`, `api`, `mqtt_port`,
`tokens` (bearer token by duty name or call sign), `poles` (SOS point → its MQTT login). `Station.children()` are the
pids in `<data>/run/children.json`; `Station.said()` is everything the processes have printed. Starting takes about a
second. `stop()` may be called early; the `with` ends what is left, and fails if a process outlives it.

Use `demo` wherever the test does no harm: never kill, stop or fill the disk of it, and do not count on being alone.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

from safezone.core.accounts import rules
from tests.support.places import REPO, eventually, free_port
from tests.support.record import Kept

DEMO_SET = REPO / "src" / "safezone" / "entrypoints" / "demo" / "mukdahan"
START_LIMIT_S = 240.0
"""Generous: a cold start takes one second, on a machine that is busy with twenty other things it takes a minute."""
STOP_LIMIT_S = 30.0
"""For tests about ending: the supervisor itself kills after five seconds whoever has not ended."""
LAST_STOP_LIMIT_S = 60.0
"""For all others, when they are over."""


class Login(NamedTuple):
    """With what an SOS point signs in at the broker."""

    username: str
    password: str


class Station:
    """A station that runs; made by `running`."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        data: Path,
        log: Path,
        ready: dict[str, Any],
        again: Callable[[], subprocess.Popen[bytes]],
    ) -> None:
        self.process = process
        self._again = again
        self.data = data
        self.log = log
        self.ready = ready
        self._client = httpx.Client(timeout=60)
        self.url: str = ready["url"]
        self.api: str = ready["api"]
        self.id: str = ready["station"]
        self.mqtt_host: str = ready["mqtt"]["host"]
        self.mqtt_port: int = ready["mqtt"]["port"]
        self.tokens: dict[str, str] = ready.get("tokens", {})
        self.poles = {
            each["id"]: Login(each["username"], each["password"]) for each in ready.get("sos_points", [])
        }

    @property
    def database(self) -> Path:
        """The SQLite file of the record."""
        return self.data / "safezone.db"

    @property
    def record(self) -> Kept:
        """Where the record is: that file, or the address of its PostgreSQL database."""
        settings = self.data / "safezone.toml"
        said = tomllib.loads(settings.read_text("utf-8")) if settings.exists() else {}
        return said.get("database_url") or self.database

    def said(self) -> str:
        """All that its processes have printed so far."""
        return self.log.read_text("utf-8", "replace")

    # ── asking ──

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str | None = "operator",
        timeout_s: float = 30.0,
    ) -> httpx.Response:
        """The answer to one request below `/api/v1`, as the holder of the token `who` (None: as anybody)."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return self._client.request(method, self.api + path, json=body, headers=headers, timeout=timeout_s)

    def list_incidents(self, state: str = "all") -> list[dict[str, Any]]:
        """Every incident through the public API, page by page."""
        found: list[dict[str, Any]] = []
        before = ""
        while page := self.ask("GET", f"/incidents?state={state}&limit=500{before}").json()["items"]:
            found += page
            before = f"&before={page[-1]['opened_at']}"
        return found

    def list_reports(self, incident_id: str) -> list[dict[str, Any]]:
        """The reports of one incident (the API shows the first 500)."""
        reports: list[dict[str, Any]] = self.ask("GET", f"/incidents/{incident_id}").json()["reports"]
        return reports

    def readiness(self) -> httpx.Response:
        """What `/readyz` says."""
        return self._client.get(f"{self.url}/readyz", timeout=15.0)

    # ── its processes ──

    def children(self) -> dict[str, int]:
        """The process id of every child that runs now, by name."""
        said = json.loads((self.data / "run" / "children.json").read_text("utf-8"))
        return {each["name"]: each["pid"] for each in said["children"] if each["pid"] is not None}

    def processes(self) -> set[int]:
        """The supervisor, its children and whatever they have started."""
        top = psutil.Process(self.process.pid)
        return {top.pid, *(each.pid for each in top.children(recursive=True))}

    def kill(self, name: str) -> int:
        """The child has got SIGKILL in the middle of whatever it was doing; returns the pid it had."""
        pid = self.children()[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_until_running(self, name: str, *, within_s: float = START_LIMIT_S) -> int:
        """The pid of the child `name`, once there is such a process, however far it has come."""
        return eventually(lambda: self.children().get(name), within_s=within_s, every_s=0.002) or 0

    def wait_until_answering(self, name: str, *, unlike: int = 0, within_s: float = START_LIMIT_S) -> int:
        """The pid of the child `name`, once it runs under another pid than `unlike` and answers."""

        def find() -> int | None:
            pid = self.children().get(name)
            return pid if pid not in (None, unlike) and self._answers(name, pid) else None

        return eventually(find, within_s=within_s, every_s=0.01) or 0

    def _answers(self, name: str, pid: int | None) -> bool:
        """Whether this very process serves: the broker listens, the node answers a request."""
        try:
            if name == "node":
                return (
                    self._client.get(f"{self.url}/healthz", timeout=5.0).is_success
                    and self.children().get(name) == pid
                )
            connections = psutil.Process(pid).net_connections("tcp")
        except (psutil.Error, httpx.TransportError):
            return False
        return any(
            each.status == psutil.CONN_LISTEN and each.laddr.port == self.mqtt_port for each in connections
        )

    def start_again(self) -> None:
        """The station, whose supervisor has ended, was started as it was the first time, and answers."""
        assert self.process.poll() is not None, "it still runs"
        self.process = self._again()

    def close(self) -> None:
        """No connection of ours is left open."""
        self._client.close()

    def stop(self, number: int = signal.SIGINT, *, within_s: float = STOP_LIMIT_S) -> int:
        """The supervisor was sent this signal and everything of the station has ended; returns its exit status.

        subprocess.TimeoutExpired or AssertionError when something lives on.
        """
        if self.process.poll() is not None:
            return self.process.returncode
        mine, end_s = self.processes(), time.monotonic() + within_s
        self.process.send_signal(number)
        status = self.process.wait(within_s)
        eventually(lambda: not any(map(lives, mine)), within_s=max(0.1, end_s - time.monotonic()))
        return status


@contextmanager
def running(
    data: Path,
    *,
    station_set: Path | None = None,
    settings: str = "",
    ports: tuple[int, int] | None = None,
    words: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[Station]:
    """A station in the folder `data` that answers: the demonstration, or `safezone up` with a station set.

    `settings` are the text of its safezone.toml, `ports` those of the web and of MQTT, `words` are added to the command
    line, `env` to the environment, `log` is the file for what is printed where it must not lie beside the data.
    AssertionError, with all that was printed, when it does not come up.
    """
    if settings:
        data.mkdir(parents=True, exist_ok=True)
        (data / "safezone.toml").write_text(settings, "utf-8")
    log = log or data.parent / f"{data.name}.log"
    ready_file = data.parent / f"{data.name}.ready.json"
    kind = ["up", "--set", str(station_set)] if station_set else ["demo", "--no-simulation"]
    web, mqtt = ports or (free_port(), free_port())
    places = {"--data": data, "--port": web, "--mqtt-port": mqtt, "--ready-file": ready_file}
    asked = [*kind, *(str(word) for pair in places.items() for word in pair), *words]
    started: list[subprocess.Popen[bytes]] = []

    def up() -> subprocess.Popen[bytes]:
        ready_file.unlink(missing_ok=True)
        process = start(asked, log, env)
        started.append(process)
        eventually(lambda: ready_file.exists() or process.poll() is not None, within_s=START_LIMIT_S)
        assert ready_file.exists(), f"it ended with {process.poll()}:\n{log.read_text('utf-8', 'replace')}"
        return process

    try:
        first = up()
        station = Station(first, data, log, json.loads(ready_file.read_text("utf-8")), up)
        if station_set is not None:
            _take_over(station)
        try:
            yield station
        finally:
            station.close()
        station.stop(within_s=LAST_STOP_LIMIT_S)
        assert not (left := _list_of(data)), f"left behind: {left}"
    finally:
        # Nothing to do after a test that went well; nothing stays behind after one that did not.
        for process in started:
            process.kill()
            process.wait()
        for each in _list_of(data):
            each.kill()


def start(words: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The command `safezone` with these words, running; what it prints goes to `log`. The caller ends it."""
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "safezone", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            start_new_session=True,
        )


def finish(words: Sequence[str], *, within_s: float = START_LIMIT_S) -> subprocess.CompletedProcess[str]:
    """The command `safezone` with these words, once it has ended by itself."""
    return subprocess.run(
        [sys.executable, "-m", "safezone", *words],
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )


FIRST_ADMIN = "first.admin"
FIRST_PASSWORD = "เรือข้ามโขงยามเช้า"


def _take_over(station: Station) -> None:
    """As the first administrator does: makes an account, gives out the tokens, hands the secrets to the technician."""
    if "/enter#token=" not in station.said():
        return  # The folder had a station already.
    link = {"token": station.said().split("/enter#token=")[1].split()[0]}
    offer = station.ask("POST", "/session/invitation", link, who=None).json()
    secret = offer["totp"]["secret"]
    raw = rules.totp_secret_bytes(secret)
    assert raw
    app = {"totp_secret": secret, "totp_code": rules.totp_at(raw, int(time.time()) // rules.TOTP_PERIOD_S)}
    chosen = {**link, "login": FIRST_ADMIN, "password": FIRST_PASSWORD, **app}
    opened = station.ask("POST", "/session/invitation/accept", chosen, who=None)
    assert opened.is_success, opened.text
    # A session ends when nobody uses it for a while; a test may take longer than that.
    station.tokens["admin"] = opened.cookies["safezone_session"]
    for role in ("admin", "operator", "supervisor"):
        asked = {"sort": "token", "role": role, "name": role}
        station.tokens[role] = station.ask("POST", "/admin/credentials", asked, who="admin").json()["secret"]
    with (station.data / "sos-point-secrets.csv").open(encoding="utf-8", newline="") as file:
        station.poles = {
            each["sos_point"]: Login(each["username"], each["password"]) for each in csv.DictReader(file)
        }


def lives(pid: int) -> bool:
    """Whether the process still runs; one that has ended and was not buried by its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _list_of(data: Path) -> list[psutil.Process]:
    """The processes that were started for this folder, whoever their parent is now."""
    found = [each for each in psutil.process_iter(["cmdline"]) if each.pid != os.getpid()]
    return [
        each
        for each in found
        if lives(each.pid) and any(str(data) in word for word in each.info["cmdline"] or ())
    ]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """The demonstration station without simulated life, shared by every test that does it no harm."""
    with running(tmp_path_factory.mktemp("demo") / "data") as station:
        yield station
