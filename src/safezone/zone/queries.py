"""What can be asked about the ground: the station, the map of its zone, and what is at a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from safezone.core.errors import NotAllowed, NotFound
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity, Role
from safezone.events.zone import (
    Area,
    CommunityDefined,
    Coverage,
    Evidence,
    PlaceNamed,
    Population,
    SelectionCriteria,
)
from safezone.zone import store
from safezone.zone.geodesy import area_m2, metres_per_degree, middle_of
from safezone.zone.remembered import Remembered
from safezone.zone.rules import NO_ZONE, Ground, PlaceNote

READERS: Final[tuple[Role, ...]] = (
    "operator",
    "supervisor",
    "admin",
    "auditor",
    "chief",
    "commander",
    "cctv_owner",
    "partner",
    "technician",
    "unit",
    "system",
)
"""Who may look at the map of the zone."""


class StationView(msgspec.Struct, frozen=True):
    """A station and its zone; `synthetic` must be shown wherever any of it is shown. `population` is residents,
    never without its source; `population_as_of` (ISO date) is None when the source gave no date.
    """

    id: str
    name: Words
    zone_name: Words
    center: Point
    synthetic: bool
    note: Words | None
    area_km2: float
    perimeter_km: float
    population: int | None
    population_source: Words | None
    population_as_of: str | None
    criteria: SelectionCriteria
    households: int | None = None
    evidence: tuple[Evidence, ...] = ()


class StationName(msgspec.Struct, frozen=True):
    """What a station is called, and whether it is a demonstration or a drill."""

    name: Words
    synthetic: bool


class CommunityDetails(msgspec.Struct, frozen=True):
    """A community as lists show it."""

    id: str
    name: Words
    coverage: Coverage
    area_m2: float
    population: Population | None


class PlaceDetails(msgspec.Struct, frozen=True):
    """A place as lists show it."""

    id: str
    name: Words
    kind: str
    point: Point


class ZoneDetails(msgspec.Struct, frozen=True):
    """Everything that is said of a zone; `version` is what a change of it must name."""

    version: str
    name: Words
    area_m2: float
    perimeter_m: float
    criteria: SelectionCriteria
    evidence: tuple[Evidence, ...]
    population: Population | None
    communities: list[CommunityDetails]
    places: list[PlaceDetails]
    synthetic: bool


class Map(msgspec.Struct, frozen=True):
    """The layers of a zone as GeoJSON (UTF-8), and the version that they are."""

    version: str
    geojson: bytes


class _Known(msgspec.Struct, frozen=True):
    """Everything that is asked often, prepared for one version of the ground."""

    view: StationView
    ground: Ground
    map: Map
    box: tuple[float, float, float, float] | None


def find_box(conn: Connection, station: str, around_m: float) -> tuple[float, float, float, float] | None:
    """West, south, east, north of the zone and so much around it; None while no boundary was drawn."""
    known = _KNOWN.find(conn, station)
    if known is None or known.box is None:
        return None
    west, south, east, north = known.box
    east_m, north_m = metres_per_degree((south + north) / 2)
    wide, high = around_m / east_m, around_m / north_m
    return west - wide, south - high, east + wide, north + high


def find_station(conn: Connection, station: str) -> StationView | None:
    """The station; None while it was not created or its zone not drawn."""
    known = _KNOWN.find(conn, station)
    return None if known is None else known.view


def get_station(conn: Connection, station: str) -> StationView:
    """The station; NotFound when it was never created, or its zone not drawn."""
    return _get_known(conn, station).view


def find_name(conn: Connection, station: str) -> StationName | None:
    """What the station is called, also while its zone is not drawn; None when it was never created."""
    c = store.station.c
    row = conn.execute(select(c.name_th, c.name_en, c.synthetic).where(c.station == station)).first()
    return None if row is None else StationName(Words(row.name_th, row.name_en), row.synthetic)


def list_stations(conn: Connection) -> list[str]:
    """The ids of all stations kept here."""
    return list(conn.execute(select(store.station.c.station).order_by(store.station.c.station)).scalars())


def boundary_of(conn: Connection, station: str) -> Area | None:
    """The boundary of the zone; None when none was drawn."""
    row = conn.execute(select(store.zone.c.geometry).where(store.zone.c.station == station)).first()
    return None if row is None else store.area_of(row.geometry)


def is_synthetic(conn: Connection, station: str) -> bool:
    """Whether the station is a demonstration or a drill; False when there is no such station."""
    view = find_station(conn, station)
    return view is not None and view.synthetic


def what_is_at(conn: Connection, station: str, point: Point) -> PlaceNote:
    """What lies at a point of the station's ground. Never refuses: it is asked for every emergency."""
    known = _KNOWN.find(conn, station)
    return NO_ZONE if known is None else known.ground.what_is_at(point)


def zone_geojson(conn: Connection, station: str, identity: Identity) -> Map:
    """The map of the zone: boundary, communities, places, streets and water. NotFound when there is no station."""
    check_reader(identity, station)
    return _get_known(conn, station).map


def get_zone_details(conn: Connection, station: str, identity: Identity) -> ZoneDetails:
    """Everything that is said of the zone. NotFound when there is no station."""
    check_reader(identity, station)
    known = _get_known(conn, station)
    row = conn.execute(select(store.zone).where(store.zone.c.station == station)).one()
    shapes = store.zone_shape
    found = conn.execute(
        select(shapes).where(shapes.c.station == station).order_by(shapes.c.position, shapes.c.id)
    ).all()
    return ZoneDetails(
        version=known.map.version,
        name=known.view.zone_name,
        area_m2=row.area_m2,
        perimeter_m=row.perimeter_m,
        criteria=known.view.criteria,
        evidence=known.view.evidence,
        population=store.population_of(row),
        communities=[_community_details(each) for each in found if each.layer == "community"],
        places=[
            PlaceDetails(each.id, Words(each.name_th, each.name_en), each.sort, Point(each.lon, each.lat))
            for each in found
            if each.layer == "place"
        ],
        synthetic=known.view.synthetic,
    )


