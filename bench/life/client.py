"""What every client process of this measurement has in common: how it is told what to do, and how it asks over HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

Spans = dict[str, list[float]]


class Part(Protocol):
    """One kind of caller: many of them in one process."""

    async def connect(self) -> None: ...

    async def live(self) -> None: ...

    async def settle(self) -> None: ...

    def look(self) -> dict[str, Any]: ...

    def account(self) -> dict[str, Any]: ...


class Notes:
    """Spans in seconds by name, and counts; what is looked at is taken out."""

    def __init__(self) -> None:
        self.spans: Spans = {}
        self.counts: Counter[str] = Counter()

    def took(self, name: str, began_s: float) -> None:
        """It took from then until now."""
        self.spans.setdefault(name, []).append(time.monotonic() - began_s)

    def take(self) -> dict[str, Any]:
        """Everything since the last time."""
        taken = {"spans": self.spans, "counts": dict(self.counts)}
        self.spans, self.counts = {}, Counter()
        return taken


def run(make: Any) -> None:
    """`make` builds the part from what the file in the first argument asks for; it lives until its input ends."""
    asyncio.run(_obey(make(json.loads(Path(sys.argv[1]).read_text()))))


async def _obey(part: Part) -> None:
    """`look` is answered by a line of JSON, `end` (or the end of the input) by the last one; then it goes home."""
    await part.connect()
    print("ready", flush=True)
    living: asyncio.Task[None] | None = None
    while True:
        said = (await asyncio.to_thread(sys.stdin.readline)).strip()
        if said == "go":
            living = asyncio.create_task(part.live())
        elif said == "look":
            if living is not None and living.done():
                living.result()  # Whatever ended it is said, and not passed over in silence.
            print(json.dumps(part.look()), flush=True)
        else:
            break
    if living is not None:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
    await part.settle()
    if said == "end":
        print(json.dumps({**part.look(), "account": part.account()}), flush=True)


async def all_of(work: list[Coroutine[Any, Any, None]]) -> None:
    """Every one of them, for ever; the first that fails ends them all."""
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)


class Line(asyncio.Protocol):
    """A kept-alive HTTP connection for one question at a time; it is made anew when it was closed."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._buffer = b""
        self._turn = asyncio.Lock()
        self.connections = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._buffer = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("closed before it answered"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.lower().split(b"\r\n")
        length = next((int(each[16:]) for each in lines if each.startswith(b"content-length: ")), 0)
        if len(rest) >= length and self._answer is not None and not self._answer.done():
            self._buffer = rest[length:]
            self._answer.set_result((int(lines[0].split()[1]), rest[:length]))

    async def ask(
        self,
        method: str,
        path: str,
        token: str = "",
        body: bytes = b"",
        headers: str = "Content-Type: application/json\r\n",
    ) -> tuple[int, bytes]:
        """Status and body; OSError or TimeoutError when there is no answer within 15 s.

        A connection that was kept and that the server lets go of just now is made anew, as every browser does.
        """
        known = f"Authorization: Bearer {token}\r\n" if token else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n{known}{headers}"
        message = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        async with self._turn:
            if self._transport is not None:
                with suppress(ConnectionError):
                    return await self._say(message)
            await asyncio.get_running_loop().create_connection(lambda: self, self._host, self._port)
            return await self._say(message)

    async def _say(self, message: bytes) -> tuple[int, bytes]:
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        try:
            async with asyncio.timeout(15):
                return await self._answer
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()
            raise

    def close(self) -> None:
        """Nobody asks any more."""
        if self._transport is not None:
            self._transport.close()
