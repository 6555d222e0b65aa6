"""Upkeep over HTTP: looked at, mended, lent, tried from end to end, and the papers of an asset."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from safezone.assets import commands_upkeep as cmds
from safezone.assets import details
from safezone.assets.details import AssetDetail, get_detail
from safezone.assets.papers import check_paper, served
from safezone.assets.register import CARRIERS
from safezone.assets.routes import OnceKey, today_at
from safezone.core.desk import Desk
from safezone.core.geo import Point
from safezone.core.identity import Identity
from safezone.events.upkeep import OrderStep, Severity

Note = Annotated[str, msgspec.Meta(max_length=2000)]
Said = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Who = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
OrderFilter = Literal["unfinished", "open", "assigned", "started", "done", "accepted", "cancelled"]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an action needs."""


class CheckBody(Body, frozen=True):
    """Whether it works, as somebody has seen it."""

    ok: bool
    note: Note | None = None


class OrderBody(Body, frozen=True):
    """What is to be mended, and how bad it is."""

    severity: Severity
    text: Said
    due_on: date | None = None


class OrderStepBody(Body, frozen=True):
    """One step on. `fixer` names who is to mend it; it is needed to assign."""

    step: OrderStep
    fixer: Who | None = None
    note: Note | None = None


class LoanBody(Body, frozen=True):
    """To whom, until when, in which condition and where to."""

    borrower: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    until_day: date
    condition: Note | None = None
    place: Point | None = None


class ReturnBody(Body, frozen=True):
    """How it came back; a broken one gets a work order."""

    ok: bool
    condition: Note | None = None


class LampBody(Body, frozen=True):
    """Whether the pole has shown that the police have it."""

    lit: bool


class Orders(msgspec.Struct, frozen=True):
    """Work orders, the newest first."""

    items: list[details.OrderView]


class Loans(msgspec.Struct, frozen=True):
    """The loan book, the newest first."""

    items: list[details.LoanView]


class Tests(msgspec.Struct, frozen=True):
    """Tests from end to end, the newest first."""

    items: list[details.TestView]


class UpkeepRoutes(Controller):
    """What is done with one asset; each answers with everything about it."""

    path = "/api/v1/assets/{asset_id:str}"
    tags = ("upkeep",)

    @post("/checks", status_code=200)
    async def check(
        self,
        asset_id: FromPath[str],
        data: JSONBody[CheckBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetDetail:
        """I have looked: it works, or it does not."""
        command = cmds.CheckAsset(asset_id, data.ok, data.note)
        return await _do(command, asset_id, identity, desk, once_key)

    @post("/work-orders", status_code=201)
    async def open_order(
        self,
        asset_id: FromPath[str],
        data: JSONBody[OrderBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetDetail:
        """This is to be mended."""
        command = cmds.OpenWorkOrder(asset_id, data.severity, data.text, data.due_on)
        return await _do(command, asset_id, identity, desk, once_key)

    @post("/loans", status_code=201)
    async def lend(
        self,
        asset_id: FromPath[str],
        data: JSONBody[LoanBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetDetail:
        """Hand it to somebody until a day."""
        command = cmds.LendAsset(asset_id, data.borrower, data.until_day, data.condition, data.place)
        return await _do(command, asset_id, identity, desk, once_key)

    @post("/returns", status_code=200)
    async def take_back(
        self,
        asset_id: FromPath[str],
        data: JSONBody[ReturnBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetDetail:
        """It is back."""
        command = cmds.ReturnAsset(asset_id, data.ok, data.condition)
        return await _do(command, asset_id, identity, desk, once_key)

    @post("/tests", status_code=201)
    async def start_test(
        self,
        asset_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetDetail:
        """I stand at this pole and am about to press it."""
        return await _do(cmds.StartPoleTest(asset_id), asset_id, identity, desk, once_key)

    @post("/files", status_code=201)
    async def add_file(
        self,
        asset_id: FromPath[str],
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        name: Annotated[str, QueryParameter(min_length=1, max_length=120)] = "—",
        once_key: OnceKey = None,
    ) -> AssetDetail:
        """Add a picture (JPEG, PNG, WebP; its metadata is stripped) or a PDF: the request's body, at most 8 MiB."""
        identity.require(*CARRIERS)
        paper = await desk.think(check_paper, await request.body())
        command = cmds.AddFile(asset_id, name, paper.media_type, paper.content)
        return await _do(command, asset_id, identity, desk, once_key)

    @get("/files/{file_id:str}")
    async def get_file(
        self,
        asset_id: FromPath[str],
        file_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> Response[bytes]:
        """A picture, to be shown; or a document, to be saved."""
        content, media_type = await desk.ask(details.get_file, identity, asset_id, file_id)
        named = f"{asset_id}-{file_id[:8]}"
        return Response(content, media_type=media_type, headers=served(named, media_type))

    @post("/files/{file_id:str}/remove", status_code=200)
    async def remove_file(
        self,
        asset_id: FromPath[str],
        file_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> AssetDetail:
        """It is not to be shown any more."""
        return await _do(cmds.RemoveFile(asset_id, file_id), asset_id, identity, desk, None)


async def _do(
    command: object, asset_id: str, identity: Identity, desk: Desk, once_key: str | None
) -> AssetDetail:
    await desk.execute(command, identity, once_key)
    return await desk.ask(get_detail, identity, asset_id, desk.reader, today_at(desk))


class TaskRoutes(Controller):
    """What is to be done in the whole station, and the steps of it."""

    path = "/api/v1/estate"
    tags = ("upkeep",)

    @get("/work-orders")
    async def list_orders(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        which: Annotated[OrderFilter | None, QueryParameter(name="state")] = "unfinished",
    ) -> Orders:
        """Work orders that are not over (or in one state); the last 200."""
        return Orders(await desk.ask(details.list_orders, identity, today_at(desk), state=which))

    @post("/work-orders/{order_id:str}/step", status_code=200)
    async def step_order(
        self,
        order_id: FromPath[str],
        data: JSONBody[OrderStepBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Orders:
        """A work order goes one step on. Whoever fixed a thing does not accept the repair: 403 `own_repair`."""
        command = cmds.StepWorkOrder(order_id, data.step, data.fixer, data.note)
        await desk.execute(command, identity, once_key)
        return Orders(await desk.ask(details.list_orders, identity, today_at(desk), order_id=order_id))

    @get("/loans")
    async def list_loans(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk], out: FromQuery[bool] = False
    ) -> Loans:
        """The loan book; with `out` only what is not back yet."""
        return Loans(await desk.ask(details.list_loans, identity, today_at(desk), out=out))

    @get("/tests")
    async def list_tests(self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]) -> Tests:
        """The last tests of poles from end to end."""
        return Tests(await desk.ask(details.list_tests, identity))

    @post("/tests/{test_id:str}/lamp", status_code=200)
    async def confirm_lamp(
        self,
        test_id: FromPath[str],
        data: JSONBody[LampBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> AssetDetail:
        """I have seen whether the pole's lamp lit."""
        asset_id = await desk.execute(cmds.ConfirmLamp(test_id, data.lit), identity, once_key)
        return await desk.ask(get_detail, identity, asset_id, desk.reader, today_at(desk))

    @post("/tests/{test_id:str}/stop", status_code=200)
    async def stop_test(
        self, test_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AssetDetail:
        """No test after all; what was pressed stays an incident."""
        asset_id = await desk.execute(cmds.StopPoleTest(test_id), identity)
        return await desk.ask(get_detail, identity, asset_id, desk.reader, today_at(desk))
