"""Units on incidents: sent by a person, never on two by accident, free when it is over; and incidents that become one."""

from __future__ import annotations

import pytest

from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from safezone.incidents import commands as cmds
from safezone.incidents import queries
from safezone.incidents.queries import units_busy
from safezone.patrol.commands import SetUnitState
from tests.incidents.desk import MARKET, ON_DUTY, OPERATOR, Desk
from tests.support.station import STATION, who


def busy(desk: Desk) -> dict[str, list[str]]:
    with desk.read() as conn:
        return units_busy(conn, STATION, ON_DUTY)


# ── sending ──


def test_a_unit_on_another_incident_needs_a_reason(desk: Desk) -> None:
    first = desk.dispatch(desk.opened(), "car-1")
    second = desk.opened()
    with pytest.raises(Conflict) as refused:
        desk.dispatch(second, "car-1", "moto-1")
    assert refused.value.code == "unit_busy"
    assert refused.value.extra["units"] == [{"unit_id": "car-1", "incident_ids": [first.id]}]
    assert refused.value.extra["current"] == desk.view(second.id)
    assert desk.view(second.id).assignments == [], "also the free one was not sent"
    sent = desk.dispatch(second, "car-1", "moto-1", reason="nobody else is near")
    assert {a.unit_id: a.reason for a in sent.assignments} == {"car-1": "nobody else is near", "moto-1": None}
    assert busy(desk)["car-1"] == [first.id, second.id]


def test_sending_a_unit_that_is_here_already_changes_nothing(desk: Desk) -> None:
    here = desk.dispatch(desk.opened(), "car-1")
    assert desk.dispatch(here, "car-1", "car-1") == here
    elsewhere = desk.dispatch(desk.opened(), "car-1", reason="two at once")
    assert desk.dispatch(elsewhere, "car-1") == elsewhere, (
        "it is no new assignment, so it takes no new reason"
    )
    more = desk.dispatch(here, "car-1", "moto-1")
    assert [a.unit_id for a in more.assignments] == ["car-1", "moto-1"]


def test_who_cannot_be_sent(desk: Desk) -> None:
    view = desk.opened()
    for unit_id, why in (("car-2", "off duty"), ("car-9", "no such unit")):
        with pytest.raises(Conflict, match=why):
            desk.dispatch(view, "moto-1", unit_id)
    desk.do(SetUnitState("car-1", "unavailable", "ยางแบน"), who("unit", "car-1"))
    with pytest.raises(Conflict, match="ยางแบน") as refused:
        desk.dispatch(view, "car-1", reason="whatever")
    assert refused.value.code == "unit_not_available"
    with pytest.raises(Invalid):
        desk.dispatch(view)
    assert desk.view(view.id) == view


def test_a_unit_that_refused_or_left_can_be_sent_again(desk: Desk) -> None:
    view = desk.dispatch(desk.opened(), "car-1")
    refused = desk.step(view, "car-1", "refused", reason="ยางแบน")
    assert (refused.state, refused.assignments[0].reason) == ("acknowledged", "ยางแบน")
    desk.clock.advance(5)
    again = desk.dispatch(refused, "car-1")
    assert (again.state, [a.state for a in again.assignments]) == ("dispatched", ["assigned"])
    assert again.dispatched_at == desk.clock.now(), "nobody was on the way any more"


# ── steps ──


def test_the_clock_is_that_of_the_first_unit_to_come_so_far(desk: Desk) -> None:
    """A second unit that is sent, sets out or arrives later must not make the response look slow or the clock young."""
    start = desk.clock.now()
    view = desk.dispatch(desk.opened(), "car-1")
    for unit, step in (("car-1", "en_route"), ("car-1", "on_scene")):
        desk.clock.advance(10)
        view = desk.step(view, unit, step)
    desk.clock.advance(10)
    view = desk.dispatch(view, "moto-1")
    for step in ("accepted", "en_route", "on_scene"):
        desk.clock.advance(10)
        view = desk.step(view, "moto-1", step)
    seconds = [
        (at - start).total_seconds() for at in (view.dispatched_at, view.en_route_at, view.on_scene_at) if at
    ]
    assert seconds == [0, 10, 20]
    by_unit = {a.unit_id: a for a in view.assignments}
    assert (by_unit["moto-1"].on_scene_at or start) > (by_unit["car-1"].on_scene_at or start)


