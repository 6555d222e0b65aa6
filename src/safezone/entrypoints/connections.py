"""HTTP connections with an end: a request that never becomes complete, or one caller with very many of them.

uvicorn waits for ever for the end of a request's head or body. Here a connection that waits for its caller has a
deadline; and where one address has very many of them open, or the program all that it can have, the one that has waited
for longest is closed for the one that comes. Nobody new is turned away, because it may be an emergency; and a
connection whose request is complete is never closed.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections import OrderedDict
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

logger = logging.getLogger("safezone.http")

HEAD_LIMIT_S: Final = 15.0
"""From the connection, or the first byte of a request, until its head is complete."""
BODY_LIMIT_S: Final = 30.0
SLOWEST_BYTES_PER_S: Final = 4096
"""A body has 30 s, and one more for each 4 KiB that have come: a photo gets through over the worst line."""
SWEEP_S: Final = 1.0
LONGEST_HEAD_BYTES: Final = 65_536


class Waiting:
    """Every connection that waits for its caller, the one that has waited for longest first."""

    def __init__(self, most_of_one: int, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._most_of_one = most_of_one
        self._most = _most_connections()
        self._all: OrderedDict[Guarded, None] = OrderedDict()
        self._of: dict[str, OrderedDict[Guarded, None]] = {}
        self._open = 0
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def opened(self) -> None:
        """One more connection; where that is more than the program can have, one that waits is closed for it."""
        self._open += 1
        if self._open > self._most and self._all:
            next(iter(self._all)).close_now()

    def closed(self) -> None:
        """One less."""
        self._open -= 1

    def enter(self, connection: Guarded) -> None:
        """It waits for its caller from now on."""
        self._all[connection] = None
        same = self._of.setdefault(connection.address, OrderedDict())
        same[connection] = None
        if len(same) > self._most_of_one:
            next(iter(same)).close_now()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)

    def leave(self, connection: Guarded) -> None:
        """It does not wait any more."""
        if self._all.pop(connection, self) is None:
            same = self._of[connection.address]
            del same[connection]
            if not same:
                del self._of[connection.address]

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for each in [each for each in self._all if each.deadline_s < loop.time()]:
            each.close_now()
        self._timer = loop.call_later(SWEEP_S, self._sweep) if self._all else None


class Guarded(HttpToolsProtocol):
    """uvicorn's protocol, which here knows whether it waits for its caller and until when."""

    waiting: Waiting
    address = ""
    deadline_s = 0.0
    _head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.address = self.client[0] if self.client else ""
        self.waiting.opened()
        self._wait(HEAD_LIMIT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        self.waiting.leave(self)
        self.waiting.closed()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The head of a request has an end too, however fast it comes."""
        super().data_received(data)
        if self._head_bytes >= 0:
            self._head_bytes += len(data)
            if self._head_bytes > LONGEST_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of this request has no end.")

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._head_bytes = 0
        self._wait(HEAD_LIMIT_S)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head. What comes behind the body (a trailer) is none: no proxy in front has looked at it."""
        if self._head_bytes >= 0:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._head_bytes = -1
        self.deadline_s = self.loop.time() + BODY_LIMIT_S
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        self.deadline_s += len(body) / SLOWEST_BYTES_PER_S
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it: from here on it is we who are waited for."""
        self.waiting.leave(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is the caller's turn again; how long it may keep quiet between two requests is uvicorn's own setting."""
        super().on_response_complete()
        if not self.transport.is_closing() and not self.pipeline:
            self._wait(self.timeout_keep_alive + SWEEP_S)

    def close_now(self) -> None:
        """Nothing more is read from it or said to it."""
        self.waiting.leave(self)
        self.transport.abort()

    def _wait(self, limit_s: float) -> None:
        self.deadline_s = self.loop.time() + limit_s
        self.waiting.enter(self)


def guarded(most_of_one: int) -> Any:
    """A protocol class for one server: connections of one address that wait are at most so many."""
    return type("Guarded", (Guarded,), {"waiting": Waiting(most_of_one)})


def _most_connections() -> int:
    """As many as this process may have files open, with room left for the record, the broker and the rest."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 100_000 if soft == resource.RLIM_INFINITY else max(64, soft - 128)
