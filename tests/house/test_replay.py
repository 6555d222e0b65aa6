"""The tables are what the log says, for every event there is: emptied and written again, they are the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from safezone.core.db import metadata, tables_of
from safezone.core.event import kind_of
from safezone.core.rebuild import rebuild
from tests.support.scenarios import EVERYTHING, Scenario
from tests.support.station import STATION, RunningStation


@dataclass
class Kinds:
    """Kinds of events: those that a store applies, and those that were replayed."""

    known: set[str] = field(default_factory=set)
    replayed: set[str] = field(default_factory=set)
    scenarios: int = 0


@pytest.fixture(scope="module")
def kinds() -> Iterator[Kinds]:
    """Filled by the scenarios; together they make every event there is."""
    kinds = Kinds()
    yield kinds
    if kinds.scenarios == len(EVERYTHING):  # Not when somebody runs a single one.
        missing = sorted(kinds.known - kinds.replayed)
        assert not missing, f"no scenario makes these events: {missing}"


def rows_of(station: RunningStation) -> dict[str, list[Any]]:
    """Every row of every table that comes from the log."""
    return {
        table.name: sorted(map(tuple, station.rows(select(table))), key=repr) for table in tables_of("log")
    }


@pytest.mark.parametrize("scenario", EVERYTHING, ids=lambda scenario: scenario.__name__)
def test_a_replay_writes_the_same_rows(tmp_path: Path, kinds: Kinds, scenario: Scenario) -> None:
    station = RunningStation(tmp_path)
    try:
        scenario(station, station.api())
        station.rest()
        before, console = rows_of(station), station.api().ask("/api/v1/console")
        verdict = station.verdict()
        assert verdict.content, verdict
        assert verdict.events == station.head()
        assert verdict.rows == sum(len(rows) for rows in before.values()) > 0
        assert rebuild(station.database, station.bus) == {STATION: verdict.events}
        assert rows_of(station) == before
        assert station.api().ask("/api/v1/console") == console
        kinds.replayed |= {entry.kind for entry in station.log()}
        kinds.known |= {kind_of(event) for event in station.bus.event_types()}
        kinds.scenarios += 1
    finally:
        station.close()


def test_every_table_that_comes_from_the_log_is_compared() -> None:
    """A table that a store fills from events and that is declared as anything else would never be checked."""
    from_log = {table.name for table in tables_of("log")}
    assert {
        "incident",
        "report",
        "assignment",
        "note",
        "photo",
        "twin",
        "unit",
        "unit_duty",
        "asset",
        "credential",
        "account",
    } <= from_log
    elsewhere = {
        table.name: table.info["source"] for table in metadata.sorted_tables if table.name not in from_log
    }
    assert elsewhere == {
        "log": "record",
        "station_head": "record",
        "sealed": "vault",
        "sealed_key": "vault",
        "position": "telemetry",
        "unit_track": "telemetry",
        "asset_sign": "telemetry",
        "session_use": "telemetry",
        "answered_once": "door",
        "guess": "door",
        "known_browser": "door",
        "listener_cursor": "door",
        "provider_session": "door",
        "refused_message": "door",
        "spent_ticket": "door",
    }, "a new table: say here why a replay does not write it"
