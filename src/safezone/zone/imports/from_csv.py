"""A table of places: any of the separators and encodings that spreadsheets write, with columns of coordinates."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from safezone.core.i18n import Words
from safezone.zone.findings import Findings
from safezone.zone.imports.reading import MOST_FEATURES, CannotReadError, Feature, Read, not_of, too_much
from safezone.zone.sheets import decode_text

NAME: Final = "CSV"
SUFFIXES: Final = (".csv", ".txt")
EAST: Final = ("lon", "lng", "long", "longitude", "ลองจิจูด", "x", "easting", "east", "e")
NORTH: Final = ("lat", "latitude", "ละติจูด", "y", "northing", "north", "n")


def read(path: Path, findings: Findings) -> Read:
    """One point for each row that has coordinates."""
    raw = path.read_bytes()
    text = decode_text(raw, path.name, findings)
    if text is None:
        raise CannotReadError(findings.problems[-1].words)
    header_line = text.split("\n", 1)[0]
    separator = max(",;\t", key=header_line.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        header = [name.strip().lower() for name in next(rows, [])]
        east, north = _column(header, EAST), _column(header, NORTH)
        features: list[Feature] = []
        for number, cells in enumerate(rows, start=2):
            if number > MOST_FEATURES:
                raise too_much("features", MOST_FEATURES)
            if any(cell.strip() for cell in cells):
                features += _row(
                    number,
                    dict(zip(header, map(str.strip, cells), strict=False)),
                    east,
                    north,
                    path,
                    findings,
                )
    except csv.Error as problem:
        raise not_of(NAME, problem) from problem
    return Read(features, None, _encoding(raw), [path.name])


def _encoding(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp874"
    return "utf-8"


def _column(header: list[str], names: tuple[str, ...]) -> str:
    for name in names:
        if name in header:
            return name
    raise CannotReadError(
        Words(
            th=f"ไม่พบคอลัมน์พิกัด ({names[0]}) ในหัวตาราง: {', '.join(header)[:120]}",
            en=f"There is no column of coordinates ({names[0]}) in the header: {', '.join(header)[:120]}",
        )
    )


def _row(
    number: int, cells: dict[str, str], east: str, north: str, path: Path, findings: Findings
) -> list[Feature]:
    values = []
    for column in (east, north):
        text = cells.get(column, "")
        try:
            # A comma is a decimal sign where semicolons separate; between thousands it is not taken.
            values.append(float(text.replace(",", ".")))
        except ValueError:
            findings.problem(path.name, "not_a_number" if text else "empty", number, column, value=text[:40])
            return []
    said = {key: value for key, value in cells.items() if key not in (east, north)}
    return [Feature(number, "point", (values[0], values[1]), said)]
