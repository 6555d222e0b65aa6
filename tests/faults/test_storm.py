"""Five hundred consoles come back at the same moment, and one device opens two hundred and forty connections.

Each console keeps its place by the id of the last event, as a browser does; nobody misses one or sees one twice.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.callers import Pole
from tests.support.life import NO_ESCALATION
from tests.support.record import head_of
from tests.support.running import Station, running
from tests.support.waiting import pause, wait_until


class Console:
    """A console that reads the feed and comes back at once when it is cut off."""

    def __init__(self, station: Station, who: str) -> None:
        self.seqs: list[int] = []
        self.beats = 0
        self.connections = 0
        self.statuses: list[bytes] = []
        self._station, self._token = station, station.tokens[who]

    @property
    def place(self) -> int:
        return self.seqs[-1] if self.seqs else 0

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self._follow()
            except (OSError, asyncio.IncompleteReadError):
                await pause(0.05)

    async def _follow(self) -> None:
        port = int(self._station.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(
                f"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._token}\r\n"
                f"Last-Event-ID: {self.place}\r\n\r\n".encode()
            )
            self.statuses.append((await reader.readuntil(b"\r\n")).split()[1])
            self.connections += 1
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    self.seqs.append(int(line[4:]))
                elif line.startswith(b"event: heartbeat"):
                    self.beats += 1
        finally:
            writer.close()


async def _storm(station: Station, consoles: list[Console], pole: Pole) -> dict[str, Any]:
    watching = [asyncio.create_task(each.watch()) for each in consoles]
    seen: dict[str, Any] = {}
    try:
        began = time.monotonic()
        await wait_until(lambda: all(each.beats for each in consoles), 90.0, every_s=0.05)
        seen["all connected after s"] = round(time.monotonic() - began, 1)
        beats = {each: each.beats for each in consoles}
        old, began = station.kill("node"), time.monotonic()
        press = pole.press()
        await wait_until(lambda: press.receipts, 60.0)
        seen["receipt of a press in the storm after s"] = round(time.monotonic() - began, 1)
        await wait_until(lambda: all(each.beats > beats[each] for each in consoles), 90.0, every_s=0.05)
        seen["all back after s"] = round(time.monotonic() - began, 1)
        new = station.wait_until_answering("node", unlike=old)
        pole.press_no_more()
        await wait_until(lambda: not pole.list_pending(), 60.0)
        head = head_of(station.database)
        await wait_until(lambda: all(each.place >= head for each in consoles), 60.0, every_s=0.05)
        seen["memory of the program, MB"] = psutil.Process(new).memory_info().rss // 10**6
        seen["events"] = head
    finally:
        for each in watching:
            each.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    return seen


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("consoles", "who"),
    [
        (500, ("operator", "operator-2", "supervisor", "admin")),
        (240, ("operator",)),
    ],
    ids=["500 consoles", "240 connections of one device"],
)
def test_all_come_back_at_once_and_miss_nothing(tmp_path: Path, consoles: int, who: tuple[str, ...]) -> None:
    with running(tmp_path / "data", settings=NO_ESCALATION) as station:
        pole = Pole(station, "sos-01", pace_s=0.2, repeat_s=1.0)
        pole.start()
        try:
            screens = [Console(station, who[n % len(who)]) for n in range(consoles)]
            seen = asyncio.run(_storm(station, screens, pole))
        finally:
            pole.finish()
        wrong = [each.seqs for each in screens if each.seqs != list(range(1, len(each.seqs) + 1))]
        assert not wrong, f"{len(wrong)} consoles missed something or saw it twice"
        assert {status for each in screens for status in each.statuses} == {b"200"}
        print(
            f"{consoles} consoles: {seen}, {sum(each.connections for each in screens)} connections, missed 0"
        )


@pytest.mark.matrix
def test_one_device_opens_many_sessions(tmp_path: Path) -> None:
    """Signing in is work (a token is looked up, a session written): nobody else may wait for it."""
    with running(tmp_path / "data", settings=NO_ESCALATION) as station:
        pole = Pole(station, "sos-01", pace_s=3600.0)
        pole.start()
        try:
            with httpx.Client(timeout=60) as device:
                began, statuses = time.monotonic(), []
                for _ in range(240):
                    answer = device.post(f"{station.api}/session", json={"token": station.tokens["operator"]})
                    statuses.append(answer.status_code)
            took_s = time.monotonic() - began
            press, began = pole.press(), time.monotonic()
            asyncio.run(wait_until(lambda: press.receipts))
            receipt_s = time.monotonic() - began
        finally:
            pole.finish()
        assert set(statuses) <= {200, 201, 429}
        assert receipt_s < 2.0
        print(
            f"240 sessions in {took_s:.1f} s: {dict.fromkeys(statuses)}; a press after it in {receipt_s:.2f} s"
        )
