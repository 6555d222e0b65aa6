"""A region's worth of life on one station: 104 stations' poles, phones, consoles and incidents, for half an hour.

One node, as `safezone up` starts it, with everything that 104 stations do going on in client processes of their own on the
same machine. Every minute a line says how it stands. At the end (Ctrl-C ends it earlier, with what there is) come the
times, the memory and a judgement: what was confirmed and is missing or there twice, what a console did not get, and what
`safezone verify` says. The exit status is 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.figures import machine, percentile, spread_ms
from bench.life import measure
from bench.life.gauges import Gauges
from bench.life.mix import Mix

MINUTES = 30.0
MARKS = (1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 90, 120)


def live(minutes: float, mix: Mix, *, postgresql: bool = False, database_url: str = "") -> bool:
    """One measurement on a new station, printed; whether everything was as promised."""
    with (
        tempfile.TemporaryDirectory(prefix="safezone-life-") as folder,
        _database(Path(folder), postgresql=postgresql, database_url=database_url) as (url, families),
        measure.living(mix, Path(folder), url) as station,
    ):
        engine = "PostgreSQL" if url else "SQLite, synchronous=FULL"
        print(f"{engine}; for {minutes:g} min\n{mix.words()}", flush=True)
        kept_at = url or f"sqlite:///{station.data / 'safezone.db'}"
        tell = _teller()
        found = measure.measure(station, mix, minutes * 60, Path(folder), kept_at, families, tell)
        report(found)
    return not found.wrong and found.verified.startswith("well")


@contextmanager
def _database(folder: Path, *, postgresql: bool, database_url: str) -> Iterator[tuple[str, dict[str, int]]]:
    """The address of the database, empty for SQLite, and the server's process where we have started it."""
    if not postgresql:
        yield database_url, {}
        return
    from tests.support.postgres import durable_server

    server = durable_server({"shared_buffers": "256MB"})
    try:
        yield server.url(server.create(), driver=False), {"postgresql": server.pid}
    finally:
        server.close()


def _teller() -> Callable[[int, Gauges, measure.Tally], None]:
    """Prints one line a minute."""
    last = 0

    def tell(minute: int, gauges: Gauges, tally: measure.Tally) -> None:
        nonlocal last
        now = gauges.samples[-1]
        cores, last = gauges.cores(last), len(gauges.samples) - 1
        spans = tally.next_minute()
        p99 = {name: percentile(spans.get(name, []), 0.99) * 1e3 for name in _SHORT}
        used = ", ".join(
            f"{name} {now.memory[name]:.0f} MiB {cores[name]:.2f} cores"
            for name in now.memory
            if name != "supervisor" and not name.startswith("client")
        )
        clients = sum(share for name, share in cores.items() if name.startswith("client"))
        times = ", ".join(f"{short} {p99[name]:.0f}" for name, short in _SHORT.items())
        print(
            f"min {minute:3}  {used}, clients {clients:.2f} cores; p99 ms: {times}; lag {now.lag}; "
            f"under way {sum(tally.waiting.values())}; load {now.load:.1f}",
            flush=True,
        )

    return tell


_SHORT = {"press → receipt": "receipt", "press → each console": "console", "position → confirmed": "position"}


def report(found: measure.Found) -> None:
    """Everything that came of it, printed."""
    samples = found.gauges.samples
    if found.lived_s < found.asked_s - 1:
        print(f"\nENDED EARLY: {found.lived_s / 60:.1f} of {found.asked_s / 60:g} min")
    loads = [each.load for each in samples]
    print(
        f"\nlived {found.lived_s / 60:.1f} min; load average of the machine {min(loads):.1f} to {max(loads):.1f}, "
        f"median {percentile(loads, 0.5):.1f}"
    )
    for name in sorted(found.spans):
        print(f"  {name:<24} {spread_ms(found.spans[name])}")
    print("\nmemory (MiB) and share of a core")
    cores = found.gauges.cores()
    for name in samples[-1].memory:
        marks = [(m, found.gauges.at_minute(name, m)) for m in MARKS]
        at = "  ".join(f"{minute} min {mib:.1f}" for minute, mib in marks if mib is not None)
        slope = found.gauges.slope(name, min(5.0, found.lived_s / 120))
        print(f"  {name:<16} {cores[name]:5.2f} cores  {at}  slope {_said(slope)} MiB/h")
    lags = [each.lag for each in samples]
    print(f"  listeners at most {max(lags)} lines behind, at the end of life {lags[-1]}")
    _report_counts(found)
    print(f"\nsafezone verify: {found.verified}")
    if found.wrong:
        print(f"WRONG: {len(found.wrong)}\n  " + "\n  ".join(found.wrong[:30]))
    else:
        print("lost 0, twice 0; every console got every line of the log once and in order")


