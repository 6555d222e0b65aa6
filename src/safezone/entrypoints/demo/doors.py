"""How the simulated patrols and operators reach the station: over HTTP, like everybody else.

A small HTTP/1.1 client on asyncio, because this process counts in the memory of an idle station.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from safezone.entrypoints.demo.running import Running

ANSWER_WITHIN_S: Final = 10.0
SILENT_AFTER_S: Final = 15.0
"""The live feed says something every 5 s; after this long the connection is dead, whatever TCP believes."""
RETRY_S: Final = (0.2, 0.5, 1.0, 2.0)


class Away(Exception):
    """Nobody answers at the moment: worth trying again."""


class Refused(Exception):
    """The station has understood and said no; `code` and `body` say why (RFC 9457)."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body: dict[str, Any] = body if isinstance(body, dict) else {}
        self.code = str(self.body.get("code", status))
        super().__init__(f"{status} {self.code}")


class _Answer(NamedTuple):
    status: int
    headers: dict[str, str]


class Door:
    """One caller with a token of its own, over one connection that is kept."""

    def __init__(self, find: Callable[[], Running | None], token: str) -> None:
        """`find` says where the station answers; it is asked again for every new connection."""
        self.token = token
        self._find = find
        self._kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._busy = asyncio.Lock()

    async def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """The answer's JSON; Refused when the station says no, Away when nobody answers.

        `key` is the Idempotency-Key: with the same one nothing is done twice.
        """
        async with self._busy:
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    answer, raw = await self._ask(self._request(method, path, body, key))
            except (OSError, EOFError, ValueError, TimeoutError) as problem:
                self.close()
                raise Away(str(problem)) from problem
            except asyncio.CancelledError:
                self.close()
                raise
        if answer.status >= 500:
            raise Away(f"{path}: {answer.status}")
        said = json.loads(raw) if raw else None
        if answer.status >= 400:
            raise Refused(answer.status, said)
        return said

    async def insist(self, method: str, path: str, body: Any = None) -> Any:
        """As `ask`, but it goes on trying until somebody answers; nothing is done twice."""
        key = str(uuid.uuid4()) if method == "POST" else None
        tries = 0
        while True:
            try:
                return await self.ask(method, path, body, key)
            except Away:
                await asyncio.sleep(retry_s(tries))
                tries += 1

    async def live(self) -> AsyncGenerator[tuple[str, Any]]:
        """The live feed from now on: name and data of each frame; Away when it breaks off, Refused when it may not."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                reader, writer = await self._connect()
                writer.write(self._request("GET", "/api/v1/live", None, None))
                answer = await _read_head(reader)
            try:
                if answer.status != 200:
                    raise Refused(answer.status, {})
                async for frame in _frames(reader):
                    yield frame
            finally:
                writer.close()
        except (OSError, EOFError, ValueError, TimeoutError) as problem:
            raise Away(str(problem)) from problem

    async def follow(self, look_anew: Callable[[], Awaitable[None]], take: Callable[[Any], None]) -> None:
        """Until cancelled, `take` gets every change; `look_anew` is called first, and again after each interruption."""
        tries = 0
        while True:
            is_fresh = False
            try:
                async with aclosing(self.live()) as frames:
                    async for name, data in frames:
                        if not is_fresh:
                            await look_anew()
                            is_fresh, tries = True, 0
                        if name == "change":
                            take(data)
                        elif name in ("reload", "signed_out"):
                            break
            except (Away, Refused):
                pass
            await asyncio.sleep(retry_s(tries))
            tries += 1

    def close(self) -> None:
        """No connection is open any more."""
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None

    async def _ask(self, request: bytes) -> tuple[_Answer, bytes]:
        kept = self._kept
        if kept is not None:
            try:
                return await self._send(kept, request)
            except (OSError, EOFError):
                self.close()  # The station has let an idle connection go: no reason to give up.
        self._kept = await self._connect()
        return await self._send(self._kept, request)

    async def _send(
        self, link: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes
    ) -> tuple[_Answer, bytes]:
        reader, writer = link
        writer.write(request)
        await writer.drain()
        answer = await _read_head(reader)
        if "chunked" in answer.headers.get("transfer-encoding", ""):
            raw = b"".join([piece async for piece in _chunks(reader)])
        else:
            raw = await reader.readexactly(int(answer.headers.get("content-length", "0")))
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer, raw

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        running = self._find()
        if running is None:
            raise ConnectionRefusedError("the station does not run")
        at = urlsplit(running.url)
        return await asyncio.open_connection(at.hostname, at.port, limit=1 << 22)

    def _request(self, method: str, path: str, body: Any, key: str | None) -> bytes:
        raw = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: safezone", f"Content-Length: {len(raw)}"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if raw:
            lines.append("Content-Type: application/json")
        if key:
            lines.append(f"Idempotency-Key: {key}")
        return "\r\n".join([*lines, "", ""]).encode() + raw


def retry_s(tries: int) -> float:
    """How long to wait after so many tries in vain."""
    return RETRY_S[min(tries, len(RETRY_S) - 1)]


async def _read_head(reader: asyncio.StreamReader) -> _Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in head[1:] if line)
    return _Answer(int(head[0].split(" ", 2)[1]), {name.lower(): value.strip() for name, _, value in fields})


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The pieces of a body whose length is not known beforehand (RFC 9112, 7.1)."""
    while True:
        async with asyncio.timeout(SILENT_AFTER_S):
            size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
            piece = (await reader.readexactly(size + 2))[:-2]
        if not size:
            return
        yield piece


async def _frames(reader: asyncio.StreamReader) -> AsyncIterator[tuple[str, Any]]:
    """Server-sent events (WHATWG HTML, 9.2): name and data."""
    rest = b""
    async for piece in _chunks(reader):
        *whole, rest = (rest + piece).split(b"\n\n")
        for block in whole:
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n") if ": " in line)
            if "data" in fields:
                yield fields.get("event", "message"), json.loads(fields["data"])
