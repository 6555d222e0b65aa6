"""Positions through the real lane: marked, kept once, drawn only when newest, and gone after their time."""

from __future__ import annotations

from concurrent.futures import wait

import pytest
from sqlalchemy import func, select

from safezone.core.errors import NotAllowed, NotFound
from safezone.core.identity import Identity
from safezone.events.patrol import UNIT_KINDS
from safezone.patrol.commands import PurgePositions, RecordFixes, RegisterUnits
from safezone.patrol.handlers import PositionsMoved
from safezone.patrol.rules import Claim
from safezone.patrol.tables import position, unit_track
from tests.patrol.station import (
    ADMIN,
    HERE,
    OPERATOR,
    STATION,
    SUPERVISOR,
    SYSTEM,
    PatrolStation,
    entry_of,
    unit_identity,
)


def marks_kept(station: PatrolStation) -> list[str]:
    return [row.mark for row in station.rows(select(position.c.mark).order_by(position.c.received_us))]


def test_a_fix_is_kept_drawn_and_told_to_the_screens_after_the_commit(station: PatrolStation) -> None:
    station.clock.advance(60)
    assert station.send("car-1", station.claim(2, accuracy_m=5.0, battery_pct=71.0)) == ["ok"]
    fix = station.view("car-1").fix
    assert fix is not None
    assert (fix.lon, fix.lat, fix.accuracy_m, fix.battery_pct) == (*HERE, 5.0, 71.0)
    assert (fix.received_at - fix.at).total_seconds() == 2
    assert station.view("moto-1").fix is None
    [signal] = station.signals
    assert isinstance(signal, PositionsMoved)
    assert [(m.unit_id, m.fix) for m in signal.moved] == [("car-1", fix)]
    assert not any(entry.kind.startswith("position") for entry in station.entries), (
        "telemetry is not in the log"
    )


def test_a_batch_that_is_sent_again_is_kept_once(station: PatrolStation) -> None:
    station.clock.advance(600)
    batch = [station.claim(ago, HERE[0] + ago * 1e-6) for ago in range(300, 0, -10)]
    assert set(station.send("car-1", *batch)) == {"ok"}
    station.clock.advance(5)
    assert station.send("car-1", *batch) == ["repeated"] * 30
    assert marks_kept(station) == ["ok"] * 30


def test_an_old_fix_twice_in_one_batch_is_kept_once(station: PatrolStation) -> None:
    station.clock.advance(600)
    station.send("car-1", station.claim())
    old = station.claim(300, HERE[0] + 0.001)
    assert station.send("car-1", old, old, station.claim(200)) == ["late", "late", "late"]
    assert len(marks_kept(station)) == 3


def test_late_and_impossible_fixes_are_kept_with_their_mark_and_not_drawn(station: PatrolStation) -> None:
    station.clock.advance(600)
    drawn = station.claim(0)
    assert station.send("car-1", drawn) == ["ok"]
    station.clock.advance(10)
    assert station.send("car-1", station.claim(100, HERE[0] + 0.001)) == ["late"]
    assert station.send("car-1", station.claim(0, HERE[0] + 1)) == ["impossible"]
    assert station.send("car-1", station.claim(0, 0.0, 0.0)) == ["impossible"]
    fix = station.view("car-1").fix
    assert fix is not None
    assert (fix.lon, fix.lat) == (drawn.lon, drawn.lat)
    assert sorted(marks_kept(station)) == ["impossible", "impossible", "late", "ok"]
    assert len(station.signals) == 1


def test_a_place_out_of_range_spoils_neither_its_batch_nor_the_next(station: PatrolStation) -> None:
    station.clock.advance(60)
    marks = station.send(
        "car-1", station.claim(3), station.claim(2, 999.0), station.claim(1, float("nan")), station.claim()
    )
    assert marks == ["ok", "impossible", "impossible", "ok"]
    assert marks_kept(station) == ["ok", "ok"]


def test_what_the_marking_remembers_survives_between_batches(station: PatrolStation) -> None:
    station.clock.advance(10)
    station.send("car-1", station.claim())
    marks = []
    for _ in range(3):
        station.clock.advance(10)
        marks += station.send("car-1", station.claim(0, HERE[0] + 1))
    assert marks == ["impossible", "impossible", "ok"]
    for _ in range(12):
        station.clock.advance(10)
        marks += station.send("car-1", station.claim(-7200, HERE[0] + 1))
    assert marks[3:] == ["future"] * 12
    fix = station.view("car-1").fix
    assert fix is not None
    assert fix.at == station.clock.now()