def _community_details(row: Any) -> CommunityDetails:
    return CommunityDetails(
        id=row.id,
        name=Words(row.name_th, row.name_en),
        coverage=row.coverage,
        area_m2=round(area_m2(store.area_of(row.geometry) or []), 1),
        population=store.population_in(row.population),
    )


def check_reader(identity: Identity, station: str) -> None:
    """Return when this identity may see the station's ground and equipment; NotAllowed or NotSignedIn if not."""
    identity.require(*READERS)
    if identity.station != station:
        raise NotAllowed(
            "other_station",
            Words(th="ข้อมูลนี้เป็นของสถานีอื่น", en="This belongs to another station."),
        )


def _get_known(conn: Connection, station: str) -> _Known:
    known = _KNOWN.find(conn, station)
    if known is None:
        raise NotFound("no_station", Words(th=f"ไม่มีสถานี “{station}”", en=f"There is no station “{station}”."))
    return known


def _build(conn: Connection, station: str) -> _Known | None:
    of_station = conn.execute(select(store.station).where(store.station.c.station == station)).first()
    of_zone = conn.execute(select(store.zone).where(store.zone.c.station == station)).first()
    if of_station is None or of_zone is None:
        return None
    shapes = conn.execute(
        select(store.zone_shape)
        .where(store.zone_shape.c.station == station)
        .order_by(store.zone_shape.c.layer, store.zone_shape.c.position, store.zone_shape.c.id)
    ).all()
    view = view_of(of_station, of_zone)
    boundary = store.area_of(of_zone.geometry) or []
    ground = Ground(
        boundary,
        [_community_of(shape) for shape in shapes if shape.layer == "community"],
        [_place_of(shape) for shape in shapes if shape.layer == "place"],
    )
    version = store.find_version(conn, station) or ""
    return _Known(view, ground, Map(version, geojson_of(view, of_zone, shapes)), _box_of(boundary))


def _box_of(area: Area) -> tuple[float, float, float, float] | None:
    corners = [position for polygon in area for ring in polygon for position in ring]
    if not corners:
        return None
    lons, lats = zip(*corners, strict=True)
    return min(lons), min(lats), max(lons), max(lats)


_KNOWN: Final = Remembered(store.find_version, _build)


def view_of(of_station: Any, of_zone: Any) -> StationView:
    """The station by its rows."""
    source = None
    if of_zone.residents_source_th is not None:
        source = Words(of_zone.residents_source_th, of_zone.residents_source_en)
    boundary = store.area_of(of_zone.geometry) or []
    return StationView(
        id=of_station.station,
        name=Words(of_station.name_th, of_station.name_en),
        zone_name=Words(of_zone.name_th, of_zone.name_en),
        center=Point(*middle_of([corner for polygon in boundary for corner in polygon[0]])),
        synthetic=of_station.synthetic,
        note=None if of_station.note_th is None else Words(of_station.note_th, of_station.note_en),
        area_km2=round(of_zone.area_m2 / 1e6, 3),
        perimeter_km=round(of_zone.perimeter_m / 1e3, 3),
        population=of_zone.residents,
        population_source=source,
        population_as_of=of_zone.residents_as_of,
        criteria=msgspec.json.decode(of_zone.criteria, type=SelectionCriteria),
        households=of_zone.households,
        evidence=store.evidence_in(of_zone.evidence),
    )


def _community_of(shape: Any) -> CommunityDefined:
    return CommunityDefined(
        community_id=shape.id,
        name=Words(shape.name_th, shape.name_en),
        coverage=shape.coverage,
        area=store.area_of(shape.geometry) or [],
    )


def _place_of(shape: Any) -> PlaceNamed:
    return PlaceNamed(
        place_id=shape.id,
        name=Words(shape.name_th, shape.name_en),
        sort=shape.sort,
        point=Point(shape.lon, shape.lat),
        area=store.area_of(shape.geometry),
    )


def geojson_of(view: StationView, of_zone: Any, shapes: Sequence[Any]) -> bytes:
    """A FeatureCollection (RFC 7946); stored geometries go in as they are."""
    measures = {"area_km2": view.area_km2, "perimeter_km": view.perimeter_km}
    features = [_feature("boundary", of_zone, view.synthetic, measures)]
    for layer in ("water", "community", "street", "place"):
        for shape in shapes:
            if shape.layer == layer:
                people = None if shape.population is None else msgspec.Raw(shape.population.encode())
                more = {"kind": shape.sort, "coverage": shape.coverage, "population": people}
                filled = {key: value for key, value in more.items() if value is not None}
                features.append(_feature(layer, shape, view.synthetic, filled))
    collection = {"type": "FeatureCollection", "note": view.note, "synthetic": view.synthetic}
    return msgspec.json.encode({**collection, "features": features})


def _feature(layer: str, row: Any, synthetic: bool, more: Mapping[str, Any]) -> dict[str, Any]:
    names = {"name_th": row.name_th, "name_en": row.name_en}
    return {
        "type": "Feature",
        "id": row.id,
        "properties": {"layer": layer, **names, **more, "synthetic": synthetic},
        "geometry": msgspec.Raw(row.geometry.encode()),
    }
