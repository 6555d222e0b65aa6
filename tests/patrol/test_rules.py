"""What a fix is worth: nothing marked is ever drawn as newest, and nothing can freeze a unit for ever."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.db import to_us
from safezone.core.errors import Conflict
from safezone.core.geo import Point, distance_m
from safezone.events.patrol import UnitKind, Work
from safezone.patrol.rules import (
    NOTHING_SEEN,
    WORDS_OF_MARK,
    Claim,
    FixRules,
    Mark,
    Marked,
    Track,
    check_availability,
    check_sign_off,
    mark_fix,
    state_of,
    work_after,
)
from tests.support.places import shared_data

RULES = FixRules()
SECOND = 1_000_000
START = 1_800_000_000 * SECOND
"""A server's time to begin with, in microseconds."""
HERE = (104.7235, 16.5420)


class Device:
    """A unit's phone as the server knows it: feeds fixes to the rules and remembers the track."""

    def __init__(self, kind: UnitKind = "car", on_duty_since_us: int | None = START) -> None:
        self.kind = kind
        self.since_us = on_duty_since_us
        self.track = NOTHING_SEEN
        self.verdicts: list[Marked] = []

    def send(
        self,
        received_s: float,
        claimed_s: float | None,
        lon: float = HERE[0],
        lat: float = HERE[1],
        **more: Any,
    ) -> Mark:
        """One fix, times in seconds after START."""
        claim = Claim(lon, lat, None if claimed_s is None else START + int(claimed_s * SECOND), **more)
        received_us = START + int(received_s * SECOND)
        marked, self.track = mark_fix(
            self.track, claim, received_us, on_duty_since_us=self.since_us, kind=self.kind, rules=RULES
        )
        self.verdicts.append(marked)
        return marked.mark

    @property
    def age_at(self) -> float:
        """Seconds after START of the drawn fix."""
        assert self.track.newest is not None
        return (self.track.newest.at_us - START) / SECOND


def test_a_unit_on_its_way_is_drawn_at_each_fix() -> None:
    device = Device()
    assert [device.send(t, t - 1, HERE[0] + t * 1e-5) for t in range(10, 100, 10)] == ["ok"] * 9
    assert device.age_at == 89


def test_an_older_fix_is_late_and_does_not_move_the_unit() -> None:
    device = Device()
    device.send(60, 59)
    assert device.send(61, 50, HERE[0] + 0.001) == "late"
    assert device.track.newest is not None
    assert (device.track.newest.lon, device.age_at) == (HERE[0], 59)
    assert device.verdicts[-1].kept


def test_the_same_fix_again_is_repeated_and_not_kept_twice() -> None:
    device = Device()
    device.send(60, 59)
    assert device.send(61, 59) == "repeated"
    assert not device.verdicts[-1].kept
    assert device.send(62, 59, HERE[0] + 0.001) == "late", (
        "the same time at another place is not the same fix"
    )


def test_an_hour_back_is_the_clock_and_not_a_delay() -> None:
    device = Device(on_duty_since_us=START - 7200 * SECOND)
    device.send(60, 59)
    assert device.send(70, 70 - 3600) == "backwards"
    assert device.verdicts[-1].kept
    assert not device.verdicts[-1].drawn


def test_a_clock_that_goes_back_and_stays_there_does_not_freeze_the_unit() -> None:
    device = Device(on_duty_since_us=START - 7200 * SECOND)
    device.send(0, 0)
    marks = [device.send(t, t - 3600, HERE[0] + t * 1e-6) for t in range(10, 130, 10)]
    assert marks[:4] == ["backwards"] * 4
    assert marks[5:] == ["ok"] * 7
    assert device.age_at == pytest.approx(120, abs=1), "its times are moved to the server's"


def test_a_backlog_after_a_live_fix_is_late_and_never_taken_for_a_wrong_clock() -> None:
    device = Device(on_duty_since_us=START - 7200 * SECOND)
    device.send(3600, 3600)
    marks = Counter(device.send(3601 + i * 0.1, i * 10) for i in range(350))
    assert set(marks) == {"late", "backwards"}
    assert device.age_at == 3600


def test_a_clock_that_is_ahead_is_drawn_with_the_time_of_the_server() -> None:
    device = Device()
    marks = [device.send(t, t + 7200) for t in range(10, 60, 10)]
    assert marks == ["future"] * 5
    assert device.age_at == 50
    assert device.send(60, 60) == "ok", "the clock was set right"
    assert device.age_at == 60


def test_of_a_clock_ahead_old_fixes_stay_late() -> None:
    device = Device()
    device.send(100, 100 + 7200)
    assert device.send(101, 50 + 7200, HERE[0] + 0.001) == "late"
    assert device.age_at == 100


