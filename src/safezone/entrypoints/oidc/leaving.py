"""Out of the station and out of the provider: whoever leaves here is offered to leave there too, and the other way round.

- RP-initiated: signing out here never waits for the provider. It leaves a sealed
  cookie, and the sign-in page offers the way there.
- Back-channel: the provider says it to us with a token that it has signed.
- Front-channel: the provider's page opens ours in a frame. No cookie comes along, so what ends is the session that the provider
  calls by this very name (`sid`); whoever knows that name can end it, and nothing else.
"""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar import Controller, MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody

from safezone.core.accounts.commands import EndSessions
from safezone.core.accounts.provider_links import Subject, find_linked
from safezone.core.accounts.provider_sessions import EndProviderSessions, count_open, find_id_token
from safezone.core.desk import Desk
from safezone.core.errors import NotFound, Refused
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.entrypoints import ticket
from safezone.entrypoints.oidc.fetch import ProviderAway
from safezone.entrypoints.oidc.provider import NotProven, Provider
from safezone.entrypoints.oidc.ways import PATH, brings_back, carried, to_our_page, to_provider
from safezone.entrypoints.pacing import Allowance
from safezone.entrypoints.people.entering import hold_up, own_address
from safezone.entrypoints.people.session_routes import LEFT, Left

logger = logging.getLogger("safezone.oidc")

ON_THE_WAY_OUT: Final = "safezone_oidc_leaving"
LEAVING_FOR: Final = timedelta(minutes=10)
HINT: Final = "safezone_oidc_hint"
LONGEST_HINT: Final = 32_000
"""Of a sealed ID token; a longer one is not kept."""

_NONE: Final = Words(
    th="สถานีนี้ไม่ได้ตั้งค่าผู้ให้บริการยืนยันตัวตน: ใช้รหัสผ่านของสถานี หรือให้ผู้ดูแลระบบตั้ง [oidc] ใน safezone.toml",
    en="This station has no sign-in provider: use the station's own password, or have [oidc] set in safezone.toml.",
)


class LogoutBody(msgspec.Struct, frozen=True):
    """What a provider sends when somebody has signed out there."""

    logout_token: Annotated[str, msgspec.Meta(min_length=1, max_length=16_384)]


def session_left(desk: Desk, request: Request[Any, Any, Any]) -> Left | None:
    """The session by the provider that was closed in this browser a moment ago, if any."""
    return ticket.unseal(desk, LEFT, request.cookies.get(LEFT, ""), Left)


class LeavingRoutes(Controller):
    """Out at the provider too."""

    path = PATH
    tags = ("session",)

    @get("/leave", status_code=302, media_type=MediaType.TEXT)
    async def leave_provider(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        provider: NamedDependency[Any],
    ) -> Response[None]:
        """Off to the provider to sign out there, for whoever has just signed out here in this browser."""
        left = session_left(desk, request)
        if provider is None or left is None:
            return to_our_page("")
        sealed = await desk.ask(find_id_token, desk.station, left.credential_id)
        id_token = ticket.unseal(desk, HINT, sealed or "", str, longest=LONGEST_HINT)
        state = secrets.token_urlsafe(24)
        back = f"{own_address(desk.settings.web, request)}{PATH}/left"
        try:
            where = await provider.way_out(back, state, id_token)
        except ProviderAway as problem:
            logger.warning("the sign-in provider is away: %s", problem)
            return to_our_page("not_left")
        sealed_state = ticket.seal(desk, ON_THE_WAY_OUT, state, LEAVING_FOR)
        response = to_provider(where, carried(ON_THE_WAY_OUT, sealed_state, LEAVING_FOR, request))
        response.delete_cookie(LEFT, path=PATH)
        return response

    @get("/left", status_code=302, media_type=MediaType.TEXT)
    async def come_back_after_leaving(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> Response[None]:
        """Back from signing out there. It only says so: nothing is opened or ended by coming here."""
        state = ticket.unseal(desk, ON_THE_WAY_OUT, request.cookies.get(ON_THE_WAY_OUT, ""), str)
        same = state is not None and brings_back(request, state)
        response = to_our_page("left" if same else "")
        response.delete_cookie(ON_THE_WAY_OUT, path=PATH)
        return response

    @get("/front-logout", media_type=MediaType.HTML)
    async def hear_in_a_frame_of_provider(
        self,
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        provider: NamedDependency[Any],
        bad_sign_ins: NamedDependency[Allowance],
        iss: Annotated[str, QueryParameter(max_length=500)] = "",
        sid: Annotated[str, QueryParameter(max_length=500)] = "",
    ) -> Response[str]:
        """The provider's sign-out page has this in a frame (front-channel logout): the session that it calls `sid` ends."""
        if provider is None or not await _speaks_in_frames(provider):
            raise NotFound("no_provider", _NONE)
        if iss != provider.settings.issuer or not sid:
            hold_up(bad_sign_ins, request)
            raise _bad_logout()
        if await desk.ask(count_open, desk.station, sid):
            await desk.execute(EndProviderSessions(sid), system(desk.station, "oidc"))
        else:
            hold_up(bad_sign_ins, request)
        parts = urlsplit(provider.settings.issuer)
        policy = f"default-src 'none'; frame-ancestors {parts.scheme}://{parts.netloc}"
        return Response("", media_type=MediaType.HTML, headers={"Content-Security-Policy": policy})

    @post("/logout", status_code=204)
    async def note_provider_logout(
        self,
        data: URLEncodedBody[LogoutBody],
        request: Request[Any, Any, Any],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        provider: NamedDependency[Any],
        bad_sign_ins: NamedDependency[Allowance],
    ) -> None:
        """The provider says that somebody has signed out there (back-channel logout).

        With `sub` every session of theirs ends, with `sid` alone those that were opened by that session of the provider.
        """
        if provider is None:
            raise NotFound("no_provider", _NONE)
        try:
            claims = await provider.claims_of_logout(data.logout_token)
        except (NotProven, ProviderAway) as problem:
            # What is good is not counted: a provider that signs out a whole shift is heard for each of them.
            hold_up(bad_sign_ins, request)
            logger.warning("a logout was not taken: %s", problem)
            raise _bad_logout() from None
        who, sub, sid = system(desk.station, "oidc"), claims.get("sub"), claims.get("sid")
        if sub is not None:
            account_id = await desk.ask(
                find_linked, desk.station, Subject(provider.settings.issuer, str(sub))
            )
            if account_id is not None:
                await desk.execute(EndSessions(account_id), who)
        if isinstance(sid, str) and sid:
            # Also of somebody whose link was undone since: their session was opened there all the same.
            await desk.execute(EndProviderSessions(sid), who)


async def _speaks_in_frames(provider: Provider) -> bool:
    try:
        doors = await provider.doors()
    except ProviderAway:
        return False
    return doors.frontchannel_logout_supported and doors.frontchannel_logout_session_supported


def _bad_logout() -> Refused:
    return Refused(
        "bad_logout_token",
        Words(
            th="คำสั่งออกจากระบบนี้ใช้ไม่ได้: ตรวจ issuer, client_id และนาฬิกาของผู้ให้บริการกับ [oidc] ของสถานี",
            en="This logout is not good: compare issuer, client_id and the provider's clock with the station's [oidc].",
        ),
    )
