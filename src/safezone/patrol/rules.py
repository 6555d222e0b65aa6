"""What a position sent by a patrol unit is worth, and what a unit may be doing next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from safezone.core.errors import Conflict
from safezone.core.geo import Point, distance_m
from safezone.core.i18n import Words
from safezone.events.patrol import UnitKind, UnitState, Work, WorkState

Mark = Literal["ok", "late", "repeated", "backwards", "impossible", "future", "off_duty"]
"""What a fix turned out to be. Only `ok` and `future` are ever drawn; `off_duty` alone is not kept."""

SECOND_US: Final = 1_000_000


class FixRules(msgspec.Struct, frozen=True):
    """How strict the marking is; all of it settings, none of it an official figure."""

    future_s: float = 30.0
    """A device clock further ahead than this is wrong; the server's time is used instead."""
    late_s: float = 600.0
    """Older than the newest by more than this is not a delayed message: the device's clock went back."""
    confirm_jumps: int = 3
    """So many fixes in a row that agree with each other make an impossible jump true."""
    confirm_clock: int = 5
    confirm_clock_s: float = 30.0
    clock_jitter_s: float = 10.0
    """So many old fixes in a row, over so long, all of them behind by the same (give or take the jitter of the
    network): it is the clock that is wrong. A backlog that is sent after a gap catches up instead."""
    slack_m: float = 100.0
    slack_limit_m: float = 1000.0
    top_speed_kmh: dict[UnitKind, float] = msgspec.field(
        default_factory=lambda: {"car": 220.0, "motorcycle": 220.0, "foot": 120.0}
    )
    """Faster than this is a mistake. An officer on foot may be given a lift, so 120 and not 20."""


class Claim(msgspec.Struct, frozen=True, gc=False):
    """One fix as a device claims it. `at_us` is None when it did not say when: then it is the time of arrival."""

    lon: float
    lat: float
    at_us: int | None = None
    accuracy_m: float | None = None
    speed_kmh: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None


class Seen(msgspec.Struct, frozen=True, gc=False):
    """The fix that is drawn: the device's own time, the time that counts (`at_us`), and when it came."""

    lon: float
    lat: float
    claimed_us: int
    at_us: int
    received_us: int
    accuracy_m: float | None = None


class Elsewhere(msgspec.Struct, frozen=True, gc=False):
    """A place to which the unit seems to have jumped, and how many fixes in a row agree."""

    lon: float
    lat: float
    at_us: int
    count: int
    accuracy_m: float | None = None


class Behind(msgspec.Struct, frozen=True, gc=False):
    """A run of fixes that are all older than the newest: times only, so that no place is kept from off duty."""

    first_claimed_us: int
    first_received_us: int
    last_claimed_us: int
    count: int


class Track(msgspec.Struct, frozen=True, gc=False):
    """What is remembered about one unit between two fixes. `shift_us` is added to a device clock known to be behind."""

    newest: Seen | None = None
    shift_us: int = 0
    elsewhere: Elsewhere | None = None
    behind: Behind | None = None


class Marked(msgspec.Struct, frozen=True, gc=False):
    """The verdict on one fix: its mark, the time that counts, whether it is kept and whether it is drawn as newest."""

    mark: Mark
    at_us: int
    kept: bool
    drawn: bool


NOTHING_SEEN: Final = Track()

WORDS_OF_MARK: Final[dict[Mark, Words]] = {
    "ok": Words(th="รับตำแหน่งแล้ว", en="Position taken."),
    "late": Words(
        th="ตำแหน่งมาช้า มีตำแหน่งใหม่กว่าแล้ว: เก็บไว้ ไม่แสดง", en="Late: a newer position is known. Kept, not drawn."
    ),
    "repeated": Words(th="ตำแหน่งซ้ำ: มีอยู่แล้ว", en="Repeated: this very position is here already."),
    "backwards": Words(
        th="นาฬิกาของเครื่องเดินถอยหลัง: เก็บไว้ ไม่แสดง โปรดตั้งเวลาเครื่องเป็นอัตโนมัติ",
        en="The device's clock went back. Kept, not drawn; please set its time to automatic.",
    ),
    "impossible": Words(
        th="ตำแหน่งเป็นไปไม่ได้ (ไม่ใช่พิกัดจริง หรือไกลเกินกว่าจะไปถึงได้ทัน): ไม่แสดง",
        en="Impossible (not a real place, or too far to have got there). Not drawn.",
    ),
    "future": Words(
        th="นาฬิกาของเครื่องเร็วกว่าเวลาจริง: ใช้เวลาของเซิร์ฟเวอร์แทน",
        en="The device's clock is ahead: the server's time is used instead.",
    ),
    "off_duty": Words(
        th="อยู่นอกเวร: ไม่เก็บตำแหน่ง ลงชื่อเข้าเวรก่อน",
        en="Off duty: the position was not kept. Sign in to duty first.",
    ),
}


