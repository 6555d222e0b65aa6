"""One station's program: opens its folder, brings its parts up one after the other, and takes them down again."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import msgspec
import uvicorn

from safezone.assets.estate_routes import EstateRoutes
from safezone.assets.exchange_routes import ExchangeRoutes
from safezone.assets.routes import AssetRoutes
from safezone.assets.upkeep_routes import TaskRoutes, UpkeepRoutes
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.core.lane import Batch
from safezone.core.listeners import Listeners
from safezone.core.settings import Web
from safezone.entrypoints.access import AccessLog
from safezone.entrypoints.audit.chain_check import ChainChecker
from safezone.entrypoints.audit.witness import Witness, WitnessClock
from safezone.entrypoints.connections import guarded
from safezone.entrypoints.console_routes import Roads
from safezone.entrypoints.device_use import DeviceUse
from safezone.entrypoints.feeds import (
    AssetFeed,
    HandoverFeed,
    IncidentFeed,
    MovingUnits,
    SettingsFeed,
    UnitFeed,
)
from safezone.entrypoints.figures import Figures
from safezone.entrypoints.front import in_front_of
from safezone.entrypoints.health import Health, Report
from safezone.entrypoints.house import DataFolder, Engine
from safezone.entrypoints.http import create_app
from safezone.entrypoints.jobs import Jobs, list_jobs
from safezone.entrypoints.lifeline import BEAT_S
from safezone.entrypoints.live import LiveHub, LiveSource, Trouble
from safezone.entrypoints.mqtt import MqttSettings
from safezone.entrypoints.node_checks import SLOW_WRITE_S, add_checks, check_certificate
from safezone.entrypoints.presence import Presence
from safezone.entrypoints.probe import Login, Probe
from safezone.entrypoints.safekeeping import Keeper, Safekeeping, load_state
from safezone.entrypoints.tls import Certificate, certificate_of, named_address
from safezone.entrypoints.traces import traces_of
from safezone.entrypoints.who import Doorman
from safezone.incidents.commands import KeepRefusedMessage
from safezone.patrol.routes import routes as patrol_routes
from safezone.zone.imports.keeping import Imports
from safezone.zone.layer_routes import dependencies as zone_dependencies
from safezone.zone.layer_tiles import TileMaker
from safezone.zone.layers import Layers
from safezone.zone.map_routes import MapFolder
from safezone.zone.routes import routes as zone_routes

logger = logging.getLogger("safezone.node")

LONGEST_WRITE_S: Final = 60.0


class Door(Protocol):
    """Something that lets messages in besides HTTP."""

    def start(self) -> None: ...

    async def stop(self) -> None: ...

    def state(self) -> str: ...


ASSET_ROUTES: Final = (AssetRoutes, UpkeepRoutes, EstateRoutes, TaskRoutes, ExchangeRoutes)
Work = Literal["doors", "jobs", "web"]
DOORS: Final = "doors"
"""The process of several that makes the station, prepares the broker and lets the presses in."""
EVERYTHING: Final[frozenset[Work]] = frozenset(("doors", "jobs", "web"))
"""What one process does: letting in what does not come by HTTP; listeners and jobs; HTTP and the live feed."""


class NodeReady(msgspec.Struct, frozen=True):
    """Written to `run/node.json` once everything answers."""

    pid: int
    url: str
    station: str
    mqtt_host: str
    mqtt_port: int
    shown_url: str = ""
    """By what name people open it, where its certificate is for that name alone; empty: `url`."""


class Node:
    """The running program of one station."""

    def __init__(
        self, engine: Engine, folder: DataFolder, does: frozenset[Work] = EVERYTHING, name: str = ""
    ) -> None:
        """`name`: of this process, where it is one of several."""
        self.engine = engine
        self.does = does
        self.is_one_of_several = bool(name)
        self.folder = folder
        self.desk = engine.desk
        surroundings = engine.house.surroundings
        feeds: list[LiveSource] = [
            IncidentFeed(surroundings),
            UnitFeed(),
            AssetFeed(),
            HandoverFeed(),
            SettingsFeed(engine.house.in_force),
        ]
        self.hub = LiveHub(self.desk, feeds, MovingUnits())
        self.listeners = Listeners(self.desk.database, self.desk.bus, engine.lane, self.desk.station)
        self.jobs = Jobs(self.desk, list_jobs(self.desk))
        self.witness = Witness(folder, self.desk.settings, self.desk.station)
        self.witness_clock = WitnessClock(self.witness, self.desk, self.desk.clock)
        self.chain = ChainChecker(folder, self.desk, self.desk.clock)
        self.keeper = Keeper(folder, self.desk.settings, self.desk.clock, self.desk)
        self.presence = Presence(self.desk)
        self.doors: list[Door] = []
        self.figures = Figures()
        self.probe: Probe | None = None
        self.traces = traces_of(self.desk.settings.traces, self.desk.station, name or "node")
        engine.lane.meter = self._measure
        if self.traces is not None:
            self.hub.on_told = self.traces.told
        self.health = Health(engine.clock, self._tell)
        add_checks(self)
        self._exposition: Any = None
        self.hub.trouble = self.trouble
        self._server: _Server | None = None
        device_use = DeviceUse(self.desk)
        routes: list[Any] = [
            *ASSET_ROUTES,
            *patrol_routes(self.desk, self._keep_refused, device_use.note),
            *zone_routes,
        ]
        layers = Layers(folder.ground)
        self.tile_maker = TileMaker(folder.ground, layers)
        given = zone_dependencies(Imports(folder.imports), layers, self.tile_maker, MapFolder(folder.path))
        self.access = AccessLog(folder.access, self.desk.clock, self.desk.settings.access.keep_days)
        roads = Roads(folder.roads_file)
        self.app = create_app(
            self.desk, self.hub, surroundings, roads, routes, self, self.access, given, device_use
        )
        self.certificate = certificate_of(self.desk.settings, folder.acme)
        if self.certificate is not None:
            self.doors.append(self.certificate)
            self.health.add("certificate", lambda: check_certificate(self))
        doorman = Doorman(self.desk.authenticator, self.desk.station)
        self.front = in_front_of(self.app, doorman, self.desk.settings.web, self.figures.web, self.traces)

    def _measure(self, batch: Batch) -> None:
        """In the lane's thread."""
        self.figures.lane(batch)
        if self.traces is not None:
            self.traces.lane(batch)

    async def _keep_refused(self, source: str, raw: bytes, why: Words, who: Identity) -> None:
        kept = KeepRefusedMessage(source, who.actor, raw, why.th, why.en)
        await self.desk.execute(kept, system(self.desk.station, source))

    def probe_with(self, mqtt: MqttSettings, login: Login) -> None:
        """Synthetic presses come in at this broker, by this login, while the program runs."""
        every_s = float(self.desk.settings.probe.every_s)
        probe = Probe(mqtt, self.desk.station, login, self.desk.clock, self.figures.probe, every_s=every_s)
        self.probe = probe
        self.health.add("probe", probe.check)

    def _tell(self, report: Report) -> None:
        self.hub.notices = report.notices

    async def metrics(self) -> bytes:
        """Everything that is counted, in the text format of Prometheus."""
        if self._exposition is None:
            # Loaded when it is first asked for, on another thread: a start or a press does not wait for it.
            module = await self.desk.think(import_module, "safezone.entrypoints.metrics")
            self._exposition = module.Exposition(self)
        text: bytes = await self._exposition.text()
        return text

    def safekeeping(self) -> Safekeeping:
        """What is known of the last backup and the last restore drill."""
        return load_state(self.folder)

    def trouble(self) -> list[Trouble]:
        """What an operator must know, because reports do not come in as they should."""
        found: list[Trouble] = []
        lane = self.engine.lane
        if lane.last_error is not None or lane.busy_s() > SLOW_WRITE_S:
            found.append("record")
        if any(door.state() != "ok" for door in self.doors if door is not self.certificate):
            found.append("doors")
        return found

    def beat(self, say: Callable[[], None]) -> None:
        """From now on `say` is called as long as this program does its work: the event loop turns, the lane writes.

        A lane that has been at one transaction for `LONGEST_WRITE_S` is silence too: if only the disk is that slow,
        starting again does no harm, and if something is locked for ever, nothing else helps.
        """
        if self.engine.lane.busy_s() < LONGEST_WRITE_S:
            say()
        asyncio.get_running_loop().call_later(BEAT_S, self.beat, say)

    def stop(self) -> None:
        """`run` ends, as it does on SIGTERM."""
        if self._server is not None:
            self._server.should_exit = True

    def wake_listeners(self) -> None:
        """A parked listener was resumed: it goes on now."""
        self.listeners.wake()

    async def run(self, web: socket.socket | None, on_ready: Any) -> None:
        """Serve until SIGTERM, SIGINT or `stop`; everything that was handed in is finished before it returns.

        Without `web` no HTTP is served: another process of the station does that.
        """
        if self.traces is not None:
            self.traces.start()
        await self.hub.start()
        if "jobs" in self.does:
            self.listeners.start()
            self.jobs.start()
            self.keeper.start()
            self.witness_clock.start()
        for door in self.doors:
            door.start()
        self.health.start()
        if web is not None:
            self.presence.start()
        serving = asyncio.create_task(_until_told() if web is None else self._serve(web))
        try:
            while not serving.done() and not self._answers():  # noqa: ASYNC110 - many conditions
                await asyncio.sleep(0.005)
            _settle_memory()
            on_ready()
            if self.probe is not None:
                self.probe.start()
            await serving
        finally:
            if self.probe is not None:
                await self.probe.stop()
            await self.health.stop()
            await self.presence.stop()
            if "jobs" in self.does:
                await self.keeper.stop()
                await self.witness_clock.stop()
                await self.jobs.stop()
            for door in self.doors:
                await door.stop()
            if "jobs" in self.does:
                await asyncio.to_thread(self.listeners.stop)
            await self.tile_maker.stop()
            await self.hub.stop()
            self.access.close()
            if self.traces is not None:
                await self.traces.stop()

    async def _serve(self, web: socket.socket) -> None:
        self._server = _Server(self.front, self.hub, self.desk.settings.web, self.certificate)
        await self._server.serve(sockets=[web])

    def _answers(self) -> bool:
        """Connections are taken, and every door is open."""
        serves = "web" not in self.does or (self._server is not None and self._server.started)
        return serves and all(door.state() == "ok" for door in self.doors)


