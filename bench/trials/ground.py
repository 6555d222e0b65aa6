"""A station made for a recording: a box of ground around its places, its units, and a way to speak to it."""

from __future__ import annotations

import csv
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bench.running import Running, running

MARGIN_DEG = 0.01
_TOML = """format = 1
[station]
id = "trial"
name_th = "สถานีสำหรับทดลอง"
name_en = "Station for trials"
synthetic = true
note_th = "เล่นซ้ำจากข้อมูลบันทึก"
note_en = "A recording played again"
[zone]
name_th = "พื้นที่ทดลอง"
name_en = "Trial zone"
[zone.selection_criteria]
risk_th = "ทดลอง"
risk_en = "Trial"
landmark_th = "ทดลอง"
landmark_en = "Trial"
economic_th = "ทดลอง"
economic_en = "Trial"
"""


class Said(NamedTuple):
    """An answer: its status and its JSON."""

    status: int
    body: Any


class Caller:
    """One connection to the station, kept, with one token."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self._token = token

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Said:
        """The answer, whatever its status."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        raw_body = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, raw_body, headers)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):
            # The station lets a connection go that was idle for 75 s; the request was not looked at.
            self._connection.close()
            self._connection.request(method, path, raw_body, headers)
            answer = self._connection.getresponse()
        raw = answer.read()
        return Said(answer.status, json.loads(raw) if raw else None)


class Ground(NamedTuple):
    """The running station with its administrator, its operator and its units."""

    at: Running
    admin: Caller
    operator: Caller
    units: dict[str, Caller]
    tokens: dict[str, str]


@contextmanager
def ground(folder: Path, places: Sequence[tuple[float, float]], units: Sequence[str]) -> Iterator[Ground]:
    """A station around these places (longitude, latitude), with these units on duty; ended afterwards."""
    write_set(folder / "set", places, units)
    with running(folder / "data", folder / "set") as at:
        admin = Caller(at.url, at.token)
        operator = Caller(at.url, _token(admin, "operator", "operator", None))
        tokens = {unit: _token(admin, "unit", unit, unit) for unit in units}
        callers = {unit: Caller(at.url, token) for unit, token in tokens.items()}
        for unit, caller in callers.items():
            said = caller.ask("POST", f"/api/v1/units/{unit}/duty", {"on": True})
            if said.status != 200:
                raise RuntimeError(f"{unit} cannot sign on: {said}")
        yield Ground(at, admin, operator, callers, tokens)


def write_set(folder: Path, places: Sequence[tuple[float, float]], units: Sequence[str]) -> None:
    """The station set lies in `folder`."""
    folder.mkdir(parents=True)
    (folder / "station.toml").write_text(_TOML, "utf-8")
    west, east = min(p[0] for p in places) - MARGIN_DEG, max(p[0] for p in places) + MARGIN_DEG
    south, north = min(p[1] for p in places) - MARGIN_DEG, max(p[1] for p in places) + MARGIN_DEG
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    boundary = {
        "type": "Feature",
        "properties": {"layer": "boundary"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    collection = {"type": "FeatureCollection", "features": [boundary]}
    (folder / "zone.geojson").write_text(json.dumps(collection), "utf-8")
    placed = ["code", "name_th", "name_en", "lon", "lat", "owner_th", "owner_en", "lifecycle"]
    sheets = {
        "sos_points.csv": [placed],
        "camera_sites.csv": [placed],
        "cameras.csv": [["code", "site", "name_th", "name_en", "owner_th", "owner_en", "lifecycle"]],
        "units.csv": [
            ["id", "call_sign", "kind", "name_th", "name_en"],
            *([unit, f"ชุด {unit}", "car", f"ชุด {unit}", f"Unit {unit}"] for unit in units),
        ],
    }
    for name, rows in sheets.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)


def verdict(data: Path) -> str:
    """What `safezone verify` says of a station that has ended."""
    words = [sys.executable, "-m", "safezone", "verify", "--data", str(data)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def _token(admin: Caller, role: str, name: str, unit_id: str | None) -> str:
    body = {"sort": "token", "role": role, "name": name, **({"unit_id": unit_id} if unit_id else {})}
    return str(admin.ask("POST", "/api/v1/admin/credentials", body).body["secret"])
