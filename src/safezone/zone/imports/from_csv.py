"""A table of places: any of the separators and encodings that spreadsheets write, with columns of coordinates."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from safezone.core.i18n import Words
from safezone.zone.findings import Findings
from safezone.zone.imports.reading import MOST_FEATURES, CannotReadError, Feature, Read, not_of, too_much
from safezone.zone.sheets import decode_text, encoding_in, separator_of
from safezone.zone.spots import is_short_address, number_of, pair_of

NAME: Final = "CSV"
SUFFIXES: Final = (".csv", ".txt")
EAST: Final = ("lon", "lng", "long", "longitude", "ลองจิจูด", "ลองติจูด", "x", "easting", "utm_e", "east", "e")
NORTH: Final = ("lat", "latitude", "ละติจูด", "ละติจุด", "y", "northing", "utm_n", "north", "n")
BOTH: Final = (
    "พิกัด",
    "ค่าพิกัด",
    "coordinates",
    "coordinate",
    "gps",
    "lat,long",
    "lat,lon",
    "latlong",
    "google map",
    "google maps",
)
WITHIN: Final = 30
"""A heading stands within so many lines from the top."""


def read(path: Path, findings: Findings) -> Read:
    """One point for each row that has coordinates."""
    raw = path.read_bytes()
    text = decode_text(raw, path.name, findings)
    if text is None:
        raise CannotReadError(findings.problems[-1].words)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text), strict=True))
    except csv.Error as problem:
        raise not_of(NAME, problem) from problem
    if len(rows) > MOST_FEATURES:
        raise too_much("features", MOST_FEATURES)
    line, header, columns = _heading(rows)
    features: list[Feature] = []
    for number, cells in enumerate(rows[line:], start=line + 1):
        if any(cell.strip() for cell in cells):
            named = dict(zip(header, map(str.strip, cells), strict=False))
            features += _row(number, named, columns, path, findings)
    return Read(features, None, encoding_in(raw), [path.name])


def _heading(rows: list[list[str]]) -> tuple[int, list[str], list[str]]:
    """The line at which the heading ends, what stands in it, and the columns of coordinates: two, or one for both."""
    for number, cells in enumerate(rows[:WITHIN], start=1):
        header = [" ".join(name.split()).lower() for name in cells]
        bare = {name.partition("(")[0].strip(): name for name in reversed(header)} | {
            name: name for name in header
        }
        east, north, both = (
            next((bare[each] for each in names if each in bare), None) for names in (EAST, NORTH, BOTH)
        )
        if east is not None and north is not None:
            return number, header, [east, north]
        if both is not None:
            return number, header, [both]
    found = ", ".join(next((row for row in rows if any(cell.strip() for cell in row)), []))[:120]
    raise CannotReadError(
        Words(
            th=f"ไม่พบคอลัมน์พิกัด (ละติจูด/ลองจิจูด, lat/lon, E/N หรือ พิกัด) ในหัวตาราง: {found}",
            en=f"There is no column of coordinates (lat/lon, E/N or coordinates) in the heading: {found}",
        )
    )


def _row(
    number: int, cells: dict[str, str], columns: list[str], path: Path, findings: Findings
) -> list[Feature]:
    said = {key: value for key, value in cells.items() if key not in columns}
    if not any(cells.get(column) for column in columns) and sum(map(bool, said.values())) <= 1:
        findings.notice(
            path.name, "row_left_out", number, value=next(iter(filter(None, said.values())), "")[:60]
        )
        return []
    if len(columns) == 1:
        text = cells.get(columns[0], "")
        place = pair_of(text)
        if place is None:
            code = "short_address" if is_short_address(text) else "not_a_place" if text else "empty"
            findings.problem(path.name, code, number, columns[0], value=text[:60])
            return []
        return [Feature(number, "point", place, said)]
    values = []
    for column in columns:
        text = cells.get(column, "")
        value = number_of(text)
        if value is None:
            findings.problem(path.name, "not_a_number" if text else "empty", number, column, value=text[:40])
            return []
        values.append(value)
    return [Feature(number, "point", (values[0], values[1]), said)]
