"""Tries an upgrade and the way back while poles are pressed: old version, new version, old version again.

    .venv/bin/python -m tools.upgrade_trial old.whl new.whl

Each wheel is installed into an environment of its own. Real poles (MQTT clients) press all the time and repeat until
they have their receipt, as they do in the street; the station is stopped and the other version started in the same
folder. At the end every press that got a receipt must be in the record, once, and `safezone verify` must be content.
Exit status 0 says so; 78 of the old version, because the new one has changed the tables, is told and is no failure.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tests.support.places import eventually, free_port
from tests.support.poles import RealBroker, RealPole
from tests.support.record import count_reports

UV = Path(__file__).parents[1] / ".tools" / "bin" / "uv"
POINTS = ("sos-01", "sos-02", "sos-03", "sos-05")
PHASE_S = 8.0
CANNOT_START = 78


def main() -> int:
    """The verdict, printed; 0 when nothing was lost."""
    old, new = (Path(each).resolve() for each in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="safezone-upgrade-") as place:
        return _try(Path(place), old, new)


def _try(place: Path, old: Path, new: Path) -> int:
    commands = {"old": _install(place / "old", old), "new": _install(place / "new", new)}
    data, ports = place / "data", (free_port(), free_port())
    process = _start(commands["old"], data, ports)
    pressing = _Pressing(_secrets(data), ports[1])
    pressing.start()
    time.sleep(PHASE_S)
    for name in ("new", "old"):
        _stop(process)
        began_s = time.monotonic()
        process = _start(commands[name], data, ports)
        if process.poll() == CANNOT_START:
            print(f"{name}: refused to start (78): {(data.parent / 'log').read_text()[-400:]}")
            process, name = _start(commands["new"], data, ports), "new again"
        print(f"{name}: answers {time.monotonic() - began_s:.1f} s after the start")
        time.sleep(PHASE_S)
    pressed, receipted = pressing.end()
    _stop(process)
    stored = count_reports(data / "safezone.db", list(POINTS))
    last = commands["new"]
    verdict = subprocess.run([last, "verify", "--data", data], capture_output=True, text=True, check=False)
    print(f"pressed {pressed}, receipted {receipted}, stored {stored}; verify: {verdict.returncode}")
    print(verdict.stdout.strip())
    fine = receipted == stored == pressed and verdict.returncode == 0
    print("nothing lost, nothing twice" if fine else "NOT as promised")
    return 0 if fine else 1


class _Pressing:
    """Every pole is pressed again as soon as it has its receipt."""

    def __init__(self, passwords: dict[str, str], port: int) -> None:
        where = SimpleNamespace(prepared=SimpleNamespace(host="127.0.0.1", port=port), tokens=passwords)
        self._poles = [RealPole(cast(RealBroker, where), each) for each in POINTS]
        self._counts = dict.fromkeys(POINTS, 0)
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._press, args=(each,)) for each in self._poles]

    def start(self) -> None:
        """They are pressed from now on."""
        for each in self._threads:
            each.start()

    def end(self) -> tuple[int, int]:
        """How often they were pressed, and how many receipts they have, once the last one is there."""
        self._ended.set()
        for each in self._threads:
            each.join()
        receipted = sum(len(each.receipts) for each in self._poles)
        for pole in self._poles:
            pole.leave()
        return sum(self._counts.values()), receipted

    def _press(self, pole: RealPole) -> None:
        while not self._ended.is_set():
            self._counts[pole.point] += 1
            pole.press(self._counts[pole.point], within_s=120.0)
            time.sleep(0.01)


def _install(where: Path, wheel: Path) -> str:
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, where], check=True)
    subprocess.run([UV, "pip", "install", "-q", "--python", where / "bin" / "python", wheel], check=True)
    return str(where / "bin" / "safezone")


def _start(command: str, data: Path, ports: tuple[int, int]) -> subprocess.Popen[bytes]:
    ready = data.parent / "ready.json"
    ready.unlink(missing_ok=True)
    words = [
        "demo",
        "--no-simulation",
        "--data",
        str(data),
        "--port",
        str(ports[0]),
        "--mqtt-port",
        str(ports[1]),
    ]
    env: dict[str, Any] = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (data.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            [command, *words, "--ready-file", str(ready)],
            stdout=log,
            stderr=log,
            env=env,
            start_new_session=True,
        )
    eventually(lambda: ready.exists() or process.poll() is not None, within_s=60.0)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30.0)


def _secrets(data: Path) -> dict[str, str]:
    ready = json.loads((data.parent / "ready.json").read_text("utf-8"))
    return {each["id"]: each["password"] for each in ready["sos_points"]}


if __name__ == "__main__":
    sys.exit(main())
