"""Uploads and what was proposed of them: kept in the data folder for a day, for whoever made them and nobody else."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from safezone.core.errors import NotFound, TooLarge, TooMany
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.ids import new_id
from safezone.zone.imports.child import Asked, upload_name
from safezone.zone.imports.proposal import Answers, Proposal

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of one upload. A shapefile of a whole province with every building has some 20 MiB."""
KEEP: Final = timedelta(hours=24)
MOST_WAITING: Final = 10
"""Uploads of one person that wait for their decision."""
PATIENCE_S: Final = 90.0


class Kept(msgspec.Struct, frozen=True):
    """Whose upload it is, and until when it is kept."""

    id: str
    station: str
    actor: str
    name: str
    digest: str
    until: datetime
    answers: Answers = Answers()
    confirmed: str | None = None


class Imports:
    """The folder with the uploads of one data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._one_at_a_time = asyncio.Semaphore(1)

    async def take(
        self, body: AsyncIterator[bytes], declared: int, name: str, home: Point, who: Identity, now: datetime
    ) -> Kept:
        """The upload is on disk and was read; TooLarge, with nothing left of it, when it is more than is taken."""
        if declared > MOST_BYTES:
            raise _too_large(declared)
        await asyncio.to_thread(self.sweep, now)
        waiting = await asyncio.to_thread(self._count, who)
        if waiting >= MOST_WAITING:
            raise TooMany(
                "too_many_imports",
                Words(
                    th=f"มีไฟล์ที่รอยืนยัน {waiting} ไฟล์: ยืนยันหรือลบก่อน",
                    en=f"{waiting} files wait for your decision: confirm or remove some first.",
                ),
                retry_after_s=60,
            )
        import_id = new_id()
        at = self._folder / import_id
        await asyncio.to_thread(at.mkdir, parents=True)
        try:
            digest = await _write(at / upload_name(name), body)
            kept = Kept(import_id, who.station, who.actor, name[-120:], digest, now + KEEP)
            await self.read(kept, home)
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, at, ignore_errors=True)
            raise
        return kept

    async def read(self, kept: Kept, home: Point) -> None:
        """The file is read (again) with the answers that are known, in a process with limits; what came of it is kept."""
        at = self._folder / kept.id
        asked = Asked(kept.name, home, kept.answers)
        async with self._one_at_a_time:
            await asyncio.to_thread((at / "asked.json").write_bytes, msgspec.json.encode(asked))
            await asyncio.to_thread((at / "proposal.json").unlink, missing_ok=True)
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "safezone.zone.imports.child", str(at),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            try:
                await asyncio.wait_for(child.wait(), PATIENCE_S)
            except BaseException as gone:
                child.kill()
                await child.wait()
                if not isinstance(gone, TimeoutError):
                    raise
        await asyncio.to_thread(self._settle, kept)

    def _settle(self, kept: Kept) -> None:
        at = self._folder / kept.id
        if not (at / "proposal.json").exists():
            # The process was stopped by its limits: the file asks for more than any map of a station does.
            words = Words(
                th="ไฟล์นี้ใช้หน่วยความจำหรือเวลามากเกินไป จึงหยุดอ่าน: ตัดให้เหลือเฉพาะพื้นที่ของสถานี",
                en="Reading this file took too much memory or time and was stopped: cut it to the station's area.",
            )
            _put(at / "proposal.json", Proposal(file=kept.name, refused=words))
            _put(at / "shapes.json", {})
            _put(at / "buildings.json", [])
        _put(at / "kept.json", kept)

    def find(self, import_id: str, who: Identity, now: datetime) -> Kept:
        """The upload; NotFound for everybody but who made it, and when its day is over."""
        at = self._folder / import_id
        try:
            kept = msgspec.json.decode((at / "kept.json").read_bytes(), type=Kept)
        except (OSError, ValueError, msgspec.MsgspecError):
            kept = None
        if kept is None or (kept.station, kept.actor) != (who.station, who.actor) or kept.until <= now:
            raise NotFound(
                "no_import",
                Words(
                    th="ไม่มีไฟล์นำเข้านี้ หรือเก็บครบ 24 ชั่วโมงแล้ว", en="There is no such import, or its day is over."
                ),
            )
        return kept

    def proposal_of(self, kept: Kept) -> Proposal:
        """What was proposed."""
        return msgspec.json.decode((self._folder / kept.id / "proposal.json").read_bytes(), type=Proposal)

    def shapes_of(self, kept: Kept) -> dict[int, Any]:
        """The geometries of the candidates, by their number."""
        return msgspec.json.decode((self._folder / kept.id / "shapes.json").read_bytes(), type=dict[int, Any])

    def buildings_of(self, kept: Kept) -> list[Any]:
        """The outlines of the buildings."""
        return msgspec.json.decode((self._folder / kept.id / "buildings.json").read_bytes(), type=list[Any])

    def drop(self, kept: Kept) -> None:
        """Nothing of the upload is left."""
        shutil.rmtree(self._folder / kept.id, ignore_errors=True)

    def sweep(self, now: datetime) -> None:
        """What is older than its day, or was never finished, is gone."""
        for at in self._folder.iterdir() if self._folder.is_dir() else ():
            try:
                kept = msgspec.json.decode((at / "kept.json").read_bytes(), type=Kept)
                over = kept.until <= now
            except (OSError, ValueError, msgspec.MsgspecError):
                over = at.stat().st_mtime < now.timestamp() - KEEP.total_seconds()
            if over:
                shutil.rmtree(at, ignore_errors=True)

    def _count(self, who: Identity) -> int:
        count = 0
        for at in self._folder.iterdir() if self._folder.is_dir() else ():
            try:
                kept = msgspec.json.decode((at / "kept.json").read_bytes(), type=Kept)
            except (OSError, ValueError, msgspec.MsgspecError):
                continue
            count += (kept.station, kept.actor) == (who.station, who.actor)
        return count


async def _write(path: Path, body: AsyncIterator[bytes]) -> str:
    """The body is in the file; its SHA-256. It is cut off as soon as it is too large."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as out:
        async for chunk in body:
            size += len(chunk)
            if size > MOST_BYTES:
                raise _too_large(size)
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _put(path: Path, content: Any) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(msgspec.json.encode(content))
    os.replace(beside, path)


def _too_large(size: int) -> TooLarge:
    most = MOST_BYTES // 1_048_576
    return TooLarge(
        "import_too_large",
        Words(
            th=f"ไฟล์ใหญ่ {size / 1_048_576:.0f} MiB (รับได้ไม่เกิน {most} MiB): ตัดให้เหลือเฉพาะพื้นที่ของสถานี หรือใช้คำสั่ง safezone map import",
            en=f"The file has {size / 1_048_576:.0f} MiB, more than {most} MiB: cut it to the station's area, or use "
            "safezone map import on the server.",
        ),
    )
