"""What the supervisor says to the service manager that started it (systemd): ready, alive, stopping.

The supervisor looks after everything else of a station; this is for who looks after the supervisor. The protocol is that of
sd_notify(3): datagrams of `NAME=value` to the socket that `NOTIFY_SOCKET` names, and a sign of life within `WATCHDOG_USEC`.
Without them, as in a shell or a container, nothing is said. It imports the standard library only.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from typing import Final

_SIGNS_PER_LIMIT: Final = 3
"""A sign that comes late on a busy machine is followed by two more in time."""


class Notifier:
    """The way to whoever started this process, if they listen."""

    def __init__(self) -> None:
        # What our children say is not for it: they must not find the way there.
        where = os.environ.pop("NOTIFY_SOCKET", "")
        limit_us = os.environ.pop("WATCHDOG_USEC", "")
        meant = os.environ.pop("WATCHDOG_PID", "")
        self._where = "\0" + where[1:] if where.startswith("@") else where
        is_watched = bool(where) and limit_us.isdecimal() and meant in ("", str(os.getpid()))
        self._every_s = int(limit_us) / 1e6 / _SIGNS_PER_LIMIT if is_watched else 0.0
        self._next_s = time.monotonic()

    def tell(self, *words: str) -> None:
        """`NAME=value` each, as in sd_notify(3); whether anybody hears it changes nothing for the station."""
        if not self._where:
            return
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way,
        ):
            way.setblocking(False)
            way.sendto("\n".join(words).encode(), self._where)

    def tell_alive(self) -> float | None:
        """Called often: the sign of life when it is due. Seconds until the next one is; None where nobody waits for it."""
        if not self._every_s:
            return None
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self.tell("WATCHDOG=1")
            self._next_s = now_s + self._every_s
        return self._next_s - now_s
