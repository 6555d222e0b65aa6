"""The first hour: how far the setting up of a station has come, told by what has happened and not by what was ticked."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from sqlalchemy import Connection

from safezone.assets import queries as assets
from safezone.core.accounts import selection as accounts
from safezone.core.desk import Desk
from safezone.core.event import kind_of
from safezone.core.identity import Identity
from safezone.core.log import list_times
from safezone.entrypoints.setting_up import NOT_SAID
from safezone.events.patrol import UnitSignedOn
from safezone.events.zone import StationCreated, ZoneDrawn
from safezone.incidents import queries as incidents
from safezone.incidents.queries import Pressed
from safezone.patrol import queries as patrol
from safezone.zone import queries as zone
from safezone.zone.queries import StationView


class SetupView(msgspec.Struct, frozen=True):
    """What there is of a station so far (times in aware UTC). A person decides what still has to be done."""

    station: StationView
    created_at: datetime | None
    zone_drawn_at: datetime | None
    """When somebody drew the zone; None while it is the draft with which a station begins in the browser."""
    administrators: int
    operators: int
    """Accounts that somebody has taken up."""
    sos_points: int
    pressed: Pressed | None
    units: int
    on_duty_at: datetime | None
    """When a unit signed on for the first time."""


def _read(conn: Connection, identity: Identity) -> SetupView:
    identity.require("admin", "supervisor", "chief")
    here = identity.station
    created, drawn, duty = (
        list_times(conn, here, kind_of(kind), limit)
        for kind, limit in ((StationCreated, 1), (ZoneDrawn, 2), (UnitSignedOn, 1))
    )
    taken_up = accounts.count_active(conn, here)
    station = zone.get_station(conn, here)
    if station.criteria.risk == NOT_SAID:
        drawn = drawn[1:]
    return SetupView(
        station=station,
        created_at=created[0] if created else None,
        zone_drawn_at=drawn[0] if drawn else None,
        administrators=taken_up.get("admin", 0),
        operators=taken_up.get("operator", 0),
        sos_points=len(assets.list_asset_views(conn, here, identity, "sos_point")),
        pressed=incidents.find_pressed(conn, here),
        units=len(patrol.list_unit_views(conn, identity)),
        on_duty_at=duty[0] if duty else None,
    )


class SetupRoutes(Controller):
    """For whoever sets a station up."""

    path = "/api/v1/setup"
    tags = ("setup",)

    @get()
    async def get_setup(self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]) -> SetupView:
        """How far the setting up has come."""
        return await desk.ask(_read, identity)
