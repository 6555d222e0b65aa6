"""To the provider and back: state, nonce and PKCE travel in a sealed cookie; what comes back opens an account that exists."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, MediaType, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy import Connection

from safezone.core.accounts import refusals
from safezone.core.accounts.commands import Second
from safezone.core.accounts.own import require_account, takes_second_factor
from safezone.core.accounts.proof import is_fresh
from safezone.core.accounts.provider_links import (
    LinkProvider,
    OpenByProvider,
    ProviderLinkView,
    Subject,
    UnlinkProvider,
    find_linked,
    list_links,
)
from safezone.core.accounts.provider_sessions import AtProvider
from safezone.core.accounts.selection import find_secrets
from safezone.core.auth import Issued
from safezone.core.db import to_us
from safezone.core.desk import Desk
from safezone.core.errors import NotSignedIn, Refused, Unavailable
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.entrypoints import ticket
from safezone.entrypoints.oidc.fetch import ProviderAway, ProviderRefuses
from safezone.entrypoints.oidc.leaving import HINT, LONGEST_HINT, session_left
from safezone.entrypoints.oidc.provider import LONGEST_NAME, Asked, ComeIn, NotProven, Provider
from safezone.entrypoints.oidc.rules import has_second_factor, is_in_group, login_in
from safezone.entrypoints.oidc.ways import PATH, WAY, brings_back, carried, to_our_page, to_provider
from safezone.entrypoints.people.entering import (
    hint_of,
    own_address,
)
from safezone.entrypoints.people.session_routes import SessionView, session_cookie, view_of
from safezone.entrypoints.people.signing_in import SigningIn
from safezone.entrypoints.remembered import remember_identity

logger = logging.getLogger("safezone.oidc")

HALF: Final = "safezone_oidc_half"
ON_THE_WAY: Final = timedelta(minutes=10)
HALF_WAY: Final = timedelta(minutes=5)
LONGEST_CODE: Final = 4096
LONGEST_IN_COOKIE: Final = 1500
"""Of an ID token; browsers keep no cookie of more than 4 KiB. Without it the provider asks once more before it signs out."""
KEPT_FOR: Final = timedelta(hours=24)

_AWAY: Final = Words(
    th="ผู้ให้บริการยืนยันตัวตนไม่ตอบ ลงชื่อเข้าใช้ด้วยรหัสผ่านของสถานีได้ตามปกติ",
    en="The sign-in provider does not answer; signing in with the station's own password works as ever.",
)


class ProviderView(msgspec.Struct, frozen=True):
    """The provider by which one may sign in; `trouble` says why not now.

    `still_in`: whoever has just signed out here is signed in there still, and can be sent there to sign out (`/leave`).
    """

    label: Words
    trouble: Words | None
    still_in: bool = False


class Ways(msgspec.Struct, frozen=True):
    """How one may sign in besides a password or a link."""

    provider: ProviderView | None


class LinkList(msgspec.Struct, frozen=True):
    """By whom the account's owner is known elsewhere."""

    items: list[ProviderLinkView]


class CodeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code of the authenticator app, or a recovery code."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class _Half(msgspec.Struct, frozen=True):
    """Somebody whom the provider has shown, and whose second factor is ours to ask for."""

    account_id: str
    who: Subject
    once: str
    link: bool
    sid: str
    """How the provider calls its session, if it does."""
    id_token: str
    """With what the provider has shown it; empty where it was too long for a cookie."""


class _Ended(Exception):
    """The browser is sent back to our own page with this word."""


def _linked(conn: Connection, desk: Desk, who: Subject, login: str | None) -> tuple[str | None, bool]:
    """The account of somebody, and whether it is only now going to be linked."""
    account_id = find_linked(conn, desk.station, who)
    if account_id is not None or login is None:
        return account_id, False
    found = find_secrets(conn, desk.station, to_us(desk.clock.now()), login=login)
    if found.account_id is None or list_links(conn, desk.station, found.account_id):
        # Whoever has linked an account to somebody has said who may come in: a name alone changes that no more.
        return None, False
    return found.account_id, True


