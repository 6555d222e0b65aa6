"""The monthly test of a pole, from end to end: the press goes the very road of a real one.

Nothing of that road knows of the test. The press opens an incident that rings at the console like any other, so a real
press in the middle of a test is never swallowed; the operator decides, by the outcome, whether it was the test
(`drill`) or somebody who needed help. This file only listens, and puts together what the operator and the technician
have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select

from safezone.assets.commands_upkeep import ConfirmLamp, EndOverdueTests, StartPoleTest, StopPoleTest
from safezone.assets.refusals import no_such
from safezone.assets.register import CARRIERS, get_row
from safezone.assets.rules_upkeep import WHY, result_of
from safezone.assets.tables import pole_test, work_order
from safezone.core.bus import Bus
from safezone.core.db import to_us
from safezone.core.errors import Conflict, Invalid
from safezone.core.event import Entry
from safezone.core.i18n import THAI_TIME, Words
from safezone.core.ids import new_id
from safezone.core.settings import Upkeep
from safezone.core.work import UnitOfWork
from safezone.events import upkeep as ev
from safezone.events.incidents import IncidentAcknowledged, IncidentClosed, ReportReceived

Expected = Callable[[UnitOfWork], Upkeep]
"""What is expected of upkeep, as it is in force where a command is carried out."""
NOBODY_DECIDES: Final = timedelta(days=1)
"""After so long a test that was pressed and seen, and that nobody has brought to an end, is stopped."""


def register(bus: Bus, expected: Expected) -> None:
    """The bus knows who decides about tests, and who listens for their presses."""
    bus.handle(StartPoleTest, lambda cmd, uow: start_test(cmd, uow, expected(uow)))
    bus.handle(ConfirmLamp, lambda cmd, uow: confirm_lamp(cmd, uow, expected(uow)))
    bus.handle(StopPoleTest, stop_test)
    bus.handle(EndOverdueTests, lambda _, uow: end_overdue(uow, expected(uow)))
    bus.listen(
        "assets.pole_test",
        lambda entry, event, uow: hear(entry, event, uow, expected(uow)),
        [ReportReceived, IncidentAcknowledged, IncidentClosed],
    )


def start_test(cmd: StartPoleTest, uow: UnitOfWork, expected: Upkeep) -> str:
    """A press of this pole is taken for the test's from now on; returns the id of the test."""
    uow.identity.require(*CARRIERS)
    row = get_row(uow, cmd.asset_id)
    if row.kind != "sos_point" or row.lifecycle not in ("installed", "in_service"):
        raise Invalid(
            "not_to_be_tested",
            Words(th=f"{row.code} ทดสอบกดปุ่มไม่ได้", en=f"{row.code} cannot be tried by a test press."),
        )
    if _find(uow, pole_test.c.asset_id == cmd.asset_id) is not None:
        raise Conflict(
            "test_under_way",
            Words(th=f"กำลังทดสอบ {row.code} อยู่แล้ว", en=f"A test of {row.code} is under way already."),
        )
    test_id = new_id()
    until_at = uow.at + timedelta(seconds=expected.test_window_s)
    uow.record(ev.PoleTestStarted(asset_id=cmd.asset_id, test_id=test_id, until_at=until_at))
    return test_id


def confirm_lamp(cmd: ConfirmLamp, uow: UnitOfWork, expected: Upkeep) -> str:
    """What the technician has seen at the pole."""
    uow.identity.require(*CARRIERS)
    test = _get(uow, cmd.test_id)
    uow.record(ev.PoleTestLamp(asset_id=test.asset_id, test_id=test.id, lit=cmd.lit))
    _conclude(uow, test.id, expected)
    return str(test.asset_id)


def stop_test(cmd: StopPoleTest, uow: UnitOfWork) -> str:
    """The test is over and has shown nothing; what was pressed stays an incident."""
    uow.identity.require(*CARRIERS)
    test = _get(uow, cmd.test_id)
    uow.record(ev.PoleTestEnded(asset_id=test.asset_id, test_id=test.id, result="stopped"))
    return str(test.asset_id)


