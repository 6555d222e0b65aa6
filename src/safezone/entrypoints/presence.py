"""Writes down now and then which sessions were in use, so that other processes and the next start know it."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from safezone.core.db import to_us
from safezone.core.desk import Desk
from safezone.core.errors import SafezoneError
from safezone.core.identity import system
from safezone.core.sessions import NoteUse

logger = logging.getLogger("safezone.presence")
EVERY_S: Final = 30.0


class Presence:
    """Runs in every process that serves HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._task: asyncio.Task[None] | None = None
        self._told_us = 0

    def start(self) -> None:
        """Uses are written down from now on."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """What was in use until now is written down."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self.note()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await self.note()

    async def note(self) -> None:
        """The sessions that were used since the last time: one small transaction, or none."""
        used = self._desk.authenticator.take_used(self._told_us)
        if not used:
            return
        at_us = to_us(self._desk.clock.now())
        try:
            await self._desk.execute(NoteUse(used), system(self._desk.station, "presence"))
            self._told_us = at_us
        except SafezoneError as problem:
            logger.warning("the use of sessions was not written down, and is the next time: %s", problem)
