"""A station in numbers: how many, how fast, what is ready, who is on duty, what is kept and for how long.

It counts and reads; it changes nothing and shows nothing that anybody has said. Each domain decides who may ask it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
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
from safezone.patrol.views import Duty
from safezone.zone.queries import get_station

Days = Annotated[int, QueryParameter(ge=1, le=366)]
DAYS: Final = 30


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """How safely the record is kept: the last good backup and drill, and whether the last one of each went wrong.

    Of another station only what stands in its record: its program's own backups and its file of settings cannot be
    known from here, and are null.
    """

    backup_at: datetime | None
    backup_failed: bool | None
    drill_at: datetime | None
    drill_failed: bool | None
    retention_days: dict[str, int] | None
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
    works: Works | None
    """Null of another station: whether its program runs, and how well, cannot be known from here."""


class OwnProgram(msgspec.Struct, frozen=True):
    """What a program knows of itself and of no other: how it is, and what is kept safely."""

    safe: Safekeeping
    state: str
    degraded: list[str]


def period_of(desk: Desk, days: int) -> tuple[datetime, datetime]:
    """The last `days` days, up to now."""
    until = desk.clock.now()
    return until - timedelta(days=days), until + timedelta(microseconds=1)


def read_overview(
    conn: Connection,
    identity: Identity,
    desk: Desk,
    period: tuple[datetime, datetime],
    own: OwnProgram | None,
) -> Overview:
    """The station of `identity` in numbers; without `own` it is another program's, and what only that knows is null."""
    return Overview(
        at=desk.clock.now(),
        synthetic=get_station(conn, identity.station).synthetic,
        incidents=counting.count_incidents(conn, identity, *period),
        equipment=search.count_in_service(conn, identity, today_at(desk)),
        duty=patrol.list_on_duty(conn, identity),
        kept=_kept(conn, identity, desk, own),
        works=None if own is None else _works(conn, identity, desk, own),
    )


def _kept(conn: Connection, identity: Identity, desk: Desk, own: OwnProgram | None) -> Kept:
    kept_by = desk.in_force.read(conn, identity.station).retention
    shown = retention.show_retention(conn, identity, kept_by)
    safe = own.safe if own else Safekeeping()
    return Kept(
        backup_at=safe.backup_ok.at if safe.backup_ok else None,
        backup_failed=None if own is None else safe.backup is not None and not safe.backup.ok,
        drill_at=safe.drill_ok.at if safe.drill_ok else None,
        drill_failed=None if own is None else safe.drill is not None and not safe.drill.ok,
        retention_days=None if own is None else {str(name): days for name, days in shown.rules.items()},
        holds=len(shown.holds),
        erasures=len(shown.erasures),
        erased_at=shown.erasures[0].at if shown.erasures else None,
    )


def _works(conn: Connection, identity: Identity, desk: Desk, own: OwnProgram) -> Works:
    listeners = list_listeners(conn, desk.bus, identity.station)
    parked = [each.name for each in listeners if each.state == "parked"]
    return Works(own.state, own.degraded, len(listeners), parked)
