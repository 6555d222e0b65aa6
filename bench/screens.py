"""Client: consoles on the live feed, noting when each report of each incident appears on each of them."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any
from urllib.parse import urlsplit

_ABOUT = re.compile(rb'"seq":(\d+),"at":"[^"]*","kind":"report_received","actor":"[^"]*","subject":"([^"]*)"')


async def watch(url: str, token: str, seen: dict[str, list[float]], until: asyncio.Event) -> int:
    """Read the feed from its end; returns the number of frames."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**24)
    request = f"GET /api/v1/live HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(request.encode())
    await reader.readuntil(b"event: heartbeat")
    print("ready", flush=True)
    frames = 0
    rest = b""
    while not until.is_set():
        try:
            data = await asyncio.wait_for(reader.read(2**20), 0.5)
        except TimeoutError:
            continue
        if not data:
            break
        now = time.monotonic()
        lines = (rest + data).split(b"\n")
        rest = lines.pop()
        for line in lines:
            if line.startswith(b"data: "):
                frames += 1
                if found := _ABOUT.search(line, 0, 400):
                    seen.setdefault(found[2].decode(), []).append(now)
    writer.close()
    return frames


async def main(url: str, token: str, count: int) -> None:
    """Watch until a line comes on standard input; print what each console saw."""
    until = asyncio.Event()
    saw: list[dict[str, list[float]]] = [{} for _ in range(count)]
    watching = [asyncio.create_task(watch(url, token, one, until)) for one in saw]
    await asyncio.to_thread(sys.stdin.readline)
    until.set()
    frames: list[Any] = await asyncio.gather(*watching)
    print(json.dumps({"saw": saw, "frames": frames}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
