"""An incident from reported to closed and reopened: who may do what, in which order, and what happens to two at once."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from safezone.core.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from safezone.core.geo import Point
from safezone.core.identity import Role
from safezone.events.incidents import Outcome
from safezone.incidents import commands as cmds
from safezone.incidents import queries
from safezone.incidents.views import IncidentView
from tests.incidents.desk import MARKET, ON_DUTY, OPERATOR, OTHER_OPERATOR, SUPERVISOR, SYSTEM, Desk
from tests.support.station import who


def test_from_the_press_to_the_closed_incident(desk: Desk) -> None:
    """Each stage with its time, its clock and its line in the story."""
    view = desk.view(desk.press().incident_id)
    limits = desk.settings.limits
    stages: list[tuple[str, Any, Any]] = [
        (view.state, view.clock and view.clock.started_at, view.clock and view.clock.limit_s)
    ]
    times = [desk.clock.now()]

    def note(after: IncidentView) -> None:
        stages.append(
            (after.state, after.clock and after.clock.started_at, after.clock and after.clock.limit_s)
        )

    def go(step: str) -> IncidentView:
        if step == "acknowledge":
            return desk.acknowledge(view)
        return desk.dispatch(view, "car-1") if step == "dispatch" else desk.step(view, "car-1", step)

    for step in ("acknowledge", "dispatch", "en_route", "on_scene"):
        times.append(desk.clock.advance(7))
        view = go(step)
        note(view)
    names = ["reported", "acknowledged", "dispatched", "en_route", "on_scene"]
    limit_of = [
        limits.acknowledge_limit_s,
        limits.dispatch_limit_s,
        limits.accept_limit_s,
        limits.arrive_limit_s,
        None,
    ]
    assert stages == list(zip(names, times, limit_of, strict=True))
    desk.clock.advance(7)
    view = desk.close_as(view, "resolved", "ส่งตัวให้ญาติ")
    assert (view.state, view.outcome, view.clock, view.closed_at) == (
        "closed",
        "resolved",
        None,
        desk.clock.now(),
    )
    assert [
        view.opened_at,
        view.acknowledged_at,
        view.dispatched_at,
        view.en_route_at,
        view.on_scene_at,
    ] == times
    assert view.acknowledged_by == OPERATOR.actor
    assert [a.state for a in view.assignments] == ["cleared"]
    detail = desk.detail(view.id)
    assert [entry.kind for entry in detail.timeline] == [
        "report_received", "incident_opened", "incident_acknowledged", "unit_dispatched", "unit_en_route",
        "unit_arrived", "unit_cleared", "incident_closed", "note_added",
    ]  # fmt: skip
    assert [note.text for note in detail.notes] == ["ส่งตัวให้ญาติ"]
    assert all(entry.words.th and entry.words.en for entry in detail.timeline)
    assert desk.verdict().content


def test_the_story_is_a_fold_over_the_log(desk: Desk) -> None:
    view = desk.dispatch(desk.opened(), "car-1", "moto-1")
    other = desk.opened()
    desk.do(cmds.AddNote(other.id, "belongs to the other"))
    timeline = desk.detail(view.id).timeline
    about_it = [e for e in desk.log() if e.event.subject == view.id]
    assert [(t.seq, t.at, t.actor, t.kind) for t in timeline] == [
        (e.seq, e.at, e.actor, e.kind) for e in about_it
    ]
    assert {t.unit_id for t in timeline if t.kind == "unit_dispatched"} == {"car-1", "moto-1"}


def test_a_dispatch_acknowledges_what_nobody_had_taken(desk: Desk) -> None:
    view = desk.dispatch(desk.opened(), "car-1")
    assert (view.state, view.acknowledged_by) == ("dispatched", OPERATOR.actor)


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_every_outcome_closes_and_a_false_alarm_is_a_normal_one(desk: Desk, outcome: str) -> None:
    view = desk.close_as(desk.opened(), outcome)
    assert (view.state, view.outcome) == ("closed", outcome)
    assert desk.open_list() == []
    assert desk.open_list(state="closed") == [view.id]


def test_a_closed_incident_is_opened_again_by_whoever_takes_it(desk: Desk) -> None:
    closed = desk.close_as(
        desk.step(desk.step(desk.dispatch(desk.opened(), "car-1"), "car-1", "en_route"), "car-1", "on_scene")
    )
    desk.clock.advance(60)
    view = desk.on(closed, cmds.ReopenIncident, "she called again", by=OTHER_OPERATOR)
    now = desk.clock.now()
    assert (view.state, view.outcome, view.closed_at, view.reopened_at) == ("acknowledged", None, None, now)
    assert (view.acknowledged_by, view.acknowledged_at) == (OTHER_OPERATOR.actor, now)
    assert (view.dispatched_at, view.en_route_at, view.on_scene_at) == (None, None, None)
    assert view.opened_at == closed.opened_at
    again = desk.dispatch(view, "car-1")
    assert (again.state, again.dispatched_at) == ("dispatched", now), (
        "who was there before is there no longer"
    )
    assert [a.state for a in again.assignments] == ["assigned"]


# ── two operators ──


def test_the_second_of_two_operators_is_told_what_changed(desk: Desk) -> None:
    seen_by_both = desk.opened()
    desk.acknowledge(seen_by_both)
    with pytest.raises(Conflict) as refused:
        desk.acknowledge(seen_by_both, by=OTHER_OPERATOR)
    problem = refused.value
    assert problem.code == "overtaken"
    assert problem.extra["current"] == desk.view(seen_by_both.id)
    assert (problem.extra["changed_by"], problem.extra["changed_kind"]) == (
        OPERATOR.actor,
        "incident_acknowledged",
    )
    assert OPERATOR.actor in problem.words.th
    assert "acknowledged" in problem.words.en


DECISIONS: dict[str, tuple[type[Any], tuple[Any, ...]]] = {
    "acknowledge": (cmds.AcknowledgeIncident, ()),
    "dispatch": (cmds.DispatchUnits, (["car-1"],)),
    "priority": (cmds.ChangePriority, (3, "not that urgent")),
    "place": (cmds.CorrectPlace, (MARKET,)),
    "close": (cmds.CloseIncident, ("resolved",)),
}


@pytest.mark.parametrize("second", DECISIONS)
@pytest.mark.parametrize("first", DECISIONS)
def test_no_decision_overtakes_another_unseen(desk: Desk, first: str, second: str) -> None:
    seen_by_both = desk.opened()
    command, rest = DECISIONS[first]
    after = desk.on(seen_by_both, command, *rest)
    assert after.version > seen_by_both.version
    command, rest = DECISIONS[second]
    with pytest.raises(Conflict, match="overtaken") as refused:
        desk.on(seen_by_both, command, *rest, by=OTHER_OPERATOR)
    assert refused.value.extra["current"] == after
    assert desk.view(seen_by_both.id) == after, "the refused one has changed nothing"


def test_merging_and_reopening_are_not_done_unseen_either(desk: Desk) -> None:
    one, other = desk.opened(), desk.opened()
    desk.acknowledge(one)
    with pytest.raises(Conflict, match="overtaken"):
        desk.merge(one, other)
    closed = desk.close_as(desk.view(one.id))
    with pytest.raises(Conflict, match="overtaken"):
        desk.reopen(one)
    assert desk.reopen(closed).state == "acknowledged"


def test_what_is_written_down_never_conflicts(desk: Desk) -> None:
    view = desk.opened()
    for number in range(3):
        desk.do(cmds.AddNote(view.id, f"โน้ต {number}"), OPERATOR if number % 2 else OTHER_OPERATOR)
    assert desk.view(view.id).version == view.version, "nobody's decision is overtaken by a note"
    desk.acknowledge(view)
    desk.close_as(desk.view(view.id))
    desk.do(cmds.AddNote(view.id, "after it was closed"))
    assert [note.text for note in desk.detail(view.id).notes] == [
        "โน้ต 0",
        "โน้ต 1",
        "โน้ต 2",
        "after it was closed",
    ]
    assert [note.actor for note in desk.detail(view.id).notes][:2] == [OTHER_OPERATOR.actor, OPERATOR.actor]


def test_what_cannot_be_done_says_why(desk: Desk) -> None:
    view = desk.opened()
    with pytest.raises(Conflict, match="not_closed"):
        desk.reopen(view)
    taken = desk.acknowledge(view)
    with pytest.raises(Conflict, match="overtaken"):
        desk.acknowledge(taken)
    closed = desk.close_as(taken)
    for command, rest in DECISIONS.values():
        with pytest.raises(Conflict, match="already_closed"):
            desk.on(closed, command, *rest)


# ── who ──


@pytest.mark.parametrize("role", ["unit", "sos_point", "auditor", "public", "system"])
def test_only_the_command_centre_decides(desk: Desk, role: Role) -> None:
    view = desk.dispatch(desk.opened(), "car-1")
    somebody = who(role, "car-1" if role == "unit" else "sos-01")
    merging: tuple[type[Any], tuple[Any, ...]] = (cmds.MergeIncident, (view.id,))
    reopening: tuple[type[Any], tuple[Any, ...]] = (cmds.ReopenIncident, ("x",))
    for command, rest in [*DECISIONS.values(), merging, reopening]:
        with pytest.raises((NotAllowed, NotSignedIn)):
            desk.do(command(view.id, view.version, *rest), somebody)
    with pytest.raises((NotAllowed, NotSignedIn)):
        desk.do(cmds.NoteHandover("x"), somebody)
    assert desk.view(view.id) == view


@pytest.mark.parametrize("role", ["sos_point", "auditor", "public"])
def test_nobody_else_writes_or_reads(desk: Desk, role: Role) -> None:
    view, somebody = desk.opened(), who(role, "sos-01")
    with pytest.raises((NotAllowed, NotSignedIn)):
        desk.do(cmds.AddNote(view.id, "x"), somebody)
    with desk.read() as conn:
        with pytest.raises((NotAllowed, NotSignedIn)):
            queries.get_incident(conn, somebody, view.id, desk.surroundings)
        with pytest.raises((NotAllowed, NotSignedIn)):
            queries.list_incidents(conn, somebody, desk.surroundings)
        with pytest.raises((NotAllowed, NotSignedIn)):
            queries.find_handover(conn, somebody)


def test_an_incident_of_another_station_is_not_there(desk: Desk) -> None:
    from safezone.core.identity import Identity

    view = desk.opened()
    stranger = Identity("nki", "admin", "admin")
    with desk.read() as conn:
        assert queries.list_incidents(conn, stranger, desk.surroundings, state="all") == []
        with pytest.raises(NotFound):
            queries.get_incident(conn, stranger, view.id, desk.surroundings)
    with pytest.raises(NotFound):
        desk.do(cmds.AcknowledgeIncident(view.id, view.version), stranger)


def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    for command, rest in DECISIONS.values():
        with pytest.raises(NotFound):
            desk.do(command("no-such-incident", 1, *rest))
    with pytest.raises(NotFound):
        desk.do(cmds.AddNote("no-such-incident", "x"))
    with pytest.raises(NotFound):
        desk.do(cmds.ProgressAssignment("no-such-incident", "car-1", "accepted"))


# ── priority, place, escalation, handover ──


def test_priority_and_place_are_changed_by_a_person(desk: Desk) -> None:
    view = desk.report(place=MARKET).incident_id
    changed = desk.on(desk.view(view), cmds.ChangePriority, 4, "a lost purse after all")
    assert changed.priority == 4
    elsewhere = Point(MARKET.lon + 0.005, MARKET.lat)
    moved = desk.on(changed, cmds.CorrectPlace, elsewhere)
    assert (moved.place, moved.place_confirmed) == (elsewhere, True)
    assert moved.version == changed.version + 1


def test_a_pole_that_is_not_where_it_was_registered_can_be_corrected(desk: Desk) -> None:
    view = desk.view(desk.press("sos-99").incident_id)
    assert desk.on(view, cmds.CorrectPlace, MARKET).place == MARKET
    known = desk.view(desk.press("sos-03").incident_id)
    assert desk.on(known, cmds.CorrectPlace, MARKET).place == MARKET


def test_the_supervisor_is_told_once_of_what_nobody_takes(desk: Desk) -> None:
    limit_s = desk.settings.limits.acknowledge_limit_s
    waiting, taken = desk.opened(), desk.acknowledge(desk.opened())
    desk.clock.advance(limit_s - 0.001)
    assert desk.do(cmds.EscalateOverdue(), SYSTEM) == 0
    desk.clock.advance(0.001)
    assert desk.do(cmds.EscalateOverdue(), SYSTEM) == 1
    assert desk.do(cmds.EscalateOverdue(), SYSTEM) == 0
    view = desk.view(waiting.id)
    assert (view.escalated_at, view.state, view.version) == (desk.clock.now(), "reported", waiting.version)
    assert desk.view(taken.id).escalated_at is None
    assert desk.acknowledge(waiting).state == "acknowledged", "being told overtakes nobody"
    with pytest.raises(NotAllowed):
        desk.do(cmds.EscalateOverdue(), OPERATOR)


def test_the_newest_handover_note_is_shown_and_the_older_ones_kept(desk: Desk) -> None:
    with desk.read() as conn:
        assert queries.find_handover(conn, OPERATOR) is None
    desk.do(cmds.NoteHandover("กะเช้า"), OPERATOR)
    desk.clock.advance(1)
    desk.do(cmds.NoteHandover("กะบ่าย"), SUPERVISOR)
    with desk.read() as conn:
        newest = queries.find_handover(conn, OPERATOR)
        listed = queries.list_handovers(conn, OPERATOR)
    assert newest is not None
    assert (newest.text, newest.actor, newest.at) == ("กะบ่าย", SUPERVISOR.actor, desk.clock.now())
    assert [note.text for note in listed] == ["กะเช้า", "กะบ่าย"]


def test_the_list_goes_back_page_by_page(desk: Desk) -> None:
    ids = []
    for _ in range(7):
        ids.append(desk.opened().id)
        desk.clock.advance(1)
    pages, before = [], None
    while True:
        with desk.read() as conn:
            page = queries.list_incidents(
                conn, OPERATOR, desk.surroundings, state="all", limit=3, before=before
            )
        if not page:
            break
        pages.append([view.id for view in page])
        before = page[-1].opened_at
    assert pages == [ids[6:3:-1], ids[3:0:-1], ids[0:1]]
    assert ON_DUTY
