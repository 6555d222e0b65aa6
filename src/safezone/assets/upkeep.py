"""Looked at, mended and accepted by somebody else, lent and brought back, with its papers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select

from safezone.assets import pole_tests
from safezone.assets.commands_upkeep import (
    AddFile,
    CheckAsset,
    LendAsset,
    OpenWorkOrder,
    RemoveFile,
    ReturnAsset,
    StepWorkOrder,
)
from safezone.assets.kinds import KINDS
from safezone.assets.refusals import broken, lent_already, no_such
from safezone.assets.register import CARRIERS, KEEPERS, get_row
from safezone.assets.rules_upkeep import may_accept, may_take
from safezone.assets.store_upkeep import find_loans
from safezone.assets.tables import asset_file, work_order
from safezone.core.bus import Bus
from safezone.core.errors import Conflict, Invalid, NotAllowed
from safezone.core.geo import check_point
from safezone.core.i18n import THAI_TIME, Words
from safezone.core.identity import Role
from safezone.core.ids import new_id
from safezone.core.settings import Upkeep
from safezone.core.work import UnitOfWork
from safezone.events import upkeep as ev

STAFF: Final[tuple[Role, ...]] = (*CARRIERS, "operator")
"""Those who look after the equipment, or see that something is wrong with it."""
REPORTERS: Final[tuple[Role, ...]] = (*STAFF, "cctv_owner")
"""Those who may say that something is to be mended; a camera's owner of his own alone."""
MOST_FILES: Final = 40
NO_ORDER: Final = Words(th="ใบสั่งซ่อม", en="work order")


def register(bus: Bus, expected: pole_tests.Expected) -> None:
    """The bus knows who decides about upkeep."""
    bus.handle(CheckAsset, check_asset)
    bus.handle(OpenWorkOrder, lambda cmd, uow: open_work_order(cmd, uow, expected(uow)))
    bus.handle(StepWorkOrder, step_work_order)
    bus.handle(LendAsset, lend_asset)
    bus.handle(ReturnAsset, lambda cmd, uow: return_asset(cmd, uow, expected(uow)))
    bus.handle(AddFile, add_file)
    bus.handle(RemoveFile, remove_file)
    pole_tests.register(bus, expected)


def check_asset(cmd: CheckAsset, uow: UnitOfWork) -> str:
    """What somebody has seen is evidence from now on."""
    uow.identity.require(*STAFF)
    row = get_row(uow, cmd.asset_id)
    if "check" not in KINDS[row.kind].evidence:
        raise Invalid(
            "not_by_looking",
            Words(
                th=f"{KINDS[row.kind].name.th}ไม่ได้ประเมินจากการตรวจดู",
                en=f"A {KINDS[row.kind].name.en} is not judged by looking.",
            ),
        )
    note = uow.maybe_seal(cmd.note, "asset_note")
    uow.record(ev.AssetChecked(asset_id=cmd.asset_id, ok=cmd.ok, note=note))
    return cmd.asset_id


def open_work_order(cmd: OpenWorkOrder, uow: UnitOfWork, expected: Upkeep, test_id: str | None = None) -> str:
    """Somebody is to mend it; returns the id of the work order."""
    uow.identity.require(*REPORTERS)
    get_row(uow, cmd.asset_id)
    last = select(func.max(work_order.c.number)).where(work_order.c.station == uow.station)
    order_id, today = new_id(), uow.at.astimezone(THAI_TIME).date()
    uow.record(
        ev.WorkOrderOpened(
            asset_id=cmd.asset_id,
            order_id=order_id,
            number=(uow.conn.execute(last).scalar() or 0) + 1,
            severity=cmd.severity,
            text=uow.seal(cmd.text, "work_order"),
            due_on=cmd.due_on or today + timedelta(days=expected.order_days),
            test_id=test_id,
        )
    )
    return order_id


def step_work_order(cmd: StepWorkOrder, uow: UnitOfWork) -> str:
    """It goes one step on; who fixed it never accepts it."""
    uow.identity.require(*REPORTERS)
    found = select(work_order).where(work_order.c.station == uow.station, work_order.c.id == cmd.order_id)
    row = uow.conn.execute(found).first()
    if row is None:
        raise no_such(NO_ORDER, "no_work_order")
    mended = get_row(uow, row.asset_id)
    if not may_take(row.state, cmd.step):
        raise Conflict(
            "order_state",
            Words(
                th="ใบสั่งซ่อมนี้อยู่ในขั้นที่ทำเช่นนั้นไม่ได้: โหลดใหม่แล้วดูอีกครั้ง",
                en=f"This cannot be done with a work order that is {row.state}: load it anew.",
            ),
            state=row.state,
        )
    _check_who(cmd, uow, row)
    fixer = cmd.fixer
    if fixer is None and cmd.step == "started" and row.fixer is None:
        fixer = uow.actor
    uow.record(
        ev.WorkOrderStepped(
            asset_id=row.asset_id,
            order_id=row.id,
            step=cmd.step,
            fixer=fixer,
            note=uow.maybe_seal(cmd.note, "work_order"),
        )
    )
    if cmd.step == "accepted" and mended.check_ok is False:
        # Whoever accepts a repair has looked: what was found broken before it is found well.
        uow.record(ev.AssetChecked(asset_id=row.asset_id, ok=True, note=None))
    return str(row.id)


