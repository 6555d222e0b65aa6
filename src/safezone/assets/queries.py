"""What can be asked about the equipment: the SOS point that was pressed, the cameras nearby, and how everything is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, func, select, true

from safezone.assets import store
from safezone.assets.refusals import no_asset
from safezone.assets.rules import first_judgement
from safezone.assets.tables import asset, asset_sign, mou
from safezone.core.db import from_us, maybe_from_us
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.events.assets import Lifecycle, Readiness
from safezone.zone.nearby import Nearby
from safezone.zone.queries import READERS as ZONE_READERS
from safezone.zone.queries import check_reader
from safezone.zone.remembered import Remembered

NEAR_CAMERA_M: Final = 500.0
"""A camera further away than this does not show the spot."""

READERS: Final = tuple(role for role in ZONE_READERS if role != "partner")
"""Who may look at the equipment."""


class AssetView(msgspec.Struct, frozen=True):
    """One asset as the screens show it; times are aware UTC."""

    id: str
    kind: str
    code: str
    name: Words
    place: Point | None
    lifecycle: Lifecycle
    owner: Words
    site_id: str | None
    camera_count: int | None
    readiness: Readiness
    readiness_reason: Words
    readiness_since_at: datetime
    last_heartbeat_at: datetime | None
    synthetic: bool
    owner_id: str | None = None
    mou_until: date | None = None
    """The last day of the agreement under which it is used."""
    test_until_at: datetime | None = None
    """A technician is trying this pole from end to end; a press until then may be his, and may be somebody's in need."""


class SosPoint(msgspec.Struct, frozen=True):
    """Where an SOS point stands and what it is called."""

    id: str
    code: str
    name: Words
    place: Point
    lifecycle: Lifecycle
    synthetic: bool


class NearCameraSite(msgspec.Struct, frozen=True):
    """A camera site and how far it is."""

    id: str
    code: str
    name: Words
    distance_m: float


class _Known(msgspec.Struct, frozen=True):
    """The equipment prepared for the questions of every emergency; does not know how well anything is."""

    ids: frozenset[str]
    sos_points: dict[str, SosPoint]
    camera_sites: Nearby[tuple[str, str, Words]]


def find_sos_point(conn: Connection, station: str, point_id: str) -> SosPoint | None:
    """The SOS point; None when no such point was registered. It is found in whatever stage of life it is."""
    known = _KNOWN.find(conn, station)
    return None if known is None else known.sos_points.get(point_id)


def has_asset(conn: Connection, station: str, asset_id: str) -> bool:
    """Whether any asset with this id is registered."""
    known = _KNOWN.find(conn, station)
    return known is not None and asset_id in known.ids


def nearest_camera_sites(
    conn: Connection, station: str, place: Point, limit: int = 3, within_m: float = NEAR_CAMERA_M
) -> list[NearCameraSite]:
    """The camera sites in service around a place, nearest first; planned ones have nothing to show yet."""
    known = _KNOWN.find(conn, station)
    if known is None:
        return []
    return [
        NearCameraSite(site_id, code, name, round(away_m, 1))
        for (site_id, code, name), away_m in known.camera_sites.list_nearest(place, limit, within_m)
    ]


def list_asset_views(
    conn: Connection, station: str, identity: Identity, kind: str | None = None
) -> list[AssetView]:
    """Every asset of the station (of one kind), by id. NotAllowed or NotSignedIn when it is not theirs to see."""
    check_may_look(identity, station)
    query = VIEWS.where(whose(identity)).order_by(asset.c.id)
    if kind is not None:
        query = query.where(asset.c.kind == kind)
    return [view_of(row) for row in conn.execute(query, {"of_station": station})]


def get_asset_view(conn: Connection, station: str, identity: Identity, asset_id: str) -> AssetView:
    """One asset; NotFound when there is none with this id, or none of theirs."""
    check_may_look(identity, station)
    views = asset_views(conn, station, [asset_id])
    if not views or not is_theirs(identity, views[0].owner_id):
        raise no_asset(asset_id)
    return views[0]


