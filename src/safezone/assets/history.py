"""What has happened to an asset, line by line from the log, in words that a person reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from safezone.assets.rules_lifecycle import STATES
from safezone.assets.tables import asset_batch
from safezone.core import vault
from safezone.core.event import Entry, Sealed
from safezone.core.i18n import Words
from safezone.core.log import LogReader
from safezone.events import assets as ev
from safezone.events import upkeep as up
from safezone.events.assets import Readiness

FIELDS: Final = {
    "name": Words(th="ชื่อ", en="name"),
    "lifecycle": Words(th="สถานะ", en="lifecycle"),
    "owner": Words(th="ชื่อเจ้าของ", en="owner's name"),
    "owner_id": Words(th="เจ้าของ", en="owner"),
    "point": Words(th="ตำแหน่ง", en="place"),
    "site_id": Words(th="จุดติดตั้ง", en="site"),
    "model": Words(th="รุ่น", en="model"),
    "legal_basis": Words(th="ฐานทางกฎหมาย", en="legal basis"),
    "mou_id": Words(th="บันทึกข้อตกลง", en="MOU"),
    "cost_satang": Words(th="ราคา", en="cost"),
    "budget_line": Words(th="แหล่งงบประมาณ", en="budget line"),
    "fiscal_year": Words(th="ปีงบประมาณ", en="fiscal year"),
    "warranty_until": Words(th="ประกัน", en="warranty"),
}
STEPS: Final = {
    "assigned": Words(th="มอบหมายงานซ่อม", en="assigned the repair"),
    "started": Words(th="เริ่มซ่อม", en="began the repair"),
    "done": Words(th="แจ้งซ่อมเสร็จ", en="said it is repaired"),
    "accepted": Words(th="ตรวจรับงานซ่อม", en="accepted the repair"),
    "rejected": Words(th="ไม่รับงานซ่อม", en="rejected the repair"),
    "cancelled": Words(th="ยกเลิกใบสั่งซ่อม", en="cancelled the work order"),
}
READINESS: Final[dict[Readiness, Words]] = {
    "READY": Words(th="พร้อมใช้", en="Ready"),
    "WATCH": Words(th="เฝ้าระวัง", en="Watch"),
    "DOWN": Words(th="ใช้งานไม่ได้", en="Down"),
    "UNKNOWN": Words(th="ยังไม่ทราบ", en="Unknown"),
}
RESULTS: Final = {
    "passed": Words(th="ทดสอบกดปุ่มผ่าน", en="passed the test press"),
    "failed": Words(th="ทดสอบกดปุ่มไม่ผ่าน", en="failed the test press"),
    "real": Words(th="การกดเป็นเหตุจริง: ไม่นับเป็นการทดสอบ", en="the press was a real one: no test"),
    "stopped": Words(th="ยกเลิกการทดสอบ", en="stopped the test"),
}


class HistoryLine(msgspec.Struct, frozen=True):
    """One line: what happened, by whom, and what was said about it."""

    seq: int
    at: datetime
    actor: str
    words: Words
    text: str | None = None


def list_history(conn: Connection, station: str, asset_id: str, reader: LogReader) -> list[HistoryLine]:
    """Everything that happened to the asset, the newest first."""
    entries = reader.list_about(conn, station, asset_id)
    entries += _in_batches(conn, station, asset_id, reader)
    told = [(entry, words) for entry in entries if (words := _words(entry, asset_id)) is not None]
    texts = vault.open_many(conn, station, (ref for entry, _ in told for ref in _refs(entry)))
    lines = []
    for entry, words in told:
        said = [texts[ref].decode() for ref in _refs(entry) if ref in texts]
        lines.append(HistoryLine(entry.seq, entry.at, entry.actor, words, " · ".join(said) or None))
    return sorted(lines, key=lambda line: line.seq, reverse=True)


def _in_batches(conn: Connection, station: str, asset_id: str, reader: LogReader) -> Iterator[Entry]:
    of_it = (asset_batch.c.station == station) & (asset_batch.c.asset_id == asset_id)
    for seq in conn.execute(select(asset_batch.c.seq).where(of_it).order_by(asset_batch.c.seq)).scalars():
        yield from reader.list_after(conn, station, seq - 1, 1)


def _refs(entry: Entry) -> list[str]:
    event = entry.event
    if isinstance(event, up.AssetFileAdded):
        return [event.name.ref]
    values = (getattr(event, name) for name in event.__struct_fields__)
    return [value.ref for value in values if isinstance(value, Sealed)]


def _words(entry: Entry, asset_id: str) -> Words | None:  # noqa: C901 - one line for each event
    match entry.event:
        case (
            ev.CameraSiteRegistered()
            | ev.CameraRegistered()
            | ev.SosPointRegistered()
            | ev.AssetsRegistered()
        ):
            return Words(th="ขึ้นทะเบียน", en="registered")
        case ev.AssetsChanged(assets=assets, changed=changed):
            names = next((c for a, c in zip(assets, changed, strict=True) if a.id == asset_id), [])
            th, en = ", ".join(FIELDS[n].th for n in names), ", ".join(FIELDS[n].en for n in names)
            return Words(th=f"แก้ไข: {th}", en=f"changed: {en}")
        case ev.LifecycleChanged(before=before, lifecycle=after):
            return Words(
                th=f"{STATES[before].th} → {STATES[after].th}", en=f"{STATES[before].en} → {STATES[after].en}"
            )
        case ev.AssetMoved():
            return Words(th="ย้ายที่ตั้ง", en="moved")
        case ev.AssetReadinessChanged(readiness=readiness, reason=reason):
            return Words(
                th=f"{READINESS[readiness].th}: {reason.th}", en=f"{READINESS[readiness].en}: {reason.en}"
            )
        case up.AssetChecked(ok=ok):
            return Words(
                th=f"ตรวจดู: {'ใช้งานได้' if ok else 'ใช้งานไม่ได้'}",
                en=f"looked at: {'works' if ok else 'does not work'}",
            )
        case up.WorkOrderOpened(number=number):
            return Words(th=f"เปิดใบสั่งซ่อมที่ {number}", en=f"opened work order {number}")
        case up.WorkOrderStepped(step=step):
            return STEPS[step]
        case up.AssetLent():
            return Words(th="ให้ยืม", en="lent")
        case up.AssetReturned(ok=ok):
            return Words(
                th=f"รับคืน: {'สภาพดี' if ok else 'ชำรุด'}", en=f"returned: {'in order' if ok else 'broken'}"
            )
        case up.PoleTestStarted():
            return Words(th="เริ่มทดสอบกดปุ่ม", en="began a test press")
        case up.PoleTestEnded(result=result):
            return RESULTS[result]
        case up.AssetFileAdded():
            return Words(th="เพิ่มไฟล์", en="added a file")
        case up.AssetFileRemoved():
            return Words(th="ลบไฟล์", en="removed a file")
    return None
