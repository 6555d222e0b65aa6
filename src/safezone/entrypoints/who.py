"""Finds out who is at the door: a bearer token, a browser session, or somebody from the public."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from litestar import Request

from safezone.core.authenticator import Authenticator
from safezone.core.credentials import DEVICE_ID
from safezone.core.errors import NotAllowed
from safezone.core.i18n import Words
from safezone.core.identity import Identity, public
from safezone.entrypoints.remembered import remember_identity

COOKIE: Final = "safezone_session"
BROWSER_HEADER: Final = b"x-safezone"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")


class Doorman:
    """Knows the identity behind a request's headers."""

    def __init__(
        self,
        authenticator: Authenticator,
        station: str,
        on_device: Callable[[Identity], None] = lambda _identity: None,
    ) -> None:
        """`on_device` is told of every device that comes in."""
        self._authenticator = authenticator
        self._station = station
        self._on_device = on_device

    def token_in(self, headers: dict[bytes, bytes]) -> str | None:
        """The token that a request carries, or None."""
        return _bearer_in(headers) or _cookie_in(headers.get(b"cookie", b""))

    def identify(self, headers: dict[bytes, bytes]) -> Identity:
        """Who sent these headers; NotSignedIn for a bearer token that is not good (any more).

        A browser session that has ended makes its owner one of the public: who is told to sign in where that takes
        somebody known, and may still report an emergency.
        """
        bearer = _bearer_in(headers)
        if bearer is not None:
            return self._authenticator.get(bearer)
        session = _cookie_in(headers.get(b"cookie", b""))
        known = None if session is None else self._authenticator.find(session)
        return known or public(self._station)

    def remembered(self, headers: dict[bytes, bytes]) -> str | None:
        """The credential behind these headers, where it was good a moment ago; asks no database."""
        token = self.token_in(headers)
        return None if token is None else self._authenticator.remembered(token)

    async def identity_of(self, request: Request[Any, Any, Any]) -> Identity:
        """Who sent the request; NotAllowed for a change by cookie that did not come from our own page (CSRF)."""
        headers = dict(request.scope["headers"])
        identity = self.identify(headers)
        remember_identity(request.scope, identity)
        if identity.role in DEVICE_ID:
            self._on_device(identity)
        by_cookie = identity.role != "public" and _bearer_in(headers) is None
        if by_cookie and request.method not in _SAFE and BROWSER_HEADER not in headers:
            raise NotAllowed(
                "not_from_our_page",
                Words(
                    th="คำขอนี้ไม่ได้มาจากหน้าจอของระบบ (ไม่มีส่วนหัว X-Safezone): เปิดหน้าเว็บของสถานีแล้วทำใหม่",
                    en="This request did not come from our own page (the header X-Safezone is missing): use the station's page.",
                ),
            )
        return identity


def _bearer_in(headers: dict[bytes, bytes]) -> str | None:
    said = headers.get(b"authorization", b"")
    return said[7:].strip().decode("ascii", "replace") if said[:7].lower() == b"bearer " else None


def _cookie_in(header: bytes) -> str | None:
    if COOKIE.encode() not in header:
        return None
    try:
        morsel = SimpleCookie(header.decode("ascii", "replace")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None
