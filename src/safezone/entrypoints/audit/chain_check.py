"""The whole chain is checked while the station works: a few thousand lines at a time, none of it in the writing lane."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from safezone.core.checkpoints import head_of
from safezone.core.clock import Clock
from safezone.core.desk import Desk
from safezone.core.errors import Conflict
from safezone.core.i18n import Words
from safezone.core.log import GENESIS, ChainBroken, check_some
from safezone.entrypoints.house import DataFolder

logger = logging.getLogger("safezone.chain")
STEP: Final = 2000
GIVEN_UP_S: Final = 60.0
"""A check that has said nothing for so long has ended with its process."""


class ChainCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How far a check is, or what it found; `broken` is the first line that does not follow, in words of the program."""

    started_at: datetime
    by: str
    checked: int = 0
    total: int = 0
    hash: str = ""
    said_at: datetime
    ended_at: datetime | None = None
    seconds: float = 0.0
    broken: str | None = None
    gone: bool = False


class ChainChecker:
    """At most one check at a time; how it is lies in a file, which every process of the station reads."""

    def __init__(self, folder: DataFolder, desk: Desk, clock: Clock) -> None:
        self._file, self._desk, self._clock = folder.chain_check_file, desk, clock
        self._task: asyncio.Task[None] | None = None

    def state(self) -> ChainCheck | None:
        """The check that runs, or the last one; None when there was none."""
        try:
            found = msgspec.json.decode(self._file.read_bytes(), type=ChainCheck)
        except (OSError, msgspec.DecodeError):
            return None
        silent_s = (self._clock.now() - found.said_at).total_seconds()
        gone = found.ended_at is None and silent_s > GIVEN_UP_S
        return msgspec.structs.replace(found, gone=gone)

    def start(self, by: str) -> ChainCheck:
        """A new check begins; Conflict while one runs."""
        now, last = self._clock.now(), self.state()
        if last is not None and last.ended_at is None and not last.gone:
            raise Conflict(
                "check_runs",
                Words(th="กำลังตรวจอยู่แล้ว: รอให้เสร็จ", en="A check is running already: wait for it."),
            )
        first = ChainCheck(started_at=now, by=by, said_at=now)
        self._write(first)
        self._task = asyncio.get_running_loop().create_task(self._run(first))
        return first

    async def _run(self, state: ChainCheck) -> None:
        station, began_s = self._desk.station, time.monotonic()
        seq, prev_hash, broken = 0, GENESIS, None
        try:
            # What is written meanwhile was chained by this very program; its end is where the log was at the beginning.
            total, end = await self._desk.ask(head_of, station)
            while seq < total and broken is None:
                before = seq
                try:
                    seq, prev_hash = await self._desk.ask(
                        check_some, station, seq, prev_hash, min(STEP, total - seq)
                    )
                except ChainBroken as problem:
                    broken = f"{problem.seq}: {problem.why}"
                if seq == before and broken is None:
                    broken = f"{seq + 1}: the log ends here, its head says {total}"
                state = msgspec.structs.replace(
                    state, checked=seq, total=total, hash=prev_hash, said_at=self._clock.now()
                )
                self._write(state)
            if broken is None and seq and prev_hash != end:
                broken = f"{total}: its hash is not the one in the head"
        except (SQLAlchemyError, OSError) as problem:
            broken = f"{seq + 1}: it could not be read ({type(problem).__name__})"
        now, seconds = self._clock.now(), time.monotonic() - began_s
        self._write(msgspec.structs.replace(state, said_at=now, ended_at=now, seconds=seconds, broken=broken))
        if broken:
            logger.error("the chain of the log is broken at line %s", broken)

    def _write(self, state: ChainCheck) -> None:
        part = self._file.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(state))
        part.replace(self._file)
