"""Duty, state and what the incidents make of a unit, through the real lane; after every event the log replays."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from safezone.core.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from safezone.core.identity import Identity, public
from safezone.events import incidents as inc
from safezone.patrol.commands import RegisterUnits, SetDuty, SetUnitState
from safezone.patrol.tables import unit_duty, unit_track
from tests.patrol.station import (
    ADMIN,
    AUDITOR,
    OPERATOR,
    START,
    STATION,
    SUPERVISOR,
    SYSTEM,
    UNITS,
    PatrolStation,
    entry_of,
    unit_identity,
)

CAR = unit_identity("car-1")


def test_units_are_registered_once_and_corrected_when_the_set_changes(quiet_station: PatrolStation) -> None:
    assert quiet_station.ask(RegisterUnits(UNITS)) == 0
    assert quiet_station.ask(RegisterUnits([entry_of("car-1", "มุกดา 99"), *UNITS[1:]])) == 1
    view = quiet_station.view("car-1")
    assert (view.call_sign, view.state, view.on_duty, view.fix) == ("มุกดา 99", "off_duty", False, None)
    quiet_station.assert_replays()


@pytest.mark.parametrize("entries", [[UNITS[0], UNITS[0]], [UNITS[0], entry_of("car-2", "มุกดา 11")]])
def test_two_units_of_one_name_are_refused(quiet_station: PatrolStation, entries: list[object]) -> None:
    with pytest.raises(Invalid, match="unit_listed_twice"):
        quiet_station.ask(RegisterUnits(entries))  # type: ignore[arg-type]


def test_a_unit_signs_on_and_off_and_the_log_says_who(quiet_station: PatrolStation) -> None:
    quiet_station.ask(SetDuty("car-1", True), CAR)
    on = quiet_station.view("car-1")
    assert (on.on_duty, on.state, on.duty_since_at, on.duty_by) == (True, "available", START, "unit:car-1")
    quiet_station.assert_replays()
    quiet_station.clock.advance(3600)
    quiet_station.ask(SetDuty("car-1", False), SUPERVISOR)
    off = quiet_station.view("car-1")
    assert (off.on_duty, off.state, off.duty_since_at) == (False, "off_duty", None)
    assert off.duty_by == "supervisor:duty-20"
    rows = quiet_station.rows(
        select(unit_duty.c.on_by, unit_duty.c.off_by, unit_duty.c.off_at_us - unit_duty.c.on_at_us)
    )
    assert [tuple(row) for row in rows] == [("unit:car-1", "supervisor:duty-20", 3600 * 1_000_000)]
    quiet_station.assert_replays()


def test_signing_on_twice_is_one_duty(quiet_station: PatrolStation) -> None:
    for _ in range(2):
        quiet_station.ask(SetDuty("car-1", True), CAR)
    assert [e.kind for e in quiet_station.entries].count("unit_signed_on") == 1


def test_off_duty_the_position_is_gone_at_once(station: PatrolStation) -> None:
    station.clock.advance(10)
    station.send("car-1", station.claim())
    assert station.view("car-1").fix is not None
    station.ask(SetDuty("car-1", False), CAR)
    assert station.view("car-1").fix is None
    assert station.rows(select(unit_track)) == []
    station.clock.advance(600)
    station.sign_on("car-1")
    assert station.view("car-1").fix is None, "the place of the duty before is nobody's business"


def test_a_unit_says_that_it_cannot_come_and_the_reason_is_sealed(station: PatrolStation) -> None:
    station.ask(SetUnitState("car-1", "unavailable", "ยางแบน"), CAR)
    view = station.view("car-1")
    assert (view.state, view.state_reason) == ("unavailable", "ยางแบน")
    assert "ยางแบน" not in str([msgspec.json.encode(e.event).decode() for e in station.entries])
    station.assert_replays()
    station.ask(SetUnitState("car-1", "available"), CAR)
    again = station.view("car-1")
    assert (again.state, again.state_reason) == ("available", None)
    station.assert_replays()


def test_the_incidents_move_the_unit_through_its_states(station: PatrolStation) -> None:
    steps = [
        (inc.UnitDispatched(incident_id="i-1", unit_id="car-1", call_sign="มุกดา 11"), "assigned"),
        (inc.AssignmentAccepted(incident_id="i-1", unit_id="car-1"), "assigned"),
        (inc.UnitEnRoute(incident_id="i-1", unit_id="car-1"), "en_route"),
        (inc.UnitArrived(incident_id="i-1", unit_id="car-1"), "on_scene"),
        (inc.UnitCleared(incident_id="i-1", unit_id="car-1"), "available"),
    ]
    for event, state in steps:
        station.hear(event)
        assert station.view("car-1").state == state
        before = len(station.entries)
        station.hear(event)
        assert len(station.entries) == before, "hearing it twice changes nothing"
        station.assert_replays()
    assert station.view("car-1").incident_ids == []
    assert station.view("moto-1").state == "available"


def test_on_two_incidents_a_unit_is_as_far_as_its_furthest(station: PatrolStation) -> None:
    station.hear(
        inc.UnitDispatched(incident_id="i-1", unit_id="car-1", call_sign="มุกดา 11"),
        inc.UnitArrived(incident_id="i-1", unit_id="car-1"),
        inc.UnitDispatched(incident_id="i-2", unit_id="car-1", call_sign="มุกดา 11"),
    )
    view = station.view("car-1")
    assert (view.state, view.incident_ids) == ("on_scene", ["i-1", "i-2"])
    station.hear(inc.IncidentClosed(incident_id="i-1", outcome="resolved"))
    view = station.view("car-1")
    assert (view.state, view.incident_ids) == ("assigned", ["i-2"])
    station.hear(inc.IncidentMerged(incident_id="i-2", into="i-3"))
    assert station.view("car-1").state == "available"
    station.assert_replays()


def test_a_refusal_by_an_unavailable_unit_leaves_it_unavailable(station: PatrolStation) -> None:
    station.ask(SetUnitState("car-1", "unavailable", "ยางแบน"), CAR)
    station.hear(inc.UnitDispatched(incident_id="i-1", unit_id="car-1", call_sign="มุกดา 11"))
    assert station.view("car-1").state == "assigned"
    station.hear(inc.AssignmentRefused(incident_id="i-1", unit_id="car-1"))
    view = station.view("car-1")
    assert (view.state, view.state_reason) == ("unavailable", "ยางแบน")


def test_an_event_about_a_unit_that_is_not_ours_is_passed_over(station: PatrolStation) -> None:
    station.hear(inc.UnitDispatched(incident_id="i-1", unit_id="guest-9", call_sign="แขก"))
    assert station.view("car-1").state == "available"


def test_leaving_an_incident_behind_takes_a_supervisor_and_a_reason(station: PatrolStation) -> None:
    station.hear(inc.UnitDispatched(incident_id="i-1", unit_id="car-1", call_sign="มุกดา 11"))
    with pytest.raises(Conflict, match="unit_busy") as refusal:
        station.ask(SetDuty("car-1", False), CAR)
    assert refusal.value.extra["incident_ids"] == ["i-1"]
    with pytest.raises(Conflict, match="unit_busy"):
        station.ask(SetUnitState("car-1", "unavailable", "พัก"), CAR)
    station.ask(SetDuty("car-1", False, "รถเสียกลางทาง"), SUPERVISOR)
    assert station.view("car-1").state == "off_duty"
    station.hear(inc.UnitCleared(incident_id="i-1", unit_id="car-1"))
    assert station.view("car-1").state == "off_duty"
    station.assert_replays()


def test_availability_off_duty_is_refused(quiet_station: PatrolStation) -> None:
    with pytest.raises(Conflict, match="unit_off_duty"):
        quiet_station.ask(SetUnitState("car-1", "available"), CAR)


def test_an_unknown_unit_is_not_found(station: PatrolStation) -> None:
    with pytest.raises(NotFound, match="no_unit"):
        station.ask(SetDuty("car-9", True), OPERATOR)


ALLOWED = [CAR, OPERATOR, SUPERVISOR, ADMIN]
OTHER_UNIT = unit_identity("moto-1")
SOS_POINT = Identity(STATION, "sos_point", "sos-01", point_id="sos-01")


@pytest.mark.parametrize("who", ALLOWED, ids=lambda i: i.actor)
def test_who_may_sign_a_unit_on_and_off(station: PatrolStation, who: Identity) -> None:
    station.ask(SetDuty("car-1", False), who)
    station.ask(SetDuty("car-1", True), who)
    station.ask(SetUnitState("car-1", "unavailable", "พัก"), who)


@pytest.mark.parametrize("who", [OTHER_UNIT, AUDITOR, SOS_POINT, public(STATION)], ids=lambda i: i.actor)
def test_who_may_not(station: PatrolStation, who: Identity) -> None:
    for command in (SetDuty("car-1", False), SetUnitState("car-1", "unavailable")):
        with pytest.raises(NotSignedIn if who.role == "public" else NotAllowed):
            station.ask(command, who)


@pytest.mark.parametrize("who", [CAR, OPERATOR, AUDITOR], ids=lambda i: i.actor)
def test_only_a_supervisor_or_an_administrator_lists_units(station: PatrolStation, who: Identity) -> None:
    with pytest.raises(NotAllowed):
        station.ask(RegisterUnits(UNITS), who)
    for may in (SUPERVISOR, SYSTEM):
        station.ask(RegisterUnits(UNITS), may)


def test_a_duty_that_crosses_midnight_is_one_duty(station: PatrolStation) -> None:
    station.clock.advance(timedelta(hours=20).total_seconds())
    station.ask(SetDuty("car-1", False), CAR)
    assert len(station.rows(select(unit_duty).where(unit_duty.c.unit_id == "car-1"))) == 1
