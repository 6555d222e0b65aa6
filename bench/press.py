"""Presses over MQTT to the second console's feed: how soon, how many, and whether any is missing."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import spread_ms
from bench.running import Running, answer_of, running, wait_ready
from bench.station import write_station

APART = "[limits]\ntwin_window_s = 1\nnear_twin_window_s = 1\nacknowledge_limit_s = 86400\n"
"""Every press opens an incident of its own, if points press less often than once a second."""


def measure(station: Running, *, rate: float, seconds: float, poles: int) -> dict[str, Any]:
    """Press at `rate` for `seconds` from `poles` connections, watched by two consoles."""
    total = int(rate * seconds)
    asked = {
        "station": station.station,
        "port": station.mqtt_port,
        "devices": station.devices[:poles],
        "rate": rate,
        "total": total,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(asked, file)
        file.flush()
        screens = client("bench.screens", station.url, station.token, "2")
        wait_ready(screens)
        wait_ready(screens)
        presses = client("bench.poles", file.name)
        wait_ready(presses)
        before, began = station.cpu(), time.monotonic()
        assert presses.stdin is not None
        presses.stdin.write(b"\n")
        presses.stdin.flush()
        pressed = answer_of(presses)
        took, after = time.monotonic() - began, station.cpu()
        assert screens.stdin is not None
        time.sleep(1.0)
        screens.stdin.write(b"\n")
        screens.stdin.close()
        saw = answer_of(screens)
    return _compare(pressed, saw, {name: after[name] - before[name] for name in after}, took, total)


def client(module: str, *words: str) -> subprocess.Popen[bytes]:
    """A client in a process of its own, told to begin by a line on its standard input."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def _compare(pressed: Any, saw: Any, cpu: dict[str, float], took: float, total: int) -> dict[str, Any]:
    receipts = pressed["receipts"]
    sent_by: dict[str, list[float]] = {}
    for sent, _, incident in sorted(receipts):
        sent_by.setdefault(incident, []).append(sent)
    # A pole's presses stand in the log in their order: the third report of an incident shows its third press.
    first, second = (
        {name: list(zip(times, one.get(name, ()), strict=False)) for name, times in sent_by.items()}
        for one in saw["saw"]
    )
    visible = [shown - sent for pairs in second.values() for sent, shown in pairs]
    return {
        "pressed": total,
        "receipted": len(receipts),
        "incidents": len({incident for _, _, incident in receipts}),
        "seen_on_both": sum(min(len(first[name]), len(second[name])) for name in sent_by),
        "per_second": len(receipts)
        / max(1e-9, max(at for _, at, _ in receipts) - min(s for s, _, _ in receipts)),
        "receipt": [at - sent for sent, at, _ in receipts],
        "visible": visible,
        "cpu": cpu,
        "took": took,
    }


def report(name: str, found: dict[str, Any]) -> None:
    """The figures of one run, printed."""
    print(f"\n{name}")
    print(
        f"  pressed {found['pressed']}, receipted {found['receipted']} in {found['incidents']} incidents, "
        f"seen on both consoles {found['seen_on_both']}, {found['per_second']:.0f} presses/s acknowledged"
    )
    print(f"  press → receipt at the pole     {spread_ms(found['receipt'])}")
    print(f"  press → second console's feed   {spread_ms(found['visible'])}")
    each = {k: v / found["pressed"] * 1e6 for k, v in found["cpu"].items()}
    print("  processor per press: " + ", ".join(f"{k} {v:.0f} µs" for k, v in each.items()))


def main(rate: float, seconds: float, poles: int, settings: str = APART) -> None:
    """One measurement on a new station; with empty settings a pole's presses within a minute join its open incident."""
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        write_station(Path(folder) / "set", points=poles, units=0)
        with running(Path(folder) / "data", Path(folder) / "set", settings=settings) as station:
            found = measure(station, rate=rate, seconds=seconds, poles=poles)
            report(
                f"{rate:g} presses/s for {seconds:g} s from {poles} poles, durable",
                found,
            )


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
