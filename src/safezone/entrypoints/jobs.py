"""What is done by the clock: telling the supervisor, judging the equipment, forgetting what is too old."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, get_args

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from safezone.assets.commands import AssessReadiness
from safezone.assets.commands_upkeep import EndOverdueTests, EquipmentClass, EraseEquipment
from safezone.core.desk import Desk
from safezone.core.errors import SafezoneError
from safezone.core.identity import system
from safezone.core.once import ForgetAnswers
from safezone.core.settings import Retention, Settings
from safezone.events.incidents import DataClass
from safezone.incidents.commands import EraseDue, EscalateOverdue
from safezone.incidents.retention import rules_of
from safezone.patrol.commands import PurgePositions

logger = logging.getLogger("safezone.jobs")
HOUR_S: Final = 3600.0
PATIENCE_S: Final = 15.0


class Job(msgspec.Struct, frozen=True):
    """A command that is given again and again, `every_s` seconds apart; both by the settings that are in force then."""

    name: str
    command: Callable[[Settings], Any]
    every_s: Callable[[Settings], float]


def list_jobs(desk: Desk) -> list[Job]:
    """Everything that is done by the clock."""
    since = desk.clock.now()
    return [
        Job("escalate", lambda _: EscalateOverdue(), lambda _: 1.0),
        Job(
            "assess-readiness",
            lambda _: AssessReadiness(since),
            lambda now: min(10.0, now.heartbeats.interval_s / 6),
        ),
        Job("end-overdue-tests", lambda _: EndOverdueTests(), lambda _: 5.0),
        *_erasures(),
        Job("purge-positions", lambda now: PurgePositions(now.positions.keep_days), lambda _: HOUR_S),
        Job("forget-answers", lambda _: ForgetAnswers(), lambda _: HOUR_S),
    ]


ERASE_EVERY_S: Final = 600.0


def _erasures() -> list[Job]:
    """One for each class of data; each turn erases a few, so that no press waits."""
    of_equipment = get_args(EquipmentClass)
    return [
        _erasure(name, EraseEquipment if name in of_equipment else EraseDue) for name in rules_of(Retention())
    ]


def _erasure(name: DataClass, command: Callable[[Any, int], Any]) -> Job:
    return Job(
        f"erase-{name.replace('_', '-')}",
        lambda now: command(name, rules_of(now.retention)[name]),
        lambda _: ERASE_EVERY_S,
    )


class Jobs:
    """Runs every job until the program ends; one that fails is tried again at its next turn."""

    def __init__(self, desk: Desk, jobs: Sequence[Job]) -> None:
        self._desk = desk
        self._jobs = jobs
        self._tasks: list[asyncio.Task[None]] = []
        self._done_s: dict[str, float] = {}
        self._every_s: dict[str, float] = {}

    def start(self) -> None:
        """Every job has its first turn after its first interval."""
        self._done_s = dict.fromkeys((job.name for job in self._jobs), time.monotonic())
        self._every_s = {job.name: job.every_s(self._desk.settings) for job in self._jobs}
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
        limits = {name: 2 * every_s + PATIENCE_S for name, every_s in self._every_s.items()}
        return [name for name, done_s in self._done_s.items() if now_s - done_s > limits[name]]

    async def _run(self, job: Job) -> None:
        who = system(self._desk.station, f"job-{job.name}")
        while True:
            await asyncio.sleep(self._every_s[job.name])
            try:
                now = await self._desk.settings_now()
                self._every_s[job.name] = job.every_s(now)
                await self._desk.execute(job.command(now), who)
                self._done_s[job.name] = time.monotonic()
            except (SafezoneError, SQLAlchemyError) as problem:
                again_s = self._every_s[job.name]
                logger.warning("job %s failed and is tried again in %g s: %s", job.name, again_s, problem)
