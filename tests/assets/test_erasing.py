"""Texts and papers of the equipment go when their time is over, and nothing else; a certificate says what went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from safezone.assets import commands_upkeep as up
from safezone.assets.commands_register import (
    AttachMouPaper,
    MoveLifecycle,
    NameOwner,
    PutAssets,
    RecordMou,
)
from safezone.assets.details import get_detail, get_file, get_mou_paper, list_mous, list_owners
from safezone.core.errors import NotAllowed, NotFound
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.vault import sealed
from safezone.events.assets import AssetFacts
from safezone.events.incidents import ContentErased
from safezone.incidents import retention
from tests.support.engines import EngineName
from tests.support.station import RunningStation, Station, who

DAY_S = 86_400
CHIEF, TECHNICIAN, OPERATOR, SYSTEM = who("chief"), who("technician"), who("operator"), who("system", "test")
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
EVERY: tuple[up.EquipmentClass, ...] = ("repair", "loan", "equipment_paper", "equipment_note")


@pytest.fixture
def station(engine: EngineName, tmp_path: Path) -> Iterator[Station]:
    """A station with one light pole of a municipality's."""
    station = Station(tmp_path)
    station.do(NameOwner("town", Words("เทศบาล", "Town"), "local_government", "คุณเก่า 081"), CHIEF)
    facts = AssetFacts(
        id="lamp",
        kind="light_pole",
        code="LAMP",
        name=Words("เสาไฟ", "Lamp"),
        owner=Words("", ""),
        owner_id="town",
        point=Point(104.7296, 16.5448),
        lifecycle="in_service",
    )
    station.do(PutAssets([facts], []), CHIEF)
    yield station
    station.close()


def erase(station: Station, data_class: up.EquipmentClass, days: int = 30) -> int:
    gone: int = station.do(up.EraseEquipment(data_class, days), SYSTEM)
    return gone


def later(station: Station, days: float) -> None:
    station.clock.advance(days * DAY_S)


def detail(station: Station) -> Any:
    with station.read() as conn:
        return get_detail(conn, CHIEF, "lamp", station.desk.reader, station.clock.now().date())


def mended(station: Station, text: str = "หลอดแตก คุณแดงแจ้ง") -> str:
    """A work order that was mended by one and accepted by another."""
    order: str = station.do(up.OpenWorkOrder("lamp", "down", text), OPERATOR)
    station.do(up.StepWorkOrder(order, "started", note="ไปดูแล้ว"), TECHNICIAN)
    station.do(up.StepWorkOrder(order, "done", note="เปลี่ยนหลอด"), TECHNICIAN)
    return order


def test_a_repair_is_forgotten_only_when_it_was_accepted_long_ago(station: Station) -> None:
    order = mended(station)
    later(station, 400)
    assert erase(station, "repair") == 0, "nobody has accepted it yet"
    station.do(up.StepWorkOrder(order, "accepted", note="ใช้ได้"), OPERATOR)
    later(station, 29)
    assert erase(station, "repair") == 0
    later(station, 2)
    assert erase(station, "repair") == 4, "the text and the note of every step"
    assert erase(station, "repair") == 0, "once"
    (shown,) = detail(station).orders
    assert (shown.number, shown.state, shown.text, shown.note) == (1, "accepted", None, None)
    assert not any(line.text for line in detail(station).history if "ซ่อม" in line.words.th)
    assert station.verdict().content


def test_who_borrowed_it_is_forgotten_after_it_came_back(station: Station) -> None:
    until = date(2027, 6, 1)
    station.do(up.LendAsset("lamp", "ร้านข้าวต้ม 081-234", until, "มีรอย"), TECHNICIAN)
    later(station, 100)
    assert erase(station, "loan") == 0, "it is still out there, with somebody"
    station.do(up.ReturnAsset("lamp", ok=True, condition="เหมือนเดิม"), TECHNICIAN)
    later(station, 31)
    station.do(up.LendAsset("lamp", "คนใหม่", date(2027, 12, 1)), TECHNICIAN)
    assert erase(station, "loan") == 3
    assert [(each.borrower, each.condition) for each in detail(station).loans] == [
        ("คนใหม่", None),
        (None, None),
    ]
    assert station.verdict().content