def test_one_impossible_jump_is_kept_and_not_drawn() -> None:
    device = Device()
    device.send(10, 10)
    assert device.send(20, 20, HERE[0] + 1) == "impossible"
    assert device.send(30, 30, HERE[0] + 0.0001) == "ok"
    assert device.send(40, 40, HERE[0] + 1) == "impossible", "the count starts again"
    assert device.send(50, 50, HERE[0] + 1) == "impossible"
    assert device.send(60, 60, HERE[0] + 1) == "ok", "three in a row agree: that is where it is"


def test_a_jump_to_and_fro_is_never_drawn_elsewhere() -> None:
    device = Device()
    device.send(0, 0)
    for t in range(10, 400, 10):
        far = t % 20 == 10
        assert device.send(t, t, HERE[0] + (1 if far else 0)) == ("impossible" if far else "ok")


def test_null_island_is_kept_out_however_often_it_comes() -> None:
    device = Device()
    device.send(10, 10)
    assert {device.send(t, t, 0.0, 0.0) for t in range(20, 200, 10)} == {"impossible"}
    assert device.send(210, 210) == "ok"


@pytest.mark.parametrize(("lon", "lat"), [(math.nan, 16.5), (104.7, math.inf), (181.0, 0.5), (104.7, -90.5)])
def test_what_is_no_place_is_not_kept(lon: float, lat: float) -> None:
    device = Device()
    assert device.send(10, 10, lon, lat) == "impossible"
    assert not device.verdicts[-1].kept
    assert device.track == NOTHING_SEEN


def test_off_duty_nothing_is_kept() -> None:
    device = Device(on_duty_since_us=None)
    assert device.send(10, 10) == "off_duty"
    assert not device.verdicts[-1].kept
    assert device.track == NOTHING_SEEN


def test_what_was_recorded_before_duty_and_sent_after_is_dropped_without_its_place() -> None:
    device = Device(on_duty_since_us=START)
    assert {device.send(1, -t) for t in range(600, 0, -10)} == {"off_duty"}
    assert not any(v.kept for v in device.verdicts)
    assert device.track.newest is None
    assert device.track.elsewhere is None


def test_a_clock_behind_at_sign_on_is_understood_within_a_minute() -> None:
    device = Device(on_duty_since_us=START)
    marks = [device.send(t, t - 3600) for t in range(10, 100, 10)]
    assert marks[0] == "off_duty"
    assert marks[-1] == "ok"


def test_a_fix_without_a_time_has_the_time_of_its_arrival() -> None:
    device = Device()
    assert device.send(10, None) == "ok"
    assert device.age_at == 10


def test_a_lift_does_not_lose_an_officer_on_foot() -> None:
    device = Device(kind="foot")
    marks = [device.send(t, t, HERE[0] + t * 20 / 106_600) for t in range(0, 100, 10)]
    assert marks == ["ok"] * 10, "20 m/s is a car, and officers get into cars"


# ── whatever a device sends ──

seconds = st.integers(-200_000, 200_000)
claims = st.builds(
    Claim,
    lon=st.sampled_from([HERE[0], HERE[0] + 0.001, HERE[0] + 2, 0.0, -181.0, math.nan]),
    lat=st.sampled_from([HERE[1], HERE[1] + 0.001, 0.0, 91.0]),
    at_us=st.none() | seconds.map(lambda s: START + s * SECOND),
    accuracy_m=st.none() | st.floats(-10, 1e6),
)
steps = st.lists(st.tuples(st.integers(0, 600), claims), max_size=40)
starts = st.none() | seconds.map(lambda s: START + s * SECOND)


def run(
    sent: list[tuple[int, Claim]], since_us: int | None
) -> tuple[Track, int, list[tuple[Track, Marked, Track]]]:
    track, received_us, story = NOTHING_SEEN, START, []
    for wait_s, claim in sent:
        received_us += wait_s * SECOND
        before = track
        marked, track = mark_fix(
            before, claim, received_us, on_duty_since_us=since_us, kind="car", rules=RULES
        )
        story.append((before, marked, track))
    return track, received_us, story


@given(steps, starts)
def test_only_ok_and_future_are_drawn_and_time_never_runs_back(
    sent: list[tuple[int, Claim]], since_us: int | None
) -> None:
    _, _, story = run(sent, since_us)
    for before, marked, after in story:
        assert marked.drawn == (marked.mark in ("ok", "future"))
        assert (after.newest != before.newest) == marked.drawn
        if marked.drawn and before.newest and after.newest:
            assert after.newest.at_us > before.newest.at_us
        if marked.mark in ("off_duty", "repeated"):
            assert not marked.kept
        assert marked.mark in WORDS_OF_MARK


@given(steps, starts)
def test_no_place_of_off_duty_is_remembered(sent: list[tuple[int, Claim]], since_us: int | None) -> None:
    track, _, story = run(sent, since_us)
    if since_us is None:
        assert track == NOTHING_SEEN
    for _, marked, after in story:
        if marked.kept:
            assert since_us is not None
            assert marked.at_us >= since_us
        assert after.newest is None or (since_us is not None and after.newest.at_us >= since_us)


