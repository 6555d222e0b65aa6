"""A technician brings a station back, and the drill that says beforehand that they could."""

from __future__ import annotations

import shutil
from pathlib import Path

from safezone.entrypoints.house import DataFolder
from safezone.entrypoints.safekeeping import load_state
from tests.entrypoints.test_safekeeping import new_key
from tests.support.record import head_of
from tests.support.running import finish, running
from tests.support.station import RunningStation


def test_a_station_is_brought_back_and_runs(tmp_path: Path) -> None:
    """Backed up while it runs; restored; the restored one serves, with the same tokens and incidents."""
    key, recipient = new_key(tmp_path)
    depot, restored = tmp_path / "depot", tmp_path / "restored"
    station = RunningStation(tmp_path / "data")
    try:
        (station.path / "safezone.toml").write_text("[limits]\nacknowledge_limit_s = 20\n", "utf-8")
        opened = station.api("public").report("other", text="เสียงดังผิดปกติ")
        station.settle()
        head = station.head()
        words = ["--data", str(station.path), "--to", str(depot), "--recipient", recipient]
        assert finish(["backup", *words]).returncode == 0
        station.api("public").report("other", text="after the backup")
        drill = finish(
            ["restore-drill", "--data", str(station.path), "--from", str(depot), "--identity", str(key)]
        )
        assert drill.returncode == 0, drill.stderr
        told = load_state(station.folder)
        assert told.drill_ok is not None
        assert told.drill_ok.seq == head
        token = station.tokens["operator"]
    finally:
        station.close()

    words = ["restore", "--from", str(depot), "--identity", str(key), "--data", str(restored)]
    done = finish(words)
    assert done.returncode == 0, done.stderr
    assert f"restored up to line {head}" in done.stdout
    assert head_of(DataFolder(restored).database_file) == head
    assert (restored / "safezone.restored.toml").read_text("utf-8").startswith("[limits]")
    assert finish(words).returncode == 78, "only into an empty folder"
    with running(restored) as again:
        again.tokens["operator"] = token
        view = again.ask("GET", f"/incidents/{opened['incident_id']}").json()
        assert view["reports"][0]["text"] == "เสียงดังผิดปกติ"


def test_a_drill_that_fails_is_seen(tmp_path: Path) -> None:
    _, recipient = new_key(tmp_path)
    (tmp_path / "other").mkdir()
    wrong, _ = new_key(tmp_path / "other")
    station = RunningStation(tmp_path / "data")
    try:
        depot = ["--data", str(station.path)]
        assert (
            finish(["backup", *depot, "--to", str(tmp_path / "depot"), "--recipient", recipient]).returncode
            == 0
        )
        drill = finish(["restore-drill", *depot, "--from", str(tmp_path / "depot"), "--identity", str(wrong)])
        assert drill.returncode == 1
        said = station.api().ask_any("/readyz")["parts"]["backup"]["reason"]["en"]
        assert "restore drill failed" in said
        assert station.api("admin").ask("/api/v1/admin/safekeeping").get("drill_ok") is None
        assert not (station.folder.run / "safekeeping").exists(), "nothing of the copy is left"
    finally:
        station.close()


def test_the_master_key_comes_along_or_is_asked_for(tmp_path: Path) -> None:
    key, recipient = new_key(tmp_path)
    station = RunningStation(tmp_path / "data")
    try:
        text = station.api("public").report("other", text="เสียงดังผิดปกติ")
        station.api("public").report("other", text="อีกเรื่องหนึ่ง")
        assert text["incident_id"]
        words = ["backup", "--data", str(station.path), "--recipient", recipient]
        assert finish([*words, "--to", str(tmp_path / "with")]).returncode == 0
        rotated = finish(["rotate-master-key", "--data", str(station.path)])
        assert rotated.returncode == 0, rotated.stderr
        assert station.api().ask(f"/api/v1/incidents/{text['incident_id']}")["reports"][0]["text"] == (
            "เสียงดังผิดปกติ"
        ), "the running station reads with the new key"
        station.api("public").report("other", text="หลังเปลี่ยนกุญแจ")
        (station.path / "safezone.toml").write_text("[backup]\nwith_master_key = false\n", "utf-8")
        assert finish([*words, "--to", str(tmp_path / "without")]).returncode == 0
        assert station.verdict().content
        kept = tmp_path / "kept.key"
        shutil.copy(station.path / "master.key", kept)
    finally:
        station.close()
    base = ["restore", "--identity", str(key)]
    with_it = finish([*base, "--from", str(tmp_path / "with"), "--data", str(tmp_path / "a")])
    assert with_it.returncode == 0, with_it.stderr
    assert (tmp_path / "a" / "master.key").stat().st_mode & 0o777 == 0o600
    without = [*base, "--from", str(tmp_path / "without"), "--data", str(tmp_path / "b")]
    refused = finish(without)
    assert refused.returncode == 78
    assert "master key" in refused.stderr
    given = finish([*without, "--master-key", str(kept)])
    assert given.returncode == 0, given.stderr
