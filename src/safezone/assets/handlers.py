"""What happens when somebody asks something of the equipment, or when a press shows that a pole is alive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from safezone.assets import store
from safezone.assets.commands import (
    AssessReadiness,
    HeartbeatAnswer,
    KeepProbe,
    RecordHeartbeat,
    RegisterAssets,
)
from safezone.assets.queries import has_asset
from safezone.assets.rules import Evidence, Judgement, judge, judge_site
from safezone.core.bus import Bus
from safezone.core.db import maybe_from_us, to_us
from safezone.core.errors import Conflict, Invalid
from safezone.core.event import Entry
from safezone.core.i18n import Words
from safezone.core.in_force import SettingsInForce
from safezone.core.settings import Heartbeats
from safezone.core.work import UnitOfWork
from safezone.events.assets import AssetReadinessChanged, Lifecycle, Readiness
from safezone.events.incidents import ReportReceived


def register(bus: Bus, in_force: SettingsInForce) -> None:
    """The bus knows the commands and events of the equipment, and that a press is a sign of life."""
    store.register(bus)
    bus.handle(RegisterAssets, register_assets)
    bus.handle_many(RecordHeartbeat, record_heartbeats)
    bus.handle(KeepProbe, keep_probe)

    def assess(cmd: AssessReadiness, uow: UnitOfWork) -> list[str]:
        return assess_readiness(cmd, uow, in_force.read(uow.conn, uow.station).heartbeats)

    bus.handle(AssessReadiness, assess)
    bus.listen("assets.sign_of_life", hear_press, [ReportReceived])


def register_assets(cmd: RegisterAssets, uow: UnitOfWork) -> int:
    """Every site, camera and SOS point is there; returns how many. Conflict names the first code that is taken."""
    uow.identity.require("admin", "system")
    sites, cameras, points = cmd.assets.sites, cmd.assets.cameras, cmd.assets.sos_points
    in_set = [s.site_id for s in sites] + [c.camera_id for c in cameras] + [p.point_id for p in points]
    here = select(store.asset.c.id).where(store.asset.c.station == uow.station)
    taken = set(uow.conn.execute(here).scalars())
    seen = set(taken)
    for asset_id in in_set:
        if asset_id in seen:
            raise Conflict(
                "asset_exists",
                Words(
                    th=f"มีรหัส “{asset_id}” อยู่แล้ว: ไม่มีอะไรถูกบันทึก",
                    en=f"The code “{asset_id}” is taken: nothing was registered.",
                ),
                asset_id=asset_id,
            )
        seen.add(asset_id)
    known_sites = taken | {site.site_id for site in sites}
    for camera in cameras:
        if camera.site_id not in known_sites:
            raise Invalid(
                "unknown_site",
                Words(
                    th=f"กล้อง “{camera.code}” อ้างถึงจุดติดตั้ง “{camera.site_id}” ที่ไม่มี",
                    en=f"The camera “{camera.code}” names the site “{camera.site_id}”, which does not exist.",
                ),
                asset_id=camera.camera_id,
            )
    for registered in (*sites, *cameras, *points):
        uow.record(registered)
    return len(in_set)


def record_heartbeats(cmds: Sequence[RecordHeartbeat], uows: Sequence[UnitOfWork]) -> list[HeartbeatAnswer]:
    """The last sign of life of each asset is kept; an answer for each command, in order, and never a refusal."""
    answers = [_answer_to(cmd, uow) for cmd, uow in zip(cmds, uows, strict=True)]
    heard = zip(cmds, uows, answers, strict=True)
    store.put_signs(uows[0].conn, [_sign_of(cmd, uow) for cmd, uow, answer in heard if answer == "ok"])
    return answers


def keep_probe(cmd: KeepProbe, uow: UnitOfWork) -> None:
    """A synthetic press is on disk, as a sign of life of something that is no asset: no screen and no count shows it."""
    uow.identity.require("system")
    store.put_signs(uow.conn, [store.HeardFrom(uow.station, cmd.point_id, uow.at_us, "press")])


def _answer_to(cmd: RecordHeartbeat, uow: UnitOfWork) -> HeartbeatAnswer:
    who = uow.identity
    if who.role not in ("system", "admin") and who.point_id != cmd.asset_id:
        return "not_yours"
    return "ok" if has_asset(uow.conn, uow.station, cmd.asset_id) else "unknown_asset"


def _sign_of(cmd: RecordHeartbeat, uow: UnitOfWork) -> store.HeardFrom:
    claimed_at_us = None if cmd.claimed_at is None else to_us(cmd.claimed_at)
    # A broken gauge is no evidence, and no reason to call the pole dead.
    battery_pct = cmd.battery_pct if cmd.battery_pct is not None and 0 <= cmd.battery_pct <= 100 else None
    return store.HeardFrom(uow.station, cmd.asset_id, uow.at_us, cmd.via, claimed_at_us, battery_pct)


def hear_press(entry: Entry, event: ReportReceived, uow: UnitOfWork) -> None:
    """A press at an SOS point is as good a sign of life as a heartbeat; heard at the time of the press."""
    if event.channel == "sos_point" and event.sos_point is not None:
        note_sign_of_life(uow, event.sos_point, entry.at)


def note_sign_of_life(uow: UnitOfWork, asset_id: str, heard_at: datetime) -> None:
    """The asset was heard by a press at `heard_at` (server's time); nothing happens when it is not known."""
    if has_asset(uow.conn, uow.station, asset_id):
        store.put_signs(uow.conn, [store.HeardFrom(uow.station, asset_id, to_us(heard_at), "press")])


def assess_readiness(cmd: AssessReadiness, uow: UnitOfWork, limits: Heartbeats) -> list[str]:
    """Every asset's readiness is what the evidence says; returns the ids of those that changed.

    Cameras and SOS points first, then the sites by the worst of their cameras.
    """
    uow.identity.require("system", "admin")
    asset, sign = store.asset, store.asset_sign
    rows = uow.conn.execute(
        select(
            asset.c.id,
            asset.c.kind,
            asset.c.lifecycle,
            asset.c.readiness,
            asset.c.site_id,
            sign.c.heard_at_us,
            sign.c.battery_pct,
        )
        .outerjoin(sign, (sign.c.station == asset.c.station) & (sign.c.asset_id == asset.c.id))
        .where(asset.c.station == uow.station)
        .order_by(asset.c.id)
    ).all()
    changed: list[str] = []
    of_site: dict[str, list[tuple[Lifecycle, Readiness]]] = {}
    for row in rows:
        if row.kind == "camera_site":
            continue
        evidence = Evidence(row.lifecycle, row.readiness, maybe_from_us(row.heard_at_us), row.battery_pct)
        judgement = judge(row.kind, evidence, uow.at, cmd.listening_since, limits)
        now = _note(uow, row.id, row.readiness, judgement, changed)
        if row.site_id is not None:
            of_site.setdefault(row.site_id, []).append((row.lifecycle, now))
    for row in rows:
        if row.kind == "camera_site":
            _note(uow, row.id, row.readiness, judge_site(row.lifecycle, of_site.get(row.id, [])), changed)
    return changed


def _note(
    uow: UnitOfWork, asset_id: str, before: Readiness, judgement: Judgement | None, changed: list[str]
) -> Readiness:
    """The readiness from now on; recorded only when it is another one, so that the log tells changes, not checks."""
    if judgement is None or judgement.readiness == before:
        return before
    uow.record(
        AssetReadinessChanged(
            asset_id=asset_id, before=before, readiness=judgement.readiness, reason=judgement.reason
        )
    )
    changed.append(asset_id)
    return judgement.readiness