def is_place(lon: float, lat: float) -> bool:
    """Whether these are degrees on the earth (NaN and infinity are not)."""
    return -180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0


def is_null_island(lon: float, lat: float) -> bool:
    """Whether this is the 0,0 that receivers report before they know where they are."""
    return abs(lon) < 0.01 and abs(lat) < 0.01


def tidy(value: float | None, most: float = math.inf) -> float | None:
    """A side value of a fix, None when it makes no sense (NaN, below 0, above `most`): the place is worth more."""
    return value if value is not None and 0.0 <= value <= most and value < math.inf else None


def mark_fix(
    track: Track,
    claim: Claim,
    received_us: int,
    *,
    on_duty_since_us: int | None,
    kind: UnitKind,
    rules: FixRules,
    kept_before: bool = False,
) -> tuple[Marked, Track]:
    """The verdict on a fix and what to remember now; nothing here can freeze a unit for ever.

    `on_duty_since_us` is None off duty. `kept_before` says that this very fix (time and place) is stored already.
    """
    claimed_us = received_us if claim.at_us is None else claim.at_us
    if on_duty_since_us is None:
        return Marked("off_duty", claimed_us, False, False), track
    if not is_place(claim.lon, claim.lat):
        return Marked("impossible", claimed_us, False, False), track
    if kept_before or _is_repeated(track.newest, claim, claimed_us):
        return Marked("repeated", claimed_us, False, False), track

    is_future = claimed_us > received_us + rules.future_s * SECOND_US
    at_us, shift_us = _time_of(track, claimed_us, received_us, rules)
    newest_us = track.newest.at_us if track.newest else None
    is_off_duty = at_us < on_duty_since_us
    behind = None
    if is_off_duty or (newest_us is not None and at_us <= newest_us):
        behind = _longer_run(track.behind, claimed_us, received_us, rules)
        if not _is_clock(behind, received_us, rules):
            waiting = msgspec.structs.replace(track, behind=behind)
            if is_off_duty:
                return Marked("off_duty", at_us, False, False), waiting
            is_clock = newest_us is not None and newest_us - at_us > rules.late_s * SECOND_US
            return Marked("backwards" if is_clock else "late", at_us, True, False), waiting
        # The device goes on living in the past: from here on its times are moved to the server's.
        at_us = max(received_us, on_duty_since_us, (newest_us or 0) + 1)
        shift_us = max(0, at_us - claimed_us)

    if is_null_island(claim.lon, claim.lat):
        return Marked("impossible", at_us, True, False), track
    elsewhere = _jump(track, claim, at_us, rules.top_speed_kmh[kind], rules)
    if elsewhere is not None and elsewhere.count < rules.confirm_jumps:
        return Marked("impossible", at_us, True, False), Track(track.newest, track.shift_us, elsewhere)
    seen = Seen(claim.lon, claim.lat, claimed_us, at_us, received_us, claim.accuracy_m)
    return Marked("future" if is_future else "ok", at_us, True, True), Track(seen, shift_us)


def may_be_stored(track: Track, claim: Claim) -> bool:
    """Whether this fix is old enough to be one that is stored already; only then is the database worth asking."""
    return claim.at_us is not None and track.newest is not None and claim.at_us < track.newest.claimed_us


def _is_repeated(newest: Seen | None, claim: Claim, claimed_us: int) -> bool:
    same_time = newest is not None and newest.claimed_us == claimed_us
    return same_time and newest is not None and (newest.lon, newest.lat) == (claim.lon, claim.lat)


def _time_of(track: Track, claimed_us: int, received_us: int, rules: FixRules) -> tuple[int, int]:
    """The time that counts for a fix, and how far its device's clock is known to be behind (0: it is right)."""
    latest_us = received_us + int(rules.future_s * SECOND_US)
    newest = track.newest
    if claimed_us > latest_us:
        if newest is not None and claimed_us <= newest.claimed_us:
            return newest.at_us - (
                newest.claimed_us - claimed_us
            ), 0  # older than the newest by its own clock
        return received_us, 0
    if track.shift_us > 0 and claimed_us + track.shift_us <= latest_us:
        return claimed_us + track.shift_us, track.shift_us
    return claimed_us, 0  # also for a clock that was wrong and has been set right


def _longer_run(run: Behind | None, claimed_us: int, received_us: int, rules: FixRules) -> Behind:
    """The run with this fix, or a new one where it is not behind by as much as the others."""
    if run is not None and claimed_us > run.last_claimed_us:
        drift_us = (received_us - claimed_us) - (run.first_received_us - run.first_claimed_us)
        if abs(drift_us) <= rules.clock_jitter_s * SECOND_US:
            return Behind(run.first_claimed_us, run.first_received_us, claimed_us, run.count + 1)
    return Behind(claimed_us, received_us, claimed_us, 1)


