"""One asset with everything that is known of it, and the lists of what is to be done: orders, loans, tests, promises."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, select

from safezone.assets.history import HistoryLine, list_history
from safezone.assets.kinds import KINDS, Kind
from safezone.assets.queries import AssetView, check_may_look, get_asset_view, whose
from safezone.assets.refusals import no_such
from safezone.assets.register import facts_of
from safezone.assets.rules_lifecycle import STEPS
from safezone.assets.rules_upkeep import WHY, OrderState, is_overdue
from safezone.assets.tables import (
    asset,
    asset_file,
    asset_owner,
    asset_place,
    asset_sign,
    loan,
    mou,
    pole_test,
    work_order,
)
from safezone.core import vault
from safezone.core.db import from_us, maybe_from_us
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.log import LogReader
from safezone.events.assets import AssetFacts, Lifecycle, Sector
from safezone.events.upkeep import Severity, TestResult

LAST: Final = 200


class OwnerView(msgspec.Struct, frozen=True):
    """Whoever owns equipment; `contact` is for those who keep the register."""

    id: str
    name: Words
    sector: Sector
    contact: str | None


class MouView(msgspec.Struct, frozen=True):
    """An agreement with an owner; `overdue` when its last day is over."""

    id: str
    owner_id: str
    number: str
    from_day: date
    until_day: date
    scope: Words
    overdue: bool
    paper: str | None = None
    """What its paper is called; none when it has none, or its time is over."""


class OrderView(msgspec.Struct, frozen=True):
    """A work order as it stands; `own` when whoever asks has fixed it and so cannot accept it."""

    id: str
    number: int
    asset_id: str
    code: str
    name: Words
    severity: Severity
    state: OrderState
    text: str | None
    note: str | None
    opened_at: datetime
    opened_by: str
    due_on: date | None
    overdue: bool
    fixer: str | None
    fixed_by: str | None
    changed_at: datetime
    changed_by: str


class LoanView(msgspec.Struct, frozen=True):
    """Who has something until when, or had it."""

    id: str
    asset_id: str
    code: str
    name: Words
    borrower: str | None
    lent_at: datetime
    lent_by: str
    until_day: date
    overdue: bool
    condition: str | None
    returned_at: datetime | None
    returned_ok: bool | None
    return_condition: str | None


class TestView(msgspec.Struct, frozen=True):
    """A test of a pole from end to end, with the time of each step."""

    id: str
    asset_id: str
    started_at: datetime
    started_by: str
    until_at: datetime
    incident_id: str | None
    pressed_at: datetime | None
    seen_at: datetime | None
    lamp_at: datetime | None
    lamp_lit: bool | None
    outcome: str | None
    ended_at: datetime | None
    result: TestResult | None
    why: Words | None


class FileView(msgspec.Struct, frozen=True):
    """A picture or document."""

    id: str
    name: str | None
    media_type: str
    size: int
    added_at: datetime
    added_by: str


class PlaceView(msgspec.Struct, frozen=True):
    """Where it was put, and when."""

    at: datetime
    place: Point
    by: str


class AssetDetail(msgspec.Struct, frozen=True):
    """Everything about one asset."""

    asset: AssetView
    kind: Kind
    facts: AssetFacts
    next_steps: list[Lifecycle]
    battery_pct: float | None
    checked_at: datetime | None
    check_ok: bool | None
    tested_at: datetime | None
    mou: MouView | None
    orders: list[OrderView]
    loans: list[LoanView]
    tests: list[TestView]
    files: list[FileView]
    places: list[PlaceView]
    history: list[HistoryLine]


def get_detail(
    conn: Connection, identity: Identity, asset_id: str, reader: LogReader, today: date
) -> AssetDetail:
    """Everything about one asset; NotFound when there is none, or none of theirs."""
    view = get_asset_view(conn, identity.station, identity, asset_id)
    row = conn.execute(
        select(asset, asset_sign.c.battery_pct)
        .outerjoin(
            asset_sign, (asset_sign.c.station == asset.c.station) & (asset_sign.c.asset_id == asset.c.id)
        )
        .where(asset.c.station == identity.station, asset.c.id == asset_id)
    ).one()
    agreements = [each for each in list_mous(conn, identity, today) if each.id == row.mou_id]
    return AssetDetail(
        asset=view,
        kind=KINDS[row.kind],
        facts=facts_of(row),
        next_steps=list(STEPS[row.lifecycle]),
        battery_pct=row.battery_pct,
        checked_at=maybe_from_us(row.checked_us),
        check_ok=row.check_ok,
        tested_at=maybe_from_us(row.tested_us),
        mou=agreements[0] if agreements else None,
        orders=list_orders(conn, identity, today, asset_id=asset_id),
        loans=list_loans(conn, identity, today, asset_id=asset_id),
        tests=list_tests(conn, identity, asset_id),
        files=_files(conn, identity.station, asset_id),
        places=_places(conn, identity.station, asset_id),
        history=list_history(conn, identity.station, asset_id, reader),
    )


def list_owners(conn: Connection, identity: Identity) -> list[OwnerView]:
    """Every owner, by id; a camera's owner sees himself."""
    check_may_look(identity, identity.station)
    found = select(asset_owner).where(asset_owner.c.station == identity.station).order_by(asset_owner.c.id)
    if identity.role == "cctv_owner":
        found = found.where(asset_owner.c.id == (identity.partner_id or ""))
    rows = conn.execute(found).all()
    may_know = identity.role in ("admin", "supervisor", "chief", "technician", "cctv_owner")
    texts = _texts(conn, identity.station, (row.contact_ref for row in rows)) if may_know else {}
    return [
        OwnerView(row.id, Words(row.name_th, row.name_en), row.sector, texts.get(row.contact_ref))
        for row in rows
    ]


