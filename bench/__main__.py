"""`make bench`: every figure, one after the other, on a machine that should have nothing else to do."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from bench import assets, audit, idle, map_layers, offline, positions, press, rebuild, recommendation
from bench.figures import machine
from bench.life.__main__ import main as life

EXTRACT = Path(os.environ.get("SAFEZONE_OSM", "../shared/data/maps/osm/andorra.osm.pbf"))


def _recommend() -> None:
    if EXTRACT.exists():
        recommendation.main(EXTRACT)
    else:
        print(f"\nrecommendation: left out, there is no extract {EXTRACT} (SAFEZONE_OSM names another)")


FIGURES: dict[str, tuple[str, Callable[[], None]]] = {
    "idle": ("start and idle", idle.main),
    "press": ("press to the second console at 10/s", lambda: press.main(10, 60, 50)),
    "presses": (
        "1,600 presses a second for 30 s, by the usual limits",
        lambda: press.main(1600, 30, 1200, ""),
    ),
    "incidents": ("1,500 presses a second for 30 s, each an incident", lambda: press.main(1500, 30, 2000)),
    "positions": ("2,000 units at 1 Hz", lambda: positions.main(2000, 20)),
    "recommendation": ("whom to send, 500 units, by road", _recommend),
    "rebuild": ("100,000 events verified and rebuilt", lambda: rebuild.main(100_000)),
    "assets": ("50,000 pieces of equipment found, filtered and drawn", lambda: assets.main([])),
    "map_layers": ("50,000 buildings under the zone, sent and drawn", lambda: map_layers.main([])),
    "audit": ("the audit of 120,000 lines", lambda: audit.main(120_000)),
    "offline": ("30 s without a line", offline.main),
    "life": (
        "a region's worth of life for 30 minutes; python -m bench.life --help says more",
        lambda: life([]),
    ),
}
LONG = ("life",)
"""Only when it is asked for."""


def _help() -> str:
    return f"{', '.join(FIGURES)}; without any, all but {' and '.join(LONG)}"


def main() -> None:
    """Measure what is asked for, or everything that does not take long."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, epilog="example: python -m bench press positions"
    )
    parser.add_argument("which", nargs="*", choices=[*FIGURES, []], metavar="WHICH", help=_help())
    asked = parser.parse_args().which or [name for name in FIGURES if name not in LONG]
    print(
        f"machine: {machine()}\n"
        "method: the whole program as `safezone up` starts it (embedded broker, SQLite, synchronous=FULL), clients in\n"
        "processes of their own on the same machine, times by the monotonic clock, percentiles by nearest rank"
    )
    for name in asked:
        print(f"\n== {name}: {FIGURES[name][0]} ==")
        FIGURES[name][1]()


if __name__ == "__main__":
    main()
