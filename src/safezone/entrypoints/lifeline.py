"""What a child says to the supervisor that started it: that it can be used and, from then on, that it lives.

A process that hangs (a deadlock, SIGSTOP, a loop without end) does not end, so nobody would start it again. Both ends
import the standard library only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

READY_ENV: Final = "SAFEZONE_READY_FD"
BEAT_S: Final = 2.0
"""A child that is watched says this often that it lives."""
TURN_S: Final = 2.5
_SILENT_TURNS: Final = 4
"""So many turns in a row without a word, 10 s: it hangs. Turns that the supervisor itself was awake for are counted, not
the clock: after the whole machine was suspended everybody gets the time to speak again."""


def tell_ready() -> Callable[[], None]:
    """The supervisor that started us, if one did, knows from now on that we can be used.

    Returns what is to be called every `BEAT_S` seconds if we are watched.
    """
    number = os.environ.pop(READY_ENV, "")
    if not number:
        return lambda: None
    pipe = int(number)
    os.set_blocking(pipe, False)

    def say() -> None:
        # Full: the supervisor does not listen now. Closed: it has died, and the kernel ends us in a moment.
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(pipe, b"1")

    say()
    return say


class Lifeline:
    """The supervisor's end: what was heard from one life of a child."""

    def __init__(self, reading: int, *, watched: bool, turn_s: float = TURN_S) -> None:
        """`watched`: after its first word its silence means something."""
        self.pipe: int | None = reading
        self.ready = False
        self._watched = watched
        self._length_s = turn_s
        self._turn_s = time.monotonic()
        self._silent_turns = 0

    def hear(self) -> None:
        """Called when something stands in the pipe: a word, or its end because the child has died or closed it."""
        if self.pipe is None:
            return
        if os.read(self.pipe, 4096):
            self.ready = True
            self._silent_turns, self._turn_s = 0, time.monotonic()
        if not (self.ready and self._watched):
            self.close()

    def close(self) -> None:
        """Nothing is heard any more."""
        if self.pipe is not None:
            os.close(self.pipe)
            self.pipe = None

    @property
    def is_awaited(self) -> bool:
        """Whether the next word should come within a turn."""
        return self._watched and self.ready and self.pipe is not None

    def turn_left_s(self) -> float:
        """Until this turn ends."""
        return max(0.0, self._turn_s + self._length_s - time.monotonic())

    def hangs(self) -> bool:
        """Called often. True once, when it has said nothing for too long."""
        if not self.is_awaited or self.turn_left_s() > 0:
            return False
        self._silent_turns, self._turn_s = self._silent_turns + 1, time.monotonic()
        return self._silent_turns == _SILENT_TURNS
