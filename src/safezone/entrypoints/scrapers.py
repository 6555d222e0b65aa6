"""Who may read the metrics: this machine, or who has the token of the settings."""

from __future__ import annotations

import hmac
import ipaddress
from pathlib import Path
from typing import Any, Final

from litestar import Request

from safezone.core.errors import NotAllowed
from safezone.core.i18n import Words
from safezone.core.settings import Metrics

_FORWARDED: Final = ("x-forwarded-for", "forwarded", "x-real-ip")


def check_scraper(settings: Metrics, request: Request[Any, Any, Any]) -> None:
    """Returns when whoever asks may read the metrics; NotAllowed otherwise."""
    if settings.access == "loopback" and _is_here(request):
        return
    if settings.access == "token" and _has_token(settings, request):
        return
    raise NotAllowed("not_for_you", _NOT_FOR_YOU)


def _is_here(request: Request[Any, Any, Any]) -> bool:
    """From this machine. What came through a proxy here is from somewhere else, whatever its address says."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _has_token(settings: Metrics, request: Request[Any, Any, Any]) -> bool:
    """Read at each request, so that it can be changed without a restart; an empty or unreadable file lets nobody in."""
    try:
        token = Path(settings.token_file).read_bytes().strip()
    except OSError:
        return False
    said = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return bool(token) and hmac.compare_digest(said.encode(), token)


_NOT_FOR_YOU: Final = Words(
    th="อ่านค่าสถิติได้เฉพาะจากเครื่องนี้ หรือด้วยโทเคนที่ตั้งไว้ใน [metrics]",
    en="The metrics are read from this machine alone, or with the token that [metrics] names.",
)
