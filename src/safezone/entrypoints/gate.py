"""How much each caller may ask of the web, so that no flood delays an emergency, and no limit drops one.

A report is never refused here: those of one caller go in a few at a time, in the order in which they came, and each is
answered when it is on disk; the reports of others pass by. Everything else has an allowance per caller: who is known has
one of their own, who is not shares that of their address.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Final

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from safezone.core.errors import TooMany
from safezone.core.i18n import Words
from safezone.core.settings import Web
from safezone.entrypoints.pacing import Allowance, Turns
from safezone.entrypoints.problems import MEDIA_TYPE, Problem
from safezone.entrypoints.who import Doorman

BURST_S: Final = 10
"""So many seconds' worth may be asked for at once: a console that opens asks for twenty things."""
REPORTS_AT_ONCE: Final = 32
"""Of one caller. They share a transaction; the report of somebody else waits for one such, not for the whole flood."""
SMALL_BODY: Final = 65_536
"""A report that is larger than this is refused by what comes after; it takes its turn while it still comes in."""

_TOO_MANY: Final = Words(
    th="ส่งคำขอถี่เกินไป รอสักครู่แล้วลองใหม่ การแจ้งเหตุยังส่งได้ตามปกติ",
    en="Too many requests; wait a moment and try again. Reports of emergencies are taken as ever.",
)


def too_many(wait_s: float) -> TooMany:
    """The refusal of what may be asked again after so many seconds."""
    return TooMany("too_many_requests", _TOO_MANY, retry_after_s=max(1, round(wait_s)))


class Gate:
    """Stands between the web server and the application."""

    def __init__(self, app: ASGIApp, doorman: Doorman, settings: Web) -> None:
        self._app = app
        self._doorman = doorman
        self._allowance = Allowance(settings.requests_per_s, settings.requests_per_s * BURST_S)
        self._reports = Turns(REPORTS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = self._caller_of(scope)
        if scope.get("method") == "POST" and is_spelling_of("/api/v1/reports", scope["path"]):
            # All of it first: whoever sends slowly must not keep the turn from others behind the same address.
            if _declared(scope) <= SMALL_BODY:
                receive = await _whole(receive)
            async with self._reports.turn(caller):
                await self._app(scope, receive, send)
            return
        wait_s = self._allowance.take(caller)
        if wait_s:
            await _refuse(send, max(1, round(wait_s)))
        else:
            await self._app(scope, receive, send)

    def _caller_of(self, scope: Scope) -> str:
        """The credential, where it is one that was good a moment ago; else the address, of IPv6 the customer's part."""
        known = self._doorman.remembered(dict(scope["headers"]))
        if known is not None:
            return known
        client = scope.get("client")
        return address_key("" if client is None else client[0])


def is_spelling_of(path: str, said: str) -> bool:
    """Whether the application answers `said` as it answers `path`: to it one slash more, or one at the end, is the same."""
    return said == path or [each for each in said.split("/") if each] == path.split("/")[1:]


def address_key(host: str) -> str:
    """What stands for one caller: an IPv4 address, or the first 64 bits of an IPv6 one."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return f"at {host}"
    if address.version == 6:
        return f"at {ipaddress.ip_network((address, 64), strict=False)}"
    return f"at {address}"


def _declared(scope: Scope) -> int:
    """How long the body is going to be, by its own head; 0 where that says nothing, or nonsense."""
    said: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return int(said) if said.isdigit() and len(said) < 19 else 0


async def _whole(receive: Receive) -> Receive:
    """The same messages once the body is complete, or larger than a report can be, or its sender has gone."""
    kept: list[Any] = []
    size = 0
    while True:
        message: Any = await receive()
        kept.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body") or size > SMALL_BODY:
            break
    kept.reverse()

    async def again() -> Any:
        return kept.pop() if kept else await receive()

    return again


async def _refuse(send: Send, wait_s: int) -> None:
    problem = Problem("Too Many Requests", 429, _TOO_MANY.en, "too_many_requests", _TOO_MANY)
    body = msgspec.json.encode(problem)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(wait_s).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    start: Message = {"type": "http.response.start", "status": 429, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
