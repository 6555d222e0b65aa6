"""What is over its time is erased for good, what is held is not, and a certificate says what went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from safezone.core.audit import get_line
from safezone.core.errors import Conflict, NotAllowed, NotFound
from safezone.core.event import seals_in
from safezone.core.purpose import DeclareLook, LookDeclared, Purpose
from safezone.core.vault import sealed
from safezone.events import incidents as ev
from safezone.incidents import commands as cmds
from safezone.incidents import retention
from safezone.incidents.tables import erased, erasure, legal_hold
from tests.incidents.desk import OPERATOR, SUPERVISOR, SYSTEM, Desk
from tests.support.engines import EngineName, bytes_on_disk
from tests.support.station import STATION, who

DAY_S = 86_400
TEXT = "ชายชุดดำวิ่งไปทางตลาด"


@pytest.fixture
def desk(tmp_path: Path, engine: EngineName) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def closed(desk: Desk, text: str = TEXT) -> str:
    """The id of an incident that was reported with this text and is over."""
    view = desk.opened(text=text, reporter=cmds.Reporter(name="ผู้แจ้งสมมติ"))
    desk.do(cmds.AddNote(view.id, f"{text} จด"))
    desk.do(cmds.CloseIncident(view.id, desk.view(view.id).version, "resolved", f"{text} ปิด"))
    return view.id


def erase(desk: Desk, data_class: ev.DataClass = "incident", days: int = 30) -> int:
    gone: int = desk.do(cmds.EraseDue(data_class, days), SYSTEM)
    return gone


def texts_of(desk: Desk, incident_id: str) -> list[str | None]:
    detail = desk.detail(incident_id)
    return [*(each.text for each in detail.reports), *(each.text for each in detail.notes)]


def test_what_is_over_its_time_is_erased_and_the_rest_is_not(desk: Desk) -> None:
    old = closed(desk)
    desk.clock.advance(20 * DAY_S)
    young, still_open = closed(desk, "ใหม่กว่า"), desk.opened(text="ยังไม่ปิด").id
    assert erase(desk) == 0
    desk.clock.advance(10 * DAY_S)
    assert erase(desk) == 4, "text, reporter, note and closing note"
    assert set(texts_of(desk, old)) == {None}
    assert None not in texts_of(desk, young)
    assert None not in texts_of(desk, still_open)
    assert erase(desk) == 0, "once"
    assert desk.verdict().content


def test_a_replay_says_the_same(desk: Desk) -> None:
    """`verify` replays the log and compares every row, those of holds and erasures too."""
    held, gone = closed(desk), closed(desk)
    desk.do(cmds.PlaceHold(held, "คดี 1"), SUPERVISOR)
    desk.clock.advance(31 * DAY_S)
    erase(desk)
    assert [len(desk.rows(select(each))) for each in (erased, erasure, legal_hold)] == [1, 1, 1]
    assert set(texts_of(desk, gone)) == {None}
    assert desk.verdict().content


def test_what_is_held_stays_until_the_hold_is_lifted(desk: Desk) -> None:
    held = closed(desk)
    desk.do(cmds.PlaceHold(held, "คดี 1"), SUPERVISOR)
    with pytest.raises(Conflict, match="held_already"):
        desk.do(cmds.PlaceHold(held, "คดี 1"), SUPERVISOR)
    desk.clock.advance(400 * DAY_S)
    assert erase(desk) == 0
    assert TEXT in texts_of(desk, held)
    with desk.read() as conn:
        (hold,) = retention.list_holds(conn, SUPERVISOR)
    assert (hold.incident_id, hold.reason, hold.placed_by) == (held, "คดี 1", SUPERVISOR.actor)
    desk.do(cmds.LiftHold(held, "สิ้นสุด"), SUPERVISOR)
    with pytest.raises(Conflict, match="not_held"):
        desk.do(cmds.LiftHold(held, "สิ้นสุด"), SUPERVISOR)
    assert erase(desk) == 6, "with it the reasons of the hold"
    assert set(texts_of(desk, held)) == {None}


def test_a_merged_incident_goes_and_is_held_with_the_one_that_survives(desk: Desk) -> None:
    first, second = desk.opened(text="รายงานแรก"), desk.opened(text="รายงานที่สอง")
    desk.do(cmds.MergeIncident(second.id, desk.view(second.id).version, first.id))
    desk.clock.advance(31 * DAY_S)
    assert erase(desk) == 0, "the one that survives is open"
    desk.do(cmds.CloseIncident(first.id, desk.view(first.id).version, "resolved"))
    desk.do(cmds.PlaceHold(second.id, "คดี 2"), SUPERVISOR)
    desk.clock.advance(31 * DAY_S)
    assert erase(desk) == 0, "held by the one that was merged"
    desk.do(cmds.LiftHold(second.id, "สิ้นสุด"), SUPERVISOR)
    assert erase(desk) == 4
    assert set(texts_of(desk, first.id)) == {None}


def test_what_comes_after_a_reopening_is_erased_in_its_own_time(desk: Desk) -> None:
    again = closed(desk)
    desk.clock.advance(31 * DAY_S)
    erase(desk)
    desk.do(cmds.ReopenIncident(again, desk.view(again).version, "โทรมาอีก"))
    desk.do(cmds.CloseIncident(again, desk.view(again).version, "resolved", "จบแล้ว"))
    assert erase(desk) == 0
    desk.clock.advance(31 * DAY_S)
    assert erase(desk) == 2


def test_photos_handovers_and_refused_messages_have_times_of_their_own(desk: Desk) -> None:
    with_photo = desk.opened(text=TEXT).id
    desk.do(cmds.AddPhoto(with_photo, b"a picture, already cleaned", "image/jpeg", 1, 1))
    desk.do(cmds.CloseIncident(with_photo, desk.view(with_photo).version, "resolved"))
    closed(desk, "ไม่มีภาพ")
    desk.do(cmds.NoteHandover("ฝากเวรถัดไป"))
    desk.do(cmds.KeepRefusedMessage("http", "x", b"?", "อ่านไม่ออก", "unreadable"), SYSTEM)
    desk.clock.advance(31 * DAY_S)
    assert erase(desk, "photo") == 1
    assert TEXT in texts_of(desk, with_photo)
    assert erase(desk, "handover") == 1
    assert erase(desk, "refused_message") == 1
    for again in ("photo", "handover", "refused_message"):
        assert erase(desk, again) == 0
    events = [entry.event for entry in desk.log() if isinstance(entry.event, ev.ContentErased)]
    assert [(event.data_class, event.records, len(event.subjects)) for event in events] == [
        ("photo", 1, 1),
        ("handover", 1, 1),
        ("refused_message", 1, 0),
    ]
    assert desk.verdict().content


def test_the_words_of_a_purpose_go_and_its_code_and_case_stay(desk: Desk) -> None:
    def say(text: str, about: str = "audit") -> None:
        why = Purpose(code="complaint", case="ร.7/2569", text=text)
        desk.do(DeclareLook(what="export_audit", about=about, purpose=why), who("auditor", "dpo"))

    def texts() -> list[str | None]:
        lines = [entry.seq for entry in desk.log() if isinstance(entry.event, LookDeclared)]
        with desk.read() as conn:
            return [get_line(conn, STATION, seq).purpose_text for seq in lines]

    say("ตามที่นายสมมติร้องเรียน")
    say("", "assets")
    say("ชื่อในบัญชีอุปกรณ์", "assets")
    desk.clock.advance(20 * DAY_S)
    say("ใหม่กว่า")
    assert erase(desk, "purpose") == 0
    desk.clock.advance(10 * DAY_S)
    assert erase(desk, "purpose") == 2
    assert texts() == [None, None, None, "ใหม่กว่า"]
    assert erase(desk, "purpose") == 0, "once"
    events = [entry.event for entry in desk.log()]
    assert [e.case for e in events if isinstance(e, LookDeclared)] == ["ร.7/2569"] * 4
    (gone,) = [e for e in events if isinstance(e, ev.ContentErased)]
    assert (gone.data_class, gone.records, gone.subjects) == ("purpose", 2, ("assets", "audit"))
    with desk.read() as conn:
        text = retention.write_certificate(conn, who("auditor", "dpo"), gone.erasure_id, desk.desk)
    assert "purposes of looks and exports in words" in text
    assert "neither key nor content of any of 2" in text
    assert all(f"{ref}  -" not in text for ref in gone.refs), "each is named with its keyed hash"
    assert desk.verdict().content


def test_many_are_erased_in_several_turns(desk: Desk) -> None:
    for number in range(60):
        view = desk.opened(text=f"เรื่องที่ {number}")
        desk.do(cmds.CloseIncident(view.id, view.version, "resolved"))
        desk.clock.advance(700)
    desk.clock.advance(31 * DAY_S)
    assert [erase(desk) for _ in range(3)] == [50, 10, 0]
    assert not desk.rows(select(sealed))


def test_the_bytes_are_gone_from_the_files(tmp_path: Path) -> None:
    """SQLite alone: PostgreSQL leaves a deleted row in its pages until they are used again."""
    desk = Desk(tmp_path)
    old = closed(desk)
    desk.clock.advance(1)
    young = closed(desk, "ยังอยู่")
    refs = {entry.event.text.ref: entry.event.incident_id for entry in desk.log()
            if isinstance(entry.event, ev.ReportReceived) and entry.event.text}  # fmt: skip
    boxes = {refs[row.ref]: bytes(row.box) for row in desk.rows(select(sealed)) if row.ref in refs}
    desk.do(cmds.PlaceHold(young, "คดี"), SUPERVISOR)
    desk.clock.advance(31 * DAY_S)
    assert boxes[old] in bytes_on_disk(tmp_path)
    erase(desk)
    assert desk.database.empty_journal()
    on_disk = bytes_on_disk(tmp_path)
    assert boxes[young] in on_disk, "this looks at the right files"
    assert boxes[old] not in on_disk
    desk.close()


def test_the_certificate_names_what_went(desk: Desk) -> None:
    closed(desk)
    desk.clock.advance(31 * DAY_S)
    erase(desk)
    (event,) = [entry.event for entry in desk.log() if isinstance(entry.event, ev.ContentErased)]
    with desk.read() as conn:
        text = retention.write_certificate(conn, SUPERVISOR, event.erasure_id, desk.desk)
        shown = retention.show_retention(conn, SUPERVISOR, desk.settings.retention)
        with pytest.raises(NotFound):
            retention.write_certificate(conn, SUPERVISOR, "nothing", desk.desk)
    (line,) = [entry for entry in desk.log() if entry.kind == "content_erased"]
    assert f"log line:   {line.seq}" in text
    assert "neither key nor content of any of 4" in text
    assert "21/12/2569" in text
    seals = {one.ref: one.digest for entry in desk.log() for one in seals_in(entry)}
    for ref in event.refs:
        assert f"{ref}  {seals[ref]}" in text
    assert [(each.id, each.records, each.subjects) for each in shown.erasures] == [(event.erasure_id, 4, 1)]


def test_who_may_hold_and_erase(desk: Desk) -> None:
    incident_id = closed(desk)
    for identity in (OPERATOR, who("auditor", "a"), SYSTEM):
        with pytest.raises(NotAllowed):
            desk.do(cmds.PlaceHold(incident_id, "x"), identity)
    with pytest.raises(NotAllowed):
        desk.do(cmds.EraseDue("incident", 1), who("admin", "admin-1"))
    with pytest.raises(NotFound):
        desk.do(cmds.PlaceHold("nothing", "x"), SUPERVISOR)
