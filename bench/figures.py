"""How a figure is printed: what was measured, how, on which machine, and its percentiles."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from pathlib import Path


def counted(name: str, says: str | None, what: str, *, times: int) -> argparse.ArgumentParser:
    """The words after `python -m bench.NAME`: of how much it is measured, and how often."""
    parser = argparse.ArgumentParser(
        prog=f"python -m bench.{name}",
        description=says,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"example: python -m bench.{name} --count 5000",
    )
    parser.add_argument("--count", type=int, default=50_000, help=f"how much {what} (default %(default)s)")
    parser.add_argument("--times", type=int, default=times, help="how often each (default %(default)s)")
    return parser


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie (nearest rank); NaN of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def spread_ms(seconds: Sequence[float]) -> str:
    """`n=…  p50 … p90 … p99 … max … ms` of times in seconds."""
    parts = [f"{name} {percentile(seconds, share) * 1e3:.1f}" for name, share in _SHARES]
    return f"n={len(seconds)}  {'  '.join(parts)} ms"


_SHARES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))


def machine() -> str:
    """The machine in one line, with how busy it was before we began."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, load before {load}"
    )


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far (user and system)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> float:
    """Memory of a process that is its own (proportional set size, MiB)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return float("nan")
