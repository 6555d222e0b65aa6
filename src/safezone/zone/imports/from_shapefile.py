"""A shapefile in a zip: .shp with .dbf, and if they are there .prj (coordinate system) and .cpg (encoding)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from safezone.core.i18n import BUDDHIST_ERA_OFFSET_YEARS, Words
from safezone.zone.days import BUDDHIST_FROM
from safezone.zone.findings import Findings
from safezone.zone.imports import archive
from safezone.zone.imports.from_geojson import SORTS, shapes_of
from safezone.zone.imports.reading import (
    MOST_FEATURES,
    CannotReadError,
    Corners,
    Feature,
    Read,
    not_of,
    too_much,
)

NAME: Final = "Shapefile"
SUFFIXES: Final = (".zip", ".shp")
_ENCODINGS: Final = {"utf-8": "utf-8", "utf8": "utf-8", "65001": "utf-8"}
_THAI: Final = ("874", "620", "11")
"""Parts of the many names of TIS-620 and Windows-874 (also ISO 8859-11)."""


def read(path: Path, findings: Findings) -> Read:
    """Every layer in the archive, one behind the other; they must be in one coordinate system."""
    if not path.name.lower().endswith(".zip"):
        raise CannotReadError(
            Words(
                th="ไฟล์ .shp อย่างเดียวไม่พอ: รวม .shp .dbf .shx .prj เป็น zip เดียวแล้วส่งใหม่",
                en="A .shp alone is not enough: put .shp, .dbf, .shx and .prj into one zip and send that.",
            )
        )
    files = archive.unfold(path, (".shp", ".dbf", ".shx", ".prj", ".cpg"))
    layers = {name[:-4]: name for name in files if name.lower().endswith(".shp")}
    if not layers:
        raise not_of(NAME, ".shp?")
    lower = {name.lower(): content for name, content in files.items()}
    features: list[Feature] = []
    systems: set[str | None] = set()
    encoding, corners = "utf-8", Corners()
    for stem in layers:
        part = {
            suffix: lower.get(f"{stem.lower()}.{suffix}") for suffix in ("shp", "dbf", "shx", "prj", "cpg")
        }
        prj = part["prj"]
        systems.add(None if prj is None else prj.decode("utf-8", "replace").strip() or None)
        encoding = encoding_of(part["dbf"] or b"", part["cpg"])
        features += _layer(stem, part, encoding, len(features), corners, findings)
    if len(systems) > 1:
        raise CannotReadError(
            Words(
                th="ชั้นข้อมูลใน zip ใช้ระบบพิกัดต่างกัน: ส่งทีละชั้น",
                en="The layers in the zip have different coordinate systems: send them one by one.",
            )
        )
    return Read(features, systems.pop(), encoding, sorted(layers.values()))


def encoding_of(table: bytes, said: bytes | None) -> str:
    """How the texts of a .dbf are written: what .cpg says if that is true, else UTF-8 if it can be, else Windows-874."""
    name = (said or b"").decode("ascii", "ignore").strip().lower()
    wanted = _ENCODINGS.get(name) or ("cp874" if any(each in name for each in _THAI) else None)
    head = int.from_bytes(table[8:10], "little")
    for each in dict.fromkeys(filter(None, (wanted, "utf-8", "cp874"))):
        try:
            table[head:].decode(each)
        except UnicodeDecodeError:
            continue
        return each
    return "latin-1"


def _layer(
    name: str,
    part: dict[str, bytes | None],
    encoding: str,
    before: int,
    corners: Corners,
    findings: Findings,
) -> Iterator[Feature]:
    import shapefile  # noqa: PLC0415 - only the process that reads a file needs it

    opened = {key: io.BytesIO(content) for key in ("shp", "dbf", "shx") if (content := part[key]) is not None}
    try:
        reader = shapefile.Reader(**opened, encoding=encoding, encodingErrors="replace")
        if len(reader) > MOST_FEATURES:
            raise too_much("features", MOST_FEATURES)
        for n, shape in enumerate(reader.iterShapes()):
            number = before + n + 1
            if not shape.points:
                findings.notice(f"{name}.shp", "no_geometry", number)
                continue
            geometry: Any = shape.__geo_interface__
            said = _properties(reader, n) if "dbf" in opened else {}
            plain = _lists(geometry["coordinates"])
            for each in shapes_of(geometry["type"], plain, corners):
                yield Feature(number, SORTS[geometry["type"]], each, said)  # type: ignore[arg-type]
    except CannotReadError:
        raise
    except Exception as problem:
        raise not_of(NAME, f"{name}.shp: {problem}") from problem


def _properties(reader: Any, n: int) -> dict[str, Any]:
    return {key: _plain(value) for key, value in reader.record(n).as_dict().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        year = value.year - BUDDHIST_ERA_OFFSET_YEARS if value.year >= BUDDHIST_FROM else value.year
        return f"{year:04d}-{value.month:02d}-{value.day:02d}"
    return value.strip() if isinstance(value, str) else value


def _lists(coordinates: Any) -> Any:
    if coordinates and isinstance(coordinates[0], int | float):
        return list(coordinates)
    return [_lists(each) for each in coordinates]
