"""What every door is given: somewhere to hand in a command, to ask a question, and to find out who is asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from safezone.core.authenticator import Authenticator
from safezone.core.bus import Bus
from safezone.core.clock import Clock
from safezone.core.db import READERS, Database
from safezone.core.identity import Identity
from safezone.core.in_force import SettingsInForce
from safezone.core.lane import WriterLane
from safezone.core.once import Once
from safezone.core.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


class Desk:
    """One program's lane, readers, identities and settings, for the station it serves."""

    def __init__(
        self,
        *,
        station: str,
        in_force: SettingsInForce,
        database: Database,
        bus: Bus,
        clock: Clock,
        lane: WriterLane,
        authenticator: Authenticator,
    ) -> None:
        self.station = station
        self.in_force = in_force
        self.settings = in_force.from_file
        """What the file says: for what cannot be changed while the program runs."""
        self.database = database
        self.bus = bus
        self.clock = clock
        self.lane = lane
        self.authenticator = authenticator
        self.reader = bus.reader()
        self._thinking = asyncio.Semaphore(1)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    async def execute(self, command: Any, identity: Identity, once_key: str | None = None) -> Any:
        """The command's answer, once it is on disk. With `once_key` a repetition gets the first answer again."""
        asked = command if once_key is None else Once(once_key, command)
        return await self.lane.execute(asked, identity)

    async def ask(
        self, query: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """The answer of `query(conn, …)`, read in one moment of the database on a thread of its own."""

        def read() -> R:
            with self.database.read() as conn:
                return query(conn, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, read)

    async def settings_now(self) -> Settings:
        """Every setting as it is in force now, with what was changed in the browser."""
        return await self.ask(self.in_force.read, self.station)

    async def think(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of something that takes long enough to hold up others, worked out on another thread.

        One at a time: a picture may need half a gibibyte while it is unfolded, and questions want threads too.
        """
        async with self._thinking:
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """No question is answered after this."""
        self._pool.shutdown()
