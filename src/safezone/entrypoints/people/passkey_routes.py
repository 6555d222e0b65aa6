"""Passkeys: made on one's own account page, and used to come in, or to prove once more who one is."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from safezone.core.accounts import refusals
from safezone.core.accounts.own import require_account
from safezone.core.accounts.passkeys import (
    AddPasskey,
    OpenByPasskey,
    ProveByPasskey,
    RemovePasskey,
    list_passkeys,
)
from safezone.core.accounts.proof import is_fresh
from safezone.core.accounts.selection import find_account
from safezone.core.auth import Issued
from safezone.core.desk import Desk
from safezone.core.errors import Invalid, NotSignedIn
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.entrypoints import ticket
from safezone.entrypoints.pacing import Allowance
from safezone.entrypoints.people import passkey_check as check
from safezone.entrypoints.people.entering import from_no_other_site, hint_of, hold_up, own_address
from safezone.entrypoints.people.session_routes import SessionView, session_cookie, view_of
from safezone.entrypoints.remembered import remember_identity

PATH = "/api/v1/session/passkeys"


class PasskeyView(msgspec.Struct, frozen=True):
    """A key of mine. `suspicious`: its counter went back, so it may have been copied; it opens nothing any more."""

    id: str
    name: str
    site: str
    added_at: datetime
    used_at: datetime | None
    backed_up: bool
    """Whether its maker keeps a copy (a synchronised passkey), or it is in this one device alone."""
    suspicious: bool


class PasskeyList(msgspec.Struct, frozen=True):
    """My keys, oldest first."""

    items: list[PasskeyView]


class NewPasskeyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the authenticator says about a new key (WebAuthn `PublicKeyCredential.toJSON()`), and what I call it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    credential: dict[str, Any]


class PasskeyOptions(msgspec.Struct, frozen=True):
    """What the page hands to the browser: `navigator.credentials.create` or `.get` (WebAuthn, in its JSON form)."""

    public_key: dict[str, Any]


class SignedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the authenticator says to the challenge (WebAuthn `PublicKeyCredential.toJSON()`)."""

    credential: dict[str, Any]


class Proven(msgspec.Struct, frozen=True):
    """It was taken."""

    proven: bool


_COPIED = Words(
    th="กุญแจนี้อาจถูกทำสำเนา (ตัวนับย้อนกลับ) จึงใช้ไม่ได้อีก: ใช้รหัสผ่าน แล้วลบกุญแจนี้ในหน้าบัญชีของฉัน",
    en="There may be a copy of this passkey (its counter went back), so it opens nothing any more: use your password, "
    "and remove the key on your account page.",
)


def _list(conn: Connection, station: str, account_id: str) -> PasskeyList:
    return PasskeyList(
        [
            PasskeyView(
                each.id,
                each.content.name,
                each.content.rp_id,
                each.added_at,
                each.used_at,
                each.backed_up,
                each.suspicious,
            )
            for each in list_passkeys(conn, station, account_id)
        ]
    )


def _login_of(conn: Connection, station: str, account_id: str) -> str:
    row = find_account(conn, station, account_id)
    if row is None:
        raise refusals.no_account_of_yours()
    return str(row.login)


