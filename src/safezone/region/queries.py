"""What the seat of a region sees, and whose: decided anew in each read, by what each station says in that moment.

Nothing here opens a seal or reads a position: only counts, times and readiness are asked of the domains, and each of
them decides once more whether a commander may know.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, tuple_

from safezone.assets import search
from safezone.core.accounts.selection import find_erased
from safezone.core.db import from_us, to_us
from safezone.core.errors import NotAllowed, NotFound
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.in_force import list_stations_that_say
from safezone.core.log import find_last_at, log
from safezone.incidents import counting
from safezone.incidents.counting import Spread
from safezone.patrol import queries as patrol
from safezone.region.store import region_look
from safezone.zone.queries import find_name

CONSENT: Final = "region.seat"
"""The setting with which a station names the seat of its region."""


class StationFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One station in a few numbers. Beside each stands of when the newest is that it was made of; None: there is nothing.

    Whether the program of that station runs at this moment cannot be known from here: `recorded_at` says when anything
    was last written there.
    """

    id: str
    name: Words
    is_seat: bool
    synthetic: bool
    """A demonstration or a drill: nothing of it is counted."""
    incidents: int
    left_out_synthetic: int
    to_acknowledge: Spread
    to_dispatch: Spread
    to_scene: Spread
    reported_at: datetime | None
    """When the newest incident of all was opened."""
    in_service: int
    ready: int
    heard_at: datetime | None
    """When any of the equipment last gave a sign or was last judged anew."""
    units: int
    on_duty: int
    duty_at: datetime | None
    """When a unit last signed on or off."""
    recorded_at: datetime | None


class Look(msgspec.Struct, frozen=True):
    """Somebody at the seat of the region was shown this station's figures."""

    at: datetime
    seat: str
    seq: int
    """The line in the log of the seat."""
    actor: str
    """As the seat's own audit calls them: nobody whose account was erased by their name."""


def list_reach(conn: Connection, identity: Identity) -> list[str]:
    """Their own station, and those that name it as the seat of their region now; NotAllowed without that scope."""
    identity.require("commander")
    if identity.reach != "region":
        raise NotAllowed("scope_is_station", _SCOPE_IS_STATION)
    named_by = list_stations_that_say(conn, CONSENT, identity.station)
    return [identity.station, *(each for each in named_by if each != identity.station)]


def check_in_reach(reach: Sequence[str], station: str) -> None:
    """Return when it is one of these; NotFound, as for a station that nobody has, when not."""
    if station not in reach:
        raise NotFound(
            "no_such_station_here",
            Words(
                th="ไม่มีสถานีนี้ในภูมิภาค: อาจพิมพ์ผิด หรือสถานีนั้นไม่ได้ระบุ (หรือถอนการระบุ) สถานีนี้เป็นหน่วยเหนือ",
                en="There is no such station in this region: mistyped, or it has not named this one as the seat of its "
                "region (any more).",
            ),
        )


def as_commander_of(conn: Connection, identity: Identity, station: str) -> Identity:
    """As whom the figures of that station are read, in this very read and never after it; NotFound as `check_in_reach`."""
    check_in_reach(list_reach(conn, identity), station)
    return _there(identity, station)


def _there(identity: Identity, station: str) -> Identity:
    return Identity(station, "commander", identity.name)


def list_figures(
    conn: Connection,
    identity: Identity,
    shown: Sequence[str],
    since: datetime,
    until: datetime,
    today: date,
) -> list[StationFigures]:
    """The stations of the region among `shown`, the seat first, the others by id."""
    reach = (station for station in list_reach(conn, identity) if station in shown)
    return [_figures(conn, _there(identity, station), since, until, today, identity) for station in reach]


def _figures(
    conn: Connection, there: Identity, since: datetime, until: datetime, today: date, asking: Identity
) -> StationFigures:
    known = find_name(conn, there.station)
    counts = counting.count_incidents(conn, there, since, until)
    equipment = search.count_in_service(conn, there, today)
    duty = patrol.list_on_duty(conn, there)
    return StationFigures(
        id=there.station,
        name=Words(there.station, there.station) if known is None else known.name,
        is_seat=there.station == asking.station,
        synthetic=known is not None and known.synthetic,
        incidents=counts.n,
        left_out_synthetic=counts.left_out_synthetic,
        to_acknowledge=counts.to_acknowledge,
        to_dispatch=counts.to_dispatch,
        to_scene=counts.to_scene,
        reported_at=counting.find_newest(conn, there),
        in_service=equipment.n,
        ready=equipment.by_readiness.get("READY", 0),
        heard_at=search.find_heard(conn, there),
        units=duty.of,
        on_duty=len(duty.items),
        duty_at=patrol.find_duty_changed(conn, there),
        recorded_at=find_last_at(conn, there.station),
    )


def list_looks(
    conn: Connection,
    station: str,
    since: datetime | None,
    until: datetime | None,
    before: tuple[int, str, int] | None,
    limit: int,
) -> list[Look]:
    """Who at the seat of a region was shown this station's figures, newest first: a part of the station's audit.

    A look stays to be seen when the consent was withdrawn long ago. A seat's looks at itself are in its own log.
    """
    c = region_look.c
    where: list[Any] = [c.looked_at == station, c.station != station]
    if since is not None:
        where.append(c.at_us >= to_us(since))
    if until is not None:
        where.append(c.at_us < to_us(until))
    if before is not None:
        where.append(tuple_(c.at_us, c.station, c.seq) < before)
    line = region_look.join(log, (log.c.station == c.station) & (log.c.seq == c.seq))
    found = select(c.at_us, c.station, c.seq, log.c.actor).select_from(line).where(*where)
    rows = conn.execute(found.order_by(c.at_us.desc(), c.station.desc(), c.seq.desc()).limit(limit)).all()
    erased = {
        (seat, actor): name
        for seat in {row.station for row in rows}
        for actor, name in find_erased(conn, seat, (row.actor for row in rows if row.station == seat)).items()
    }
    return [
        Look(from_us(row.at_us), row.station, row.seq, erased.get((row.station, row.actor), row.actor))
        for row in rows
    ]


_SCOPE_IS_STATION: Final = Words(
    th="บัญชีนี้เห็นเฉพาะสถานีของตน: ผู้ดูแลระบบกำหนดขอบเขตทั้งภูมิภาคให้ได้ในหน้าผู้ใช้งาน",
    en="This account sees its own station only: an administrator can give it the scope of the region in People.",
)
