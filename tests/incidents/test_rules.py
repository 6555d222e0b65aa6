"""What is decided about an incident, tried with every combination that hypothesis can think of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safezone.core.settings import Limits, Priorities
from safezone.events.incidents import IncidentKind, Stage
from safezone.incidents.commands import AssignmentStep
from safezone.incidents.rules import (
    ACTIVE_STEPS,
    CLOCK_TOLERANCE,
    REPEAT_WITHOUT_TIME,
    STEP_ORDER,
    Assignment,
    busy_elsewhere,
    claim_in_utc,
    claim_is_trusted,
    is_twin_press,
    limit_of,
    name_of,
    next_step,
    press_dedupe_key,
    priority_of,
    stage_of,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STAGES: tuple[Stage, ...] = get_args(Stage)
KINDS: tuple[IncidentKind, ...] = get_args(IncidentKind)

times = st.integers(-200_000_000, 400_000_000).map(lambda s: NOW + timedelta(seconds=s, microseconds=s % 997))
steps = st.sampled_from(get_args(AssignmentStep))
assignments = st.lists(
    st.builds(Assignment, st.sampled_from("abcde"), st.sampled_from(list(STEP_ORDER)), st.booleans()),
    max_size=5,
    unique_by=lambda a: a.unit_id,
)


def test_every_kind_of_incident_has_a_priority_to_begin_with() -> None:
    assert set(Priorities.__struct_fields__) == set(get_args(IncidentKind)), "core/settings.py: Priorities"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_priority(kind: IncidentKind) -> None:
    assert 1 <= priority_of(kind, Priorities()) <= 4
    if kind in ("sos", "robbery", "assault", "fire", "medical"):
        assert priority_of(kind, Priorities()) == 1, "somebody's life may depend on it"


@given(times, times)
def test_a_claimed_time_is_trusted_within_five_minutes_either_way(claimed: datetime, at: datetime) -> None:
    assert claim_is_trusted(claimed, at) == (abs(claimed - at) <= CLOCK_TOLERANCE)
    assert claim_is_trusted(None, at)


@given(st.datetimes(), st.none() | st.timezones())
def test_whatever_a_clock_claims_becomes_a_time_in_utc(claimed: datetime, zone: object) -> None:
    said = claim_in_utc(claimed.replace(tzinfo=zone))  # type: ignore[arg-type]
    assert said is not None
    assert said.tzinfo is UTC
    assert abs(said.replace(tzinfo=None) - claimed) <= timedelta(hours=26)
    assert claim_in_utc(None) is None


presses = st.tuples(
    st.sampled_from(["mdh", "nki"]), st.sampled_from(["sos-01", "sos-1"]), st.integers(0, 12), times
)


@given(presses, presses, times, times)
def test_the_same_press_is_the_same_whenever_it_arrives_and_no_other_is(
    one: tuple[str, str, int, datetime],
    other: tuple[str, str, int, datetime],
    first: datetime,
    second: datetime,
) -> None:
    key = press_dedupe_key(*one, first)
    assert key == press_dedupe_key(*one, second)
    assert (key == press_dedupe_key(*other, second)) == (one == other)


@given(presses, times, times)
def test_a_press_without_a_time_is_the_same_within_ten_minutes_only(
    press: tuple[str, str, int, datetime], first: datetime, second: datetime
) -> None:
    station, point, number, claimed = press
    key = press_dedupe_key(station, point, number, None, first)
    again = press_dedupe_key(station, point, number, None, second)
    if key == again:
        assert abs(first - second) < REPEAT_WITHOUT_TIME
    assert press_dedupe_key(station, point, number, None, first) == key
    assert press_dedupe_key(station, point, number, claimed, first) != key


@given(times, st.integers(-7200, 7200), st.integers(1, 600))
def test_two_presses_are_one_within_the_window_also_when_the_clock_was_set_back(
    at: datetime, apart_s: int, window_s: int
) -> None:
    limits = Limits(twin_window_s=window_s)
    assert is_twin_press(at, at + timedelta(seconds=apart_s), limits) == (abs(apart_s) <= window_s)


@given(st.sampled_from(STAGES), assignments)
def test_the_stage_is_the_farthest_that_a_unit_has_come(current: Stage, listed: list[Assignment]) -> None:
    stage = stage_of(current, listed)
    active = {a.step for a in listed if a.step in ACTIVE_STEPS}
    if current in ("reported", "closed"):
        assert stage == current, "only a person acknowledges or closes"
    elif "on_scene" in active or any(a.arrived for a in listed):
        assert stage == "on_scene"
    elif "en_route" in active:
        assert stage == "en_route"
    else:
        assert stage == ("dispatched" if active else "acknowledged")
    assert stage_of(stage, listed) == stage, "looking twice changes nothing"


@given(st.sampled_from(STAGES), assignments, st.randoms())
def test_the_order_of_the_units_does_not_matter(
    current: Stage, listed: list[Assignment], chance: object
) -> None:
    shuffled = list(listed)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stage_of(current, shuffled) == stage_of(current, listed)


@given(st.lists(steps, max_size=12))
def test_a_unit_only_ever_goes_forward(wanted: list[AssignmentStep]) -> None:
    current, path = "assigned", ["assigned"]
    for want in wanted:
        try:
            step = next_step(current, want)
        except ValueError:
            continue
        if step is None:
            assert want == current, "only what is so already changes nothing"
            continue
        assert step == want
        current = step
        path.append(step)
    orders = [STEP_ORDER[step] for step in path]
    assert orders == sorted(set(orders)), path
    if {"cleared", "refused"} & set(path):
        assert path[-1] in ("cleared", "refused"), "after the end there is nothing"


@pytest.mark.parametrize(
    ("current", "wanted"),
    [("on_scene", "refused"), ("cleared", "refused"), ("refused", "cleared"), ("on_scene", "accepted")],
)
def test_what_a_unit_cannot_do(current: str, wanted: AssignmentStep) -> None:
    with pytest.raises(ValueError, match=current):
        next_step(current, wanted)


@given(
    st.lists(st.sampled_from("abcd"), unique=True),
    st.dictionaries(st.sampled_from("abcd"), st.lists(st.sampled_from("XYZ"), unique=True, min_size=1)),
)
def test_busy_is_who_is_on_another_incident(wanted: list[str], on: dict[str, list[str]]) -> None:
    found = busy_elsewhere(wanted, on, "X")
    assert set(found) == {unit for unit in wanted if set(on.get(unit, [])) - {"X"}}
    assert all("X" not in others and set(others) <= set(on[unit]) for unit, others in found.items())


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_somebody_waits_in_has_a_limit(stage: Stage) -> None:
    limits = Limits(acknowledge_limit_s=1, dispatch_limit_s=2, accept_limit_s=3, arrive_limit_s=4)
    expected = {"reported": 1, "acknowledged": 2, "dispatched": 3, "en_route": 4}.get(stage)
    assert limit_of(stage, limits) == expected


@given(st.integers(2500, 2700), st.integers(1, 999_999), st.integers(1, 999_999))
def test_names_of_a_year_sort_as_their_numbers(year: int, one: int, other: int) -> None:
    assume(one != other)
    assert (name_of(year, one) < name_of(year, other)) == (one < other)
