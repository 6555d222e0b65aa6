"""The first page of all: a program without a station, where whoever holds the link founds one in the browser.

No file is edited for it. It answers on the socket that the station will have, and lets it go to the station: what a
browser asks in between waits for a second and is answered by the station.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import socket
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
import uvicorn
from litestar import Litestar, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.params import JSONBody
from litestar.response import Redirect

from safezone import __version__
from safezone.assets.station_set import AssetSet, StationSet
from safezone.core.errors import Invalid, NotSignedIn, Refused
from safezone.core.geo import Point, check_point
from safezone.core.i18n import Words
from safezone.core.settings import Settings
from safezone.entrypoints import problems
from safezone.entrypoints.admin_routes import Alive
from safezone.entrypoints.connections import guarded
from safezone.entrypoints.gate import address_key, too_many
from safezone.entrypoints.headers import add_headers
from safezone.entrypoints.http import BAD_SIGN_INS_AT_ONCE, BAD_SIGN_INS_PER_S, pages
from safezone.entrypoints.pacing import Allowance
from safezone.entrypoints.setting_up import NOT_SAID, NewStation
from safezone.entrypoints.tls import Certificate, named_address
from safezone.events.zone import SelectionCriteria
from safezone.zone.station_set import STATION_ID, ZoneSet

logger = logging.getLogger("safezone.founding")

LARGEST_BODY: Final = 16_384
METRES_PER_DEGREE: Final = 111_320.0
"""Of latitude, and of longitude at the equator: near enough for a square that somebody draws anew."""

Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FoundingBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The station to found, around a place in degrees (WGS 84). `token` is the one in the link that was printed."""

    token: Annotated[str, msgspec.Meta(max_length=200)]
    station_id: Annotated[str, msgspec.Meta(pattern=f"^{STATION_ID.pattern}$")]
    name_th: Sentence
    name_en: Sentence
    lon: float
    lat: float
    side_m: Annotated[int, msgspec.Meta(ge=100, le=5000)] = 600
    """Side of the square with which the zone begins, until somebody draws it."""
    drill: bool = False
    """Nothing of this station is real: it is labelled everywhere and counted nowhere."""


class Founded(msgspec.Struct, frozen=True):
    """The station is there; the link lets its first administrator in, once, within 24 hours."""

    station: str
    enter: str


class Waiting(msgspec.Struct, frozen=True):
    """There is no station yet."""

    state: str = "no_station"


Make = Callable[[StationSet], NewStation]
"""Creates the station of a set; refuses with words what cannot be one."""


def square_around(middle: Point, side_m: float) -> list[tuple[float, float]]:
    """A closed ring, against the clock, of a square of that side (metres) with its sides to the four winds."""
    up = side_m / 2 / METRES_PER_DEGREE
    across = up / max(0.01, math.cos(math.radians(middle.lat)))
    west, east, south, north = middle.lon - across, middle.lon + across, middle.lat - up, middle.lat + up
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def set_of(body: FoundingBody) -> StationSet:
    """The station set of what was filled in: a square for a zone, and nothing in it. Invalid for no place on earth."""
    middle = check_point(Point(body.lon, body.lat))
    if abs(middle.lat) > 80:
        raise Invalid(
            "place_out_of_range",
            Words(th="พิกัดนี้อยู่ใกล้ขั้วโลกเกินไป", en="This place is too near a pole."),
            field="lat",
        )
    th, en = body.name_th.strip(), body.name_en.strip()
    if not th or not en:
        raise Invalid(
            "empty_name", Words(th="กรุณากรอกชื่อสถานี", en="Give the station a name."), field="name_th"
        )
    zone = ZoneSet(
        station_id=body.station_id,
        name=Words(th=th, en=en),
        synthetic=body.drill,
        note=None,
        zone_name=Words(th=f"พื้นที่ปลอดภัย {th} (ร่าง)", en=f"Safety zone of {en} (draft)"),
        criteria=SelectionCriteria(NOT_SAID, NOT_SAID, NOT_SAID),
        population=None,
        boundary=[[square_around(middle, body.side_m)]],
        communities=[],
        places=[],
        streets=[],
        waters=[],
    )
    return StationSet(zone, AssetSet(), [], [])


@get("/api/v1/founding", sync_to_thread=False)
def _waiting() -> Waiting:
    """There is no station yet."""
    return Waiting()


@get(["/livez", "/healthz"], sync_to_thread=False)
def _alive() -> Alive:
    """The process answers: whoever watches it must not end it because nobody has founded a station yet."""
    return Alive("ok", __version__)


