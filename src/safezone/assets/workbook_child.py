"""Reads one workbook in a process of its own, which may use so much memory and time and no more.

    python -m safezone.assets.workbook_child < list.xlsx

A stray cell at the far end of a sheet makes the reader ask for hundreds of gibibytes, and it ends the whole program when
it does not get them: here it ends nothing but itself. What comes out is `Book`.
"""

from __future__ import annotations

import io
import resource
import sys
from datetime import datetime
from typing import Any, Final

import msgspec

from safezone.core.limits import limit_cpu, limit_memory

MOST_MEMORY: Final = 2 * 1024 * 1024 * 1024
MOST_CPU_S: Final = 40
MOST_ROWS: Final = 60_000
MOST_COLUMNS: Final = 200
MOST_SHEETS: Final = 20


class Sheet(msgspec.Struct, frozen=True):
    """One sheet that a person sees; a cell that is merged downwards stands in each of its rows."""

    name: str
    rows: list[list[str]]
    height: int


class Book(msgspec.Struct, frozen=True):
    """The sheets of a workbook, and how many are hidden."""

    sheets: list[Sheet]
    hidden: int = 0
    fault: str = ""
    """Why there is nothing: `locked`, or the name of what went wrong."""


def main() -> int:
    """The workbook as JSON; 0 whatever it was like."""
    limit_memory(MOST_MEMORY)
    limit_cpu(MOST_CPU_S)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(msgspec.json.encode(_read(sys.stdin.buffer.read())))
    return 0


def _read(raw: bytes) -> Book:
    from python_calamine import (  # noqa: PLC0415 - only this process needs it
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(raw)) as book:
            of_cells = [each for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
            seen = [each.name for each in of_cells if each.visible == SheetVisibleEnum.Visible]
            sheets = [_sheet(book.get_sheet_by_name(name)) for name in seen[:MOST_SHEETS]]
            return Book(sheets, len(of_cells) - len(seen))
    except PasswordError:
        return Book([], fault="locked")
    except (CalamineError, ValueError, IndexError, OSError) as problem:
        return Book([], fault=type(problem).__name__)


def _sheet(sheet: Any) -> Sheet:
    if sheet.total_height > MOST_ROWS or sheet.total_width > MOST_COLUMNS:
        return Sheet(sheet.name, [], max(sheet.total_height, sheet.total_width))
    rows = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if left == right:
            for row in rows[top + 1 : bottom + 1]:
                row[left] = rows[top][left]
    return Sheet(sheet.name, rows, len(rows))


def _text(cell: Any) -> str:
    """A cell as a person would have typed it: no `.0` behind a whole number, a day without its midnight."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell)


if __name__ == "__main__":
    sys.exit(main())
