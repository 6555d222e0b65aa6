"""How long it takes to say who could be sent, with 500 units on a real road map, and whom it holds up meanwhile."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.figures import machine, spread_ms
from safezone.core.auth import installer
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.settings import Settings
from safezone.entrypoints.house import DataFolder, Engine
from safezone.events.patrol import UNIT_KINDS
from safezone.main import wire
from safezone.patrol import queries
from safezone.patrol.commands import RecordFixes, RegisterUnits, SetDuty, UnitEntry
from safezone.patrol.ranking import RankRules, Recommendation
from safezone.patrol.rules import Claim
from safezone.zone.road_graph import RoadGraph
from safezone.zone.roads import import_roads, load_roads

STATION = "bench"
OPERATOR = Identity(STATION, "operator", "ccoc-1")
EXTRACT = Path(__file__).resolve().parents[2] / "shared" / "data" / "maps" / "osm" / "andorra.osm.pbf"
RUNS = 300
EVERYBODY = RankRules(near_m=100_000.0, far_s=3600.0)
"""Nobody is too far: the search goes over the whole map and every unit is ranked with its reasons."""


def main(extract: Path, units: int = 500) -> None:
    """Import the extract, put the units on its streets, and ask for advice about random places on them."""
    if not extract.exists():
        print(f"\nrecommendation: the extract {extract.name} is not on this machine")
        return
    with tempfile.TemporaryDirectory(prefix="safezone-bench-") as folder:
        data = DataFolder(Path(folder))
        data.make()
        began = time.monotonic()
        done = import_roads(extract, data.roads_file)
        imported = time.monotonic()
        graph = load_roads(data.roads_file)
        loaded = time.monotonic()
        print(f"\nrecommendation with {units} units on {extract.name}; {machine()}")
        print(
            f"  {done.length_km:.0f} km of street, {done.junctions} junctions, {done.pieces} pieces, "
            f"{data.roads_file.stat().st_size / 1024:.0f} KiB; import {imported - began:.2f} s, load {loaded - imported:.2f} s"
        )
        engine = Engine(wire(Settings()), data.open_database(Settings()), STATION)
        engine.start()
        _put_on_duty(engine, graph, units)
        places = _places(graph, RUNS, random.Random(2))
        _ask_many(engine, places, "by road, everybody ranked, collector as it comes", EVERYBODY, graph)
        # Python's collector walks over everything that was made at the start, again and again, up to 60 ms each time.
        gc.collect()
        gc.freeze()
        print("  from here on with what was made at the start left out of collection (gc.freeze)")
        for name, rules, roads in (
            ("by straight line, everybody ranked", EVERYBODY, None),
            ("by road, everybody ranked", EVERYBODY, graph),
            ("by road, default limits (5 km, 20 min)", RankRules(fix_lost_s=3600.0), graph),
        ):
            _ask_many(engine, places, name, rules, roads)
        asyncio.run(_hold_up(engine, places, graph))
        engine.stop()


def _ask_many(
    engine: Engine, places: Sequence[Point], name: str, rules: RankRules, roads: RoadGraph | None
) -> None:
    """One after the other, each with a connection of its own, as the door does it."""
    ask = _question(engine, rules, roads)
    took, processor, ranked = [], [], 0
    for place in places:
        began, worked = time.perf_counter(), time.thread_time()
        ranked += len(ask(place).units)
        took.append(time.perf_counter() - began)
        processor.append(time.thread_time() - worked)
    print(f"  {name} (ranked on average {ranked / len(places):.0f})")
    print(f"    until the answer is there  {spread_ms(took)}")
    print(f"    processor time of it       {spread_ms(processor)}")


def _question(engine: Engine, rules: RankRules, roads: RoadGraph | None) -> Callable[[Point], Recommendation]:
    def ask(place: Point) -> Recommendation:
        with engine.desk.database.read() as conn:
            at = engine.clock.now()
            return queries.recommend(conn, OPERATOR, place, at, rules, roads=roads)

    return ask


async def _hold_up(engine: Engine, places: Sequence[Point], graph: RoadGraph) -> None:
    """How late a 2 ms timer of the event loop is: with nothing to do, and while advice is asked without a pause."""

    async def ask_all() -> None:
        ask = _question(engine, EVERYBODY, graph)
        for place in places[:150]:
            await engine.desk.think(ask, place)

    async def idle() -> None:
        await asyncio.sleep(2.0)

    kinds: list[tuple[str, Callable[[], Awaitable[None]]]] = [
        ("idle", idle),
        ("advice without a pause", ask_all),
    ]
    for name, work in kinds:
        late: list[float] = []
        timer = asyncio.create_task(_timer(late))
        await work()
        timer.cancel()
        print(f"  event loop, {name:<28} a 2 ms timer is late by {spread_ms(late)}")


async def _timer(late: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        late.append(time.perf_counter() - began - 0.002)


def _put_on_duty(engine: Engine, graph: RoadGraph, units: int) -> None:
    """Cars, motorcycles and foot patrols on duty, each seen somewhere on a street within the last five minutes."""
    who = installer(STATION)
    entries = [
        UnitEntry(unit_id=f"u-{i}", call_sign=f"สาธิต {i}", kind=UNIT_KINDS[i % 3], name=Words("ชุด", "Unit"))
        for i in range(units)
    ]
    engine.lane.submit(RegisterUnits(entries), who).result()
    _wait([engine.lane.submit(SetDuty(entry.unit_id, on=True), who) for entry in entries])
    places = _places(graph, units, random.Random(1))
    _wait(
        [
            engine.lane.submit(
                RecordFixes(entry.unit_id, [Claim(place.lon, place.lat)]),
                Identity(STATION, "unit", entry.unit_id, unit_id=entry.unit_id),
            )
            for entry, place in zip(entries, places, strict=True)
        ]
    )


def _wait(asked: Sequence[Future[Any]]) -> None:
    for one in asked:
        one.result(timeout=timedelta(minutes=2).total_seconds())


def _places(graph: RoadGraph, count: int, lots: random.Random) -> list[Point]:
    """Places near streets that a car may use."""
    found: list[Point] = []
    points = graph.list_points()
    while len(found) < count:
        tried = [lots.choice(points) for _ in range(200)]
        usable = graph.travel_times_s(tried[0], tried, "car")
        found += [p for p, time_s in zip(tried, usable, strict=True) if time_s is not None]
    return found[:count]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else EXTRACT)
