"""Where a list of equipment begins: which line is its heading, also below a title or in two lines, and what it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "code": ("code", "รหัส", "รหัสอุปกรณ์", "รหัสกล้อง", "รหัสเสา", "หมายเลขอุปกรณ์", "หมายเลขกล้อง", "camera_id", "device_id", "id"),
    "kind": ("kind", "ชนิด", "ชนิดอุปกรณ์", "ประเภท", "ประเภทอุปกรณ์"),
    "name_th": (
        "name_th", "nameth", "ชื่อ", "ชื่อไทย", "ชื่ออุปกรณ์", "ชื่อกล้อง", "ชื่อจุด", "ชื่อจุดติดตั้ง", "รายการ", "name", "สถานที่ติดตั้ง",
        "จุดที่ติดตั้ง", "สถานที่", "ที่ตั้ง", "location",
    ),
    "name_en": ("name_en", "nameen", "ชื่ออังกฤษ", "ชื่อภาษาอังกฤษ"),
    "lon": ("lon", "lng", "long", "longitude", "ลองจิจูด", "ลองติจูด", "ลองจิจูต", "easting", "utm_e", "พิกัด_x", "x", "e"),
    "lat": ("lat", "latitude", "ละติจูด", "ละติจุด", "แลตติจูด", "northing", "utm_n", "พิกัด_y", "y", "n"),
    "site": ("site", "site_id", "จุดติดตั้ง", "รหัสจุดติดตั้ง"),
    "lifecycle": ("lifecycle", "สถานะ"),
    "owner": ("owner", "owner_id", "เจ้าของ", "หน่วยงานเจ้าของ", "หน่วยงาน"),
    "mou": ("mou", "mou_id", "บันทึกข้อตกลง"),
    "legal_basis": ("legal_basis", "ฐานทางกฎหมาย"),
    "model": ("model", "รุ่น", "ยี่ห้อ/รุ่น", "ยี่ห้อรุ่น"),
    "cost_baht": ("cost_baht", "cost", "ราคา", "ราคาต่อหน่วย", "มูลค่า"),
    "budget_line": ("budget_line", "แหล่งงบประมาณ", "งบประมาณ"),
    "fiscal_year": ("fiscal_year", "ปีงบประมาณ"),
    "warranty_until": ("warranty_until", "ประกันถึง", "วันหมดประกัน", "สิ้นสุดประกัน", "สิ้นสุดการรับประกัน"),
}  # fmt: skip
"""Each column, and under which headings it is known; of several that are there the first is read."""
READ_ONLY: Final[dict[str, tuple[str, ...]]] = {
    "place": ("พิกัด", "ค่าพิกัด", "พิกัด_gps", "พิกัดจีพีเอส", "coordinates", "coordinate", "gps", "lat,long", "lat,lon",
              "lat,lng", "latlong", "google_map", "google_maps", "ลิงก์แผนที่", "ลิงค์แผนที่"),
}  # fmt: skip
"""Columns that are read and never written: what they say goes out in others."""
WITHIN: Final = 30
"""A heading stands within so many lines from the top."""
MOST_LINES: Final = 3
_IN_BRACKETS: Final = re.compile(r"\(([^)]*)\)")


class Heading(msgspec.Struct, frozen=True):
    """The heading of a list: the line (from 1) at which it ends, what stands in it, and which of it is which of ours."""

    line: int
    names: list[str]
    at: dict[str, int]


def heading_of(rows: Sequence[Sequence[str]]) -> Heading:
    """The heading: the line that names most of our columns, with the lines under it that name more; else the first."""
    known = [_known(row) for row in rows[:WITHIN]]
    best = max(range(len(known)), key=lambda n: (len(known[n]), -n), default=0)
    if not known or not known[best]:
        best = next((n for n, row in enumerate(rows) if any(cell.strip() for cell in row)), 0)
        return Heading(best + 1, list(rows[best]) if rows else [], {})
    # The line above may have named more than that: two lines share a heading when each knows what the other does not.
    first = best - 1 if best and known[best - 1] and not known[best - 1] <= known[best] else best
    names, last = list(rows[first]), first
    while last + 1 < len(known) and last + 1 - first < MOST_LINES and _goes_on(names, rows[last + 1]):
        last += 1
        names = _under(names, rows[last])
    return Heading(last + 1, names, places_of(names))


def places_of(names: Sequence[str]) -> dict[str, int]:
    """Which column of the table is which of ours."""
    named: dict[str, int] = {}
    for place, name in reversed(list(enumerate(names))):
        named |= dict.fromkeys(_bare(name), place)
    found: dict[str, int] = {}
    for column, headings in (COLUMNS | READ_ONLY).items():
        at = next((named[each] for each in headings if each in named), None)
        if at is not None and at not in found.values():
            found[column] = at
    return found


def _known(row: Sequence[str]) -> set[str]:
    return set(places_of(row))


def _goes_on(names: Sequence[str], below: Sequence[str]) -> bool:
    """Whether the line below is heading still: it names what is not named yet, or the same in the other language.

    What has a code is a thing of the list and never a heading, whatever else stands in its line.
    """
    known = _known(below)
    at = places_of(names).get("code")
    code = "" if at is None or at >= len(below) else below[at]
    if code.strip() and "code" not in _known([code]):
        return False
    return bool(known) and (len(known) > 1 or not known <= _known(names))


def _under(names: Sequence[str], below: Sequence[str]) -> list[str]:
    """Of two lines in each column what is known, the lower one before the upper."""
    joined = []
    for at in range(max(len(names), len(below))):
        upper, lower = names[at] if at < len(names) else "", below[at] if at < len(below) else ""
        joined.append(lower if lower.strip() and (_known([lower]) or not _known([upper])) else upper)
    return joined


def _bare(heading: str) -> list[str]:
    """How a heading may be known: as it stands, without what is in brackets, and by that alone."""
    text = " ".join(heading.lower().split()).strip(" *:.")
    ways = [text, _IN_BRACKETS.sub(" ", text), *_IN_BRACKETS.findall(text)]
    return ["_".join(way.split()).strip("_.:*") for way in ways if way.strip()]