def _check_who(cmd: StepWorkOrder, uow: UnitOfWork, row: Any) -> None:
    if cmd.step in ("accepted", "rejected"):
        if not may_accept(uow.actor, row.fixer, row.fixed_by):
            raise NotAllowed(
                "own_repair",
                Words(
                    th="ผู้ซ่อมรับงานของตนเองไม่ได้: ให้คนอื่นตรวจรับ",
                    en="Whoever fixed a thing does not accept the repair: somebody else must.",
                ),
            )
    elif cmd.step in ("assigned", "started", "done"):
        uow.identity.require(*CARRIERS)
    elif row.opened_by != uow.actor:
        uow.identity.require(*KEEPERS)
    if cmd.step == "assigned" and not cmd.fixer:
        raise Invalid("no_fixer", Words(th="ระบุชื่อผู้ซ่อม", en="Say who is to mend it."))


def lend_asset(cmd: LendAsset, uow: UnitOfWork) -> str:
    """It is with somebody until a day; returns the id of the loan."""
    uow.identity.require(*STAFF)
    row = get_row(uow, cmd.asset_id)
    if not KINDS[row.kind].moves:
        raise Invalid("does_not_move", Words(th="อุปกรณ์ชนิดนี้ไม่ให้ยืม", en="A thing of this kind is not lent."))
    if row.lifecycle != "in_service":
        raise Invalid(
            "not_in_service",
            Words(
                th=f"{row.code} ยังไม่ใช้งาน จึงให้ยืมไม่ได้", en=f"{row.code} is not in service, so it is not lent."
            ),
        )
    if find_loans(uow.conn, uow.station, [cmd.asset_id]):
        raise lent_already(row.code)
    if row.order_severity == "down" or row.check_ok is False:
        raise broken(row.code)
    if cmd.until_day < uow.at.astimezone(THAI_TIME).date():
        raise Invalid(
            "day_is_over", Words(th="กำหนดคืนต้องไม่ใช่วันที่ผ่านมาแล้ว", en="The day of return is over already.")
        )
    if cmd.place is not None:
        check_point(cmd.place)
    loan_id = new_id()
    uow.record(
        ev.AssetLent(
            asset_id=cmd.asset_id,
            loan_id=loan_id,
            borrower=uow.seal(cmd.borrower, "borrower"),
            until_day=cmd.until_day,
            condition=uow.maybe_seal(cmd.condition, "asset_note"),
            point=cmd.place,
        )
    )
    return loan_id


def return_asset(cmd: ReturnAsset, uow: UnitOfWork, expected: Upkeep) -> str:
    """It is back; what came back broken is to be mended."""
    uow.identity.require(*STAFF)
    row = get_row(uow, cmd.asset_id)
    lent = find_loans(uow.conn, uow.station, [cmd.asset_id]).get(cmd.asset_id)
    if lent is None:
        raise Conflict("not_lent", Words(th=f"{row.code} ไม่ได้ถูกยืม", en=f"{row.code} is not lent."))
    condition = uow.maybe_seal(cmd.condition, "asset_note")
    uow.record(ev.AssetReturned(asset_id=cmd.asset_id, loan_id=lent, ok=cmd.ok, condition=condition))
    if not cmd.ok:
        text = cmd.condition or "คืนมาในสภาพใช้งานไม่ได้ / it came back broken"
        open_work_order(OpenWorkOrder(cmd.asset_id, "down", text), uow, expected)
    return cmd.asset_id


def add_file(cmd: AddFile, uow: UnitOfWork) -> str:
    """It lies sealed with the asset; returns its id."""
    uow.identity.require(*CARRIERS)
    get_row(uow, cmd.asset_id)
    there = select(func.count()).where(
        asset_file.c.station == uow.station,
        asset_file.c.asset_id == cmd.asset_id,
        asset_file.c.removed_us.is_(None),
    )
    if uow.conn.execute(there).scalar_one() >= MOST_FILES:
        raise Conflict(
            "too_many_files",
            Words(
                th=f"มีไฟล์ครบ {MOST_FILES} แล้ว: ลบบางไฟล์ก่อน",
                en=f"There are {MOST_FILES} files already: remove some first.",
            ),
        )
    file_id = new_id()
    uow.record(
        ev.AssetFileAdded(
            asset_id=cmd.asset_id,
            file_id=file_id,
            media_type=cmd.media_type,
            size=len(cmd.content),
            name=uow.seal(cmd.name, "file_name"),
            content=uow.seal(cmd.content, "asset_file"),
        )
    )
    return file_id


def remove_file(cmd: RemoveFile, uow: UnitOfWork) -> str:
    """It is not shown any more; its content is erased when its time is over."""
    uow.identity.require(*KEEPERS)
    get_row(uow, cmd.asset_id)
    there = select(asset_file.c.id).where(
        asset_file.c.station == uow.station,
        asset_file.c.asset_id == cmd.asset_id,
        asset_file.c.id == cmd.file_id,
        asset_file.c.removed_us.is_(None),
    )
    if uow.conn.execute(there).first() is None:
        raise no_such(Words(th="ไฟล์", en="file"), "no_file")
    uow.record(ev.AssetFileRemoved(asset_id=cmd.asset_id, file_id=cmd.file_id))
    return cmd.asset_id
