"""An incident told line by line: a fold over its part of the log, in words that a person reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from safezone.core.event import Entry, Event, kind_of
from safezone.core.i18n import Words
from safezone.events import incidents as ev

_DONE: Final[dict[type[Event], Words]] = {
    ev.ReportReceived: Words(th="รับแจ้ง", en="reported"),
    ev.IncidentOpened: Words(th="เปิดเหตุ", en="opened the incident"),
    ev.TwinSuggested: Words(th="พบเหตุที่อาจเป็นเรื่องเดียวกัน", en="found what may be the same incident"),
    ev.PressesCounted: Words(th="กดรัวเกินกว่าจะแยกเก็บทีละครั้ง", en="was pressed faster than each could be kept"),
    ev.IncidentAcknowledged: Words(th="รับทราบ", en="acknowledged"),
    ev.IncidentEscalated: Words(th="แจ้งหัวหน้าเวรแล้ว", en="told the supervisor"),
    ev.PriorityChanged: Words(th="เปลี่ยนความเร่งด่วน", en="changed the priority"),
    ev.PlaceCorrected: Words(th="ยืนยันตำแหน่ง", en="confirmed the place"),
    ev.UnitDispatched: Words(th="สั่งการ", en="dispatched"),
    ev.AssignmentAccepted: Words(th="รับงาน", en="accepted"),
    ev.UnitEnRoute: Words(th="กำลังไป", en="is en route"),
    ev.UnitArrived: Words(th="ถึงที่เกิดเหตุ", en="is on scene"),
    ev.UnitCleared: Words(th="เสร็จภารกิจ", en="cleared"),
    ev.AssignmentRefused: Words(th="รับงานไม่ได้", en="could not take it"),
    ev.NoteAdded: Words(th="บันทึกข้อความ", en="wrote a note"),
    ev.PhotoAdded: Words(th="เพิ่มภาพ", en="added a photo"),
    ev.IncidentMerged: Words(th="รวมเข้ากับเหตุอื่น", en="merged it into another incident"),
    ev.TwinAbsorbed: Words(th="รวมเหตุอื่นเข้ามา", en="merged another incident into it"),
    ev.IncidentClosed: Words(th="ปิดเหตุ", en="closed"),
    ev.IncidentReopened: Words(th="เปิดเหตุอีกครั้ง", en="reopened"),
    ev.HandoverNoted: Words(th="บันทึกส่งเวร", en="wrote a handover note"),
}
_BY_KIND: Final = {kind_of(event_type): words for event_type, words in _DONE.items()}

CHANNELS: Final = {
    "sos_point": Words(th="เสา SOS", en="SOS point"),
    "phone": Words(th="โทรศัพท์", en="telephone"),
    "web": Words(th="หน้าเว็บ", en="web page"),
    "line": Words(th="LINE", en="LINE"),
    "http": Words(th="ระบบอื่น", en="another system"),
}
STAGES: Final = {
    "reported": Words(th="รับแจ้ง", en="Reported"),
    "acknowledged": Words(th="รับทราบ", en="Acknowledged"),
    "dispatched": Words(th="สั่งการ", en="Dispatched"),
    "en_route": Words(th="กำลังไป", en="En route"),
    "on_scene": Words(th="ถึงที่เกิดเหตุ", en="On scene"),
    "closed": Words(th="ปิดเหตุ", en="Closed"),
}
OUTCOMES: Final = {
    "resolved": Words(th="ระงับเหตุแล้ว", en="resolved"),
    "handed_over": Words(th="ส่งต่อหน่วยงานอื่น", en="handed over"),
    "no_action_needed": Words(th="ไม่ต้องดำเนินการ", en="no action needed"),
    "false_alarm": Words(th="แจ้งเหตุเท็จ", en="false alarm"),
    "prank": Words(th="ก่อกวน", en="prank"),
    "duplicate": Words(th="เหตุซ้ำ", en="duplicate"),
    "drill": Words(th="ฝึกซ้อม", en="drill"),
}


class TimelineEntry(msgspec.Struct, frozen=True):
    """One line of an incident's story; `seq` is its line in the log."""

    seq: int
    at: datetime
    actor: str
    kind: str
    words: Words
    unit_id: str | None = None
    note_id: str | None = None


def done_words(kind: str) -> Words:
    """What somebody did, for an event's kind; the kind itself when it is not one of an incident."""
    return _BY_KIND.get(kind, Words(th=kind, en=kind))


def fold(entries: Iterable[Entry]) -> list[TimelineEntry]:
    """The story of an incident, oldest line first, from its entries in the log."""
    return [
        TimelineEntry(
            entry.seq,
            entry.at,
            entry.actor,
            entry.kind,
            _words_of(entry.event),
            unit_id=getattr(entry.event, "unit_id", None),
            note_id=getattr(entry.event, "note_id", None),
        )
        for entry in entries
    ]


def _words_of(event: Event) -> Words:
    done = done_words(kind_of(type(event)))
    detail = _detail_of(event)
    return done if detail is None else Words(th=f"{done.th}: {detail.th}", en=f"{done.en}: {detail.en}")


def _detail_of(event: Event) -> Words | None:
    match event:
        case ev.ReportReceived(channel=channel, sos_point=point, joined=joined):
            where = CHANNELS[channel]
            of_point = f" {point}" if point else ""
            again = Words(th=" (รวมกับเหตุเดิม)", en=" (joined)") if joined else Words(th="", en="")
            return Words(th=f"{where.th}{of_point}{again.th}", en=f"{where.en}{of_point}{again.en}")
        case ev.PressesCounted(sos_point=point, count=count, lowest_n=low, highest_n=high):
            return Words(
                th=f"เสา {point} อีก {count} ครั้ง (ลำดับที่ {low}–{high})",
                en=f"{point}, {count} more (its numbers {low}–{high})",
            )
        case ev.PriorityChanged(priority=priority):
            return Words(th=f"ระดับ {priority}", en=f"priority {priority}")
        case ev.UnitDispatched(call_sign=call_sign):
            return Words(th=call_sign, en=call_sign)
        case ev.IncidentClosed(outcome=outcome):
            return OUTCOMES[outcome]
        case ev.IncidentEscalated(limit_s=limit_s):
            return Words(th=f"เกินกำหนด {limit_s} วินาที", en=f"more than {limit_s} s")
        case ev.TwinSuggested(distance_m=distance_m):
            return Words(th=f"ห่าง {distance_m} ม.", en=f"{distance_m} m away")
    return None