def _report_counts(found: measure.Found) -> None:
    poles, phones, consoles, desks = (found.said[each] for each in ("poles", "phones", "consoles", "desks"))
    counts, kept = found.counts, found.kept
    kept_fixes = sum(map(len, phones["kept"].values()))
    rows = (
        ("presses made", counts["presses"]),
        ("with a receipt", len(poles["receipted"])),
        ("in the log", sum(kept.presses.values())),
        ("shown, all consoles together", counts["presses shown, all consoles together"]),
        ("reports made", counts["reports"]),
        ("confirmed", len(desks["reported"])),
        ("in the log, presses among them", sum(kept.reports.values())),
        ("steps confirmed", len(desks["steps"])),
        ("incidents closed", counts["cases closed"]),
        ("of those begun", counts["cases begun"]),
        ("positions sent", counts["fixes"]),
        ("confirmed as kept", kept_fixes),
        ("on disk", kept.fix_rows),
        ("not kept, as was answered", sum(phones["not kept"].values())),
        ("heartbeats", counts["heartbeats"]),
        ("poles that fell silent", kept.gone_silent),
        ("lines of the log", kept.head),
        ("lines that consoles missed", consoles["missed"]),
        ("got twice", consoles["twice"]),
    )
    print("\ncounts")
    print("  " + "; ".join(f"{name} {count}" for name, count in rows))
    named = {name for name in counts if name not in {"presses", "reports", "fixes", "heartbeats"}}
    others = {name: counts[name] for name in sorted(named) if not name.startswith(("cases", "presses shown"))}
    print(f"  besides: {others or 'nothing'}; positions not kept: {phones['not kept'] or 'none'}")
    lived_s = max(1.0, found.lived_s)
    print(
        f"  to the consoles {found.bytes_to_consoles / lived_s / 1e6:.1f} MB/s in {consoles['pieces'] / lived_s:.0f} "
        f"pieces/s; longest silence of a feed {consoles['longest silence']:.1f} s; "
        f"a console opens with {consoles['largest snapshot'] / 1e3:.0f} kB at most"
    )


def _said(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.1f}"


def main(words: list[str] | None = None) -> None:
    """As it is called."""
    mix = Mix()
    parser = argparse.ArgumentParser(
        prog="python -m bench.life",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: python -m bench.life --minutes 2 --stations 20 --postgresql",
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long (default %(default)g)")
    parser.add_argument("--stations", type=int, default=mix.stations, help="whose life (default %(default)s)")
    parser.add_argument(
        "--presses", type=float, default=mix.presses, help="per second, all together (default %(default)g)"
    )
    parser.add_argument("--reports", type=float, default=mix.reports, help="per second (default %(default)g)")
    parser.add_argument(
        "--consoles-each", type=int, default=mix.consoles_each, help="of a station (default %(default)s)"
    )
    parser.add_argument(
        "--postgresql", action="store_true", help="on a PostgreSQL server of its own, fsync on"
    )
    parser.add_argument("--database-url", default="", help="on an empty database of yours instead")
    asked: Any = parser.parse_args(words)
    print(f"machine: {machine()}")
    mix = mix._replace(
        stations=asked.stations,
        presses=asked.presses,
        reports=asked.reports,
        consoles_each=asked.consoles_each,
    )
    well = live(asked.minutes, mix, postgresql=asked.postgresql, database_url=asked.database_url)
    if not well:
        sys.exit(1)


if __name__ == "__main__":
    main()
