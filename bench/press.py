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

SETTINGS = "[limits]\ntwin_window_s = 1\nnear_twin_window_s = 1\nacknowledge_limit_s = 86400\n"
"""Every press opens an incident of its own: points press less often than once a second."""


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
    second = saw["saw"][1]
    visible = [second[incident] - sent for sent, _, incident in receipts if incident in second]
    first = saw["saw"][0]
    return {
        "pressed": total,
        "receipted": len(receipts),
        "incidents": len({incident for _, _, incident in receipts}),
        "seen_on_both": sum(1 for _, _, incident in receipts if incident in second and incident in first),
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


def main(rate: float, seconds: float, poles: int) -> None:
    """One measurement on a new station."""
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        write_station(Path(folder) / "set", points=poles, units=0)
        with running(Path(folder) / "data", Path(folder) / "set", settings=SETTINGS) as station:
            found = measure(station, rate=rate, seconds=seconds, poles=poles)
            report(
                f"{rate:g} presses/s for {seconds:g} s from {poles} poles, each its own incident, durable",
                found,
            )


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
