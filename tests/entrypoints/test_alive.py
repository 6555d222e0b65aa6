"""`safezone alive`, which a container's health check calls: also of a program that waits for its station."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx

from safezone.entrypoints.alive import ask
from tests.support.places import eventually, free_port
from tests.support.running import Station, finish, start


def test_a_station_that_runs(demo: Station) -> None:
    assert finish(["alive", "--data", str(demo.data)]).returncode == 0


def test_a_program_that_waits_for_its_station_is_well_and_not_ready(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    data.mkdir()
    (data / "safezone.toml").write_text(f'[web]\nhost = "0.0.0.0"\nport = {port}\n', "utf-8")
    asked = ["alive", "--data", str(data)]
    before = finish(asked)
    assert (before.returncode, f"http://127.0.0.1:{port}" in before.stderr) == (1, True)
    program = start(["up", "--data", str(data)], tmp_path / "log")
    try:
        eventually(lambda: ask(f"http://127.0.0.1:{port}/livez"), within_s=60)
        assert finish(asked).returncode == 0
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=60)
        assert (ready.status_code, ready.json()["degraded"]) == (503, ["station"])
        assert "open the link" in ready.json()["parts"]["station"]["reason"]["en"]
    finally:
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0
    assert finish(asked).returncode == 1