def _is_clock(run: Behind, received_us: int, rules: FixRules) -> bool:
    """Whether the run is long enough to say that the device's clock is behind, and not its messages late."""
    is_long = received_us - run.first_received_us >= rules.confirm_clock_s * SECOND_US
    return is_long and run.count >= rules.confirm_clock


def _jump(track: Track, claim: Claim, at_us: int, top_kmh: float, rules: FixRules) -> Elsewhere | None:
    """None when the unit can have got here from where it was seen; else the place it jumped to, with its count."""
    here = Point(claim.lon, claim.lat)
    if track.newest is None or _can_reach(track.newest, here, at_us, claim.accuracy_m, top_kmh, rules):
        return None
    before = track.elsewhere
    agrees = before is not None and at_us > before.at_us
    if before is not None and agrees and _can_reach(before, here, at_us, claim.accuracy_m, top_kmh, rules):
        return Elsewhere(claim.lon, claim.lat, at_us, before.count + 1, claim.accuracy_m)
    return Elsewhere(claim.lon, claim.lat, at_us, 1, claim.accuracy_m)


def _can_reach(
    before: Seen | Elsewhere,
    here: Point,
    at_us: int,
    accuracy_m: float | None,
    top_kmh: float,
    rules: FixRules,
) -> bool:
    # Fix times are often whole seconds, hence one second more.
    seconds = max(0, at_us - before.at_us) / SECOND_US + 1.0
    blur_m = min(max(0.0, accuracy_m or 0.0) + max(0.0, before.accuracy_m or 0.0), rules.slack_limit_m)
    return distance_m(Point(before.lon, before.lat), here) <= top_kmh / 3.6 * seconds + rules.slack_m + blur_m


# ── what a unit may be doing ──────────────────────────────────────────────────────────────────────────────────────

_FURTHEST: Final[tuple[WorkState, ...]] = ("on_scene", "en_route", "assigned")

WORDS_OF_STATE: Final[dict[UnitState, Words]] = {
    "off_duty": Words(th="อยู่นอกเวร", en="off duty"),
    "available": Words(th="ว่าง", en="available"),
    "assigned": Words(th="ได้รับสั่งการแล้ว", en="assigned"),
    "en_route": Words(th="กำลังไป", en="en route"),
    "on_scene": Words(th="ถึงที่เกิดเหตุ", en="on scene"),
    "unavailable": Words(th="ไม่พร้อมปฏิบัติ", en="unavailable"),
}


def state_of(*, on_duty: bool, unavailable: bool, work: Sequence[Work]) -> UnitState:
    """What a unit is doing: the furthest it has come with any incident; with none, whether it may be sent."""
    if not on_duty:
        return "off_duty"
    for state in _FURTHEST:
        if any(w.state == state for w in work):
            return state
    return "unavailable" if unavailable else "available"


def work_after(work: Sequence[Work], incident_id: str, state: WorkState | None) -> list[Work]:
    """The unit's incidents once it has come to `state` with one of them; None: it is done with it."""
    if state is None:
        return [w for w in work if w.incident_id != incident_id]
    if any(w.incident_id == incident_id for w in work):
        return [Work(incident_id, state) if w.incident_id == incident_id else w for w in work]
    return [*work, Work(incident_id, state)]


def check_sign_off(call_sign: str, work: Sequence[Work], *, by_supervisor: bool, reason: str | None) -> None:
    """Return when the unit may go off duty; Conflict while it is on an incident, unless a supervisor says why."""
    if not work or (by_supervisor and reason):
        return
    raise Conflict(
        "unit_busy",
        Words(
            th=f"{call_sign} ยังมีเหตุค้างอยู่ {len(work)} เหตุ: ปิดงานก่อน หรือให้หัวหน้าสายตรวจสั่งออกเวรพร้อมเหตุผล",
            en=f"{call_sign} is still on {len(work)} incident(s): clear it first, or a supervisor gives a reason.",
        ),
        incident_ids=[w.incident_id for w in work],
    )


def check_availability(call_sign: str, work: Sequence[Work], *, on_duty: bool, unavailable: bool) -> None:
    """Return when the unit may call itself (un)available; Conflict off duty, or when it is on an incident."""
    if not on_duty:
        raise Conflict(
            "unit_off_duty",
            Words(
                th=f"{call_sign} อยู่นอกเวร: ลงชื่อเข้าเวรก่อน",
                en=f"{call_sign} is off duty: sign in to duty first.",
            ),
        )
    if unavailable and work:
        raise Conflict(
            "unit_busy",
            Words(
                th=f"{call_sign} มีเหตุค้างอยู่: แจ้งเสร็จงาน หรือปฏิเสธงานพร้อมเหตุผลก่อน",
                en=f"{call_sign} is on an incident: clear it, or refuse it with a reason, first.",
            ),
            incident_ids=[w.incident_id for w in work],
        )
