"""The make-believe pole: it counts without going back, and repeats its press until police have it, once."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from safezone.entrypoints.demo.pole import Counter, Pole
from safezone.entrypoints.demo.running import find_running
from tests.support.places import eventually
from tests.support.running import Station


def test_no_two_presses_have_one_number(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: Counter(tmp_path, "sos-01").next(), range(200)))
    assert sorted(numbers) == list(range(1, 201))
    assert Counter(tmp_path, "sos-01").next() == 201


def test_a_broken_count_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "demo-poles").mkdir()
    (tmp_path / "demo-poles" / "sos-01").write_text("not a number")
    assert Counter(tmp_path, "sos-01").next() == 1


async def test_a_press_is_repeated_until_it_is_stored_and_is_one_report(quick_station: Station) -> None:
    pole = Pole(
        "sos-05",
        quick_station.poles["sos-05"].password,
        lambda: find_running(quick_station.data),
        Counter(quick_station.data, "sos-05"),
    )
    life = asyncio.create_task(pole.run(interval_s=1))
    try:
        await asyncio.wait_for(pole.connected.wait(), 120)
        node = quick_station.children()["node"]
        os.kill(node, signal.SIGSTOP)
        pressing = asyncio.create_task(pole.press())
        # Long enough for the second time (2 s); the node hears none of it yet.
        done, _ = await asyncio.wait([pressing], timeout=2.5)
        assert not done
        os.kill(node, signal.SIGCONT)
        receipt = await asyncio.wait_for(pressing, 120)
        assert receipt.after_s > 2
        reports = await asyncio.to_thread(quick_station.list_reports, receipt.incident_id)
        assert len(reports) == 1
    finally:
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life


async def test_its_heartbeats_make_it_ready(quick_station: Station) -> None:
    pole = Pole(
        "sos-07",
        quick_station.poles["sos-07"].password,
        lambda: find_running(quick_station.data),
        Counter(quick_station.data, "sos-07"),
    )
    life = asyncio.create_task(pole.run(interval_s=1))
    try:
        await asyncio.to_thread(eventually, lambda: readiness_of(quick_station, "sos-07") == "READY")
    finally:
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life
    await asyncio.to_thread(eventually, lambda: readiness_of(quick_station, "sos-07") == "DOWN")


def readiness_of(station: Station, point: str) -> str:
    """What the console shows of an SOS point."""
    assets = station.ask("GET", "/console").json()["assets"]
    return next(str(each["readiness"]) for each in assets if each["id"] == point)
