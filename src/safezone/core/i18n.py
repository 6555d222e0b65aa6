"""Words that a person reads, in Thai and in English, and dates as Thai people write them."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

THAI_TIME: Final = ZoneInfo("Asia/Bangkok")
BUDDHIST_ERA_OFFSET_YEARS: Final = 543


class Words(msgspec.Struct, frozen=True):
    """One thing said twice: in Thai and in English."""

    th: str
    en: str

    def __str__(self) -> str:
        return f"{self.th} / {self.en}"


def buddhist_year(at: datetime) -> int:
    """The Buddhist-era year of a moment, by the calendar in Thailand."""
    return at.astimezone(THAI_TIME).year + BUDDHIST_ERA_OFFSET_YEARS
