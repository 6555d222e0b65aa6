"""What happens when somebody asks something of the equipment, or when a press shows that a pole is alive."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select

from safezone.assets import erasing, store, upkeep
from safezone.assets import register as register_book
from safezone.assets.commands import (
    AssessReadiness,
    HeartbeatAnswer,
    KeepProbe,
    RecordHeartbeat,
    RegisterAssets,
)
from safezone.assets.queries import has_asset
from safezone.assets.rules import Evidence, Judgement, judge, judge_site
from safezone.assets.tables import asset, asset_sign, pole_test
from safezone.core.bus import Bus
from safezone.core.db import maybe_from_us, to_us
from safezone.core.errors import Conflict, Invalid
from safezone.core.event import Entry
from safezone.core.i18n import Words
from safezone.core.in_force import SettingsInForce
from safezone.core.work import UnitOfWork
from safezone.events.assets import AssetReadinessChanged, Lifecycle, Readiness
from safezone.events.incidents import ReportReceived

AT_A_TURN: Final = 2_000
"""How many things are judged at one turn at least: a turn takes a few milliseconds of the one lane that writes."""
LATELY_US: Final = 600 * 1_000_000
IN_ONE_QUESTION: Final = 500


def register(bus: Bus, in_force: SettingsInForce, held: erasing.Held = erasing.nothing_held) -> None:
    """The bus knows the commands and events of the equipment, and that a press is a sign of life.

    `held` names the incidents of which nothing may be erased.
    """
    store.register(bus)
    bus.handle(RegisterAssets, register_assets)
    bus.handle_many(RecordHeartbeat, record_heartbeats)
    bus.handle(KeepProbe, keep_probe)
    bus.handle(AssessReadiness, Rounds(in_force).assess)
    bus.listen("assets.sign_of_life", hear_press, [ReportReceived])
    register_book.register(bus)
    erasing.Erasing(bus, held).register()
    upkeep.register(bus, lambda uow: in_force.read(uow.conn, uow.station).upkeep)


def register_assets(cmd: RegisterAssets, uow: UnitOfWork) -> int:
    """Every site, camera and SOS point is there; returns how many. Conflict names the first code that is taken."""
    uow.identity.require("admin", "system")
    sites, cameras, points = cmd.assets.sites, cmd.assets.cameras, cmd.assets.sos_points
    in_set = [s.site_id for s in sites] + [c.camera_id for c in cameras] + [p.point_id for p in points]
    here = select(asset.c.id).where(asset.c.station == uow.station)
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
    signs = [_sign_of(cmd, uow) for cmd, uow, answer in heard if answer == "ok"]
    store.put_signs(uows[0].conn, signs, just_now=True)
    return answers


def keep_probe(cmd: KeepProbe, uow: UnitOfWork) -> None:
    """A synthetic press is on disk, as a sign of life of something that is no asset: no screen and no count shows it."""
    uow.identity.require("system")
    store.put_signs(uow.conn, [store.HeardFrom(uow.station, cmd.point_id, uow.at_us, "press")], just_now=True)


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


class Rounds:
    """Judges in rounds: a station's few hundred things at every turn, of very many only some besides those that changed."""

    def __init__(self, in_force: SettingsInForce) -> None:
        self._in_force = in_force
        self._after = ""

    def assess(self, cmd: AssessReadiness, uow: UnitOfWork) -> list[str]:
        """The readiness of each is what the evidence says; returns the ids of those that changed.

        First whatever is no site, then the sites by the worst of their cameras.
        """
        uow.identity.require("system", "admin")
        rows, settings = self._next_rows(uow), self._in_force.read(uow.conn, uow.station)
        failed = _failed_tests(uow)
        changed: list[str] = []
        sites = {row.id for row in rows if row.kind == "camera_site"}
        for row in rows:
            if row.kind != "camera_site":
                now = judge(
                    row.kind,
                    _evidence_of(row, failed.get(row.id)),
                    uow.at,
                    cmd.listening_since,
                    settings.heartbeats,
                    settings.upkeep.test_press_days,
                )
                if _note(uow, row, now, changed) and row.site_id is not None:
                    sites.add(row.site_id)
        _judge_sites(uow, sorted(sites), changed)
        return changed

    def _next_rows(self, uow: UnitOfWork) -> list[Any]:
        """Those that were heard, or of which something was heard lately, and the next part of all the others."""
        ids = (
            select(asset.c.id)
            .where(asset.c.station == uow.station, asset.c.id > self._after)
            .order_by(asset.c.id)
            .limit(AT_A_TURN)
        )
        part = list(uow.conn.execute(ids).scalars())
        until = part[-1] if part else ""
        lately_us = uow.at_us - LATELY_US
        asked = (
            select(asset, asset_sign.c.heard_at_us, asset_sign.c.battery_pct)
            .outerjoin(
                asset_sign, (asset_sign.c.station == asset.c.station) & (asset_sign.c.asset_id == asset.c.id)
            )
            .where(
                asset.c.station == uow.station,
                asset_sign.c.asset_id.is_not(None)
                | (asset.c.touched_us > lately_us)
                | ((asset.c.id > self._after) & (asset.c.id <= until)),
            )
            .order_by(asset.c.id)
        )
        self._after = until if len(part) == AT_A_TURN else ""
        return list(uow.conn.execute(asked))


