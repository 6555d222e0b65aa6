"""A region in numbers: the stations that have named this one as the seat of their region, and each of them.

That somebody looks is in the log of the seat before anything is shown, and the station that was looked at finds it in
its own audit. Whom a commander may see is decided once more in the read that shows it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import Connection

from safezone.assets.routes import today_at
from safezone.core.desk import Desk
from safezone.core.identity import Identity
from safezone.entrypoints.overview import (
    DAYS,
    Days,
    Overview,
    OwnProgram,
    period_of,
    read_overview,
)
from safezone.entrypoints.overview_routes import own_program
from safezone.region.commands import LookAtStations
from safezone.region.queries import StationFigures, as_commander_of, list_figures


class RegionView(msgspec.Struct, frozen=True, kw_only=True):
    """The stations of a region at one moment (`at`), the seat first; incidents are those of the period."""

    at: datetime
    since: datetime
    until: datetime
    shares_database: bool
    """False where the record is a file of this station alone (SQLite): there cannot be others in it."""
    items: list[StationFigures]


def _read_one(
    conn: Connection,
    identity: Identity,
    station: str,
    desk: Desk,
    period: tuple[datetime, datetime],
    own: OwnProgram | None,
) -> Overview:
    return read_overview(conn, as_commander_of(conn, identity, station), desk, period, own)


class RegionRoutes(Controller):
    """For a commander of scope region."""

    path = "/api/v1/region/stations"
    tags = ("region",)

    @get()
    async def list_stations(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk], days: Days = DAYS
    ) -> RegionView:
        """Each station in a few numbers with their age. The look is recorded, for the stations to see."""
        shown = await desk.execute(LookAtStations(), identity)
        since, until = period_of(desk, days)
        items = await desk.ask(list_figures, identity, shown, since, until, today_at(desk))
        return RegionView(
            at=desk.clock.now(),
            since=since,
            until=until,
            shares_database=not desk.database.is_sqlite,
            items=items,
        )

    @get("/{station_id:str}")
    async def show_station(
        self,
        station_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        node_state: NamedDependency[Any],
        days: Days = DAYS,
    ) -> Overview:
        """The overview of one of them. 404 for every other, there or not. The look is recorded, for the station to see."""
        await desk.execute(LookAtStations(station_id), identity)
        own = await own_program(node_state) if station_id == desk.station else None
        return await desk.ask(_read_one, identity, station_id, desk, period_of(desk, days), own)
