"""The doors where traces are wanted: each message gets a trace that goes with it to the lane and on to the screens."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from safezone.core.tracing import current
from safezone.entrypoints.mqtt import PROBE_POINT, OnMessage, Reply, parse_topic
from safezone.entrypoints.traces import Traces

_CHANGES_SOMETHING: Final = frozenset(("POST", "PUT", "PATCH", "DELETE"))
_TELEMETRY: Final = frozenset(("/api/v1/positions", "/osmand"))
"""Thousands in a second, each of no consequence by itself."""


def traced_web(app: ASGIApp, traces: Traces) -> ASGIApp:
    """Whatever may change something is recorded, as a part of the caller's trace if it names one (`traceparent`)."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        said: Any = scope
        if said.get("method") not in _CHANGES_SOMETHING or said["path"] in _TELEMETRY:
            await app(scope, receive, send)
            return
        door = traces.open("server", dict(said["headers"]).get(b"traceparent", b"").decode("latin-1"))
        if door is None:
            await app(scope, receive, send)
            return
        status, answered_s = 0, 0.0

        async def noted(message: Message) -> None:
            nonlocal status, answered_s
            if message["type"] == "http.response.start":
                status, answered_s = message["status"], perf_counter()
            await send(message)

        token = current.set(door.traceparent)
        try:
            await app(scope, receive, noted)
        finally:
            current.reset(token)
            # The route as the API describes it, never the address that was asked for.
            route = said.get("path_template") or "other"
            if status:
                door.receipt(answered_s)
            facts = {"http.request.method": said["method"], "http.route": route}
            more = {"http.response.status_code": status} if status else {}
            door.close(f"{said['method']} {route}", {**facts, **more}, failed=status == 0 or status >= 500)

    return front


def traced_messages(on_message: OnMessage, traces: Traces) -> OnMessage:
    """Presses are recorded; heartbeats, and the presses of the program itself, are not."""

    async def on_traced(topic: str, payload: bytes) -> Reply | None:
        told = parse_topic(topic)
        if told is None or told.what != "press" or told.point == PROBE_POINT:
            return await on_message(topic, payload)
        door = traces.open("consumer")
        if door is None:
            return await on_message(topic, payload)
        facts = {"messaging.system": "mqtt", "safezone.sos_point": told.point}
        token = current.set(door.traceparent)
        try:
            reply = await on_message(topic, payload)
        except BaseException:
            door.close("press", facts, failed=True)
            raise
        finally:
            current.reset(token)
        stored_s = perf_counter()

        def sent() -> None:
            door.receipt(stored_s)
            door.close("press", facts)

        if reply is None:
            door.close("press", facts)
            return None
        return reply._replace(sent=sent)

    return on_traced
