"""The rows of the ground: the station, its zone and what is drawn in it; written by events and by nothing else."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    String,
    Text,
    bindparam,
    select,
)

from safezone.core.bus import Bus
from safezone.core.db import forget_remembered, table, to_us, upsert
from safezone.core.event import Entry
from safezone.core.i18n import Words
from safezone.events import zone as ev

station = table(
    "station",
    Column("station", String(32), primary_key=True),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("note_th", Text),
    Column("note_en", Text),
    Column("synthetic", Boolean, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    source="log",
)

zone = table(
    "zone",
    Column("station", String(32), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("geometry", Text, nullable=False),
    Column("area_m2", Float, nullable=False),
    Column("perimeter_m", Float, nullable=False),
    Column("criteria", Text, nullable=False),
    Column("residents", Integer),
    Column("residents_source_th", Text),
    Column("residents_source_en", Text),
    Column("residents_as_of", String(10)),
    source="log",
)

zone_shape = table(
    "zone_shape",
    Column("station", String(32), primary_key=True),
    Column("layer", String(16), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("sort", String(32)),
    Column("coverage", String(8)),
    Column("lon", Float),
    Column("lat", Float),
    Column("geometry", Text, nullable=False),
    source="log",
)

zone_version = table(
    "zone_version",
    Column("station", String(32), primary_key=True),
    Column("event_id", String(36), nullable=False),
    source="log",
)

_FIND_VERSION: Final = select(zone_version.c.event_id).where(
    zone_version.c.station == bindparam("of_station")
)


def register(bus: Bus) -> None:
    """The bus knows who writes the rows of each event about the ground."""
    bus.apply(ev.StationCreated, _station_created)
    bus.apply(ev.ZoneDrawn, _zone_drawn)
    bus.apply(ev.CommunityDefined, _community_defined)
    bus.apply(ev.PlaceNamed, _place_named)
    bus.apply(ev.MapSketched, _map_sketched)


def find_version(conn: Connection, of_station: str) -> str | None:
    """The id of the last event that changed the station's ground; None when there is no such station."""
    version: str | None = conn.execute(_FIND_VERSION, {"of_station": of_station}).scalar()
    return version


def geometry_of(area: ev.Area) -> str:
    """The GeoJSON geometry of an area, as text."""
    if len(area) == 1:
        return _json({"type": "Polygon", "coordinates": area[0]})
    return _json({"type": "MultiPolygon", "coordinates": area})


def area_of(geometry: str) -> ev.Area | None:
    """The area in a stored geometry; None for a point or a line."""
    read = msgspec.json.decode(geometry)
    if read["type"] not in ("Polygon", "MultiPolygon"):
        return None
    return msgspec.convert(
        [read["coordinates"]] if read["type"] == "Polygon" else read["coordinates"], ev.Area
    )


def _station_created(conn: Connection, entry: Entry, event: ev.StationCreated) -> None:
    row = {
        "station": entry.station,
        **_names(event.name),
        "note_th": event.note and event.note.th,
        "note_en": event.note and event.note.en,
        "synthetic": event.synthetic,
        "created_at_us": to_us(entry.at),
    }
    conn.execute(station.insert(), row)
    _changed(conn, entry)


def _zone_drawn(conn: Connection, entry: Entry, event: ev.ZoneDrawn) -> None:
    people = event.population
    row = {
        "station": entry.station,
        "id": event.zone_id,
        **_names(event.name),
        "geometry": geometry_of(event.area),
        "area_m2": event.area_m2,
        "perimeter_m": event.perimeter_m,
        "criteria": _json(event.criteria),
        "residents": people and people.residents,
        "residents_source_th": people and people.source.th,
        "residents_source_en": people and people.source.en,
        "residents_as_of": people and people.as_of,
    }
    conn.execute(zone.delete().where(zone.c.station == entry.station))
    conn.execute(zone.insert(), row)
    _changed(conn, entry)


def _community_defined(conn: Connection, entry: Entry, event: ev.CommunityDefined) -> None:
    _put_shape(
        conn,
        entry,
        layer="community",
        id=event.community_id,
        **_names(event.name),
        coverage=event.coverage,
        geometry=geometry_of(event.area),
    )
    _changed(conn, entry)


def _place_named(conn: Connection, entry: Entry, event: ev.PlaceNamed) -> None:
    spot = {"type": "Point", "coordinates": (event.point.lon, event.point.lat)}
    _put_shape(
        conn,
        entry,
        layer="place",
        id=event.place_id,
        **_names(event.name),
        sort=event.sort,
        lon=event.point.lon,
        lat=event.point.lat,
        geometry=geometry_of(event.area) if event.area else _json(spot),
    )
    _changed(conn, entry)


def _map_sketched(conn: Connection, entry: Entry, event: ev.MapSketched) -> None:
    sketched = zone_shape.c.layer.in_(("street", "water"))
    conn.execute(zone_shape.delete().where(zone_shape.c.station == entry.station, sketched))
    rows = [
        {
            **_shape_row(entry, "water", water.id, n),
            **_names(water.name),
            "sort": water.sort,
            "geometry": geometry_of(water.area),
        }
        for n, water in enumerate(event.waters)
    ] + [
        {
            **_shape_row(entry, "street", street.id, n),
            **_names(street.name),
            "sort": street.sort,
            "geometry": _json({"type": "LineString", "coordinates": street.line}),
        }
        for n, street in enumerate(event.streets)
    ]
    if rows:
        conn.execute(zone_shape.insert(), rows)
    _changed(conn, entry)


def _put_shape(conn: Connection, entry: Entry, *, layer: str, id: str, **values: Any) -> None:  # noqa: A002
    row = {**_shape_row(entry, layer, id, entry.seq), **values}
    new = {name: value for name, value in row.items() if name not in ("station", "layer", "id", "position")}
    insert = upsert(zone_shape, conn)
    keys = ["station", "layer", "id"]
    conn.execute(insert.values(row).on_conflict_do_update(index_elements=keys, set_=new))


def _shape_row(entry: Entry, layer: str, shape_id: str, position: int) -> dict[str, Any]:
    return {"station": entry.station, "layer": layer, "id": shape_id, "position": position}


def _changed(conn: Connection, entry: Entry) -> None:
    """Whoever has prepared answers about the ground must prepare them anew."""
    forget_remembered(conn)
    insert = upsert(zone_version, conn).values(station=entry.station, event_id=entry.id)
    conn.execute(insert.on_conflict_do_update(index_elements=["station"], set_={"event_id": entry.id}))


def _names(name: Words) -> dict[str, str]:
    return {"name_th": name.th, "name_en": name.en}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
