"""The looks at the parts of one program: when each counts as well, worse than it should be, or down."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from safezone.core.clock import Clock
from safezone.core.desk import Desk
from safezone.core.i18n import Words
from safezone.core.listeners import ListenerView, list_listeners
from safezone.entrypoints.acme.folder import AcmeFolder
from safezone.entrypoints.acme.standing import standing_of
from safezone.entrypoints.broker.setup import LEAST_FREE_BYTES
from safezone.entrypoints.health import Finding
from safezone.entrypoints.jobs import Jobs
from safezone.entrypoints.live import HEARTBEAT_S, LiveHub
from safezone.entrypoints.mqtt import DoorStatus
from safezone.entrypoints.safekeeping import Keeper, Safekeeping

if TYPE_CHECKING:
    from safezone.entrypoints.node import Node

LITTLE_FREE_BYTES: Final = 2 << 30
"""Below this a technician should come; below LEAST_FREE_BYTES the broker keeps nothing any more."""
SLOW_WRITE_S: Final = 1.0
"""A transaction that has taken this long is told to every screen, and here."""
SLOW_S: Final = 2.0
STUCK_S: Final = 10.0
FAR_BEHIND: Final = 1000
LONG_BEHIND_S: Final = 30.0


def add_checks(node: Node) -> None:
    """Every part of this program that can be away while the rest works; the doors add theirs."""
    desk, health = node.desk, node.health
    health.add("record", lambda: check_record(desk, node.folder.path))
    health.add("lane", lambda: check_lane(desk))
    health.add("listeners", ListenerCheck(desk))
    health.add("feed", lambda: check_feed(node.hub))
    if "jobs" in node.does:
        health.add("witness", lambda: check_said(node.witness_clock.trouble, "degraded"))
        health.add("jobs", lambda: check_jobs(node.jobs))
        health.add("backup", lambda: check_backup(node.keeper, node.safekeeping(), desk.clock))


def check_record(desk: Desk, folder: Path) -> Finding:
    """The record takes what is said: the last transaction went well and the disk has room."""
    lane, free = desk.lane.state(), shutil.disk_usage(folder).free
    figures = {"last_commit_at": _iso(lane.committed_at), "disk_free_bytes": free}
    if lane.last_error:
        words = Words(
            th=f"บันทึกไม่ได้: {lane.last_error} (เสาจะกดซ้ำจนได้รับใบตอบรับ)",
            en=f"Nothing can be stored: {lane.last_error} (poles repeat until they have a receipt)",
        )
        return Finding("down", words, figures)
    if (busy_s := desk.lane.busy_s()) > SLOW_WRITE_S:
        words = Words(
            th=f"การเขียนลงดิสก์ใช้เวลา {busy_s:.0f} วินาทีแล้วยังไม่เสร็จ: ตรวจดิสก์",
            en=f"A write to the disk has been under way for {busy_s:.0f} s: check the disk",
        )
        return Finding("degraded", words, figures)
    if free < LITTLE_FREE_BYTES:
        words = Words(
            th=f"ดิสก์เหลือ {free >> 20} MiB: ลบหรือย้ายข้อมูลอื่นออก",
            en=f"The disk has {free >> 20} MiB left: delete or move what does not belong here",
        )
        return Finding("down" if free < LEAST_FREE_BYTES else "degraded", words, figures)
    return Finding(figures=figures)


def check_lane(desk: Desk) -> Finding:
    """The lane keeps up: nobody waits long for their commit."""
    lane = desk.lane.state()
    figures = {"waiting": lane.waiting, "oldest_s": round(lane.oldest_s, 3)}
    if lane.oldest_s < SLOW_S:
        return Finding(figures=figures)
    words = Words(
        th=f"การบันทึกช้า: คำสั่งรออยู่ {lane.oldest_s:.0f} วินาที ({lane.waiting} คำสั่ง); ตรวจดิสก์",
        en=f"Storing is slow: a command has waited {lane.oldest_s:.0f} s ({lane.waiting} wait); look at the disk",
    )
    return Finding("down" if lane.oldest_s > STUCK_S else "degraded", words, figures)


def check_mqtt_door(status: DoorStatus) -> Finding:
    """The door of the SOS points is connected to the broker, and stores what it is given."""
    figures = {
        "in_flight": status.in_flight,
        "failing": status.failing,
        "answered": status.answered,
        "received": status.received,
        "receipts": status.receipts,
        "connects": status.connects,
        "connected": int(status.connected),
    }
    if not status.connected:
        return Finding("down", status.last_error or _CONNECTING, figures)
    if status.failing:
        return Finding("down", status.last_error, figures)
    return Finding(figures=figures)


def check_said(trouble: Callable[[], Words | None], worst: str = "down") -> Finding:
    """A part that says itself what is wrong with it."""
    words = trouble()
    return Finding() if words is None else Finding("down" if worst == "down" else "degraded", words)


def check_certificate(node: Node) -> Finding:
    """The certificate that is shown is good, and is renewed in time. `down` once it has ended."""
    certificate = node.certificate
    if certificate is None:
        return Finding()
    kept = AcmeFolder(node.folder.acme).load() if node.desk.settings.acme.is_on else None
    return standing_of(certificate.life, node.desk.clock.now(), kept, certificate.trouble())


class ListenerCheck:
    """Every listener goes on and is not far behind."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._behind_since_s: float | None = None

    async def __call__(self) -> Finding:
        """Never `down`: presses arrive and are seen without any listener."""
        views = await self._desk.ask(_views, self._desk)
        lag = max((view.lag for view in views), default=0)
        parked = [view.name for view in views if view.state == "parked"]
        figures = {"lag": lag, "parked": ", ".join(parked) or None}
        if parked:
            words = Words(
                th=f"งานต่อเนื่องหยุดรอช่าง: {', '.join(parked)} (ดูคู่มือ “ผู้ฟังถูกพัก”)",
                en=f"Parked and waiting for a technician: {', '.join(parked)} (runbook “A listener is parked”)",
            )
            return Finding("degraded", words, figures)
        now_s = time.monotonic()
        self._behind_since_s = (self._behind_since_s or now_s) if lag else None
        long = self._behind_since_s is not None and now_s - self._behind_since_s > LONG_BEHIND_S
        if lag > FAR_BEHIND or long:
            words = Words(
                th=f"งานต่อเนื่องตามไม่ทัน: ค้าง {lag} เหตุการณ์", en=f"Listeners are behind by {lag} events"
            )
            return Finding("degraded", words, figures)
        return Finding(figures=figures)


