"""The register of the equipment: entered, changed, moved on and moved about; and the owners with their agreements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import msgspec
from msgspec import UNSET
from sqlalchemy import select

from safezone.assets import store
from safezone.assets.commands_register import (
    AttachMouPaper,
    ChangeAsset,
    MoveAsset,
    MoveLifecycle,
    NameOwner,
    PutAssets,
    RecordMou,
)
from safezone.assets.kinds import KINDS
from safezone.assets.refusals import (
    illegal_step,
    lacks,
    lent_already,
    no_asset,
    no_mou,
    no_owner,
    no_site,
    no_such,
    taken,
    unknown_kind,
)
from safezone.assets.rules_lifecycle import lacks_for_service, may_step
from safezone.assets.store_upkeep import find_loans
from safezone.assets.tables import asset, asset_owner, mou
from safezone.core.bus import Bus
from safezone.core.errors import Conflict, Invalid
from safezone.core.geo import Point, check_point
from safezone.core.i18n import THAI_TIME, Words
from safezone.core.identity import Role
from safezone.core.ids import new_id
from safezone.core.work import UnitOfWork
from safezone.events import assets as ev
from safezone.zone.rules import is_in_thailand
from safezone.zone.sheets import CODE

KEEPERS: Final[tuple[Role, ...]] = ("admin", "supervisor", "chief", "system")
"""Who keeps the register."""
CARRIERS: Final[tuple[Role, ...]] = (*KEEPERS, "technician")
"""Who carries things about, and says so."""
IN_ONE_LINE: Final = 500
"""Assets in one line of the log: few enough that a line is read and sent in one go."""
FACTS: Final = tuple(name for name in ev.AssetFacts.__struct_fields__ if name not in ("id", "kind", "code"))


def register(bus: Bus) -> None:
    """The bus knows who decides about the register."""
    bus.handle(PutAssets, put_assets)
    bus.handle(ChangeAsset, change_asset)
    bus.handle(MoveLifecycle, move_lifecycle)
    bus.handle(MoveAsset, move_asset)
    bus.handle(NameOwner, name_owner)
    bus.handle(RecordMou, record_mou)
    bus.handle(AttachMouPaper, attach_mou_paper)


def facts_of(row: Any) -> ev.AssetFacts:
    """What is written down of the asset in a row of the table; what hangs at a site has no place of its own."""
    facts: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("owner_id", "site_id", "model", "legal_basis", "mou_id", "cost_satang", "budget_line")
    }
    return ev.AssetFacts(
        id=row.id,
        kind=row.kind,
        code=row.code,
        name=Words(row.name_th, row.name_en),
        lifecycle=row.lifecycle,
        owner=Words(row.owner_th, row.owner_en),
        point=None if row.lon is None or row.site_id is not None else Point(row.lon, row.lat),
        fiscal_year=row.fiscal_year,
        warranty_until=None if row.warranty_until is None else date.fromisoformat(row.warranty_until),
        synthetic=bool(row.synthetic),
        **facts,
    )


class Known(msgspec.Struct):
    """What an entry in the register may name: sites, owners, and agreements by their owner."""

    sites: dict[str, bool]
    owners: dict[str, Words]
    mous: dict[str, str]

    @classmethod
    def read(cls, conn: Any, station: str) -> Known:
        """As the register stands now; `sites` says of each whether it has a place."""
        sites = select(asset.c.id, asset.c.lon).where(
            asset.c.station == station, asset.c.kind == "camera_site"
        )
        owners = select(asset_owner).where(asset_owner.c.station == station)
        mous = select(mou.c.id, mou.c.owner_id).where(mou.c.station == station)
        return cls(
            {row.id: row.lon is not None for row in conn.execute(sites)},
            {row.id: Words(row.name_th, row.name_en) for row in conn.execute(owners)},
            {row.id: row.owner_id for row in conn.execute(mous)},
        )

    def add_site(self, facts: ev.AssetFacts) -> None:
        """Another of the same list may hang there."""
        if facts.kind == "camera_site":
            self.sites[facts.id] = facts.point is not None

    def settle(self, facts: ev.AssetFacts) -> ev.AssetFacts:
        """The facts with the owner's own name; Invalid when they name something that is not there or cannot be."""
        if facts.kind not in KINDS:
            raise unknown_kind(facts.kind)
        if not CODE.fullmatch(facts.code) or facts.id != facts.code.lower():
            raise Invalid(
                "bad_code", Words(th=f"รหัส “{facts.code}” ใช้ไม่ได้", en=f"“{facts.code}” cannot be a code.")
            )
        if facts.site_id is not None and (facts.site_id not in self.sites or not KINDS[facts.kind].at_site):
            raise no_site(facts.site_id)
        if facts.owner_id is not None and facts.owner_id not in self.owners:
            raise no_owner(facts.owner_id)
        if facts.mou_id is not None and self.mous.get(facts.mou_id) != facts.owner_id:
            raise no_mou(facts.mou_id)
        if facts.point is not None:
            check_point(facts.point)
        owner = facts.owner if facts.owner_id is None else self.owners[facts.owner_id]
        settled = msgspec.structs.replace(facts, owner=owner)
        if settled.lifecycle == "in_service":
            missing = lacks_for_service(
                has_place=self.has_place(settled), has_owner=bool(owner.th or owner.en)
            )
            if missing:
                raise lacks(settled.code, missing)
        return settled

    def has_place(self, facts: ev.AssetFacts) -> bool:
        """Whether anybody could go there."""
        return facts.point is not None or self.sites.get(facts.site_id or "", False)