def test_off_duty_nothing_is_stored(quiet_station: PatrolStation) -> None:
    assert quiet_station.send("car-1", quiet_station.claim()) == ["off_duty"]
    assert quiet_station.rows(select(position)) == []
    assert quiet_station.rows(select(unit_track)) == []
    assert quiet_station.signals == []


def test_what_was_recorded_off_duty_and_sent_on_duty_is_not_stored(quiet_station: PatrolStation) -> None:
    quiet_station.clock.advance(3600)
    old = [quiet_station.claim(ago) for ago in range(600, 0, -60)]
    quiet_station.sign_on("car-1")
    quiet_station.clock.advance(5)
    assert quiet_station.send("car-1", *old, quiet_station.claim()) == ["off_duty"] * 10 + ["ok"]
    assert len(quiet_station.rows(select(position))) == 1
    [track] = quiet_station.rows(select(unit_track))
    assert track.waiting is None


STRANGERS = [
    Identity(STATION, "operator", "ccoc-1", unit_id="car-1"),
    unit_identity("moto-1"),
    OPERATOR,
    SUPERVISOR,
    ADMIN,
    SYSTEM,
    Identity(STATION, "sos_point", "sos-01", point_id="sos-01"),
]


@pytest.mark.parametrize("who", STRANGERS, ids=lambda i: i.actor)
def test_only_the_unit_itself_says_where_it_is(station: PatrolStation, who: Identity) -> None:
    answer = station.ask(RecordFixes("car-1", [station.claim()]), who)
    assert isinstance(answer, NotAllowed)
    assert station.rows(select(position)) == []


def test_one_that_is_refused_does_not_harm_the_others_in_its_batch(station: PatrolStation) -> None:
    station.clock.advance(10)
    asks = [
        station.lane.submit(RecordFixes("car-1", [station.claim()]), unit_identity("car-1")),
        station.lane.submit(RecordFixes("car-9", [station.claim()]), unit_identity("car-9")),
        station.lane.submit(RecordFixes("car-1", [station.claim()]), unit_identity("moto-1")),
        station.lane.submit(RecordFixes("foot-1", [station.claim()]), unit_identity("foot-1")),
    ]
    wait(asks)
    results = [ask.result() for ask in asks]
    assert [marked.mark for answer in (results[0], results[3]) for marked in answer] == ["ok", "ok"]
    assert isinstance(results[1], NotFound)
    assert isinstance(results[2], NotAllowed)


def test_many_units_at_once_each_get_their_own_answer(station: PatrolStation) -> None:
    more = [entry_of(f"u-{i}", f"ชุด {i}", UNIT_KINDS[i % 3]) for i in range(300)]
    station.ask(RegisterUnits(more))
    station.sign_on(*(u.unit_id for u in more))
    station.clock.advance(10)
    asks = [
        station.lane.submit(
            RecordFixes(u.unit_id, [Claim(HERE[0] + i * 1e-5, HERE[1], None)]), unit_identity(u.unit_id)
        )
        for i, u in enumerate(more)
    ]
    assert [ask.result(timeout=60)[0].mark for ask in asks] == ["ok"] * 300
    moved = {m.unit_id: m.fix.lon for signal in station.signals for m in signal.moved}
    assert moved == {u.unit_id: HERE[0] + i * 1e-5 for i, u in enumerate(more)}


def test_positions_are_purged_after_their_time_and_the_newest_stays_drawn(station: PatrolStation) -> None:
    day = 86_400
    station.clock.advance(60)
    station.send("car-1", station.claim(), Claim(*HERE, 4_000_000_000 * 1_000_000))
    station.clock.advance(80 * day)
    station.send("car-1", station.claim())
    assert station.ask(PurgePositions(90), SYSTEM) == 0
    station.clock.advance(11 * day)
    assert station.ask(PurgePositions(90), SYSTEM) == 2, "also the one whose clock was years ahead"
    assert station.rows(select(func.count()).select_from(position))[0][0] == 1
    assert station.view("car-1").fix is not None


def test_only_the_program_or_an_administrator_purges(station: PatrolStation) -> None:
    with pytest.raises(NotAllowed):
        station.ask(PurgePositions(1), OPERATOR)
