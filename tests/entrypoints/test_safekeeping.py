"""Backups as a technician makes them, and by the clock: what came of them can be seen."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from safezone.core.clock import ManualClock
from safezone.core.i18n import Words
from safezone.core.settings import Backup, Settings
from safezone.core.vault import sealed_key
from safezone.entrypoints.house import DataFolder
from safezone.entrypoints.safekeeping import Keeper, Outcome, load_state, note, working_folder
from safezone.incidents.commands import EraseDue
from tests.support.places import eventually
from tests.support.running import finish
from tests.support.station import RunningStation, who


def new_key(tmp_path: Path) -> tuple[Path, str]:
    """The file of a new identity, and its recipient."""
    file = tmp_path / "backup.key"
    made = finish(["backup-key", "new", "--out", str(file)])
    assert made.returncode == 0, made.stderr
    return file, made.stdout.strip()


def test_the_key_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    file, recipient = new_key(tmp_path)
    assert recipient.startswith("age1")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "AGE-SECRET-KEY-1" in file.read_text()
    before = file.read_bytes()
    assert finish(["backup-key", "new", "--out", str(file)]).returncode == 1
    assert file.read_bytes() == before


def test_a_running_station_is_backed_up_and_says_so(tmp_path: Path) -> None:
    _, recipient = new_key(tmp_path)
    station = RunningStation(tmp_path / "data")
    try:
        station.api("public").report("other", text="a noise")
        head = station.head()
        words = ["backup", "--data", str(station.path), "--to", str(tmp_path / "depot")]
        refused = finish(words)
        assert refused.returncode == 1
        assert "--recipient" in refused.stderr
        assert "--recipient" in station.api().ask_any("/readyz")["parts"]["backup"]["reason"]["en"]
        done = finish([*words, "--recipient", recipient])
        assert done.returncode == 0, done.stderr
        assert f"line {head}" in done.stdout
        told = station.api("admin").ask("/api/v1/admin/safekeeping")
        assert told["backup"]["ok"]
        assert told["backup"] == told["backup_ok"]
        assert told["backup"]["seq"] == head
        assert station.api().ask_any("/readyz")["parts"]["backup"]["state"] == "ok"
        assert len(list((tmp_path / "depot").iterdir())) == 2
    finally:
        station.close()


def test_by_the_clock_a_backup_is_made(tmp_path: Path) -> None:
    _, recipient = new_key(tmp_path)
    data, depot = tmp_path / "data", tmp_path / "depot"
    data.mkdir()
    (data / "safezone.toml").write_text(
        f'[backup]\nevery_h = 24\nto = "{depot}"\nrecipients = ["{recipient}"]\nkeep = 2\n', "utf-8"
    )
    settings = Settings(backup=Backup(every_h=24, to=str(depot), recipients=(recipient,), keep=2))
    station = RunningStation(data, settings)
    try:
        eventually(lambda: load_state(station.folder).backup_ok)
        assert station.node.keeper.due() is None
    finally:
        station.close()


@pytest.fixture
def keeper(tmp_path: Path) -> tuple[Keeper, ManualClock]:
    folder, clock = DataFolder(tmp_path / "data"), ManualClock()
    folder.make()
    return Keeper(folder, Settings(backup=Backup(every_h=6, drill_every_h=48)), clock), clock


def test_what_is_due_and_what_is_wrong(tmp_path: Path, keeper: tuple[Keeper, ManualClock]) -> None:
    of, clock = keeper
    folder = DataFolder(tmp_path / "data")
    assert of.due() == "backup"
    why = Words(th="เต็ม", en="the disk is full")
    note(folder, "backup", Outcome(at=clock.now(), ok=False, why=why))
    assert of.due() is None, "not at once again"
    assert "the disk is full" in of.state()
    clock.advance(16 * 60)
    assert of.due() == "backup"
    note(folder, "backup", Outcome(at=clock.now(), ok=True, name="a"))
    assert of.due() == "restore-drill"
    note(folder, "drill", Outcome(at=clock.now(), ok=True, name="a"))
    assert (of.due(), of.state()) == (None, "ok")
    clock.advance(timedelta(hours=7).total_seconds())
    assert of.due() == "backup"
    clock.advance(timedelta(hours=6).total_seconds())
    assert of.state().startswith("no backup since")


def test_two_runs_do_not_meet_and_a_killed_one_leaves_nothing(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.make()
    left = folder.run / "safekeeping"
    left.mkdir()
    (left / "safezone.db").write_bytes(b"a copy of the record")
    with working_folder(folder) as scratch:
        assert not os.listdir(scratch)
        with pytest.raises(Exception, match="running already"), working_folder(folder):
            pass
    assert not left.exists()


def test_what_was_erased_is_soon_in_no_file(tmp_path: Path) -> None:
    """With a reader that holds on to the old state it takes until the reader is gone."""
    station = RunningStation(tmp_path / "data")
    journal = station.path / "safezone.db-wal"
    try:
        operator = station.api()
        view = operator.incident(operator.report("theft", text="ทดลอง")["incident_id"])
        operator.on(view, "close", outcome="resolved")
        with station.read() as conn:
            keys = set(conn.execute(select(sealed_key.c.key)).scalars())
            assert station.do(EraseDue("incident", 0), who("system", "test")) == 1
            asyncio.run(station.node.keeper.clear_journal())
            assert any(key in journal.read_bytes() for key in keys), "held up"
        with station.read() as conn:
            erased = keys - set(conn.execute(select(sealed_key.c.key)).scalars())
        assert erased

        def is_in_no_file() -> bool:
            """Not whether the log is empty: the station goes on writing into it, and reads of its own hold it up."""
            asyncio.run(station.node.keeper.clear_journal())
            files = [path.read_bytes() for path in station.path.glob("safezone.db*")]
            return not any(key in file for key in erased for file in files)

        assert eventually(is_in_no_file)
    finally:
        station.close()