def end_overdue(uow: UnitOfWork, expected: Upkeep) -> int:
    """Tests whose time is over without a press, or without anybody who has seen it, have failed; how many."""
    uow.identity.require("system", "admin")
    over = select(pole_test).where(
        pole_test.c.station == uow.station, pole_test.c.result.is_(None), pole_test.c.until_us < uow.at_us
    )
    ended = 0
    for test in uow.conn.execute(over.order_by(pole_test.c.id)).all():
        if test.pressed_us is None:
            _end(uow, test, "failed", "no_press", expected)
        elif test.seen_us is None:
            _end(uow, test, "failed", "not_seen", expected)
        elif test.until_us + NOBODY_DECIDES // timedelta(microseconds=1) < uow.at_us:
            _end(uow, test, "stopped", None, expected)
        else:
            continue
        ended += 1
    return ended


def hear(entry: Entry, event: Any, uow: UnitOfWork, expected: Upkeep) -> None:
    """A press, an acknowledgement or an outcome: where a test is open for it, it says something about the test."""
    if isinstance(event, ReportReceived):
        if event.channel != "sos_point" or event.sos_point is None:
            return
        test = _find(uow, pole_test.c.asset_id == event.sos_point)
        at_us = to_us(entry.at)
        if test is None or test.incident_id is not None or not test.started_us <= at_us <= test.until_us:
            return
        about = {"asset_id": test.asset_id, "test_id": test.id}
        uow.record(ev.PoleTestPressed(**about, incident_id=event.incident_id, pressed_at=entry.at))
        return
    test = _find(uow, pole_test.c.incident_id == event.incident_id)
    if test is None:
        return
    if isinstance(event, IncidentAcknowledged):
        if test.seen_us is None:
            uow.record(ev.PoleTestSeen(asset_id=test.asset_id, test_id=test.id, seen_at=entry.at))
    else:
        about = {"asset_id": test.asset_id, "test_id": test.id}
        uow.record(ev.PoleTestDecided(**about, outcome=event.outcome))
        _conclude(uow, test.id, expected)


def _conclude(uow: UnitOfWork, test_id: str, expected: Upkeep) -> None:
    test = _get(uow, test_id)
    said = result_of(
        pressed=test.pressed_us is not None,
        seen=test.seen_us is not None,
        lamp_lit=None if test.lamp_lit is None else bool(test.lamp_lit),
        outcome=test.outcome,
    )
    if said is not None:
        _end(uow, test, said[0], said[1], expected)


def _end(uow: UnitOfWork, test: Any, result: ev.TestResult, why: str | None, expected: Upkeep) -> None:
    uow.record(ev.PoleTestEnded(asset_id=test.asset_id, test_id=test.id, result=result, why=why))
    if result != "failed" or why is None:
        return
    last = select(func.max(work_order.c.number)).where(work_order.c.station == uow.station)
    reason = WHY[why]
    uow.record(
        ev.WorkOrderOpened(
            asset_id=test.asset_id,
            order_id=new_id(),
            number=(uow.conn.execute(last).scalar() or 0) + 1,
            severity="down" if why == "no_press" else "watch",
            text=uow.seal(f"ทดสอบกดปุ่มไม่ผ่าน: {reason.th} / The test press failed: {reason.en}", "work_order"),
            due_on=uow.at.astimezone(THAI_TIME).date() + timedelta(days=expected.order_days),
            test_id=test.id,
        )
    )


def _find(uow: UnitOfWork, which: Any) -> Any:
    """The open test, if there is one."""
    asked = select(pole_test).where(pole_test.c.station == uow.station, pole_test.c.result.is_(None), which)
    return uow.conn.execute(asked).first()


def _get(uow: UnitOfWork, test_id: str) -> Any:
    test = _find(uow, pole_test.c.id == test_id)
    if test is None:
        raise no_such(Words(th="การทดสอบที่ยังไม่จบ", en="test under way"), "no_test")
    return test