def list_mous(conn: Connection, identity: Identity, today: date) -> list[MouView]:
    """Every agreement, the one that ends first at the head; a camera's owner sees his own."""
    check_may_look(identity, identity.station)
    found = select(mou).where(mou.c.station == identity.station).order_by(mou.c.until_day, mou.c.id)
    if identity.role == "cctv_owner":
        found = found.where(mou.c.owner_id == (identity.partner_id or ""))
    rows = conn.execute(found).all()
    names = _texts(conn, identity.station, (row.paper_name_ref for row in rows))
    return [
        MouView(
            id=row.id,
            owner_id=row.owner_id,
            number=row.number,
            from_day=date.fromisoformat(row.from_day),
            until_day=date.fromisoformat(row.until_day),
            scope=Words(row.scope_th, row.scope_en),
            overdue=is_overdue(date.fromisoformat(row.until_day), today),
            paper=names.get(row.paper_name_ref),
        )
        for row in rows
    ]


def get_mou_paper(conn: Connection, identity: Identity, mou_id: str) -> tuple[bytes, str]:
    """The paper of an agreement and its media type; NotFound when there is none, or none of theirs."""
    check_may_look(identity, identity.station)
    found = select(mou).where(mou.c.station == identity.station, mou.c.id == mou_id)
    if identity.role == "cctv_owner":
        found = found.where(mou.c.owner_id == (identity.partner_id or ""))
    row = conn.execute(found).first()
    content = None if row is None else vault.open_many(conn, identity.station, [row.paper_ref])
    if row is None or not content:
        raise no_such(Words(th="เอกสาร", en="paper"), "no_paper")
    return content[row.paper_ref], row.paper_type


def _of_assets(table: Any, identity: Identity, asset_id: str | None) -> Select[Any]:
    """The rows of what concerns assets that this identity may know of, with the asset's code and names."""
    of_asset = (asset.c.station == table.c.station) & (asset.c.id == table.c.asset_id)
    found = select(table, asset.c.code, asset.c.name_th, asset.c.name_en).join(asset, of_asset)
    found = found.where(table.c.station == identity.station, whose(identity))
    return found if asset_id is None else found.where(table.c.asset_id == asset_id)


def list_orders(
    conn: Connection,
    identity: Identity,
    today: date,
    *,
    asset_id: str | None = None,
    order_id: str | None = None,
    state: str | None = None,
) -> list[OrderView]:
    """Work orders, the newest first: of one asset or of all, in one state or (`open`) in any that is not over."""
    check_may_look(identity, identity.station)
    found = _of_assets(work_order, identity, asset_id).order_by(work_order.c.number.desc()).limit(LAST)
    if order_id is not None:
        found = found.where(work_order.c.id == order_id)
    if state == "unfinished":
        found = found.where(work_order.c.state.not_in(("accepted", "cancelled")))
    elif state is not None:
        found = found.where(work_order.c.state == state)
    rows = conn.execute(found).all()
    texts = _texts(conn, identity.station, (ref for row in rows for ref in (row.text_ref, row.note_ref)))
    return [
        OrderView(
            id=row.id,
            number=row.number,
            asset_id=row.asset_id,
            code=row.code,
            name=Words(row.name_th, row.name_en),
            severity=row.severity,
            state=row.state,
            text=texts.get(row.text_ref),
            note=texts.get(row.note_ref),
            opened_at=from_us(row.opened_us),
            opened_by=row.opened_by,
            due_on=None if row.due_day is None else date.fromisoformat(row.due_day),
            overdue=row.due_day is not None
            and row.state not in ("accepted", "cancelled")
            and is_overdue(date.fromisoformat(row.due_day), today),
            fixer=row.fixer,
            fixed_by=row.fixed_by,
            changed_at=from_us(row.changed_us),
            changed_by=row.changed_by,
        )
        for row in rows
    ]


