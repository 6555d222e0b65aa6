"""One program that the supervisor keeps running: how it is started, what it says, and when it is started again."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from safezone.entrypoints.lifeline import READY_ENV, Lifeline
from safezone.entrypoints.voice import in_json
from safezone.entrypoints.wrapped import Words

STEADY_AFTER_S: Final = 2.0
"""A child that was ready, or ran this long where it does not say so, is started again at once when it dies: every
second without it is a second in which nobody hears a press. One that dies sooner waits longer each time."""
_DELAYS_S: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
_PR_SET_PDEATHSIG: Final = 1


class ChildSpec(NamedTuple):
    """A program to keep running."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = MappingProxyType({})
    """Added to our own environment."""
    cwd: str | None = None
    tells_ready: bool = False
    """It calls `lifeline.tell_ready` when it can be used."""
    is_watched: bool = False
    """It goes on saying that it lives; when it falls silent, it hangs, and is killed and started again."""
    fds: Sequence[int] = ()
    """Open files of ours that it gets under the same numbers, in each of its lives."""
    is_wrapped: bool = False
    """It speaks in words of its own: where we speak JSON, each line of it becomes the message of one of ours."""


def restart_delay_s(quick_deaths: int) -> float:
    """Seconds to wait before the next start, after so many deaths in a row that came before it was of any use."""
    return _DELAYS_S[min(quick_deaths, len(_DELAYS_S) - 1)]


def die_with_parent() -> Callable[[], None]:
    """What a child calls between fork and exec: when its parent ends in whatever way, the kernel ends it (Linux)."""
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

    def ask_the_kernel() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # It ended before we could ask.
                os._exit(1)

    return ask_the_kernel


class Child:
    """One program, over all its lives."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.started_s = 0.0
        self.since: datetime | None = None
        self.starts = 0
        self.quick_deaths = 0
        self.start_at_s: float | None = 0.0
        """When to start it (monotonic); None while it runs."""
        self.ready = False
        self.was_ready = False
        """In this life or an earlier one."""
        self.line: Lifeline | None = None
        self.words: Words | None = None

    def start(self, before_exec: Callable[[], None]) -> None:
        """It runs; OSError if its program cannot be started."""
        reading: int | None = None
        words = Words(self.spec.name) if self.spec.is_wrapped and in_json() else None
        env = {**os.environ, **self.spec.env}
        handed: tuple[int, ...] = ()
        if self.spec.tells_ready:
            reading, writing = os.pipe()
            env[READY_ENV] = str(writing)
            handed = (writing,)
        try:
            # A group of its own: Ctrl-C reaches us alone, and we end the children in good order.
            self.process = subprocess.Popen(
                list(self.spec.argv),
                env=env,
                cwd=self.spec.cwd,
                stdin=subprocess.DEVNULL,
                stdout=None if words is None else words.writing,
                stderr=None if words is None else words.writing,
                pass_fds=(*handed, *self.spec.fds),
                process_group=0,
                preexec_fn=before_exec,
            )
        except BaseException:
            if reading is not None:
                os.close(reading)
            if words is not None:
                words.close()
            raise
        finally:
            for each in handed:
                os.close(each)
            if words is not None:
                words.hand_over()
        self.words = words
        if reading is not None:
            self.line = Lifeline(reading, watched=self.spec.is_watched)
        self.ready = not self.spec.tells_ready
        self.started_s, self.start_at_s, self.since = time.monotonic(), None, datetime.now(UTC)
        self.starts += 1

    @property
    def pipes(self) -> list[int]:
        """Where it may say something."""
        ends = [each.pipe for each in (self.line, self.words) if each is not None]
        return [each for each in ends if each is not None]

    def hear(self, pipe: int) -> None:
        """Called when something stands in this pipe."""
        if self.words is not None and pipe == self.words.pipe:
            self.words.hear()
        elif self.line is not None:
            self.line.hear()
            self.ready = self.ready or self.line.ready
            self.was_ready = self.was_ready or self.ready

    def bury(self) -> None:
        """It has ended; when it is started again depends on whether it had been of use."""
        if self.line is not None:
            self.line.close()
            self.line = None
        if self.words is not None:
            self.words.close()
            self.words = None
        now_s = time.monotonic()
        if self.ready if self.spec.tells_ready else now_s - self.started_s >= STEADY_AFTER_S:
            self.quick_deaths = 0
        self.start_at_s = now_s + restart_delay_s(self.quick_deaths)
        self.quick_deaths += 1
        self.process, self.ready, self.since = None, False, None

    def signal(self, number: int) -> None:
        """Everybody in its group gets the signal."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
