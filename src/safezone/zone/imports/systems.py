"""Coordinate systems: what a file says it is in, what its numbers look like, and how they become degrees of WGS 84."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

from safezone.core.geo import Point, distance_m
from safezone.events.zone import Position
from safezone.zone.imports.reading import Feature, not_of
from safezone.zone.rules import is_in_thailand

WGS84: Final = "EPSG:4326"
IN_USE: Final = {
    "EPSG:32647": "WGS 84 / UTM 47N",
    "EPSG:32648": "WGS 84 / UTM 48N",
    "EPSG:24047": "Indian 1975 / UTM 47N",
    "EPSG:24048": "Indian 1975 / UTM 48N",
}
"""What offices in Thailand write metres in, the likeliest first."""
_INDIAN_1975: Final = {
    "EPSG:4240": "step proj=unitconvert xy_in=deg xy_out=rad",
    "EPSG:24047": "step inv proj=utm zone=47 ellps=evrst30",
    "EPSG:24048": "step inv proj=utm zone=48 ellps=evrst30",
}
_TO_WGS84: Final = (
    "proj=pipeline {first} step proj=push v_3 step proj=cart ellps=evrst30 "
    "step proj=helmert x=210 y=814 z=289 step inv proj=cart ellps=WGS84 step proj=pop v_3 "
    "step proj=unitconvert xy_in=rad xy_out=deg"
)
"""Indian 1975 to WGS 84 (2): 5 m. PROJ would by itself take (4), a shift with rotations whose signs lie 180 m from (2), (3)
and from itself with the other signs, everywhere in Thailand."""
WEST_M: Final = 100_000
EAST_M: Final = 1_300_000
"""Metres east: many offices write the whole country in the zone of Bangkok, and Ubon lies beyond a million there."""
LOOKED_AT: Final = 2_000
_CODE: Final = re.compile(r"EPSG:{1,2}(?:[\d.]*:)?(\d{4,6})", re.IGNORECASE)

Look = Literal["thailand", "swapped", "metres", "elsewhere", "nowhere"]


class System(NamedTuple):
    """A coordinate system, and how it is known: `declared` by the file, `assumed` by the numbers, `guessed`, `chosen`."""

    code: str
    name: str
    how: Literal["declared", "assumed", "guessed", "chosen"]


class Option(NamedTuple):
    """One answer to the question for the coordinate system, and where the file would lie with it."""

    code: str
    name: str
    at: Point
    in_thailand: bool
    km_away: float


def positions_of(feature: Feature) -> Iterable[Position]:
    """Every position of a feature."""
    if feature.sort == "point":
        yield feature.shape
    elif feature.sort == "line":
        yield from feature.shape
    else:
        for polygon in feature.shape:
            for ring in polygon:
                yield from ring


def samples_of(features: Sequence[Feature]) -> list[Position]:
    """A position of each of some features, spread over the file."""
    step = max(1, len(features) // LOOKED_AT)
    return [next(iter(positions_of(each))) for each in features[::step]]


def look_of(position: Position) -> Look:
    """What a pair of numbers looks like."""
    east, north = position
    if not (math.isfinite(east) and math.isfinite(north)):
        return "nowhere"
    if is_in_thailand(east, north):
        return "thailand"
    if is_in_thailand(north, east):
        return "swapped"
    if WEST_M <= abs(east) <= EAST_M and 0 < north <= 10_000_000:
        return "metres"
    return "elsewhere" if abs(east) <= 180 and abs(north) <= 90 else "nowhere"


def most_look(samples: Sequence[Position]) -> Look:
    """What most of the numbers look like."""
    return Counter(map(look_of, samples)).most_common(1)[0][0] if samples else "nowhere"


def declared(said: str | None) -> System | None:
    """What a file says of itself; None when it says nothing. CannotReadError when nobody can know what it means."""
    if not said:
        return None
    if "CRS84" in said.upper():
        return System(WGS84, "WGS 84", "declared")
    code = _CODE.search(said) if len(said) < 200 else None
    known = _known(f"EPSG:{code.group(1)}" if code else said)
    authority = known.to_authority(min_confidence=70)
    return System(":".join(authority) if authority else said, known.name, "declared")


def is_degrees(code: str) -> bool:
    """Whether a system counts in degrees and not in metres."""
    return code == WGS84 or bool(_known(code).is_geographic)


def options(samples: Sequence[Position], home: Point) -> list[Option]:
    """Where the file would lie in each system in use, the likeliest first: in the country, then near the station."""
    middle = samples[len(samples) // 2]
    found = []
    for code, name in IN_USE.items():
        lon, lat = to_degrees([middle], code)[0]
        if math.isfinite(lon) and math.isfinite(lat):
            at = Point(round(lon, 6), round(lat, 6))
            found.append(
                Option(code, name, at, is_in_thailand(lon, lat), round(distance_m(at, home) / 1000, 1))
            )
    return sorted(
        found, key=lambda each: (not each.in_thailand, list(IN_USE).index(each.code) >= 2, each.km_away)
    )


def to_degrees(positions: Sequence[Position], code: str) -> list[Position]:
    """The positions as longitude and latitude of WGS 84; infinite where they lie outside the system."""
    if code == WGS84:
        return list(positions)
    from pyproj import Transformer  # noqa: PLC0415 - heavy, and only needed where a file is read

    if code in _INDIAN_1975:
        transformer = Transformer.from_pipeline(_TO_WGS84.format(first=_INDIAN_1975[code]))
    else:
        transformer = Transformer.from_crs(_known(code), WGS84, always_xy=True)
    lons, lats = transformer.transform([p[0] for p in positions], [p[1] for p in positions])
    return list(zip(lons, lats, strict=True))


def _known(text: str) -> Any:
    from pyproj import CRS  # noqa: PLC0415 - as above
    from pyproj.exceptions import CRSError  # noqa: PLC0415 - as above

    try:
        return CRS.from_user_input(text)
    except CRSError as problem:
        raise not_of("CRS", " ".join(str(problem).split())[:160]) from problem


def reversed_(feature: Feature) -> Feature:
    """The feature with east and north exchanged."""
    return moved(feature, [(north, east) for east, north in positions_of(feature)])


def moved(feature: Feature, places: Sequence[Position]) -> Feature:
    """The feature with these positions in place of its own, rounded to a centimetre."""
    left = iter([(round(lon, 7), round(lat, 7)) for lon, lat in places])
    match feature.sort:
        case "point":
            return feature._replace(shape=next(left))
        case "line":
            return feature._replace(shape=[next(left) for _ in feature.shape])
        case _:
            area = [[[next(left) for _ in ring] for ring in polygon] for polygon in feature.shape]
            return feature._replace(shape=area)
