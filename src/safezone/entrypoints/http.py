"""The web: one application for the API, the live feed and the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from litestar import Litestar, MediaType, Request, Response, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, Cookie
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.response import File
from litestar.static_files import create_static_files_router
from sqlalchemy.exc import SQLAlchemyError

from safezone.core.desk import Desk
from safezone.core.errors import Refused, Unavailable
from safezone.core.identity import Identity
from safezone.core.record_faults import WrongValue
from safezone.entrypoints import problems
from safezone.entrypoints.access import AccessLog, AccessRoutes
from safezone.entrypoints.admin_routes import AdminRoutes, CredentialRoutes, HealthRoutes
from safezone.entrypoints.api_description import openapi_config
from safezone.entrypoints.audit.routes import AuditRoutes, PurposeRoutes
from safezone.entrypoints.console_routes import ConsoleRoutes, Roads
from safezone.entrypoints.device_routes import DeviceRoutes
from safezone.entrypoints.device_use import DeviceUse
from safezone.entrypoints.headers import PAGE_HEADERS, add_headers, page_headers
from safezone.entrypoints.live import LiveHub
from safezone.entrypoints.live_route import live_route
from safezone.entrypoints.notice_routes import NoticeRoutes
from safezone.entrypoints.oidc.leaving import LeavingRoutes
from safezone.entrypoints.oidc.provider import Provider
from safezone.entrypoints.oidc.routes import OidcRoutes
from safezone.entrypoints.overview_routes import OverviewRoutes
from safezone.entrypoints.pacing import Allowance
from safezone.entrypoints.people.account_routes import InvitationRoutes, OwnAccountRoutes
from safezone.entrypoints.people.guesses import AmongSeveral, HereAlone
from safezone.entrypoints.people.passkey_routes import PasskeyRoutes
from safezone.entrypoints.people.people_routes import PeopleRoutes, SessionsRoutes
from safezone.entrypoints.people.session_routes import SessionRoutes
from safezone.entrypoints.people.signing_in import SigningIn
from safezone.entrypoints.region_routes import RegionRoutes
from safezone.entrypoints.settings_routes import SettingsRoutes
from safezone.entrypoints.setup_routes import SetupRoutes
from safezone.entrypoints.tracker_routes import TrackerRoutes
from safezone.entrypoints.who import Doorman
from safezone.entrypoints.worker_scripts import get_worker_script
from safezone.incidents.report_routes import HandoverRoutes, RefusedMessageRoutes, ReportRoutes
from safezone.incidents.retention_routes import HoldRoutes, RetentionRoutes
from safezone.incidents.routes import IncidentRoutes
from safezone.incidents.surroundings import Surroundings

WEB_DIST: Final = Path(__file__).parent.parent / "web_dist"
AS_THEY_COME: Final = ["/api/v1/live", "/api/v1/estate/import", "/api/v1/zone/layers/", "/map/"]
"""Answers whose lines are sent one by one as they come, or that are small already: nothing gathers them up to pack them."""
PACKED: Final = 5
"""How hard answers are packed (1 to 9): 9 takes four times as long in the loop that serves everybody, for 10 % less."""
BAD_SIGN_INS_PER_S: Final = 0.5
BAD_SIGN_INS_AT_ONCE: Final = 30
"""Attempts to sign in with a token that nobody has, from one address. A good token is never held up by them."""
PAGES: Final = ("/", "/enter", "/console", "/setup", "/office", "/office/{section:str}")


_ROUTES: Final[list[Any]] = [
    SessionRoutes,
    SetupRoutes,
    OverviewRoutes,
    RegionRoutes,
    InvitationRoutes,
    OwnAccountRoutes,
    PeopleRoutes,
    SessionsRoutes,
    OidcRoutes,
    LeavingRoutes,
    PasskeyRoutes,
    ConsoleRoutes,
    IncidentRoutes,
    ReportRoutes,
    HandoverRoutes,
    RefusedMessageRoutes,
    HoldRoutes,
    RetentionRoutes,
    AdminRoutes,
    CredentialRoutes,
    DeviceRoutes,
    TrackerRoutes,
    HealthRoutes,
    AccessRoutes,
    SettingsRoutes,
    AuditRoutes,
    PurposeRoutes,
    NoticeRoutes,
]
"""Every controller of the program but those that the domains bring."""


def create_app(
    desk: Desk,
    hub: LiveHub,
    surroundings: Surroundings,
    roads: Roads,
    more_routes: Sequence[Any],
    state: Any,
    access: AccessLog,
    more_dependencies: Mapping[str, Provide],
    device_use: DeviceUse,
) -> Litestar:
    """The ASGI application; `more_routes` are those of the other domains, with what they are given; `state` is /readyz's."""
    doorman = Doorman(desk.authenticator, desk.station, device_use.note)
    attempts = AmongSeveral(desk) if state.is_one_of_several else HereAlone()
    dependencies = {
        "identity": Provide(doorman.identity_of),
        "desk": _always(desk),
        "surroundings": _always(surroundings),
        "roads": _always(roads),
        "node_state": _always(state),
        "database": _always(desk.database),
        "access_folder": _always(access.folder),
        "signing_in": _always(SigningIn(desk, attempts)),
        "provider": _always(Provider(desk.settings.oidc, desk.clock) if desk.settings.oidc.issuer else None),
        "bad_sign_ins": _always(Allowance(BAD_SIGN_INS_PER_S, BAD_SIGN_INS_AT_ONCE)),
    }
    dependencies |= more_dependencies
    routes: list[Any] = [*_ROUTES, live_route(hub, doorman), *more_routes, *pages(PAGES, _page_in_language)]
    return Litestar(
        routes,
        dependencies=dependencies,
        exception_handlers={
            Refused: problems.on_refused,
            Unavailable: problems.on_unavailable,
            WrongValue: problems.on_wrong_value,
            HTTPException: problems.on_http_error,
            Exception: problems.on_broken,
        },
        signature_namespace={
            "Identity": Identity,
            "Desk": Desk,
            "Surroundings": Surroundings,
            "Roads": Roads,
            "Allowance": Allowance,
            "SigningIn": SigningIn,
            "Path": Path,
        },
        before_send=[add_headers, access.on_send],
        request_max_body_size=desk.settings.web.max_body_mib * 1024 * 1024 + 1024,
        compression_config=CompressionConfig(
            backend="gzip", gzip_compress_level=PACKED, exclude=AS_THEY_COME, minimum_size=2048
        ),
        openapi_config=openapi_config(),
        logging_config=None,
    )


