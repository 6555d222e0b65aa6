"""Changing the ground after the station was created: every change is refused when it was made on an older map."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy import func, select

from safezone.core.bus import Bus
from safezone.core.db import from_us
from safezone.core.errors import Conflict, Invalid, NotFound
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity, Role
from safezone.core.ids import new_id
from safezone.core.work import UnitOfWork
from safezone.events import zone as ev
from safezone.zone import commands as cmds
from safezone.zone import store
from safezone.zone.days import day_of, thai_day
from safezone.zone.findings import words_of
from safezone.zone.geodesy import area_m2, perimeter_m
from safezone.zone.outlines import check_area
from safezone.zone.rules import fault_of_position
from safezone.zone.sheets import MAX_TEXT

EDITORS: Final[tuple[Role, ...]] = ("admin", "supervisor", "chief")
"""Who may change the ground."""
MOST_SHAPES: Final = 20_000
MAX_SENTENCE: Final = 1000
MOST_PEOPLE: Final = 10_000_000


class ZoneVersion(msgspec.Struct, frozen=True):
    """Which version of the ground there is now, and who made it."""

    version: str
    changed_by: str
    changed_at: str


def register(bus: Bus) -> None:
    """The bus knows who carries out these changes."""
    bus.handle(cmds.DrawZone, draw_zone)
    bus.handle(cmds.DefineCommunity, define_community)
    bus.handle(cmds.RemoveCommunity, remove_community)
    bus.handle(cmds.NamePlace, name_place)
    bus.handle(cmds.RemovePlace, remove_place)
    bus.handle(cmds.RecordPopulation, record_population)
    bus.handle(cmds.RecordCriteria, record_criteria)
    bus.handle(cmds.ImportGround, import_ground)


def check_editor(identity: Identity) -> None:
    """Return when this identity may change the ground; NotAllowed or NotSignedIn if not."""
    identity.require(*EDITORS)


def begin(uow: UnitOfWork, expected_version: str) -> Any:
    """The zone's row, for somebody who may change it and has seen how it is; Conflict when it was changed meanwhile."""
    check_editor(uow.identity)
    row = uow.conn.execute(select(store.zone).where(store.zone.c.station == uow.station)).first()
    version = store.find_version(uow.conn, uow.station)
    if row is None or version is None:
        raise NotFound(
            "no_station", Words(th=f"ไม่มีสถานี “{uow.station}”", en=f"There is no station “{uow.station}”.")
        )
    if version != expected_version:
        raise _changed_meanwhile(uow, version)
    return row


def _changed_meanwhile(uow: UnitOfWork, version: str) -> Conflict:
    changes = store.zone_change
    newest = select(func.max(changes.c.seq)).where(changes.c.station == uow.station).scalar_subquery()
    last = uow.conn.execute(
        select(changes).where(changes.c.station == uow.station, changes.c.seq == newest)
    ).one()
    current = ZoneVersion(version, last.actor, from_us(last.at_us).isoformat())
    return Conflict(
        "zone_changed",
        Words(
            th=f"พื้นที่ถูกแก้ไขโดย {last.actor} หลังจากที่ท่านเปิดหน้านี้: ตรวจแผนที่ล่าสุดแล้วบันทึกอีกครั้ง",
            en=f"{last.actor} changed the zone after you opened it: look at the newest map, then save again.",
        ),
        current=current,
    )


def draw_zone(cmd: cmds.DrawZone, uow: UnitOfWork) -> str:
    """The boundary is this one; everything else that was said of the zone stays. Returns the new version."""
    row = begin(uow, cmd.expected_version)
    check_area(cmd.area)
    drawn = zone_drawn(row, cmd.area, cmd.name)
    reason = uow.seal(cmd.reason, "zone_reason")
    return uow.record(msgspec.structs.replace(drawn, reason=reason)).id


def zone_drawn(row: Any, area: ev.Area, name: Words | None = None) -> ev.ZoneDrawn:
    """The zone with another boundary; what else its row says is said again."""
    return ev.ZoneDrawn(
        zone_id=row.id,
        name=Words(row.name_th, row.name_en) if name is None else _named(name),
        area=area,
        area_m2=round(area_m2(area), 1),
        perimeter_m=round(perimeter_m(area), 1),
        criteria=msgspec.json.decode(row.criteria, type=ev.SelectionCriteria),
        population=store.population_of(row),
        evidence=store.evidence_in(row.evidence),
    )


