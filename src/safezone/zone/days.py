"""Days as people at a station write them: ISO 8601 or day/month/year, of the Christian or the Buddhist era."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from safezone.core.i18n import BUDDHIST_ERA_OFFSET_YEARS, THAI_TIME

BUDDHIST_FROM: Final = 2400
"""A year from here on is one of the Buddhist era (it would be A.D. 1857)."""
_YEAR_FIRST: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def day_of(text: str) -> date:
    """The day; 2569-11-20, 2026-11-20, 20/11/2569 and ๒๐/๑๑/๒๕๖๙ are the same one. ValueError when it is none."""
    # int() reads the digits of every script, and \d matches them.
    text = text.strip()
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, found.groups())
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, found.groups())
    else:
        raise ValueError(text)
    return date(year - BUDDHIST_ERA_OFFSET_YEARS if year >= BUDDHIST_FROM else year, month, day)


def end_of(day: date) -> datetime:
    """The moment (aware UTC) at which the day is over in Thailand."""
    return datetime.combine(day + timedelta(days=1), time(), THAI_TIME).astimezone(UTC)


def thai_day(at: datetime) -> date:
    """Which day it is in Thailand at this moment."""
    return at.astimezone(THAI_TIME).date()
