"""The ground over HTTP: the map of the zone."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from safezone.core.desk import Desk
from safezone.core.i18n import Words
from safezone.core.identity import Identity
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
    request: Request[Any, Any, Any], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
) -> Response[bytes]:
    """The map of the zone as GeoJSON; 304 when `If-None-Match` names the version that the caller has."""
    found = await desk.ask(zone_geojson, identity.station, identity)
    tag = f'"{found.version}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(found.geojson, media_type="application/geo+json", headers=headers)


routes = [get_zone]
