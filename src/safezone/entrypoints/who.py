"""Finds out who is at the door: a bearer token, a browser session, or somebody from the public."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from litestar import Request

from safezone.core.auth import Authenticator
from safezone.core.errors import NotAllowed
from safezone.core.i18n import Words
from safezone.core.identity import Identity, public

COOKIE: Final = "safezone_session"
BROWSER_HEADER: Final = b"x-safezone"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")


class Doorman:
    """Knows the identity behind a request's headers."""

    def __init__(self, authenticator: Authenticator, station: str) -> None:
        self._authenticator = authenticator
        self._station = station

    def token_in(self, headers: dict[bytes, bytes]) -> str | None:
        """The token that a request carries, or None."""
        said = headers.get(b"authorization", b"")
        if said[:7].lower() == b"bearer ":
            return said[7:].strip().decode("ascii", "replace")
        return _cookie_in(headers.get(b"cookie", b""))

    def identify(self, token: str | None) -> Identity:
        """The identity of a token, the public without one; NotSignedIn for a token that is not good (any more)."""
        return public(self._station) if token is None else self._authenticator.get(token)

    async def identity_of(self, request: Request[Any, Any, Any]) -> Identity:
        """Who sent the request; NotAllowed for a change by cookie that did not come from our own page (CSRF)."""
        headers = dict(request.scope["headers"])
        by_cookie = b"authorization" not in headers and b"cookie" in headers
        identity = self.identify(self.token_in(headers))
        if by_cookie and identity.role != "public" and request.method not in _SAFE and BROWSER_HEADER not in headers:
            raise NotAllowed(
                "not_from_our_page",
                Words(
                    th="คำขอนี้ไม่ได้มาจากหน้าจอของระบบ (ไม่มีส่วนหัว X-Safezone)",
                    en="This request did not come from our own page (the header X-Safezone is missing).",
                ),
            )
        return identity


def _cookie_in(header: bytes) -> str | None:
    if COOKIE.encode() not in header:
        return None
    try:
        morsel = SimpleCookie(header.decode("ascii", "replace")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None
