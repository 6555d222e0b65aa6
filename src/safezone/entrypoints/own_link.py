"""A connection to the broker that a part of the program has for itself: made when it is needed, again after a loss."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from safezone.entrypoints import mqtt_wire as wire
from safezone.entrypoints.mqtt import MqttSettings, tls_context
from safezone.entrypoints.mqtt_link import Link


class OwnLink:
    """The connection, and the task that says something over it now and then."""

    def __init__(
        self,
        settings: MqttSettings,
        sign_in: Callable[[Link], Awaitable[None]],
        hear: Callable[[bytes], None],
    ) -> None:
        """`sign_in` says who we are and what we listen to; `hear` gets the payload of each message."""
        self._settings = settings
        self._sign_in = sign_in
        self._hear = hear
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """`work`, which uses this link, runs from now on."""
        self._task = asyncio.get_running_loop().create_task(work, name=name)

    async def stop(self) -> None:
        """The work has ended, and the broker knows that we have left."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._link is not None:
            await self._link.leave(timeout_s=1.0)

    async def connected(self) -> Link:
        """A link on which the broker has accepted us; OSError or BrokerRefuses when there is none to be had."""
        if self._link is not None and not self._link.closed:
            return self._link
        wanted = self._settings
        _, self._link = await asyncio.get_running_loop().create_connection(
            lambda: Link(self._take), wanted.host, wanted.port, ssl=tls_context(wanted)
        )
        await self._sign_in(self._link)
        return self._link

    def abort(self) -> None:
        """The next one who asks for it gets a new one."""
        if self._link is not None:
            self._link.abort()

    def _take(self, link: Link, message: wire.Message) -> None:
        link.answer(message, None)
        self._hear(message.payload)
