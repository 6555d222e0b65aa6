"""What a chief is told is counted once, of what is real, and never shows what anybody has said."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.core.errors import Invalid, NotAllowed
from safezone.incidents.counting import LONGEST, Counts, count_incidents, spread
from safezone.incidents.tables import incident
from tests.incidents.desk import Desk
from tests.support.station import START, who

CHIEF = who("chief", "chief")


@pytest.fixture
def real(desk: Desk) -> Desk:
    """Two that were answered, one that waits, one that was joined into another; and one of a drill."""
    drill = desk.opened(text="ฝึกซ้อม")
    desk.clock.advance(3600)
    first = desk.opened(about="robbery", text="ชื่อของผู้แจ้ง")
    desk.clock.advance(10)
    second = desk.opened(about="noise")
    desk.clock.advance(20)
    first = desk.acknowledge(first)
    desk.clock.advance(30)
    first = desk.dispatch(first, "car-1")
    second = desk.acknowledge(second)
    desk.clock.advance(60)
    desk.step(first, "car-1", "on_scene")
    desk.close_as(second, "false_alarm")
    desk.clock.advance(3600)
    joined = desk.opened(about="noise")
    desk.merge(joined, desk.opened(about="fire"))
    with desk.database.write_connection() as conn, conn.begin():
        conn.execute(incident.update().where(incident.c.id != drill.id).values(synthetic=False))
    return desk


def counted(desk: Desk, begins: timedelta = timedelta(), ends: timedelta = timedelta(days=1)) -> Counts:
    with desk.read() as conn:
        return count_incidents(conn, CHIEF, START + begins, START + ends)


def test_it_is_counted_by_state_kind_and_outcome_and_a_drill_is_not(real: Desk) -> None:
    counts = counted(real)
    assert (counts.n, counts.left_out_synthetic, counts.left_out_joined) == (3, 1, 1)
    assert counts.by_state == {"on_scene": 1, "closed": 1, "reported": 1}
    assert counts.by_kind == {"robbery": 1, "noise": 1, "fire": 1}
    assert counts.by_outcome == {"false_alarm": 1}
    assert sum(counts.by_priority.values()) == 3
    assert "ชื่อของผู้แจ้ง" not in msgspec.json.encode(counts).decode()


def test_times_are_of_those_that_have_come_so_far(real: Desk) -> None:
    counts = counted(real)
    taken = counts.to_acknowledge
    assert (taken.n, taken.median_s, taken.p90_s) == (2, 30.0, 50.0)
    assert (counts.to_dispatch.n, counts.to_dispatch.median_s) == (1, 60.0)
    assert (counts.to_scene.n, counts.to_scene.median_s) == (1, 120.0)


def test_a_period_has_a_beginning_that_belongs_to_it_and_an_end_that_does_not(real: Desk) -> None:
    at = timedelta(seconds=3600)
    assert counted(real, at, at + timedelta(seconds=10)).n == 1
    assert counted(real, at + timedelta(microseconds=1), at + timedelta(seconds=11)).by_kind == {"noise": 1}
    for begins, ends in ((at, at), (timedelta(), LONGEST + timedelta(seconds=1))):
        with pytest.raises(Invalid, match="bad_period"):
            counted(real, begins, ends)


def test_it_is_for_those_who_answer_for_the_station(desk: Desk) -> None:
    with desk.read() as conn:
        for role in ("operator", "technician", "partner", "unit"):
            with pytest.raises(NotAllowed):
                count_incidents(conn, who(role, "x"), START, START + timedelta(days=1))


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_a_percentile_is_a_time_that_somebody_took(seconds: list[float]) -> None:
    found = spread(seconds)
    assert found.n == len(seconds)
    if not seconds:
        assert (found.median_s, found.p90_s) == (None, None)
        return
    assert found.median_s in seconds
    assert found.p90_s in seconds
    assert found.median_s <= found.p90_s
    assert sum(s <= found.p90_s for s in seconds) >= 0.9 * len(seconds)
    assert sum(s < found.p90_s for s in seconds) < 0.9 * len(seconds)
