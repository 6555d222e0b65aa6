"""The equipment over HTTP: all of it, or one."""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from safezone.assets.queries import AssetKind, AssetView, get_asset_view, list_asset_views
from safezone.core.desk import Desk
from safezone.core.identity import Identity


class AssetList(msgspec.Struct, frozen=True):
    """Assets, by id."""

    items: list[AssetView]


@get("/api/v1/assets", summary="Every asset", tags=["assets"])
async def list_assets(
    identity: NamedDependency[Identity], desk: NamedDependency[Desk], kind: FromQuery[AssetKind | None] = None
) -> AssetList:
    """Every asset of the station with its readiness, reason and age; `kind` narrows it to one kind."""
    return AssetList(await desk.ask(list_asset_views, identity.station, identity, kind))


@get("/api/v1/assets/{asset_id:str}", summary="One asset", tags=["assets"])
async def get_asset(
    identity: NamedDependency[Identity], desk: NamedDependency[Desk], asset_id: FromPath[str]
) -> AssetView:
    """One asset; 404 when there is none with this id."""
    return await desk.ask(get_asset_view, identity.station, identity, asset_id)


routes = [list_assets, get_asset]
