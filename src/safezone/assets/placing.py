"""Where the things of a list stand: degrees in any notation, both in one cell, the address of a map, or metres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from safezone.assets.station_set import FAR_FROM_ZONE_M
from safezone.core.geo import Point, distance_m
from safezone.events.zone import Position
from safezone.zone.imports import systems
from safezone.zone.rules import distance_words, fault_of_position, is_in_thailand
from safezone.zone.sheets import Row
from safezone.zone.spots import is_short_address, number_of, pair_of

_MIDDLE_OF_THAILAND: Final = Point(100.5, 13.75)


class Placing:
    """Finds the place of each row; metres of a list are all of one system, which a person confirms."""

    def __init__(self, rows: Sequence[tuple[int, Mapping[str, str]]]) -> None:
        self._metres: dict[Position, Point] = {}
        self._system = ""
        self._asked = False
        self._rows = rows
        self._middle: Point | None = None

    def stand_on(self, middle: Point | None) -> None:
        """The list is held against the station: in which of two systems do its metres lie nearer?"""
        self._middle = middle
        found = (_numbers(cells) for _, cells in self._rows if self.says(cells))
        metres = [
            each for each in dict.fromkeys(found) if each is not None and systems.look_of(each) == "metres"
        ]
        if not metres:
            return
        best = systems.options(metres, middle or _MIDDLE_OF_THAILAND)
        if not best:
            return
        self._system = best[0].name
        degrees = systems.to_degrees(metres, best[0].code)
        self._metres = {
            each: Point(round(lon, 7), round(lat, 7))
            for each, (lon, lat) in zip(metres, degrees, strict=True)
        }

    @staticmethod
    def says(cells: Mapping[str, str]) -> bool:
        """Whether the row says where it stands."""
        return bool(cells.get("place")) or (bool(cells.get("lon")) and bool(cells.get("lat")))

    def point(self, row: Row, cells: Mapping[str, str]) -> Point | None:
        """The place of a row; None with a problem when it cannot be meant. Abroad and far away are questions."""
        lon, lat, place = (cells.get(name, "") for name in ("lon", "lat", "place"))
        if not (lon or lat or place):
            return None
        if bool(lon) != bool(lat) and not place:
            row.problem("half_a_place", "lat" if lon else "lon")
        read = _numbers(cells)
        if read is None:
            self._tell(row, lon, lat, place)
            return None
        point = self._metres.get(read) or self._degrees(row, read)
        if point is None:
            return None
        if read in self._metres and not self._asked:
            self._asked = True
            shown = f"{read[0]:,.0f} E {read[1]:,.0f} N"
            row.notice(
                "read_as_metres",
                "lon",
                value=shown,
                limit=f"{self._system} = {point.lat:.5f}, {point.lon:.5f}",
            )
        if not is_in_thailand(point.lon, point.lat):
            row.notice("outside_thailand", "lon", value=f"{point.lon:g}, {point.lat:g}")
        if self._middle is not None and (away_m := distance_m(self._middle, point)) > FAR_FROM_ZONE_M:
            row.notice("far_from_zone", "lon", value=distance_words(away_m))
        return point

    @staticmethod
    def _tell(row: Row, lon: str, lat: str, place: str) -> None:
        if place and not (lon and lat):
            code = "short_address" if is_short_address(place) else "not_a_place"
            row.problem(code, "place", value=place[:60])
        for column, said in (("lon", lon), ("lat", lat)):
            if said and number_of(said) is None:
                row.problem("not_a_number", column, value=said[:40])

    @staticmethod
    def _degrees(row: Row, read: Position) -> Point | None:
        fault = fault_of_position(*read)
        if fault is None:
            return Point(*read)
        if fault == "out_of_range" and systems.look_of((read[1], read[0])) == "metres":
            row.problem("metres_swapped", "lon", value=f"{read[0]:,.0f}, {read[1]:,.0f}")
        else:
            row.problem(fault, "lon", value=f"{read[0]:.8g}, {read[1]:.8g}")
        return None


def _numbers(cells: Mapping[str, str]) -> Position | None:
    """East and north of a row as it has them; two columns count before one cell for both."""
    lon, lat = number_of(cells.get("lon", "")), number_of(cells.get("lat", ""))
    if lon is not None and lat is not None:
        return lon, lat
    if cells.get("lon") or cells.get("lat"):
        return None
    return pair_of(cells.get("place", ""))
