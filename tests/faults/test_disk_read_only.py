"""The kernel finds an error on the disk of a running station and takes every write from it: a real ext4, a real remount.

Nobody is told "received" while nothing can be written; what is known can still be read; the station can be ended; and
when the disk was repaired and is there again, everybody gets the answer that is owed.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.disks import FaultyDisk, faulty_disk
from tests.support.life import NO_ESCALATION, living
from tests.support.places import eventually, let_pass
from tests.support.record import count_reports, head_of
from tests.support.running import LAST_STOP_LIMIT_S, lives, running


def test_the_disk_of_a_running_station_becomes_read_only(tmp_path: Path) -> None:
    with (
        faulty_disk(tmp_path / "disk", 256 * 1024) as disk,
        running(disk.at, settings=NO_ESCALATION) as station,
        living(station) as life,
    ):
        node, mine = station.children()["node"], station.processes()
        # What the broker alone has confirmed may not have been flushed yet (docs/3-runbooks/guarantees.md).
        life.simple.press_no_more()
        eventually(
            lambda: count_reports(station.record, [life.simple.point]) == len(life.simple.presses),
        )
        # The settings were written a moment ago and flushed by nobody; what the fault is about is the record.
        settings = os.open(disk.at / "safezone.toml", os.O_RDONLY)
        os.fsync(settings)
        os.close(settings)
        disk.fail()
        press = life.poles[0].press()
        eventually(lambda: press.tries >= 3)
        assert press.receipts == [], "a lie"
        eventually(lambda: station.readiness().status_code == 503)
        head = head_of(station.database)
        assert station.ask("GET", "/console").status_code == 200, "what is known can still be read"
        let_pass(1.0)
        assert head_of(station.database) == head
        assert station.children()["node"] == node, "the program lives"
        assert station.stop(within_s=LAST_STOP_LIMIT_S) == 0, station.said()
        assert not any(map(lives, mine)), "nothing stays behind that would hold the disk"
        _repair(disk)
        station.start_again()
        eventually(lambda: press.receipts, within_s=120.0)
        life.wait_for_more()
        took_s = life.settle()
        print(f"read-only disk: all answered {took_s:.1f} s after it was repaired; {life.judge()}")


def _repair(disk: FaultyDisk) -> None:
    """As an administrator does: taken out, checked, put in again."""
    disk.take_out()
    disk.check()
    disk.put_in()
