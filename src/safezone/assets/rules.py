"""Whether a thing is well: READY, WATCH, DOWN or UNKNOWN, decided from evidence and never by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from safezone.assets.kinds import KINDS
from safezone.core.i18n import Words
from safezone.core.settings import Heartbeats
from safezone.events.assets import Lifecycle, Readiness
from safezone.events.upkeep import Severity

DAY_S: Final = 86_400.0
NEVER_DAYS: Final = 1_000_000

LOW_BATTERY_PCT: Final = 20.0
"""Below this a point that is heard is still on WATCH: somebody should bring a battery."""

WORST_FIRST: Final[tuple[Readiness, ...]] = ("DOWN", "UNKNOWN", "WATCH", "READY")
"""What a group shows when its members differ."""


class Evidence(msgspec.Struct, frozen=True):
    """What is known of one asset (times by the server, aware UTC): how far it has come, and what has shown how it is."""

    lifecycle: Lifecycle
    before: Readiness = "UNKNOWN"
    heard_at: datetime | None = None
    battery_pct: float | None = None
    checked_at: datetime | None = None
    check_ok: bool | None = None
    tested_at: datetime | None = None
    """When it last passed a test from end to end."""
    failed_at: datetime | None = None
    """When it last failed one."""
    in_service_at: datetime | None = None
    order: Severity | None = None
    """How bad the worst work order is that nobody has accepted yet."""


class Judgement(msgspec.Struct, frozen=True):
    """A readiness and its reason."""

    readiness: Readiness
    reason: Words


_NEVER_HEARD: Final = Words(th="ยังไม่เคยได้รับสัญญาณ จึงไม่มีข้อมูลเทียบ", en="never heard yet: there is no baseline")
_NO_SOURCE: Final = Words(th="ยังไม่มีแหล่งข้อมูลบอกสถานะของกล้องนี้", en="nothing tells yet how this camera is")
_NOTHING_OF_CAMERAS: Final = Words(
    th="ยังไม่มีใครตรวจดูกล้องของจุดนี้", en="nobody has looked at the cameras of this site yet"
)
_NO_CAMERAS: Final = Words(th="ยังไม่มีกล้องที่ใช้งานในจุดนี้", en="no camera is in service at this site")
_FOUND_WELL: Final = Words(th="มีผู้ตรวจดูแล้ว ใช้งานได้", en="somebody looked: it works")
_FOUND_BAD: Final = Words(th="มีผู้ตรวจดูแล้ว ใช้งานไม่ได้", en="somebody looked: it does not work")
_TESTED: Final = Words(th="ผ่านการทดสอบกดปุ่ม", en="passed its test press")
_SET_BACK: Final = Words(
    th="นาฬิกาเครื่องถูกปรับย้อนหลัง: รอสัญญาณครั้งถัดไป", en="the clock was set back: waiting for the next sign of life"
)
_FAILED: Final = Words(
    th="ทดสอบกดปุ่มครั้งล่าสุดไม่ผ่าน: ซ่อมแล้วทดสอบใหม่", en="failed its last test press: mend it, then test it again"
)
_BROKEN: Final = Words(th="เสีย: มีใบสั่งซ่อมที่ยังไม่รับงาน", en="broken: a work order is not accepted yet")
_TO_MEND: Final = Words(th="มีใบสั่งซ่อมที่ยังไม่รับงาน", en="a work order is not accepted yet")
_NO_CHECK: Final = Words(th="ยังไม่มีใครตรวจดู จึงไม่มีข้อมูลเทียบ", en="nobody has looked yet: there is no baseline")
_NOT_IN_SERVICE: Final[dict[Lifecycle, Words]] = {
    "proposed": Words(th="ยังไม่ใช้งาน: อยู่ในขั้นเสนอ", en="not in service: proposed"),
    "approved": Words(th="ยังไม่ใช้งาน: อนุมัติแล้ว", en="not in service: approved"),
    "procured": Words(th="ยังไม่ใช้งาน: จัดซื้อแล้ว", en="not in service: procured"),
    "installed": Words(th="ยังไม่ใช้งาน: ติดตั้งแล้ว รอเปิดใช้", en="not in service: installed, waiting to go live"),
    "retired": Words(th="ปลดระวางแล้ว", en="retired"),
}


def first_judgement(kind: str, lifecycle: Lifecycle, camera_count: int | None = None) -> Judgement:
    """What can be said of a thing on the day it is registered: UNKNOWN, and why. A site may have cameras by then."""
    if lifecycle != "in_service":
        return Judgement("UNKNOWN", _NOT_IN_SERVICE[lifecycle])
    if camera_count:
        return Judgement("UNKNOWN", _NOTHING_OF_CAMERAS)
    by_kind = {"camera": _NO_SOURCE, "camera_site": _NO_CAMERAS, "sos_point": _NEVER_HEARD}
    return Judgement("UNKNOWN", by_kind.get(kind, _NO_CHECK))


def judge(
    kind: str,
    evidence: Evidence,
    now: datetime,
    listening_since: datetime,
    limits: Heartbeats,
    test_press_days: int = NEVER_DAYS,
) -> Judgement | None:
    """The readiness of one asset; None when nothing may be said that was not said before.

    Every piece of evidence says something for itself, and the worst of it counts: DOWN > UNKNOWN > WATCH > READY.
    Without a sign of life, a check or a passed test there is no baseline, and nothing is READY.

    Silence counts only while somebody was listening (`listening_since`): after a restart of this program no pole
    is blamed for the time in which nobody could have heard it.
    """
    if evidence.lifecycle != "in_service":
        return first_judgement(kind, evidence.lifecycle)
    said = [_ordered(evidence.order), _tested(kind, evidence, now, test_press_days)]
    undecided = False
    if evidence.heard_at is not None:
        by_sign = _by_sign(evidence, now, listening_since, limits)
        undecided = by_sign is None
        said.append(by_sign)
    if evidence.checked_at is not None:
        said.append(_checked(kind, evidence, now))
    elif evidence.heard_at is None and evidence.tested_at is None:
        said.append(first_judgement(kind, "in_service"))
    judgement = worst_of([each for each in said if each is not None])
    if judgement is None or (undecided and judgement.readiness != "DOWN"):
        return None if undecided else Judgement("READY", _TESTED)
    return judgement


def worst_of(said: Sequence[Judgement]) -> Judgement | None:
    """The worst, and of several that are as bad the first; None of none."""
    return min(said, key=lambda each: WORST_FIRST.index(each.readiness), default=None)


def _by_sign(
    evidence: Evidence, now: datetime, listening_since: datetime, limits: Heartbeats
) -> Judgement | None:
    heard_at = evidence.heard_at or now
    if (heard_at - now).total_seconds() > limits.watch_after_s:
        return Judgement("WATCH", _SET_BACK)
    age_s = max(0.0, (now - heard_at).total_seconds())
    if age_s <= limits.watch_after_s:
        return _heard(evidence.battery_pct)
    silent_s = min(age_s, (now - listening_since).total_seconds())
    if silent_s > limits.down_after_s:
        return Judgement("DOWN", _silence(age_s))
    if silent_s > limits.watch_after_s and evidence.before != "DOWN":
        return Judgement("WATCH", _silence(age_s))
    return None


def _ordered(order: Severity | None) -> Judgement | None:
    if order is None:
        return None
    return Judgement("DOWN", _BROKEN) if order == "down" else Judgement("WATCH", _TO_MEND)


def _checked(kind: str, evidence: Evidence, now: datetime) -> Judgement:
    """What a look at it is worth today. While it is heard, an old look is a reason to look again and no more."""
    age_s = max(0.0, (now - (evidence.checked_at or now)).total_seconds())
    if not evidence.check_ok:
        return Judgement("DOWN", _FOUND_BAD)
    if age_s <= KINDS[kind].check_every_days * DAY_S:
        return Judgement("READY", _FOUND_WELL)
    ago = duration_words(age_s)
    words = Words(th=f"ไม่มีใครตรวจดูมา {ago.th}", en=f"nobody has looked at it for {ago.en}")
    return Judgement("UNKNOWN" if evidence.heard_at is None else "WATCH", words)


def _tested(kind: str, evidence: Evidence, now: datetime, every_days: int) -> Judgement | None:
    """A pole that failed its last test, or was not tried from end to end for too long since it went into service."""
    since = evidence.tested_at or evidence.in_service_at
    if "test_press" not in KINDS[kind].evidence:
        return None
    if evidence.failed_at is not None and (
        evidence.tested_at is None or evidence.failed_at > evidence.tested_at
    ):
        return Judgement("WATCH", _FAILED)
    if since is None:
        return None
    age_s = (now - since).total_seconds()
    if age_s <= every_days * DAY_S:
        return None
    ago = duration_words(age_s)
    return Judgement(
        "WATCH",
        Words(
            th=f"ถึงกำหนดทดสอบกดปุ่ม: ครั้งสุดท้าย {ago.th} ก่อน", en=f"test press is due: the last was {ago.en} ago"
        )
        if evidence.tested_at
        else Words(
            th=f"ใช้งานมา {ago.th} ยังไม่เคยทดสอบกดปุ่ม",
            en=f"in service for {ago.en}, never tried by a test press",
        ),
    )


def _heard(battery_pct: float | None) -> Judgement:
    if battery_pct is not None and battery_pct < LOW_BATTERY_PCT:
        return Judgement(
            "WATCH", Words(th=f"แบตเตอรี่เหลือ {battery_pct:.0f} %", en=f"battery at {battery_pct:.0f} %")
        )
    return Judgement("READY", Words(th="ได้รับสัญญาณตามเวลา", en="heard as expected"))


def _silence(age_s: float) -> Words:
    ago = duration_words(age_s)
    return Words(th=f"ไม่ได้รับสัญญาณมา {ago.th}", en=f"silent for {ago.en}")


def duration_words(duration_s: float) -> Words:
    """A duration as a person says it, in its largest whole unit (rounded down)."""
    for size_s, th, en in ((86_400, "วัน", "d"), (3_600, "ชม.", "h"), (60, "นาที", "min")):
        if duration_s >= size_s:
            return Words(th=f"{int(duration_s // size_s)} {th}", en=f"{int(duration_s // size_s)} {en}")
    return Words(th=f"{int(duration_s)} วินาที", en=f"{int(duration_s)} s")


def judge_site(
    lifecycle: Lifecycle, cameras: Sequence[tuple[Lifecycle, Readiness]], order: Severity | None = None
) -> Judgement:
    """The readiness of a camera site: that of its worst camera in service (DOWN > UNKNOWN > WATCH > READY).

    A work order about the site itself counts as well.
    """
    if lifecycle != "in_service":
        return first_judgement("camera_site", lifecycle)
    by_order, by_cameras = _ordered(order), _judge_cameras(cameras)
    said = [by_cameras] if by_order is None else [by_order, by_cameras]
    return worst_of(said) or by_cameras


def _judge_cameras(cameras: Sequence[tuple[Lifecycle, Readiness]]) -> Judgement:
    in_service = [readiness for life, readiness in cameras if life == "in_service"]
    if not in_service:
        return Judgement("UNKNOWN", _NO_CAMERAS)
    worst = next(readiness for readiness in WORST_FIRST if readiness in in_service)
    count, of = in_service.count(worst), len(in_service)
    said = {
        "DOWN": Words(th="ใช้งานไม่ได้", en="down"),
        "UNKNOWN": Words(th="ยังไม่ทราบสถานะ", en="unknown"),
        "WATCH": Words(th="ต้องเฝ้าระวัง", en="to watch"),
        "READY": Words(th="พร้อมใช้", en="ready"),
    }[worst]
    return Judgement(
        worst, Words(th=f"กล้อง {count} จาก {of} ตัว{said.th}", en=f"{count} of {of} cameras {said.en}")
    )
