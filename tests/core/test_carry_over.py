"""A record that moves from one engine to the other arrives whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from safezone.core.carry_over import copy_store
from safezone.core.db import Database, metadata
from safezone.core.errors import CannotStart
from safezone.core.identity import system
from safezone.core.log import log
from safezone.core.rebuild import rebuild
from safezone.core.schema import prepare
from safezone.entrypoints.house import MIGRATIONS
from tests.core.ground import STATION, Ground, Say
from tests.support import postgres


@pytest.fixture
def told(ground: Ground) -> Ground:
    """A record of two stations, with sealed words in it; nobody is running it."""
    for number in range(5):
        ground.do(Say(f"thing {number}", text="สวัสดี"))
    ground.do(Say("elsewhere"), system("nki", "test"))
    ground.lane.stop()
    return ground


@pytest.fixture
def other(told: Ground, tmp_path: Path) -> Iterator[Database]:
    """An empty database on the other engine."""
    name = postgres.server().create() if told.database.is_sqlite else ""
    database = Database(postgres.server().url(name)) if name else Database.at(tmp_path / "other.db")
    prepare(database, MIGRATIONS)
    yield database
    database.close()
    if name:
        postgres.server().drop(name)


def _everything(database: Database) -> dict[str, list[Any]]:
    with database.read() as conn:
        return {
            table.name: sorted(map(tuple, conn.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def test_every_row_arrives_and_the_chain_goes_on(told: Ground, other: Database, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    done = copy_store(told.database, other, told.bus, lambda at, of: steps.append((at, of)))
    assert _everything(other) == _everything(told.database)
    assert [verdict.station for verdict in done.verdicts] == [STATION, "nki"]
    assert steps[-1][0] == steps[-1][1] == sum(done.rows.values()) > 0
    moved = Ground(tmp_path, other)
    assert moved.do(Say("goes on")) == 11
    moved.close()


def test_a_station_that_is_there_already_is_refused(told: Ground, other: Database) -> None:
    copy_store(told.database, other, told.bus)
    before = _everything(other)
    with pytest.raises(CannotStart, match="has mdh, nki already"):
        copy_store(told.database, other, told.bus)
    assert _everything(other) == before


def test_a_record_that_is_not_in_order_stays_where_it_is(told: Ground, other: Database) -> None:
    told.tamper("UPDATE log SET actor = 'nobody' WHERE seq = 5")
    with pytest.raises(CannotStart, match="not in order"):
        copy_store(told.database, other, told.bus)
    assert not any(_everything(other).values())


def test_what_does_not_arrive_as_it_was_sent_is_found(told: Ground, other: Database) -> None:
    """The target changes what it is given: somebody's trigger, say."""
    with other.write_connection() as conn, conn.begin():
        if other.is_sqlite:
            conn.exec_driver_sql(
                "CREATE TRIGGER quiet AFTER INSERT ON sealed BEGIN UPDATE sealed SET sort = 'x' WHERE ref = NEW.ref; END"
            )
        else:
            conn.exec_driver_sql(
                "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN NEW.sort := 'x'; RETURN NEW; END $$"
            )
            conn.exec_driver_sql(
                "CREATE TRIGGER quiet BEFORE INSERT ON sealed FOR EACH ROW EXECUTE FUNCTION quiet()"
            )
    with pytest.raises(CannotStart, match="table sealed is not the same"):
        copy_store(told.database, other, told.bus)
    assert not any(_everything(other).values())


def test_a_postgresql_that_is_in_use_is_left_alone(told: Ground, other: Database) -> None:
    if told.database.is_sqlite:
        with other.write_connection(), pytest.raises(CannotStart, match="is using the database"):
            copy_store(told.database, other, told.bus)
        return
    told.lane.start()
    told.do(Say("still running"))
    with pytest.raises(CannotStart, match="is using the database"):
        copy_store(told.database, other, told.bus)
    with pytest.raises(CannotStart, match="is using the database"):
        rebuild(told.database, told.bus)


def test_a_value_that_postgresql_cannot_keep_is_named(told: Ground, other: Database) -> None:
    if other.is_sqlite:
        return
    told.tamper("UPDATE sealed SET sort = ?", "a\0b")
    with pytest.raises(CannotStart, match="table sealed holds a value"):
        copy_store(told.database, other, told.bus)
    with other.read() as conn:
        assert conn.execute(select(func.count()).select_from(log)).scalar_one() == 0
