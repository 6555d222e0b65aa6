"""One's own account: taken up with a link, its password, second factor, recovery codes and sessions."""

from __future__ import annotations

import base64
import secrets
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from safezone.core.accounts import commands as cmds
from safezone.core.accounts import refusals, rules
from safezone.core.accounts.own import require_account, takes_second_factor
from safezone.core.accounts.passwords import hash_password
from safezone.core.accounts.proof import require_recent_proof
from safezone.core.accounts.queries import AccountView, get_own, list_own_sessions
from safezone.core.accounts.selection import find_account
from safezone.core.auth import Issued, find_invitation
from safezone.core.db import to_us
from safezone.core.desk import Desk
from safezone.core.errors import NotSignedIn
from safezone.core.identity import Identity, public
from safezone.core.sessions import SessionView as OpenSessionView
from safezone.entrypoints.gate import address_key, too_many
from safezone.entrypoints.pacing import Allowance
from safezone.entrypoints.people.entering import from_no_other_site
from safezone.entrypoints.people.session_routes import (
    SessionView,
    Typed,
    browser_cookie,
    session_cookie,
    view_of,
)
from safezone.entrypoints.people.signing_in import SigningIn, asked_from, check_code
from safezone.entrypoints.qr import qr_of
from safezone.entrypoints.remembered import remember_identity

Code = Annotated[str, msgspec.Meta(max_length=40)]
Secret = Annotated[str, msgspec.Meta(max_length=200)]


class TotpOffer(msgspec.Struct, frozen=True):
    """A secret for an authenticator app: as a QR code, as the address in it, and to be typed. Kept only once a code proves it."""

    secret: str
    uri: str
    qr: str


class InvitationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token in the link."""

    token: Secret


class InvitationView(msgspec.Struct, frozen=True):
    """What a link is for. `login` is null where whoever holds it chooses the name too."""

    login: str | None
    role: str
    duty: str
    takes_second_factor: bool
    totp: TotpOffer


class AcceptBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A password, and an app's secret with a code that it made."""

    token: Secret
    login: Typed = ""
    password: Typed
    totp_secret: Secret = ""
    totp_code: Code = ""


class Accepted(msgspec.Struct, frozen=True):
    """Signed in. The recovery codes are shown this once."""

    session: SessionView
    recovery_codes: list[str]


class NewPasswordBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The password until now, and the new one."""

    current: Typed
    password: Typed


class TotpBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret that was offered, and a code that the app made with it."""

    secret: Secret
    code: Code


class RecoveryCodes(msgspec.Struct, frozen=True):
    """Each of them stands in for a code of the app, once. Shown this once."""

    recovery_codes: list[str]


class OpenSessions(msgspec.Struct, frozen=True):
    """Sessions that are open."""

    items: list[OpenSessionView]


def offer_totp(login: str, station: str) -> TotpOffer:
    """A new secret for somebody's app."""
    secret = base64.b32encode(secrets.token_bytes(rules.TOTP_SECRET_BYTES)).decode()
    issuer = quote(f"Safe Zone {station}")
    uri = f"otpauth://totp/{issuer}:{quote(login)}?secret={secret}&issuer={issuer}"
    return TotpOffer(secret, uri, qr_of(uri))


def new_recovery_codes() -> list[str]:
    """Eight codes that nobody has seen yet."""
    return [rules.recovery_code_of(secrets.token_bytes(12)) for _ in range(rules.RECOVERY_CODES)]


class Invitation(msgspec.Struct, frozen=True):
    """A link and the account it belongs to."""

    login: str | None
    role: str
    duty: str


def _invitation(conn: Connection, desk: Desk, token: str) -> Invitation:
    link = find_invitation(conn, desk.station, token, desk.clock.now())
    row = None if link.account_id is None else find_account(conn, desk.station, link.account_id)
    return Invitation(None, link.role, "") if row is None else Invitation(row.login, row.role, row.duty)


async def look_at(
    desk: Desk, token: str, request: Request[Any, Any, Any], bad_sign_ins: Allowance
) -> Invitation:
    """What this link is for; whoever makes tokens up is slowed down and never comes to the lane."""
    try:
        return await desk.ask(_invitation, desk, token)
    except NotSignedIn as problem:
        wait_s = bad_sign_ins.take(address_key(request.client.host if request.client else ""))
        raise (too_many(wait_s) if wait_s else problem) from None


