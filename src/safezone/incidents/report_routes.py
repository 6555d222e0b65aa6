"""The HTTP face of reports: anybody may report; whoever has the tracking code may ask what became of it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from safezone.core.desk import Desk
from safezone.core.geo import Point
from safezone.core.identity import Identity
from safezone.core.ids import new_id
from safezone.events.incidents import Channel, IncidentKind
from safezone.incidents import commands as cmds
from safezone.incidents import queries
from safezone.incidents.routes import NoteBody, OnceKey
from safezone.incidents.rules import claim_in_utc, press_dedupe_key
from safezone.incidents.views import NoteView, PublicStatus, Receipt, RefusedMessageView


class ReportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report. `dedupe_key` (or the header `Idempotency-Key`) makes a repetition harmless."""

    kind: IncidentKind
    channel: Literal["phone", "web", "line", "http"] | None = None
    text: Annotated[str, msgspec.Meta(max_length=4000)] | None = None
    place: Point | None = None
    place_text: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    reporter: cmds.Reporter | None = None
    sos_point: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    claimed_at: datetime | None = None
    dedupe_key: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


class ReportAnswer(msgspec.Struct, frozen=True):
    """The report is on disk."""

    report_id: str
    incident_id: str
    tracking_code: str
    joined: bool


class HandoverList(msgspec.Struct, frozen=True):
    """The last handover notes, oldest first."""

    items: list[NoteView]


class RefusedMessages(msgspec.Struct, frozen=True):
    """The last messages that could not be understood, newest first."""

    items: list[RefusedMessageView]


class ReportRoutes(Controller):
    """Reports in, status out."""

    path = "/api/v1/reports"
    tags = ("reports",)

    @post()
    async def report_emergency(
        self,
        data: JSONBody[ReportBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Response[ReportAnswer]:
        """Report something: 201 once it is on disk, 200 with the same answer when this very report came before."""
        receipt: Receipt = await desk.execute(
            _command_of(data, identity, once_key, desk.clock.now()), identity
        )
        answer = ReportAnswer(receipt.report_id, receipt.incident_id, receipt.tracking_code, receipt.joined)
        return Response(answer, status_code=200 if receipt.repeated else 201)

    @get("/{tracking_code:str}")
    async def get_status(
        self, tracking_code: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> PublicStatus:
        """What became of a report."""
        return await desk.ask(queries.get_public_status, identity.station, tracking_code)


def _command_of(
    data: ReportBody, identity: Identity, once_key: str | None, received_at: datetime
) -> cmds.ReportEmergency:
    sos_point = data.sos_point
    channel: Channel = data.channel or ("phone" if identity.in_ccoc else "web")
    if identity.role == "sos_point":
        channel, sos_point = "sos_point", identity.point_id
    return cmds.ReportEmergency(
        dedupe_key=_dedupe_key_of(data, identity, data.dedupe_key or once_key, received_at),
        channel=channel,
        about=data.kind,
        sos_point=sos_point,
        place=data.place,
        place_text=data.place_text,
        text=data.text,
        reporter=data.reporter,
        claimed_at=claim_in_utc(data.claimed_at),
    )


def _dedupe_key_of(data: ReportBody, identity: Identity, key: str | None, received_at: datetime) -> str:
    """What makes two requests the same report; without a key every request is a report of its own."""
    if key is None:
        return f"once:{new_id()}"
    if identity.role == "sos_point" and identity.point_id and key.isascii() and key.isdigit():
        # A pole gives its counter: the same press that comes by MQTT as well is the same report.
        claimed_at = claim_in_utc(data.claimed_at)
        return press_dedupe_key(identity.station, identity.point_id, int(key), claimed_at, received_at)
    if identity.role == "public":
        # Strangers share the public: two of them with the same key must neither lose a report nor see the other's
        # receipt, so what was said belongs to the key.
        said = hashlib.sha256(msgspec.json.encode(data)).hexdigest()
        return f"http:public:{key}:{said}"
    return f"http:{identity.actor}:{key}"


class HandoverRoutes(Controller):
    """What the next shift must know."""

    path = "/api/v1/handover"
    tags = ("handover",)

    @get()
    async def list_handovers(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> HandoverList:
        """The last handover notes."""
        return HandoverList(await desk.ask(queries.list_handovers, identity))

    @post()
    async def note_handover(
        self,
        data: JSONBody[NoteBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> NoteView:
        """Tell the next shift."""
        note_id = await desk.execute(cmds.NoteHandover(data.text), identity, once_key)
        return await desk.ask(queries.get_handover, identity, note_id)


class RefusedMessageRoutes(Controller):
    """What the doors could not understand."""

    path = "/api/v1/admin/refused-messages"
    tags = ("administration",)

    @get()
    async def list_refused_messages(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> RefusedMessages:
        """The last messages that could not be understood, as they came, with the reason."""
        return RefusedMessages(await desk.ask(queries.list_refused_messages, identity))
