"""Lists of equipment in and out over HTTP: read in with progress, taken out as CSV or Excel, and as labels on paper."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from safezone.assets import exporting, labels, search
from safezone.assets.commands_register import PutAssets
from safezone.assets.importing import Defaults, ImportReport, Plan, read_ground
from safezone.assets.queries import check_may_look
from safezone.assets.register import KEEPERS
from safezone.assets.routes import Search, today_at
from safezone.assets.tables_in import read_cells
from safezone.core.desk import Desk
from safezone.core.errors import Invalid, Refused
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.purpose import DeclareLook, Purpose
from safezone.core.taking_out import declare_export
from safezone.events.assets import Lifecycle, Readiness
from safezone.zone.findings import Findings, words_of
from safezone.zone.queries import get_station
from safezone.zone.sheets import MAX_ROWS

AT_ONCE: Final = 250
"""Rows between two signs of progress."""
Format = Literal["csv", "xlsx"]
EXPORTERS: Final = (*KEEPERS, "auditor", "commander", "technician", "cctv_owner")


_WISHES: Final = ("q", "kind", "lifecycle", "readiness", "owner", "promise")


class ListExportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it is taken out, how it is written, and what of the register is wanted: as in a search."""

    purpose: Purpose
    format: Format = "csv"
    q: Annotated[str, msgspec.Meta(max_length=120)] = ""
    kind: str | None = None
    lifecycle: Lifecycle | None = None
    readiness: Readiness | None = None
    owner: str | None = None
    promise: Literal["overdue"] | None = None


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the answer: how far it is, and at the end what came of it."""

    stage: Literal["reading", "checking", "writing", "done", "refused"]
    done: int = 0
    of: int = 0
    report: ImportReport | None = None
    code: str = ""
    words: Words | None = None


class ExchangeRoutes(Controller):
    """The register as a list."""

    path = "/api/v1/estate"
    tags = ("assets",)

    @post("/import", status_code=200, media_type="application/x-ndjson")
    async def import_list(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        name: Annotated[str, QueryParameter(min_length=1, max_length=120)] = "list",
        dry_run: FromQuery[bool] = True,
        confirmed: FromQuery[bool] = False,
        kind: FromQuery[str | None] = None,
        lifecycle: FromQuery[Lifecycle | None] = None,
        owner: FromQuery[str | None] = None,
    ) -> Stream:
        """Read a list in: the request's body is the file, CSV or .xlsx.

        The answer is one JSON object a line (`Progress`) as it goes on; the last has the report. Nothing is stored with
        `dry_run`, with any problem, or with a question (a place far away) that was not `confirmed`; otherwise all of it
        is, at once. Whoever hangs up before that has stored nothing. The same list again changes nothing.
        """
        identity.require(*KEEPERS)
        raw = await request.body()
        if not raw:
            raise Invalid("nothing_in_it", words_of("nothing_in_it"))
        coming = _Coming(desk, identity, raw, name, Defaults(kind, lifecycle, owner and owner.lower()))
        lines = coming.lines(may_store=not dry_run, confirmed=confirmed)
        return Stream(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})

    @post("/export", status_code=200)
    async def export_list(
        self,
        data: JSONBody[ListExportBody],
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> Response[bytes]:
        """What is wanted of the register, with the columns that can be read in again; why stands in the log before."""
        identity.require(*EXPORTERS)
        chosen = {name: each for name in _WISHES if (each := getattr(data, name))}
        scope = {**chosen, "format": data.format}
        look = DeclareLook(what="export_assets", about="assets", purpose=data.purpose, scope=scope)
        await declare_export(desk, identity, request.scope, look)
        wanted = search.Wanted(
            q=data.q,
            kind=data.kind,
            lifecycle=data.lifecycle,
            readiness=data.readiness,
            owner_id=data.owner,
            promise=data.promise,
        )
        rows = await desk.ask(search.list_rows, identity, wanted, today_at(desk), MAX_ROWS)
        return await _sheet(desk, rows, data.format, f"assets-{today_at(desk).isoformat()}")

    @get("/template")
    async def get_template(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        written_as: Annotated[Format, QueryParameter(name="format")] = "xlsx",
    ) -> Response[bytes]:
        """An empty list with every column."""
        identity.require(*KEEPERS)
        return await _sheet(desk, [], written_as, "assets-template")

    @get("/labels")
    async def get_labels(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        ids: Annotated[str, QueryParameter(max_length=10_000)] = "",
        per_page: FromQuery[Literal["8", "12", "21"]] = "12",
        q: Search = "",
        kind: FromQuery[str | None] = None,
        lifecycle: FromQuery[Lifecycle | None] = None,
        readiness: FromQuery[Readiness | None] = None,
        owner: FromQuery[str | None] = None,
        promise: FromQuery[Literal["overdue"] | None] = None,
    ) -> Response[bytes]:
        """QR labels on A4 (PDF) for what is wanted or for these `ids` (separated by commas): say which, 300 at most.

        The QR code is the address of the asset at this station and holds no secret.
        """
        wanted = search.Wanted(
            q=q,
            kind=kind,
            lifecycle=lifecycle,
            readiness=readiness,
            owner_id=owner,
            promise=promise,
            ids=tuple(each.strip().lower() for each in ids.split(",") if each.strip()),
        )
        check_may_look(identity, identity.station)
        chosen = wanted != search.Wanted()
        rows = (
            await desk.ask(search.list_rows, identity, wanted, today_at(desk), labels.MOST + 1)
            if chosen
            else []
        )
        if not chosen or len(rows) > labels.MOST:
            raise Invalid(
                "which_labels",
                Words(
                    th=f"เลือกก่อนว่าจะพิมพ์ป้ายของอุปกรณ์ใด (ครั้งละไม่เกิน {labels.MOST})",
                    en=f"Say first of what: labels are printed for {labels.MOST} at most.",
                ),
            )
        station = await desk.ask(get_station, identity.station)
        made = labels.labels_of(rows, desk.settings.web.address(str(request.base_url)))
        content = await desk.think(labels.draw, made, station.name.th, int(per_page))
        headers = {**_SAVED, "Content-Disposition": 'attachment; filename="labels.pdf"'}
        return Response(content, media_type="application/pdf", headers=headers)


_SAVED: Final = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


async def _sheet(desk: Desk, rows: Any, written_as: Format, name: str) -> Response[bytes]:
    is_csv = written_as == "csv"
    content = await desk.think(exporting.as_csv if is_csv else exporting.as_workbook, rows)
    headers = {**_SAVED, "Content-Disposition": f'attachment; filename="{name}.{written_as}"'}
    media_type = exporting.CSV_TYPE if is_csv else exporting.XLSX_TYPE
    return Response(content, media_type=media_type, headers=headers)


class _Coming:
    """A list on its way in."""

    def __init__(self, desk: Desk, identity: Identity, raw: bytes, name: str, defaults: Defaults) -> None:
        self._desk, self._identity, self._raw, self._name = desk, identity, raw, name
        self._defaults = defaults

    async def lines(self, *, may_store: bool, confirmed: bool) -> AsyncIterator[bytes]:
        """One line after the other, until it is stored or not."""
        began_s = time.perf_counter()
        findings = Findings()
        try:
            yield _line(Progress("reading"))
            rows = await self._desk.think(read_cells, self._raw, self._name, findings)
            plan = Plan(rows, self._name, self._defaults, findings)
            if not findings.problems:
                plan.stand_on(await self._desk.ask(read_ground, self._identity, plan.codes))
                for start in range(0, len(plan), AT_ONCE):
                    yield _line(Progress("checking", start, len(plan)))
                    await self._desk.think(plan.take, start, start + AT_ONCE)
            report = plan.report(self._raw)
            store = may_store and not report.problem_count and (confirmed or not report.question_count)
            if store and (plan.new or plan.changed):
                yield _line(Progress("writing", len(plan), len(plan)))
                command = PutAssets(plan.new, plan.changed, plan.ground.version)
                await self._desk.execute(command, self._identity)
            report = plan.report(self._raw, stored=store, seconds=time.perf_counter() - began_s)
            yield _line(Progress("done", len(plan), len(plan), report))
        except Refused as refused:
            yield _line(Progress("refused", code=refused.code, words=refused.words))


def _line(progress: Progress) -> bytes:
    return msgspec.json.encode(progress) + b"\n"
