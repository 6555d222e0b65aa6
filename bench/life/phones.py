"""Client: the phone of every unit of the region: most send each fix by OsmAnd, some a few fixes at a time."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from bench.life.client import Line, Notes, all_of, run

BATCH: Final = 3
STEP_DEG: Final = 0.0003
"""At most so far from one fix to the next: about 30 m in five seconds."""


class Phone:
    """One unit's; a message without an answer is sent again before anything newer, as the apps do."""

    def __init__(self, of: Phones, unit_id: str, token: str, place: list[float], number: int) -> None:
        self.of, self.unit_id, self.token = of, unit_id, token
        self._lon, self._lat = place
        self._batches = number % 6 >= 4
        self._line = Line(of.url)
        self._draw = random.Random(f"{of.seed} {unit_id}")
        self.kept: list[int] = []
        """The time (milliseconds) of each fix that was answered to be kept."""
        self._draining: asyncio.Task[None] | None = None

    async def sign_on(self) -> None:
        status, body = await self._line.ask(
            "POST", f"/api/v1/units/{self.unit_id}/duty", self.token, b'{"on": true}'
        )
        assert status == 200, body

    async def live(self) -> None:
        """From its own moment within the period on, for ever."""
        await asyncio.sleep(self._draw.random() * self.of.fix_s)
        due_s = time.monotonic()
        fixes: list[tuple[int, float, float]] = []
        while True:
            fixes.append(self._move())
            if len(fixes) >= (BATCH if self._batches else 1):
                await asyncio.shield(self._send(fixes))
                fixes = []
            due_s += self.of.fix_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    def _move(self) -> tuple[int, float, float]:
        self._lon = round(self._lon + self._draw.uniform(-STEP_DEG, STEP_DEG), 6)
        self._lat = round(self._lat + self._draw.uniform(-STEP_DEG, STEP_DEG), 6)
        return time.time_ns() // 1_000_000, self._lon, self._lat

    async def _send(self, fixes: list[tuple[int, float, float]]) -> None:
        self.of.under_way += 1
        self.of.notes.counts["fixes"] += len(fixes)
        began_s = time.monotonic()
        while True:
            try:
                status, body = await self._ask(fixes)
            except (OSError, TimeoutError):
                status, body = 0, b""
            if status == 200:
                break
            self.of.notes.counts[f"positions not answered ({status})"] += 1
            await asyncio.sleep(1.0)
        self.of.notes.took("position → confirmed", began_s)
        results = json.loads(body)["results"]
        for (at_ms, _, _), result in zip(fixes, results, strict=True):
            if result["kept"] or result["mark"] == "repeated":
                self.kept.append(at_ms)
            else:
                self.of.not_kept[result["mark"]] += 1
        self.of.under_way -= 1

    async def _ask(self, fixes: list[tuple[int, float, float]]) -> tuple[int, bytes]:
        if not self._batches:
            at_ms, lon, lat = fixes[0]
            said = {"id": self.token, "lat": lat, "lon": lon, "timestamp": at_ms, "speed": 9, "accuracy": 8}
            return await self._line.ask("GET", f"/osmand?{urlencode(said)}", headers="")
        listed = [
            {"lon": lon, "lat": lat, "at": datetime.fromtimestamp(ms / 1000, UTC).isoformat()}
            for ms, lon, lat in fixes
        ]
        body = json.dumps({"fixes": listed}).encode()
        return await self._line.ask("POST", "/api/v1/positions", self.token, body)

    def connections(self) -> int:
        return self._line.connections


class Phones:
    """All of them."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.url, self.fix_s, self.seed = asked["url"], asked["fix_s"], asked["seed"]
        self.notes = Notes()
        self.not_kept: Counter[str] = Counter()
        self.under_way = 0
        units = asked["units"].items()
        self._phones = [
            Phone(self, unit_id, token, asked["places"][number], number)
            for number, (unit_id, token) in enumerate(units)
        ]

    async def connect(self) -> None:
        for phone in self._phones:
            await phone.sign_on()

    async def live(self) -> None:
        await all_of([phone.live() for phone in self._phones])

    async def settle(self) -> None:
        until_s = time.monotonic() + 60
        while self.under_way and time.monotonic() < until_s:
            await asyncio.sleep(0.05)

    def look(self) -> dict[str, Any]:
        return {**self.notes.take(), "waiting": self.under_way}

    def account(self) -> dict[str, Any]:
        return {
            "kept": {phone.unit_id: phone.kept for phone in self._phones},
            "not kept": dict(self.not_kept),
            "never answered": self.under_way,
            "connections": sum(phone.connections() for phone in self._phones),
        }


if __name__ == "__main__":
    run(Phones)
