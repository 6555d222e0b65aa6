"""How much one caller may ask for, and how nobody's flood delays somebody else. Knows nothing of HTTP or MQTT."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

MOST_KEYS: Final = 50_000
"""Callers that are remembered; the one that was quiet for longest is forgotten, and has then its full allowance again."""


QUIET_S: Final = 900.0


class Allowance:
    """So much per second for each key, and a burst on top (a token bucket per key)."""

    def __init__(self, per_s: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Takes one of the key's allowance and returns 0; or takes nothing and returns how long to wait (seconds)."""
        now = self._now()
        left, at = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        wait_s = 0.0 if left >= 1 else (1 - left) / self._per_s
        self._left[key] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > MOST_KEYS:
            self._left.popitem(last=False)
        return wait_s


class Guesses:
    """How long each key waits after attempts that failed: longer each time, forgotten after a quiet quarter of an hour."""

    def __init__(
        self, delay_after: Callable[[int, int], float], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`delay_after`: so many that failed, of which so many cost nothing."""
        self._delay_after = delay_after
        self._now = now
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until the next attempt of this key is looked at; asking in between makes it no longer."""
        _, until = self._failed.get(key, (0, 0.0))
        return max(0.0, until - self._now())

    def failed(self, key: str, free: int) -> None:
        """One more attempt has failed."""
        count, until = self._failed.pop(key, (0, 0.0))
        now = self._now()
        count = 1 if count and now - until > QUIET_S else count + 1
        self._failed[key] = (count, now + self._delay_after(count, free))
        if len(self._failed) > MOST_KEYS:
            self._failed.popitem(last=False)

    def forgive(self, key: str) -> None:
        """The last one had not failed after all."""
        count, _ = self._failed.pop(key, (0, 0.0))
        if count > 1:
            self._failed[key] = (count - 1, self._now())

    def succeeded(self, key: str) -> None:
        """It was whom it should be: nothing is held against the key any more."""
        self._failed.pop(key, None)


class Turns:
    """At most `at_once` things of one key are under way; its others wait, and delay nobody but themselves."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._of: dict[str, tuple[asyncio.Semaphore, list[int]]] = {}

    def waiting(self, key: str) -> int:
        """How many of this key are under way or wait for it."""
        found = self._of.get(key)
        return 0 if found is None else found[1][0]

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Inside it is the turn of this key; first come, first served."""
        semaphore, count = self._of.setdefault(key, (asyncio.Semaphore(self._at_once), [0]))
        count[0] += 1
        try:
            async with semaphore:
                yield
        finally:
            count[0] -= 1
            if not count[0]:
                del self._of[key]
