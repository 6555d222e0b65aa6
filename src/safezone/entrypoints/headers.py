"""What every answer says about how a browser may use it."""

from __future__ import annotations

from typing import Final

from litestar.types import Message, Scope

_NOTHING_OF_THE_DEVICE: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer",
        "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb",
    )
)  # fmt: skip
PAGE_HEADERS: Final = {
    # Our own files and nothing else: no inline script or style, nothing from elsewhere, in nobody's frame. Scripts
    # may still set an element's style, which is how the map and the screens place things.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; "
    "connect-src 'self'; font-src 'self'; img-src 'self' data: blob:; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": _NOTHING_OF_THE_DEVICE,
    # Neither who opened the page nor what it opens can reach into it.
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def page_headers(map_origins: str = "") -> dict[str, str]:
    """The headers of a page; with the hosts of an online map, if one is set, allowed for the map and nothing else."""
    if not map_origins:
        return PAGE_HEADERS
    policy = PAGE_HEADERS["Content-Security-Policy"]
    policy = policy.replace("connect-src 'self'", f"connect-src 'self' {map_origins}")
    policy = policy.replace("img-src 'self'", f"img-src 'self' {map_origins}")
    return {**PAGE_HEADERS, "Content-Security-Policy": policy}


_EVERYWHERE: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    # Names, telephone numbers and places: no browser or proxy keeps them unless the answer itself says that it may.
    (b"cache-control", b"no-store"),
)
_NO_PAGE: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
"""A year. A browser that was here by TLS once does not come without it again, not even by a link that says http."""


async def add_headers(message: Message, scope: Scope) -> None:
    """Every answer, refusals too, says how it may be used; what the answer says itself is left as it is."""
    if message["type"] != "http.response.start":
        return
    said = list(message.get("headers", ()))
    names = {name.lower() for name, _ in said}
    said += [header for header in _EVERYWHERE if header[0] not in names]
    # What a page takes up is bound by the page's policy; a worker is not, and its script brings its own (worker_scripts.py).
    if _NO_PAGE[0] not in names and not scope["path"].startswith("/assets/"):
        said.append(_NO_PAGE)
    if scope["scheme"] == "https":
        said.append(_HSTS)
    message["headers"] = said
