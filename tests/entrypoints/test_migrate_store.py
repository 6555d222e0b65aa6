"""`safezone migrate-store`, as an administrator types it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safezone.entrypoints.house import DataFolder
from tests.incidents.desk import Desk
from tests.support import postgres


@pytest.fixture
def empty() -> Iterator[str]:
    """The address of an empty database."""
    name = postgres.server().create()
    yield postgres.server().url(name, driver=False)
    postgres.server().drop(name)


def _safezone(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "safezone", *words], capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a station with something in it, kept by SQLite and not running."""
    desk = Desk(tmp_path / "data")
    desk.press("sos-03")
    desk.report(text="มีคนบาดเจ็บ")
    desk.close()
    return tmp_path / "data"


def test_there_and_back_and_it_verifies(data: Path, empty: str, tmp_path: Path) -> None:
    status, said = _safezone("migrate-store", "--data", str(data), "--to", empty)
    assert status == 0, said
    assert "mdh: ย้ายครบและตรวจแล้ว / moved and verified" in said
    assert not (data / "safezone.db").exists(), "nobody goes on with the old file by mistake"
    status, said = _safezone("verify", "--data", str(data))
    assert (status, "There is no station's data" in said) == (78, True)
    (data / "safezone.toml").write_text(f'database_url = "{empty}"\n')
    status, said = _safezone("verify", "--data", str(data))
    assert (status, "in order" in said) == (0, True), said

    status, said = _safezone("migrate-store", "--data", str(data), "--to", f"sqlite:///{data}/safezone.db")
    assert status == 0, said
    assert 'database_url = ""' in said
    (data / "safezone.toml").write_text("")
    status, said = _safezone("verify", "--data", str(data))
    assert (status, "in order" in said) == (0, True), said


def test_a_running_station_stays_where_it_is(data: Path, empty: str) -> None:
    folder = DataFolder(data)
    folder.lock()
    status, said = _safezone("migrate-store", "--data", str(data), "--to", empty)
    folder.unlock()
    assert status == 78
    assert "Another safezone is working" in said
    assert (data / "safezone.db").exists()


def test_a_target_that_cannot_be_opened_is_told_in_one_line(data: Path) -> None:
    status, said = _safezone(
        "migrate-store", "--data", str(data), "--to", "postgresql://nobody@127.0.0.1:1/x"
    )
    assert (status, said.count("\n")) == (78, 1), said
    assert (data / "safezone.db").exists()
