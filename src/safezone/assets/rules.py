"""Whether a thing is well: READY, WATCH, DOWN or UNKNOWN, decided from what was heard of it and never by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from safezone.core.i18n import Words
from safezone.core.settings import Heartbeats
from safezone.events.assets import Lifecycle, Readiness

LOW_BATTERY_PCT: Final = 20.0
"""Below this a point that is heard is still on WATCH: somebody should bring a battery."""

WORST_FIRST: Final[tuple[Readiness, ...]] = ("DOWN", "UNKNOWN", "WATCH", "READY")
"""What a group shows when its members differ."""


class Evidence(msgspec.Struct, frozen=True):
    """What is known of one asset: how far it has come, and when it was last heard (server's time, aware UTC)."""

    lifecycle: Lifecycle
    before: Readiness = "UNKNOWN"
    heard_at: datetime | None = None
    battery_pct: float | None = None


class Judgement(msgspec.Struct, frozen=True):
    """A readiness and its reason."""

    readiness: Readiness
    reason: Words


_NEVER_HEARD: Final = Words(th="ยังไม่เคยได้รับสัญญาณ จึงไม่มีข้อมูลเทียบ", en="never heard yet: there is no baseline")
_NO_SOURCE: Final = Words(th="ยังไม่มีแหล่งข้อมูลบอกสถานะของกล้องนี้", en="nothing tells yet how this camera is")
_NO_CAMERAS: Final = Words(th="ยังไม่มีกล้องที่ใช้งานในจุดนี้", en="no camera is in service at this site")
_NOT_IN_SERVICE: Final[dict[Lifecycle, Words]] = {
    "proposed": Words(th="ยังไม่ใช้งาน: อยู่ในขั้นเสนอ", en="not in service: proposed"),
    "approved": Words(th="ยังไม่ใช้งาน: อนุมัติแล้ว", en="not in service: approved"),
    "procured": Words(th="ยังไม่ใช้งาน: จัดซื้อแล้ว", en="not in service: procured"),
    "installed": Words(th="ยังไม่ใช้งาน: ติดตั้งแล้ว รอเปิดใช้", en="not in service: installed, waiting to go live"),
    "retired": Words(th="ปลดระวางแล้ว", en="retired"),
}


def first_judgement(kind: str, lifecycle: Lifecycle) -> Judgement:
    """What can be said of a thing on the day it is registered: UNKNOWN, and why."""
    if lifecycle != "in_service":
        return Judgement("UNKNOWN", _NOT_IN_SERVICE[lifecycle])
    by_kind = {"camera": _NO_SOURCE, "camera_site": _NO_CAMERAS}
    return Judgement("UNKNOWN", by_kind.get(kind, _NEVER_HEARD))


def judge(
    kind: str, evidence: Evidence, now: datetime, listening_since: datetime, limits: Heartbeats
) -> Judgement | None:
    """The readiness of one camera or SOS point; None when nothing may be said that was not said before.

    Silence counts only while somebody was listening (`listening_since`): after a restart of this program no pole
    is blamed for the time in which nobody could have heard it.
    """
    if evidence.lifecycle != "in_service" or evidence.heard_at is None:
        return first_judgement(kind, evidence.lifecycle)
    age_s = max(0.0, (now - evidence.heard_at).total_seconds())
    if age_s <= limits.watch_after_s:
        return _heard(evidence.battery_pct)
    silent_s = min(age_s, (now - listening_since).total_seconds())
    if silent_s > limits.down_after_s:
        return Judgement("DOWN", _silence(age_s))
    if silent_s > limits.watch_after_s and evidence.before != "DOWN":
        return Judgement("WATCH", _silence(age_s))
    return None


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


def judge_site(lifecycle: Lifecycle, cameras: Sequence[tuple[Lifecycle, Readiness]]) -> Judgement:
    """The readiness of a camera site: that of its worst camera in service (DOWN > UNKNOWN > WATCH > READY)."""
    if lifecycle != "in_service":
        return first_judgement("camera_site", lifecycle)
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
