"""A list of equipment as it comes: CSV in any encoding that Thai offices use, or an Excel workbook; only its cells.

A workbook is a zip file. It is unpacked here under limits before anybody looks into it, so a small file that unfolds
without end is refused, and it is read in a process of its own (`workbook_child.py`), so that none ends the program.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from safezone.assets.headings import heading_of
from safezone.assets.workbook_child import MOST_COLUMNS, Book, Sheet
from safezone.core.i18n import Words
from safezone.zone.findings import Findings
from safezone.zone.sheets import MAX_ROWS, decode_text, separator_of

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 128 * 1024 * 1024
MAX_MEMBERS: Final = 2_000
PATIENCE_S: Final = 60
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
"""How .xls begins, and a workbook with a password."""
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
_WEB_PAGE: Final = ("<html", "<!doctype", "<table", "<?xml", "<meta", "<style")

_FAULTS: Final = {"locked": "workbook_locked", "too much": "workbook_too_much"}

Cells = list[str]


def read_cells(raw: bytes, name: str, findings: Findings) -> list[Cells]:
    """The rows of the table from the sheet's first, every cell as text; empty with a problem when it is no table."""
    if len(raw) > MAX_FILE_BYTES:
        findings.problem(name, "file_too_large", value=_mib(len(raw)), limit=_mib(MAX_FILE_BYTES))
        return []
    is_workbook = raw.startswith((_ZIP, _OLD_EXCEL))
    rows = _workbook(raw, name, findings) if is_workbook else _csv(raw, name, findings)
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
    if text[:200].lstrip().lower().startswith(_WEB_PAGE):
        findings.problem(name, "web_page")
        return []
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text), strict=True))
    except csv.Error as problem:
        findings.problem(name, "not_csv", value=problem)
        return []


def _workbook(raw: bytes, name: str, findings: Findings) -> list[Cells]:
    if raw.startswith(_OLD_EXCEL) and _LOCKED in raw:
        findings.problem(name, "workbook_locked")
        return []
    unpacked = _repacked(raw) if raw.startswith(_ZIP) else raw
    if unpacked is None:
        findings.problem(name, "unfolds_too_far", limit=_mib(MAX_UNPACKED_BYTES))
        return []
    book = _read_apart(unpacked)
    if book.fault:
        findings.problem(name, _FAULTS.get(book.fault, "not_workbook"), value=book.fault)
        return []
    return _chosen(book, name, findings)


def _read_apart(raw: bytes) -> Book:
    """The workbook as another process reads it; one that asks for too much memory or time ends that process alone."""
    asked = [sys.executable, "-m", "safezone.assets.workbook_child"]
    try:
        done = subprocess.run(asked, input=raw, capture_output=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return Book([], fault="too much")
    return msgspec.json.decode(done.stdout, type=Book) if done.returncode == 0 else Book([], fault="too much")


def _chosen(book: Book, name: str, findings: Findings) -> list[Cells]:
    """The sheet that is read: the first that has a heading of ours; what is left out is said."""
    filled = [each for each in book.sheets if each.height]
    listed = [each for each in filled if each.rows and "code" in heading_of(each.rows).at]
    if not filled:
        return []
    sheet: Sheet = (listed or filled)[0]
    if not sheet.rows:
        findings.problem(name, "sheet_too_large", value=sheet.name, limit=f"{MAX_ROWS:,} × {MOST_COLUMNS}")
    for each in filled:
        if each is not sheet:
            code = "sheet_left_out" if each in listed else "sheet_not_read"
            findings.notice(name, code, value=each.name, limit=sheet.name)
    if book.hidden:
        hidden = Words(th=f"{book.hidden} แผ่นที่ซ่อนอยู่", en=f"{book.hidden} hidden")
        findings.notice(name, "sheet_not_read", value=hidden, limit=sheet.name)
    return sheet.rows


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
