"""Notices a broker that runs but keeps nothing any more, or hangs, and has it started again.

nats-server 2.15 goes on refusing every message after its disk was full for a moment, also when there is room again, and
says so only in its log: poles would press in vain, and nobody would know. So the program sends itself a message through
the broker every few seconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from safezone.core.i18n import Words
from safezone.entrypoints.broker.mend import wish_set_aside
from safezone.entrypoints.broker.setup import LEAST_FREE_BYTES, find_pid
from safezone.entrypoints.mqtt import MqttSettings
from safezone.entrypoints.mqtt_link import BrokerRefuses, Link
from safezone.entrypoints.own_link import OwnLink

logger = logging.getLogger("safezone.broker")

EVERY_S: Final = 4.0
LIMIT_S: Final = 2.0
"""A message that has not come back by then counts as missed."""
MISSES: Final = 2
"""So many missed in a row, and nothing else came through either: the broker keeps nothing."""
PAUSE_S: Final = 0.5
IN_VAIN: Final = 2
"""So many times started again, and still nothing is kept: it is the store."""

_KEEPS_NOTHING: Final = Words(
    th="โบรกเกอร์ไม่เก็บข้อความ (ดู broker/broker.log; ตรวจพื้นที่ดิสก์)",
    en="the broker keeps no messages (see broker/broker.log; check the disk's space)",
)


class BrokerWatch:
    """Stands among the doors of the node, because its state is part of whether the station is well."""

    def __init__(
        self, settings: MqttSettings, station: str, progress: Callable[[], int], renew: Callable[[int], bool]
    ) -> None:
        """`progress` counts what came through the broker to the program.

        `renew` ends a broker that keeps nothing, and says whether it did; it is told how often it has done so in vain.
        """
        self._settings = settings
        self._topic = f"safezone/{station}/watch"
        self._progress = progress
        self._renew = renew
        self._link = OwnLink(settings, self._sign_in, self._hear)
        self._expected = b""
        self._heard = asyncio.Event()
        self._well = True

    def start(self) -> None:
        """The broker is watched from now on."""
        self._link.start(self._watch(), "broker-watch")

    async def stop(self) -> None:
        """It is not watched any more."""
        await self._link.stop()

    def state(self) -> str:
        """`ok`, or what is wrong."""
        return "ok" if self._well else _KEEPS_NOTHING.en

    def trouble(self) -> Words | None:
        """What is wrong; None when the broker keeps what it is given."""
        return None if self._well else _KEEPS_NOTHING

    async def _watch(self) -> None:
        misses = renewals = 0
        while True:
            before = self._progress()
            came_back = await self._try()
            if came_back is False and self._progress() == before:
                misses += 1
            elif came_back:
                misses = renewals = 0
            if misses >= MISSES and came_back is not None:
                if self._well:
                    logger.error("%s", _KEEPS_NOTHING)
                self._well = False
                renewals += self._renew(renewals)
            elif not misses:
                self._well = True
            await asyncio.sleep(PAUSE_S if misses else EVERY_S)

    async def _try(self) -> bool | None:
        """Whether a message came back in time; None when there is no broker to ask, which the door sees by itself."""
        try:
            async with asyncio.timeout(LIMIT_S):
                link = await self._link.connected()
                self._expected = secrets.token_bytes(8)
                self._heard.clear()
                link.say_kept(self._topic, self._expected)
                await self._heard.wait()
        except ConnectionRefusedError:
            return None
        except (OSError, TimeoutError, BrokerRefuses):
            self._link.abort()
            return False
        return True

    async def _sign_in(self, link: Link) -> None:
        wanted = self._settings
        name = f"{wanted.client_id}-watch"
        await link.sign_in(name, wanted.username, wanted.password, {self._topic: 1}, wanted.keepalive_s)

    def _hear(self, payload: bytes) -> None:
        if payload == self._expected:
            self._heard.set()


def renewal_of(directory: Path) -> Callable[[int], bool]:
    """What ends the embedded broker of this directory, so that its supervisor starts it again.

    It does nothing while the disk is still full: the broker would be no better off. A broker that does not end when it
    is asked to is killed the next time; what it has confirmed lies on disk. When IN_VAIN of its lives kept nothing, the
    next one begins with an empty store, and the program takes what can be read of the old one.
    """
    return partial(_renew, directory, set())


def _renew(directory: Path, asked: set[int], in_vain: int) -> bool:
    pid = find_pid(directory)
    if pid is None or shutil.disk_usage(directory).free < LEAST_FREE_BYTES:
        return False
    if in_vain >= IN_VAIN:
        with suppress(OSError):  # A disk that does not take this would not take a new store either.
            wish_set_aside(directory)
    logger.warning("เริ่มโบรกเกอร์ใหม่ / the broker is started again (pid %d)", pid)
    first = pid not in asked
    os.kill(pid, signal.SIGTERM if first else signal.SIGKILL)
    asked.add(pid)
    return first