def _always(value: Any) -> Provide:
    """A dependency that is the same for every request."""
    return Provide(lambda: value, sync_to_thread=False, use_cache=True)


def pages(paths: Sequence[str], shown: Callable[..., Any] | None = None) -> list[Any]:
    """The built web face at these paths; without it (a source checkout) the pages say how to build it."""
    there = (WEB_DIST / "index.html").exists()
    page = get(list(paths), include_in_schema=False)((shown or _page) if there else _not_built)
    if not there:
        return [page]
    assets = create_static_files_router(
        path="/assets",
        directories=[WEB_DIST / "assets"],
        cache_control=CacheControlHeader(max_age=31_536_000, immutable=True, public=True),
        include_in_schema=False,
    )
    # The page that founds a station has neither a feed nor a map.
    return [assets, page] if shown is None else [assets, get_worker_script, page]


async def _page() -> File:
    return File(
        WEB_DIST / "index.html",
        media_type=MediaType.HTML,
        content_disposition_type="inline",
        headers=PAGE_HEADERS,
    )


async def _page_in_language(desk: NamedDependency[Desk], request: Request[Any, Any, Any]) -> File:
    """The page, told in which language to begin where nobody has chosen one; a script reads it, so it is no secret."""
    try:
        language = (await desk.settings_now()).screens.language
    except SQLAlchemyError:
        # The page must come even then: it says what is wrong.
        language = desk.settings.screens.language
    page = await _page()
    page.headers.update(page_headers(desk.settings.map.origins))
    page.set_cookie(
        Cookie("safezone_lang", language, samesite="strict", secure=request.url.scheme == "https")
    )
    return page


async def _not_built() -> Response[str]:
    text = "หน้าเว็บยังไม่ได้สร้าง: ใช้คำสั่ง make web\nThe web face is not built: run make web\n"
    return Response(text, status_code=503, media_type="text/plain; charset=utf-8")