def _failed_tests(uow: UnitOfWork) -> dict[str, int]:
    """When each pole last failed a test press, if it ever did."""
    asked = (
        select(pole_test.c.asset_id, func.max(pole_test.c.closed_us).label("failed_us"))
        .where(pole_test.c.station == uow.station, pole_test.c.result == "failed")
        .group_by(pole_test.c.asset_id)
    )
    return {row.asset_id: row.failed_us for row in uow.conn.execute(asked)}


def _evidence_of(row: Any, failed_us: int | None) -> Evidence:
    return Evidence(
        lifecycle=row.lifecycle,
        before=row.readiness,
        heard_at=maybe_from_us(row.heard_at_us),
        battery_pct=row.battery_pct,
        checked_at=maybe_from_us(row.checked_us),
        check_ok=row.check_ok,
        tested_at=maybe_from_us(row.tested_us),
        failed_at=maybe_from_us(failed_us),
        in_service_at=maybe_from_us(row.in_service_us),
        order=row.order_severity,
    )


def _judge_sites(uow: UnitOfWork, site_ids: Sequence[str], changed: list[str]) -> None:
    for start in range(0, len(site_ids), IN_ONE_QUESTION):
        some = site_ids[start : start + IN_ONE_QUESTION]
        of_station = asset.c.station == uow.station
        sites = uow.conn.execute(
            select(asset).where(of_station, asset.c.id.in_(some)).order_by(asset.c.id)
        ).all()
        cameras: dict[str, list[tuple[Lifecycle, Readiness]]] = {}
        hanging = select(asset.c.site_id, asset.c.lifecycle, asset.c.readiness).where(
            of_station, asset.c.site_id.in_(some), asset.c.kind == "camera"
        )
        for row in uow.conn.execute(hanging):
            cameras.setdefault(row.site_id, []).append((row.lifecycle, row.readiness))
        for site in sites:
            _note(
                uow, site, judge_site(site.lifecycle, cameras.get(site.id, []), site.order_severity), changed
            )


def _note(uow: UnitOfWork, row: Any, judgement: Judgement | None, changed: list[str]) -> bool:
    """Whether it is to be said anew. Recorded only when it is another one, so that the log tells changes, not checks."""
    if judgement is None or not is_news(row, judgement):
        return False
    uow.record(
        AssetReadinessChanged(
            asset_id=row.id, before=row.readiness, readiness=judgement.readiness, reason=judgement.reason
        )
    )
    changed.append(row.id)
    return True


def is_news(row: Any, judgement: Judgement) -> bool:
    """Whether a judgement says something else than what stands there; another number of minutes is nothing else."""
    if judgement.readiness != row.readiness:
        return True
    if row.reason_en is None:
        return False
    if row.kind == "camera_site":
        return bool(judgement.reason.en != row.reason_en)
    return _AMOUNT.sub("", judgement.reason.en) != _AMOUNT.sub("", row.reason_en)


_AMOUNT: Final = re.compile(r"\d+ (?:s|min|h|d|%)\b|\d+ %")
