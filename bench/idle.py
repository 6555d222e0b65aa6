"""How soon a station is ready, and what it takes when nothing happens."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.figures import memory_mib, percentile
from bench.running import running
from bench.station import write_station

STARTS = 7


def main() -> None:
    """Start the same station several times; then look at it after 10 idle seconds with one console on."""
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        write_station(Path(folder) / "set", points=8, units=6)
        data = Path(folder) / "data"
        times = []
        with running(data, Path(folder) / "set") as station:
            first = station.seconds_to_ready
        for _ in range(STARTS):
            with running(data, None) as station:
                times.append(station.seconds_to_ready)
        with running(data, None) as station:
            time.sleep(10)
            before, began = station.cpu(), time.monotonic()
            time.sleep(10)
            after, took = station.cpu(), time.monotonic() - began
            memory = {name: memory_mib(pid) for name, pid in station.pids().items()}
    print("\nstart until everything answers (HTTP, MQTT, feed), as `safezone up` is called")
    print(f"  first start, creating the station: {first:.2f} s")
    print(f"  {STARTS} further starts: p50 {percentile(times, 0.5):.2f} s, max {max(times):.2f} s")
    print("idle: memory (PSS) and share of one core")
    for name, used in memory.items():
        print(f"  {name:<11} {used:6.1f} MiB   {(after[name] - before[name]) / took:6.2%}")
    print(f"  together    {sum(memory.values()):6.1f} MiB")


if __name__ == "__main__":
    main()
