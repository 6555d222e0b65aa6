"""What retention has done and what holds it up, for those who answer for it; and the certificate of one erasure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from safezone.core import vault
from safezone.core.db import from_us
from safezone.core.desk import Desk
from safezone.core.errors import NotFound
from safezone.core.event import seals_in
from safezone.core.i18n import THAI_TIME, Words, buddhist_year
from safezone.core.identity import Identity, Role
from safezone.core.log import log
from safezone.core.settings import Retention
from safezone.core.vault import open_many
from safezone.events import incidents as ev
from safezone.incidents.rules import name_of
from safezone.incidents.tables import erasure, incident, legal_hold

LONGEST_LIST = 500
READERS: Final[tuple[Role, ...]] = ("supervisor", "admin", "auditor", "chief", "commander")
"""Who may know what is kept how long, held and erased: facts, and nothing of the content."""
_CLASSES: Final[dict[ev.DataClass, Words]] = {
    "incident": Words(th="ข้อมูลส่วนบุคคลของเหตุ", en="personal content of incidents"),
    "photo": Words(th="ภาพถ่ายของเหตุ", en="photos of incidents"),
    "handover": Words(th="บันทึกส่งเวร", en="handover notes"),
    "refused_message": Words(th="ข้อความที่อ่านไม่เข้าใจ", en="messages that could not be understood"),
    "repair": Words(th="ข้อความในใบสั่งซ่อม", en="texts of work orders"),
    "loan": Words(th="ผู้ยืมอุปกรณ์", en="who borrowed equipment"),
    "equipment_paper": Words(th="ภาพและเอกสารของอุปกรณ์และบันทึกข้อตกลง", en="papers of equipment and MOUs"),
    "equipment_note": Words(th="บันทึกและเหตุผลเรื่องอุปกรณ์", en="notes and reasons about equipment"),
    "account": Words(th="บัญชีผู้ใช้ที่สิ้นสุดแล้ว", en="accounts that have ended"),
    "purpose": Words(th="รายละเอียดวัตถุประสงค์ของการดูและส่งออก", en="purposes of looks and exports in words"),
}


class HoldView(msgspec.Struct, frozen=True):
    """An incident of which nothing is erased, since when, by whom and why; the reason is for the command centre alone."""

    incident_id: str
    number: str
    placed_at: datetime
    placed_by: str
    reason: str | None


class ErasureView(msgspec.Struct, frozen=True):
    """One erasure; `certificate` is where its certificate can be read."""

    id: str
    seq: int
    at: datetime
    data_class: str
    name: Words
    days: int
    before: datetime
    subjects: int
    records: int
    certificate: str


class RetentionView(msgspec.Struct, frozen=True):
    """How long each class is kept (days) and what it is called, what is held, and what was erased, newest first."""

    rules: dict[ev.DataClass, int]
    names: dict[ev.DataClass, Words]
    holds: list[HoldView]
    erasures: list[ErasureView]


def rules_of(settings: Retention) -> dict[ev.DataClass, int]:
    """Days by class of data."""
    return {
        "incident": settings.incident_days,
        "photo": settings.photo_days,
        "handover": settings.handover_days,
        "refused_message": settings.refused_message_days,
        "repair": settings.repair_days,
        "loan": settings.loan_days,
        "equipment_paper": settings.equipment_paper_days,
        "equipment_note": settings.equipment_note_days,
        "purpose": settings.purpose_days,
        "account": settings.account_days,
    }


def show_retention(conn: Connection, identity: Identity, settings: Retention) -> RetentionView:
    """Rules, holds and erasures."""
    identity.require(*READERS)
    rows = conn.execute(
        select(erasure)
        .where(erasure.c.station == identity.station)
        .order_by(erasure.c.seq.desc())
        .limit(LONGEST_LIST)
    )
    erasures = [
        ErasureView(
            row.id,
            row.seq,
            from_us(row.at_us),
            row.data_class,
            _CLASSES[row.data_class],
            row.days,
            from_us(row.before_us),
            row.subjects,
            row.records,
            f"/api/v1/admin/erasures/{row.id}",
        )
        for row in rows
    ]
    return RetentionView(rules_of(settings), _CLASSES, list_holds(conn, identity), erasures)


def list_holds(conn: Connection, identity: Identity) -> list[HoldView]:
    """Every hold that is in force, oldest first. A reason may name somebody: only who places holds reads it."""
    identity.require(*READERS)
    station = identity.station
    rows = conn.execute(
        select(legal_hold, incident.c.year, incident.c.number)
        .join(
            incident,
            (incident.c.station == legal_hold.c.station) & (incident.c.id == legal_hold.c.incident_id),
        )
        .where(legal_hold.c.station == station)
        .order_by(legal_hold.c.placed_at_us)
    ).all()
    reasons = open_many(conn, station, (row.reason_ref for row in rows)) if identity.in_ccoc else {}
    return [
        HoldView(
            row.incident_id,
            name_of(row.year, row.number),
            from_us(row.placed_at_us),
            row.placed_by,
            reasons[row.reason_ref].decode() if row.reason_ref in reasons else None,
        )
        for row in rows
    ]


def write_certificate(conn: Connection, identity: Identity, erasure_id: str, desk: Desk) -> str:
    """The certificate of an erasure in both languages, as plain text that can be printed; NotFound when there is none.

    It names every record with its keyed hash, the line of the log and its hash, and whether any key is there now.
    """
    identity.require(*READERS)
    station = identity.station
    row = conn.execute(
        select(erasure).where(erasure.c.station == station, erasure.c.id == erasure_id)
    ).first()
    if row is None:
        raise NotFound(
            "no_erasure", Words(th=f"ไม่มีการลบรหัส {erasure_id}", en=f"There is no erasure {erasure_id}.")
        )
    line = conn.execute(select(log).where(log.c.station == station, log.c.seq == row.seq)).one()
    event = desk.reader.entry_of(line).event
    assert isinstance(event, ev.ContentErased)  # noqa: S101 - the row was written from this very line
    left = vault.count_kept(conn, station, event.refs)
    digests = _digests(conn, station, event, desk)
    name = _CLASSES[event.data_class]
    text = [
        f"หนังสือรับรองการลบข้อมูล / Certificate of erasure   {erasure_id}",
        "",
        f"สถานี / station:          {station}",
        f"ประเภทข้อมูล / class:      {name}",
        f"เก็บไว้ / kept for:         {event.days} วัน / days",
        f"สิ้นสุดก่อน / ended before:  {_say_time(event.before)}",
        f"ลบเมื่อ / erased at:        {_say_time(from_us(row.at_us))}",
        f"โดย / by:                 {line.actor}",
        f"จำนวน / how many:          {event.records} รายการ / records, {len(event.subjects)} เรื่อง / subjects",
        f"บรรทัดในบันทึก / log line:   {row.seq}",
        f"แฮชของบรรทัด / its hash:   {line.hash}",
        f"ตรวจขณะนี้ / checked now:   {_say_left(left, len(event.refs))}",
        "",
        "สำเนาสำรองที่ทำก่อนเวลาลบยังมีข้อมูลนี้จนกว่าจะถูกลบตามรอบ",
        "Backups made before that time still have it until they are removed in their turn.",
        "",
        "รายการ (รหัสอ้างอิง, แฮชแบบมีกุญแจตามบันทึก) / records (reference, keyed hash as in the log):",
        *(f"{ref}  {digests.get(ref, '-')}" for ref in event.refs),
    ]
    return "\n".join(text) + "\n"


def _digests(conn: Connection, station: str, event: ev.ContentErased, desk: Desk) -> dict[str, str]:
    wanted = set(event.refs)
    return {
        one.ref: one.digest
        for subject in event.subjects
        for entry in desk.reader.list_about(conn, station, subject)
        for one in seals_in(entry)
        if one.ref in wanted
    }


def _say_left(left: int, of: int) -> str:
    if left:
        return f"ยังมี {left} จาก {of} รายการ / {left} of {of} are still there (a restored backup?)"
    return f"ไม่มีกุญแจและข้อมูลเหลือในฐานข้อมูล / neither key nor content of any of {of} is in the database"


def _say_time(at: datetime) -> str:
    local = at.astimezone(THAI_TIME)
    return f"{local:%d/%m}/{buddhist_year(at)} {local:%H:%M:%S} (+07:00)"
