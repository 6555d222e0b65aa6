"""The auditor's room: the timeline, one line, the export, the chain and its signed checkpoints."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
from litestar import Controller, MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from sqlalchemy import Connection

from safezone.core.accounts.selection import find_erased
from safezone.core.audit import Filter, LogLine, get_line, list_actors
from safezone.core.checkpoints import head_of
from safezone.core.desk import Desk
from safezone.core.errors import Invalid, NotFound
from safezone.core.i18n import THAI_TIME, Words
from safezone.core.identity import Identity, PersonRole, Role
from safezone.core.purpose import PURPOSES, DeclareLook, Purpose
from safezone.core.taking_out import declare_export
from safezone.entrypoints.audit.chain_check import ChainCheck
from safezone.entrypoints.audit.checkpoint_page import print_page
from safezone.entrypoints.audit.export import Format, write_export
from safezone.entrypoints.audit.timeline import AuditPage, Cursor, Only, read_page
from safezone.entrypoints.audit.witness import Kept, Witness
from safezone.entrypoints.audit.words import KINDS, LOOKS

READERS: tuple[Role, ...] = ("auditor", "admin", "chief")
MOST_SHOWN = 60

Text = Annotated[str | None, QueryParameter(max_length=120, required=False)]
Time = Annotated[
    str | None,
    QueryParameter(
        required=False, pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?$"
    ),
]
"""As a page sends it; a number is no time."""


class ExportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken out, and why."""

    purpose: Purpose
    format: Format = "csv"
    only: Only = ""
    filter: Filter = Filter()


class Named(msgspec.Struct, frozen=True):
    """A kind of line and what it is called."""

    kind: str
    words: Words
    is_look: bool


class Choices(msgspec.Struct, frozen=True):
    """By what can be filtered, and what the purposes are called."""

    actors: list[str]
    kinds: list[Named]
    purposes: dict[str, Words]


class Purposes(msgspec.Struct, frozen=True):
    """The purposes among which an export names one, by code."""

    items: dict[str, Words]


class ChainView(msgspec.Struct, frozen=True):
    """The end of the log, the last check of its chain, and the signed checkpoints, newest first."""

    seq: int
    hash: str
    check: ChainCheck | None
    checkpoints: list[Kept]
    count: int
    wrong: int
    public_key: str
    elsewhere: bool


def _page(
    conn: Connection,
    identity: Identity,
    folder: Path,
    wanted: Filter,
    only: Only,
    after: str | None,
    limit: int,
) -> AuditPage:
    identity.require(*READERS)
    cursor = Cursor.decode(after) if after else Cursor()
    return read_page(conn, identity.station, folder, wanted, only, cursor, limit)


def _choices(conn: Connection, identity: Identity) -> Choices:
    identity.require(*READERS)
    kinds = [Named(kind, words, False) for kind, words in KINDS.items()]
    kinds += [Named(kind, words, True) for kind, words in LOOKS.items()]
    actors = list_actors(conn, identity.station)
    erased = find_erased(conn, identity.station, actors)
    return Choices([erased.get(each, each) for each in actors], kinds, dict(PURPOSES.items()))


def _chain(
    conn: Connection, identity: Identity, witness: Witness, check: ChainCheck | None, elsewhere: bool
) -> ChainView:
    identity.require(*READERS)
    seq, end = head_of(conn, identity.station)
    kept = witness.compare(conn)[::-1]
    wrong = [each for each in kept if not each.agrees]
    shown = kept[:MOST_SHOWN] + [each for each in wrong if each not in kept[:MOST_SHOWN]][:MOST_SHOWN]
    key = witness.signer().public_key
    return ChainView(seq, end, check, shown, len(kept), len(wrong), key, elsewhere)


class PurposeRoutes(Controller):
    """For everybody who takes something out."""

    path = "/api/v1/purposes"
    tags = ("audit",)

    @get()
    async def list_purposes(self, identity: NamedDependency[Identity]) -> Purposes:
        """For what something may be taken out of the station."""
        identity.require(*get_args(PersonRole))
        return Purposes(dict(PURPOSES.items()))


