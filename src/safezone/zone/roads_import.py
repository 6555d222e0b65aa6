"""Turns an OpenStreetMap extract into the station's own road map, once, so that it works without the internet."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import osmium

from safezone.core.geo import EARTH_RADIUS_M
from safezone.core.i18n import Words
from safezone.zone.roads import ATTRIBUTION, FILE_VERSION, PROFILES, Imported, RoadsUnavailable

CAR_KMH: Final[dict[str, float]] = {
    "motorway": 100, "motorway_link": 60, "trunk": 80, "trunk_link": 50, "primary": 60, "primary_link": 40,
    "secondary": 50, "secondary_link": 40, "tertiary": 40, "tertiary_link": 35, "unclassified": 35,
    "residential": 30, "road": 30, "living_street": 15, "service": 15, "track": 12,
}  # fmt: skip
"""Usual speed where no limit is written, km/h: estimates of this program, not an official table."""
FOOT_ONLY: Final = frozenset({"footway", "path", "steps", "pedestrian", "cycleway", "bridleway", "corridor"})
MOTORCYCLE_ONLY_KMH: Final = 10.0
"""A patrol motorcycle may roll slowly through a pedestrian street, not through a footway or stairs."""
FOOT_KMH: Final = 5.4
STEPS_KMH: Final = 2.5
PRIVATE_KMH: Final = 10.0
LIMIT_SHARE: Final = 0.8
"""What is reached on average of a written limit."""
_NOT_FOR_FOOT: Final = frozenset({"motorway", "motorway_link"})
_CLOSED: Final = frozenset({"no", "agricultural", "forestry"})


class WaySpeeds(NamedTuple):
    """km/h along a way per profile, in the direction it is drawn and against it; 0 where it may not be used."""

    forward: tuple[float, float, float]
    backward: tuple[float, float, float]


def speeds_of(tags: Mapping[str, str]) -> WaySpeeds | None:
    """What each profile makes on a way with these OSM tags (wiki: Key:access, Key:oneway, Key:maxspeed); None: nothing.

    One-ways hold for cars and motorcycles, not on foot.
    """
    highway = tags.get("highway", "")
    car = CAR_KMH.get(highway, 0.0)
    motorcycle = car if car else (MOTORCYCLE_ONLY_KMH if highway == "pedestrian" else 0.0)
    foot = 0.0 if highway in _NOT_FOR_FOOT or (not car and highway not in FOOT_ONLY) else FOOT_KMH
    if highway == "steps":
        foot = STEPS_KMH
    if highway.startswith("motorway"):
        motorcycle = 0.0  # Motorcycles are barred from Thai motorways (Highways Act B.E. 2535).
    limit = _limit_kmh(tags.get("maxspeed", ""))
    if limit and car:
        car = motorcycle = limit * LIMIT_SHARE
    car = _allowed(tags, ("motorcar", "motor_vehicle", "vehicle", "access"), car)
    motorcycle = _allowed(tags, ("motorcycle", "motor_vehicle", "vehicle", "access"), motorcycle)
    foot = min(FOOT_KMH, _allowed(tags, ("foot", "access"), foot))
    if not (car or motorcycle or foot):
        return None
    along, against = _directions(tags, highway)
    return WaySpeeds(
        (car if along else 0.0, motorcycle if along else 0.0, foot),
        (car if against else 0.0, motorcycle if against else 0.0, foot),
    )


def _allowed(tags: Mapping[str, str], keys: tuple[str, ...], kmh: float) -> float:
    """The speed left by the most particular access tag; a private road is open to a patrol, slowly."""
    if tags.get("emergency") == "yes":
        return kmh
    value = next((tags[key] for key in keys if key in tags), "yes")
    if value in _CLOSED:
        return 0.0
    return min(kmh, PRIVATE_KMH) if value == "private" else kmh


def _directions(tags: Mapping[str, str], highway: str) -> tuple[bool, bool]:
    oneway = tags.get("oneway", "")
    if oneway in ("yes", "true", "1"):
        return True, False
    if oneway in ("-1", "reverse"):
        return False, True
    implied = highway.startswith("motorway") or tags.get("junction") in ("roundabout", "circular")
    return True, not (implied and oneway != "no")


def _limit_kmh(text: str) -> float:
    """A written limit in km/h (`50`, `30 mph`); 0 when there is none or it is not one plain number."""
    number, _, unit = text.partition(" ")
    try:
        value = float(number)
    except ValueError:
        return 0.0
    if not 5 <= value <= 150:
        return 0.0
    return value * 1.609344 if unit.strip() == "mph" else value


class _Way(NamedTuple):
    nodes: list[int]
    speeds: WaySpeeds


def write_roads(extract: Path, into: Path) -> Imported:
    """See `safezone.zone.roads.import_roads`."""
    ways, places = _read(extract)
    if not ways:
        raise RoadsUnavailable(
            Words(
                th=f"ไม่พบถนนใน {extract.name}: ใช้ไฟล์ OpenStreetMap ที่มีถนนของพื้นที่นี้",
                en=f"There is no street in {extract.name}: use an OpenStreetMap extract that covers this area.",
            )
        )
    arrays, length_km = _pieces(ways, places)
    node_count = int(max(arrays["piece_u"].max(), arrays["piece_v"].max())) + 1
    lats = arrays["point_lat_e7"]
    meta = {
        "version": FILE_VERSION,
        "source": extract.name,
        "attribution": ATTRIBUTION,
        "node_count": node_count,
        "mid_lat": (float(lats.min()) + float(lats.max())) / 2e7,
    }
    _write(into, arrays, meta)
    return Imported(into, len(ways), node_count, len(arrays["piece_u"]), length_km)


def _read(extract: Path) -> tuple[list[_Way], dict[int, tuple[float, float]]]:
    """Every usable way of the extract, and where its nodes are (degrees); nodes outside the extract are cut off."""
    ways: list[_Way] = []
    places: dict[int, tuple[float, float]] = {}
    try:
        reader = osmium.FileProcessor(str(extract), osmium.osm.NODE | osmium.osm.WAY)
        # The filter stands behind the location cache: every node's place is known, only highways come here.
        for found in reader.with_locations().with_filter(osmium.filter.KeyFilter("highway")):
            if not isinstance(found, osmium.osm.Way):
                continue
            speeds = speeds_of(dict(found.tags))
            if speeds is None or found.tags.get("area") == "yes":
                continue
            inside: list[int] = []
            for node in found.nodes:
                if node.location.valid():
                    if not inside or inside[-1] != node.ref:
                        inside.append(node.ref)
                        places[node.ref] = (node.location.lon, node.location.lat)
                else:
                    _keep(ways, inside, speeds)
                    inside = []
            _keep(ways, inside, speeds)
    except (RuntimeError, OSError) as broken:
        raise RoadsUnavailable(
            Words(th=f"อ่านไฟล์แผนที่ {extract.name} ไม่ได้: {broken}", en=f"Cannot read {extract.name}: {broken}.")
        ) from broken
    return ways, places


def _keep(ways: list[_Way], nodes: list[int], speeds: WaySpeeds) -> None:
    if len(nodes) >= 2:
        ways.append(_Way(nodes, speeds))


def _pieces(ways: list[_Way], places: dict[int, tuple[float, float]]) -> tuple[dict[str, Any], float]:
    """The ways cut at every junction: ends, seconds per profile and direction, and the points between."""
    uses: dict[int, int] = {}
    for way in ways:
        for node in way.nodes:
            uses[node] = uses.get(node, 0) + 1
        for end in (way.nodes[0], way.nodes[-1]):
            uses[end] += 1
    number: dict[int, int] = {}
    ends: tuple[list[int], list[int]] = ([], [])
    starts = [0]
    lons: list[float] = []
    lats: list[float] = []
    seconds: list[list[tuple[float, ...]]] = [[], []]
    lengths_m: list[float] = []
    for way in ways:
        begin = 0
        cuts = [i for i in range(1, len(way.nodes)) if uses[way.nodes[i]] > 1]
        if len(cuts) == 1 and way.nodes[0] == way.nodes[-1]:
            # A ring that touches nothing else: without a second junction it would be no network at all.
            cuts.insert(0, len(way.nodes) // 2)
        for i in cuts:
            points = [places[node] for node in way.nodes[begin : i + 1]]
            metres = sum(_metres(a, b) for a, b in pairwise(points))
            for side, node in zip(ends, (way.nodes[begin], way.nodes[i]), strict=True):
                side.append(number.setdefault(node, len(number)))
            for direction, kmh in zip(seconds, way.speeds, strict=True):
                direction.append(tuple(metres * 3.6 / v if v else math.inf for v in kmh))
            lons.extend(p[0] for p in points)
            lats.extend(p[1] for p in points)
            starts.append(len(lons))
            lengths_m.append(metres)
            begin = i
    arrays = {
        "piece_u": np.array(ends[0], dtype=np.int32),
        "piece_v": np.array(ends[1], dtype=np.int32),
        "piece_start": np.array(starts, dtype=np.int32),
        "length_m": np.array(lengths_m, dtype=np.float32),
        "forward_s": np.array(seconds[0], dtype=np.float32).T.reshape(len(PROFILES), -1),
        "backward_s": np.array(seconds[1], dtype=np.float32).T.reshape(len(PROFILES), -1),
        "point_lon_e7": np.round(np.array(lons) * 1e7).astype(np.int32),
        "point_lat_e7": np.round(np.array(lats) * 1e7).astype(np.int32),
    }
    return arrays, sum(lengths_m) / 1000


def _metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Between two near places in degrees (equirectangular: exact to a millimetre over a street's length)."""
    x = math.radians(b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return EARTH_RADIUS_M * math.hypot(x, math.radians(b[1] - a[1]))


def _write(into: Path, arrays: dict[str, Any], meta: dict[str, Any]) -> None:
    """The file is whole or not there: written beside, synced, then renamed over the old one."""
    beside = into.with_suffix(".new")
    with beside.open("wb") as out:
        text = np.frombuffer(json.dumps(meta, ensure_ascii=False).encode(), dtype=np.uint8)
        np.savez_compressed(out, meta=text, **arrays)
        out.flush()
        os.fsync(out.fileno())
    os.replace(beside, into)