def _views(conn: Connection, desk: Desk) -> list[ListenerView]:
    return list_listeners(conn, desk.bus, desk.station)


def check_feed(hub: LiveHub) -> Finding:
    """Every screen is told in time."""
    silent_s = hub.silent_s()
    figures = {"screens": hub.screen_count, "position": hub.position, "waiting": hub.waiting}
    if silent_s > 3 * HEARTBEAT_S:
        words = Words(
            th=f"จอไม่ได้รับสัญญาณมา {silent_s:.0f} วินาที: เริ่มโปรแกรมใหม่",
            en=f"The screens have been told nothing for {silent_s:.0f} s: restart the program",
        )
        return Finding("down", words, figures)
    return Finding(figures=figures)


def check_jobs(jobs: Jobs) -> Finding:
    """Everything that is done by the clock was done when it was due."""
    late = jobs.late()
    if not late:
        return Finding(figures={"jobs": jobs.count})
    names = ", ".join(late)
    words = Words(th=f"งานตามเวลาไม่สำเร็จ: {names}", en=f"Done by the clock, and late: {names}")
    return Finding("degraded", words, {"jobs": jobs.count, "late": names})


def check_backup(keeper: Keeper, kept: Safekeeping, clock: Clock) -> Finding:
    """Backups and drills are made when they are due. Never `down`: the station serves all the same."""
    age_s = None if kept.backup_ok is None else round((clock.now() - kept.backup_ok.at).total_seconds())
    drilled = None if kept.drill_ok is None else _iso(kept.drill_ok.at)
    figures = {"age_s": age_s, "drilled_at": drilled}
    said = keeper.state()
    if said == "ok":
        return Finding(figures=figures)
    failed = next((each for each in (kept.backup, kept.drill) if each is not None and not each.ok), None)
    why = failed.why.th if failed is not None and failed.why else said
    words = Words(th=f"การสำรองข้อมูลหรือการซ้อมกู้คืนมีปัญหา: {why}", en=said)
    return Finding("degraded", words, figures)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")


_CONNECTING: Final = Words(th="กำลังเชื่อมต่อกับโบรกเกอร์", en="connecting to the broker")
