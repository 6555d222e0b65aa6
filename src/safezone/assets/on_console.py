"""The equipment as the console draws it: every SOS point, and what else stands in and around the zone.

A console's map and lists are about the zone. Of the equipment of a whole province it is given no more than that, and of
each thing no more than it shows; the office looks for the rest, and the cameras nearest to an incident are named with
the incident, wherever it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, or_, select

from safezone.assets.queries import check_may_look, whose
from safezone.assets.rules import first_judgement
from safezone.assets.tables import asset, asset_sign
from safezone.core.db import from_us, maybe_from_us
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.events.assets import Lifecycle, Readiness
from safezone.zone.queries import find_box

AROUND_M: Final = 1_000.0
"""So far beyond the zone's box a console still shows equipment: further than a camera sees."""
SHOWN_EVERYWHERE: Final = "sos_point"
"""A pole that is pressed is on the console, wherever it stands."""


class ConsoleAsset(msgspec.Struct, frozen=True, omit_defaults=True):
    """One asset as the console shows it; what is not known or not of use there is left out.

    Why it is as it is, of what is in service; whose it is, where somebody would have to be called.
    """

    id: str
    kind: str
    code: str
    name: Words
    place: Point
    lifecycle: Lifecycle
    readiness: Readiness
    readiness_since_at: datetime
    readiness_reason: Words | None = None
    owner: Words | None = None
    camera_count: int | None = None
    last_heartbeat_at: datetime | None = None
    test_until_at: datetime | None = None


def list_console_assets(conn: Connection, identity: Identity) -> list[ConsoleAsset]:
    """Everything that the console shows, by id; NotAllowed when equipment is not theirs to see."""
    check_may_look(identity, identity.station)
    found = _SHOWN.where(
        asset.c.station == identity.station, whose(identity), *_is_shown(conn, identity.station)
    )
    return [_view_of(row) for row in conn.execute(found.order_by(asset.c.id))]


def find_console_assets(conn: Connection, station: str, ids: Iterable[str]) -> dict[str, ConsoleAsset]:
    """Those of these that a console shows. The caller answers for who may see them."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = _SHOWN.where(asset.c.station == station, asset.c.id.in_(wanted), *_is_shown(conn, station))
    return {row.id: _view_of(row) for row in conn.execute(found)}


_SHOWN: Final = select(
    asset.c.id,
    asset.c.kind,
    asset.c.code,
    asset.c.name_th,
    asset.c.name_en,
    asset.c.lon,
    asset.c.lat,
    asset.c.lifecycle,
    asset.c.owner_th,
    asset.c.owner_en,
    asset.c.camera_count,
    asset.c.readiness,
    asset.c.reason_th,
    asset.c.reason_en,
    asset.c.readiness_since_us,
    asset.c.test_until_us,
    asset_sign.c.heard_at_us,
).outerjoin(asset_sign, (asset_sign.c.station == asset.c.station) & (asset_sign.c.asset_id == asset.c.id))


def _is_shown(conn: Connection, station: str) -> list[ColumnElement[bool]]:
    """Not what is retired or stands nowhere, nor a camera at a site, which the site speaks for."""
    such: list[ColumnElement[bool]] = [
        asset.c.lifecycle != "retired",
        asset.c.lon.is_not(None),
        or_(asset.c.kind != "camera", asset.c.site_id.is_(None)),
    ]
    box = find_box(conn, station, AROUND_M)
    if box is not None:
        west, south, east, north = box
        inside = asset.c.lon.between(west, east) & asset.c.lat.between(south, north)
        such.append(or_(asset.c.kind == SHOWN_EVERYWHERE, inside))
    return such


def _view_of(row: Any) -> ConsoleAsset:
    serving = row.lifecycle == "in_service"
    reason = None
    if serving and row.reason_th is not None:
        reason = Words(row.reason_th, row.reason_en)
    elif serving:
        reason = first_judgement(row.kind, row.lifecycle, row.camera_count).reason
    return ConsoleAsset(
        id=row.id,
        kind=row.kind,
        code=row.code,
        name=Words(row.name_th, row.name_en),
        place=Point(row.lon, row.lat),
        lifecycle=row.lifecycle,
        readiness=row.readiness,
        readiness_since_at=from_us(row.readiness_since_us),
        readiness_reason=reason,
        owner=Words(row.owner_th, row.owner_en) if serving and row.readiness in ("DOWN", "WATCH") else None,
        camera_count=row.camera_count,
        last_heartbeat_at=maybe_from_us(row.heard_at_us),
        test_until_at=maybe_from_us(row.test_until_us),
    )