def _needs_code(conn: Connection, desk: Desk, account_id: str) -> tuple[bool, bool]:
    """Whether the account's role takes a second factor, or it has one; and whether it has one to show."""
    found = find_secrets(conn, desk.station, to_us(desk.clock.now()), account_id=account_id)
    has = found.totp_secret is not None
    return has or takes_second_factor(desk.settings.accounts, found.role), has


class OidcRoutes(Controller):
    """Signing in with the account of the station's provider."""

    path = PATH
    tags = ("session",)

    @get()
    async def list_sign_in_ways(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        provider: NamedDependency[Any],
    ) -> Ways:
        """Whether there is such a provider, what it is called, and whether it answers."""
        if provider is None:
            return Ways(None)
        label = Words(provider.settings.label_th, provider.settings.label_en)
        try:
            doors = await provider.doors()
        except ProviderAway as problem:
            logger.warning("the sign-in provider is away: %s", problem)
            return Ways(ProviderView(label, _AWAY))
        still_in = bool(doors.end_session_endpoint) and session_left(desk, request) is not None
        return Ways(ProviderView(label, None, still_in))

    @get("/start", status_code=302, media_type=MediaType.TEXT)
    async def start_at_provider(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        provider: NamedDependency[Any],
        link: FromQuery[bool] = False,
    ) -> Response[None]:
        """Off to the provider; with `link` to link one's own account, which takes a sign-in of the last ten minutes."""
        if provider is None:
            return to_our_page("none")
        if link and (identity.account_id is None or not is_fresh(identity, desk.clock.now())):
            return to_our_page("step_up")
        asked = Asked(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            redirect_uri=f"{own_address(desk.settings.web, request)}{PATH}/callback",
            link=identity if link else None,
        )
        try:
            where = await provider.door_for(asked)
        except ProviderAway as problem:
            logger.warning("the sign-in provider is away: %s", problem)
            return to_our_page("away")
        sealed = ticket.seal(desk, WAY, asked, ON_THE_WAY)
        return to_provider(where, carried(WAY, sealed, ON_THE_WAY, request))

    @get("/callback", status_code=302, media_type=MediaType.TEXT)
    async def come_back_from_provider(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        provider: NamedDependency[Any],
    ) -> Response[None]:
        """Back from the provider. Wherever it ends, it ends on our own page."""
        try:
            if provider is None:
                raise _Ended("none")
            asked = _asked_before(desk, request)
            come = await _come_in(provider, request, asked)
            return await _let_in(request, desk, provider, asked, come)
        except _Ended as ended:
            return to_our_page(str(ended))

    @post("/second", status_code=201)
    async def show_second_factor(
        self,
        data: JSONBody[CodeBody],
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        signing_in: NamedDependency[SigningIn],
    ) -> Response[SessionView]:
        """The code that is still missing after the provider has shown who somebody is."""
        half = ticket.unseal(desk, HALF, request.cookies.get(HALF, ""), _Half)
        if half is None:
            raise NotSignedIn("begin_again", _AGAIN)
        shown = await signing_in.second(half.account_id, data.code)
        issued = await _open(request, desk, half, ("provider", *shown.by), shown.second)
        response = Response(
            view_of(issued.identity, desk.clock.now()), cookies=[session_cookie(request, issued)]
        )
        response.delete_cookie(HALF, path=PATH)
        return response

    @get("/links")
    async def list_provider_links(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> LinkList:
        """By whom I may come in, besides my own password."""
        account_id = require_account(identity)
        return LinkList(await desk.ask(list_links, desk.station, account_id))

    @delete("/links/{link_id:str}", status_code=200)
    async def unlink_provider(
        self, link_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> LinkList:
        """Let me in by this one no more."""
        account_id = require_account(identity)
        if not is_fresh(identity, desk.clock.now()):
            raise refusals.step_up_needed()
        await desk.execute(UnlinkProvider(link_id), identity)
        return LinkList(await desk.ask(list_links, desk.station, account_id))


_AGAIN: Final = Words(
    th="ใช้เวลานานเกินไป หรือเริ่มจากเบราว์เซอร์อื่น กรุณาเริ่มลงชื่อเข้าใช้ใหม่",
    en="That took too long, or began in another browser. Begin signing in again.",
)


def _asked_before(desk: Desk, request: Request[Any, Any, Any]) -> Asked:
    """What this very browser began; whatever else comes by this address was begun by somebody else."""
    asked = ticket.unseal(desk, WAY, request.cookies.get(WAY, ""), Asked)
    if asked is None or not brings_back(request, asked.state):
        raise _Ended("again")
    if "error" in request.query_params:
        logger.info("the provider says: %r", request.query_params["error"][:80])
        raise _Ended("denied")
    return asked


async def _come_in(provider: Provider, request: Request[Any, Any, Any], asked: Asked) -> ComeIn:
    code = request.query_params.get("code", "")
    if not 1 <= len(code) <= LONGEST_CODE:
        raise _Ended("refused")
    try:
        return await provider.come_in(code, asked, request.query_params.get("iss"))
    except ProviderAway as problem:
        logger.warning("the sign-in provider is away: %s", problem)
        raise _Ended("away") from None
    except (ProviderRefuses, NotProven) as problem:
        logger.warning("a sign-in by the provider was not taken: %s", problem)
        raise _Ended("refused") from None


async def _let_in(
    request: Request[Any, Any, Any],
    desk: Desk,
    provider: Provider,
    asked: Asked,
    come: ComeIn,
) -> Response[None]:
    """The account of whoever the provider has shown is open, or linked, or waits for its second factor."""
    settings, claims = provider.settings, come.claims
    if not is_in_group(claims, settings):
        raise _Ended("not_allowed")
    who = Subject(settings.issuer, claims["sub"])
    try:
        if asked.link is not None:
            await desk.execute(LinkProvider(who, asked.state), asked.link)
            raise _Ended("linked")
        account_id, link = await desk.ask(_linked, desk, who, login_in(claims, settings))
        if account_id is None:
            raise _Ended("no_account")
        sid = claims.get("sid")
        sid = sid if isinstance(sid, str) and len(sid) <= LONGEST_NAME else ""
        id_token = come.id_token if len(come.id_token) <= LONGEST_HINT // 2 else ""
        half = _Half(account_id, who, asked.state, link, sid, id_token)
        needs, has = await desk.ask(_needs_code, desk, account_id)
        trusted = has_second_factor(claims, settings)
        if needs and not trusted:
            if not has:
                raise _Ended("no_second_factor")
            return _ask_for_code(desk, request, half)
        issued = await _open(request, desk, half, ("provider", "mfa") if trusted else ("provider",), Second())
    except (Refused, Unavailable) as problem:
        logger.info("a sign-in by the provider was refused: %s", problem)
        code = problem.code if isinstance(problem, Refused) else "away"
        raise _Ended("again" if code == "used_already" else code) from None
    response = to_our_page("in")
    response.set_cookie(session_cookie(request, issued))
    return response


def _ask_for_code(desk: Desk, request: Request[Any, Any, Any], half: _Half) -> Response[None]:
    if len(half.id_token) > LONGEST_IN_COOKIE:
        half = msgspec.structs.replace(half, id_token="")
    response = to_our_page("second")
    response.set_cookie(carried(HALF, ticket.seal(desk, HALF, half, HALF_WAY), HALF_WAY, request))
    return response


async def _open(
    request: Request[Any, Any, Any], desk: Desk, half: _Half, by: tuple[str, ...], second: Second
) -> Issued:
    asked = OpenByProvider(
        account_id=half.account_id,
        who=half.who,
        once=half.once,
        by=by,
        link=half.link,
        second=second,
        hint=hint_of(request),
        at=AtProvider(half.sid, ticket.seal(desk, HINT, half.id_token, KEPT_FOR)),
    )
    issued: Issued = await desk.execute(asked, system(desk.station, "oidc"))
    remember_identity(request.scope, issued.identity)
    return issued
