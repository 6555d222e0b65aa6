"""Reading the tables that a station fills in: whatever a spreadsheet saves, with every fault told by row and column."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from safezone.core.geo import Point
from safezone.zone.findings import Findings
from safezone.zone.rules import fault_of_position, is_in_thailand

BOM_UTF8: Final = b"\xef\xbb\xbf"
MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 50_000
MAX_TEXT: Final = 200
LOOKED_AT: Final = 20_000
"""Characters from the beginning by which the separator is known."""
CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u200b\u2028\u2029\u202a-\u202e\ufeff]")


def read_text(path: Path, findings: Findings) -> str | None:
    """The text of a file in UTF-8 (with or without BOM), UTF-16 with BOM, or TIS-620/Windows-874; None with a
    problem when it is missing, too large or none of these.
    """
    if not path.is_file():
        findings.problem(path.name, "file_missing")
        return None
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        findings.problem(path.name, "file_too_large", value=_mib(size), limit=_mib(MAX_FILE_BYTES))
        return None
    return decode_text(path.read_bytes(), path.name, findings)


def decode_text(raw: bytes, name: str, findings: Findings) -> str | None:
    """As `read_text`, for bytes that are here already."""
    # Windows-874 is TIS-620 with the euro sign and quotes; Thai Excel still writes it.
    encodings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp874")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    findings.problem(name, "unreadable_text")
    return None


def encoding_in(raw: bytes) -> str:
    """Which of these it is, as it is told to a person."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp874"
    return "utf-8"


def separator_of(text: str) -> str:
    """What parts the cells: spreadsheets in Thailand and Europe also write semicolons or tabs, and a title may stand above."""
    lines = [line for line in text[:LOOKED_AT].splitlines() if line.strip()][:30]
    return max(
        ",;\t",
        key=lambda each: (
            sum(each in line for line in lines),
            sum(map(len, (line.split(each) for line in lines))),
        ),
    )


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.0f} MiB"


class Row:
    """One row of a table; asking for a cell that cannot be used notes the problem and gives a stand-in."""

    def __init__(self, file: str, number: int, cells: dict[str, str], findings: Findings) -> None:
        self.file = file
        self.number = number
        self._cells = cells
        self._findings = findings

    def problem(
        self, code: str, column: str | None = None, *, value: object = "", limit: object = ""
    ) -> None:
        """Note a problem with this row."""
        self._findings.problem(self.file, code, self.number, column, value=value, limit=limit)

    def notice(self, code: str, column: str | None = None, *, value: object = "", limit: object = "") -> None:
        """Note something worth a look in this row."""
        self._findings.notice(self.file, code, self.number, column, value=value, limit=limit)

    def has(self, column: str) -> bool:
        """Whether there is anything in the cell."""
        return bool(self._cells.get(column))

    def text(self, column: str) -> str:
        """The text of a cell that must be filled in; what a spreadsheet would run as a formula is a problem."""
        value = self._cells.get(column, "")
        if not value:
            self.problem("empty", column)
        elif len(value) > MAX_TEXT:
            self.problem("too_long", column, limit=MAX_TEXT)
        elif is_formula(value):
            self.problem("formula", column, value=value[:12])
        elif _CONTROL.search(value):
            self.problem("control_character", column)
        return value

    def code(self, column: str) -> str:
        """A code that may stand in an address and in an MQTT topic; "" with a problem when it may not."""
        value = self.text(column)
        if value and not CODE.fullmatch(value):
            self.problem("bad_code", column, value=value)
            return ""
        return value

    def one_of(self, column: str, options: Sequence[str]) -> str:
        """One of the options, in any case; the first of them with a problem when it is none."""
        value = self.text(column)
        if value.lower() in options:
            return value.lower()
        if value:
            self.problem("not_one_of", column, value=value, limit=", ".join(options))
        return options[0]

    def point(self) -> Point | None:
        """The place in the columns lon and lat; None with a problem. Outside Thailand is only a notice."""
        lon, lat = self._number("lon"), self._number("lat")
        if lon is None or lat is None:
            return None
        shown = f"{lon:g}, {lat:g}"
        fault = fault_of_position(lon, lat)
        if fault is not None:
            self.problem(fault, "lon", value=shown)
            return None
        if not is_in_thailand(lon, lat):
            self.notice("outside_thailand", "lon", value=shown)
        return Point(lon, lat)

    def _number(self, column: str) -> float | None:
        value = self._cells.get(column, "")
        if not value:
            self.problem("empty", column)
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.problem("not_a_number", column, value=value[:40])
            return None
        return number


def is_formula(value: str) -> bool:
    """Whether a spreadsheet would run this cell (CSV injection, OWASP); a lone dash is only "nothing"."""
    return value[:1] in ("=", "@", "+") or (value[:1] == "-" and len(value) > 1)


def list_rows(path: Path, required: Sequence[str], optional: Sequence[str], findings: Findings) -> list[Row]:
    """The rows of a CSV file, empty ones left out; an empty list with problems when it is no such table."""
    text = read_text(path, findings)
    return [] if text is None else list(_rows_of(text, path.name, required, optional, findings))


def _rows_of(
    text: str, file: str, required: Sequence[str], optional: Sequence[str], findings: Findings
) -> Iterator[Row]:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text), strict=True))
    except csv.Error as problem:
        findings.problem(file, "not_csv", value=problem)
        return
    header = [name.strip().lower() for name in lines[0]] if lines else []
    if len(lines) - 1 > MAX_ROWS:
        findings.problem(file, "too_many", value=len(lines) - 1, limit=MAX_ROWS)
        return
    missing = [name for name in required if name not in header]
    for name in missing:
        findings.problem(file, "column_missing", 1, name, value=", ".join(header) or "—")
    for name in header:
        if name and name not in required and name not in optional:
            findings.notice(file, "column_unknown", 1, name)
    if missing:
        return
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            findings.problem(file, "row_too_long", number, value=len(cells), limit=len(header))
            continue
        named = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        yield Row(file, number, named, findings)


class Once:
    """Notices when a code is used a second time, in whatever case and in whichever file."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def take(self, row: Row, column: str, value: str) -> bool:
        """Whether the code was free; a problem that names the first use when it was not."""
        if not value:
            return False
        key = value.casefold()
        if key in self._first:
            row.problem("duplicate", column, value=value, limit=self._first[key])
            return False
        self._first[key] = f"{row.file}:{row.number}"
        return True
