"""Every way in which something about an incident is refused, with its words in both languages."""

from __future__ import annotations

from typing import Any

from safezone.core.errors import Conflict, Invalid, NotFound
from safezone.core.i18n import Words
from safezone.incidents.timeline import done_words


def no_incident(incident_id: str) -> NotFound:
    """There is no such incident."""
    return NotFound(
        "no_incident",
        Words(th=f"ไม่พบเหตุ {incident_id}", en=f"There is no incident {incident_id}."),
    )


def overtaken(actor: str, kind: str, current: Any) -> Conflict:
    """Somebody decided something since this screen was drawn; `current` is how it stands now."""
    did = done_words(kind)
    return Conflict(
        "overtaken",
        Words(
            th=f"มีผู้ดำเนินการก่อนแล้ว: {actor} {did.th} — ตรวจสอบสถานะปัจจุบันแล้วลองอีกครั้ง สิ่งที่พิมพ์ไว้ยังอยู่",
            en=f"Somebody was first: {actor} {did.en}. Look at how it stands now and try again; what you typed is kept.",
        ),
        current=current,
        changed_by=actor,
        changed_kind=kind,
    )


def already_closed(current: Any) -> Conflict:
    """The incident is over; it must be reopened first."""
    words = Words(
        th="เหตุนี้ปิดแล้ว หากต้องดำเนินการต่อให้เปิดเหตุอีกครั้ง", en="This incident is closed. Reopen it to go on."
    )
    return Conflict("already_closed", words, current=current)


def not_closed(current: Any) -> Conflict:
    """Only a closed incident can be reopened."""
    return Conflict("not_closed", Words(th="เหตุนี้ยังไม่ปิด", en="This incident is not closed."), current=current)


def cannot_reopen_merged(current: Any) -> Conflict:
    """Its reports belong to another incident now."""
    words = Words(
        th="เหตุนี้ถูกรวมเข้ากับเหตุอื่นแล้ว ให้ดำเนินการที่เหตุนั้น",
        en="This incident was merged into another one; go on there.",
    )
    return Conflict("merged", words, current=current)


def unit_busy(units: dict[str, list[str]], current: Any) -> Conflict:
    """A unit is on another incident; sending it here takes a reason."""
    listed = ", ".join(sorted(units))
    return Conflict(
        "unit_busy",
        Words(
            th=f"หน่วย {listed} ติดภารกิจอื่นอยู่ หากต้องการสั่งการซ้ำให้ระบุเหตุผล",
            en=f"{listed} is on another incident. To send it here as well, give a reason.",
        ),
        units=[{"unit_id": unit, "incident_ids": on} for unit, on in sorted(units.items())],
        current=current,
    )


def unit_not_available(unit_id: str, why: Words) -> Conflict:
    """The unit cannot be sent."""
    return Conflict(
        "unit_not_available",
        Words(th=f"สั่งการหน่วย {unit_id} ไม่ได้: {why.th}", en=f"{unit_id} cannot be sent: {why.en}."),
        unit_id=unit_id,
    )


def no_assignment(unit_id: str) -> NotFound:
    """The unit was not sent to this incident."""
    return NotFound(
        "no_assignment",
        Words(th=f"หน่วย {unit_id} ไม่ได้รับมอบหมายเหตุนี้", en=f"{unit_id} was not sent to this incident."),
    )


def cannot_step_back(current_step: str, wanted: str, current: Any) -> Conflict:
    """A unit's progress does not go backwards."""
    return Conflict(
        "cannot_step_back",
        Words(
            th=f"หน่วยอยู่ที่ขั้น “{current_step}” แล้ว เปลี่ยนเป็น “{wanted}” ไม่ได้",
            en=f"The unit is at “{current_step}” already and cannot go to “{wanted}”.",
        ),
        current=current,
    )


def bad_field(field: str, words: Words) -> Invalid:
    """One field cannot be meant as it was sent."""
    return Invalid("bad_field", words, field=field)


def no_photo(photo_id: str) -> NotFound:
    """There is no such photo, or its key was deleted."""
    words = Words(
        th=f"ไม่พบภาพ {photo_id} หรือภาพถูกลบแล้ว", en=f"There is no photo {photo_id}, or it was deleted."
    )
    return NotFound("no_photo", words)


def no_tracking_code() -> NotFound:
    """No report has this code."""
    return NotFound(
        "no_tracking_code",
        Words(
            th="ไม่พบรหัสติดตามนี้ ตรวจสอบตัวอักษร 10 ตัวอีกครั้ง",
            en="No report has this code. Check its ten letters again.",
        ),
    )


def held_already(incident_id: str) -> Conflict:
    """A hold is there already."""
    words = Words(th="เหตุนี้ถูกระงับการลบอยู่แล้ว", en="This incident is under legal hold already.")
    return Conflict("held_already", words, incident_id=incident_id)


def not_held(incident_id: str) -> Conflict:
    """There is no hold to lift."""
    words = Words(th="เหตุนี้ไม่ได้ถูกระงับการลบ", en="This incident is under no legal hold.")
    return Conflict("not_held", words, incident_id=incident_id)
