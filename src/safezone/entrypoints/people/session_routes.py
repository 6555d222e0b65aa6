"""Coming in and going out: a name and a password, a token or a link is exchanged for a browser session."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, get_args

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody

from safezone.core.accounts import commands as cmds
from safezone.core.accounts.own import require_account
from safezone.core.accounts.proof import is_fresh
from safezone.core.accounts.provider_sessions import find_id_token
from safezone.core.auth import BAD_TOKEN, SESSION_HOURS, CloseSession, Issued, OpenSession, opens_session
from safezone.core.desk import Desk
from safezone.core.errors import NotSignedIn
from safezone.core.identity import Identity, Reach, Role, public, system
from safezone.entrypoints import ticket
from safezone.entrypoints.gate import address_key, too_many
from safezone.entrypoints.pacing import Allowance
from safezone.entrypoints.people.entering import from_no_other_site
from safezone.entrypoints.people.signing_in import BROWSER_COOKIE, SigningIn, asked_from
from safezone.entrypoints.remembered import remember_identity
from safezone.entrypoints.who import COOKIE

BROWSER_COOKIE_S: Final = 180 * 86_400
LEFT: Final = "safezone_oidc_left"
LEFT_LIFETIME: Final = timedelta(minutes=10)

Typed = Annotated[str, msgspec.Meta(max_length=1024)]


class Left(msgspec.Struct, frozen=True):
    """A session that the provider has opened was closed in this browser."""

    credential_id: str


class SessionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token from a link, or one that an administrator has given out."""

    token: str


class PasswordBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name, its password, and (where the account has one) a code of the app or a recovery code."""

    login: Typed
    password: Typed
    code: Annotated[str, msgspec.Meta(max_length=40)] = ""


class ProofBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The password, and a code where the account has an app."""

    password: Typed = ""
    code: Annotated[str, msgspec.Meta(max_length=40)] = ""


class SessionView(msgspec.Struct, frozen=True):
    """Who is signed in here. `account_id` is null for somebody who came by a token; `proven`: within ten minutes."""

    role: str
    name: str
    station: str
    unit_id: str | None
    partner_id: str | None
    account_id: str | None
    reach: Reach
    proven: bool


def view_of(identity: Identity, at: datetime) -> SessionView:
    """What a page is told about who is signed in."""
    proven = is_fresh(identity, at)
    return SessionView(
        identity.role,
        identity.name,
        identity.station,
        identity.unit_id,
        identity.partner_id,
        identity.account_id,
        identity.reach,
        proven,
    )


def session_cookie(request: Request[Any, Any, Any], issued: Issued) -> Cookie:
    """The cookie of a session: readable by no script, sent to nobody else."""
    return Cookie(
        COOKIE,
        value=issued.secret,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        max_age=SESSION_HOURS * 3600,
    )


def browser_cookie(request: Request[Any, Any, Any], secret: str) -> Cookie:
    """The cookie by which this browser is known the next time."""
    return Cookie(
        BROWSER_COOKIE,
        value=secret,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        max_age=BROWSER_COOKIE_S,
        path="/api/v1/session",
    )


class SessionRoutes(Controller):
    """The browser's session; its cookie is readable by no script and sent to nobody else."""

    path = "/api/v1/session"
    tags = ("session",)

    @post(guards=[from_no_other_site])
    async def open_session(
        self,
        data: JSONBody[SessionBody],
        desk: NamedDependency[Desk],
        request: Request[Any, Any, Any],
        bad_sign_ins: NamedDependency[Allowance],
    ) -> Response[SessionView]:
        """Sign in with a token; a one-time link is spent by it. A link for choosing a password is told apart (403)."""
        asked = asked_from(request)
        if not await desk.ask(opens_session, desk.station, data.token, desk.clock.now()):
            # A made-up token never comes to the lane, where emergencies are written. Only such attempts are counted, so
            # whoever shares an address with the one who makes them up still signs in.
            wait_s = bad_sign_ins.take(address_key(request.client.host if request.client else ""))
            raise too_many(wait_s) if wait_s else NotSignedIn("bad_token", BAD_TOKEN)
        issued: Issued = await desk.execute(OpenSession(data.token, asked.hint), public(desk.station))
        remember_identity(request.scope, issued.identity)
        return Response(
            view_of(issued.identity, desk.clock.now()),
            status_code=201,
            cookies=[session_cookie(request, issued)],
        )

    @post("/password", guards=[from_no_other_site])
    async def sign_in(
        self,
        data: JSONBody[PasswordBody],
        desk: NamedDependency[Desk],
        request: Request[Any, Any, Any],
        signing_in: NamedDependency[SigningIn],
    ) -> Response[SessionView]:
        """Sign in with a name and a password. 401 `code_needed` asks for the second factor as well."""
        asked = asked_from(request)
        shown = await signing_in.sign_in(data.login, data.password, data.code, asked)
        known = asked.browser_secret if shown.secrets.knows_browser else secrets.token_urlsafe(24)
        issued: Issued = await desk.execute(
            cmds.OpenAccountSession(
                account_id=shown.secrets.account_id or "",
                by=shown.by,
                password_ref=shown.secrets.password_ref,
                second=shown.second,
                hint=asked.hint,
                browser_secret=known,
            ),
            system(desk.station, "sign-in"),
        )
        remember_identity(request.scope, issued.identity)
        cookies = [session_cookie(request, issued), browser_cookie(request, known)]
        return Response(view_of(issued.identity, desk.clock.now()), status_code=201, cookies=cookies)

    @post("/step-up", status_code=200)
    async def step_up(
        self,
        data: JSONBody[ProofBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        signing_in: NamedDependency[SigningIn],
    ) -> SessionView:
        """Prove once more who you are, before an export; it counts for ten minutes."""
        require_account(identity)
        shown = await signing_in.prove(identity, data.password, data.code)
        ref = shown.secrets.password_ref if "password" in shown.by else None
        await desk.execute(cmds.ProveSession(by=shown.by, password_ref=ref, second=shown.second), identity)
        at = desk.clock.now()
        return view_of(msgspec.structs.replace(identity, proven_at=at), at)

    @get()
    async def get_session(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> SessionView:
        """Who is signed in; 401 when nobody is."""
        identity.require(*(role for role in get_args(Role) if role != "public"))
        return view_of(identity, desk.clock.now())

    @delete(status_code=204)
    async def close_session(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        request: Request[Any, Any, Any],
    ) -> Response[None]:
        """Sign out; the session is worth nothing from now on."""
        response: Response[None] = Response(None, status_code=204)
        if identity.credential_id is not None:
            await desk.execute(CloseSession(), identity)
            if await desk.ask(find_id_token, desk.station, identity.credential_id) is not None:
                response.set_cookie(_left_cookie(desk, request, identity.credential_id))
        response.delete_cookie(COOKIE)
        return response


def _left_cookie(desk: Desk, request: Request[Any, Any, Any], credential_id: str) -> Cookie:
    """By it the sign-in page offers to sign out at the provider as well, for as long as somebody stands there."""
    return Cookie(
        LEFT,
        value=ticket.seal(desk, LEFT, Left(credential_id), LEFT_LIFETIME),
        path="/api/v1/session/oidc",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        max_age=int(LEFT_LIFETIME.total_seconds()),
    )
