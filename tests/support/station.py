"""A whole station in this process: real database, lane, listeners and HTTP on a free port; its clock is held by the test."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvloop
from sqlalchemy import Connection, select

from safezone.assets.commands import AssessReadiness
from safezone.assets.commands_upkeep import EndOverdueTests
from safezone.assets.station_set import read_station_set
from safezone.core.auth import IssueCredential, Issued, installer
from safezone.core.clock import ManualClock
from safezone.core.db import Database, metadata
from safezone.core.devices import GiveDeviceSecret, NewSecret
from safezone.core.event import Entry
from safezone.core.identity import Identity, Role
from safezone.core.listeners import list_listeners
from safezone.core.log import last_seq
from safezone.core.rebuild import Verdict, verify
from safezone.core.settings import Settings
from safezone.entrypoints.house import DataFolder, Engine
from safezone.entrypoints.listening import listen
from safezone.entrypoints.node import Node
from safezone.entrypoints.node_process import DEMO_SET, DEMO_TOKENS
from safezone.entrypoints.setting_up import NewStation, create_station
from safezone.incidents.commands import EscalateOverdue
from safezone.main import wire
from tests.support import postgres
from tests.support.engines import database_url
from tests.support.places import eventually

STATION = "mdh"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REGIONAL = "commander-of-region"
"""A commander whose scope is the region; everybody else's is their station."""
UNITS = ("car-1", "car-2", "moto-1", "moto-2", "foot-1", "foot-2")


class Template(msgspec.Struct, frozen=True):
    """The demonstration station as it is on its first day; copied, because making it anew takes half a second."""

    database_file: Path
    new: NewStation
    tokens: dict[str, str]
    """By role, by unit id (`car-1`) and by SOS point (`sos-01`)."""


