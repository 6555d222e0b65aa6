"""KML and KMZ, as Google Earth writes them: always degrees, WGS 84."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from safezone.core.i18n import Words
from safezone.zone.findings import Findings
from safezone.zone.imports import archive
from safezone.zone.imports.reading import (
    MOST_FEATURES,
    CannotReadError,
    Corners,
    Feature,
    Read,
    not_of,
    too_much,
)
from safezone.zone.sheets import decode_text, encoding_in

NAME: Final = "KML"
SUFFIXES: Final = (".kml", ".kmz")
_SAYS: Final = re.compile(r"""(<\?xml[^>]*encoding=["'])[^"']*(["'])""")
_AFTER_COMMA: Final = re.compile(r"\s*,\s*")


def read(path: Path, findings: Findings) -> Read:
    """Every placemark with a place; XML that defines entities or reaches outside is refused."""
    raw = path.read_bytes()
    if path.name.lower().endswith(".kmz") or raw[:2] == b"PK":
        found = archive.unfold(path, (".kml",))
        if not found:
            raise not_of(NAME, "doc.kml?")
        raw = found.get("doc.kml") or next(iter(found.values()))
    text, encoding = _decoded(raw, path.name, findings)
    features = list(_placemarks(text, path.name, findings))
    if not features and b"NetworkLink" in raw:
        raise CannotReadError(
            Words(
                th="ไฟล์นี้มีเพียงลิงก์ไปยังแผนที่ออนไลน์: ใน My Maps เลือก “ส่งออกเป็น KML” โดยไม่เลือก “ซิงก์กับข้อมูล” แล้วส่งใหม่",
                en="This only links to a map on the internet: export it from My Maps to KML without “keep data up to date”.",
            )
        )
    return Read(features, "EPSG:4326", encoding, [path.name])


def _decoded(raw: bytes, file: str, findings: Findings) -> tuple[bytes, str]:
    """The XML in UTF-8, whatever it says of itself: one in Windows-874 often says UTF-8, or names it in its own way."""
    encoding = encoding_in(raw)
    if encoding == "utf-8":
        return raw, encoding
    text = decode_text(raw, file, findings)
    if text is None:
        raise not_of(NAME, findings.problems.pop().words.en)
    return _SAYS.sub(r"\1UTF-8\2", text, count=1).encode(), encoding


def _placemarks(raw: bytes, file: str, findings: Findings) -> Iterator[Feature]:
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - only the process that reads a file needs it
    from defusedxml.ElementTree import ParseError, iterparse  # noqa: PLC0415 - as above

    number, corners = 0, Corners()
    try:
        for _, element in iterparse(io.BytesIO(raw), forbid_dtd=True):
            if _tag(element) != "Placemark":
                continue
            number += 1
            if number > MOST_FEATURES:
                raise too_much("features", MOST_FEATURES)
            yield from _placemark(number, element, corners, file, findings)
            element.clear()
    except CannotReadError:
        raise
    except (ParseError, DefusedXmlException, ValueError, LookupError) as problem:
        raise not_of(NAME, f"{type(problem).__name__}: {problem}") from problem


def _placemark(
    number: int, element: Any, corners: Corners, file: str, findings: Findings
) -> Iterator[Feature]:
    try:
        shapes = [shape for part in element.iter() for shape in _shape(part, corners)]
    except ValueError:
        findings.problem(file, "bad_coordinates", number)
        return
    if not shapes:
        findings.notice(file, "no_geometry", number)
    said = _said(element)
    areas = [shape for sort, shape in shapes if sort == "area"]
    if areas:
        yield Feature(number, "area", areas, said)
    for sort, shape in shapes:
        if sort != "area":
            yield Feature(number, sort, shape, said)


def _tag(element: Any) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _shape(element: Any, corners: Corners) -> Iterator[tuple[Any, Any]]:
    match _tag(element):
        case "Polygon":
            rings = [_line(each, corners) for each in element.iter() if _tag(each) == "LinearRing"]
            if rings:
                yield "area", rings
        case "LineString":
            yield "line", _line(element, corners)
        case "Point":
            yield "point", _line(element, corners)[0]
        case _:
            return


def _line(element: Any, corners: Corners) -> list[tuple[float, float]]:
    text = next((each.text or "" for each in element.iter() if _tag(each) == "coordinates"), "")
    # Who writes it by hand puts a space behind the comma.
    parts = _AFTER_COMMA.sub(",", text).split()
    if not parts:
        raise ValueError("coordinates?")
    corners.take(len(parts))
    line = []
    for each in parts:
        lon, lat = each.split(",")[:2]
        line.append((float(lon), float(lat)))
    return line


def _said(element: Any) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for each in element.iter():
        tag, text = _tag(each), (each.text or "").strip()
        if tag == "name" and "name" not in said:
            said["name"] = text
        elif tag == "SimpleData":
            said[each.get("name", "")] = text
        elif tag == "Data":
            value = next((v.text for v in each if _tag(v) == "value"), "")
            said[each.get("name", "")] = (value or "").strip()
    return said
