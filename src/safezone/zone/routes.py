"""The ground over HTTP: the map of the zone."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, QueryParameter

from safezone.core.desk import Desk
from safezone.core.errors import Invalid
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.zone.days import day_of
from safezone.zone.edit_routes import ZoneEditRoutes
from safezone.zone.findings import words_of
from safezone.zone.history import zone_on
from safezone.zone.import_routes import ImportRoutes
from safezone.zone.layer_routes import LayerRoutes, get_layer_tile
from safezone.zone.map_routes import get_map_file
from safezone.zone.queries import zone_geojson


class MapFeature(msgspec.Struct, frozen=True):
    """One thing on the map; `properties` has layer, name_th, name_en, kind or coverage, and synthetic."""

    type: str
    id: str
    properties: dict[str, Any]
    geometry: dict[str, Any]


class MapFeatures(msgspec.Struct, frozen=True):
    """A GeoJSON FeatureCollection; `note` says what the map is not, and must be shown with it."""

    type: str
    synthetic: bool
    features: list[MapFeature]
    note: Words | None = None


@get(
    "/api/v1/zone",
    summary="The map of the zone",
    tags=["zone"],
    responses={
        200: ResponseSpec(
            MapFeatures,
            generate_examples=False,
            media_type="application/geo+json",
            description="The map as GeoJSON",
        )
    },
    response_headers=[ResponseHeader(name="ETag", description="Version of the map", documentation_only=True)],
)
async def get_zone(
    request: Request[Any, Any, Any],
    identity: NamedDependency[Identity],
    desk: NamedDependency[Desk],
    on: FromQuery[Annotated[str | None, QueryParameter(max_length=20)]] = None,
) -> Response[bytes]:
    """The map of the zone as GeoJSON; 304 when `If-None-Match` names the version that the caller has.

    With `on` (2026-11-20, or 2569-11-20 of the Buddhist era) as it was when that day was over in Thailand.
    """
    if on is None:
        found = await desk.ask(zone_geojson, identity.station, identity)
    else:
        found = await desk.ask(zone_on, identity.station, identity, desk.reader, _day(on))
    tag = f'"{found.version}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(found.geojson, media_type="application/geo+json", headers=headers)


def _day(text: str) -> date:
    try:
        return day_of(text)
    except ValueError:
        words = words_of("not_a_day", text)
        raise Invalid(
            "cannot_be_meant", Words(th=f"on: {words.th}", en=f"on: {words.en}"), field="on"
        ) from None


routes: list[Any] = [get_zone, get_map_file, ZoneEditRoutes, ImportRoutes, LayerRoutes, get_layer_tile]
