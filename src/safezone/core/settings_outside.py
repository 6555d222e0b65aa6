"""Settings of what lies outside the station: the region it belongs to, the hosts of a map, a collector of traces."""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec

STATION_ID: Final = r"\A(?:[a-z0-9][a-z0-9-]{0,31})?\Z"
"""The id of a station, or nothing."""


class Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who above the station may see its figures. Said in the browser alone: it is a consent, and stands in the record."""

    seat: Annotated[str, msgspec.Meta(pattern=STATION_ID)] = ""
    """The id of the station that is the seat of the region (provincial or regional police) in the same database. Its
    commanders of scope region see this station's overview: counts, times and readiness; no report, name or position.
    Empty: nobody does, from that moment on."""


class Traces(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long each step of a press, a report or a dispatch took, for an OpenTelemetry collector."""

    endpoint: str = ""
    """Where the collector takes OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; empty: no traces. Needs
    `pip install 'safezone[traces]'`."""
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """What part of them is recorded; a request that comes with a `traceparent` of its own has decided by that."""

    def __post_init__(self) -> None:
        if self.endpoint and not self.endpoint.startswith(("http://", "https://")):
            raise ValueError("endpoint begins with http:// or https://")


_MAP_HOST: Final = r"https://[A-Za-z0-9.-]+(?::\d+)?|http://127\.0\.0\.1:\d+"
_MAP_ADDRESS: Final = re.compile(
    r"https://[A-Za-z0-9.-]+(?::\d+)?/[A-Za-z0-9._~/?=&%{}@+-]*|http://127\.0\.0\.1:\d+/[\w./{}-]*"
)


class Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is drawn under the zone besides its own layers, which need no internet. Empty: nothing from outside."""

    pmtiles_file: str = ""
    """A map in one file (PMTiles 3, vector or pictures), such as `ground/mukdahan.pmtiles` in the data folder; no internet
    is needed for it."""
    style_url: str = ""
    """Address of a MapLibre style, such as `https://maps.example.org/style.json`."""
    tiles_url: str = ""
    """Raster tiles, such as `https://tiles.example.org/{z}/{x}/{y}.png`."""
    more_hosts: tuple[str, ...] = ()
    """Hosts that the style asks besides its own, such as `["https://tiles.example.org"]`; the pages may ask no other."""
    attribution: str = ""
    """Whose map it is, as its licence asks; shown on the map."""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.pmtiles_file, self.style_url, self.tiles_url))) > 1:
            raise ValueError("pmtiles_file, style_url or tiles_url, not several of them")
        for each in (self.style_url, self.tiles_url):
            if each and not _MAP_ADDRESS.fullmatch(each):
                raise ValueError(f"{each!r} is not an address that begins with https://")
        for each in self.more_hosts:
            if not re.fullmatch(_MAP_HOST, each):
                raise ValueError(f"{each!r} is not a host as in https://tiles.example.org")

    @property
    def origins(self) -> str:
        """The hosts outside that a page may ask, as a policy names them; empty when there is none."""
        own = "/".join((self.style_url or self.tiles_url).split("/", 3)[:3])
        return " ".join(dict.fromkeys((own, *self.more_hosts))) if own else ""
