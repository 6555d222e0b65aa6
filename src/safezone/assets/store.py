"""The rows of the equipment: what exists, written by events; and when each was last heard, which is telemetry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    String,
    Text,
    bindparam,
    func,
    select,
)

from safezone.core.bus import Bus
from safezone.core.db import forget_remembered, table, to_us, upsert
from safezone.core.event import Entry
from safezone.core.geo import Point
from safezone.events import assets as ev

asset = table(
    "asset",
    Column("station", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("code", String(64), nullable=False),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("lifecycle", String(16), nullable=False),
    Column("owner_th", Text, nullable=False),
    Column("owner_en", Text, nullable=False),
    Column("site_id", String(64)),
    Column("camera_count", Integer),
    Column("readiness", String(8), nullable=False),
    Column("reason_th", Text),
    Column("reason_en", Text),
    Column("readiness_since_us", BigInteger, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Index("asset_by_site", "station", "site_id"),
    source="log",
)

asset_version = table(
    "asset_version",
    Column("station", String(32), primary_key=True),
    Column("event_id", String(36), nullable=False),
    source="log",
)

asset_sign = table(
    "asset_sign",
    Column("station", String(32), primary_key=True),
    Column("asset_id", String(64), primary_key=True),
    Column("heard_at_us", BigInteger, nullable=False),
    Column("via", String(16), nullable=False),
    Column("claimed_at_us", BigInteger),
    Column("battery_pct", Float),
    source="telemetry",
)

_FIND_VERSION: Final = select(asset_version.c.event_id).where(
    asset_version.c.station == bindparam("of_station")
)
_ADD_CAMERA: Final = (
    asset.update()
    .where(asset.c.station == bindparam("of_station"), asset.c.id == bindparam("of_id"))
    .values(camera_count=asset.c.camera_count + 1)
)
_SITE_PLACE: Final = select(asset.c.lon, asset.c.lat).where(
    asset.c.station == bindparam("of_station"), asset.c.id == bindparam("of_id")
)


def register(bus: Bus) -> None:
    """The bus knows who writes the rows of each event about equipment."""
    bus.apply(ev.CameraSiteRegistered, _site_registered)
    bus.apply(ev.CameraRegistered, _camera_registered)
    bus.apply(ev.SosPointRegistered, _sos_point_registered)
    bus.apply(ev.AssetReadinessChanged, _readiness_changed)


def find_version(conn: Connection, station: str) -> str | None:
    """The id of the last event that registered equipment; None when there is none. Readiness does not count."""
    version: str | None = conn.execute(_FIND_VERSION, {"of_station": station}).scalar()
    return version


class HeardFrom(NamedTuple):
    """One sign of life, as its row; times in microseconds since 1970."""

    station: str
    asset_id: str
    heard_at_us: int
    via: str
    claimed_at_us: int | None = None
    battery_pct: float | None = None


def put_signs(conn: Connection, signs: Sequence[HeardFrom]) -> None:
    """The last sign of life of each asset; an older one never replaces a newer, and a press keeps the battery level."""
    if signs:
        conn.execute(_put_sign(conn), [sign._asdict() for sign in signs])


_PUT_SIGN: dict[str, Any] = {}


def _put_sign(conn: Connection) -> Any:
    """The statement in the dialect of the connection; built once, because every pole says it is well every minute."""
    if conn.dialect.name not in _PUT_SIGN:
        insert = upsert(asset_sign, conn)
        new = insert.excluded
        _PUT_SIGN[conn.dialect.name] = insert.on_conflict_do_update(
            index_elements=["station", "asset_id"],
            set_={
                "heard_at_us": new.heard_at_us,
                "via": new.via,
                "claimed_at_us": new.claimed_at_us,
                "battery_pct": func.coalesce(new.battery_pct, asset_sign.c.battery_pct),
            },
            where=asset_sign.c.heard_at_us <= new.heard_at_us,
        )
    return _PUT_SIGN[conn.dialect.name]


def _site_registered(conn: Connection, entry: Entry, event: ev.CameraSiteRegistered) -> None:
    _insert(conn, entry, event, kind="camera_site", asset_id=event.site_id, point=event.point, camera_count=0)


def _camera_registered(conn: Connection, entry: Entry, event: ev.CameraRegistered) -> None:
    of_site = {"of_station": entry.station, "of_id": event.site_id}
    lon, lat = conn.execute(_SITE_PLACE, of_site).one()
    point = Point(lon, lat)
    _insert(conn, entry, event, kind="camera", asset_id=event.camera_id, point=point, site_id=event.site_id)
    conn.execute(_ADD_CAMERA, of_site)


def _sos_point_registered(conn: Connection, entry: Entry, event: ev.SosPointRegistered) -> None:
    _insert(conn, entry, event, kind="sos_point", asset_id=event.point_id, point=event.point)


def _insert(
    conn: Connection,
    entry: Entry,
    event: ev.CameraSiteRegistered | ev.CameraRegistered | ev.SosPointRegistered,
    *,
    kind: str,
    asset_id: str,
    point: Point,
    site_id: str | None = None,
    camera_count: int | None = None,
) -> None:
    row = {
        "station": entry.station,
        "id": asset_id,
        "kind": kind,
        "code": event.code,
        "name_th": event.name.th,
        "name_en": event.name.en,
        "lon": point.lon,
        "lat": point.lat,
        "lifecycle": event.lifecycle,
        "owner_th": event.owner.th,
        "owner_en": event.owner.en,
        "site_id": site_id,
        "camera_count": camera_count,
        # Nothing is known of it yet. Why not is said by the reader: words in a row would tie replays to a version.
        "readiness": "UNKNOWN",
        "readiness_since_us": to_us(entry.at),
        "synthetic": event.synthetic,
    }
    conn.execute(asset.insert(), row)
    forget_remembered(conn)
    changed = upsert(asset_version, conn).values(station=entry.station, event_id=entry.id)
    conn.execute(changed.on_conflict_do_update(index_elements=["station"], set_={"event_id": entry.id}))


def _readiness_changed(conn: Connection, entry: Entry, event: ev.AssetReadinessChanged) -> None:
    now = {
        "readiness": event.readiness,
        "reason_th": event.reason.th,
        "reason_en": event.reason.en,
        "readiness_since_us": to_us(entry.at),
    }
    of_it = (asset.c.station == entry.station) & (asset.c.id == event.asset_id)
    conn.execute(asset.update().where(of_it).values(now))
