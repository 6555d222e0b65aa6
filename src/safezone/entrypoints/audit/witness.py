"""The station's own checkpoints: made by the clock and by hand, kept as files and elsewhere, compared with the log.

They are files, not events: what is to witness against a database must not lie in it.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from safezone.core.checkpoints import (
    Agreement,
    Checkpoint,
    NotGenuine,
    Signer,
    compare,
    digest_of,
    head_of,
    read_checkpoint,
)
from safezone.core.durable import write_durably
from safezone.core.errors import SafezoneError
from safezone.core.i18n import Words
from safezone.entrypoints.house import DataFolder

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from safezone.core.clock import Clock
    from safezone.core.desk import Desk
    from safezone.core.settings import Settings

logger = logging.getLogger("safezone.witness")
LOOK_EVERY_S: Final = 60.0
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+-(?P<at>[0-9]{8}T[0-9]{6}Z)-[0-9]{10}\.txt")


class Kept(msgspec.Struct, frozen=True):
    """One checkpoint file and what the log says to it; `said` is None when it is not genuine."""

    name: str
    said: Checkpoint | None
    result: Agreement | None

    @property
    def agrees(self) -> bool:
        """Whether it is genuine and the log still is what it says."""
        return self.result == "agrees"


class Witness:
    """The checkpoints of one station in its data folder."""

    def __init__(self, folder: DataFolder, settings: Settings, station: str) -> None:
        self._folder, self._settings, self._station = folder, settings.checkpoints, station
        named = settings.checkpoints.key_file
        self._key_file = Path(named) if named else folder.keyring(settings).path.with_name("checkpoint.key")
        self.trouble: Words | None = None
        """What is wrong with the place to which copies go."""

    def signer(self) -> Signer:
        """The signing key, which is made at the first use."""
        return Signer.load_or_make(self._key_file, self._station)

    def names(self) -> list[str]:
        """The files, oldest first."""
        found = self._folder.checkpoints.glob("*.txt") if self._folder.checkpoints.is_dir() else ()
        return sorted(each.name for each in found if _NAME.fullmatch(each.name))

    def text(self, name: str) -> str | None:
        """The signed note in a file; None when there is none of this name."""
        if not _NAME.fullmatch(name):
            return None
        with suppress(FileNotFoundError):
            return (self._folder.checkpoints / name).read_text("utf-8")
        return None

    def make(self, conn: Connection, at: datetime) -> str | None:
        """A new checkpoint of the log as it is now; its name, or None when there is no line yet."""
        seq, end = head_of(conn, self._station)
        if not seq:
            return None
        signer = self.signer()
        self._folder.checkpoints.mkdir(mode=0o700, exist_ok=True)
        with (self._folder.checkpoints / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            names = self.names()
            before = digest_of(self.text(names[-1]) or "") if names else ""
            name = f"{self._station}-{at:%Y%m%dT%H%M%SZ}-{seq:010}.txt"
            if name in names:
                return name
            note = signer.sign(Checkpoint(self._station, seq, end, at, before))
            write_durably(self._folder.checkpoints / name, note.encode())
        self._send(name, note)
        return name

    def _send(self, name: str, note: str) -> None:
        if not self._settings.to:
            return
        try:
            elsewhere = Path(self._settings.to)
            elsewhere.mkdir(parents=True, exist_ok=True)
            write_durably(elsewhere / name, note.encode())
            (elsewhere / "public-key.txt").write_text(self.signer().public_key + "\n", "utf-8")
            self.trouble = None
        except OSError as problem:
            self.trouble = Words(
                th=f"ส่งหลักฐานลงลายเซ็นไปที่ {self._settings.to} ไม่ได้: {problem.strerror}",
                en=f"The checkpoint could not be written to {self._settings.to}: {problem.strerror}",
            )
            logger.warning("%s", self.trouble)

    def compare(self, conn: Connection) -> list[Kept]:
        """Every checkpoint, oldest first, with what the log says to it now."""
        key = self.signer().public_key
        read: dict[str, Checkpoint | None] = {}
        before: str | None = None
        for name in self.names():
            note = self.text(name) or ""
            with suppress(NotGenuine):
                read[name] = read_checkpoint(note, key)
            said = read.setdefault(name, None)
            if said is not None and before is not None and said.previous != before:
                read[name] = None  # One between them was taken away or put in.
            before = digest_of(note)
        found = compare(conn, self._station, [each for each in read.values() if each])
        return [Kept(name, said, found[said.seq] if said else None) for name, said in read.items()]

    def is_due(self, now: datetime) -> bool:
        """Whether the newest is older than the settings want, or there is none."""
        if not self._settings.every_h:
            return False
        names = self.names()
        if not names:
            return True
        said = _NAME.fullmatch(names[-1])
        made = datetime.strptime(said["at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if said else now
        return now - made >= timedelta(hours=self._settings.every_h)


class WitnessClock:
    """Makes a checkpoint when it is due, and looks whether the log still agrees with the last ones."""

    def __init__(self, witness: Witness, desk: Desk, clock: Clock) -> None:
        self._witness, self._desk, self._clock = witness, desk, clock
        self._task: asyncio.Task[None] | None = None
        self.wrong: list[Kept] = []
        """Checkpoints that do not agree with the log, as of the last look."""

    def start(self) -> None:
        """From now on it is looked every minute."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Nobody looks any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Compare, and make one when it is due; also on top of a log that disagrees: it is a witness from now on."""
        self.wrong = [each for each in await self._desk.ask(self._witness.compare) if not each.agrees]
        if self.wrong:
            logger.error(
                "the log differs from %d signed checkpoints: %s", len(self.wrong), self.wrong[0].name
            )
        if self._witness.is_due(self._clock.now()):
            await self._desk.ask(self._witness.make, self._clock.now())

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except (SafezoneError, SQLAlchemyError, OSError) as problem:
                logger.warning("checkpoints cannot be looked at now: %s", problem)
            await asyncio.sleep(LOOK_EVERY_S)

    def trouble(self) -> Words | None:
        """What an administrator and an auditor must know."""
        if self.wrong:
            name = self.wrong[0].name
            return Words(
                th=f"บันทึกไม่ตรงกับหลักฐานที่ลงลายเซ็นไว้ ({name}): มีผู้เขียนฐานข้อมูลใหม่ หรือกู้คืนจากสำเนาเก่า ให้ตรวจทันที",
                en=f"The log differs from a signed checkpoint ({name}): the database was rewritten, or restored from an "
                "older backup. Look into it now.",
            )
        return self._witness.trouble
