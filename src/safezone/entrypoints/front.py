"""Before the application: who really asks when a proxy stands in front, and HEAD wherever there is GET."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from safezone.core.settings import Web
from safezone.entrypoints.figures import WebFigures
from safezone.entrypoints.gate import Gate, is_spelling_of
from safezone.entrypoints.traced_doors import traced_web
from safezone.entrypoints.traces import Traces
from safezone.entrypoints.who import Doorman

_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_GET_CHANGES_SOMETHING: Final = "/osmand"
"""Trackers report with GET; whoever only asks for the head must not report anything."""


def in_front_of(
    app: ASGIApp, doorman: Doorman, settings: Web, figures: WebFigures, traces: Traces | None = None
) -> Any:
    """The application as the web server calls it."""
    front: Any = _counted(Gate(_with_head(app), doorman, settings), figures)
    if traces is not None:
        front = traced_web(front, traces)
    return _behind_proxy(front, settings) if settings.behind_tls_proxy else front


def _behind_proxy(app: ASGIApp, settings: Web) -> ASGIApp:
    """`X-Forwarded-For` and `X-Forwarded-Proto` count when they come from a trusted proxy, and from nobody else."""
    believing: Any = ProxyHeadersMiddleware(app, list(settings.trusted_proxies))  # type: ignore[arg-type]

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is not None and client[0] in believing.trusted_hosts:
            # The settings say that it takes TLS; a proxy that knows better says so in its header.
            scope["scheme"] = "https"
        await believing(scope, receive, send)

    return front


def _counted(app: ASGIApp, figures: WebFigures) -> ASGIApp:
    """Each answer is counted by the route as the API describes it, so that no address of anybody is kept."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        began_s, status = perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        said: Any = scope
        try:
            await app(scope, receive, noted)
        finally:
            route = said.get("path_template") or "other"
            method = said["method"] if route != "other" and said["method"] in _METHODS else "other"
            figures.note(method, route, status, perf_counter() - began_s)

    return front


def _with_head(app: ASGIApp) -> ASGIApp:
    """HEAD is answered like GET, without the body."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        # Nothing but HTTP comes here: there are no websockets, and no lifespan.
        if scope.get("method") != "HEAD" or is_spelling_of(_GET_CHANGES_SOMETHING, scope["path"]):
            await app(scope, receive, send)
            return
        ended = False

        async def only_head(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not ended:
                # Also ends what would go on for ever: the live feed hears that its reader has gone.
                ended = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        asked: Any = {**scope, "method": "GET"}
        await app(asked, receive, only_head)

    return front
