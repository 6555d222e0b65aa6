"""What goes on in a region: how many stations, poles, units and consoles, where they stand, and how often they do what."""

from __future__ import annotations

import math
from typing import NamedTuple

from bench.station import LAT, LON, STEP_DEG


class Mix(NamedTuple):
    """Rates are per second for the whole region, means of random times unless said otherwise."""

    stations: int = 104
    poles_each: int = 9
    units_each: int = 6
    consoles_each: int = 2
    presses: float = 2.0
    reports: float = 1.0
    """By telephone (two of three) and by the web page of nobody in particular."""
    heartbeat_s: float = 60.0
    fix_s: float = 5.0
    """Four of six units send each fix by OsmAnd, the others three fixes every third time, as the patrol's page does."""
    reload_s: float = 10.0
    """Every so often one console of the region is opened anew, or (every second time) cut off and back."""
    photos: float = 0.1
    """So many of the incidents get a photo from the unit on scene."""

    @property
    def poles(self) -> int:
        return self.stations * self.poles_each

    @property
    def units(self) -> int:
        return self.stations * self.units_each

    @property
    def consoles(self) -> int:
        return self.stations * self.consoles_each

    def words(self) -> str:
        """The mix in two lines, to stand beside every figure."""
        return (
            f"{self.stations} stations' worth: {self.poles} poles on connections of their own, a heartbeat each every "
            f"{self.heartbeat_s:g} s; {self.units} units, a fix each every {self.fix_s:g} s ({self.units / self.fix_s:.0f}/s; "
            f"two thirds by OsmAnd, the rest in batches of three);\n"
            f"{self.consoles} consoles on the live feed, one opened anew or cut off every {self.reload_s:g} s; "
            f"{self.presses:g} presses/s and {self.reports:g} reports/s at random, each taken through its whole life by an "
            f"operator and a unit; a photo in {self.photos:.0%}"
        )

    def home_of(self, station: int) -> tuple[float, float]:
        """The corner of a station's zone (lon, lat): 22 km from one to the next, as in the country."""
        side = math.ceil(math.sqrt(self.stations))
        return round(LON + 0.2 * (station % side), 6), round(LAT + 0.2 * (station // side), 6)

    def place_of_pole(self, number: int) -> tuple[float, float]:
        """Where a pole stands: in its station's zone, about 230 m from the next."""
        lon, lat = self.home_of(number // self.poles_each)
        side = math.ceil(math.sqrt(self.poles_each))
        among = number % self.poles_each
        return lon + STEP_DEG * (among % side + 0.5), lat + STEP_DEG * (among // side + 0.5)

    def station_at(self, lon: float, lat: float) -> int:
        """Whose zone a place lies in."""
        side = math.ceil(math.sqrt(self.stations))
        return min(self.stations - 1, int((lon - LON) / 0.2 + 0.05) + side * int((lat - LAT) / 0.2 + 0.05))
