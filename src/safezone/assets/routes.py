"""The equipment over HTTP: found, looked at, entered, changed, moved on and moved about."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from safezone.assets import search
from safezone.assets.commands_register import (
    AssetChange,
    ChangeAsset,
    MoveAsset,
    MoveLifecycle,
    PutAssets,
    Reason,
)
from safezone.assets.details import AssetDetail, get_detail
from safezone.assets.queries import AssetView, get_asset_view
from safezone.core.desk import Desk
from safezone.core.geo import Point
from safezone.core.i18n import THAI_TIME, Words
from safezone.core.identity import Identity
from safezone.events.assets import AssetFacts, Lifecycle, Readiness
from safezone.zone.queries import is_synthetic

OnceKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=200, required=False)]
Offset = Annotated[int, QueryParameter(ge=0, le=1_000_000)]
Limit = Annotated[int, QueryParameter(ge=1, le=search.LONGEST_PAGE)]
Search = Annotated[str, QueryParameter(max_length=200)]
Text64 = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Text200 = Annotated[str, msgspec.Meta(max_length=200)]


class Name(msgspec.Struct, frozen=True):
    """What it is called in both languages."""

    th: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    en: Text200


class NewAsset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be written into the register."""

    kind: Text64
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    name: Name
    lifecycle: Lifecycle = "proposed"
    owner_id: Text64 | None = None
    place: Point | None = None
    site_id: Text64 | None = None
    model: Text200 | None = None
    legal_basis: Text200 | None = None
    mou_id: Text64 | None = None
    cost_satang: Annotated[int, msgspec.Meta(ge=0, le=10**15)] | None = None
    budget_line: Text200 | None = None
    fiscal_year: Annotated[int, msgspec.Meta(ge=2400, le=2700)] | None = None
    warranty_until: date | None = None


class LifecycleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far it has come, why, and on which day (today when not given)."""

    lifecycle: Lifecycle
    reason: Reason
    on: date | None = None


class PlaceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it stands now. A place outside Thailand is refused with `confirm_place` until it is `confirmed`."""

    place: Point
    reason: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    confirmed: bool = False


def today_at(desk: Desk) -> date:
    """The day it is in Thailand."""
    return desk.clock.now().astimezone(THAI_TIME).date()


class AssetRoutes(Controller):
    """Equipment: all of it that is wanted, or one."""

    path = "/api/v1/assets"
    tags = ("assets",)

    @get(summary="Equipment that is wanted")
    async def list_assets(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        q: Search = "",
        kind: FromQuery[str | None] = None,
        lifecycle: FromQuery[Lifecycle | None] = None,
        readiness: FromQuery[Readiness | None] = None,
        owner: FromQuery[str | None] = None,
        bbox: FromQuery[str | None] = None,
        promise: FromQuery[Literal["overdue"] | None] = None,
        offset: Offset = 0,
        limit: Limit = 500,
    ) -> search.AssetPage:
        """Assets with their readiness, reason and age, by id; `total` says how many there are of them.

        `q` are words of the code, names, owner or model; `bbox` is `west,south,east,north`; `promise=overdue` are those
        whose MOU has run out. A camera's owner is shown his own alone.
        """
        wanted = search.Wanted(
            q=q,
            kind=kind,
            lifecycle=lifecycle,
            readiness=readiness,
            owner_id=owner,
            bbox=bbox,
            promise=promise,
        )
        return await desk.ask(search.find_page, identity, wanted, today_at(desk), offset, limit)

    @post(status_code=201)
    async def add_asset(
        self,
        data: JSONBody[NewAsset],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetView:
        """Enter one asset; 409 when its code is taken."""
        synthetic = await desk.ask(is_synthetic, identity.station)
        facts = AssetFacts(
            id=data.code.lower(),
            kind=data.kind,
            code=data.code,
            name=Words(data.name.th, data.name.en or data.name.th),
            lifecycle=data.lifecycle,
            owner=Words("", ""),
            owner_id=data.owner_id,
            point=data.place,
            site_id=data.site_id,
            model=data.model,
            legal_basis=data.legal_basis,
            mou_id=data.mou_id,
            cost_satang=data.cost_satang,
            budget_line=data.budget_line,
            fiscal_year=data.fiscal_year,
            warranty_until=data.warranty_until,
            synthetic=synthetic,
        )
        await desk.execute(PutAssets([facts], []), identity, once_key)
        return await desk.ask(get_asset_view, identity.station, identity, facts.id)

    @get("/{asset_id:str}", summary="One asset")
    async def get_asset(
        self, asset_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AssetView:
        """One asset; 404 when there is none with this id, or none of theirs."""
        return await desk.ask(get_asset_view, identity.station, identity, asset_id)

    @get("/{asset_id:str}/detail", summary="Everything about one asset")
    async def get_everything(
        self, asset_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AssetDetail:
        """What is written down of it, its evidence, work orders, loans, tests, papers, places and history."""
        return await desk.ask(get_detail, identity, asset_id, desk.reader, today_at(desk))

    @post("/{asset_id:str}/facts", status_code=200)
    async def change(
        self,
        asset_id: FromPath[str],
        data: JSONBody[AssetChange],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetView:
        """Write down something else of it; what is not given stays."""
        await desk.execute(ChangeAsset(asset_id, data), identity, once_key)
        return await desk.ask(get_asset_view, identity.station, identity, asset_id)

    @post("/{asset_id:str}/lifecycle", status_code=200)
    async def move_on(
        self,
        asset_id: FromPath[str],
        data: JSONBody[LifecycleBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetView:
        """It has come one step further, or back, or to its end; 409 says which steps there are."""
        command = MoveLifecycle(asset_id, data.lifecycle, data.reason, data.on)
        await desk.execute(command, identity, once_key)
        return await desk.ask(get_asset_view, identity.station, identity, asset_id)

    @post("/{asset_id:str}/place", status_code=200)
    async def move(
        self,
        asset_id: FromPath[str],
        data: JSONBody[PlaceBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetView:
        """It stands there from now on."""
        command = MoveAsset(asset_id, data.place, data.reason, data.confirmed)
        await desk.execute(command, identity, once_key)
        return await desk.ask(get_asset_view, identity.station, identity, asset_id)
