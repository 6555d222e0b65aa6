"""Memory, processor and lag of a station while it lives, sampled beside it."""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Final, NamedTuple

import psutil

from bench.figures import percentile
from bench.running import Running, call

EVERY_S: Final = 10.0


class Sample(NamedTuple):
    """At a moment: MiB (resident) and processor seconds so far, by name of process."""

    at_s: float
    memory: dict[str, float]
    cpu: dict[str, float]
    load: float
    lag: int
    """Of the listener that is farthest behind: lines of the log."""


class Gauges(threading.Thread):
    """Looks every ten seconds until it is over."""

    def __init__(self, station: Running, families: dict[str, int]) -> None:
        """`families`: further processes by name, each counted with all its children (clients, a database server)."""
        super().__init__(daemon=True)
        self._station, self._families = station, families
        self._over = threading.Event()
        self.samples: list[Sample] = []

    def run(self) -> None:
        began_s = time.monotonic()
        while True:
            self.samples.append(self._look(began_s))
            due_s = began_s + len(self.samples) * EVERY_S
            if self._over.wait(max(0.0, due_s - time.monotonic())):
                return

    def finish(self) -> None:
        """No further sample."""
        self._over.set()
        self.join()

    def _look(self, began_s: float) -> Sample:
        memory, cpu = {}, {}
        for name, pid in {**self._station.pids(), **self._families}.items():
            whole = name in self._families
            # Of a family the proportional size: its members share much.
            used = [_used(each, shared=whole) for each in _family(pid, whole=whole)]
            memory[name] = sum(m for m, _ in used)
            cpu[name] = sum(c for _, c in used)
        try:
            listed = call(self._station.url, self._station.token, "GET", "/api/v1/admin/listeners")["items"]
            lag = max(each["lag"] for each in listed)
        except OSError:
            lag = -1
        return Sample(time.monotonic() - began_s, memory, cpu, os.getloadavg()[0], lag)

    def cores(self, since: int = 0) -> dict[str, float]:
        """Share of one core of each process since that sample."""
        first, last = self.samples[since], self.samples[-1]
        took_s = max(1e-9, last.at_s - first.at_s)
        return {name: (used - first.cpu.get(name, 0.0)) / took_s for name, used in last.cpu.items()}

    def at_minute(self, name: str, minute: float) -> float | None:
        """MiB around that minute (median of three samples); None when it did not come to that."""
        near = [each.memory[name] for each in self.samples if abs(each.at_s - minute * 60) < 1.5 * EVERY_S]
        reached = self.samples[-1].at_s >= minute * 60 - EVERY_S
        return percentile(near, 0.5) if near and reached else None

    def slope(self, name: str, from_minute: float) -> float | None:
        """MiB per hour by least squares from that minute on; None of too few samples."""
        points = [
            (each.at_s / 3600, each.memory[name]) for each in self.samples if each.at_s >= from_minute * 60
        ]
        if len(points) < 6:
            return None
        mean_x, mean_y = (sum(column) / len(points) for column in zip(*points, strict=True))
        spread = sum((x - mean_x) ** 2 for x, _ in points)
        return float(sum((x - mean_x) * (y - mean_y) for x, y in points) / spread)


def _family(pid: int, *, whole: bool) -> list[psutil.Process]:
    """The process, and with `whole` all that it has started; nothing when it has ended, which may be at any moment."""
    try:
        top = psutil.Process(pid)
        return [top, *(top.children(recursive=True) if whole else ())]
    except psutil.Error:
        return []


def _used(process: psutil.Process, *, shared: bool) -> tuple[float, float]:
    """Resident memory (MiB), of what is shared its part alone; and processor seconds."""
    try:
        times: Any = process.cpu_times()
        held: Any = process.memory_full_info() if shared else process.memory_info()
        return (held.pss if shared else held.rss) / 2**20, times.user + times.system
    except psutil.Error:
        return 0.0, 0.0
