"""SIGSTOP: the program or the broker hangs, which is worse than dead, because nobody buries it.

It is noticed, ended and started again; every screen says within its time that it is cut off; nothing is lost. And what
only paused for a moment goes on where it was.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.life import NO_ESCALATION, living
from tests.support.places import eventually, let_pass
from tests.support.running import running

NOTICED_WITHIN_S = 25.0
"""10 s of silence for the program, 8 s for the broker; the rest is a busy machine."""
BRIEF_S = 3.0


@pytest.mark.parametrize("victim", ["node", pytest.param("broker", marks=pytest.mark.matrix)])
def test_what_hangs_is_started_again_and_nothing_is_lost(tmp_path: Path, victim: str) -> None:
    with running(tmp_path / "data", settings=NO_ESCALATION) as station, living(station) as life:
        hung, began = station.children()[victim], time.monotonic()
        os.kill(hung, signal.SIGSTOP)
        new = eventually(
            lambda: (pid := station.children().get(victim)) != hung and pid, within_s=NOTICED_WITHIN_S
        )
        noticed_s = time.monotonic() - began
        station.wait_until_answering(victim, unlike=hung)
        life.wait_for_more()
        back_s = time.monotonic() - began
        assert new != hung
        life.settle()
        print(
            f"{victim} stopped: started again after {noticed_s:.1f} s, all served after {back_s:.1f} s; {life.judge()}"
        )
        if victim == "node":
            assert "node hangs" in station.said()


@pytest.mark.matrix
@pytest.mark.parametrize(
    "victims", [("node",), ("broker",), ("node", "broker")], ids=lambda names: "+".join(names)
)
def test_what_pauses_for_a_moment_goes_on(tmp_path: Path, victims: tuple[str, ...]) -> None:
    with running(tmp_path / "data", settings=NO_ESCALATION) as station, living(station) as life:
        before = station.children()
        for _ in range(3):
            for victim in victims:
                os.kill(before[victim], signal.SIGSTOP)
            let_pass(BRIEF_S)
            for victim in victims:
                os.kill(before[victim], signal.SIGCONT)
            life.wait_for_more()
        assert station.children() == before, "nobody is killed for a pause"
        life.settle()
        print(f"{'+'.join(victims)} paused 3 times for {BRIEF_S:.0f} s: {life.judge()}")


@pytest.mark.matrix
def test_both_hang_at_once(tmp_path: Path) -> None:
    """The program is the one that watches the broker: it comes back first and finds a broker that hangs."""
    with running(tmp_path / "data", settings=NO_ESCALATION) as station, living(station) as life:
        hung = station.children()
        for victim in ("broker", "node"):
            os.kill(hung[victim], signal.SIGSTOP)
        for victim in ("node", "broker"):
            station.wait_until_answering(victim, unlike=hung[victim])
        life.wait_for_more()
        life.settle()
        print(f"both stopped: {life.judge()}")


@pytest.mark.matrix
def test_a_supervisor_that_hangs_disturbs_nobody_until_something_dies(tmp_path: Path) -> None:
    with running(tmp_path / "data", settings=NO_ESCALATION) as station, living(station) as life:
        before = station.children()
        station.process.send_signal(signal.SIGSTOP)
        let_pass(15.0)
        life.wait_for_more()
        node = station.kill("node")
        let_pass(2.0)
        station.process.send_signal(signal.SIGCONT)
        station.wait_until_answering("node", unlike=node)
        assert station.children()["broker"] == before["broker"], (
            "nobody is killed for the supervisor's own pause"
        )
        life.settle()
        print(f"supervisor paused for 17 s: {life.judge()}")
