"""What the ways to sign in have in common: the browser's hints, our own address."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection

from safezone.core.errors import Invalid, NotAllowed
from safezone.core.i18n import Words
from safezone.core.sessions import Hint
from safezone.core.settings import Web
from safezone.entrypoints.gate import address_key, too_many
from safezone.entrypoints.pacing import Allowance
from safezone.entrypoints.people.signing_in import browser_family


def hint_of(request: Request[Any, Any, Any]) -> Hint:
    """From where somebody comes, as far as they themselves may want to know it again."""
    return Hint(caller_of(request), browser_family(request.headers.get("user-agent", "")))


def caller_of(request: Request[Any, Any, Any]) -> str:
    """The address of whoever asks."""
    return request.client.host if request.client else ""


def hold_up(allowance: Allowance, request: Request[Any, Any, Any], key: str = "") -> None:
    """TooMany when this is done too often with one key, or, without any, from one address."""
    wait_s = allowance.take(key or address_key(caller_of(request)))
    if wait_s:
        raise too_many(wait_s)


def own_address(web: Web, request: Request[Any, Any, Any]) -> str:
    """By what address this browser reaches us, without a slash at the end."""
    return web.address(f"{request.url.scheme}://{request.url.netloc}")


def from_no_other_site(connection: ASGIConnection[Any, Any, Any, Any], _handler: Any) -> None:
    """A guard of what opens a session: NotAllowed for what a form in a page of another site could send.

    Such a form can sign a browser in as somebody else, whose name is then on whatever is done there. It can send neither JSON by
    that name nor a header of ours.
    """
    if connection.scope.get("method") != "POST":
        return
    kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and "x-safezone" not in connection.headers:
        raise NotAllowed(
            "not_from_our_page",
            Words(
                th="ลงชื่อเข้าใช้ต้องส่งเป็น JSON (Content-Type: application/json): เปิดหน้าเว็บของสถานีแล้วทำใหม่",
                en="Signing in is sent as JSON (Content-Type: application/json): use the station's page.",
            ),
        )


def site_of(address: str) -> str:
    """To which site (`rp_id`) keys made at this address belong; Invalid where browsers make none."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    local = host == "localhost"
    try:
        ipaddress.ip_address(host)
        is_number = True
    except ValueError:
        is_number = False
    if is_number or not (local or parts.scheme == "https"):
        raise Invalid(
            "no_passkeys_here",
            Words(
                th=f"ที่อยู่ {address} ใช้กุญแจผ่าน (passkey) ไม่ได้: ต้องเปิดด้วยชื่อเครื่องและ https (หรือ localhost)",
                en=f"Passkeys do not work at {address}: open the station by its name and https (or as localhost).",
            ),
        )
    return host