def define_community(cmd: cmds.DefineCommunity, uow: UnitOfWork) -> str:
    """The community is on the map as it was drawn; a figure of its people stays. Returns the new version."""
    begin(uow, cmd.expected_version)
    check_area(cmd.area)
    old = _old(uow, "community", cmd.id, cmd.reason)
    defined = ev.CommunityDefined(
        community_id=cmd.id or _new_code("community"),
        name=_named(cmd.name),
        coverage=cmd.coverage,
        area=cmd.area,
        population=old and store.population_in(old.population),
        reason=uow.maybe_seal(cmd.reason, "zone_reason"),
    )
    return uow.record(defined).id


def remove_community(cmd: cmds.RemoveCommunity, uow: UnitOfWork) -> str:
    """The community is off the map; NotFound when it is not on it. Returns the new version."""
    begin(uow, cmd.expected_version)
    _get(uow, "community", cmd.id)
    reason = uow.seal(cmd.reason, "zone_reason")
    return uow.record(ev.CommunityRemoved(community_id=cmd.id, reason=reason)).id


def name_place(cmd: cmds.NamePlace, uow: UnitOfWork) -> str:
    """The place is on the map. Returns the new version."""
    begin(uow, cmd.expected_version)
    if cmd.area is not None:
        check_area(cmd.area)
    _check_point(cmd.point)
    _old(uow, "place", cmd.id, cmd.reason)
    named = ev.PlaceNamed(
        place_id=cmd.id or _new_code("place"),
        name=_named(cmd.name),
        sort=cmd.sort.strip() or "other",
        point=cmd.point,
        area=cmd.area,
        reason=uow.maybe_seal(cmd.reason, "zone_reason"),
    )
    return uow.record(named).id


def remove_place(cmd: cmds.RemovePlace, uow: UnitOfWork) -> str:
    """The place is off the map; NotFound when it is not on it. Returns the new version."""
    begin(uow, cmd.expected_version)
    _get(uow, "place", cmd.id)
    return uow.record(ev.PlaceRemoved(place_id=cmd.id, reason=uow.seal(cmd.reason, "zone_reason"))).id


def record_population(cmd: cmds.RecordPopulation, uow: UnitOfWork) -> str:
    """The figure of the zone or of one community is this one. Returns the new version."""
    row = begin(uow, cmd.expected_version)
    if cmd.community_id is not None:
        _get(uow, "community", cmd.community_id)
    for key, figure in (("residents", cmd.residents), ("households", cmd.households)):
        if figure is not None and not 0 <= figure <= MOST_PEOPLE:
            raise _wrong(key, words_of("not_a_number", figure))
    people = ev.Population(
        residents=cmd.residents,
        source=_named(cmd.source, "source"),
        as_of=past_day(cmd.as_of, thai_day(uow.at), "as_of"),
        households=cmd.households,
    )
    recorded = ev.PopulationRecorded(
        subject_id=cmd.community_id or row.id,
        layer="zone" if cmd.community_id is None else "community",
        population=people,
        reason=uow.maybe_seal(cmd.reason, "zone_reason"),
    )
    return uow.record(recorded).id


def record_criteria(cmd: cmds.RecordCriteria, uow: UnitOfWork) -> str:
    """Why the zone was chosen stands there with its evidence. Returns the new version."""
    row = begin(uow, cmd.expected_version)
    said = {
        why: _named(getattr(cmd.criteria, why), why, MAX_SENTENCE) for why in ("risk", "landmark", "economic")
    }
    today = thai_day(uow.at)
    evidence = tuple(_evidence(each, n, today) for n, each in enumerate(cmd.evidence, start=1))
    recorded = ev.CriteriaRecorded(
        zone_id=row.id,
        criteria=ev.SelectionCriteria(**said),
        evidence=evidence,
        reason=uow.maybe_seal(cmd.reason, "zone_reason"),
    )
    return uow.record(recorded).id


