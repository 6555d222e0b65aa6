"""The rows of the equipment: what exists, written by events; and when each was last heard, which is telemetry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from safezone.assets import store_upkeep
from safezone.assets.tables import (
    asset,
    asset_batch,
    asset_owner,
    asset_place,
    asset_sign,
    asset_version,
    mou,
)
from safezone.core.bus import Bus
from safezone.core.db import forget_remembered, to_us, upsert
from safezone.core.event import Entry
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events import assets as ev

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
    bus.apply(ev.AssetsRegistered, _assets_registered)
    bus.apply(ev.AssetsChanged, _assets_changed)
    bus.apply(ev.LifecycleChanged, _lifecycle_changed)
    bus.apply(ev.AssetMoved, _asset_moved)
    bus.apply(ev.OwnerNamed, _owner_named)
    bus.apply(ev.MouRecorded, _mou_recorded)
    bus.apply(ev.MouPaperAttached, _mou_paper_attached)
    store_upkeep.register(bus)


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


def put_signs(conn: Connection, signs: Sequence[HeardFrom], *, just_now: bool = False) -> None:
    """The last sign of life of each asset; an older one never replaces a newer, and a press keeps the battery level.

    What is heard `just_now` also replaces what seems to come yet: the clock was ahead then, and was set back.
    """
    if signs:
        conn.execute(_put_sign(conn, just_now), [sign._asdict() for sign in signs])


AHEAD_US: Final = 60 * 1_000_000
"""So far ahead nothing was heard: a clock that is set right by less does no harm."""
_PUT_SIGN: dict[tuple[str, bool], Any] = {}


def _put_sign(conn: Connection, just_now: bool) -> Any:
    """The statement in the dialect of the connection; built once, because every pole says it is well every minute."""
    sort = (conn.dialect.name, just_now)
    if sort not in _PUT_SIGN:
        insert = upsert(asset_sign, conn)
        new = insert.excluded
        is_older = asset_sign.c.heard_at_us <= new.heard_at_us
        _PUT_SIGN[sort] = insert.on_conflict_do_update(
            index_elements=["station", "asset_id"],
            set_={
                "heard_at_us": new.heard_at_us,
                "via": new.via,
                "claimed_at_us": new.claimed_at_us,
                "battery_pct": func.coalesce(new.battery_pct, asset_sign.c.battery_pct),
            },
            where=is_older | (asset_sign.c.heard_at_us > new.heard_at_us + AHEAD_US)
            if just_now
            else is_older,
        )
    return _PUT_SIGN[sort]


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
    row["in_service_us"] = to_us(entry.at) if event.lifecycle == "in_service" else None
    row["words"] = words_of(event.code, event.name, event.owner)
    conn.execute(asset.insert(), row)
    _new_version(conn, entry)


def words_of(code: str, name: Words, owner: Words, model: str | None = None) -> str:
    """What a search looks into, in one piece: of 50,000 one text each is read much faster than six.

    The small letters are made here and not by the database, so that every engine has the same.
    """
    return "\n".join((code, name.th, name.en, owner.th, owner.en, model or "")).lower()


def _new_version(conn: Connection, entry: Entry) -> None:
    """What was prepared from the register is made anew when it is asked for next."""
    forget_remembered(conn)
    changed = upsert(asset_version, conn).values(station=entry.station, event_id=entry.id)
    conn.execute(changed.on_conflict_do_update(index_elements=["station"], set_={"event_id": entry.id}))


def _readiness_changed(conn: Connection, entry: Entry, event: ev.AssetReadinessChanged) -> None:
    now: dict[str, Any] = {
        "readiness": event.readiness,
        "reason_th": event.reason.th,
        "reason_en": event.reason.en,
    }
    if event.readiness != event.before:
        now["readiness_since_us"] = to_us(entry.at)
    of_it = (asset.c.station == entry.station) & (asset.c.id == event.asset_id)
    conn.execute(asset.update().where(of_it).values(now))


def _facts_row(entry: Entry, facts: ev.AssetFacts) -> dict[str, Any]:
    point = facts.point
    return {
        "station": entry.station,
        "id": facts.id,
        "kind": facts.kind,
        "code": facts.code,
        "name_th": facts.name.th,
        "name_en": facts.name.en,
        "lon": None if point is None else point.lon,
        "lat": None if point is None else point.lat,
        "lifecycle": facts.lifecycle,
        "owner_th": facts.owner.th,
        "owner_en": facts.owner.en,
        "site_id": facts.site_id,
        "owner_id": facts.owner_id,
        "model": facts.model,
        "legal_basis": facts.legal_basis,
        "mou_id": facts.mou_id,
        "cost_satang": facts.cost_satang,
        "budget_line": facts.budget_line,
        "fiscal_year": facts.fiscal_year,
        "warranty_until": None if facts.warranty_until is None else facts.warranty_until.isoformat(),
        "synthetic": facts.synthetic,
        "touched_us": to_us(entry.at),
        "words": words_of(facts.code, facts.name, facts.owner, facts.model),
    }


def _assets_registered(conn: Connection, entry: Entry, event: ev.AssetsRegistered) -> None:
    at_us = to_us(entry.at)
    rows = [
        _facts_row(entry, facts)
        | {
            "camera_count": 0 if facts.kind == "camera_site" else None,
            "readiness": "UNKNOWN",
            "readiness_since_us": at_us,
            "in_service_us": at_us if facts.lifecycle == "in_service" else None,
            # Nothing was heard of it yet: ten thousand new things are no reason to judge ten thousand at every turn.
            "touched_us": None,
        }
        for facts in event.assets
    ]
    conn.execute(asset.insert(), rows)
    _note_batch(conn, entry, event.assets)
    _note_places(conn, entry, [facts for facts in event.assets if facts.point is not None])
    _hang(conn, entry, event.assets)
    _count_cameras(conn, entry.station, {facts.site_id for facts in event.assets if facts.site_id})
    _new_version(conn, entry)


def _hang(conn: Connection, entry: Entry, assets: Sequence[ev.AssetFacts]) -> None:
    """What hangs at a site stands where the site stands."""
    hanging = [facts.id for facts in assets if facts.site_id]
    if not hanging:
        return
    site = asset.alias("site")
    of_site = (site.c.station == asset.c.station) & (site.c.id == asset.c.site_id)
    places = {axis: select(site.c[axis]).where(of_site).scalar_subquery() for axis in ("lon", "lat")}
    of_them = (asset.c.station == entry.station) & asset.c.id.in_(hanging)
    conn.execute(asset.update().where(of_them).values(places))


def _assets_changed(conn: Connection, entry: Entry, event: ev.AssetsChanged) -> None:
    ids = [facts.id for facts in event.assets]
    of_them = (asset.c.station == entry.station) & asset.c.id.in_(ids)
    sites = set(conn.execute(select(asset.c.site_id).where(of_them, asset.c.site_id.is_not(None))).scalars())
    rows = [{f"new_{name}": value for name, value in _facts_row(entry, one).items()} for one in event.assets]
    names = [name for name in _facts_row(entry, event.assets[0]) if name not in ("station", "id", "kind")]
    conn.execute(
        asset.update()
        .where(asset.c.station == bindparam("new_station"), asset.c.id == bindparam("new_id"))
        .values({name: bindparam(f"new_{name}") for name in names}),
        rows,
    )
    moved, gone_live = [], []
    for facts, changed in zip(event.assets, event.changed, strict=True):
        if "point" in changed and facts.point is not None:
            moved.append(facts)
        if "lifecycle" in changed and facts.lifecycle == "in_service":
            gone_live.append(facts.id)
    _begin_service(conn, entry, gone_live)
    _note_batch(conn, entry, event.assets)
    _note_places(conn, entry, moved)
    _hang(conn, entry, event.assets)
    for facts in moved:
        _take_cameras_along(conn, entry.station, facts.id)
    _count_cameras(conn, entry.station, sites | {facts.site_id for facts in event.assets if facts.site_id})
    _new_version(conn, entry)


def _note_batch(conn: Connection, entry: Entry, assets: Sequence[ev.AssetFacts]) -> None:
    rows = [{"station": entry.station, "asset_id": facts.id, "seq": entry.seq} for facts in assets]
    conn.execute(asset_batch.insert(), rows)


def _note_places(conn: Connection, entry: Entry, assets: Sequence[ev.AssetFacts]) -> None:
    rows = [_place_row(entry, facts.id, facts.point) for facts in assets if facts.point is not None]
    if rows:
        conn.execute(asset_place.insert(), rows)


def _place_row(entry: Entry, asset_id: str, point: Point) -> dict[str, Any]:
    return {
        "station": entry.station,
        "asset_id": asset_id,
        "seq": entry.seq,
        "at_us": to_us(entry.at),
        "lon": point.lon,
        "lat": point.lat,
        "by_whom": entry.actor,
    }


def _count_cameras(conn: Connection, station: str, site_ids: set[str]) -> None:
    """How many cameras hang at these sites, counted anew."""
    if not site_ids:
        return
    camera = asset.alias("camera")
    hanging = (
        select(func.count())
        .select_from(camera)
        .where(
            camera.c.station == asset.c.station,
            camera.c.site_id == asset.c.id,
            camera.c.kind == "camera",
        )
        .scalar_subquery()
    )
    of_them = (asset.c.station == station) & asset.c.id.in_(sorted(site_ids))
    conn.execute(asset.update().where(of_them, asset.c.kind == "camera_site").values(camera_count=hanging))


def _take_cameras_along(conn: Connection, station: str, site_id: str) -> None:
    """What hangs at a site moves with it."""
    place = conn.execute(_SITE_PLACE, {"of_station": station, "of_id": site_id}).one()
    hanging = (asset.c.station == station) & (asset.c.site_id == site_id)
    conn.execute(asset.update().where(hanging).values(lon=place.lon, lat=place.lat))


def _begin_service(conn: Connection, entry: Entry, asset_ids: Sequence[str]) -> None:
    if asset_ids:
        of_them = (asset.c.station == entry.station) & asset.c.id.in_(asset_ids)
        conn.execute(asset.update().where(of_them).values(in_service_us=to_us(entry.at)))


def _lifecycle_changed(conn: Connection, entry: Entry, event: ev.LifecycleChanged) -> None:
    of_it = (asset.c.station == entry.station) & (asset.c.id == event.asset_id)
    now = {"lifecycle": event.lifecycle, "touched_us": to_us(entry.at)}
    conn.execute(asset.update().where(of_it).values(now))
    if event.lifecycle == "in_service":
        _begin_service(conn, entry, [event.asset_id])
    _new_version(conn, entry)


def _asset_moved(conn: Connection, entry: Entry, event: ev.AssetMoved) -> None:
    of_it = (asset.c.station == entry.station) & (asset.c.id == event.asset_id)
    conn.execute(asset.update().where(of_it).values(lon=event.point.lon, lat=event.point.lat))
    conn.execute(asset_place.insert(), _place_row(entry, event.asset_id, event.point))
    _take_cameras_along(conn, entry.station, event.asset_id)
    _new_version(conn, entry)


def _owner_named(conn: Connection, entry: Entry, event: ev.OwnerNamed) -> None:
    contact = {} if event.contact is None else {"contact_ref": event.contact.ref}
    now = {"name_th": event.name.th, "name_en": event.name.en, "sector": event.sector, **contact}
    named = upsert(asset_owner, conn).values(station=entry.station, id=event.owner_id, **now)
    conn.execute(named.on_conflict_do_update(index_elements=["station", "id"], set_=now))
    theirs = (asset.c.station == entry.station) & (asset.c.owner_id == event.owner_id)
    found = [
        {
            "of_id": row.id,
            "new_words": words_of(row.code, Words(row.name_th, row.name_en), event.name, row.model),
        }
        for row in conn.execute(select(asset).where(theirs))
    ]
    if found:
        its_names: dict[str, Any] = {"owner_th": event.name.th, "owner_en": event.name.en}
        of_one = (asset.c.station == entry.station) & (asset.c.id == bindparam("of_id"))
        conn.execute(asset.update().where(of_one).values(words=bindparam("new_words"), **its_names), found)


def _mou_recorded(conn: Connection, entry: Entry, event: ev.MouRecorded) -> None:
    now = {
        "owner_id": event.owner_id,
        "number": event.number,
        "from_day": event.from_day.isoformat(),
        "until_day": event.until_day.isoformat(),
        "scope_th": event.scope.th,
        "scope_en": event.scope.en,
    }
    recorded = upsert(mou, conn).values(station=entry.station, id=event.mou_id, **now)
    conn.execute(recorded.on_conflict_do_update(index_elements=["station", "id"], set_=now))


def _mou_paper_attached(conn: Connection, entry: Entry, event: ev.MouPaperAttached) -> None:
    now = {
        "paper_ref": event.content.ref,
        "paper_name_ref": event.name.ref,
        "paper_type": event.media_type,
        "paper_us": to_us(entry.at),
    }
    of_it = (mou.c.station == entry.station) & (mou.c.id == event.mou_id)
    conn.execute(mou.update().where(of_it).values(now))
