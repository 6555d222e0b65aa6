"""The roads to the provider and back: what travels in a cookie, and to which of our pages a browser is sent."""

from __future__ import annotations

import secrets
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


def to_provider(where: str, cookie: Cookie) -> Response[None]:
    """Off to the provider, with what this browser must have when it comes back."""
    response: Response[None] = Response(None, status_code=302, headers={"Location": where})
    response.set_cookie(cookie)
    return response


def brings_back(request: Request[Any, Any, Any], state: str) -> bool:
    """Whether the provider has sent the very `state` back that it was given with this browser."""
    said = request.query_params.get("state", "")
    return secrets.compare_digest(state.encode(), said.encode())


def to_our_page(how: str) -> Response[None]:
    """To our own page, which says how it ended; never to an address that came with the request."""
    where = f"/enter#oidc={quote(how)}" if how else "/enter"
    response: Response[None] = Response(None, status_code=302, headers={"Location": where})
    response.delete_cookie(WAY, path=PATH)
    return response
