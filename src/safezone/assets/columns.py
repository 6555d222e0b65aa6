"""The columns of a list of equipment: what each may be called, and what may stand in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from safezone.assets.kinds import KINDS
from safezone.assets.rules_lifecycle import STATES
from safezone.core.i18n import BUDDHIST_ERA_OFFSET_YEARS

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "code": ("code", "รหัส", "id"),
    "kind": ("kind", "ชนิด"),
    "name_th": ("name_th", "nameth", "ชื่อ", "name"),
    "name_en": ("name_en", "nameen", "ชื่ออังกฤษ"),
    "lon": ("lon", "lng", "long", "longitude", "ลองจิจูด"),
    "lat": ("lat", "latitude", "ละติจูด"),
    "site": ("site", "site_id", "จุดติดตั้ง"),
    "lifecycle": ("lifecycle", "สถานะ"),
    "owner": ("owner", "owner_id", "เจ้าของ"),
    "mou": ("mou", "mou_id", "บันทึกข้อตกลง"),
    "legal_basis": ("legal_basis", "ฐานทางกฎหมาย"),
    "model": ("model", "รุ่น"),
    "cost_baht": ("cost_baht", "cost", "ราคา"),
    "budget_line": ("budget_line", "แหล่งงบประมาณ"),
    "fiscal_year": ("fiscal_year", "ปีงบประมาณ"),
    "warranty_until": ("warranty_until", "ประกันถึง"),
}
"""Each column, and under which headings it is known; of several that are there the first is read."""

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
_DAY: Final = re.compile(r"(?P<d>\d{1,2})\s*[/ .-]\s*(?P<m>\d{1,2}|[ก-๙.]+)\s*[/ .-]?\s*(?P<y>\d{4})")
_ISO: Final = re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:[T ].*)?")
_THAI_DIGITS: Final = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
BUDDHIST_FROM: Final = 2400
"""A year from here on is one of the Buddhist era: no machine is bought in the 25th century, nor is one under warranty."""


def places_of(header: Sequence[str]) -> dict[str, int]:
    """Which column of the table is which of ours."""
    named = {_bare(name): at for at, name in reversed(list(enumerate(header)))}
    found = {}
    for column, headings in COLUMNS.items():
        at = next((named[heading] for heading in headings if heading in named), None)
        if at is not None:
            found[column] = at
    return found


def _bare(heading: str) -> str:
    return heading.strip().lower().replace(" ", "_")


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
    text = value.translate(_THAI_DIGITS).strip()
    found = _ISO.fullmatch(text) or _DAY.fullmatch(text)
    if found is None:
        return None
    year, month = int(found["y"]), _month(found["m"])
    if year >= BUDDHIST_FROM:
        year -= BUDDHIST_ERA_OFFSET_YEARS
    try:
        return date(year, month, int(found["d"]))
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
    return 0


def satang_of(value: str) -> int | None:
    """An amount in baht, such as 1,250,000.50, in satang; None when it is none."""
    text = value.translate(_THAI_DIGITS).replace(",", "").removesuffix("บาท").strip()
    try:
        satang = Decimal(text) * 100
        whole = int(satang)
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return whole if satang == whole and 0 <= whole <= 10**15 else None


def year_of(value: str) -> int | None:
    """A fiscal year in the Buddhist era; one of the common era is made one."""
    text = value.translate(_THAI_DIGITS).strip()
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
    """The cells of a row by our names, without space around them."""
    return {column: cells[place].strip() for column, place in at.items() if place < len(cells)}
