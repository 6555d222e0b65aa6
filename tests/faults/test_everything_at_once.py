"""kill -9 of the supervisor, the broker or the program while everything goes on: presses, reports, dispatches, positions.

The moments are drawn. After each round everybody has their answer, and the record and the console are compared with what
they were told. `SAFEZONE_FAULT_SEED` repeats a sequence, `SAFEZONE_FAULT_KILLS` asks for more kills of each process.
"""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Final

import pytest

from tests.support.life import NO_ESCALATION, living
from tests.support.places import let_pass
from tests.support.running import Station, running

KILLS: Final = int(os.environ.get("SAFEZONE_FAULT_KILLS", "0"))
SEED: Final = int(os.environ.get("SAFEZONE_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)


def _kill(station: Station, victim: str) -> None:
    """It is dead; a supervisor takes its children with it, and is started again by hand, as a service manager does."""
    if victim == "supervisor":
        os.kill(station.process.pid, signal.SIGKILL)
        station.process.wait()
        station.start_again()
    else:
        old = station.kill(victim)
        station.wait_until_answering(victim, unlike=old)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("victim", "kills"),
    [
        ("broker", 20),
        ("node", 20),
        ("supervisor", 20),
    ],
)
def test_nothing_is_lost_and_nothing_is_twice(tmp_path: Path, victim: str, kills: int) -> None:
    chance = random.Random(SEED)
    with (
        running(tmp_path / "data", settings=NO_ESCALATION) as station,
        living(station, seed=SEED) as life,
    ):
        for _ in range(KILLS or kills):
            let_pass(chance.uniform(0.0, 0.7))
            _kill(station, victim)
            if chance.random() < 0.5:
                life.wait_for_more()
        took_s = life.settle()
        print(
            f"seed {SEED}, {KILLS or kills} kills of the {victim}; all answered after {took_s:.1f} s; {life.judge()}"
        )
