"""How long an auditor waits in a log of 120,000 lines: pages, a page far behind, everything of a role, the chain."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from bench.figures import percentile, spread_ms
from bench.rebuild import OPERATOR, live
from bench.station import write_station
from safezone.assets.station_set import read_station_set
from safezone.core.audit import Filter
from safezone.core.db import Database
from safezone.core.log import GENESIS, check_some, last_seq, log
from safezone.core.settings import Limits, Settings
from safezone.entrypoints.audit.timeline import AuditPage, Cursor, read_page
from safezone.entrypoints.house import DataFolder, Engine
from safezone.entrypoints.setting_up import create_station
from safezone.main import wire
from safezone.patrol.commands import SetDuty

STATION: Final = "bench"
TIMES: Final = 200
PAGE: Final = 100
CHAIN_AT_ONCE: Final = 2000


def main(lines: int) -> None:
    """Live through incidents until the log is so long; then read it as the auditor's room does, without HTTP."""
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        write_station(Path(folder) / "set", points=400, units=200)
        data = DataFolder(Path(folder) / "data")
        data.make()
        settings = Settings(limits=Limits(near_twin_window_s=1, near_twin_m=1))
        database = data.open_database(settings)
        engine = Engine(wire(settings), database, STATION)
        engine.start()
        create_station(engine, read_station_set(Path(folder) / "set"))
        for number in range(200):
            engine.lane.submit(SetDuty(f"u-{number:05d}", on=True), OPERATOR).result()
        live(engine, lines)
        engine.lane.stop()
        with database.read() as conn:
            _measure(conn, data.access, lines)
        _check_chain(database)
        database.close()


def _measure(conn: Connection, access: Path, lines: int) -> None:
    print(f"\na log of {last_seq(conn, STATION):,} lines, pages of {PAGE}, {TIMES} times each")
    # Before it stand a hundred thousand lines: as when somebody has scrolled that far.
    far = Cursor(log=_place_at(conn, max(1, last_seq(conn, STATION) - min(lines, 100_000))))
    questions: list[tuple[str, Filter, Cursor]] = [
        ("newest page", Filter(), Cursor()),
        ("page behind 100,000 lines", Filter(), far),
        ("everything of a role (operator:*)", Filter(actor="operator:*"), Cursor()),
        ("one actor", Filter(actor=OPERATOR.actor), Cursor()),
        ("one kind", Filter(kind="incident_opened"), Cursor()),
    ]
    for name, wanted, cursor in questions:
        took = _times(partial(_page, conn, access, wanted, cursor))
        print(f"  {name:36s} {spread_ms(took)}")


def _page(conn: Connection, access: Path, wanted: Filter, cursor: Cursor) -> AuditPage:
    page = read_page(conn, STATION, access, wanted, "", cursor, PAGE)
    if not page.items:
        raise RuntimeError(f"nothing fits {wanted}")
    return page


def _place_at(conn: Connection, seq: int) -> tuple[int, int]:
    row = conn.execute(select(log.c.at_us).where(log.c.station == STATION, log.c.seq == seq)).one()
    return (row.at_us, seq)


def _times(work: Callable[[], Any]) -> list[float]:
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


def _check_chain(database: Database) -> None:
    """As the page checks it: in pieces, each with a read of its own."""
    totals: list[float] = []
    for _ in range(5):
        began, seq, end = time.perf_counter(), 0, GENESIS
        while True:
            with database.read() as conn:
                upto, end = check_some(conn, STATION, seq, end, CHAIN_AT_ONCE)
            if upto == seq:
                break
            seq = upto
        totals.append(time.perf_counter() - began)
    print(
        f"  {'the whole chain, five times':36s} n={len(totals)}  p50 {percentile(totals, 0.5):.2f}  "
        f"max {max(totals):.2f} s  ({seq / percentile(totals, 0.5):,.0f} lines/s)"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 120_000)