def list_loans(
    conn: Connection, identity: Identity, today: date, *, asset_id: str | None = None, out: bool = False
) -> list[LoanView]:
    """The loan book, the newest first; with `out` only what is not back yet."""
    check_may_look(identity, identity.station)
    found = _of_assets(loan, identity, asset_id).order_by(loan.c.lent_us.desc()).limit(LAST)
    if out:
        found = found.where(loan.c.returned_us.is_(None))
    rows = conn.execute(found).all()
    refs = (ref for row in rows for ref in (row.borrower_ref, row.condition_ref, row.return_ref))
    texts = _texts(conn, identity.station, refs)
    return [
        LoanView(
            id=row.id,
            asset_id=row.asset_id,
            code=row.code,
            name=Words(row.name_th, row.name_en),
            borrower=texts.get(row.borrower_ref),
            lent_at=from_us(row.lent_us),
            lent_by=row.lent_by,
            until_day=date.fromisoformat(row.until_day),
            overdue=row.returned_us is None and is_overdue(date.fromisoformat(row.until_day), today),
            condition=texts.get(row.condition_ref),
            returned_at=maybe_from_us(row.returned_us),
            returned_ok=row.returned_ok,
            return_condition=texts.get(row.return_ref),
        )
        for row in rows
    ]


def list_tests(conn: Connection, identity: Identity, asset_id: str | None = None) -> list[TestView]:
    """Tests from end to end, the newest first."""
    check_may_look(identity, identity.station)
    found = _of_assets(pole_test, identity, asset_id).order_by(pole_test.c.started_us.desc()).limit(LAST)
    return [
        TestView(
            id=row.id,
            asset_id=row.asset_id,
            started_at=from_us(row.started_us),
            started_by=row.started_by,
            until_at=from_us(row.until_us),
            incident_id=row.incident_id,
            pressed_at=maybe_from_us(row.pressed_us),
            seen_at=maybe_from_us(row.seen_us),
            lamp_at=maybe_from_us(row.lamp_us),
            lamp_lit=row.lamp_lit,
            outcome=row.outcome,
            ended_at=maybe_from_us(row.closed_us),
            result=row.result,
            why=WHY.get(row.why or ""),
        )
        for row in conn.execute(found)
    ]


def _files(conn: Connection, station: str, asset_id: str) -> list[FileView]:
    of_it = (asset_file.c.station == station) & (asset_file.c.asset_id == asset_id)
    of_it &= asset_file.c.removed_us.is_(None)
    rows = conn.execute(select(asset_file).where(of_it).order_by(asset_file.c.added_us.desc())).all()
    names = _texts(conn, station, (row.name_ref for row in rows))
    return [
        FileView(
            row.id, names.get(row.name_ref), row.media_type, row.size, from_us(row.added_us), row.added_by
        )
        for row in rows
    ]


def get_file(conn: Connection, identity: Identity, asset_id: str, file_id: str) -> tuple[bytes, str]:
    """The content of a file and its media type; NotFound when there is no such file of this asset."""
    get_asset_view(conn, identity.station, identity, asset_id)
    row = conn.execute(
        select(asset_file).where(
            asset_file.c.station == identity.station,
            asset_file.c.asset_id == asset_id,
            asset_file.c.id == file_id,
            asset_file.c.removed_us.is_(None),
        )
    ).first()
    content = None if row is None else vault.open_many(conn, identity.station, [row.content_ref])
    if row is None or not content:
        raise no_such(Words(th="ไฟล์", en="file"), "no_file")
    return content[row.content_ref], row.media_type


def _places(conn: Connection, station: str, asset_id: str) -> list[PlaceView]:
    of_it = (asset_place.c.station == station) & (asset_place.c.asset_id == asset_id)
    found = select(asset_place).where(of_it).order_by(asset_place.c.seq.desc()).limit(LAST)
    return [
        PlaceView(from_us(row.at_us), Point(row.lon, row.lat), row.by_whom) for row in conn.execute(found)
    ]


def _texts(conn: Connection, station: str, refs: Iterable[str | None]) -> dict[str, str]:
    opened = vault.open_many(conn, station, refs)
    return {ref: content.decode() for ref, content in opened.items()}
