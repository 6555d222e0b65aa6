"""What a browser carries for us from one request to the next: sealed by the station's master key, good for minutes.

Nothing is kept for it here, so a flood of beginnings fills no memory, and any process of the station can go on.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from safezone.core.desk import Desk
from safezone.core.errors import Unavailable
from safezone.core.keyring import Keyring

T = TypeVar("T")
LONGEST: Final = 4096
_LEAST_BYTES: Final = 64
"""What the ring has sealed is longer than this; a shorter thing could be a plain key to it."""


class _Ticket(msgspec.Struct, frozen=True):
    until: datetime
    station: str
    what: msgspec.Raw


def seal(desk: Desk, purpose: str, what: Any, lifetime: timedelta) -> str:
    """The ticket as text for a cookie."""
    ticket = _Ticket(desk.clock.now() + lifetime, desk.station, msgspec.Raw(msgspec.json.encode(what)))
    raw = msgspec.json.encode(ticket).ljust(_LEAST_BYTES)
    return base64.urlsafe_b64encode(_ring(desk).wrap(f"ticket:{purpose}", raw)).decode()


def unseal(desk: Desk, purpose: str, text: str, what: type[T], longest: int = LONGEST) -> T | None:
    """What a ticket of this purpose says; None when it is none, or its time is over."""
    if len(text) > longest:
        return None
    try:
        stored = base64.urlsafe_b64decode(text)
    except (binascii.Error, ValueError):
        return None
    raw = _ring(desk).unwrap(f"ticket:{purpose}", stored) if len(stored) > _LEAST_BYTES else None
    if raw is None:
        return None
    ticket = msgspec.json.decode(raw, type=_Ticket)
    if ticket.station != desk.station or ticket.until <= desk.clock.now():
        return None
    return msgspec.json.decode(ticket.what, type=what)


def _ring(desk: Desk) -> Keyring:
    if desk.database.keyring is None:
        raise Unavailable("there is no master key")
    return desk.database.keyring
