"""Who sees what of the units, and the recommendation over the real tables."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from safezone.core.errors import NotAllowed, NotFound, NotSignedIn
from safezone.core.geo import Point
from safezone.core.identity import Identity, public
from safezone.events import incidents as inc
from safezone.events.patrol import UnitKind
from safezone.patrol import queries
from safezone.patrol.commands import SetDuty, SetUnitState
from safezone.patrol.ranking import RankRules
from safezone.patrol.tables import unit_track
from tests.patrol.station import (
    ADMIN,
    AUDITOR,
    HERE,
    OPERATOR,
    STATION,
    SUPERVISOR,
    SYSTEM,
    PatrolStation,
    unit_identity,
)

PLACE = Point(HERE[0], HERE[1] + 0.002)
SOS_POINT = Identity(STATION, "sos_point", "sos-01", point_id="sos-01")


def seen_on(station: PatrolStation) -> None:
    """All three are seen; the car cannot be sent."""
    station.clock.advance(60)
    for unit_id in ("car-1", "moto-1", "foot-1"):
        station.send(unit_id, station.claim())
    station.ask(SetUnitState("car-1", "unavailable", "ยางแบน"), unit_identity("car-1"))


@pytest.mark.parametrize(
    ("who", "places", "reasons"),
    [
        (OPERATOR, {"car-1", "moto-1", "foot-1"}, {"car-1"}),
        (SUPERVISOR, {"car-1", "moto-1", "foot-1"}, {"car-1"}),
        (ADMIN, {"car-1", "moto-1", "foot-1"}, {"car-1"}),
        (SYSTEM, {"car-1", "moto-1", "foot-1"}, {"car-1"}),
        (unit_identity("car-1"), {"car-1"}, {"car-1"}),
        (unit_identity("moto-1"), {"moto-1"}, set()),
        (AUDITOR, set(), set()),
    ],
    ids=lambda value: value.actor if isinstance(value, Identity) else "",
)
def test_who_sees_where_officers_are(
    station: PatrolStation, who: Identity, places: set[str], reasons: set[str]
) -> None:
    seen_on(station)
    with station.database.read() as conn:
        views = queries.list_unit_views(conn, who)
        assert [v.call_sign for v in views] == ["มุกดา 11", "มุกดา 21", "มุกดา 31"]
        assert {v.id for v in views if v.fix is not None} == places
        assert {v.id for v in views if v.state_reason is not None} == reasons
        assert queries.get_unit_view(conn, who, "car-1") == views[0]
        assert {u for u in ("car-1", "moto-1", "foot-1") if queries.may_see_position(who, u)} == places
        if who.role != "auditor":
            assert set(queries.list_fixes(conn, who)) == places


@pytest.mark.parametrize("who", [public(STATION), SOS_POINT], ids=lambda i: i.actor)
def test_nobody_else_sees_anything(station: PatrolStation, who: Identity) -> None:
    refusal = NotSignedIn if who.role == "public" else NotAllowed
    with station.database.read() as conn:
        with pytest.raises(refusal):
            queries.list_unit_views(conn, who)
        with pytest.raises(refusal):
            queries.get_unit_view(conn, who, "car-1")
        assert queries.visible_to(queries.unit_views(conn, STATION, ["car-1"])["car-1"], who) is None


@pytest.mark.parametrize("on_again", [False, True])
def test_a_position_left_over_from_another_duty_is_shown_to_nobody(
    station: PatrolStation, on_again: bool
) -> None:
    seen_on(station)
    [left] = station.rows(select(unit_track).where(unit_track.c.unit_id == "moto-1"))
    station.ask(SetDuty("moto-1", False), unit_identity("moto-1"))
    with station.database.write_connection() as conn, conn.begin():
        conn.execute(unit_track.insert(), left._asdict())  # as after a restore of yesterday's telemetry
    if on_again:
        station.clock.advance(60)
        station.sign_on("moto-1")
    with station.database.read() as conn:
        assert queries.get_unit_view(conn, OPERATOR, "moto-1").fix is None
        assert "moto-1" not in queries.list_fixes(conn, OPERATOR)


def test_another_station_sees_none_of_ours(station: PatrolStation) -> None:
    seen_on(station)
    stranger = Identity("nkh", "operator", "ccoc-1")
    with station.database.read() as conn:
        assert queries.list_unit_views(conn, stranger) == []
        with pytest.raises(NotFound):
            queries.get_unit_view(conn, stranger, "car-1")


def test_the_brief_for_a_dispatcher(station: PatrolStation) -> None:
    seen_on(station)
    with station.database.read() as conn:
        car = queries.find_brief(conn, STATION, "car-1")
        foot = queries.find_brief(conn, STATION, "foot-1")
        assert queries.find_brief(conn, STATION, "car-9") is None
    assert car is not None
    assert (car.call_sign, car.on_duty, car.unavailable_because) == ("มุกดา 11", True, "ยางแบน")
    assert foot is not None
    assert foot.unavailable_because is None


def test_the_recommendation_reads_the_units_as_they_stand(station: PatrolStation) -> None:
    seen_on(station)
    station.hear(inc.UnitDispatched(incident_id="i-9", unit_id="moto-1", call_sign="มุกดา 21"))
    with station.database.read() as conn:
        advice = queries.recommend(
            conn, OPERATOR, PLACE, station.clock.now(), RankRules(), incident_names={"i-9": "2569/000009"}
        )
    assert [u.unit_id for u in advice.units] == ["foot-1"]
    assert {n.unit_id: n.reason.en for n in advice.not_listed} == {
        "car-1": "Has said that it is unavailable.",
        "moto-1": "On another incident (assigned, 2569/000009).",
    }


def test_nobody_near_is_said(quiet_station: PatrolStation) -> None:
    with quiet_station.database.read() as conn:
        advice = queries.recommend(conn, OPERATOR, PLACE, quiet_station.clock.now(), RankRules())
    assert advice.nobody_near
    assert {n.reason.th for n in advice.not_listed} == {"อยู่นอกเวร"}


@pytest.mark.parametrize("who", [unit_identity("car-1"), AUDITOR, SOS_POINT], ids=lambda i: i.actor)
def test_a_recommendation_is_for_the_command_centre(station: PatrolStation, who: Identity) -> None:
    with station.database.read() as conn, pytest.raises(NotAllowed):
        queries.recommend(conn, who, PLACE, station.clock.now(), RankRules())


class OneWayTown:
    """Roads on which everybody on foot needs ten seconds and everybody else ten minutes."""

    def __init__(self) -> None:
        self.asked: list[tuple[UnitKind, int]] = []

    def travel_times_s(
        self, to: Point, from_: Sequence[Point], profile: UnitKind, limit_s: float = 1800.0
    ) -> list[float | None]:
        self.asked.append((profile, len(from_)))
        return [10.0 if profile == "foot" else 600.0] * len(from_)


def test_roads_are_asked_once_per_kind_and_only_for_whoever_can_go(station: PatrolStation) -> None:
    seen_on(station)
    roads = OneWayTown()
    with station.database.read() as conn:
        advice = queries.recommend(conn, OPERATOR, PLACE, station.clock.now(), RankRules(), roads=roads)
    assert sorted(roads.asked) == [("foot", 1), ("motorcycle", 1)]
    assert advice.method == "road"
    assert [(u.unit_id, u.eta_s) for u in advice.units] == [("foot-1", 10.0), ("moto-1", 600.0)]