def put_assets(cmd: PutAssets, uow: UnitOfWork) -> int:
    """All are in the register as they are given, or none; returns how many lines of the log that took."""
    uow.identity.require(*KEEPERS)
    if cmd.base_version is not UNSET and store.find_version(uow.conn, uow.station) != cmd.base_version:
        raise Conflict(
            "register_changed",
            Words(
                th="ทะเบียนอุปกรณ์เปลี่ยนไประหว่างตรวจไฟล์: ยังไม่ได้บันทึก กรุณาตรวจไฟล์อีกครั้ง",
                en="The register has changed while the file was checked: nothing was stored, check it again.",
            ),
        )
    known = Known.read(uow.conn, uow.station)
    ids = set(uow.conn.execute(select(asset.c.id).where(asset.c.station == uow.station)).scalars())
    for facts in cmd.new:
        if facts.id in ids:
            raise taken(facts.code)
        ids.add(facts.id)
    for facts in (*cmd.new, *cmd.changed):
        known.add_site(facts)
    lines = 0
    for some in _parts([known.settle(facts) for facts in _sites_first(cmd.new)]):
        uow.record(ev.AssetsRegistered(batch_id=new_id(), assets=some))
        lines += 1
    for some in _parts([known.settle(facts) for facts in cmd.changed]):
        before = _rows(uow, [facts.id for facts in some])
        lent = find_loans(uow.conn, uow.station, list(before))
        for facts in some:
            if facts.id in lent and facts.lifecycle != before[facts.id].lifecycle:
                raise lent_already(facts.code)
        changed = [_changed(facts_of(before[facts.id]), facts) for facts in some]
        uow.record(ev.AssetsChanged(batch_id=new_id(), assets=some, changed=changed))
        lines += 1
    return lines


def _sites_first(assets: Sequence[ev.AssetFacts]) -> list[ev.AssetFacts]:
    """What hangs at a site comes after it."""
    return sorted(assets, key=lambda facts: facts.kind != "camera_site")


def _parts(assets: Sequence[ev.AssetFacts]) -> list[list[ev.AssetFacts]]:
    return [list(assets[start : start + IN_ONE_LINE]) for start in range(0, len(assets), IN_ONE_LINE)]


def _changed(before: ev.AssetFacts, after: ev.AssetFacts) -> list[str]:
    return [name for name in FACTS if getattr(before, name) != getattr(after, name)]


def _rows(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, Any]:
    found = select(asset).where(asset.c.station == uow.station, asset.c.id.in_(ids))
    rows = {row.id: row for row in uow.conn.execute(found)}
    for asset_id in ids:
        if asset_id not in rows:
            raise no_asset(asset_id)
    return rows


def get_row(uow: UnitOfWork, asset_id: str) -> Any:
    """The row of an asset; NotFound when there is none, or when it is not the camera owner's who asks."""
    row = _rows(uow, [asset_id])[asset_id]
    if uow.identity.role == "cctv_owner" and row.owner_id != uow.identity.partner_id:
        raise no_asset(asset_id)
    return row


def change_asset(cmd: ChangeAsset, uow: UnitOfWork) -> str:
    """What is given is written down; nothing happens when it reads like this already."""
    uow.identity.require(*KEEPERS)
    before = facts_of(get_row(uow, cmd.asset_id))
    given = {
        name: value
        for name in cmd.change.__struct_fields__
        if (value := getattr(cmd.change, name)) is not UNSET
    }
    if given.get("owner_id", before.owner_id) != before.owner_id and "mou_id" not in given:
        # An agreement is with its owner.
        given["mou_id"] = None
    after = Known.read(uow.conn, uow.station).settle(msgspec.structs.replace(before, **given))
    changed = _changed(before, after)
    if changed:
        uow.record(ev.AssetsChanged(batch_id=new_id(), assets=[after], changed=[changed]))
    return cmd.asset_id