def check_may_look(identity: Identity, station: str) -> None:
    """Return when it may see equipment at all; a camera's owner then sees what is his (`whose`)."""
    check_reader(identity, station)
    identity.require(*READERS)


def whose(identity: Identity) -> ColumnElement[bool]:
    """Of which assets it may know: a camera's owner of his own alone."""
    if identity.role == "cctv_owner":
        return asset.c.owner_id == (identity.partner_id or "")
    return true()


def is_theirs(identity: Identity, owner_id: str | None) -> bool:
    """As `whose`, of one asset."""
    return identity.role != "cctv_owner" or (owner_id is not None and owner_id == identity.partner_id)


def asset_views(conn: Connection, station: str, ids: Iterable[str]) -> list[AssetView]:
    """The assets with these ids, by id; unknown ones are left out. The caller answers for who may see them."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    asked = {"of_station": station, "of_ids": wanted}
    return [view_of(row) for row in conn.execute(_VIEWS_BY_ID, asked)]


VIEWS: Final = (
    select(asset, asset_sign.c.heard_at_us, asset_sign.c.battery_pct, mou.c.until_day)
    .outerjoin(
        asset_sign,
        (asset_sign.c.station == asset.c.station) & (asset_sign.c.asset_id == asset.c.id),
    )
    .outerjoin(mou, (mou.c.station == asset.c.station) & (mou.c.id == asset.c.mou_id))
    .where(asset.c.station == bindparam("of_station"))
)
_VIEWS_BY_ID: Final = VIEWS.where(asset.c.id.in_(bindparam("of_ids", expanding=True))).order_by(asset.c.id)


def view_of(row: Any) -> AssetView:
    """The asset in a row of `VIEWS`."""
    if row.reason_th is None:
        reason = first_judgement(row.kind, row.lifecycle, row.camera_count).reason
    else:
        reason = Words(row.reason_th, row.reason_en)
    return AssetView(
        id=row.id,
        kind=row.kind,
        code=row.code,
        name=Words(row.name_th, row.name_en),
        place=None if row.lon is None else Point(row.lon, row.lat),
        lifecycle=row.lifecycle,
        owner=Words(row.owner_th, row.owner_en),
        site_id=row.site_id,
        camera_count=row.camera_count,
        readiness=row.readiness,
        readiness_reason=reason,
        readiness_since_at=from_us(row.readiness_since_us),
        last_heartbeat_at=maybe_from_us(row.heard_at_us),
        synthetic=row.synthetic,
        owner_id=row.owner_id,
        mou_until=None if row.until_day is None else date.fromisoformat(row.until_day),
        test_until_at=maybe_from_us(row.test_until_us),
    )


def _build(conn: Connection, station: str) -> _Known:
    """Of the tens of thousands that a region may have, only what an emergency asks for is read whole."""
    of_station, placed = asset.c.station == station, asset.c.lon.is_not(None)
    ids = frozenset(conn.execute(select(asset.c.id).where(of_station)).scalars())
    points = {
        row.id: SosPoint(
            row.id,
            row.code,
            Words(row.name_th, row.name_en),
            Point(row.lon, row.lat),
            row.lifecycle,
            row.synthetic,
        )
        for row in conn.execute(select(asset).where(of_station, placed, asset.c.kind == "sos_point"))
    }
    serving = (asset.c.kind == "camera_site") & (asset.c.lifecycle == "in_service")
    sites = [
        ((row.id, row.code, Words(row.name_th, row.name_en)), Point(row.lon, row.lat), None)
        for row in conn.execute(select(asset).where(of_station, placed, serving))
    ]
    origin = (sites[0][1].lon, sites[0][1].lat) if sites else (0.0, 0.0)
    return _Known(ids, points, Nearby(sites, origin))


_KNOWN: Final = Remembered(store.find_version, _build)


def count_by_readiness(conn: Connection, station: str) -> dict[tuple[str, str], int]:
    """How many things there are of each kind and readiness."""
    kind, readiness = asset.c.kind, asset.c.readiness
    counted = select(kind, readiness, func.count()).where(asset.c.station == station)
    return {(row[0], row[1]): int(row[2]) for row in conn.execute(counted.group_by(kind, readiness))}