class InvitationRoutes(Controller):
    """Taking up an account with the link that an administrator has given."""

    path = "/api/v1/session/invitation"
    tags = ("session",)

    @post(status_code=200)
    async def look_at_invitation(
        self,
        data: JSONBody[InvitationBody],
        desk: NamedDependency[Desk],
        request: Request[Any, Any, Any],
        bad_sign_ins: NamedDependency[Allowance],
    ) -> InvitationView:
        """Whose account it is, and a secret for an app. The link is not spent by it."""
        found = await look_at(desk, data.token, request, bad_sign_ins)
        offer = offer_totp(found.login or "admin", desk.station)
        second = takes_second_factor(desk.settings.accounts, found.role)
        return InvitationView(found.login, found.role, found.duty, second, offer)

    @post("/accept", guards=[from_no_other_site])
    async def accept_invitation(
        self,
        data: JSONBody[AcceptBody],
        desk: NamedDependency[Desk],
        request: Request[Any, Any, Any],
        bad_sign_ins: NamedDependency[Allowance],
        signing_in: NamedDependency[SigningIn],
    ) -> Response[Accepted]:
        """The link is spent: password and second factor are set, and whoever did it is signed in."""
        found = await look_at(desk, data.token, request, bad_sign_ins)
        login = rules.normal_login(found.login or data.login)
        if login is None:
            raise refusals.bad_login()
        check_password(data.password, login)
        step = 0
        if data.totp_code or data.totp_secret:
            step = check_code(data.totp_secret, data.totp_code, to_us(desk.clock.now()))
        elif takes_second_factor(desk.settings.accounts, found.role):
            raise refusals.second_factor_needed()
        codes, browser = new_recovery_codes() if step else [], secrets.token_urlsafe(24)
        hashed = await signing_in.work(lambda: hash_password(data.password))
        taken_up = cmds.AcceptInvitation(
            token=data.token,
            login=login,
            password_hash=hashed,
            recovery_hashes=tuple(map(rules.hash_recovery, codes)),
            hint=asked_from(request).hint,
            browser_secret=browser,
            totp_secret=data.totp_secret if step else None,
            totp_step=step,
        )
        issued: Issued = await desk.execute(taken_up, public(desk.station))
        remember_identity(request.scope, issued.identity)
        cookies = [session_cookie(request, issued), browser_cookie(request, browser)]
        return Response(
            Accepted(view_of(issued.identity, desk.clock.now()), codes), status_code=201, cookies=cookies
        )


def check_password(password: str, login: str) -> None:
    """Invalid, with the reason, when this cannot be somebody's password."""
    weakness = rules.find_weakness(password, login)
    if weakness is not None:
        raise refusals.weak_password(weakness)


class OwnAccountRoutes(Controller):
    """For whoever has signed in with a name and a password."""

    path = "/api/v1/account"
    tags = ("session",)

    @get()
    async def show_own_account(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AccountView:
        """One's own account."""
        return await desk.ask(get_own, identity, desk.clock.now(), desk.settings.accounts)

    @post("/password", status_code=200)
    async def change_own_password(
        self,
        data: JSONBody[NewPasswordBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        signing_in: NamedDependency[SigningIn],
    ) -> AccountView:
        """Choose a new password; one's other sessions end."""
        require_account(identity)
        check_password(data.password, identity.name.rpartition("/")[2])
        await signing_in.check_password(identity, data.current)
        hashed = await signing_in.work(lambda: hash_password(data.password))
        await desk.execute(cmds.ChoosePassword(hashed), identity)
        return await desk.ask(get_own, identity, desk.clock.now(), desk.settings.accounts)

    @post("/totp/offer", status_code=200)
    async def offer_app(self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]) -> TotpOffer:
        """A secret for an authenticator app, which is kept only once a code proves it."""
        require_account(identity)
        return offer_totp(identity.name.rpartition("/")[2], desk.station)

    @post("/totp", status_code=200)
    async def enrol_app(
        self, data: JSONBody[TotpBody], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AccountView:
        """The app that has made this code is one's second factor. Takes a proof that is fresh."""
        require_account(identity)
        require_recent_proof(identity, desk.clock.now())
        step = check_code(data.secret, data.code, to_us(desk.clock.now()))
        await desk.execute(cmds.EnrolTotp(data.secret, step), identity)
        return await desk.ask(get_own, identity, desk.clock.now(), desk.settings.accounts)

    @delete("/totp", status_code=200)
    async def remove_app(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> AccountView:
        """No app any more, where the role does not take one. Takes a proof that is fresh."""
        require_account(identity)
        require_recent_proof(identity, desk.clock.now())
        await desk.execute(cmds.RemoveTotp(), identity)
        return await desk.ask(get_own, identity, desk.clock.now(), desk.settings.accounts)

    @post("/recovery-codes", status_code=200)
    async def make_recovery_codes(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> RecoveryCodes:
        """New recovery codes; the old ones are worth nothing. Takes a proof that is fresh."""
        require_account(identity)
        require_recent_proof(identity, desk.clock.now())
        codes = new_recovery_codes()
        await desk.execute(cmds.MakeRecoveryCodes(tuple(map(rules.hash_recovery, codes))), identity)
        return RecoveryCodes(codes)

    @get("/sessions")
    async def show_own_sessions(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> OpenSessions:
        """One's own sessions, the one used last first."""
        return await _own_sessions(desk, identity)

    @post("/sessions/end-others", status_code=200)
    async def end_other_sessions(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> OpenSessions:
        """End every session of one's own but this one."""
        await desk.execute(cmds.EndSessions(require_account(identity)), identity)
        return await _own_sessions(desk, identity)

    @post("/sessions/{credential_id:str}/end", status_code=200)
    async def end_own_session(
        self,
        credential_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> OpenSessions:
        """End one session of one's own."""
        require_account(identity)
        await desk.execute(cmds.EndSession(credential_id), identity)
        return await _own_sessions(desk, identity)


async def _own_sessions(desk: Desk, identity: Identity) -> OpenSessions:
    return OpenSessions(await desk.ask(list_own_sessions, identity, desk.clock.now(), desk.settings.accounts))