def test_the_stage_follows_the_units_there_and_back(desk: Desk) -> None:
    view = desk.dispatch(desk.opened(), "car-1", "moto-1")
    assert desk.step(view, "car-1", "en_route").state == "en_route"
    assert desk.step(view, "moto-1", "accepted").state == "en_route"
    assert desk.step(view, "car-1", "refused").state == "dispatched", "the motorcycle is still only sent"
    assert desk.step(view, "moto-1", "cleared").state == "acknowledged", "nobody was there and nobody comes"
    again = desk.dispatch(desk.view(view.id), "car-1")
    assert desk.step(again, "car-1", "on_scene").state == "on_scene"
    assert desk.step(again, "car-1", "cleared").state == "on_scene", "a person says when it is over"
    assert desk.dispatch(desk.view(view.id), "car-1").state == "on_scene", "also when it is sent back"


def test_falling_back_a_stage_makes_no_clock_young(desk: Desk) -> None:
    start = desk.clock.now()
    view = desk.dispatch(desk.opened(), "car-1", "moto-1")
    desk.clock.advance(10)
    desk.step(view, "car-1", "en_route")
    desk.clock.advance(10)
    back = desk.step(view, "car-1", "refused")
    assert (back.state, back.dispatched_at) == ("dispatched", start), (
        "the motorcycle was sent then, and not now"
    )
    assert back.clock is not None
    assert back.clock.started_at == start
    desk.clock.advance(10)
    assert desk.step(view, "moto-1", "en_route").en_route_at == desk.clock.now(), (
        "only now somebody is on the way again"
    )


def test_a_step_again_changes_nothing_and_back_is_a_conflict(desk: Desk) -> None:
    view = desk.dispatch(desk.opened(), "car-1")
    there = desk.step(view, "car-1", "on_scene")
    head = desk.head()
    assert desk.step(view, "car-1", "on_scene") == there
    assert desk.head() == head
    for step in ("accepted", "en_route", "refused"):
        with pytest.raises(Conflict, match="cannot_step_back") as refused:
            desk.step(view, "car-1", step)
        assert refused.value.extra["current"] == there


def test_steps_overtake_nobodys_decision(desk: Desk) -> None:
    view = desk.dispatch(desk.opened(), "car-1")
    desk.step(view, "car-1", "en_route")
    assert desk.on(view, cmds.ChangePriority, 2, "calmer").priority == 2


def test_a_unit_speaks_for_itself_and_the_command_centre_for_all(desk: Desk) -> None:
    view = desk.dispatch(desk.opened(), "car-1")
    with pytest.raises(NotFound):
        desk.step(view, "car-1", "accepted", by=who("unit", "moto-1"))
    with pytest.raises(NotFound):
        desk.step(view, "moto-1", "accepted")
    for role in ("sos_point", "auditor", "public"):
        with pytest.raises((NotAllowed, NotSignedIn)):
            desk.step(view, "car-1", "accepted", by=who(role, "sos-01"))
    assert desk.step(view, "car-1", "accepted", by=OPERATOR).assignments[0].state == "accepted"


def test_a_unit_sees_the_incidents_it_is_sent_to_while_it_is_sent_to_them(desk: Desk) -> None:
    mine = desk.dispatch(desk.opened(), "car-1")
    desk.opened()
    car = who("unit", "car-1")
    assert desk.open_list(car, "all") == [mine.id]
    assert desk.open_list(who("unit", "moto-1"), "all") == []
    desk.do(cmds.AddNote(mine.id, "ถึงแล้ว"), car)
    with pytest.raises(NotFound):
        desk.do(cmds.AddNote(mine.id, "not mine"), who("unit", "moto-1"))
    desk.step(mine, "car-1", "cleared")
    assert desk.open_list(car, "all") == []
    with desk.read() as conn, pytest.raises(NotFound):
        queries.get_incident(conn, car, mine.id, desk.surroundings)
    desk.do(cmds.AddNote(mine.id, "what I saw there"), car)


