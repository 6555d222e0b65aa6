"""Who counts attempts that fail: the one process that takes them, or the database where there are several of it."""

from __future__ import annotations

from typing import Protocol

from safezone.core.accounts import guessing, rules
from safezone.core.accounts.guessing import BeginGuess, Counted, ForgiveGuess
from safezone.core.db import to_us
from safezone.core.desk import Desk
from safezone.core.identity import system
from safezone.entrypoints.pacing import Guesses


class Attempts(Protocol):
    """An attempt counts as failed under each of its keys from its beginning, until it is forgiven."""

    async def wait_s(self, counted: tuple[Counted, ...]) -> float:
        """Seconds until an attempt would be looked at."""

    async def begin(self, counted: tuple[Counted, ...]) -> float:
        """0, and it may be looked at now; or the seconds to wait, and it was none."""

    async def forgive(self, counted: tuple[Counted, ...], *, wholly: bool) -> None:
        """It was right as far as it went; `wholly`: nothing is held against the first key any more."""


class HereAlone:
    """In memory: forgotten when the program ends."""

    def __init__(self) -> None:
        self._guesses = Guesses(rules.delay_after)

    async def wait_s(self, counted: tuple[Counted, ...]) -> float:
        return max(self._guesses.wait_s(each.key) for each in counted)

    async def begin(self, counted: tuple[Counted, ...]) -> float:
        if wait_s := await self.wait_s(counted):
            return wait_s
        for each in counted:
            self._guesses.failed(each.key, each.free)
        return 0.0

    async def forgive(self, counted: tuple[Counted, ...], *, wholly: bool) -> None:
        for number, each in enumerate(counted):
            if wholly and not number:
                self._guesses.succeeded(each.key)
            else:
                self._guesses.forgive(each.key)


class AmongSeveral:
    """By the writing lane, for all processes of the station; an attempt that must wait anyway only reads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._who = system(desk.station, "guesses")

    async def wait_s(self, counted: tuple[Counted, ...]) -> float:
        at_us = to_us(self._desk.clock.now())
        return await self._desk.ask(guessing.wait_s, self._desk.station, counted, at_us)

    async def begin(self, counted: tuple[Counted, ...]) -> float:
        wait_s: float = await self._desk.execute(BeginGuess(counted), self._who)
        return wait_s

    async def forgive(self, counted: tuple[Counted, ...], *, wholly: bool) -> None:
        await self._desk.execute(ForgiveGuess(counted, wholly), self._who)
