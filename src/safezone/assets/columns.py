"""The cells of a list of equipment: what may stand in each, as Thai offices write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from safezone.assets.kinds import KINDS
from safezone.assets.rules_lifecycle import STATES
from safezone.core.i18n import BUDDHIST_ERA_OFFSET_YEARS, Words
from safezone.zone.spots import THAI_DIGITS

MONTHS: Final = (
    "ม.ค.",
    "ก.พ.",
    "มี.ค.",
    "เม.ย.",
    "พ.ค.",
    "มิ.ย.",
    "ก.ค.",
    "ส.ค.",
    "ก.ย.",
    "ต.ค.",
    "พ.ย.",
    "ธ.ค.",
)
_FULL_MONTHS: Final = (
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
    "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
)  # fmt: skip
_ENGLISH_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY: Final = re.compile(
    r"(?P<d>\d{1,2})\s*[/ .-]?\s*(?P<m>(?<=[/ .-])\d{1,2}|[ก-๙.]+|[A-Za-z]{3,9}\.?)\s*[/ ,.-]?\s*(?P<y>\d{4}|\d{2})"
)
_ISO: Final = re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:[T ].*)?")
_SERIAL: Final = re.compile(r"[34567]\d{4}")
"""Days since the end of 1899, as a spreadsheet counts them: of 1982 to 2119."""
_FIRST_SERIAL: Final = date(1899, 12, 30)
_TWO_DIGITS_BUDDHIST_FROM: Final = 43
"""15/1/67 is of 2567; 15/1/30 can only be of 2030."""
_NOTHING: Final = ("-", "–", "—", "--", "n/a", "N/A", "ไม่มี", "ไม่ระบุ")
_BREAK: Final = re.compile(r"\s*[\r\n\t\x0b\x0c\xa0\u2028\u2029]\s*")
_UNSEEN: Final = re.compile(r"[\u200b\u200c\u200d\u2060\ufeff\xad]")
BUDDHIST_FROM: Final = 2400
"""A year from here on is one of the Buddhist era: no machine is bought in the 25th century, nor is one under warranty."""


def kind_of(value: str) -> str | None:
    """The kind, by its id or its name in either language."""
    bare = value.strip().casefold()
    for kind in KINDS.values():
        if bare in (kind.id, kind.name.th.casefold(), kind.name.en.casefold()):
            return kind.id
    return None


def lifecycle_of(value: str) -> str | None:
    """The state, by its word in the code or on the screens."""
    bare = value.strip().casefold()
    for state, words in STATES.items():
        if bare in (state, words.th.removesuffix("แล้ว"), words.th, words.en):
            return state
    return None


def day_of(value: str) -> date | None:
    """A day as Thai offices write it: 31/12/2569, 31 ธ.ค. 2569, 2569-12-31, or the same in the common era."""
    found = _day_in(value)
    return None if found is None or len(found["y"]) == 2 else _date(found, int(found["y"]))


def guessed_day_of(value: str) -> date | None:
    """A day that only a person can confirm: a year of two digits (15/1/67), or a spreadsheet's own number of a day."""
    found = _day_in(value)
    if found is not None and len(found["y"]) == 2:
        year = int(found["y"])
        return _date(found, year + (2500 if year >= _TWO_DIGITS_BUDDHIST_FROM else 2000))
    serial = value.translate(THAI_DIGITS).strip()
    return _FIRST_SERIAL + timedelta(days=int(serial)) if _SERIAL.fullmatch(serial) else None


def day_words(day: date) -> Words:
    """A day as it is shown to be confirmed."""
    year = day.year + BUDDHIST_ERA_OFFSET_YEARS
    return Words(th=f"{day.day} {MONTHS[day.month - 1]} {year}", en=f"{day.day} {day:%b} {day.year}")


def _day_in(value: str) -> re.Match[str] | None:
    text = value.translate(THAI_DIGITS).replace("พ.ศ.", " ").replace("ค.ศ.", " ").replace("วันที่", " ").strip()
    return _ISO.fullmatch(text) or _DAY.fullmatch(text)


def _date(found: re.Match[str], year: int) -> date | None:
    if year >= BUDDHIST_FROM:
        year -= BUDDHIST_ERA_OFFSET_YEARS
    try:
        return date(year, _month(found["m"]), int(found["d"]))
    except ValueError:
        return None


def _month(said: str) -> int:
    if said.isdigit():
        return int(said)
    bare = said.replace(".", "")
    for names in (MONTHS, _FULL_MONTHS):
        for number, name in enumerate(names, start=1):
            if name.replace(".", "") == bare:
                return number
    return next((n for n, name in enumerate(_ENGLISH_MONTHS, start=1) if bare.lower().startswith(name)), 0)


def satang_of(value: str) -> int | None:
    """An amount in baht, such as 1,250,000.50 or ฿1,500.-, in satang; None when it is none."""
    text = value.translate(THAI_DIGITS).replace(",", "").replace("฿", "").strip()
    for after in ("ถ้วน", "บาท", ".-", ".–", "thb"):
        text = text.removesuffix(after).strip()
    try:
        satang = Decimal(text) * 100
        # A spreadsheet's sum of 0.1 and 0.2 is 0.30000000000000004: less than a thousandth of a satang is nothing.
        whole = round(satang)
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return whole if abs(satang - whole) < Decimal("0.001") and 0 <= whole <= 10**15 else None


def year_of(value: str) -> int | None:
    """A fiscal year in the Buddhist era; one of the common era is made one."""
    text = value.translate(THAI_DIGITS).strip()
    if not re.fullmatch(r"\d{4}", text):
        return None
    year = int(text)
    year = year if year >= BUDDHIST_FROM else year + BUDDHIST_ERA_OFFSET_YEARS
    return year if 2400 <= year <= 2700 else None


def plain(value: str) -> str:
    """A cell that no spreadsheet runs: what begins like a formula gets an apostrophe before it."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def unplain(value: str) -> str:
    """As it was before `plain`."""
    return value[1:] if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@") else value


def named_cells(cells: Sequence[str], at: Mapping[str, int]) -> dict[str, str]:
    """The cells of a row by our names; a line break is a space, what nobody sees is not there, and a dash is nothing."""
    return {column: _tidy(cells[place]) for column, place in at.items() if place < len(cells)}


def _tidy(cell: str) -> str:
    text = _BREAK.sub(" ", _UNSEEN.sub("", cell)).strip()
    return "" if text in _NOTHING else text
