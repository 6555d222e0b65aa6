"""GeoJSON, also the older kind that names its coordinate system in `crs`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from safezone.zone.findings import Findings
from safezone.zone.imports.reading import MOST_FEATURES, Corners, Feature, Read, not_of, too_much
from safezone.zone.sheets import BOM_UTF8, decode_text, encoding_in

NAME: Final = "GeoJSON"
SUFFIXES: Final = (".geojson", ".json")
SORTS: Final = {
    "Polygon": "area", "MultiPolygon": "area", "LineString": "line", "MultiLineString": "line", "Point": "point",
    "MultiPoint": "point",
}  # fmt: skip


def read(path: Path, findings: Findings) -> Read:
    """Everything in the file, a feature collection, a feature or a bare geometry."""
    content, encoding = _decoded(path.read_bytes(), path.name, findings)
    features = _features_of(content)
    if len(features) > MOST_FEATURES:
        raise too_much("features", MOST_FEATURES)
    corners, read_features = Corners(), []
    for number, each in enumerate(features, start=1):
        read_features += _read_feature(number, each, corners, path.name, findings)
    return Read(read_features, _crs_of(content), encoding, [path.name])


def _decoded(raw: bytes, file: str, findings: Findings) -> tuple[Any, str]:
    """What the JSON says, in whatever encoding it is written, and in which."""
    encoding = encoding_in(raw)
    try:
        if encoding == "utf-8":
            return msgspec.json.decode(raw.removeprefix(BOM_UTF8)), encoding
        text = decode_text(raw, file, findings)
        if text is None:
            raise not_of(NAME, findings.problems.pop().words.en)
        return msgspec.json.decode(text), encoding
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise not_of(NAME, problem) from None


def _features_of(content: Any) -> list[Any]:
    if isinstance(content, dict):
        if isinstance(features := content.get("features"), list):
            return features
        if content.get("type") == "Feature":
            return [content]
        if content.get("type") in (*SORTS, "GeometryCollection"):
            return [{"type": "Feature", "properties": {}, "geometry": content}]
    raise not_of(NAME, "FeatureCollection?")


def _read_feature(number: int, raw: Any, corners: Corners, file: str, findings: Findings) -> list[Feature]:
    feature = raw if isinstance(raw, dict) else {}
    properties = feature.get("properties")
    said = dict(properties) if isinstance(properties, dict) else {}
    if "id" in feature:
        said.setdefault("id", feature["id"])
    geometry = feature.get("geometry")
    if geometry is None:
        findings.notice(file, "no_geometry", number)
        return []
    sort = geometry.get("type") if isinstance(geometry, dict) else None
    if sort == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        parts = [{**feature, "geometry": part} for part in geometry["geometries"][:100]]
        plain = [each for each in parts if not _is_collection(each["geometry"])]
        return [each for part in plain for each in _read_feature(number, part, corners, file, findings)]
    if sort not in SORTS:
        findings.problem(file, "wrong_geometry", number, value=str(sort)[:40], limit=", ".join(SORTS))
        return []
    try:
        return [
            Feature(number, SORTS[sort], shape, said)  # type: ignore[arg-type]
            for shape in shapes_of(sort, geometry.get("coordinates"), corners)
        ]
    except (TypeError, ValueError, LookupError, OverflowError):
        findings.problem(file, "bad_coordinates", number)
        return []


def _is_collection(geometry: Any) -> bool:
    return isinstance(geometry, dict) and geometry.get("type") == "GeometryCollection"


def shapes_of(sort: str, raw: Any, corners: Corners) -> list[Any]:
    """The shapes in the coordinates of a geometry: one area, or each line or point. TypeError when they are none."""
    match sort:
        case "Polygon":
            return [[_polygon(raw, corners)]]
        case "MultiPolygon":
            return [_some([_polygon(polygon, corners) for polygon in raw])]
        case "LineString":
            return [_line(raw, corners)]
        case "MultiLineString":
            return [_line(line, corners) for line in raw]
        case "Point":
            return _line([raw], corners)
        case _:
            return _line(raw, corners)


def _polygon(raw: Any, corners: Corners) -> list[list[tuple[float, float]]]:
    return _some([_line(ring, corners) for ring in raw])


def _some(parts: list[Any]) -> list[Any]:
    """An area without a part is none."""
    if not parts:
        raise TypeError
    return parts


def _line(raw: Any, corners: Corners) -> list[tuple[float, float]]:
    if not isinstance(raw, list) or not raw:
        raise TypeError
    corners.take(len(raw))
    line = []
    for each in raw:
        if isinstance(each[0], bool | str) or isinstance(each[1], bool | str):
            raise TypeError
        line.append((float(each[0]), float(each[1])))
    return line


def _crs_of(content: dict[str, Any]) -> str | None:
    crs = content.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return name if isinstance(name, str) else None
