"""The roads to the provider and back: what travels in a cookie, and to which of our pages a browser is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import Cookie

PATH: Final = "/api/v1/session/oidc"
WAY: Final = "safezone_oidc"


def carried(name: str, sealed: str, lifetime: timedelta, request: Request[Any, Any, Any]) -> Cookie:
    """A cookie for the way. Lax: it must come along when the provider sends the browser back."""
    return Cookie(
        name,
        value=sealed,
        path=PATH,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        max_age=int(lifetime.total_seconds()),
    )


def to_our_page(how: str) -> Response[None]:
    """To our own page, which says how it ended; never to an address that came with the request."""
    where = f"/enter#oidc={quote(how)}" if how else "/enter"
    response: Response[None] = Response(None, status_code=302, headers={"Location": where})
    response.delete_cookie(WAY, path=PATH)
    return response
