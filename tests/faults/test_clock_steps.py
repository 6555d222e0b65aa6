"""The machine's own clock steps an hour, or its time zone changes, while the station works."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.life import NO_ESCALATION, living
from tests.support.moments import Moments
from tests.support.running import running

HOUR_S = 3600
ZONES = ("Asia/Bangkok", "Pacific/Kiritimati", "America/St_Johns")


@pytest.mark.matrix
@pytest.mark.parametrize(
    "steps", [(HOUR_S, -HOUR_S), (-HOUR_S, HOUR_S), (HOUR_S, 2 * HOUR_S, 0, -HOUR_S, 0)], ids=str
)
def test_the_clock_of_the_machine_steps(tmp_path: Path, steps: tuple[int, ...]) -> None:
    """Forth, back behind where it began, and everybody is served at each hour."""
    moments = Moments(tmp_path)
    with (
        running(tmp_path / "data", settings=NO_ESCALATION, env=moments.env) as station,
        living(station) as life,
    ):
        node = station.children()["node"]
        for step_s in steps:
            moments.shift(node, step_s)
            life.wait_for_more()
        assert station.children()["node"] == node
        life.settle()
        print(f"clock at {steps} s: {life.judge()}")


@pytest.mark.matrix
def test_a_restart_after_the_clock_went_back(tmp_path: Path) -> None:
    """The new process knows nothing of the names that the old one gave an hour later."""
    moments = Moments(tmp_path)
    with (
        running(tmp_path / "data", settings=NO_ESCALATION, env=moments.env) as station,
        living(station) as life,
    ):
        moments.shift(station.children()["node"], HOUR_S)
        life.wait_for_more()
        old = station.kill("node")  # The next one has another process id, and the clock is right again.
        station.wait_until_answering("node", unlike=old)
        life.wait_for_more()
        life.settle()
        print(f"clock right again after a restart: {life.judge()}")


@pytest.mark.matrix
def test_the_time_zone_changes_between_two_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ZONES[0])
    with running(tmp_path / "data", settings=NO_ESCALATION) as station, living(station) as life:
        for zone in ZONES[1:]:
            monkeypatch.setenv("TZ", zone)
            os.kill(station.process.pid, signal.SIGKILL)
            station.process.wait()
            station.start_again()
            life.wait_for_more()
        life.settle()
        print(f"time zones {', '.join(ZONES)}: {life.judge()}")
