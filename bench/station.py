"""A made-up station as large as a measurement needs: a grid of SOS points and as many units as wanted."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

LON, LAT = 104.60, 16.45
STEP_DEG = 0.0021
"""About 230 m: far enough apart that presses of two points are never taken for twins."""


Place = tuple[float, float]


def write_station(
    folder: Path, *, points: int, units: int, place_of: Callable[[int], Place] | None = None
) -> None:
    """A station set with so many SOS points and units lies in `folder`; `place_of` says where each point stands."""
    folder.mkdir(parents=True)
    side = math.ceil(math.sqrt(points))
    places = [(place_of or (lambda n: _on_grid(n, side)))(n) for n in range(points)]
    (folder / "station.toml").write_text(_TOML, "utf-8")
    east, north = (max(each) + STEP_DEG for each in zip(*places, strict=True))
    west, south = (min(each) - STEP_DEG / 2 for each in zip(*places, strict=True))
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    boundary = {
        "type": "Feature",
        "properties": {"layer": "boundary"},
        "geometry": {"type": "Polygon", "coordinates": [corners]},
    }
    (folder / "zone.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [boundary]}))
    placed = ["code", "name_th", "name_en", "lon", "lat", "owner_th", "owner_en", "lifecycle"]
    rows = [
        [
            f"p-{n:05d}",
            f"เสา {n}",
            f"Point {n}",
            f"{lon:.6f}",
            f"{lat:.6f}",
            "สถานี",
            "Station",
            "in_service",
        ]
        for n, (lon, lat) in enumerate(places)
    ]
    _write(folder / "sos_points.csv", placed, rows)
    _write(folder / "camera_sites.csv", placed, [])
    _write(
        folder / "cameras.csv",
        ["code", "site", "name_th", "name_en", "owner_th", "owner_en", "lifecycle"],
        [],
    )
    kinds = ("car", "motorcycle", "foot")
    unit_rows = [[f"u-{n:05d}", f"ตรวจ {n}", kinds[n % 3], f"สายตรวจ {n}", f"Unit {n}"] for n in range(units)]
    _write(folder / "units.csv", ["id", "call_sign", "kind", "name_th", "name_en"], unit_rows)


def _on_grid(number: int, side: int) -> Place:
    return LON + STEP_DEG * (number % side + 0.5), LAT + STEP_DEG * (number // side + 0.5)


def _write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


_TOML = """format = 1

[station]
id = "bench"
name_th = "สถานีสำหรับวัดความเร็ว"
name_en = "Station for measurements"
synthetic = true
note_th = "ข้อมูลสมมติ"
note_en = "Made up"

[zone]
name_th = "พื้นที่วัด"
name_en = "Measured zone"

[zone.selection_criteria]
risk_th = "สมมติ"
risk_en = "Made up"
landmark_th = "สมมติ"
landmark_en = "Made up"
economic_th = "สมมติ"
economic_en = "Made up"
"""
