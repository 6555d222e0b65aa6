"""Who is recommended: every unit is either ranked with reasons or named with the reason why not."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.geo import Point
from safezone.events.patrol import UNIT_KINDS, UnitKind, UnitState
from safezone.patrol.ranking import Candidate, RankRules, rank

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PLACE = Point(104.7235, 16.5420)
RULES = RankRules()
METRE = 1 / 111_195


def unit(
    name: str,
    metres: float = 400,
    age_s: float = 12,
    kind: UnitKind = "car",
    state: UnitState = "available",
    incident_ids: list[str] | None = None,
    *,
    refused: bool = False,
) -> Candidate:
    there = Point(PLACE.lon, PLACE.lat + metres * METRE)
    return Candidate(
        name, f"มุกดา {name}", kind, state, there, NOW - timedelta(seconds=age_s), incident_ids or [], refused
    )


def test_the_nearest_comes_first_and_says_why_in_both_languages() -> None:
    advice = rank([unit("12", 900), unit("11", 424)], PLACE, NOW, RULES)
    assert [u.unit_id for u in advice.units] == ["11", "12"]
    assert [u.rank for u in advice.units] == [1, 2]
    first = advice.units[0]
    assert first.distance_m == pytest.approx(424, abs=1)
    thai = " · ".join(w.th for w in first.reasons)
    assert thai == "ห่าง 420 ม. · ราว 1 นาที (คิดจากระยะตรง) · ตำแหน่งเมื่อ 12 วินาทีก่อน · ว่าง · รถยนต์"
    english = " · ".join(w.en for w in first.reasons)
    assert english == "420 m away · about 1 min (by straight line) · position 12 s ago · available · car"
    assert advice.method == "straight_line"
    assert advice.summary.th == "ใกล้สุด มุกดา 11 ห่าง 420 ม. ราว 1 นาที · พร้อมไป 2 ชุด"


def test_an_old_position_counts_against_a_unit_and_says_so() -> None:
    advice = rank([unit("old", 400, age_s=300), unit("new", 500, age_s=5)], PLACE, NOW, RULES)
    assert [u.unit_id for u in advice.units] == ["new", "old"]
    assert any("อาจเคลื่อนที่ไปแล้วถึง 1.2 กม." in w.th for w in advice.units[1].reasons)
    assert not any("อาจเคลื่อนที่" in w.th for w in advice.units[0].reasons)


def test_on_foot_near_is_slower_than_by_car_less_near() -> None:
    advice = rank([unit("foot", 400, kind="foot"), unit("car", 900)], PLACE, NOW, RULES)
    assert [u.unit_id for u in advice.units] == ["car", "foot"]


def test_by_road_the_order_follows_the_road() -> None:
    times = {"across": 700.0, "along": 90.0, "off": None, "cut": math.inf}
    units = [unit("across", 200), unit("along", 900), unit("off", 300), unit("cut", 100)]
    advice = rank(units, PLACE, NOW, RULES, times)
    assert advice.method == "road"
    assert [u.unit_id for u in advice.units] == ["off", "along", "across"]
    assert any("คิดจากระยะตรง" in w.th for w in advice.units[0].reasons)
    assert [n.unit_id for n in advice.not_listed] == ["cut"]
    assert "ไม่มีทางถนน" in advice.not_listed[0].reason.th


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (unit("11", state="off_duty"), "Off duty."),
        (unit("11", refused=True), "Has refused this incident."),
        (unit("11", state="unavailable"), "Has said that it is unavailable."),
        (unit("11", state="en_route", incident_ids=["i-9"]), "On another incident (en route, 2569/000009)."),
        (unit("11", state="on_scene", incident_ids=["i-1"]), "Is on this incident already."),
        (Candidate("11", "มุกดา 11", "car", "available"), "Its position is not known."),
        (unit("11", age_s=2100), "Its position is too old (35 min ago)."),
        (unit("11", 7000), "Too far: 7.0 km away (over 5.0 km)."),
        (unit("11", 3000, kind="foot"), "Too far: 3.0 km away, about 45 min (over 20 min)."),
    ],
)
def test_whoever_is_not_proposed_is_named_with_the_reason(one: Candidate, says: str) -> None:
    advice = rank([one], PLACE, NOW, RULES, incident_names={"i-9": "2569/000009"}, incident_id="i-1")
    assert [n.reason.en for n in advice.not_listed] == [says]
    assert advice.nobody_near
    assert advice.summary.th == "ไม่มีสายตรวจที่ว่างและอยู่ใกล้พอ (ดูเหตุผลของทั้ง 1 ชุด)"


def test_with_no_unit_at_all_it_says_so() -> None:
    advice = rank([], PLACE, NOW, RULES)
    assert advice.nobody_near
    assert advice.summary.en == "There is no patrol unit yet."


def test_without_a_place_the_freshest_positions_come_first() -> None:
    advice = rank([unit("a", 100, 50), unit("b", 900, 5)], None, NOW, RULES)
    assert [u.unit_id for u in advice.units] == ["b", "a"]
    assert advice.units[0].distance_m is None
    assert "ยังไม่ทราบที่เกิดเหตุ" in advice.summary.th


states: list[UnitState] = ["off_duty", "available", "assigned", "en_route", "on_scene", "unavailable"]
candidates = st.lists(
    st.builds(
        Candidate,
        unit_id=st.uuids().map(str),
        call_sign=st.text(min_size=1, max_size=8),
        kind=st.sampled_from(UNIT_KINDS),
        state=st.sampled_from(states),
        place=st.none() | st.builds(Point, st.floats(104.6, 104.8), st.floats(16.5, 16.6)),
        fix_at=st.none() | st.integers(-10, 5000).map(lambda s: NOW - timedelta(seconds=s)),
        incident_ids=st.lists(st.just("i-9"), max_size=1),
        refused=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda u: u.unit_id,
)
road_times = st.none() | st.sampled_from([30.0, 500.0, 5000.0, math.inf])


@given(candidates, st.none() | st.just(PLACE), st.data())
def test_nobody_is_forgotten_and_nobody_busy_is_proposed(
    units: list[Candidate], place: Point | None, data: st.DataObject
) -> None:
    times = {u.unit_id: data.draw(road_times) for u in units} if data.draw(st.booleans()) else None
    advice = rank(units, place, NOW, RULES, times)
    named = [u.unit_id for u in advice.units] + [n.unit_id for n in advice.not_listed]
    assert sorted(named) == sorted(u.unit_id for u in units)
    assert advice.nobody_near == (not advice.units)
    by_id = {u.unit_id: u for u in units}
    for proposed in advice.units:
        one = by_id[proposed.unit_id]
        assert one.state == "available"
        assert not one.refused
        assert proposed.fix_age_s <= RULES.fix_lost_s
        assert proposed.reasons
        assert proposed.eta_s is None or proposed.eta_s <= RULES.far_s
        assert all(w.th and w.en for w in proposed.reasons)


@given(st.floats(10, 3000), st.floats(10, 3000), st.floats(0, 800), st.sampled_from(UNIT_KINDS))
def test_of_two_alike_the_nearer_and_of_two_as_near_the_fresher(
    near_m: float, far_m: float, age_s: float, kind: UnitKind
) -> None:
    near_m, far_m = sorted((near_m, far_m))
    rules = RankRules(far_s=math.inf)
    if far_m - near_m > 1:
        advice = rank([unit("far", far_m, age_s, kind), unit("near", near_m, age_s, kind)], PLACE, NOW, rules)
        assert advice.units[0].unit_id == "near"
    fresh = rank([unit("old", near_m, age_s + 5, kind), unit("new", near_m, age_s, kind)], PLACE, NOW, rules)
    assert fresh.units[0].unit_id == "new"
