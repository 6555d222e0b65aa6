"""Client: patrol units on connections of their own, each sending its position once a second over kept-alive HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LON, LAT = 104.65, 16.50


class Unit(asyncio.Protocol):
    """One unit; `answered` counts positions that the server has confirmed to be on disk."""

    def __init__(
        self, number: int, token: str, host: str, sent: dict[str, dict[str, float]], unit_id: str
    ) -> None:
        self.number, self.unit_id = number, unit_id
        self.head = (
            f"POST /api/v1/positions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        self.sent = sent.setdefault(unit_id, {})
        self.answered = 0
        self.refused = 0
        self.waits: list[float] = []
        self._asked: list[float] = []
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, rest = self._buffer.split(b"\r\n\r\n", 1)
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            if len(rest) < length:
                return
            body, self._buffer = rest[:length], rest[length:]
            self.waits.append(time.monotonic() - self._asked.pop(0))
            if b" 200 " in head[:14] and b'"mark":"ok"' in body:
                self.answered += 1
            else:
                self.refused += 1

    def send(self, second: int) -> None:
        """One position; the place says which one it is."""
        lon = round(LON + (self.number % 100) * 0.0005 + second * 0.00005, 6)
        lat = round(LAT + (self.number // 100) * 0.0005, 6)
        body = json.dumps({"fixes": [{"lon": lon, "lat": lat, "speed_kmh": 19.0}]})
        now = time.monotonic()
        self.sent[f"{lon:.6f}"] = now
        self._asked.append(now)
        assert self._transport is not None
        self._transport.write(f"{self.head}{len(body)}\r\n\r\n{body}".encode())


async def main(asked: dict[str, Any]) -> None:
    """Connect, say `ready`, send for so many seconds, print what was confirmed."""
    parts = urlsplit(asked["url"])
    host, port = str(parts.hostname), int(parts.port or 80)
    loop = asyncio.get_running_loop()
    sent: dict[str, dict[str, float]] = {}
    units: list[Unit] = []
    for number, (unit_id, token) in enumerate(asked["units"].items()):
        make = partial(Unit, number, token, host, sent, unit_id)
        _, unit = await loop.create_connection(make, host, port)
        units.append(unit)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    begin = time.monotonic()
    gap = 1.0 / len(units)
    for second in range(asked["seconds"]):
        for number, unit in enumerate(units):
            if (ahead := begin + second + number * gap - time.monotonic()) > 0.0005:
                await asyncio.sleep(ahead)
            unit.send(second)
    deadline = time.monotonic() + 30
    total = asked["seconds"] * len(units)
    while sum(u.answered + u.refused for u in units) < total and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    print(
        json.dumps(
            {
                "total": total,
                "answered": sum(u.answered for u in units),
                "refused": sum(u.refused for u in units),
                "waits": [w for u in units for w in u.waits],
                "sent": sent,
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
