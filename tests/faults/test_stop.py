"""However the station is ended, nothing that it started stays behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.callers import Pole
from tests.support.places import eventually
from tests.support.record import count_claims, read_log
from tests.support.running import STOP_LIMIT_S, Station, finish, lives, running
from tests.support.screens import Screen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_everything_it_started_while_poles_press_and_a_console_watches(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running(tmp_path / "data") as station:
        pole, screen = Pole(station, "sos-01", pace_s=0.02), Screen(station, after=0)
        pole.start()
        screen.start()
        eventually(lambda: sum(bool(press.receipts) for press in list(pole.presses.values())) > 20)
        eventually(lambda: screen.place > 20)
        mine = station.processes()
        assert set(station.children().values()) < mine
        assert len(mine) >= 3
        status = station.stop(number, within_s=STOP_LIMIT_S)
        assert status == 0
        assert not any(map(lives, mine))
        pole.finish()
        screen.finish()
    assert not (station.data / "run" / "children.json").exists()
    assert "Finished server process" in station.said(), "the program was asked to end, not killed"
    # An orderly end loses as little as a sudden one, and leaves the record whole.
    claims = count_claims(read_log(station.database))
    receipted = [press for press in pole.presses.values() if press.receipts]
    assert len(receipted) > 10
    assert {claims[(pole.point, press.at)] for press in receipted} == {1}
    assert finish(["verify", "--data", str(station.data)]).returncode == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """A node that hangs (here: stopped) does not keep whoever presses Ctrl-C twice."""
    with running(tmp_path / "data") as station:
        tries = 1
        while not _ends_at_once_when_told_twice(station):
            # This test was kept from the processor for seconds, and the grace was over meanwhile.
            station.process.wait(STOP_LIMIT_S)
            assert (tries := tries + 1) <= 5, "it never ends before its grace is over"
            station.start_again()


def _ends_at_once_when_told_twice(station: Station) -> bool:
    """Everything of it was gone long before the grace was over for whoever hangs."""
    if not _is_told_to_end_and_hangs(station):
        return False
    mine, began_s = station.processes(), time.monotonic()
    assert station.stop(signal.SIGINT) == 0
    assert not any(map(lives, mine))
    return time.monotonic() - began_s < 2.0


def _is_told_to_end_and_hangs(station: Station) -> bool:
    """The first signal was sent; False when the grace for whoever hangs was over before it could be seen."""
    node = station.children()["node"]
    os.kill(node, signal.SIGSTOP)
    station.process.send_signal(signal.SIGINT)
    try:
        return eventually(lambda: signal.SIGTERM in _pending_signals(node))
    except (FileNotFoundError, ProcessLookupError):
        return False


def _pending_signals(pid: int) -> set[int]:
    """The signals that wait for a process that does not run (proc(5): SigPnd, ShdPnd)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    mask = 0
    for line in lines:
        name, _, value = line.partition(":")
        if name in ("SigPnd", "ShdPnd"):
            mask |= int(value, 16)
    return {number for number in range(1, 65) if mask & (1 << (number - 1))}
