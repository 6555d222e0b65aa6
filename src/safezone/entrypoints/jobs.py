"""What is done by the clock: telling the supervisor, judging the equipment, forgetting what is too old."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from safezone.assets.commands import AssessReadiness
from safezone.core.desk import Desk
from safezone.core.errors import SafezoneError
from safezone.core.identity import system
from safezone.core.once import ForgetAnswers
from safezone.incidents.commands import EraseDue, EscalateOverdue
from safezone.incidents.retention import rules_of
from safezone.patrol.commands import PurgePositions

logger = logging.getLogger("safezone.jobs")
HOUR_S: Final = 3600.0
PATIENCE_S: Final = 15.0


class Job(msgspec.Struct, frozen=True):
    """A command that is given again and again, `every_s` seconds apart."""

    name: str
    command: Any
    every_s: float


def list_jobs(desk: Desk) -> list[Job]:
    """Everything that is done by the clock."""
    return [
        Job("escalate", EscalateOverdue(), 1.0),
        Job(
            "assess-readiness",
            AssessReadiness(desk.clock.now()),
            min(10.0, desk.settings.heartbeats.interval_s / 6),
        ),
        *_erasures(desk),
        Job("purge-positions", PurgePositions(desk.settings.positions.keep_days), HOUR_S),
        Job("forget-answers", ForgetAnswers(), HOUR_S),
    ]


ERASE_EVERY_S: Final = 600.0


def _erasures(desk: Desk) -> list[Job]:
    """One for each class of data; each turn erases a few, so that no press waits."""
    rules = rules_of(desk.settings.retention)
    return [
        Job(f"erase-{name.replace('_', '-')}", EraseDue(name, days), ERASE_EVERY_S)
        for name, days in rules.items()
    ]


class Jobs:
    """Runs every job until the program ends; one that fails is tried again at its next turn."""

    def __init__(self, desk: Desk, jobs: Sequence[Job]) -> None:
        self._desk = desk
        self._jobs = jobs
        self._tasks: list[asyncio.Task[None]] = []
        self._done_s: dict[str, float] = {}

    def start(self) -> None:
        """Every job has its first turn after its first interval."""
        self._done_s = dict.fromkeys((job.name for job in self._jobs), time.monotonic())
        self._tasks = [asyncio.create_task(self._run(job)) for job in self._jobs]

    async def stop(self) -> None:
        """No job begins any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def count(self) -> int:
        """How many jobs there are."""
        return len(self._jobs)

    def late(self) -> list[str]:
        """The names of the jobs that were not done when they were due, some patience granted."""
        now_s = time.monotonic()
        limits = {job.name: 2 * job.every_s + PATIENCE_S for job in self._jobs}
        return [name for name, done_s in self._done_s.items() if now_s - done_s > limits[name]]

    async def _run(self, job: Job) -> None:
        who = system(self._desk.station, f"job-{job.name}")
        while True:
            await asyncio.sleep(job.every_s)
            try:
                await self._desk.execute(job.command, who)
                self._done_s[job.name] = time.monotonic()
            except SafezoneError as problem:
                logger.warning("job %s failed and is tried again in %g s: %s", job.name, job.every_s, problem)
