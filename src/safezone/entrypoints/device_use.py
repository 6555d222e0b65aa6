"""A device that has come in over HTTP with its new secret does not need the one before any more."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from safezone.core.credentials import DEVICE_ID
from safezone.core.desk import Desk
from safezone.core.devices import NoteDeviceUsed, waited_for
from safezone.core.errors import Refused, Unavailable
from safezone.core.identity import Identity

logger = logging.getLogger("safezone.devices")

MANY: Final = 20_000


class DeviceUse:
    """Looks once at each secret with which a device comes in. What comes by MQTT is seen by `broker.users`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seen: set[str] = set()
        self._looking: set[asyncio.Task[None]] = set()

    def note(self, identity: Identity) -> None:
        """The device is here; nobody waits for what comes of it."""
        credential_id = identity.credential_id
        if identity.role not in DEVICE_ID or credential_id is None or credential_id in self._seen:
            return
        if len(self._seen) >= MANY:
            self._seen.clear()
        self._seen.add(credential_id)
        task = asyncio.get_running_loop().create_task(self._end_old(identity, credential_id))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _end_old(self, identity: Identity, credential_id: str) -> None:
        desk = self._desk
        try:
            if await desk.ask(waited_for, desk.station, desk.clock.now(), credential_id):
                await desk.execute(NoteDeviceUsed(credential_id), identity)
        except (Refused, Unavailable) as problem:
            # Asked again with its next message; if there is none, the old secret ends by the clock.
            self._seen.discard(credential_id)
            logger.warning("the old secret of %s could not be ended: %s", identity.name, problem)
