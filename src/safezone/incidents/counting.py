"""How many incidents there were, of what kind and how fast somebody came: numbers for those who answer for the station.

Nothing of it is about a person: no report's words, nobody's name or place. Demonstration and drill incidents are never
among them, and one that was joined into another is counted as that one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select

from safezone.core.db import maybe_from_us, to_us
from safezone.core.errors import Invalid
from safezone.core.i18n import Words
from safezone.core.identity import Identity, Role
from safezone.incidents.tables import incident

READERS: Final[tuple[Role, ...]] = ("supervisor", "admin", "auditor", "chief", "commander")
LONGEST: Final = timedelta(days=370)


class Spread(msgspec.Struct, frozen=True):
    """How long something took in seconds: the middle and what nine of ten did not exceed, of `n` where it has happened."""

    n: int
    median_s: float | None
    p90_s: float | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The incidents that were opened from `since` to before `until`; `n` of them are counted."""

    since: datetime
    until: datetime
    n: int
    by_state: dict[str, int]
    by_kind: dict[str, int]
    by_priority: dict[str, int]
    by_outcome: dict[str, int]
    to_acknowledge: Spread
    """From the first report until somebody in the command centre took it."""
    to_dispatch: Spread
    """From the first report until a unit was sent."""
    to_scene: Spread
    """From the first report until the first unit said that it was there."""
    left_out_synthetic: int
    """Demonstration or drill: never counted."""
    left_out_joined: int
    """Joined into another incident, which is counted."""


def count_incidents(conn: Connection, identity: Identity, since: datetime, until: datetime) -> Counts:
    """What there was in a period of a year at most; for supervisors and those above them, and for the auditor."""
    identity.require(*READERS)
    if not since < until <= since + LONGEST:
        raise Invalid(
            "bad_period",
            Words(
                th=f"ช่วงเวลาต้องเริ่มก่อนสิ้นสุด และยาวไม่เกิน {LONGEST.days} วัน",
                en=f"A period begins before it ends and is {LONGEST.days} days long at most.",
            ),
            field="since",
        )
    c = incident.c
    columns = (
        c.state, c.about, c.priority, c.outcome, c.synthetic, c.merged_into, c.opened_at_us, c.acknowledged_at_us,
        c.dispatched_at_us, c.on_scene_at_us,
    )  # fmt: skip
    here = (
        (c.station == identity.station) & (c.opened_at_us >= to_us(since)) & (c.opened_at_us < to_us(until))
    )
    rows = conn.execute(select(*columns).where(here)).all()
    real = [row for row in rows if not row.synthetic]
    counted = [row for row in real if row.merged_into is None]
    return Counts(
        since=since,
        until=until,
        n=len(counted),
        by_state=dict(Counter(row.state for row in counted)),
        by_kind=dict(Counter(row.about for row in counted)),
        by_priority=dict(Counter(str(row.priority) for row in counted)),
        by_outcome=dict(Counter(row.outcome for row in counted if row.outcome)),
        to_acknowledge=_spread_of(counted, "acknowledged_at_us"),
        to_dispatch=_spread_of(counted, "dispatched_at_us"),
        to_scene=_spread_of(counted, "on_scene_at_us"),
        left_out_synthetic=len(rows) - len(real),
        left_out_joined=len(real) - len(counted),
    )


def find_newest(conn: Connection, identity: Identity) -> datetime | None:
    """When the newest incident that would be counted was opened; None while there was none."""
    identity.require(*READERS)
    c = incident.c
    real = (c.station == identity.station) & c.synthetic.is_(False) & c.merged_into.is_(None)
    return maybe_from_us(conn.execute(select(func.max(c.opened_at_us)).where(real)).scalar())


def _spread_of(rows: Iterable[Any], moment: str) -> Spread:
    reached = ((getattr(row, moment), row.opened_at_us) for row in rows)
    return spread(max(0, at - opened) / 1_000_000 for at, opened in reached if at is not None)


def spread(seconds: Iterable[float]) -> Spread:
    """The middle and the ninetieth percentile (nearest rank: a time that somebody really took); None of nothing."""
    taken = sorted(seconds)
    if not taken:
        return Spread(0, None, None)

    def rank(part: float) -> float:
        return taken[max(1, math.ceil(part * len(taken))) - 1]

    return Spread(len(taken), rank(0.5), rank(0.9))
