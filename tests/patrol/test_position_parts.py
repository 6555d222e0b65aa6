"""Positions on PostgreSQL: a partition for each day, filled by COPY, and gone by the day; the same answers as on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from safezone.core.identity import system
from safezone.patrol.commands import PurgePositions
from safezone.patrol.position_parts import AHEAD_DAYS, DAY_US, list_parts
from safezone.patrol.store import COPY_FROM_ROWS, PURGE_AT_ONCE, purge_positions
from safezone.patrol.tables import position
from tests.patrol.station import HERE, PatrolStation, a_station
from tests.support.engines import EngineName

SYSTEM = system("mdh", "job-purge-positions")
COUNT = select(func.count()).select_from(position)


@pytest.fixture
def on_postgresql(engine: EngineName, tmp_path: Path) -> Iterator[PatrolStation | None]:
    """The station, or None where there are no partitions."""
    if engine == "sqlite":
        yield None
        return
    with a_station(tmp_path) as station:
        yield station


def _trip(station: PatrolStation, count: int) -> list[Any]:
    return [station.claim(count - n, HERE[0] + n * 1e-6) for n in range(count)]


def _parts(station: PatrolStation) -> dict[str, int]:
    with station.database.read() as conn:
        names = [name for name, _ in list_parts(conn)]
        return {
            name: int(conn.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()) for name in names
        }


def test_a_trip_is_kept_once_however_often_it_comes(station: PatrolStation) -> None:
    station.clock.advance(3600)
    trip = _trip(station, COPY_FROM_ROWS * 3)
    first = station.send("car-1", *trip)
    kept = station.rows(COUNT)[0][0]
    assert kept == len(trip), first[:3]
    station.send("car-1", *trip)
    assert station.rows(COUNT)[0][0] == kept


def test_a_piece_is_purged_at_a_time(station: PatrolStation) -> None:
    count = PURGE_AT_ONCE + 10
    rows = [
        {"station": "mdh", "unit_id": "car-1", "claimed_us": n, "lon": 1.0, "lat": 2.0, "at_us": n, "received_us": n,
         "mark": "trusted"}
        for n in range(count)
    ]  # fmt: skip
    with station.database.write_connection() as conn, conn.begin():
        conn.execute(position.insert(), rows)
        assert purge_positions(conn, "mdh", DAY_US, 2 * DAY_US) == PURGE_AT_ONCE
        assert purge_positions(conn, "mdh", DAY_US, 2 * DAY_US) == 10


def test_the_days_are_made_ahead_filled_and_dropped(on_postgresql: PatrolStation | None) -> None:
    if on_postgresql is None:
        return
    station = on_postgresql
    station.clock.advance(3600)
    station.send("car-1", *_trip(station, 60))
    assert _parts(station) == {}, "what came before the first purge lies in the default partition"
    station.ask(PurgePositions(90), SYSTEM)
    parts = _parts(station)
    assert len(parts) == AHEAD_DAYS + 2
    assert sum(parts.values()) == 60, "and has moved to its day"
    station.clock.advance(86_400)
    station.send("car-1", *_trip(station, 60))
    assert sorted(_parts(station).values())[-2:] == [60, 60]
    station.clock.advance(95 * 86_400)
    assert station.ask(PurgePositions(90), SYSTEM) == 120
    assert station.rows(COUNT)[0][0] == 0
    assert len(_parts(station)) == AHEAD_DAYS + 2, "the old days have gone, and with them their files"


def test_a_day_of_two_stations_loses_only_the_rows_of_one(on_postgresql: PatrolStation | None) -> None:
    if on_postgresql is None:
        return
    station = on_postgresql
    station.clock.advance(3600)
    station.ask(PurgePositions(90), SYSTEM)
    station.send("car-1", *_trip(station, 60))
    with station.database.write_connection() as conn, conn.begin():
        conn.exec_driver_sql(
            "UPDATE position SET station = 'nki' WHERE claimed_us = (SELECT max(claimed_us) FROM position)"
        )
    station.clock.advance(92 * 86_400)
    assert station.ask(PurgePositions(90), SYSTEM) == 59
    assert [row.station for row in station.rows(select(position.c.station))] == ["nki"]


def test_a_long_reader_is_not_waited_for(on_postgresql: PatrolStation | None) -> None:
    if on_postgresql is None:
        return
    station = on_postgresql
    station.clock.advance(3600)
    station.ask(PurgePositions(90), SYSTEM)
    station.send("car-1", *_trip(station, 60))
    station.clock.advance(92 * 86_400)
    with station.database.read() as conn:
        assert conn.execute(COUNT).scalar_one() == 60
        # Its rows go one by one; the partition itself stays until nobody reads any more.
        station.ask(PurgePositions(90), SYSTEM)
        assert conn.execute(COUNT).scalar_one() == 60
    before = len(_parts(station))
    station.ask(PurgePositions(90), SYSTEM)
    assert len(_parts(station)) != before
    assert station.rows(COUNT)[0][0] == 0