@get("/readyz", sync_to_thread=False)
def _not_ready() -> Response[dict[str, Any]]:
    """No press can arrive yet; said in the form in which a station says how its parts are."""
    part: dict[str, Any] = {"state": "down", "since_at": None, "reason": NO_STATION, "figures": {}}
    said = {"status": "down", "version": __version__, "degraded": ["station"], "parts": {"station": part}}
    return Response(said, status_code=503)


@get(["/", "/enter", "/console", "/office"], include_in_schema=False, sync_to_thread=False)
def _to_the_page() -> Redirect:
    return Redirect("/setup", status_code=302)


@post("/api/v1/founding")
async def _found(
    data: JSONBody[FoundingBody], request: Request[Any, Any, Any], founding: NamedDependency[Founding]
) -> Founded:
    """The station exists; this page has done its work."""
    return await founding.found(data, request.client.host if request.client else "")


class Founding:
    """Serves the page until a station was founded with it."""

    def __init__(self, settings: Settings, make: Make, certificate: Certificate | None = None) -> None:
        self.token = secrets.token_urlsafe(24)
        self.new: NewStation | None = None
        self._settings = settings
        self._make = make
        self._certificate = certificate
        self._bad_tokens = Allowance(BAD_SIGN_INS_PER_S, BAD_SIGN_INS_AT_ONCE)
        self._one_at_a_time = asyncio.Lock()
        self._server: uvicorn.Server | None = None

    async def found(self, body: FoundingBody, address: str) -> Founded:
        """The station of this form; NotSignedIn for somebody who does not hold the link."""
        if not secrets.compare_digest(body.token.encode(), self.token.encode()):
            wait_s = self._bad_tokens.take(address_key(address))
            raise too_many(wait_s) if wait_s else NotSignedIn("bad_token", BAD_LINK)
        read = set_of(body)
        async with self._one_at_a_time:
            if self.new is None:
                self.new = await asyncio.to_thread(self._make, read)
                logger.info("station %s was founded in the browser", self.new.station)
        if self._server is not None:
            # What is being answered is answered first: uvicorn waits for it.
            self._server.should_exit = True
        return Founded(self.new.station, f"/enter#token={self.new.admin_token}")

    def app(self) -> Litestar:
        """The page, its files, and the one thing that can be asked here."""
        return Litestar(
            [_waiting, _found, _alive, _not_ready, _to_the_page, *pages(("/setup",))],
            dependencies={"founding": Provide(lambda: self, sync_to_thread=False, use_cache=True)},
            signature_namespace={"Founding": Founding},
            exception_handlers={
                Refused: problems.on_refused,
                HTTPException: problems.on_http_error,
                Exception: problems.on_broken,
            },
            before_send=[add_headers],
            request_max_body_size=LARGEST_BODY,
            openapi_config=None,
            logging_config=None,
        )

    async def run(self, web: socket.socket) -> NewStation | None:
        """The station that was founded, or None when the program was told to stop before that."""
        certificate = self._certificate
        config = uvicorn.Config(
            self.app(),
            ssl_context_factory=None if certificate is None else lambda *_: certificate.context,
            loop="none",
            http=guarded(self._settings.web.waiting_connections),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
        self._server = uvicorn.Server(config)
        host, port = web.getsockname()[:2]
        scheme = "http" if certificate is None else "https"
        shown = f"[{host}]" if ":" in host else host
        address = named_address(self._settings, port) or f"{scheme}://{shown}:{port}"
        print(
            "ยังไม่มีสถานีในโฟลเดอร์นี้ เปิดลิงก์นี้ในเบราว์เซอร์เพื่อตั้งสถานี / there is no station here yet: "
            f"open this link in a browser to found one:\n  {address}/setup#token={self.token}",
            flush=True,
        )
        # uvicorn closes what it was given; the station goes on with the socket itself.
        if certificate is not None:
            certificate.start()
        await self._server.serve(sockets=[web.dup()])
        if certificate is not None:
            await certificate.stop()
        return self.new


BAD_LINK: Final = Words(
    th="ลิงก์นี้ใช้ไม่ได้: ใช้ลิงก์ล่าสุดที่พิมพ์ออกมาในหน้าต่างที่เริ่มโปรแกรม",
    en="This link is not valid: use the newest one printed where the program was started.",
)

NO_STATION: Final = Words(
    th="ยังไม่มีสถานี: เปิดลิงก์ที่พิมพ์ออกมาในหน้าต่างที่เริ่มโปรแกรมเพื่อตั้งสถานี",
    en="There is no station yet: open the link that was printed where the program was started.",
)