class AuditRoutes(Controller):
    """For auditors, administrators and the chief."""

    path = "/api/v1/audit"
    tags = ("audit",)

    @get()
    async def list_audit(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        access_folder: NamedDependency[Path],
        actor: Text = None,
        kind: Text = None,
        subject: Text = None,
        since: Time = None,
        until: Time = None,
        only: Annotated[Only, QueryParameter()] = "",
        after: Annotated[str | None, QueryParameter(max_length=300, required=False)] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> AuditPage:
        """Who did, saw or was refused what, newest first. `actor` is exact, or `operator:*` for all of a role."""
        wanted = Filter(
            actor=actor or "",
            kind=kind or "",
            subject=subject or "",
            since=_aware(_time(since)),
            until=_aware(_time(until)),
        )
        return await desk.ask(_page, identity, access_folder, wanted, only, after, limit)

    @get("/choices")
    async def list_choices(self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]) -> Choices:
        """Everybody who stands in the log, every kind of line in both languages, and the purposes."""
        return await desk.ask(_choices, identity)

    @get("/lines/{seq:str}")
    async def show_line(
        self, seq: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> LogLine:
        """One line of the log as it stands, with its hashes; nothing that was sealed, no hash of a secret."""
        identity.require(*READERS)
        return await desk.ask(
            get_line, identity.station, int(seq) if seq.isdecimal() and len(seq) < 16 else 0
        )

    @post("/export", status_code=200, media_type="text/csv")
    async def export(
        self,
        data: JSONBody[ExportBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        access_folder: NamedDependency[Path],
        request: Request[Any, Any, Any],
    ) -> Stream:
        """Everything that fits, as CSV or JSON Lines. That it is taken out, and why, stands in the log before the first byte."""
        identity.require(*READERS)
        scope = {name: str(value) for name, value in msgspec.structs.asdict(data.filter).items() if value}
        scope |= {"only": data.only} if data.only else {}
        scope |= {"format": data.format}
        look = DeclareLook(what="export_audit", about="audit", purpose=data.purpose, scope=scope)
        await declare_export(desk, identity, request.scope, look)
        wanted = msgspec.structs.replace(
            data.filter, since=_aware(data.filter.since), until=_aware(data.filter.until)
        )
        kind = "text/csv; charset=utf-8" if data.format == "csv" else "application/jsonl"
        name = f"audit-{identity.station}-{desk.clock.now():%Y%m%dT%H%M%SZ}.{data.format}"
        return Stream(
            write_export(desk, identity, access_folder, wanted, data.only, data.format),
            media_type=kind,
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )

    @get("/chain")
    async def show_chain(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        node_state: NamedDependency[Any],
    ) -> ChainView:
        """Where the log ends, what the last check found, and what the signed checkpoints say to it."""
        elsewhere = bool(desk.settings.checkpoints.to)
        return await desk.ask(_chain, identity, node_state.witness, node_state.chain.state(), elsewhere)

    @post("/chain/check", status_code=202)
    async def check_chain(
        self, identity: NamedDependency[Identity], node_state: NamedDependency[Any]
    ) -> ChainCheck:
        """Every line is hashed anew, beside the work of the station. 409 while a check runs."""
        identity.require(*READERS)
        started: ChainCheck = node_state.chain.start(identity.actor)
        return started

    @post("/checkpoints")
    async def make_checkpoint(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        node_state: NamedDependency[Any],
    ) -> ChainView:
        """A checkpoint is signed now, besides those that are made by the clock."""
        identity.require("auditor", "admin")
        await desk.ask(node_state.witness.make, desk.clock.now())
        return await desk.ask(
            _chain, identity, node_state.witness, node_state.chain.state(), bool(desk.settings.checkpoints.to)
        )

    @get("/checkpoints/{name:str}", media_type=MediaType.TEXT)
    async def show_checkpoint(
        self, name: FromPath[str], identity: NamedDependency[Identity], node_state: NamedDependency[Any]
    ) -> str:
        """The signed note, to be kept elsewhere."""
        identity.require(*READERS)
        return _text_of(node_state.witness, name)

    @get("/checkpoints/{name:str}/print", media_type=MediaType.HTML)
    async def print_checkpoint(
        self, name: FromPath[str], identity: NamedDependency[Identity], node_state: NamedDependency[Any]
    ) -> Response[str]:
        """The signed note as a page to print, with a QR code that holds the very text."""
        identity.require(*READERS)
        witness: Witness = node_state.witness
        page = print_page(name, _text_of(witness, name), witness.signer().public_key)
        return Response(page, media_type=MediaType.HTML)


def _text_of(witness: Witness, name: str) -> str:
    text = witness.text(name)
    if text is None:
        raise NotFound("no_checkpoint", Words(th="ไม่มีหลักฐานนี้", en="There is no such checkpoint."))
    return text


def _time(text: str | None) -> datetime | None:
    """The time in a text that looks like one; Invalid for the 31st of February."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        words = Words(th=f"“{text}” ไม่ใช่วันเวลา", en=f"“{text}” is no day and time.")
        raise Invalid("cannot_be_meant", words) from None


def _aware(at: datetime | None) -> datetime | None:
    """A time without an offset is taken as Thai time, as it is typed."""
    return at.replace(tzinfo=THAI_TIME) if at is not None and at.tzinfo is None else at
