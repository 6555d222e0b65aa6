"""Importing a map over HTTP: upload, look at what is proposed, answer, confirm."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, RequestBody, Schema
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from safezone.core.desk import Desk
from safezone.core.errors import Conflict, Invalid
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.zone import commands as cmds
from safezone.zone.editing import check_editor
from safezone.zone.imports.keeping import Imports, Kept
from safezone.zone.imports.proposal import Answers, Proposal
from safezone.zone.imports.taking import Take, command_of
from safezone.zone.layer_tiles import TileMaker
from safezone.zone.layers import Layers, building
from safezone.zone.queries import get_station


class ImportView(msgspec.Struct, frozen=True):
    """An upload, until when it is kept, and what is proposed."""

    id: str
    until: str
    answers: Answers
    proposal: Proposal


class ConfirmBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken of a proposal; `buildings` puts its buildings under the zone's map."""

    expected_version: Annotated[str, msgspec.Meta(max_length=64)]
    reason: cmds.Reason
    take: Annotated[list[Take], msgspec.Meta(max_length=5000)] = []
    buildings: bool = False


class ImportRoutes(Controller):
    """Files are imported in two steps, so that nothing is taken that nobody has seen."""

    path = "/api/v1/zone/imports"
    tags = ("zone",)

    @post(
        request_max_body_size=None,
        request_body=RequestBody(
            content={"application/octet-stream": OpenAPIMediaType(Schema(type="string", format="binary"))}  # type: ignore[arg-type]
        ),
    )
    async def upload_map(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        imports: NamedDependency[Imports],
        name: FromQuery[Annotated[str, QueryParameter(max_length=200)]] = "",
    ) -> ImportView:
        """Upload a GeoJSON, a zip with a shapefile, KML, KMZ or CSV (at most 64 MiB) as the body; nothing is taken yet."""
        check_editor(identity)
        station = await desk.ask(get_station, identity.station)
        said = request.headers.get("content-length", "")
        declared = int(said) if said.isdigit() and len(said) < 19 else 0
        now = desk.clock.now()
        kept = await imports.take(request.stream(), declared, name, station.center, identity, now)
        return await _view(desk, imports, kept)

    @get("/{import_id:str}")
    async def get_import(
        self,
        import_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        imports: NamedDependency[Imports],
    ) -> ImportView:
        """What is proposed, with its problems and their places, and what must be answered."""
        return await _view(desk, imports, await _find(desk, imports, import_id, identity))

    @get(
        "/{import_id:str}/map",
        responses={
            200: ResponseSpec(dict[str, Any], generate_examples=False, media_type="application/geo+json")
        },
    )
    async def get_import_map(
        self,
        import_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        imports: NamedDependency[Imports],
    ) -> Response[bytes]:
        """The proposal as GeoJSON, to be looked at: each feature has `n` and what it could be."""
        kept = await _find(desk, imports, import_id, identity)
        return Response(await desk.think(_map_of, imports, kept), media_type="application/geo+json")

    @post("/{import_id:str}/answers", status_code=200)
    async def answer_import(
        self,
        import_id: FromPath[str],
        data: JSONBody[Answers],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        imports: NamedDependency[Imports],
    ) -> ImportView:
        """Answer what was asked; the file is read again with the answers."""
        kept = msgspec.structs.replace(await _find(desk, imports, import_id, identity), answers=data)
        station = await desk.ask(get_station, identity.station)
        await imports.read(kept, station.center)
        return await _view(desk, imports, kept)

    @post("/{import_id:str}/confirm", status_code=200)
    async def confirm_import(
        self,
        import_id: FromPath[str],
        data: JSONBody[ConfirmBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        imports: NamedDependency[Imports],
        layers: NamedDependency[Layers],
        tile_maker: NamedDependency[TileMaker],
    ) -> cmds.Imported:
        """Take what was chosen, all of it or nothing; the same again changes nothing."""
        kept = await _find(desk, imports, import_id, identity)
        proposal = await desk.think(imports.proposal_of, kept)
        _check_answered(proposal)
        shapes = await desk.think(imports.shapes_of, kept)
        chosen = msgspec.json.encode((kept.digest, kept.answers, data.take, data.buildings))
        digest = hashlib.sha256(chosen).hexdigest()
        buildings = await desk.think(imports.buildings_of, kept) if data.buildings else []
        asked = command_of(
            proposal, shapes, data.take, digest, data.expected_version, data.reason, len(buildings)
        )
        done: cmds.Imported = await desk.execute(asked, identity)
        if buildings:
            await desk.think(layers.stage, {"buildings": map(building, buildings)}, kept.name, "")
            await tile_maker.look()
        return done

    @delete("/{import_id:str}", status_code=204)
    async def drop_import(
        self,
        import_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        imports: NamedDependency[Imports],
    ) -> None:
        """Remove an upload that is not wanted."""
        await desk.think(imports.drop, await _find(desk, imports, import_id, identity))


async def _find(desk: Desk, imports: Imports, import_id: str, identity: Identity) -> Kept:
    check_editor(identity)
    safe = import_id if import_id.replace("-", "").isalnum() and import_id.isascii() else "-"
    return await desk.think(imports.find, safe, identity, desk.clock.now())


async def _view(desk: Desk, imports: Imports, kept: Kept) -> ImportView:
    proposal = await desk.think(imports.proposal_of, kept)
    return ImportView(kept.id, kept.until.isoformat(), kept.answers, proposal)


def _check_answered(proposal: Proposal) -> None:
    if proposal.refused is not None:
        raise Invalid("import_refused", proposal.refused)
    if proposal.questions:
        first = proposal.questions[0]
        raise Conflict(
            "not_answered", Words(th=f"ยังไม่ได้ตอบ: {first.words.th}", en=f"Not answered yet: {first.words.en}")
        )


def _map_of(imports: Imports, kept: Kept) -> bytes:
    shapes, proposal = imports.shapes_of(kept), imports.proposal_of(kept)
    features: list[dict[str, Any]] = []
    for each in proposal.candidates:
        names = {"name_th": each.name.th, "name_en": each.name.en}
        said = {"n": each.n, "as": each.suggested, "faulty": each.faulty, **names}
        sort = "MultiPolygon" if each.sort == "area" else "Point"
        geometry = {"type": sort, "coordinates": shapes[each.n]}
        features.append({"type": "Feature", "id": each.n, "properties": said, "geometry": geometry})
    for area in imports.buildings_of(kept)[:20_000]:
        features.append({**building(area), "properties": {"as": "building"}})
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})
