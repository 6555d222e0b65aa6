"""The audit taken out of the station: CSV for a spreadsheet, JSON Lines for a program, written while it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection

from safezone.core.audit import Filter
from safezone.core.credentials import require_still_good
from safezone.core.desk import Desk
from safezone.core.i18n import THAI_TIME, buddhist_year
from safezone.core.identity import Identity
from safezone.core.purpose import PURPOSES
from safezone.entrypoints.audit.timeline import AuditItem, AuditPage, Cursor, Only, read_page

AT_ONCE: Final = 1000
Format = Literal["csv", "jsonl"]
HEADINGS: Final = (
    "time_utc", "thai_time", "actor", "kind", "what_th", "what_en", "about", "called", "purpose", "case", "log_line", "address",
    "path", "status",
)  # fmt: skip


def safe_cell(text: str) -> str:
    """A cell that a spreadsheet shows and never carries out as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


def in_words(name: str) -> str:
    """`operator:#<id>` as somebody reads it who does not know what the sign stands for."""
    return name.replace("#", "บัญชีที่ลบแล้ว / erased account ", 1)


def cells_of(item: AuditItem) -> list[str]:
    """One line of the CSV, in the order of `HEADINGS`."""
    local = item.at.astimezone(THAI_TIME)
    purpose = PURPOSES[item.purpose].en if item.purpose in PURPOSES else item.purpose
    cells = [
        item.at.isoformat(),
        f"{local:%d/%m}/{buddhist_year(item.at)} {local:%H:%M:%S}",
        in_words(item.actor),
        item.kind,
        item.words.th,
        item.words.en,
        item.subject,
        in_words(item.about),
        purpose,
        item.case,
        "" if item.seq is None else str(item.seq),
        item.address,
        item.path,
        "" if item.status is None else str(item.status),
    ]
    return [safe_cell(cell) for cell in cells]


async def write_export(
    desk: Desk, identity: Identity, folder: Path, wanted: Filter, only: Only, form: Format
) -> AsyncIterator[bytes]:
    """Everything that fits, newest first, in pieces, each read in a moment of its own; it breaks off when they are put out."""
    if form == "csv":
        # The mark by which a spreadsheet knows that it is UTF-8: Thai names would be signs without sense.
        yield b"\xef\xbb\xbf" + _csv([list(HEADINGS)])
    cursor = Cursor()
    while True:
        page = await desk.ask(_piece, desk, identity, folder, wanted, only, cursor)
        if form == "csv":
            yield _csv([cells_of(item) for item in page.items])
        else:
            yield b"".join(msgspec.json.encode(item) + b"\n" for item in page.items)
        if page.next is None:
            return
        cursor = Cursor.decode(page.next)


def _piece(
    conn: Connection, desk: Desk, identity: Identity, folder: Path, wanted: Filter, only: Only, cursor: Cursor
) -> AuditPage:
    require_still_good(conn, identity, desk.clock.now())
    return read_page(conn, identity.station, folder, wanted, only, cursor, AT_ONCE)


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()