def test_a_unit_finds_its_incident_however_many_it_has_left(desk: Desk) -> None:
    mine = desk.dispatch(desk.opened(), "car-1")
    for _ in range(5):
        desk.clock.advance(1)
        desk.close_as(desk.dispatch(desk.opened(), "car-1", reason="on the way"))
    with desk.read() as conn:
        listed = queries.list_incidents(conn, who("unit", "car-1"), desk.surroundings, state="all", limit=3)
    assert [view.id for view in listed] == [mine.id]


# ── over ──


def test_closing_sets_every_unit_free(desk: Desk) -> None:
    view = desk.dispatch(desk.opened(), *ON_DUTY)
    desk.step(view, "car-1", "on_scene")
    desk.step(view, "moto-1", "refused")
    closed = desk.close_as(desk.view(view.id))
    assert {a.unit_id: a.state for a in closed.assignments} == {
        "car-1": "cleared", "moto-1": "refused", "foot-1": "cleared"
    }  # fmt: skip
    assert busy(desk) == {}
    assert desk.dispatch(desk.opened(), *ON_DUTY).state == "dispatched"


# ── merging ──


def test_merging_moves_reports_and_units(desk: Desk) -> None:
    one = desk.dispatch(desk.opened(place=MARKET), "car-1", "moto-1")
    desk.step(one, "car-1", "on_scene")
    desk.step(one, "moto-1", "refused")
    other = desk.opened(place=MARKET, text="the same, seen from the temple")
    desk.do(cmds.AddNote(one.id, "stays where it was written"))
    desk.clock.advance(30)
    joined = desk.merge(desk.view(one.id), other)
    assert (joined.id, joined.report_count, joined.state) == (other.id, 2, "on_scene")
    assert {a.unit_id: a.state for a in joined.assignments} == {"car-1": "on_scene"}, (
        "it has not left the place"
    )
    gone = desk.view(one.id)
    assert (gone.state, gone.outcome, gone.merged_into) == ("closed", "duplicate", other.id)
    assert {a.unit_id: a.state for a in gone.assignments} == {"car-1": "cleared", "moto-1": "refused"}
    assert [r.text for r in desk.detail(other.id).reports] == [None, "the same, seen from the temple"]
    assert desk.detail(one.id).reports == []
    assert [n.text for n in desk.detail(one.id).notes] == ["stays where it was written"]
    assert busy(desk) == {"car-1": [other.id]}
    assert desk.kinds(other.id)[-4:] == [
        "twin_absorbed",
        "incident_acknowledged",
        "unit_dispatched",
        "unit_arrived",
    ]
    assert desk.verdict().content


def test_a_unit_on_both_stays_once_with_what_it_has_reached(desk: Desk) -> None:
    one, other = desk.dispatch(desk.opened(), "car-1"), desk.opened()
    other = desk.dispatch(other, "car-1", reason="both are the same, I think")
    desk.step(other, "car-1", "en_route")
    joined = desk.merge(one, other)
    assert [(a.unit_id, a.state, a.reason) for a in joined.assignments] == [
        ("car-1", "en_route", "both are the same, I think")
    ]
    assert busy(desk) == {"car-1": [other.id]}


def test_the_reason_of_a_second_assignment_moves_along(desk: Desk) -> None:
    elsewhere = desk.dispatch(desk.opened(), "car-1")
    one = desk.dispatch(desk.opened(), "car-1", reason="nobody else")
    joined = desk.merge(one, desk.opened())
    assert [a.reason for a in joined.assignments] == ["nobody else"]
    assert busy(desk)["car-1"] == [elsewhere.id, joined.id]


def test_what_cannot_be_merged(desk: Desk) -> None:
    view, closed = desk.opened(), desk.close_as(desk.opened())
    with pytest.raises(Invalid, match="itself"):
        desk.merge(view, view)
    with pytest.raises(Conflict, match="already_closed") as refused:
        desk.merge(view, closed)
    assert refused.value.extra["current"] == closed
    with pytest.raises(Conflict, match="already_closed"):
        desk.merge(closed, view)
    with pytest.raises(NotFound):
        desk.on(view, cmds.MergeIncident, "no-such-incident")
    gone = desk.opened()
    desk.merge(gone, view)
    with pytest.raises(Conflict, match="merged"):
        desk.reopen(desk.view(gone.id))
