"""One page for the chief and the commander: how many, how fast, what is ready, who is on duty, what is kept and for how long.

It counts and reads; it changes nothing and shows nothing that anybody has said. Each domain decides who may ask it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from sqlalchemy import Connection

from safezone.assets import search
from safezone.assets.routes import today_at
from safezone.core.desk import Desk
from safezone.core.identity import Identity
from safezone.core.listeners import list_listeners
from safezone.entrypoints.safekeeping import Safekeeping
from safezone.incidents import counting, retention
from safezone.patrol import queries as patrol
from safezone.zone.queries import get_station

DAYS: Final = 30


class OnDuty(msgspec.Struct, frozen=True):
    """A unit on duty: what it is called and since when. Not where it is, nor who is in it."""

    call_sign: str
    kind: str
    state: str
    since: datetime | None


class Duty(msgspec.Struct, frozen=True):
    """Who is on duty now, of how many units; demonstration units are left out."""

    of: int
    items: list[OnDuty]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """How safely the record is kept: the last good backup and drill, and whether the last one of each went wrong."""

    backup_at: datetime | None
    backup_failed: bool
    drill_at: datetime | None
    drill_failed: bool
    retention_days: dict[str, int]
    holds: int
    erasures: int
    erased_at: datetime | None


class Works(msgspec.Struct, frozen=True):
    """How the program itself is: the state of the whole, its parts that are not well, and listeners that were given up."""

    state: str
    degraded: list[str]
    listeners: int
    parked: list[str]


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The station in numbers at one moment (`at`); `synthetic`: nothing of it is real, so nothing of it is counted."""

    at: datetime
    synthetic: bool
    incidents: counting.Counts
    equipment: search.InService
    duty: Duty
    kept: Kept
    works: Works


def _read(
    conn: Connection,
    identity: Identity,
    desk: Desk,
    period: tuple[datetime, datetime],
    safe: Safekeeping,
    health: tuple[str, list[str]],
) -> Overview:
    counts = counting.count_incidents(conn, identity, *period)
    kept_by = desk.in_force.read(conn, identity.station).retention
    shown = retention.show_retention(conn, identity, kept_by)
    units = [unit for unit in patrol.list_unit_views(conn, identity) if not unit.synthetic]
    listeners = list_listeners(conn, desk.bus, identity.station)
    on_duty = [OnDuty(u.call_sign, u.kind, u.state, u.duty_since_at) for u in units if u.on_duty]
    return Overview(
        at=desk.clock.now(),
        synthetic=get_station(conn, identity.station).synthetic,
        incidents=counts,
        equipment=search.count_in_service(conn, identity, today_at(desk)),
        duty=Duty(len(units), on_duty),
        kept=Kept(
            backup_at=safe.backup_ok.at if safe.backup_ok else None,
            backup_failed=safe.backup is not None and not safe.backup.ok,
            drill_at=safe.drill_ok.at if safe.drill_ok else None,
            drill_failed=safe.drill is not None and not safe.drill.ok,
            retention_days={str(name): days for name, days in shown.rules.items()},
            holds=len(shown.holds),
            erasures=len(shown.erasures),
            erased_at=shown.erasures[0].at if shown.erasures else None,
        ),
        works=Works(*health, len(listeners), [each.name for each in listeners if each.state == "parked"]),
    )


class OverviewRoutes(Controller):
    """For supervisors and those above them, and for the auditor."""

    path = "/api/v1/overview"
    tags = ("overview",)

    @get()
    async def show_overview(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        node_state: NamedDependency[Any],
        days: Annotated[int, QueryParameter(ge=1, le=366)] = DAYS,
    ) -> Overview:
        """The station in numbers: the incidents of the last `days`, and everything else as it is now."""
        identity.require(*counting.READERS)
        report = await node_state.health.look()
        until = desk.clock.now()
        period = (until - timedelta(days=days), until + timedelta(microseconds=1))
        health = (report.state, list(report.degraded))
        return await desk.ask(_read, identity, desk, period, node_state.safekeeping(), health)
