"""The whole estate over HTTP: its kinds, its owners and agreements, its count and its map."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from safezone.assets import details, search
from safezone.assets.commands_register import AttachMouPaper, NameOwner, RecordMou
from safezone.assets.kinds import KINDS, Kind
from safezone.assets.map_of_all import Marks, find_marks
from safezone.assets.papers import check_paper, served
from safezone.assets.queries import check_may_look
from safezone.assets.register import KEEPERS
from safezone.assets.routes import Name, OnceKey, Search, today_at
from safezone.core.desk import Desk
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.events.assets import Lifecycle, Readiness, Sector

Zoom = Annotated[float | None, QueryParameter(ge=0, le=24, required=False)]
Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]


class OwnerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an owner is called, and to which of the Big Six they belong; who to ask there is sealed."""

    name: Name
    sector: Sector
    contact: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class MouBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agreement; with `mou_id` it takes the place of what was written of that one."""

    owner_id: Slug
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    from_day: date
    until_day: date
    scope: Name
    mou_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Kinds(msgspec.Struct, frozen=True):
    """Every kind of equipment."""

    items: list[Kind]


class Owners(msgspec.Struct, frozen=True):
    """Every owner, by id."""

    items: list[details.OwnerView]


class Mous(msgspec.Struct, frozen=True):
    """Every agreement, the one that ends first at the head."""

    items: list[details.MouView]


class EstateRoutes(Controller):
    """Everything that is not about one asset."""

    path = "/api/v1/estate"
    tags = ("assets",)

    @get("/kinds")
    async def list_kinds(self, identity: NamedDependency[Identity]) -> Kinds:
        """What sorts of equipment there are, and what is expected of each."""
        check_may_look(identity, identity.station)
        return Kinds(list(KINDS.values()))

    @get("/tally")
    async def get_tally(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> search.Tally:
        """How many there are of each kind, in each state, and how well those in service are."""
        return await desk.ask(search.tally, identity, today_at(desk))

    @get("/map")
    async def get_marks(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        q: Search = "",
        kind: FromQuery[str | None] = None,
        lifecycle: FromQuery[Lifecycle | None] = None,
        readiness: FromQuery[Readiness | None] = None,
        owner: FromQuery[str | None] = None,
        promise: FromQuery[Literal["overdue"] | None] = None,
        bbox: FromQuery[str | None] = None,
        zoom: Zoom = None,
    ) -> Marks:
        """Where everything stands that is wanted, in columns.

        With the `zoom` of the map (tiles of 512 pixels) what would lie on top of each other comes as one circle with its
        number; with `bbox` (`west,south,east,north`) only what lies there.
        """
        wanted = search.Wanted(
            q=q,
            kind=kind,
            lifecycle=lifecycle,
            readiness=readiness,
            owner_id=owner,
            promise=promise,
            bbox=bbox,
        )
        return await desk.ask(find_marks, identity, wanted, today_at(desk), zoom)

    @get("/owners")
    async def list_owners(self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]) -> Owners:
        """Who owns equipment."""
        return Owners(await desk.ask(details.list_owners, identity))

    @post("/owners/{owner_id:str}", status_code=200)
    async def name_owner(
        self,
        owner_id: FromPath[Slug],
        data: JSONBody[OwnerBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Owners:
        """Enter an owner, or write down something else of one; the id is that of a partner."""
        name = Words(data.name.th, data.name.en or data.name.th)
        await desk.execute(NameOwner(owner_id, name, data.sector, data.contact), identity, once_key)
        return Owners(await desk.ask(details.list_owners, identity))

    @get("/mous")
    async def list_mous(self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]) -> Mous:
        """The agreements with owners, each with whether it has run out."""
        return Mous(await desk.ask(details.list_mous, identity, today_at(desk)))

    @post("/mous", status_code=201)
    async def record_mou(
        self,
        data: JSONBody[MouBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Mous:
        """Enter an agreement, or what it reads now."""
        scope = Words(data.scope.th, data.scope.en or data.scope.th)
        command = RecordMou(data.owner_id, data.number, data.from_day, data.until_day, scope, data.mou_id)
        await desk.execute(command, identity, once_key)
        return Mous(await desk.ask(details.list_mous, identity, today_at(desk)))

    @post("/mous/{mou_id:str}/paper", status_code=200)
    async def attach_paper(
        self,
        mou_id: FromPath[str],
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        name: Annotated[str, QueryParameter(min_length=1, max_length=120)] = "—",
        once_key: OnceKey = None,
    ) -> Mous:
        """The signed paper of an agreement: the request's body, a PDF or picture of at most 8 MiB. It replaces the last."""
        identity.require(*KEEPERS)
        paper = await desk.think(check_paper, await request.body())
        await desk.execute(AttachMouPaper(mou_id, name, paper.media_type, paper.content), identity, once_key)
        return Mous(await desk.ask(details.list_mous, identity, today_at(desk)))

    @get("/mous/{mou_id:str}/paper")
    async def get_paper(
        self, mou_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> Response[bytes]:
        """The paper of an agreement, to be saved or shown."""
        content, media_type = await desk.ask(details.get_mou_paper, identity, mou_id)
        return Response(content, media_type=media_type, headers=served(f"mou-{mou_id[:8]}", media_type))
