"""When a certificate is asked for: pure decisions about times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

SOON: Final = timedelta(days=21)
"""With less than this left somebody should look, unless the whole life of the certificate is short."""
_AFTER_A_REFUSAL: Final = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4), timedelta(hours=8))
"""At most six orders on the first day and three on each further one: every authority allows more."""
_AFTER_SILENCE: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=20),
    timedelta(hours=1),
)
"""Where the authority was not reached nothing was ordered."""


class Life(msgspec.Struct, frozen=True):
    """What a certificate says of itself; times are aware UTC."""

    begins_at: datetime
    ends_at: datetime
    serial: int
    names: frozenset[str] = frozenset()
    is_self_made: bool = False

    @property
    def length(self) -> timedelta:
        """From its first moment to its last."""
        return max(self.ends_at - self.begins_at, timedelta(0))


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the last attempts."""

    failures: int = 0
    """In a row."""
    at: datetime | None = None
    """When the last attempt began."""
    reached: bool = True
    """Whether the authority answered it."""
    not_before: datetime | None = None
    """What the authority asked us to wait for."""


def renewal_of(life: Life, suggested: datetime | None = None) -> datetime:
    """When to renew: at two thirds of its life and a little later, by the serial number, so that not all stations come at
    once; or when the authority suggests it (ARI), as long as a tenth of its life is left.
    """
    share = (life.serial % 9973) / 9973
    usual = life.begins_at + life.length * (2 / 3) + life.length * (share / 24)
    latest = life.ends_at - life.length / 10
    return usual if suggested is None else min(suggested, latest)


def next_try(
    life: Life, names: frozenset[str], tried: Tried, suggested: datetime | None = None
) -> datetime | None:
    """When a certificate is to be asked for next; None: at once."""
    wanted = None if life.is_self_made or not names <= life.names else renewal_of(life, suggested)
    if not tried.failures or tried.at is None:
        return wanted
    pauses = _AFTER_A_REFUSAL if tried.reached else _AFTER_SILENCE
    again = tried.at + pauses[min(tried.failures, len(pauses)) - 1]
    return max(each for each in (wanted, again, tried.not_before) if each is not None)


def is_soon(life: Life, now: datetime) -> bool:
    """Whether it ends soon: less than three weeks, or a sixth of its life, are left."""
    return life.ends_at - now < min(SOON, life.length / 6)