@cache
def template() -> Template:
    """The demonstration station, made once for the whole run."""
    made = Path(tempfile.mkdtemp(prefix="safezone-template-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    folder = DataFolder(made)
    folder.make()
    settings = Settings()
    read = read_station_set(DEMO_SET)
    engine = Engine(wire(settings), folder.open_database(settings), read.zone.station_id, ManualClock(START))
    engine.start()
    new = create_station(engine, read, tokens=DEMO_TOKENS)
    engine.stop()
    tokens = {name: secret for name, secret in new.tokens.items() if name in DEMO_TOKENS}
    tokens |= {unit.id: new.tokens[unit.call_sign] for unit in read.units}
    tokens |= {device.id: device.password for device in new.devices}
    return Template(folder.database_file, new, tokens)


@cache
def demo_template() -> str:
    """The name of a PostgreSQL database with the very rows of `template`."""
    name = postgres.server().create(postgres.empty_template())
    source, target = Database.at(template().database_file), Database(postgres.server().url(name))
    with source.read() as rows, target.write_connection() as conn, conn.begin():
        for table in metadata.sorted_tables:
            if found := [dict(row) for row in rows.execute(select(table)).mappings()]:
                conn.execute(table.insert(), found)
    source.close()
    target.close()
    return name


def who(role: Role, name: str = "") -> Identity:
    """Somebody of this role; a unit or pole is named by its id."""
    is_unit, is_point = role == "unit", role == "sos_point"
    return Identity(STATION, role, name or role, name if is_unit else None, name if is_point else None)


class Station:
    """The demonstration station without its doors: commands go in by the lane, questions by the desk."""

    def __init__(self, path: Path, settings: Settings | None = None, station: str = STATION) -> None:
        """`station`: another than the demonstration's, which is in the database that `settings` name already."""
        self.path = path
        self.folder = DataFolder(path)
        self.folder.make()
        url = settings.database_url if settings else ""
        url = url or database_url(path, demo_template)
        if not url and not self.folder.database_file.exists():
            shutil.copy(template().database_file, self.folder.database_file)
        if not (path / "master.key").exists():
            shutil.copy(template().database_file.with_name("master.key"), path / "master.key")
        self.settings = msgspec.structs.replace(settings or Settings(), database_url=url)
        self.clock = ManualClock(START)
        self.engine = Engine(
            wire(self.settings), self.folder.open_database(self.settings), station, self.clock
        )
        self.desk, self.bus, self.database = (
            self.engine.desk,
            self.engine.house.bus,
            self.engine.desk.database,
        )
        self.surroundings = self.engine.house.surroundings
        self.engine.start()

    def do(self, command: Any, identity: Identity | None = None) -> Any:
        """The answer to a command, after its commit; raises its refusal."""
        return self.engine.lane.submit(command, identity or who("operator", "ccoc-1")).result(timeout=60)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A reading connection."""
        with self.database.read() as conn:
            yield conn

    def log(self, after: int = 0) -> list[Entry]:
        """Everything that has happened after a line of the log."""
        with self.database.read() as conn:
            return self.desk.reader.list_after(conn, STATION, after, 100_000)

    def head(self) -> int:
        """The number of the last line of the log."""
        with self.database.read() as conn:
            return last_seq(conn, STATION)

    def rows(self, statement: Any) -> list[Any]:
        """What a query gives."""
        with self.database.read() as conn:
            return list(conn.execute(statement))

    def verdict(self) -> Verdict:
        """What `safezone verify` says of the station."""
        (verdict,) = verify(self.database, self.bus)
        return verdict

    def close(self) -> None:
        """Nothing runs and nothing is open any more."""
        self.engine.stop()


class RunningStation(Station):
    """The demonstration station as it runs: HTTP, live feed, listeners and jobs, everything but the broker."""

    def __init__(self, path: Path, settings: Settings | None = None, station: str = STATION) -> None:
        super().__init__(path, settings, station)
        self.tokens = dict(template().tokens)
        self.node = Node(self.engine, self.folder)
        self._web = listen("127.0.0.1", 0)
        self.port: int = self._web.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="node", daemon=True)
        self._clients: dict[str, Api] = {}
        self._thread.start()
        assert self._ready.wait(120), "the node did not come up"

    def _run(self) -> None:
        uvloop.run(self.node.run(self._web, self._ready.set))

    def api(self, name: str = "operator") -> Api:
        """A client with the token of this role, unit or pole; `public` has none, `tracker` is that of car-1.

        `commander-of-region` is given out when it is first asked for.
        """
        if name == REGIONAL and name not in self.tokens:
            asked = IssueCredential(sort="token", role="commander", name=name, reach="region")
            given: Issued = self.do(asked, installer(self.desk.station))
            self.tokens[name] = given.secret
        if name == "tracker" and name not in self.tokens:
            new: NewSecret = self.do(GiveDeviceSecret("car-1", role="tracker"), who("technician"))
            self.tokens[name] = new.secret
        if name not in self._clients:
            self._clients[name] = Api(self.url, self.tokens.get(name))
        return self._clients[name]

    def settle(self) -> None:
        """Every listener has heard everything that concerns it."""
        eventually(self._all_heard)

    def rest(self) -> None:
        """As `settle`; and as long as the clock stands still the jobs that are done by it have nothing to write either."""
        before = -1
        while before != (before := self.head()):
            for command in (EscalateOverdue(), AssessReadiness(START), EndOverdueTests()):
                self.do(command, who("system", "test"))
            self.settle()

    def _all_heard(self) -> bool:
        with self.database.read() as conn:
            views = list_listeners(conn, self.bus, STATION)
        return all(view.state == "parked" or view.lag == 0 for view in views)

    def close(self) -> None:
        for client in self._clients.values():
            client.http.close()
        self.node.stop()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the node does not end"
        self._web.close()
        super().close()


class Api:
    """One client of the station's HTTP API."""

    def __init__(self, url: str, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # `trust_env` off: a proxy of the machine has no business with 127.0.0.1.
        self.http = httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)
        self.url, self.token = url, token

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, json=body, headers=named)

    def ask(self, path: str, **query: Any) -> Any:
        """The body of a GET that must succeed."""
        return _body(self.get(path, **query))

    def ask_any(self, path: str) -> Any:
        """The body of a GET, whatever its status."""
        return self.get(path).json()

    def act(self, path: str, body: Any = None, **headers: str) -> Any:
        """The body of a POST that must succeed."""
        return _body(self.post(path, body, **headers))

    def report(self, kind: str = "sos", **more: Any) -> dict[str, Any]:
        """A report that must be taken; its answer."""
        answer: dict[str, Any] = self.act("/api/v1/reports", {"kind": kind, **more})
        return answer

    def incident(self, incident_id: str) -> dict[str, Any]:
        """An incident as it stands now."""
        view: dict[str, Any] = self.ask(f"/api/v1/incidents/{incident_id}")["incident"]
        return view

    def on(self, incident: dict[str, Any], action: str, **body: Any) -> dict[str, Any]:
        """An action that must succeed on an incident as `incident` shows it; the incident as it stands then."""
        asked = {"expected_version": incident["version"], **body}
        view: dict[str, Any] = self.act(f"/api/v1/incidents/{incident['id']}/{action}", asked)
        return view

    def step(self, incident_id: str, unit_id: str, state: str, **more: Any) -> httpx.Response:
        """A unit's step with an incident, whatever comes of it."""
        return self.post(f"/api/v1/incidents/{incident_id}/assignments/{unit_id}", {"state": state, **more})


def _body(response: httpx.Response) -> Any:
    assert response.status_code in (200, 201), (
        f"{response.request.url}: {response.status_code} {response.text}"
    )
    return response.json()
