"""A measurement that is ended or killed takes its station with it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.places import eventually

ROOT = Path(__file__).parents[2]
_MEASURING = """
import sys, time
from pathlib import Path
from bench.running import running
from bench.station import write_station
folder = Path(sys.argv[1])
write_station(folder / "set", points=1, units=1)
with running(folder / "data", folder / "set") as station:
    print(station.url, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_station_of_a_measurement_does_not_outlive_it(tmp_path: Path, how: signal.Signals) -> None:
    words = [sys.executable, "-c", _MEASURING, str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as bench:
        assert bench.stdout is not None
        assert bench.stdout.readline(), "the station has started"
        said = json.loads((tmp_path / "data" / "run" / "children.json").read_text())
        station = [said["supervisor"]["pid"], *(child["pid"] for child in said["children"])]
        assert all(map(psutil.pid_exists, station))
        bench.send_signal(how)
    eventually(lambda: not any(map(_lives, station)), within_s=30)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
