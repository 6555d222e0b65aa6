"""A station described in a small folder: who it is, its zone, and its patrol units; read whole or refused whole."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from safezone.core.i18n import BUDDHIST_ERA_OFFSET_YEARS, Words
from safezone.events.zone import (
    Area,
    CommunityDefined,
    PlaceNamed,
    Population,
    SelectionCriteria,
    Street,
    Water,
)
from safezone.zone.drawing import read_drawing
from safezone.zone.findings import Findings
from safezone.zone.geodesy import area_m2, perimeter_m
from safezone.zone.sheets import Once, Row, list_rows, read_text

FORMAT: Final = 1
STATION_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
UNIT_KINDS: Final = ("car", "motorcycle", "foot")
STATED_TOLERANCE: Final = 0.05
MAX_SENTENCE: Final = 1000
_KNOWN_KEYS: Final = {
    "": {"format", "station", "zone"},
    "station": {"id", "name_th", "name_en", "synthetic", "note_th", "note_en"},
    "zone": {
        "name_th",
        "name_en",
        "stated_area_km2",
        "stated_perimeter_km",
        "population",
        "selection_criteria",
    },
    "zone.population": {"residents", "source_th", "source_en", "as_of"},
    "zone.selection_criteria": {
        f"{why}_{tongue}" for why in ("risk", "landmark", "economic") for tongue in ("th", "en")
    },
}


class ZoneSet(msgspec.Struct, frozen=True):
    """The station and its ground, as read from station.toml and zone.geojson."""

    station_id: str
    name: Words
    synthetic: bool
    note: Words | None
    zone_name: Words
    criteria: SelectionCriteria
    population: Population | None
    boundary: Area
    communities: list[CommunityDefined]
    places: list[PlaceNamed]
    streets: list[Street]
    waters: list[Water]


class UnitRow(msgspec.Struct, frozen=True):
    """One line of units.csv: a patrol unit; `kind` is car, motorcycle or foot."""

    id: str
    call_sign: str
    kind: str
    name: Words


def read_zone_set(folder: Path, findings: Findings) -> ZoneSet | None:
    """The station and its ground; None, with problems in `findings`, when it cannot be taken."""
    if not folder.is_dir():
        findings.problem(folder.name, "folder_missing", value=folder.name)
        return None
    before = len(findings.problems)
    drawing = read_drawing(folder / "zone.geojson", findings)
    table = _read_toml(folder / "station.toml", findings)
    if table is None:
        return None
    top = _Section(table, "", findings)
    if table.get("format") != FORMAT:
        findings.problem("station.toml", "bad_format", None, "format", value=table.get("format", "—"))
    station, zone = top.section("station"), top.section("zone")
    criteria = zone.section("selection_criteria")
    population = zone.section("population", is_needed=False)
    station_id = station.sentence("id")
    if station_id and not STATION_ID.fullmatch(station_id):
        findings.problem("station.toml", "bad_code", None, "station.id", value=station_id)
    read = ZoneSet(
        station_id=station_id,
        name=station.words("name"),
        synthetic=station.flag("synthetic"),
        note=station.maybe_words("note"),
        zone_name=zone.words("name"),
        criteria=SelectionCriteria(
            criteria.words("risk"), criteria.words("landmark"), criteria.words("economic")
        ),
        population=_population(population),
        boundary=drawing.boundary,
        communities=drawing.communities,
        places=drawing.places,
        streets=drawing.streets,
        waters=drawing.waters,
    )
    if drawing.boundary:
        _compare_stated(zone, drawing.boundary, findings)
    return read if len(findings.problems) == before else None


def list_units(folder: Path, findings: Findings) -> list[UnitRow]:
    """The patrol units of units.csv; rows with problems are left out."""
    once, call_signs = Once(), Once()
    columns = ("id", "call_sign", "kind", "name_th", "name_en")
    rows = list_rows(folder / "units.csv", columns, (), findings)
    return [unit for row in rows if (unit := _unit_of(row, once, call_signs)) is not None]


def _unit_of(row: Row, once: Once, call_signs: Once) -> UnitRow | None:
    unit = UnitRow(
        id=row.code("id").lower(),
        call_sign=row.text("call_sign"),
        kind=row.one_of("kind", UNIT_KINDS),
        name=Words(th=row.text("name_th"), en=row.text("name_en")),
    )
    is_new = once.take(row, "id", unit.id)
    return unit if call_signs.take(row, "call_sign", unit.call_sign) and is_new else None


def _read_toml(path: Path, findings: Findings) -> dict[str, Any] | None:
    text = read_text(path, findings)
    if text is None:
        return None
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        findings.problem(path.name, "not_toml", value=problem)
        return None


def _population(section: _Section) -> Population | None:
    if section.is_empty:
        return None
    residents = section.whole_number("residents")
    return Population(residents, section.words("source"), section.day("as_of"))


def _compare_stated(zone: _Section, boundary: Area, findings: Findings) -> None:
    """What the station has published must be what it has drawn, within 5 %."""
    drawn = {
        "stated_area_km2": (area_m2(boundary) / 1e6, "km²"),
        "stated_perimeter_km": (perimeter_m(boundary) / 1e3, "km"),
    }
    for key, (measured, unit) in drawn.items():
        stated = zone.maybe_number(key)
        if stated is not None and abs(measured - stated) > STATED_TOLERANCE * stated:
            value, limit = f"{measured:.2f} {unit}", f"{stated:g} {unit}"
            findings.problem(
                "station.toml", "differs_from_drawing", None, f"zone.{key}", value=value, limit=limit
            )


class _Section:
    """One table of station.toml; asking for a key that cannot be used notes the problem and gives a stand-in."""

    def __init__(self, table: dict[str, Any], path: str, findings: Findings) -> None:
        self._table = table
        self._path = path
        self._findings = findings
        for key in table:
            if key not in _KNOWN_KEYS[path]:
                findings.notice("station.toml", "unknown_key", None, self._name(key))

    @property
    def is_empty(self) -> bool:
        return not self._table

    def _name(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _problem(self, key: str, code: str, *, value: object = "", limit: object = "") -> None:
        self._findings.problem("station.toml", code, None, self._name(key), value=value, limit=limit)

    def section(self, key: str, *, is_needed: bool = True) -> _Section:
        """The table under `key`; an empty one, with a problem when it is needed, if there is none."""
        table = self._table.get(key)
        if isinstance(table, dict):
            return _Section(table, self._name(key), self._findings)
        if table is not None or is_needed:
            self._problem(key, "wrong_type", limit=Words(th="ตาราง [หัวข้อ]", en="a [table]"))
        return _Section({}, self._name(key), self._findings)

    def sentence(self, key: str) -> str:
        value = self._table.get(key)
        if value is not None and not isinstance(value, str):
            self._problem(key, "wrong_type", limit=Words(th="ข้อความในเครื่องหมายคำพูด", en="a text in quotes"))
            return ""
        text = (value or "").strip()
        if not text:
            self._problem(key, "empty")
        elif len(text) > MAX_SENTENCE:
            self._problem(key, "too_long", limit=MAX_SENTENCE)
        return text

    def words(self, key: str) -> Words:
        return Words(th=self.sentence(f"{key}_th"), en=self.sentence(f"{key}_en"))

    def maybe_words(self, key: str) -> Words | None:
        if f"{key}_th" in self._table or f"{key}_en" in self._table:
            return self.words(key)
        return None

    def flag(self, key: str) -> bool:
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            self._problem(key, "wrong_type", limit=Words(th=" true หรือ false", en="true or false"))
            return False
        return value

    def maybe_number(self, key: str) -> float | None:
        value = self._table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            self._problem(key, "wrong_type", limit=Words(th="จำนวนมากกว่า 0", en="a number above 0"))
            return None
        return float(value)

    def whole_number(self, key: str) -> int:
        number = self.maybe_number(key)
        if number is None and key not in self._table:
            self._problem(key, "empty")
        elif number is not None and number != int(number):
            self._problem(key, "wrong_type", limit=Words(th="จำนวนเต็ม", en="a whole number"))
        return int(number or 0)

    def day(self, key: str) -> str | None:
        value = self._table.get(key)
        if value is None:
            return None
        # A datetime is a date in Python, but not a day.
        if type(value) is not date:
            self._problem(
                key, "wrong_type", limit=Words(th="วันที่ เช่น 2024-06-30", en="a date like 2024-06-30")
            )
            return None
        if value.year >= 2400:
            self._problem(
                key, "buddhist_year", value=value.year, limit=value.year - BUDDHIST_ERA_OFFSET_YEARS
            )
        return value.isoformat()