async def _until_told() -> None:
    """Returns after SIGTERM or SIGINT; where HTTP is served, its server sees to that."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


def _settle_memory() -> None:
    """What was loaded at the start stays: a full collection that looks at it again would hold up a press for 60 ms."""
    gc.collect()
    gc.freeze()
    gc.enable()
    # Two threads share the interpreter, the lane and the doors: hand over sooner than the usual 5 ms.
    sys.setswitchinterval(0.0005)


class _Server(uvicorn.Server):
    """uvicorn, with the live feed let go before it waits for open connections to end."""

    def __init__(self, app: Any, hub: LiveHub, settings: Web, certificate: Certificate | None) -> None:
        self._hub = hub
        config = uvicorn.Config(
            app,
            ssl_context_factory=None if certificate is None else lambda *_: certificate.context,
            loop="none",
            http=guarded(settings.waiting_connections),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            backlog=4096,
        )
        super().__init__(config)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's own; a screen's connection has no end by itself, so it is ended first."""
        await self._hub.stop()
        await super().shutdown(sockets)


def write_ready(path: Path, ready: msgspec.Struct | dict[str, Any], *, secret: bool = False) -> None:
    """The file appears whole or not at all."""
    part = path.with_suffix(".part")
    part.touch(mode=0o600 if secret else 0o644)
    part.write_bytes(msgspec.json.format(msgspec.json.encode(ready), indent=2))
    part.replace(path)


def ready_of(node: Node, web: socket.socket, mqtt_host: str, mqtt_port: int) -> NodeReady:
    """Where the node answers."""
    host, port = web.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    scheme = "http" if node.certificate is None else "https"
    named = named_address(node.desk.settings, port)
    return NodeReady(
        os.getpid(), f"{scheme}://{shown}:{port}", node.desk.station, mqtt_host, mqtt_port, named
    )
