"""How a test waits inside the event loop; `tests.support.places.eventually` is the same for threads and processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def wait_until(
    predicate: Callable[[], object], deadline_s: float = 60.0, *, every_s: float = 0.01
) -> None:
    """Returns when `predicate` is true; AssertionError after `deadline_s`. The loop goes on meanwhile."""
    end_s = time.monotonic() + deadline_s
    while not predicate():
        assert time.monotonic() < end_s, f"not within {deadline_s} s: {predicate}"
        await asyncio.sleep(every_s)


async def pause(delay_s: float) -> None:
    """As long as a device waits before it tries again; the loop goes on meanwhile."""
    await asyncio.sleep(delay_s)