def _evidence(each: ev.Evidence, number: int, today: date) -> ev.Evidence:
    where = f"evidence.{number}"
    for key, text in (("text", each.text), ("source", each.source)):
        if not text.strip():
            raise _wrong(f"{where}.{key}", words_of("empty"))
    if each.link is not None and not each.link.startswith(("https://", "http://")):
        raise _wrong(
            f"{where}.link",
            Words(th="ลิงก์ต้องขึ้นต้นด้วย https://", en="A link begins with https://."),
        )
    return msgspec.structs.replace(
        each,
        text=each.text.strip(),
        source=each.source.strip(),
        as_of=past_day(each.as_of, today, f"{where}.as_of"),
    )


def past_day(text: str | None, today: date, key: str) -> str | None:
    """The day as ISO 8601, given in either era; Invalid when it is none or has not come yet."""
    if text is None or not text.strip():
        return None
    try:
        day = day_of(text)
    except ValueError:
        raise _wrong(key, words_of("not_a_day", text[:20])) from None
    if day > today:
        raise _wrong(key, words_of("day_to_come", text[:20]))
    return day.isoformat()


def import_ground(cmd: cmds.ImportGround, uow: UnitOfWork) -> cmds.Imported:
    """What was prepared from a file is on the map; a file that was taken before changes nothing, whatever came since."""
    check_editor(uow.identity)
    version = store.find_version(uow.conn, uow.station)
    if version is not None and store.is_imported(uow.conn, uow.station, cmd.digest):
        return cmds.Imported(version, repeated=True)
    row = begin(uow, cmd.expected_version)
    areas = [cmd.boundary, *(each.area for each in cmd.communities), *(each.area for each in cmd.places)]
    for area in areas:
        if area is not None:
            check_area(area)
    reason = uow.seal(cmd.reason, "zone_reason")
    uow.record(
        ev.GroundImported(
            digest=cmd.digest,
            file=cmd.file,
            format=cmd.format,
            crs=cmd.crs,
            communities=len(cmd.communities),
            places=len(cmd.places),
            boundary=cmd.boundary is not None,
            buildings=cmd.buildings,
            reason=reason,
        )
    )
    if cmd.boundary is not None:
        uow.record(zone_drawn(row, cmd.boundary))
    for each in (*cmd.communities, *cmd.places):
        uow.record(each)
    return cmds.Imported(store.find_version(uow.conn, uow.station) or version or "", repeated=False)


def _named(words: Words, key: str = "name", limit: int = MAX_TEXT) -> Words:
    """Both languages, the other one where one is empty; Invalid when both are, or one is too long."""
    th, en = words.th.strip(), words.en.strip()
    if not th and not en:
        raise _wrong(key, words_of("empty"))
    if max(len(th), len(en)) > limit:
        raise _wrong(key, words_of("too_long", limit=limit))
    return Words(th or en, en or th)


def _check_point(point: Point) -> None:
    fault = fault_of_position(point.lon, point.lat)
    if fault is not None:
        raise _wrong("point", words_of(fault, f"{point.lon:g}, {point.lat:g}"))


def _old(uow: UnitOfWork, layer: str, shape_id: str | None, reason: str | None) -> Any:
    """The row that is replaced, None when it is a new shape; Invalid when it is replaced without a reason."""
    if shape_id is None:
        shapes = store.zone_shape.c
        count = uow.conn.execute(select(func.count()).where(shapes.station == uow.station)).scalar_one()
        if count >= MOST_SHAPES:
            raise _wrong("id", words_of("too_many", count + 1, MOST_SHAPES))
        return None
    row = store.find_shape(uow.conn, uow.station, layer, shape_id)
    if row is not None and not reason:
        raise _wrong("reason", Words(th="ระบุเหตุผลที่แก้ไขของเดิม", en="Say why what was there is replaced."))
    return row


def _get(uow: UnitOfWork, layer: str, shape_id: str) -> Any:
    row = store.find_shape(uow.conn, uow.station, layer, shape_id)
    if row is None:
        raise NotFound(
            f"no_{layer}", Words(th=f"ไม่มี “{shape_id}” บนแผนที่", en=f"“{shape_id}” is not on the map.")
        )
    return row


def _new_code(layer: str) -> str:
    return f"{layer}-{new_id().replace('-', '')[-12:]}"


def _wrong(key: str, words: Words) -> Invalid:
    return Invalid("cannot_be_meant", Words(th=f"{key}: {words.th}", en=f"{key}: {words.en}"), field=key)
