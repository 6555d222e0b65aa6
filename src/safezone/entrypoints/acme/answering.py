"""The door on port 80: answers the authority's question (HTTP-01), and sends everybody else to https."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import suppress
from typing import Final

from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.settings import Settings

CHALLENGES: Final = "/.well-known/acme-challenge/"
LARGEST_HEAD: Final = 8192
HEAD_WITHIN_S: Final = 10.0
AT_ONCE: Final = 256
"""Connections that are answered at a time; one more is closed at once."""


class Answering:
    """What is shown is in memory alone: an order that is broken off begins anew."""

    def __init__(self, settings: Settings, port: int | None = None) -> None:
        """`port`: where the web answers, if it is not as the settings say."""
        acme, web = settings.acme, settings.web
        self._place = (acme.challenge_host or web.host, acme.challenge_port)
        self._names = acme.domains
        port = web.port if port is None else port
        self._suffix = "" if port in (0, 443) else f":{port}"
        self._public_url = web.public_url.rstrip("/")
        self._shown: dict[str, str] = {}
        self._open = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """It answers; CannotStart says why it cannot, and what to do."""
        host, port = self._place
        try:
            self._server = await asyncio.start_server(
                self._serve, host, port, limit=LARGEST_HEAD, family=socket.AF_UNSPEC, reuse_address=True
            )
        except OSError as problem:
            raise CannotStart(_cannot_listen(host, port, problem)) from problem

    async def stop(self) -> None:
        """Nobody is answered any more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def show(self, token: str, validation: str) -> None:
        """Whoever asks for this token is told so from now on; called by any thread."""
        self._shown[token] = validation

    def hide_all(self) -> None:
        """The order is over."""
        self._shown.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= AT_ONCE:
            writer.transport.abort()
            return
        self._open += 1
        try:
            async with asyncio.timeout(HEAD_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self.answer(head))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            self._open -= 1
            with suppress(OSError):
                writer.close()

    def answer(self, head: bytes) -> bytes:
        """What is said to a request with this head."""
        lines = head.decode("latin-1").split("\r\n")
        method, _, rest = lines[0].partition(" ")
        target = rest.partition(" ")[0]
        if not target.startswith("/") or not (target.isascii() and target.isprintable()):
            return _response("400 Bad Request", b"?\n", method)
        path = target.partition("?")[0]
        if path.startswith(CHALLENGES):
            said = self._shown.get(path.removeprefix(CHALLENGES))
            if said is None or method not in ("GET", "HEAD"):
                return _response("404 Not Found", b"no such token\n", method)
            return _response("200 OK", said.encode("ascii"), method)
        to = self._public_url or f"https://{self._name_in(lines[1:])}{self._suffix}"
        return _response("307 Temporary Redirect", b"https, please\n", method, f"Location: {to}{target}\r\n")

    def _name_in(self, lines: list[str]) -> str:
        """One of our own names: never whatever somebody has written there."""
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip().lower() == "host":
                asked = value.strip().lower().partition(":")[0]
                return asked if asked in self._names else self._names[0]
        return self._names[0]


def _response(status: str, body: bytes, method: str, more: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        f"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n{more}\r\n"
    )
    return head.encode("ascii") + (b"" if method == "HEAD" else body)


def _cannot_listen(host: str, port: int, problem: OSError) -> Words:
    why = problem.strerror or str(problem)
    if problem.errno == errno.EACCES:
        return Words(
            th=f"เปิดพอร์ต {port} ที่ {host} ไม่ได้ ({why}): พอร์ตต่ำกว่า 1024 ต้องได้สิทธิ์ ใน systemd ใส่ AmbientCapabilities="
            "CAP_NET_BIND_SERVICE หรือตั้ง [acme] challenge_port เป็นเลขอื่นแล้วให้เราเตอร์ส่งพอร์ต 80 มาที่นั่น",
            en=f"Cannot listen on port {port} of {host} ({why}): a port below 1024 needs a permission. With systemd set "
            "AmbientCapabilities=CAP_NET_BIND_SERVICE, or set [acme] challenge_port to another one and let the router pass "
            "port 80 on to it.",
        )
    return Words(
        th=f"เปิดพอร์ต {port} ที่ {host} ไม่ได้ ({why}): ปิดโปรแกรมที่ใช้อยู่ หรือตั้ง [acme] challenge_host, challenge_port",
        en=f"Cannot listen on port {port} of {host} ({why}): end the program that uses it, or set [acme] challenge_host "
        "and challenge_port.",
    )
