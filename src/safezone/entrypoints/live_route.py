"""The address of the live feed: one long answer per browser."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

from litestar import asgi
from litestar.types import Receive, Scope, Send

from safezone.core.errors import Invalid
from safezone.core.i18n import Words
from safezone.entrypoints.live import LiveHub, Screen
from safezone.entrypoints.remembered import remember_identity
from safezone.entrypoints.who import Doorman

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def live_route(hub: LiveHub, doorman: Doorman) -> Any:
    """`GET /api/v1/live?after=<seq>` (or `Last-Event-ID`), for everybody who may see something of it."""

    @asgi("/api/v1/live", copy_scope=False)
    async def live(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        identity = doorman.identify(headers)
        remember_identity(scope, identity)
        identity.require("operator", "supervisor", "admin", "unit")
        screen = Screen(identity, doorman.token_in(headers) or "", _place_in(scope, headers, hub))
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        gone = asyncio.create_task(_until_gone(receive, screen))
        task = asyncio.current_task()
        screen.cut_off = None if task is None else task.cancel

        async def write(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        try:
            if await hub.join(screen, write):
                while not screen.closing:
                    await screen.wake.wait()
                    await write(screen.take())
                await write(screen.take())
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            if not screen.closing or task is None:
                raise
            # Cut off: what was written is cut short too, and the reader comes back for it by its last id.
            task.uncancel()
        finally:
            hub.leave(screen)
            gone.cancel()

    return live


def _place_in(scope: Scope, headers: dict[bytes, bytes], hub: LiveHub) -> int:
    """From which line on; a browser that reconnects says it by itself, and then it is newer than the address."""
    said = headers.get(b"last-event-id", b"").decode("ascii", "replace")
    said = said or parse_qs(scope["query_string"].decode("ascii", "replace")).get("after", [""])[0]
    if not said:
        return hub.position
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        words = Words(
            th=f"ลำดับเหตุการณ์ “{said[:40]}” ไม่ใช่ตัวเลข",
            en=f"The place in the feed “{said[:40]}” is not a number.",
        )
        raise Invalid("bad_place_in_feed", words)
    return int(said)


async def _until_gone(receive: Receive, screen: Screen) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    screen.close()
