"""The HTTP face of retention: holds, what was erased, and its certificates."""

from __future__ import annotations

import msgspec
from litestar import Controller, MediaType, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from safezone.core.desk import Desk
from safezone.core.identity import Identity
from safezone.incidents import commands as cmds
from safezone.incidents import retention
from safezone.incidents.retention import HoldView, RetentionView


class HoldBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, such as the number of the case."""

    reason: cmds.Reason


class HoldList(msgspec.Struct, frozen=True):
    """Every hold that is in force, oldest first."""

    items: list[HoldView]


class HoldRoutes(Controller):
    """Incidents of which nothing may be erased."""

    path = "/api/v1/incidents/{incident_id:str}/hold"
    tags = ("retention",)

    @post(status_code=200)
    async def place_hold(
        self,
        incident_id: FromPath[str],
        data: JSONBody[HoldBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> HoldList:
        """Nothing of this incident is erased from now on."""
        await desk.execute(cmds.PlaceHold(incident_id, data.reason), identity)
        return HoldList(await desk.ask(retention.list_holds, identity))

    @post("/lift", status_code=200)
    async def lift_hold(
        self,
        incident_id: FromPath[str],
        data: JSONBody[HoldBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> HoldList:
        """It is erased when it is due, as any other."""
        await desk.execute(cmds.LiftHold(incident_id, data.reason), identity)
        return HoldList(await desk.ask(retention.list_holds, identity))


class RetentionRoutes(Controller):
    """What is erased when."""

    path = "/api/v1/admin"
    tags = ("retention",)

    @get("/retention")
    async def show_retention(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> RetentionView:
        """How long each class of data is kept, what is held, and what was erased."""
        return await desk.ask(retention.show_retention, identity, (await desk.settings_now()).retention)

    @get("/erasures/{erasure_id:str}", media_type=MediaType.TEXT)
    async def show_certificate(
        self, erasure_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> str:
        """The certificate of one erasure, as text that can be printed."""
        return await desk.ask(retention.write_certificate, identity, erasure_id, desk)
