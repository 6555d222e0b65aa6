"""Coming in and going out: a token or link is exchanged for a browser session."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody

from safezone.core.auth import BAD_TOKEN, SESSION_HOURS, CloseSession, Issued, OpenSession, opens_session
from safezone.core.desk import Desk
from safezone.core.errors import NotSignedIn
from safezone.core.identity import Identity, Role, public
from safezone.entrypoints.gate import address_key, too_many
from safezone.entrypoints.pacing import Allowance
from safezone.entrypoints.remembered import remember_identity
from safezone.entrypoints.who import COOKIE


class SessionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token from a link, or one that an administrator has given out."""

    token: str


class SessionView(msgspec.Struct, frozen=True):
    """Who is signed in here."""

    role: str
    name: str
    station: str
    unit_id: str | None
    partner_id: str | None


def view_of(identity: Identity) -> SessionView:
    """What a page is told about who is signed in."""
    return SessionView(identity.role, identity.name, identity.station, identity.unit_id, identity.partner_id)


class SessionRoutes(Controller):
    """The browser's session; its cookie is readable by no script and sent to nobody else."""

    path = "/api/v1/session"
    tags = ("session",)

    @post()
    async def open_session(
        self,
        data: JSONBody[SessionBody],
        desk: NamedDependency[Desk],
        request: Request[Any, Any, Any],
        bad_sign_ins: NamedDependency[Allowance],
    ) -> Response[SessionView]:
        """Sign in with a token; a one-time link is spent by it."""
        if not await desk.ask(opens_session, desk.station, data.token, desk.clock.now()):
            # A made-up token never comes to the lane, where emergencies are written. Only such attempts are counted, so
            # whoever shares an address with the one who makes them up still signs in.
            wait_s = bad_sign_ins.take(address_key(request.client.host if request.client else ""))
            raise too_many(wait_s) if wait_s else NotSignedIn("bad_token", BAD_TOKEN)
        issued: Issued = await desk.execute(OpenSession(data.token), public(desk.station))
        remember_identity(request.scope, issued.identity)
        cookie = Cookie(
            COOKIE,
            value=issued.secret,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            max_age=SESSION_HOURS * 3600,
        )
        return Response(view_of(issued.identity), status_code=201, cookies=[cookie])

    @get()
    async def get_session(self, identity: NamedDependency[Identity]) -> SessionView:
        """Who is signed in; 401 when nobody is."""
        identity.require(*(role for role in get_args(Role) if role != "public"))
        return view_of(identity)

    @delete(status_code=204)
    async def close_session(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> Response[None]:
        """Sign out; the session is worth nothing from now on."""
        if identity.credential_id is not None:
            await desk.execute(CloseSession(), identity)
        response: Response[None] = Response(None, status_code=204)
        response.delete_cookie(COOKIE)
        return response
