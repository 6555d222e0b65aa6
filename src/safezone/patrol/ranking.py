"""Who could be sent, in which order and why: advice that a person reads before deciding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from safezone.core.geo import Point, distance_m
from safezone.core.i18n import Words
from safezone.events.patrol import UnitKind, UnitState
from safezone.patrol.rules import WORDS_OF_STATE

Method = Literal["straight_line", "road"]


class RankRules(msgspec.Struct, frozen=True):
    """What counts as near and as known; settings of the station, none of them an official figure."""

    fix_stale_s: float = 60.0
    """From this age on the list says openly that the unit may have moved."""
    fix_lost_s: float = 900.0
    """A position older than this says nothing about now."""
    near_m: float = 5000.0
    """Further than this in a straight line is not near enough to be proposed."""
    far_s: float = 1200.0
    """Nor is whoever needs longer than this."""
    detour: float = 1.35
    """Streets are longer than the straight line by about this factor (town grids: 1.2–1.4)."""
    speed_kmh: dict[UnitKind, float] = msgspec.field(
        default_factory=lambda: {"car": 28.0, "motorcycle": 32.0, "foot": 5.4}
    )
    """Door-to-door pace in a town, used where no road graph is imported."""
    roam_kmh: dict[UnitKind, float] = msgspec.field(
        default_factory=lambda: {"car": 15.0, "motorcycle": 15.0, "foot": 3.0}
    )
    """How fast a patrolling unit drifts away from where it was last seen."""


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """One unit as it stands: what it is doing, and where it was at `fix_at` (server's time), if that is known."""

    unit_id: str
    call_sign: str
    kind: UnitKind
    state: UnitState
    place: Point | None = None
    fix_at: datetime | None = None
    incident_ids: list[str] = []
    refused: bool = False


class RankedUnit(msgspec.Struct, frozen=True, gc=False):
    """A unit that could be sent. `distance_m` is the straight line; both are None when the place is not known."""

    unit_id: str
    call_sign: str
    rank: int
    distance_m: float | None
    eta_s: float | None
    fix_age_s: float
    state: UnitState
    kind: UnitKind
    reasons: list[Words]


class NotListed(msgspec.Struct, frozen=True, gc=False):
    """A unit that is not proposed, and why."""

    unit_id: str
    call_sign: str
    reason: Words


class Recommendation(msgspec.Struct, frozen=True):
    """Who is nearest, as far as is known at `at`. Nobody is sent by it."""

    at: datetime
    method: Method
    nobody_near: bool
    summary: Words
    units: list[RankedUnit]
    not_listed: list[NotListed]
    incident_id: str | None = None


class _Scored(msgspec.Struct, frozen=True, gc=False):
    order: tuple[float, float, str]
    unit: Candidate
    distance_m: float | None
    eta_s: float | None
    age_s: float
    reasons: list[Words]


KIND_WORDS: Final[dict[UnitKind, Words]] = {
    "car": Words(th="รถยนต์", en="car"),
    "motorcycle": Words(th="รถจักรยานยนต์", en="motorcycle"),
    "foot": Words(th="เดินเท้า", en="on foot"),
}
_UNKNOWN_PLACE: Final = Words(th="ยังไม่ทราบตำแหน่ง", en="Its position is not known.")


def rank(
    units: Sequence[Candidate],
    place: Point | None,
    at: datetime,
    rules: RankRules,
    road_times_s: Mapping[str, float | None] | None = None,
    incident_names: Mapping[str, str] | None = None,
    incident_id: str | None = None,
) -> Recommendation:
    """Every unit is either ranked with its reasons or named with the reason why not.

    `road_times_s` holds seconds by road per unit (infinite: no way near enough; None: not on a road) and is None
    without a road graph. `incident_names` turns incident ids into the numbers that people say.
    """
    scored: list[_Scored] = []
    not_listed: list[NotListed] = []
    used_roads = False
    for unit in units:
        reason = why_not(unit, at, rules, incident_names or {}, incident_id)
        if reason is None and unit.place is not None and unit.fix_at is not None:
            road_s = road_times_s.get(unit.unit_id) if road_times_s is not None else None
            used_roads = used_roads or road_s is not None
            age_s = _age_s(unit.fix_at, at)
            found = _score(unit, unit.place, age_s, place, rules, road_s, asked=road_times_s is not None)
            if isinstance(found, _Scored):
                scored.append(found)
                continue
            reason = found
        not_listed.append(NotListed(unit.unit_id, unit.call_sign, reason or _UNKNOWN_PLACE))
    scored.sort(key=lambda s: s.order)
    ranked = [
        RankedUnit(
            s.unit.unit_id,
            s.unit.call_sign,
            i,
            s.distance_m,
            s.eta_s,
            s.age_s,
            s.unit.state,
            s.unit.kind,
            s.reasons,
        )
        for i, s in enumerate(scored, start=1)
    ]
    not_listed.sort(key=lambda n: n.call_sign)
    summary = _summary(ranked, not_listed, place)
    return Recommendation(
        at, "road" if used_roads else "straight_line", not ranked, summary, ranked, not_listed
    )


def why_not(
    unit: Candidate,
    at: datetime,
    rules: RankRules,
    incident_names: Mapping[str, str] | None = None,
    incident_id: str | None = None,
) -> Words | None:
    """Why this unit is not proposed whatever the distance; None when it can be."""
    if unit.state == "off_duty":
        return Words(th="อยู่นอกเวร", en="Off duty.")
    if incident_id is not None and incident_id in unit.incident_ids:
        return Words(th="ได้รับสั่งการเหตุนี้แล้ว", en="Is on this incident already.")
    if unit.refused:
        return Words(th="ปฏิเสธเหตุนี้แล้ว", en="Has refused this incident.")
    if unit.state == "unavailable":
        return Words(th="แจ้งว่าไม่พร้อมปฏิบัติ", en="Has said that it is unavailable.")
    if unit.incident_ids or unit.state != "available":
        numbers = ", ".join((incident_names or {}).get(i, "…" + i[-6:]) for i in unit.incident_ids)
        state = WORDS_OF_STATE[unit.state]
        return Words(
            th=f"ติดเหตุอื่นอยู่ ({state.th}{' เหตุ ' + numbers if numbers else ''})",
            en=f"On another incident ({state.en}{', ' + numbers if numbers else ''}).",
        )
    if unit.place is None or unit.fix_at is None:
        return _UNKNOWN_PLACE
    age_s = _age_s(unit.fix_at, at)
    if age_s > rules.fix_lost_s:
        age = _duration(age_s)
        return Words(th=f"ตำแหน่งเก่าเกินไป (เมื่อ {age.th}ก่อน)", en=f"Its position is too old ({age.en} ago).")
    return None


def _score(
    unit: Candidate,
    here: Point,
    age_s: float,
    place: Point | None,
    rules: RankRules,
    road_s: float | None,
    *,
    asked: bool,
) -> _Scored | Words:
    """The unit with its place in the order and its reasons; Words when it is too far."""
    end = [WORDS_OF_STATE[unit.state], KIND_WORDS[unit.kind]]
    if place is None:
        known = [_age_words(age_s)]
        return _Scored((0.0, age_s, unit.unit_id), unit, None, None, age_s, known + end)
    away_m = distance_m(here, place)
    speed_mps = rules.speed_kmh[unit.kind] / 3.6
    eta_s = away_m * rules.detour / speed_mps if road_s is None else road_s
    if eta_s > rules.far_s or away_m > rules.near_m:
        return _too_far(away_m, eta_s, rules)
    # It may have moved towards the place or away from it: half of what it can have roamed counts against it.
    roamed_m = age_s * rules.roam_kmh[unit.kind] / 3.6
    doubt_s = roamed_m / 2 / speed_mps
    reasons = [_distance_words(away_m), _eta_words(eta_s, by_road=road_s is not None), _age_words(age_s)]
    if asked and road_s is None:
        reasons.append(
            Words(th="ไม่อยู่บนถนนในแผนที่ จึงคิดจากระยะตรง", en="not on a mapped road, so by straight line")
        )
    if age_s > rules.fix_stale_s:
        roamed, doubt = _distance(roamed_m), _duration(doubt_s)
        reasons.append(
            Words(
                th=f"อาจเคลื่อนที่ไปแล้วถึง {roamed.th} จึงคิดเผื่อ {doubt.th}",
                en=f"may have moved up to {roamed.en}, so {doubt.en} are added",
            )
        )
    return _Scored((eta_s + doubt_s, age_s, unit.unit_id), unit, away_m, eta_s, age_s, reasons + end)


def _too_far(away_m: float, eta_s: float, rules: RankRules) -> Words:
    away = _distance(away_m)
    if away_m > rules.near_m:
        near = _distance(rules.near_m)
        return Words(
            th=f"ไกลเกินไป: ห่าง {away.th} (เกิน {near.th})", en=f"Too far: {away.en} away (over {near.en})."
        )
    limit = _duration(rules.far_s)
    if math.isinf(eta_s):
        return Words(
            th=f"ห่าง {away.th} แต่ไม่มีทางถนนที่ไปถึงได้ภายใน {limit.th}",
            en=f"{away.en} away, but no road leads there within {limit.en}.",
        )
    eta = _duration(eta_s)
    return Words(
        th=f"ไกลเกินไป: ห่าง {away.th} ใช้เวลาราว {eta.th} (เกิน {limit.th})",
        en=f"Too far: {away.en} away, about {eta.en} (over {limit.en}).",
    )


def _summary(ranked: Sequence[RankedUnit], not_listed: Sequence[NotListed], place: Point | None) -> Words:
    if not ranked and not not_listed:
        return Words(th="ยังไม่มีสายตรวจในระบบ", en="There is no patrol unit yet.")
    if not ranked:
        return Words(
            th=f"ไม่มีสายตรวจที่ว่างและอยู่ใกล้พอ (ดูเหตุผลของทั้ง {len(not_listed)} ชุด)",
            en=f"Nobody is free and near enough (see why, unit by unit: {len(not_listed)}).",
        )
    first = ranked[0]
    if place is None or first.distance_m is None or first.eta_s is None:
        return Words(
            th=f"ยังไม่ทราบที่เกิดเหตุ จึงเรียงตามความใหม่ของตำแหน่ง มีสายตรวจว่าง {len(ranked)} ชุด",
            en=f"The place is not known yet: {len(ranked)} free unit(s), by how fresh their positions are.",
        )
    away, eta = _distance(first.distance_m), _duration(first.eta_s)
    return Words(
        th=f"ใกล้สุด {first.call_sign} ห่าง {away.th} ราว {eta.th} · พร้อมไป {len(ranked)} ชุด",
        en=f"Nearest: {first.call_sign}, {away.en} away, about {eta.en} · {len(ranked)} could go.",
    )


def _age_s(fix_at: datetime, at: datetime) -> float:
    return max(0.0, (at - fix_at).total_seconds())


def _distance_words(metres: float) -> Words:
    away = _distance(metres)
    return Words(th=f"ห่าง {away.th}", en=f"{away.en} away")


def _eta_words(seconds: float, *, by_road: bool) -> Words:
    eta = _duration(seconds)
    if by_road:
        return Words(th=f"ราว {eta.th}ตามถนน", en=f"about {eta.en} by road")
    return Words(th=f"ราว {eta.th} (คิดจากระยะตรง)", en=f"about {eta.en} (by straight line)")


def _age_words(seconds: float) -> Words:
    age = _duration(seconds)
    return Words(th=f"ตำแหน่งเมื่อ {age.th}ก่อน", en=f"position {age.en} ago")


def _distance(metres: float) -> Words:
    if metres < 995:
        text = f"{round(metres, -1):.0f}" if metres >= 100 else f"{metres:.0f}"
        return Words(th=f"{text} ม.", en=f"{text} m")
    return Words(th=f"{metres / 1000:.1f} กม.", en=f"{metres / 1000:.1f} km")


def _duration(seconds: float) -> Words:
    if seconds < 60:
        return Words(th=f"{seconds:.0f} วินาที", en=f"{seconds:.0f} s")
    if seconds < 5400:
        return Words(th=f"{round(seconds / 60)} นาที", en=f"{round(seconds / 60)} min")
    return Words(th=f"{seconds / 3600:.1f} ชั่วโมง", en=f"{seconds / 3600:.1f} h")