class PasskeyRoutes(Controller):
    """Keys that a telephone, a computer or a stick keeps; nothing secret of them is ever here."""

    path = PATH
    tags = ("session",)

    @post("/challenge", status_code=200)
    async def challenge_passkey(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> Response[PasskeyOptions]:
        """What a key is to sign, for coming in or for proving once more who one is. It is good once, for five minutes."""
        made = check.challenge(own_address(desk.settings.web, request))
        options = await desk.think(partial(check.options_to_sign, made, []))
        return _with(desk, request, check.TO_SIGN_IN, made, options)

    @post(status_code=201, guards=[from_no_other_site])
    async def sign_in_by_passkey(
        self,
        data: JSONBody[SignedBody],
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        bad_sign_ins: NamedDependency[Allowance],
    ) -> Response[SessionView]:
        """Come in with a key. Nobody types a name: the key knows whose it is."""
        try:
            made = check.carried(desk, check.TO_SIGN_IN, request.cookies.get(check.TO_SIGN_IN, ""))
            account_id = check.account_in(data.credential)
            keys = await desk.ask(list_passkeys, desk.station, account_id)
            signed = await desk.think(partial(check.check_signed, made, keys, data.credential))
        except NotSignedIn:
            hold_up(bad_sign_ins, request)
            raise
        asked = OpenByPasskey(account_id=account_id, signed=signed, hint=hint_of(request))
        issued: Issued | None = await desk.execute(asked, system(desk.station, "passkey"))
        if issued is None:
            raise NotSignedIn("passkey_copied", _COPIED)
        remember_identity(request.scope, issued.identity)
        response = Response(
            view_of(issued.identity, desk.clock.now()), cookies=[session_cookie(request, issued)]
        )
        response.delete_cookie(check.TO_SIGN_IN, path=PATH)
        return response

    @post("/proof", status_code=200)
    async def prove_by_passkey(
        self,
        data: JSONBody[SignedBody],
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> Proven:
        """Prove with a key of mine, in a session that is open, that it is still me."""
        account_id = require_account(identity)
        made = check.carried(desk, check.TO_SIGN_IN, request.cookies.get(check.TO_SIGN_IN, ""))
        keys = await desk.ask(list_passkeys, desk.station, account_id)
        signed = await desk.think(partial(check.check_signed, made, keys, data.credential))
        if not await desk.execute(ProveByPasskey(signed), identity):
            raise NotSignedIn("passkey_copied", _COPIED)
        return Proven(True)

    @get()
    async def list_passkeys(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> PasskeyList:
        """My keys."""
        return await desk.ask(_list, desk.station, require_account(identity))

    @post("/new/challenge", status_code=200)
    async def challenge_new_passkey(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> Response[PasskeyOptions]:
        """How a new key is to be made; takes a proof of the last ten minutes."""
        account_id = require_account(identity)
        if not is_fresh(identity, desk.clock.now()):
            raise refusals.step_up_needed()
        made = check.challenge(own_address(desk.settings.web, request), account_id)
        login = await desk.ask(_login_of, desk.station, account_id)
        before = await desk.ask(list_passkeys, desk.station, account_id)
        options = await desk.think(partial(check.options_to_add, made, login, before))
        return _with(desk, request, check.TO_ADD, made, options)

    @post("/new", status_code=201)
    async def add_passkey(
        self,
        data: JSONBody[NewPasskeyBody],
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> PasskeyList:
        """The new key is mine."""
        account_id = require_account(identity)
        made = check.carried(desk, check.TO_ADD, request.cookies.get(check.TO_ADD, ""))
        if made.account_id != account_id:
            raise check.not_taken()
        name = data.name.strip()
        if not name:
            raise Invalid("no_name", Words(th="ตั้งชื่อให้กุญแจ", en="Give the passkey a name."), field="name")
        added = await desk.think(partial(check.check_added, made, name, data.credential))
        await desk.execute(
            AddPasskey(added.content, made.random, added.sign_count, added.backed_up), identity
        )
        return await desk.ask(_list, desk.station, account_id)

    @delete("/{passkey_id:str}", status_code=200)
    async def remove_passkey(
        self, passkey_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> PasskeyList:
        """This key of mine opens nothing any more."""
        account_id = require_account(identity)
        await desk.execute(RemovePasskey(passkey_id), identity)
        return await desk.ask(_list, desk.station, account_id)


def _with(
    desk: Desk, request: Request[Any, Any, Any], purpose: str, made: check.Challenge, options: bytes
) -> Response[PasskeyOptions]:
    """The options, and the challenge in a cookie that comes back from our own page alone."""
    carried = Cookie(
        purpose,
        value=ticket.seal(desk, purpose, made, check.LIFETIME),
        path=PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        max_age=int(check.LIFETIME.total_seconds()),
    )
    return Response(PasskeyOptions(msgspec.json.decode(options)), cookies=[carried])