@given(steps, st.integers(-100_000, 100_000))
def test_whatever_came_before_an_honest_or_constantly_wrong_clock_is_drawn_again(
    sent: list[tuple[int, Claim]], wrong_s: int
) -> None:
    track, received_us, _ = run(sent, START - 10**6 * SECOND)
    device = Device(on_duty_since_us=START - 10**6 * SECOND)
    device.track = track
    base = (received_us - START) // SECOND + 1
    for t in range(0, 200, 10):
        device.send(base + t, base + t + wrong_s)
    assert device.verdicts[-1].drawn, [v.mark for v in device.verdicts]
    assert device.track.newest is not None
    # A backlog and a clock that is a little behind look the same; only a large age would be a frozen unit.
    behind_s = min(abs(wrong_s), 100_000) if wrong_s < 0 else 0
    assert base + 190 - device.age_at <= behind_s + RULES.future_s


# ── two real trips ──


def trip(name: str) -> list[tuple[int, Claim]]:
    """(arrival, claim) of every message of a recorded trip, in the order of the file."""
    messages = json.loads(shared_data(f"gps/trucks/{name}").read_text())
    fixes = []
    for message in messages:
        said = message["ev"]
        fix, arrived = said["pos"], said.get("receivedTs", said["ts"])
        claim = Claim(
            fix["latlon"]["lng"],
            fix["latlon"]["lat"],
            to_us(datetime.fromisoformat(fix["posTime"])),
            accuracy_m=fix["accuracy"],
            speed_kmh=fix["speed"],
        )
        fixes.append((to_us(datetime.fromisoformat(arrived)), claim))
    return fixes


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vehicle1-trip1.json", {"ok": 347, "repeated": 513, "late": 4, "backwards": 1}),
        ("vehicle2-trip1.json", {"ok": 167, "repeated": 323, "late": 1, "backwards": 1}),
    ],
)
def test_a_real_trip_is_drawn_forwards_only(name: str, expected: dict[Mark, int]) -> None:
    fixes = trip(name)
    since_us = min(claim.at_us or 0 for _, claim in fixes)
    track, marks, drawn = NOTHING_SEEN, Counter[Mark](), []
    for received_us, claim in fixes:
        marked, track = mark_fix(
            track, claim, received_us, on_duty_since_us=since_us, kind="car", rules=RULES
        )
        marks[marked.mark] += 1
        if marked.drawn and track.newest:
            drawn.append(track.newest)
    assert marks == expected
    assert [s.at_us for s in drawn] == sorted({s.at_us for s in drawn})
    last = max(claim.at_us or 0 for _, claim in fixes)
    assert drawn[-1].at_us == last, "the unit stands where it was seen last"
    hops = pairwise(drawn)
    assert max(distance_m(Point(a.lon, a.lat), Point(b.lon, b.lat)) for a, b in hops) < 2000


# ── what a unit is doing ──

works = st.lists(st.builds(Work, st.uuids().map(str), st.sampled_from(["assigned", "en_route", "on_scene"])))


@given(works, st.booleans(), st.booleans())
def test_a_unit_is_as_far_as_its_furthest_incident(
    work: list[Work], on_duty: bool, unavailable: bool
) -> None:
    state = state_of(on_duty=on_duty, unavailable=unavailable, work=work)
    if not on_duty:
        assert state == "off_duty"
    elif not work:
        assert state == ("unavailable" if unavailable else "available")
    else:
        order = ["assigned", "en_route", "on_scene"]
        assert state == max((w.state for w in work), key=order.index)


@given(works, st.uuids().map(str))
def test_taking_and_leaving_an_incident_touches_no_other(work: list[Work], incident_id: str) -> None:
    with_it = work_after(work, incident_id, "assigned")
    assert with_it[-1] == Work(incident_id, "assigned")
    further = work_after(with_it, incident_id, "on_scene")
    assert further == [*work, Work(incident_id, "on_scene")]
    assert work_after(further, incident_id, None) == work
    assert work_after(work, incident_id, None) == work


def test_nobody_leaves_an_incident_behind_without_a_supervisor_and_a_reason() -> None:
    busy = [Work("i", "en_route")]
    check_sign_off("มุกดา 11", [], by_supervisor=False, reason=None)
    check_sign_off("มุกดา 11", busy, by_supervisor=True, reason="รถเสีย")
    for by_supervisor, reason in [(False, None), (False, "รถเสีย"), (True, None)]:
        with pytest.raises(Conflict, match="unit_busy"):
            check_sign_off("มุกดา 11", busy, by_supervisor=by_supervisor, reason=reason)


def test_availability_is_for_units_on_duty_without_an_incident() -> None:
    check_availability("มุกดา 11", [], on_duty=True, unavailable=True)
    with pytest.raises(Conflict, match="unit_off_duty"):
        check_availability("มุกดา 11", [], on_duty=False, unavailable=False)
    with pytest.raises(Conflict, match="unit_busy"):
        check_availability("มุกดา 11", [Work("i", "assigned")], on_duty=True, unavailable=True)
