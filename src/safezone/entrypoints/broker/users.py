"""Tells the running broker which SOS points may sign in, whenever a device's secret is given out, taken back or ends.

Whoever is connected with a secret that is not good any more is put out by the broker as soon as it is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from safezone.core.credentials import CredentialIssued, CredentialRevoked
from safezone.core.desk import Desk
from safezone.core.devices import NoteDeviceUsed, list_devices, next_end, waiting_logins
from safezone.core.errors import CannotStart, Invalid, Unavailable
from safezone.core.i18n import Words
from safezone.core.identity import system
from safezone.core.lane import Committed
from safezone.entrypoints.broker import setup as broker
from safezone.entrypoints.broker.config import Device
from safezone.entrypoints.broker.look import connected_users

logger = logging.getLogger("safezone.broker")

RETRY_S: Final = 1.0
SOON_S: Final = 0.02
"""While the program starts nobody may wait for this longer than needed."""
LOOK_S: Final = 2.0
"""While a pole has a new secret that it was not seen to use, the broker is asked so often whether it has come with it."""
LONGEST_WAIT_S: Final = 3600.0


class BrokerUsers:
    """Stands among the doors of the node: a broker that does not know a pole leaves that pole outside.

    It needs no cursor in the log: the whole list is read from the record and told anew, at each start as well, so
    nothing can be missed by missing an event.
    """

    def __init__(
        self,
        desk: Desk,
        directory: Path,
        is_listening: Callable[[], bool] = lambda: True,
        more: tuple[Device, ...] = (),
    ) -> None:
        """`is_listening`: whether the program has signed in at the broker itself.

        Before its session exists nothing is kept for it, and a press would be confirmed to the pole and dropped: so
        on the very first start no pole is let in before the program. `more` may sign in besides the poles.
        """
        self._desk = desk
        self._directory = directory
        self._is_listening = is_listening
        self._more = more
        self._changed = asyncio.Event()
        self._trouble: Words | None = _NOT_TOLD
        self._complained = False
        self._told: tuple[Device, ...] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """The broker is told from now on."""
        self._loop = asyncio.get_running_loop()
        self._desk.lane.observe(self._on_commit)
        self._task = self._loop.create_task(self._follow(), name="broker-users")

    async def stop(self) -> None:
        """It is not told any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def state(self) -> str:
        """`ok`, or what is wrong."""
        return "ok" if self._trouble is None else self._trouble.en

    def trouble(self) -> Words | None:
        """Why a pole may be refused although it is known, or let in although it is not; None when all is well."""
        return self._trouble

    def _on_commit(self, committed: Committed) -> None:
        concerned = any(
            isinstance(event, CredentialRevoked)
            or (isinstance(event, CredentialIssued) and event.sort == "device")
            for event in (entry.event for entry in committed.entries)
        )
        if concerned and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    async def _follow(self) -> None:
        while True:
            self._changed.clear()
            # One moment for both, or a secret that ends between them would be missed.
            now = self._desk.clock.now()
            told = self._is_listening() and await self._tell(now)
            wait_s = await self._rest(now) if told else RETRY_S if self._complained else SOON_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _rest(self, now: datetime) -> float | None:
        """How long nothing need be done if nothing is changed; meanwhile an old secret ends whose successor was used."""
        try:
            desk = self._desk
            end = await desk.ask(next_end, desk.station, now)
            waiting = await desk.ask(waiting_logins, desk.station, now) if end is not None else {}
            if waiting:
                state = (await asyncio.to_thread(broker.load, self._directory)).state
                here = await connected_users(state)
                for login in waiting.keys() & here:
                    await desk.execute(NoteDeviceUsed(waiting[login]), system(desk.station, "broker"))
        except (Unavailable, CannotStart) as problem:
            logger.info("whether a pole has its new secret is not known: %s", problem)
            return LOOK_S
        if end is None:
            return None
        left_s = max(SOON_S, (end - desk.clock.now()).total_seconds())
        return min(LOOK_S if waiting else LONGEST_WAIT_S, left_s)

    async def _tell(self, now: datetime) -> bool:
        """Whether the broker has the list as it is now; if not, it is tried again."""
        try:
            devices = await self._desk.ask(devices_of, self._desk.station, now) + self._more
            if devices == self._told:
                return True
            taken = await asyncio.to_thread(broker.set_devices, self._directory, devices)
        except (Unavailable, CannotStart) as problem:
            if not self._complained:
                logger.warning("the broker does not know the newest list of SOS points: %s", problem)
            self._trouble, self._complained = _NOT_TOLD, True
            return False
        # A broker that is away reads the list when it comes up.
        self._trouble, self._complained = None, False
        # A broker that is just coming up may have read the list before it was changed: it is asked again.
        self._told = devices if taken else None
        return taken


def devices_of(conn: Connection, station: str, at: datetime) -> tuple[Device, ...]:
    """Every pole that may sign in at the broker; one whose name it could not take is left out and told about."""
    found = []
    for known in list_devices(conn, station, at):
        try:
            found.append(Device(known.username, known.secret_bcrypt, known.station, known.point_id))
        except Invalid as problem:
            logger.warning("%s", problem.words)
    return tuple(found)


_NOT_TOLD: Final = Words(
    th="โบรกเกอร์ยังไม่รับรายชื่อเสา SOS ล่าสุด (ดู broker/broker.log; ตรวจพื้นที่ดิสก์)",
    en="the broker has not taken the newest list of SOS points (see broker/broker.log; check the disk's space)",
)
