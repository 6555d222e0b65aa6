"""Client: the consoles of the region on the live feed; each must get every line of the log once and in order."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from typing import Any, Final
from urllib.parse import urlsplit

from bench.life.client import Line, Notes, all_of, run

_ABOUT: Final = re.compile(rb'"kind":"report_received","actor":"[^"]*","subject":"([^"]*)"')


class Console(asyncio.Protocol):
    """One screen; `place` is the last line of the log that it was given."""

    def __init__(self, of: Consoles, token: str) -> None:
        self.of, self.token = of, token
        self.place = 0
        self.missed = self.twice = self.asked_to_load_anew = 0
        self.spoken_s = time.monotonic()
        self.longest_silence_s = 0.0
        self.is_open = False
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    async def open(self) -> None:
        """As a browser does: everything that is shown, then the feed from there on."""
        began_s = time.monotonic()
        while True:
            line = Line(self.of.url)
            try:
                status, body = await line.ask("GET", "/api/v1/console", self.token)
            except (OSError, TimeoutError):
                status, body = 0, b""
            line.close()
            if status == 200:
                break
            self.of.notes.counts[f"consoles asked again ({status})"] += 1
            await asyncio.sleep(1.0)
        self.of.notes.took("console → opened", began_s)
        self.of.largest_snapshot = max(self.of.largest_snapshot, len(body))
        self.place = int(json.loads(body)["seq"])
        await self.listen()

    async def listen(self) -> None:
        """The feed, from the line after the last that it was given."""
        self._rest, self.is_open = b"", True
        self.spoken_s = time.monotonic()
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: self, self.of.host, self.of.port
            )
        except OSError:
            self.of.returning.put_nowait(self)
            return
        transport.write(
            f"GET /api/v1/live HTTP/1.1\r\nHost: life\r\nAuthorization: Bearer {self.token}\r\n"
            f"Last-Event-ID: {self.place}\r\n\r\n".encode()
        )

    def hang_up(self) -> None:
        """The line is cut at once, whatever was on its way."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.is_open:
            self.of.notes.counts["feeds ended by the station"] += 1
            self.of.returning.put_nowait(self)

    def data_received(self, data: bytes) -> None:
        if not self.is_open:
            return
        now_s = time.monotonic()
        self.longest_silence_s = max(self.longest_silence_s, now_s - self.spoken_s)
        self.spoken_s = now_s
        self.of.bytes += len(data)
        self.of.pieces += 1
        data = self._rest + data
        end = data.rfind(b"\n\n") + 1
        self._rest = data[end:]
        # A frame with a number is a line of the log; what has none (positions, heartbeats) is passed over unread.
        start = data.find(b"\nid: ", 0, end)
        while start >= 0:
            stop = data.index(b"\n", start + 5)
            self._line(int(data[start + 5 : stop]), data, stop, now_s)
            start = data.find(b"\nid: ", stop, end)
        if data.find(b"\nevent: reload", 0, end) >= 0:
            self.asked_to_load_anew += 1

    def _line(self, seq: int, data: bytes, start: int, now_s: float) -> None:
        if seq <= self.place:
            self.twice += 1
        else:
            self.missed += seq - self.place - 1
            self.place = seq
        if found := _ABOUT.search(data, start, start + 400):
            self.of.seen.setdefault(found[1].decode(), []).append(now_s)


class Consoles:
    """All of them."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.url, self._reload_s = asked["url"], asked["reload_s"]
        parts = urlsplit(self.url)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        self.notes = Notes()
        self.seen: dict[str, list[float]] = {}
        self.bytes = self.pieces = self.largest_snapshot = 0
        self.returning: asyncio.Queue[Console] = asyncio.Queue()
        self._draw = random.Random(asked["seed"])
        self._consoles = [Console(self, token) for token in asked["tokens"]]

    async def connect(self) -> None:
        for console in self._consoles:
            await console.open()
        self.notes.take()

    async def live(self) -> None:
        await all_of([self._reload(), self._return()])

    async def _reload(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(self._reload_s)
            console = self._draw.choice(self._consoles)
            console.hang_up()
            number += 1
            if number % 2:
                await console.open()
            else:
                await asyncio.sleep(self._draw.uniform(0.2, 3.0))
                await console.listen()

    async def _return(self) -> None:
        while True:
            console = await self.returning.get()
            await asyncio.sleep(1.0)
            await console.listen()

    async def settle(self) -> None:
        """Who was cut off comes back; until all are at the same line and none has heard anything new for two seconds."""
        for console in self._consoles:
            if not console.is_open:
                await console.listen()
        before: list[int] = []
        until_s = time.monotonic() + 60
        while time.monotonic() < until_s:
            now = [console.place for console in self._consoles]
            if now == before and len(set(now)) == 1:
                break
            before = now
            await asyncio.sleep(2.0)

    def look(self) -> dict[str, Any]:
        seen, self.seen = self.seen, {}
        count, self.bytes = self.bytes, 0
        return {**self.notes.take(), "seen": seen, "bytes": count}

    def account(self) -> dict[str, Any]:
        return {
            "places": [console.place for console in self._consoles],
            "missed": sum(console.missed for console in self._consoles),
            "twice": sum(console.twice for console in self._consoles),
            "asked to load anew": sum(console.asked_to_load_anew for console in self._consoles),
            "longest silence": max(console.longest_silence_s for console in self._consoles),
            "largest snapshot": self.largest_snapshot,
            "pieces": self.pieces,
        }


if __name__ == "__main__":
    run(Consoles)
