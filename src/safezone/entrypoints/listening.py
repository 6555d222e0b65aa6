"""The socket on which the web face and the API answer."""

from __future__ import annotations

import socket

from safezone.core.errors import CannotStart
from safezone.core.i18n import Words


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; CannotStart says when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: otherwise asyncio leaves Nagle's delay on, and every answer takes 40 ms.
    web = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        web.bind((host, port))
    except OSError as problem:
        web.close()
        raise CannotStart(
            Words(
                th=f"เปิดพอร์ต {host}:{port} ไม่ได้ ({problem.strerror}): ปิดโปรแกรมที่ใช้อยู่ หรือเลือกพอร์ตอื่นด้วย --port",
                en=f"Cannot listen on {host}:{port} ({problem.strerror}): "
                "end the program that uses it, or choose another port with --port.",
            )
        ) from problem
    web.listen(4096)
    web.setblocking(False)
    return web
