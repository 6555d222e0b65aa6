"""How every part of the program is: its state, since when, and the reason in both languages."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec

from safezone.core.clock import Clock
from safezone.core.i18n import Words

logger = logging.getLogger("safezone.health")

State = Literal["ok", "degraded", "down"]
"""`degraded`: something is worse than it should be, and presses still arrive and are seen. `down`: they may not."""
Figure = float | str | None

LOOK_EVERY_S: Final = 5.0


class Finding(msgspec.Struct, frozen=True):
    """What one look at one part showed; a reason whenever it is not `ok`."""

    state: State = "ok"
    reason: Words | None = None
    figures: Mapping[str, Figure] = {}
    """Numbers for a technician: names end in their unit (`_s`, `_bytes`); times are ISO 8601 in UTC."""


class Part(msgspec.Struct, frozen=True):
    """A part as /readyz shows it; `since_at` is when its state was first seen (aware UTC)."""

    state: State
    since_at: datetime
    reason: Words | None
    figures: Mapping[str, Figure]


class Notice(msgspec.Struct, frozen=True):
    """A part that is not well, as a console shows it."""

    part: str
    state: State
    since_at: datetime
    reason: Words


class Report(msgspec.Struct, frozen=True):
    """Every part by name, and what they come to: `down` as soon as one part is, else `degraded` likewise."""

    state: State
    parts: dict[str, Part]

    @property
    def degraded(self) -> list[str]:
        """The names of the parts that are not well."""
        return [name for name, part in self.parts.items() if part.state != "ok"]

    @property
    def notices(self) -> list[Notice]:
        """What a person in the command centre should know."""
        return [
            Notice(name, part.state, part.since_at, part.reason or _NO_REASON)
            for name, part in self.parts.items()
            if part.state != "ok"
        ]


Check = Callable[[], Finding | Awaitable[Finding]]


def report_of(parts: dict[str, Part]) -> Report:
    """What these parts come to."""
    states = {part.state for part in parts.values()}
    return Report("down" if "down" in states else "degraded" if "degraded" in states else "ok", parts)


class Health:
    """Asks every part how it is, remembers since when, and says in the log when something changes."""

    def __init__(self, clock: Clock, tell: Callable[[Report], None] = lambda _report: None) -> None:
        """`tell` is given the report of each regular look."""
        self._clock = clock
        self._tell = tell
        self._checks: dict[str, Check] = {}
        self._last: dict[str, Part] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, name: str, check: Check) -> None:
        """A part that is asked from now on. Its check answers at once, or is awaited; one that raises means `down`."""
        self._checks[name] = check

    def start(self) -> None:
        """Everything is looked at every few seconds, whoever asks."""
        self._task = asyncio.get_running_loop().create_task(self._keep_looking(), name="health")

    async def stop(self) -> None:
        """Nobody looks any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> Report:
        """How everything is at this moment."""
        now = self._clock.now()
        parts = {name: self._note(name, await _find(check), now) for name, check in self._checks.items()}
        return report_of(parts)

    def _note(self, name: str, found: Finding, now: datetime) -> Part:
        before = self._last.get(name)
        same = before is not None and before.state == found.state
        part = Part(found.state, before.since_at if same and before else now, found.reason, found.figures)
        self._last[name] = part
        if not same and (before is not None or found.state != "ok"):
            level = logging.INFO if found.state == "ok" else logging.WARNING
            logger.log(level, "%s: %s%s", name, found.state, f": {found.reason}" if found.reason else "")
        return part

    async def _keep_looking(self) -> None:
        while True:
            self._tell(await self.look())
            await asyncio.sleep(LOOK_EVERY_S)


async def _find(check: Check) -> Finding:
    try:
        found = check()
        return await found if inspect.isawaitable(found) else found
    except Exception as problem:
        return Finding("down", Words(th=f"ตรวจไม่ได้: {problem}", en=f"It cannot be looked at: {problem}"))


_NO_REASON: Final = Words(th="ไม่ทราบสาเหตุ", en="no reason is known")