def test_papers_go_when_taken_away_retired_or_over(station: Station) -> None:
    kept = station.do(up.AddFile("lamp", "ใบรับประกัน", "application/pdf", PDF), CHIEF)
    gone = station.do(up.AddFile("lamp", "ภาพผิด", "application/pdf", PDF), CHIEF)
    station.do(up.RemoveFile("lamp", gone), CHIEF)
    assert [each.id for each in detail(station).files] == [kept]
    mou: str = station.do(
        RecordMou("town", "บท 1/2569", date(2026, 1, 1), date(2026, 12, 31), Words("เสาไฟ", "lamps")), CHIEF
    )
    for name in ("ร่าง.pdf", "ลงนาม.pdf"):
        station.do(AttachMouPaper(mou, name, "application/pdf", PDF), CHIEF)
    with station.read() as conn:
        assert get_mou_paper(conn, CHIEF, mou) == (PDF, "application/pdf")
        assert [each.paper for each in list_mous(conn, CHIEF, date(2026, 6, 1))] == ["ลงนาม.pdf"]
    later(station, 31)
    assert erase(station, "equipment_paper") == 2, "name and content of the one that was taken away"
    later(station, 60)
    assert erase(station, "equipment_paper") == 4, (
        "the agreement ended, and with it every version of its paper"
    )
    with station.read() as conn, pytest.raises(NotFound):
        get_mou_paper(conn, CHIEF, mou)
    station.do(MoveLifecycle("lamp", "retired", "พัง"), CHIEF)
    later(station, 31)
    assert erase(station, "equipment_paper") == 2
    with station.read() as conn, pytest.raises(NotFound):
        get_file(conn, CHIEF, "lamp", kept)
    assert station.verdict().content


def test_notes_and_reasons_go_with_age_but_not_the_contact_that_is_in_use(station: Station) -> None:
    station.do(up.CheckAsset("lamp", ok=True, note="คุณดำบอกว่าดี"), TECHNICIAN)
    station.do(NameOwner("town", Words("เทศบาล", "Town"), "local_government", "คุณใหม่ 089"), CHIEF)
    later(station, 31)
    station.do(MoveLifecycle("lamp", "installed", "รอซ่อม"), CHIEF)
    assert erase(station, "equipment_note") == 2, "the note of the look and the old contact"
    assert erase(station, "equipment_note") == 0
    with station.read() as conn:
        assert [each.contact for each in list_owners(conn, CHIEF) if each.id == "town"] == ["คุณใหม่ 089"]
    assert "รอซ่อม" in [line.text for line in detail(station).history]
    assert station.verdict().content


def test_a_hold_on_the_incident_of_a_test_holds_its_repair(tmp_path: Path, engine: EngineName) -> None:
    station = RunningStation(tmp_path)
    try:
        technician, operator, supervisor = map(station.api, ("technician", "operator", "supervisor"))
        test = technician.act("/api/v1/assets/sos-04/tests")["tests"][0]
        pressed = station.api("sos-04").report()["incident_id"]
        station.settle()
        view = operator.on(operator.incident(pressed), "acknowledge")
        technician.act(f"/api/v1/estate/tests/{test['id']}/lamp", {"lit": False})
        operator.on(view, "close", outcome="drill")
        station.settle()
        (order,) = technician.ask("/api/v1/assets/sos-04/detail")["orders"]
        step = f"/api/v1/estate/work-orders/{order['id']}/step"
        technician.act(step, {"step": "started"})
        technician.act(step, {"step": "done"})
        operator.act(step, {"step": "accepted"})
        supervisor.act(f"/api/v1/incidents/{pressed}/hold", {"reason": "คดี 1"})
        later(station, 31)
        assert erase(station, "repair") == 0, "held"
        supervisor.act(f"/api/v1/incidents/{pressed}/hold/lift", {"reason": "ยุติคดี"})
        assert erase(station, "repair") == 1
        assert station.verdict().content
    finally:
        station.close()


def test_the_certificate_names_what_went(station: Station) -> None:
    order = mended(station)
    station.do(up.StepWorkOrder(order, "accepted"), OPERATOR)
    later(station, 31)
    before = {row.ref for row in station.rows(select(sealed))}
    erase(station, "repair")
    gone = before - {row.ref for row in station.rows(select(sealed))}
    event = station.log()[-1].event
    assert isinstance(event, ContentErased)
    assert set(event.refs) == gone
    with station.read() as conn:
        shown = retention.show_retention(conn, who("admin"), station.settings.retention)
        text = retention.write_certificate(conn, who("admin"), event.erasure_id, station.desk)
    assert [(each.data_class, each.records) for each in shown.erasures] == [("repair", 3)]
    assert "ข้อความในใบสั่งซ่อม" in text
    assert "neither key nor content of any of 3" in text
    digests = [line.split()[1] for line in text.splitlines() if line.split()[:1] and line.split()[0] in gone]
    assert len(digests) == 3
    assert all(len(each) == 64 for each in digests), "the keyed hash of each, as it stands in the log"


@pytest.mark.parametrize("data_class", EVERY)
def test_nobody_erases_by_hand(station: Station, data_class: up.EquipmentClass) -> None:
    with pytest.raises(NotAllowed):
        station.do(up.EraseEquipment(data_class, 1), CHIEF)
