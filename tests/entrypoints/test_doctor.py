"""`safezone doctor` says what is wrong, and says nothing is wrong when nothing is."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from safezone.core.identity import system
from safezone.core.listeners import MAX_TRIES, NoteFailure
from safezone.entrypoints.doctor import Line, examine
from safezone.entrypoints.house import DataFolder
from tests.support.places import eventually
from tests.support.running import Station as WholeStation
from tests.support.running import finish
from tests.support.station import STATION, Station


def found(path: Path) -> dict[str, Line]:
    return {line.name: line for line in examine(DataFolder(path))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A station that does not run."""
    station = Station(tmp_path / "data")
    for _ in range(MAX_TRIES):
        station.do(NoteFailure("assets.sign_of_life", 1, "never"), system(STATION, "test"))
    station.close()
    return station.path


def test_a_station_that_runs_well(demo: WholeStation) -> None:
    # What is under way on a busy machine (a listener behind, a question that took long) is over the next time.
    done = eventually(lambda: _nothing_is_bad(demo))
    assert done
    lines = {each["name"]: each for each in json.loads(done.stdout)}
    assert done.returncode == 3, "3: it has no backup"
    assert lines["backup"]["verdict"] == "look"
    assert {"version", "settings", "permissions", "disk", "database", "schema", "chain", "clock", "program", "mqtt",
            "running.mqtt_door", "listeners"} <= set(lines)  # fmt: skip
    said = finish(["doctor", "--data", str(demo.data)]).stdout
    assert len(said.splitlines()) == len(json.loads(done.stdout))
    assert not any(token in said for token in demo.tokens.values())


def _nothing_is_bad(demo: WholeStation) -> CompletedProcess[str] | None:
    """What was printed where nothing is called bad."""
    done = finish(["doctor", "--data", str(demo.data), "--json"])
    return None if any(each["verdict"] == "bad" for each in json.loads(done.stdout)) else done


def test_what_is_wrong_is_said(folder: Path) -> None:
    lines = found(folder)
    assert (lines["listeners"].verdict, lines["program"].verdict) == ("look", "look")
    assert "assets.sign_of_life" in lines["listeners"].words.th
    secrets = folder / "sos-point-secrets.csv"
    secrets.write_text("x")
    secrets.chmod(0o644)
    assert found(folder)["permissions"].verdict == "bad"
    secrets.chmod(0o600)
    assert found(folder)["permissions"].verdict == "look"
    (folder / "run" / "node.json").write_text(
        json.dumps({"url": "http://127.0.0.1:9", "mqtt_host": "127.0.0.1", "mqtt_port": 9})
    )
    lines = found(folder)
    assert (lines["program"].verdict, lines["mqtt"].verdict) == ("bad", "bad")


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("UPDATE log SET actor = 'nobody:x' WHERE seq = (SELECT max(seq) FROM log)", "chain"),
        ("UPDATE station_head SET seq = seq + 1", "chain"),
        ("UPDATE log SET at_us = at_us + 2000000000000000 WHERE seq = (SELECT max(seq) FROM log)", "clock"),
        ("UPDATE alembic_version SET version_num = '9999'", "schema"),
    ],
)
def test_a_record_that_was_changed(folder: Path, sql: str, name: str) -> None:
    with sqlite3.connect(folder / "safezone.db") as conn:
        conn.execute(sql)
    conn.close()
    assert found(folder)[name].verdict == "bad"


def test_a_damaged_file_and_no_folder(folder: Path, tmp_path: Path) -> None:
    file = folder / "safezone.db"
    raw = bytearray(file.read_bytes())
    raw[4096 * 3 : 4096 * 9] = b"\x55" * 4096 * 6
    file.write_bytes(raw)
    assert found(folder)["database"].verdict == "bad"
    (folder / "safezone.toml").write_text("[web\n")
    assert found(folder)["settings"].verdict == "bad"
    assert finish(["doctor", "--data", str(tmp_path / "none")]).returncode == 1
    shutil.rmtree(folder)
