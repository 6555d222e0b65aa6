"""What the console is given when it opens: everything that it shows, read in one moment of the log."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import Connection

from safezone.assets.on_console import ConsoleAsset, list_console_assets
from safezone.core.desk import Desk
from safezone.core.identity import Identity
from safezone.core.in_force import SettingsInForce
from safezone.core.log import last_seq
from safezone.core.settings import Settings
from safezone.entrypoints.people.session_routes import SessionView, view_of
from safezone.incidents import queries as incidents
from safezone.incidents.surroundings import Surroundings
from safezone.incidents.views import IncidentView, NoteView
from safezone.patrol import queries as patrol
from safezone.patrol.ranking import RankRules, Recommendation
from safezone.patrol.views import UnitView
from safezone.zone import queries as zone
from safezone.zone.queries import StationView
from safezone.zone.roads import RoadsUnavailable, load_roads

logger = logging.getLogger("safezone.console")

SHOW_CLOSED = timedelta(hours=12)
MOST_CLOSED = 200
MOST_OPEN = 5000
"""Open incidents on a console: so many that the oldest one, which nobody has taken, is never left out."""


class ConsoleSettings(msgspec.Struct, frozen=True):
    """The limits that the console draws by (seconds)."""

    acknowledge_limit_s: int
    dispatch_limit_s: int
    accept_limit_s: int
    arrive_limit_s: int
    fix_stale_s: int
    fix_lost_s: int
    twin_window_s: int


def console_settings(settings: Settings) -> ConsoleSettings:
    """As much of the settings as the console draws by."""
    limits, positions = settings.limits, settings.positions
    return ConsoleSettings(
        limits.acknowledge_limit_s,
        limits.dispatch_limit_s,
        limits.accept_limit_s,
        limits.arrive_limit_s,
        positions.fix_stale_s,
        positions.fix_lost_s,
        limits.twin_window_s,
    )


class ConsoleSnapshot(msgspec.Struct, frozen=True):
    """Everything the console shows as of log line `seq`; the live feed goes on from there."""

    seq: int
    at: datetime
    session: SessionView
    station: StationView
    incidents: list[IncidentView]
    units: list[UnitView]
    assets: list[ConsoleAsset]
    handover: NoteView | None
    settings: ConsoleSettings


def read_snapshot(
    conn: Connection, identity: Identity, at: datetime, surroundings: Surroundings, in_force: SettingsInForce
) -> ConsoleSnapshot:
    """The snapshot for the command centre; NotAllowed for everybody else."""
    identity.require("operator", "supervisor", "admin")
    open_ones = incidents.list_incidents(
        conn, identity, surroundings, state="open", limit=MOST_OPEN, at_most=MOST_OPEN
    )
    closed = incidents.list_incidents(
        conn, identity, surroundings, state="closed", limit=MOST_CLOSED, closed_since=at - SHOW_CLOSED
    )
    return ConsoleSnapshot(
        last_seq(conn, identity.station),
        at,
        view_of(identity, at),
        zone.get_station(conn, identity.station),
        open_ones + closed,
        patrol.list_unit_views(conn, identity),
        list_console_assets(conn, identity),
        incidents.find_handover(conn, identity),
        console_settings(in_force.read(conn, identity.station)),
    )


class ConsoleRoutes(Controller):
    """The console's beginning, and its advice on whom to send."""

    path = "/api/v1"
    tags = ("console",)

    @get("/console")
    async def get_console(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        surroundings: NamedDependency[Surroundings],
    ) -> ConsoleSnapshot:
        """Everything the console shows."""
        return await desk.ask(read_snapshot, identity, desk.clock.now(), surroundings, desk.in_force)

    @get("/incidents/{incident_id:str}/recommendation", tags=["incidents"])
    async def recommend(
        self,
        incident_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        surroundings: NamedDependency[Surroundings],
        roads: NamedDependency[Roads],
    ) -> Recommendation:
        """Who could be sent, ranked, with reasons. Nobody is sent by it."""
        return await desk.ask(_recommend, incident_id, identity, desk, surroundings, roads)


class Roads:
    """The road graph of the station, loaded when it is first needed; straight lines where none is imported."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._graph: Any = None
        self._loaded_mtime = 0.0

    def find_graph(self) -> Any | None:
        """The road graph, loaded anew after an import; None when there is none."""
        if not self._file.exists():
            return None
        mtime = self._file.stat().st_mtime
        if mtime != self._loaded_mtime:
            self._loaded_mtime = mtime
            try:
                self._graph = load_roads(self._file)
            except RoadsUnavailable as problem:
                # Advice by straight line is better than none; the reason is said once per file.
                logger.warning("%s", problem.words)
                self._graph = None
        return self._graph


def _recommend(
    conn: Connection,
    incident_id: str,
    identity: Identity,
    desk: Desk,
    surroundings: Surroundings,
    roads: Roads,
) -> Recommendation:
    identity.require("operator", "supervisor", "admin")
    view = incidents.get_incident(conn, identity, incident_id, surroundings)
    positions = desk.in_force.read(conn, identity.station).positions
    rules = RankRules(
        fix_stale_s=positions.fix_stale_s, fix_lost_s=positions.fix_lost_s, near_m=positions.near_enough_m
    )
    return patrol.recommend(
        conn,
        identity,
        view.place,
        desk.clock.now(),
        rules,
        roads=roads.find_graph(),
        incident_id=incident_id,
        refused=[a.unit_id for a in view.assignments if a.state == "refused"],
        incident_names=incidents.list_names(conn, identity.station),
    )
