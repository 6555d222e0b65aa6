"""Tries an upgrade and the way back while poles are pressed: old version, new version, old version again.

    .venv/bin/python -m tools.upgrade_trial old.whl new.whl

Each wheel is installed into an environment of its own. Real poles (MQTT clients) press all the time and repeat until
they have their receipt, as they do in the street; the station is stopped and the other version started in the same
folder. At the end every press that got a receipt must be in the record, once, and `safezone verify` must be content.

Before the upgrade somebody reports something in words, and the old version makes a backup. Where the old version refuses what
the new one has made of the folder (78, because the tables are others), the way back is gone to its end: the old version
restores its backup into an empty folder and serves from there, everything of before the backup is in it, the words can
be read, and presses come in. Exit status 0 says that all of this was so.
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

import httpx

from tests.support.places import eventually, free_port
from tests.support.poles import RealBroker, RealPole
from tests.support.record import count_reports

UV = Path(__file__).parents[1] / ".tools" / "bin" / "uv"
POINTS = ("sos-01", "sos-02", "sos-03", "sos-05")
PHASE_S = 8.0
CANNOT_START = 78
WORDS = "two men are shouting behind the market"


def main() -> int:
    """The verdict, printed; 0 when nothing was lost."""
    old, new = (Path(each).resolve() for each in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="safezone-upgrade-") as place:
        return _try(Path(place), old, new)


def _try(place: Path, old: Path, new: Path) -> int:
    commands = {"old": _install(place / "old", old), "new": _install(place / "new", new)}
    data, ports = place / "data", (free_port(), free_port())
    process = _start(commands["old"], data, ports)
    secrets = _secrets(data)
    pressing = _Pressing(secrets, ports[1])
    pressing.start()
    time.sleep(PHASE_S)
    back = _WayBack(commands["old"], data)
    back.prepare(ports[0])
    refused = False
    for name in ("new", "old"):
        _stop(process)
        began_s = time.monotonic()
        process = _start(commands[name], data, ports)
        if process.poll() == CANNOT_START:
            refused = True
            print(f"{name}: refused to start (78): {(data.parent / 'log').read_text()[-400:]}")
            process, name = _start(commands["new"], data, ports), "new again"
        print(f"{name}: answers {time.monotonic() - began_s:.1f} s after the start")
        time.sleep(PHASE_S)
    pressed, receipted = pressing.end()
    readable = back.shows_words(ports[0])
    _stop(process)
    stored = count_reports(data / "safezone.db", list(POINTS))
    verdict = _verify(commands["new"], data)
    print(f"pressed {pressed}, receipted {receipted}, stored {stored}; verify: {verdict.returncode}")
    print(verdict.stdout.strip())
    print(f"words: {readable}; a master key: {(data / 'master.key').exists()}")
    fine = receipted == stored == pressed and verdict.returncode == 0 and readable
    if refused:
        fine = back.go(secrets, ports, pressing.counts, stored) and fine
    print("nothing lost, nothing twice" if fine else "NOT as promised")
    return 0 if fine else 1


class _WayBack:
    """The backup of the old version, and what it is good for."""

    def __init__(self, command: str, data: Path) -> None:
        self._command = command
        self._data = data
        self._key, self._backups = data.parent / "key.txt", data.parent / "backups"
        self._incident = ""
        self._at_least = 0

    def prepare(self, port: int) -> None:
        """Something was said in words, and a backup was made by the version that runs."""
        api = f"http://127.0.0.1:{port}/api/v1"
        said = httpx.post(
            f"{api}/reports", json={"kind": "noise", "text": WORDS, "dedupe_key": "trial"}
        ).json()
        self._incident = said["incident_id"]
        self._at_least = count_reports(self._data / "safezone.db", list(POINTS))
        recipient = self._say("backup-key", "new", "--out", str(self._key)).split("age1")[1].split()[0]
        place = ["--to", str(self._backups), "--recipient", f"age1{recipient}"]
        print(self._say("backup", "--data", str(self._data), *place).strip())

    def shows_words(self, port: int) -> bool:
        """Whether the station that runs shows the words that were said."""
        token = _ready(self._data)["tokens"]["operator"]
        url = f"http://127.0.0.1:{port}/api/v1/incidents/{self._incident}"
        return WORDS in httpx.get(url, headers={"Authorization": f"Bearer {token}"}).text

    def go(
        self, secrets: dict[str, str], ports: tuple[int, int], counts: dict[str, int], in_all: int
    ) -> bool:
        """Whether the old version serves from its backup, with all that was in it."""
        back = self._data.parent / "back"
        place = ["--from", str(self._backups), "--identity", str(self._key), "--data", str(back)]
        print(self._say("restore", *place).strip())
        restored = count_reports(back / "safezone.db", list(POINTS))
        print(
            f"restored: {restored} presses; {in_all - restored} came after the backup and are in the newer folder alone"
        )
        began_s = time.monotonic()
        process = _start(self._command, back, ports, "up")
        print(f"old, from its backup: answers {time.monotonic() - began_s:.1f} s after the start")
        readable = self.shows_words(ports[0])
        pressing = _Pressing(secrets, ports[1], counts)
        pressing.start()
        time.sleep(PHASE_S)
        pressed, receipted = pressing.end()
        _stop(process)
        stored = count_reports(back / "safezone.db", list(POINTS)) - restored
        verified = _verify(self._command, back).returncode
        print(
            f"there: pressed {pressed}, receipted {receipted}, stored {stored}; verify: {verified}; words: {readable}"
        )
        return self._at_least <= restored and pressed == receipted == stored and not verified and readable

    def _say(self, *words: str) -> str:
        return subprocess.run([self._command, *words], capture_output=True, text=True, check=True).stdout


def _verify(command: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([command, "verify", "--data", data], capture_output=True, text=True, check=False)


class _Pressing:
    """Every pole is pressed again as soon as it has its receipt."""

    def __init__(self, passwords: dict[str, str], port: int, before: dict[str, int] | None = None) -> None:
        """Each pole counts on from `before`."""
        where = SimpleNamespace(prepared=SimpleNamespace(host="127.0.0.1", port=port), tokens=passwords)
        self._poles = [RealPole(cast(RealBroker, where), each) for each in POINTS]
        self.counts = dict(before or dict.fromkeys(POINTS, 0))
        self._before = sum(self.counts.values())
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
        return sum(self.counts.values()) - self._before, receipted

    def _press(self, pole: RealPole) -> None:
        while not self._ended.is_set():
            self.counts[pole.point] += 1
            pole.press(self.counts[pole.point], within_s=120.0)
            time.sleep(0.01)


def _install(where: Path, wheel: Path) -> str:
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, where], check=True)
    subprocess.run([UV, "pip", "install", "-q", "--python", where / "bin" / "python", wheel], check=True)
    return str(where / "bin" / "safezone")


def _start(
    command: str, data: Path, ports: tuple[int, int], how: str = "demo --no-simulation"
) -> subprocess.Popen[bytes]:
    ready = data.parent / f"{data.name}.ready.json"
    ready.unlink(missing_ok=True)
    words = [
        *how.split(),
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


def _ready(data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((data.parent / f"{data.name}.ready.json").read_text("utf-8"))
    return found


def _secrets(data: Path) -> dict[str, str]:
    return {each["id"]: each["password"] for each in _ready(data)["sos_points"]}


if __name__ == "__main__":
    sys.exit(main())
