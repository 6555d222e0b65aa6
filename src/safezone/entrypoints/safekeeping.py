"""What is known of the station's backups and drills, and the clock by which they are made, each in a process of its own."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from safezone.core.clock import Clock
from safezone.core.desk import Desk
from safezone.core.durable import write_durably
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.lane import Committed
from safezone.core.settings import Settings
from safezone.entrypoints.house import DataFolder
from safezone.events.incidents import ContentErased

logger = logging.getLogger("safezone.safekeeping")
LOOK_EVERY_S: Final = 30.0
RETRY_AFTER: Final = timedelta(minutes=15)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one backup or drill; `why` says what went wrong."""

    at: datetime
    ok: bool
    name: str = ""
    seq: int = 0
    bytes: int = 0
    seconds: float = 0.0
    to: str = ""
    kept: int = 0
    pruned: list[str] = []
    why: Words | None = None


class Safekeeping(msgspec.Struct, frozen=True, kw_only=True):
    """The last backup and the last restore drill, and the last of each that went well."""

    backup: Outcome | None = None
    backup_ok: Outcome | None = None
    drill: Outcome | None = None
    drill_ok: Outcome | None = None


def load_state(folder: DataFolder) -> Safekeeping:
    """What was noted down; nothing where nothing was, or where the file cannot be read."""
    try:
        return msgspec.json.decode(folder.safekeeping_file.read_bytes(), type=Safekeeping)
    except (OSError, msgspec.DecodeError):
        return Safekeeping()


def note(folder: DataFolder, what: str, outcome: Outcome) -> None:
    """The outcome of a `backup` or `drill` is noted down for whoever looks after the station."""
    names = (what, f"{what}_ok") if outcome.ok else (what,)
    state = msgspec.structs.replace(load_state(folder), **dict.fromkeys(names, outcome))
    write_durably(folder.safekeeping_file, msgspec.json.format(msgspec.json.encode(state), indent=2))


@contextmanager
def working_folder(folder: DataFolder) -> Iterator[Path]:
    """A folder of its own on the data disk, empty now and gone afterwards; CannotStart when another run has it."""
    path = folder.run / "safekeeping"
    with (folder.run / "safekeeping.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                Words(
                    th="กำลังสำรองข้อมูลหรือซ้อมกู้คืนอยู่แล้ว: รอให้เสร็จก่อน",
                    en="A backup or a drill is running already: wait until it is done.",
                )
            ) from None
        # What a run that was killed has left behind must not stay: it is a copy of the record.
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


class Keeper:
    """Starts `safezone backup` and `safezone restore-drill` when they are due, as processes that may be slow.

    With a desk it also sees to it that what was erased is not left in SQLite's write-ahead log.
    """

    def __init__(
        self, folder: DataFolder, settings: Settings, clock: Clock, desk: Desk | None = None
    ) -> None:
        self._folder = folder
        self._settings = settings.backup
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._desk = desk
        # From the start: a program that was killed may have left something there.
        self._is_left = threading.Event()
        self._is_left.set()
        if desk is not None:
            desk.lane.observe(self._notice)

    def start(self) -> None:
        """From now on it is looked every half minute whether something is due."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Nothing is begun any more; what runs is ended (a backup that was not finished is none)."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def state(self) -> str:
        """`ok`, or what a technician must see to: a backup or drill that failed or is overdue."""
        kept, said = load_state(self._folder), list[str]()
        for what, every_h, last, ok in (
            ("backup", self._settings.every_h, kept.backup, kept.backup_ok),
            ("restore drill", self._settings.drill_every_h, kept.drill, kept.drill_ok),
        ):
            if last is not None and not last.ok:
                said.append(f"the last {what} failed: {last.why.en if last.why else 'unknown'}")
            elif every_h and ok and self._clock.now() - ok.at > timedelta(hours=2 * every_h):
                said.append(f"no {what} since {ok.at:%Y-%m-%d %H:%M} UTC")
        return "; ".join(said) or "ok"

    def due(self) -> str | None:
        """The command that is due now."""
        kept, now = load_state(self._folder), self._clock.now()
        if _is_due(now, self._settings.every_h, kept.backup, kept.backup_ok):
            return "backup"
        if kept.backup_ok and _is_due(now, self._settings.drill_every_h, kept.drill, kept.drill_ok):
            return "restore-drill"
        return None

    async def _run(self) -> None:
        while True:
            await self.clear_journal()
            if what := self.due():
                await self._call(what)
            await asyncio.sleep(LOOK_EVERY_S)

    def _notice(self, committed: Committed) -> None:
        if any(isinstance(entry.event, ContentErased) for entry in committed.entries):
            self._is_left.set()

    async def clear_journal(self) -> None:
        """What was erased is in no file any more; while somebody reads for long, the next turn tries again."""
        if self._desk is None or not self._is_left.is_set():
            return
        self._is_left.clear()
        try:
            is_empty = await self._desk.think(self._desk.database.empty_journal)
        except Exception as problem:
            logger.warning("the write-ahead log could not be emptied and is tried again: %s", problem)
            is_empty = False
        if not is_empty:
            self._is_left.set()

    async def _call(self, what: str) -> None:
        words = [sys.executable, "-m", "safezone", what, "--data", str(self._folder.path)]
        child = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        with suppress(OSError):  # A press goes first.
            os.setpriority(os.PRIO_PROCESS, child.pid, 10)
        try:
            said, _ = await child.communicate()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)
            await child.wait()
            raise
        text = said.decode("utf-8", "replace").strip()
        if child.returncode:
            logger.error("%s failed (%s): %s", what, child.returncode, text)
            self._note_silent_end(what, text)
        else:
            logger.info("%s: %s", what, text)

    def _note_silent_end(self, what: str, text: str) -> None:
        """A process that was killed could not note its end itself."""
        name = "backup" if what == "backup" else "drill"
        kept = getattr(load_state(self._folder), name)
        if kept is None or kept.ok:
            why = Words(th=f"จบโดยไม่คาดคิด: {text[-200:]}", en=f"it ended unexpectedly: {text[-200:]}")
            note(self._folder, name, Outcome(at=self._clock.now(), ok=False, why=why))


def _is_due(now: datetime, every_h: int, last: Outcome | None, ok: Outcome | None) -> bool:
    if not every_h or (last is not None and not last.ok and now - last.at < RETRY_AFTER):
        return False
    return ok is None or now - ok.at >= timedelta(hours=every_h)
