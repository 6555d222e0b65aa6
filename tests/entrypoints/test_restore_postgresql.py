"""A station that PostgreSQL keeps is lost with its server, and brought back into another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.entrypoints.test_safekeeping import new_key
from tests.incidents.desk import Desk
from tests.support import postgres
from tests.support.record import head_of, read_log
from tests.support.running import finish


@pytest.fixture
def lost_and_new() -> Iterator[tuple[str, str]]:
    """The addresses of two empty databases."""
    names = [postgres.server().create() for _ in range(2)]
    yield postgres.server().url(names[0], driver=False), postgres.server().url(names[1], driver=False)
    for each in names:
        postgres.server().drop(each)


def _done(*words: str | Path) -> str:
    found = finish([str(each) for each in words])
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout + found.stderr


def test_from_postgresql_by_a_backup_into_another_postgresql(
    lost_and_new: tuple[str, str], tmp_path: Path
) -> None:
    lost, new = lost_and_new
    key, recipient = new_key(tmp_path)
    data, back = tmp_path / "data", tmp_path / "back"
    desk = Desk(data)
    incident = desk.press("sos-03").incident_id
    desk.report(text="มีคนบาดเจ็บ")
    desk.close()
    _done("migrate-store", "--data", data, "--to", lost)
    (data / "safezone.toml").write_text(f'database_url = "{lost}"\n')
    _done("backup", "--data", data, "--to", tmp_path / "depot", "--recipient", recipient)
    before = read_log(lost)

    said = _done("restore", "--from", tmp_path / "depot", "--identity", key, "--data", back)
    assert f"restored up to line {before[-1].seq}" in said
    assert "migrate-store" in said, "it says how the station comes into PostgreSQL again"
    _done("migrate-store", "--data", back, "--to", new)
    (back / "safezone.toml").write_text(f'database_url = "{new}"\n')
    assert "in order" in _done("verify", "--data", back)
    assert read_log(new) == before
    assert head_of(new) == head_of(lost)
    assert incident in {line.subject for line in read_log(new)}
