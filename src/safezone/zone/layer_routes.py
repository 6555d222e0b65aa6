"""What is drawn under the zone, over HTTP: which layers there are, one layer whole, and its vector tiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, PathParameter

from safezone.core.desk import Desk
from safezone.core.errors import NotFound
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.zone.imports.keeping import Imports
from safezone.zone.layer_tiles import Making, TileMaker, reach_of, read_tile
from safezone.zone.layers import Layer, Layers
from safezone.zone.map_routes import STATION_MAP, MapFolder
from safezone.zone.queries import check_reader

TILE_TYPE: Final = "application/vnd.mapbox-vector-tile"
FOR_EVER: Final = "private, max-age=31536000, immutable"
"""The address of a tile names the version of its layer: another content has another address."""


class MapSource(msgspec.Struct, frozen=True):
    """The map that this station has set: a PMTiles file that it serves, a style or raster tiles; all empty when there is none."""

    pmtiles_url: str
    style_url: str
    tiles_url: str
    attribution: str


class DrawnLayer(Layer, frozen=True):
    """A layer and where its vector tiles are; `bounds` is west, south, east, north of what it holds."""

    tiles_url: str
    minzoom: int
    maxzoom: int
    bounds: tuple[float, float, float, float]


class LayerList(msgspec.Struct, frozen=True):
    """The layers that are drawn under the zone, the lowest first, and what else may lie under them.

    `making` are layers that were imported and are drawn as soon as their tiles are made, which goes on while one looks.
    """

    items: list[DrawnLayer]
    source: MapSource
    making: Making | None


class LayerRoutes(Controller):
    """What is drawn under the zone."""

    path = "/api/v1/zone/layers"
    tags = ("zone",)

    @get()
    async def list_layers(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        layers: NamedDependency[Layers],
        tile_maker: NamedDependency[TileMaker],
    ) -> LayerList:
        """The imported layers, and the online map that this station has set, if any."""
        check_reader(identity, identity.station)
        said = desk.settings.map
        served = f"/map/{STATION_MAP}" if said.pmtiles_file else ""
        source = MapSource(served, said.style_url, said.tiles_url, said.attribution)
        making = await tile_maker.look()
        return LayerList(await desk.think(_drawn, layers), source, making)

    @get(
        "/{layer:str}",
        responses={
            200: ResponseSpec(dict[str, Any], generate_examples=False, media_type="application/geo+json")
        },
        response_headers=[
            ResponseHeader(name="ETag", description="Version of the layer", documentation_only=True)
        ],
    )
    async def get_layer(
        self,
        layer: FromPath[str],
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        layers: NamedDependency[Layers],
    ) -> Response[bytes]:
        """One layer as GeoJSON, whole and packed; 304 when `If-None-Match` names the version that the caller has."""
        check_reader(identity, identity.station)
        found, packed = await desk.think(layers.read, layer)
        tag = f'"{found.version}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
        return Response(
            packed, media_type="application/geo+json", headers={**headers, "Content-Encoding": "gzip"}
        )


def _drawn(layers: Layers) -> list[DrawnLayer]:
    found = []
    for layer in layers.all():
        try:
            reach = reach_of(layers.tiles(layer))
        except OSError:
            continue  # they are being made
        at = f"/map/ground/{layer.name}/{layer.version}/{{z}}/{{x}}/{{y}}"
        found.append(DrawnLayer(**msgspec.structs.asdict(layer), tiles_url=at, **reach._asdict()))
    return found


Number = Annotated[int, PathParameter(ge=0, le=2**24)]


@get(
    "/map/ground/{layer:str}/{version:str}/{z:int}/{x:int}/{y:int}",
    summary="A tile of a layer under the zone",
    tags=["zone"],
    sync_to_thread=True,
    responses={
        200: ResponseSpec(bytes, generate_examples=False, media_type=TILE_TYPE, description="A vector tile"),
        204: ResponseSpec(None, description="Nothing lies there"),
    },
)
def get_layer_tile(
    layer: FromPath[str],
    version: FromPath[str],
    z: FromPath[Number],
    x: FromPath[Number],
    y: FromPath[Number],
    identity: NamedDependency[Identity],
    layers: NamedDependency[Layers],
) -> Response[bytes]:
    """What of a layer lies in one tile, as a Mapbox Vector Tile; whoever still knows an older version gets what is there now."""
    check_reader(identity, identity.station)
    found = layers.find(layer)
    try:
        content = read_tile(layers.tiles(found), z, x, y) if z < 32 and max(x, y) < 2**z else None
    except OSError as gone:
        words = Words(
            th="กำลังเตรียมชั้นข้อมูลนี้ ลองใหม่ในอีกครู่", en="This layer is being prepared: ask again in a moment."
        )
        raise NotFound("no_tiles_yet", words) from gone
    headers = {"Cache-Control": FOR_EVER if version == found.version else "no-store"}
    if content is None:
        return Response(b"", status_code=204, headers=headers)
    return Response(content, media_type=TILE_TYPE, headers={**headers, "Content-Encoding": "gzip"})


def dependencies(
    imports: Imports, layers: Layers, tile_maker: TileMaker, map_folder: MapFolder
) -> dict[str, Provide]:
    """What the routes of maps are given."""

    def always(this: Any) -> Provide:
        give: Callable[[], Any] = lambda: this  # noqa: E731
        return Provide(give, sync_to_thread=False, use_cache=True)

    given = {"imports": imports, "layers": layers, "tile_maker": tile_maker, "map_folder": map_folder}
    return {name: always(this) for name, this in given.items()}
