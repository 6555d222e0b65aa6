"""KML and KMZ, as Google Earth writes them: always degrees, WGS 84."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

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

NAME: Final = "KML"
SUFFIXES: Final = (".kml", ".kmz")


def read(path: Path, findings: Findings) -> Read:
    """Every placemark with a place; XML that defines entities or reaches outside is refused."""
    raw = path.read_bytes()
    if path.name.lower().endswith(".kmz") or raw[:2] == b"PK":
        found = archive.unfold(path, (".kml",))
        if not found:
            raise not_of(NAME, "doc.kml?")
        raw = found.get("doc.kml") or next(iter(found.values()))
    return Read(list(_placemarks(raw, path.name, findings)), "EPSG:4326", "utf-8", [path.name])


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
            shapes = [shape for part in element.iter() for shape in _shape(part, corners)]
            if not shapes:
                findings.notice(file, "no_geometry", number)
            said = _said(element)
            areas = [shape for sort, shape in shapes if sort == "area"]
            if areas:
                yield Feature(number, "area", areas, said)
            for sort, shape in shapes:
                if sort != "area":
                    yield Feature(number, sort, shape, said)
            element.clear()
    except CannotReadError:
        raise
    except (ParseError, DefusedXmlException, ValueError, LookupError) as problem:
        raise not_of(NAME, f"{type(problem).__name__}: {problem}") from problem


def _tag(element: Any) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _shape(element: Any, corners: Corners) -> Iterator[tuple[Any, Any]]:
    match _tag(element):
        case "Polygon":
            rings = [_line(each, corners) for each in element.iter() if _tag(each) == "LinearRing"]
            yield "area", rings
        case "LineString":
            yield "line", _line(element, corners)
        case "Point":
            yield "point", _line(element, corners)[0]
        case _:
            return


def _line(element: Any, corners: Corners) -> list[tuple[float, float]]:
    text = next((each.text or "" for each in element.iter() if _tag(each) == "coordinates"), "")
    parts = text.split()
    if not parts:
        raise ValueError("coordinates?")
    corners.take(len(parts))
    line = []
    for each in parts:
        lon, lat, *_ = each.split(",")
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