def move_lifecycle(cmd: MoveLifecycle, uow: UnitOfWork) -> str:
    """It has come one step; Conflict when that is no step from where it is, Invalid when something is missing."""
    uow.identity.require(*KEEPERS)
    row = get_row(uow, cmd.asset_id)
    if row.lifecycle == cmd.lifecycle:
        return cmd.asset_id
    if not may_step(row.lifecycle, cmd.lifecycle):
        raise illegal_step(row.lifecycle, cmd.lifecycle)
    if row.lifecycle == "in_service" and find_loans(uow.conn, uow.station, [cmd.asset_id]):
        raise lent_already(row.code)
    if cmd.lifecycle == "in_service":
        missing = lacks_for_service(
            has_place=row.lon is not None, has_owner=bool(row.owner_th or row.owner_en)
        )
        if missing:
            raise lacks(row.code, missing)
    today = uow.at.astimezone(THAI_TIME).date()
    if cmd.on is not None and cmd.on > today:
        raise Invalid(
            "day_to_come",
            Words(th="วันที่ยังมาไม่ถึง: ใส่วันที่ไม่เกินวันนี้", en="That day has not come yet: today at the latest."),
        )
    uow.record(
        ev.LifecycleChanged(
            asset_id=cmd.asset_id,
            before=row.lifecycle,
            lifecycle=cmd.lifecycle,
            on=cmd.on or today,
            reason=uow.seal(cmd.reason, "asset_reason"),
        )
    )
    return cmd.asset_id


def move_asset(cmd: MoveAsset, uow: UnitOfWork) -> str:
    """It stands there from now on; what hangs at a site moves with its site alone."""
    uow.identity.require(*CARRIERS)
    row = get_row(uow, cmd.asset_id)
    check_point(cmd.place)
    if row.site_id is not None:
        raise Invalid(
            "stands_at_site",
            Words(
                th="อุปกรณ์นี้อยู่ที่จุดติดตั้ง: ย้ายจุดติดตั้ง หรือเปลี่ยนจุดก่อน",
                en="It hangs at a site: move the site, or take it off first.",
            ),
        )
    if row.lifecycle == "retired":
        raise illegal_step("retired", "retired")
    if not cmd.confirmed and not is_in_thailand(cmd.place.lon, cmd.place.lat):
        raise Invalid(
            "confirm_place",
            Words(
                th="พิกัดอยู่นอกประเทศไทย: ยืนยันว่าถูกต้อง",
                en="That place lies outside Thailand: confirm that it is meant.",
            ),
        )
    if (row.lon, row.lat) != (cmd.place.lon, cmd.place.lat):
        reason = uow.maybe_seal(cmd.reason, "asset_reason")
        uow.record(ev.AssetMoved(asset_id=cmd.asset_id, point=cmd.place, reason=reason))
    return cmd.asset_id


def name_owner(cmd: NameOwner, uow: UnitOfWork) -> str:
    """The owner is in the register."""
    uow.identity.require(*KEEPERS)
    contact = uow.maybe_seal(cmd.contact, "owner_contact")
    uow.record(ev.OwnerNamed(owner_id=cmd.owner_id, name=cmd.name, sector=cmd.sector, contact=contact))
    return cmd.owner_id


def record_mou(cmd: RecordMou, uow: UnitOfWork) -> str:
    """The agreement is in the register; returns its id."""
    uow.identity.require(*KEEPERS)
    known = Known.read(uow.conn, uow.station)
    if cmd.owner_id not in known.owners:
        raise no_owner(cmd.owner_id)
    if cmd.mou_id is not None and known.mous.get(cmd.mou_id) != cmd.owner_id:
        raise no_mou(cmd.mou_id)
    if cmd.until_day < cmd.from_day:
        raise Invalid("ends_before_it_begins", Words(th="วันสิ้นสุดอยู่ก่อนวันเริ่ม", en="It ends before it begins."))
    mou_id = cmd.mou_id or new_id()
    uow.record(
        ev.MouRecorded(
            mou_id=mou_id,
            owner_id=cmd.owner_id,
            number=cmd.number,
            from_day=cmd.from_day,
            until_day=cmd.until_day,
            scope=cmd.scope,
        )
    )
    return mou_id


def attach_mou_paper(cmd: AttachMouPaper, uow: UnitOfWork) -> str:
    """The agreement has its paper; returns its id."""
    uow.identity.require(*KEEPERS)
    known = select(mou.c.id).where(mou.c.station == uow.station, mou.c.id == cmd.mou_id)
    if uow.conn.execute(known).first() is None:
        raise no_such(Words(th="บันทึกข้อตกลง", en="MOU"), "no_mou")
    uow.record(
        ev.MouPaperAttached(
            mou_id=cmd.mou_id,
            media_type=cmd.media_type,
            size=len(cmd.content),
            name=uow.seal(cmd.name, "file_name"),
            content=uow.seal(cmd.content, "mou_paper"),
        )
    )
    return cmd.mou_id
