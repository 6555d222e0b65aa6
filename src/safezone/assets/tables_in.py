"""A list of equipment as it comes: CSV in any encoding that Thai offices use, or an Excel workbook; only its cells.

A workbook is a zip file. It is unpacked here under limits before anybody looks into it, so a small file that unfolds
without end is refused, and the program that reads workbooks never sees it.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from safezone.zone.findings import Findings
from safezone.zone.sheets import MAX_ROWS, decode_text

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 128 * 1024 * 1024
MAX_MEMBERS: Final = 2_000
MAX_COLUMNS: Final = 200
_ZIP: Final = b"PK\x03\x04"

Cells = list[str]


def read_cells(raw: bytes, name: str, findings: Findings) -> list[Cells]:
    """The rows of the table, the header first, every cell as text; empty with a problem when it is no table."""
    if len(raw) > MAX_FILE_BYTES:
        findings.problem(name, "file_too_large", value=_mib(len(raw)), limit=_mib(MAX_FILE_BYTES))
        return []
    rows = _workbook(raw, name, findings) if raw.startswith(_ZIP) else _csv(raw, name, findings)
    if not any(any(cell.strip() for cell in row) for row in rows):
        if not findings.problems:
            findings.problem(name, "nothing_in_it")
        return []
    if len(rows) - 1 > MAX_ROWS:
        findings.problem(name, "too_many", value=len(rows) - 1, limit=MAX_ROWS)
        return []
    return rows


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.0f} MiB"


def _csv(raw: bytes, name: str, findings: Findings) -> list[Cells]:
    text = decode_text(raw, name, findings)
    if text is None:
        return []
    header_line = text.split("\n", 1)[0]
    separator = max(",;\t", key=header_line.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as problem:
        findings.problem(name, "not_csv", value=problem)
        return []


def _workbook(raw: bytes, name: str, findings: Findings) -> list[Cells]:
    # Loaded when a workbook comes: a station's start does not wait for it.
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - see above

    unpacked = _repacked(raw)
    if unpacked is None:
        findings.problem(name, "unfolds_too_far", limit=_mib(MAX_UNPACKED_BYTES))
        return []
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(unpacked)) as book:
            sheet = book.get_sheet_by_index(0)
            if sheet.width > MAX_COLUMNS or sheet.height > MAX_ROWS + 1:
                findings.problem(name, "too_many", value=sheet.height, limit=MAX_ROWS)
                return []
            return [[_text(cell) for cell in row] for row in sheet.to_python()]
    except (CalamineError, ValueError, IndexError, OSError) as problem:
        findings.problem(name, "not_workbook", value=type(problem).__name__)
        return []


def _repacked(raw: bytes) -> bytes | None:
    """The same workbook, every member unpacked here by what comes out and not by what it claims; None when too much does."""
    out = io.BytesIO()
    room = MAX_UNPACKED_BYTES
    try:
        with (
            zipfile.ZipFile(io.BytesIO(raw)) as packed,
            zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as plain,
        ):
            if len(packed.infolist()) > MAX_MEMBERS:
                return None
            for member in packed.infolist():
                content = b"".join(_pieces(packed, member, room))
                room -= len(content)
                if room <= 0:
                    return None
                plain.writestr(member.filename, content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        return raw
    return out.getvalue()


def _pieces(packed: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> Iterator[bytes]:
    with packed.open(member) as stream:
        while room > 0 and (piece := stream.read(1 << 20)):
            room -= len(piece)
            yield piece


def _text(cell: Any) -> str:
    """A cell as a person would have typed it: no `.0` behind a whole number, a day without its midnight."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return str(cell)
