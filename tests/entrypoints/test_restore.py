"""A technician brings a station back, and the drill that says beforehand that they could."""

from __future__ import annotations

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
        said = station.api().ask_any("/readyz")["parts"]["backup"]
        assert "restore drill failed" in said
        assert station.api("admin").ask("/api/v1/admin/safekeeping").get("drill_ok") is None
        assert not (station.folder.run / "safekeeping").exists(), "nothing of the copy is left"
    finally:
        station.close()
