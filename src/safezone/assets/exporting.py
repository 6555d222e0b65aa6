"""The register as a list that goes out: CSV or Excel, with the very columns that can be read in again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

from safezone.assets.columns import plain
from safezone.assets.headings import COLUMNS
from safezone.assets.register import facts_of
from safezone.events.assets import AssetFacts

HEADINGS: Final = tuple(COLUMNS)
CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(rows: Iterable[Any]) -> bytes:
    """The rows of the register as CSV, with the mark by which Excel knows UTF-8; no cell is a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    writer.writerows([plain(cell) for cell in cells] for cells in _cells(rows))
    return out.getvalue().encode("utf-8-sig")


def as_workbook(rows: Iterable[Any]) -> bytes:
    """The rows of the register as an Excel workbook; every cell is text, so that no code loses its zeros."""
    # Loaded when somebody wants one: a station's start does not wait for it.
    from xlsxwriter import Workbook  # noqa: PLC0415 - see above

    out = io.BytesIO()
    book = Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("assets")
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, len(HEADINGS) - 1, 16)
    sheet.set_column(2, 3, 32)
    for column, heading in enumerate(HEADINGS):
        sheet.write_string(0, column, heading, bold)
    for number, cells in enumerate(_cells(rows), start=1):
        for column, cell in enumerate(cells):
            if cell:
                sheet.write_string(number, column, plain(cell))
    book.close()
    return out.getvalue()


def _cells(rows: Iterable[Any]) -> Iterator[list[str]]:
    for row in rows:
        facts = facts_of(row)
        named = _named(facts)
        yield [named.get(heading, "") for heading in HEADINGS]


def _named(facts: AssetFacts) -> dict[str, str]:
    point, satang = facts.point, facts.cost_satang
    return {
        "code": facts.code,
        "kind": facts.kind,
        "name_th": facts.name.th,
        "name_en": facts.name.en,
        "lon": "" if point is None else repr(point.lon),
        "lat": "" if point is None else repr(point.lat),
        "site": facts.site_id or "",
        "lifecycle": facts.lifecycle,
        "owner": facts.owner_id or "",
        "mou": facts.mou_id or "",
        "legal_basis": facts.legal_basis or "",
        "model": facts.model or "",
        "cost_baht": "" if satang is None else f"{satang // 100}.{satang % 100:02d}",
        "budget_line": facts.budget_line or "",
        "fiscal_year": "" if facts.fiscal_year is None else str(facts.fiscal_year),
        "warranty_until": "" if facts.warranty_until is None else facts.warranty_until.isoformat(),
    }
