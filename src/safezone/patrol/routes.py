"""The units over HTTP: who they are, duty, state; and the doors by which phones and trackers say where they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, MediaType, Request, Response, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody

from safezone.core.db import to_us
from safezone.core.desk import Desk
from safezone.core.errors import Invalid, NotAllowed, NotSignedIn, Refused
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.events.patrol import UnitKind
from safezone.patrol import queries
from safezone.patrol.commands import (
    TELLERS,
    Availability,
    Reason,
    RecordFixes,
    RegisterUnits,
    SetDuty,
    SetUnitState,
    UnitEntry,
)
from safezone.patrol.rules import WORDS_OF_MARK, Claim, Mark, Marked, tidy
from safezone.patrol.trackers import osmand
from safezone.patrol.views import UnitList, UnitView
from safezone.zone.queries import is_synthetic

MOST_FIXES: Final = 1000
"""Fixes in one batch; an outbox with more sends several."""
OnceKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=200, required=False)]

KeepRefused = Callable[[str, bytes, Words, Identity], Awaitable[None]]
"""Keeps a message that a tracker of ours sent and nobody could understand: source, raw bytes, reason, who sent it."""


class DutyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On or off duty; `reason` is needed only to take a unit off duty that is on an incident."""

    on: bool
    reason: Reason | None = None


class StateBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the unit can be sent, and why not."""

    state: Availability
    reason: Reason | None = None


UnitId = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]


class UnitBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A patrol unit as it is called on the radio. With an id that is listed already it is corrected."""

    id: UnitId
    call_sign: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    kind: UnitKind
    name_th: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    name_en: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class UnitRoutes(Controller):
    """Who the units are, and their duty and state; an action answers with the unit as it stands then."""

    path = "/api/v1/units"
    tags = ("units",)

    @get()
    async def list_units(self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]) -> UnitList:
        """Every unit of the station; positions only for the command centre and for the unit itself."""
        return UnitList(await desk.ask(queries.list_unit_views, identity))

    @post(status_code=200)
    async def put_unit(
        self, data: JSONBody[UnitBody], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> UnitView:
        """List a unit, or correct one; 409 when another one has the call sign. Repeating it changes nothing."""
        synthetic = await desk.ask(is_synthetic, desk.station)
        entry = UnitEntry(
            unit_id=data.id,
            call_sign=data.call_sign.strip(),
            kind=data.kind,
            name=Words(th=data.name_th.strip(), en=data.name_en.strip()),
            synthetic=synthetic,
        )
        await desk.execute(RegisterUnits([entry]), identity)
        return await desk.ask(queries.get_unit_view, identity, data.id)

    @get("/{unit_id:str}")
    async def get_unit(
        self, unit_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> UnitView:
        """One unit."""
        return await desk.ask(queries.get_unit_view, identity, unit_id)

    @post("/{unit_id:str}/duty", status_code=200)
    async def set_duty(
        self,
        unit_id: FromPath[str],
        data: JSONBody[DutyBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> UnitView:
        """Sign a unit on or off; for the unit itself and the command centre. Repeating it changes nothing."""
        await desk.execute(SetDuty(unit_id, data.on, data.reason), identity, once_key)
        return await desk.ask(queries.get_unit_view, identity, unit_id)

    @post("/{unit_id:str}/state", status_code=200)
    async def set_state(
        self,
        unit_id: FromPath[str],
        data: JSONBody[StateBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> UnitView:
        """Say that a unit can, or cannot, be sent."""
        await desk.execute(SetUnitState(unit_id, data.state, data.reason), identity, once_key)
        return await desk.ask(queries.get_unit_view, identity, unit_id)


class FixBody(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fix. `at` is the device's own time; without it the time of arrival is taken."""

    lon: float
    lat: float
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    unit_id: str | None = None
    accuracy_m: float | None = None
    speed_kmh: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None


class PositionsBody(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Fixes of one unit, in the order in which its device has them."""

    fixes: Annotated[list[FixBody], msgspec.Meta(max_length=MOST_FIXES)]


class FixResult(msgspec.Struct, frozen=True):
    """What became of one fix: its mark, whether it is kept, whether it is drawn as the newest, and in words."""

    mark: Mark
    kept: bool
    drawn: bool
    words: Words


class RefusedPart(msgspec.Struct, frozen=True):
    """Why nothing in a message could be used."""

    code: str
    words: Words


class PositionsAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One result per fix, in order; all of it is on disk. `refused` says why there is none."""

    results: list[FixResult]
    refused: RefusedPart | None = None


def position_routes(
    desk: Desk, keep_refused: KeepRefused | None = None, on_device: Callable[[Identity], None] | None = None
) -> list[Any]:
    """`POST /api/v1/positions` and `GET|POST /osmand`. They are hot: no dependency but the identity is looked up.

    `on_device` is told of every device that comes in by its identifier.
    """

    @post("/api/v1/positions", status_code=200, tags=["positions"])
    async def send_positions(
        data: JSONBody[PositionsBody], identity: NamedDependency[Identity]
    ) -> Response[PositionsAnswer]:
        """Where the unit that asks was. Only the unit itself says so; off duty nothing is kept."""
        unit_id = _own_unit(identity)
        if any(fix.unit_id is not None and fix.unit_id != unit_id for fix in data.fixes):
            raise _not_your_unit()
        return _answer(
            await desk.execute(RecordFixes(unit_id, [_claim_of(fix) for fix in data.fixes]), identity)
        )

    @route("/osmand", http_method=["GET", "POST"], status_code=200, tags=["positions"])
    async def take_osmand(request: Request[Any, Any, Any]) -> Response[PositionsAnswer]:
        """OsmAnd and the Traccar Client: a tracker's secret, or a unit's token, is the device identifier (or an `Authorization`).

        A message of a known unit that cannot be used is kept for the administrator and answered 200: these
        clients send an unanswered message again for ever and nothing after it.
        """
        query, body = request.scope["query_string"], await request.body()
        said = request.headers.get("authorization", "")
        known = desk.authenticator.get(said[7:].strip()) if said[:7].lower() == "bearer " else None
        try:
            message = osmand.decode(query.decode("utf-8", "replace"), body)
        except Invalid as useless:
            known = known or desk.authenticator.find(osmand.find_identifier(query, body) or "")
            if known is None:
                raise
            _own_unit(known)
            if keep_refused is not None:
                await keep_refused("osmand", osmand.without_identifier(query, body), useless.words, known)
            return Response(PositionsAnswer([], RefusedPart(useless.code, useless.words)), status_code=200)
        identity = known or desk.authenticator.get(message.identifier)
        if on_device is not None and identity.role == "tracker":
            on_device(identity)
        return _answer(await desk.execute(RecordFixes(_own_unit(identity), message.claims), identity))

    return [send_positions, take_osmand]


def routes(
    desk: Desk, keep_refused: KeepRefused | None = None, on_device: Callable[[Identity], None] | None = None
) -> list[Any]:
    """Everything that the patrol answers over HTTP."""
    return [UnitRoutes, *position_routes(desk, keep_refused, on_device)]


def _own_unit(identity: Identity) -> str:
    if identity.role == "public":
        raise NotSignedIn(
            "sign_in",
            Words(
                th="ต้องใช้โทเค็นของสายตรวจ หรือรหัสของเครื่องบอกตำแหน่ง",
                en="This takes the token of a patrol unit, or the secret of its tracker.",
            ),
        )
    if identity.role not in TELLERS or identity.unit_id is None:
        raise _not_your_unit()
    return identity.unit_id


def _not_your_unit() -> NotAllowed:
    return NotAllowed(
        "not_your_unit", Words(th="ส่งตำแหน่งได้เฉพาะของสายตรวจตนเอง", en="A unit sends only its own positions.")
    )


def _claim_of(fix: FixBody) -> Claim:
    return Claim(
        fix.lon,
        fix.lat,
        None if fix.at is None else to_us(fix.at),
        tidy(fix.accuracy_m),
        tidy(fix.speed_kmh),
        tidy(fix.heading_deg, 360.0),
        tidy(fix.battery_pct, 100.0),
    )


_encode: Final = msgspec.json.Encoder().encode
_RESULTS: Final[dict[tuple[Mark, bool], bytes]] = {
    (mark, kept): _encode(FixResult(mark, kept, mark in ("ok", "future"), words))
    for mark, words in WORDS_OF_MARK.items()
    for kept in (True, False)
}


def _answer(results: list[Marked] | Refused) -> Response[Any]:
    """The answer to a batch. Encoded here from ready-made parts: a thousand units ask for it every second."""
    if isinstance(results, Refused):
        raise results
    listed = b",".join([_RESULTS[marked.mark, marked.kept] for marked in results])
    return Response(b'{"results":[' + listed + b"]}", status_code=200, media_type=MediaType.JSON)
