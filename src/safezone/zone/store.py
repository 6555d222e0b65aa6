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
from safezone.core.event import Entry, Sealed
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
    Column("households", Integer),
    Column("evidence", Text),
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
    Column("population", Text),
    source="log",
)

zone_change = table(
    "zone_change",
    Column("station", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("reason_ref", String(36)),
    source="log",
)
"""Which lines of the log changed the ground: what it was on another day is read from those."""

ground_import = table(
    "ground_import",
    Column("station", String(32), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("file", Text, nullable=False),
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
    bus.apply(ev.CommunityRemoved, _community_removed)
    bus.apply(ev.PlaceNamed, _place_named)
    bus.apply(ev.PlaceRemoved, _place_removed)
    bus.apply(ev.PopulationRecorded, _population_recorded)
    bus.apply(ev.CriteriaRecorded, _criteria_recorded)
    bus.apply(ev.GroundImported, _ground_imported)
    bus.apply(ev.MapSketched, _map_sketched)


def find_version(conn: Connection, of_station: str) -> str | None:
    """The id of the last event that changed the station's ground; None when there is no such station."""
    version: str | None = conn.execute(_FIND_VERSION, {"of_station": of_station}).scalar()
    return version


def is_imported(conn: Connection, of_station: str, digest: str) -> bool:
    """Whether this very file was imported before."""
    columns = ground_import.c
    found = conn.execute(select(columns.seq).where(columns.station == of_station, columns.digest == digest))
    return found.first() is not None


def find_shape(conn: Connection, of_station: str, layer: str, shape_id: str) -> Any:
    """The row of one shape; None when it is not on the map."""
    return conn.execute(select(zone_shape).where(*_row_of(of_station, layer, shape_id))).first()


def population_of(row: Any) -> ev.Population | None:
    """Who lives in the zone, by its row."""
    if row.residents is None:
        return None
    source = Words(row.residents_source_th, row.residents_source_en)
    return ev.Population(row.residents, source, row.residents_as_of, row.households)


def evidence_in(text: str | None) -> tuple[ev.Evidence, ...]:
    """The evidence, by what its column keeps."""
    return () if text is None else msgspec.json.decode(text, type=tuple[ev.Evidence, ...])


def population_in(text: str | None) -> ev.Population | None:
    """Who lives in a community, by what its column keeps."""
    return None if text is None else msgspec.json.decode(text, type=ev.Population)


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


def station_row(event: ev.StationCreated) -> dict[str, Any]:
    """The station's row, without its key."""
    return {
        **_names(event.name),
        "note_th": event.note and event.note.th,
        "note_en": event.note and event.note.en,
        "synthetic": event.synthetic,
    }


def zone_row(event: ev.ZoneDrawn) -> dict[str, Any]:
    """The zone's row, without its station."""
    return {
        "id": event.zone_id,
        **_names(event.name),
        "geometry": geometry_of(event.area),
        "area_m2": event.area_m2,
        "perimeter_m": event.perimeter_m,
        **criteria_columns(event.criteria, event.evidence),
        **population_columns(event.population),
    }


def criteria_columns(criteria: ev.SelectionCriteria, evidence: tuple[ev.Evidence, ...]) -> dict[str, Any]:
    """What the zone's row says of why it was chosen."""
    return {"criteria": _json(criteria), "evidence": _json(evidence) if evidence else None}


def population_columns(people: ev.Population | None) -> dict[str, Any]:
    """What the zone's row says of who lives there."""
    return {
        "residents": people and people.residents,
        "residents_source_th": people and people.source.th,
        "residents_source_en": people and people.source.en,
        "residents_as_of": people and people.as_of,
        "households": people and people.households,
    }


def community_row(event: ev.CommunityDefined) -> dict[str, Any]:
    """The community's row, without station and position."""
    return {
        "layer": "community",
        "id": event.community_id,
        **_names(event.name),
        "coverage": event.coverage,
        "sort": None,
        "lon": None,
        "lat": None,
        "geometry": geometry_of(event.area),
        "population": population_text(event.population),
    }


def place_row(event: ev.PlaceNamed) -> dict[str, Any]:
    """The place's row, without station and position."""
    spot = {"type": "Point", "coordinates": (event.point.lon, event.point.lat)}
    return {
        "layer": "place",
        "id": event.place_id,
        **_names(event.name),
        "coverage": None,
        "sort": event.sort,
        "lon": event.point.lon,
        "lat": event.point.lat,
        "geometry": geometry_of(event.area) if event.area else _json(spot),
        "population": None,
    }


def sketch_rows(event: ev.MapSketched) -> list[dict[str, Any]]:
    """The rows of streets and water, without station."""
    empty = {"coverage": None, "lon": None, "lat": None, "population": None}
    waters = [
        {**_shape("water", n, each), **empty, "geometry": geometry_of(each.area)}
        for n, each in enumerate(event.waters)
    ]
    return waters + [
        {
            **_shape("street", n, each),
            **empty,
            "geometry": _json({"type": "LineString", "coordinates": each.line}),
        }
        for n, each in enumerate(event.streets)
    ]


def population_text(people: ev.Population | None) -> str | None:
    """The figure as a column keeps it."""
    return None if people is None else _json(people)


def _shape(layer: str, position: int, thing: ev.Street | ev.Water) -> dict[str, Any]:
    return {"layer": layer, "id": thing.id, "position": position, **_names(thing.name), "sort": thing.sort}


def _station_created(conn: Connection, entry: Entry, event: ev.StationCreated) -> None:
    row = {"station": entry.station, **station_row(event), "created_at_us": to_us(entry.at)}
    conn.execute(station.insert(), row)
    _changed(conn, entry)


def _zone_drawn(conn: Connection, entry: Entry, event: ev.ZoneDrawn) -> None:
    conn.execute(zone.delete().where(zone.c.station == entry.station))
    conn.execute(zone.insert(), {"station": entry.station, **zone_row(event)})
    _changed(conn, entry, event.reason)


def _community_defined(conn: Connection, entry: Entry, event: ev.CommunityDefined) -> None:
    _put_shape(conn, entry, community_row(event))
    _changed(conn, entry, event.reason)


def _community_removed(conn: Connection, entry: Entry, event: ev.CommunityRemoved) -> None:
    _drop_shape(conn, entry, "community", event.community_id)
    _changed(conn, entry, event.reason)


def _place_named(conn: Connection, entry: Entry, event: ev.PlaceNamed) -> None:
    _put_shape(conn, entry, place_row(event))
    _changed(conn, entry, event.reason)


def _place_removed(conn: Connection, entry: Entry, event: ev.PlaceRemoved) -> None:
    _drop_shape(conn, entry, "place", event.place_id)
    _changed(conn, entry, event.reason)


def _population_recorded(conn: Connection, entry: Entry, event: ev.PopulationRecorded) -> None:
    if event.layer == "zone":
        of_zone = zone.update().where(zone.c.station == entry.station, zone.c.id == event.subject_id)
        conn.execute(of_zone.values(**population_columns(event.population)))
    else:
        row = _row_of(entry.station, "community", event.subject_id)
        conn.execute(zone_shape.update().where(*row).values(population=population_text(event.population)))
    _changed(conn, entry, event.reason)


def _criteria_recorded(conn: Connection, entry: Entry, event: ev.CriteriaRecorded) -> None:
    of_zone = zone.update().where(zone.c.station == entry.station, zone.c.id == event.zone_id)
    conn.execute(of_zone.values(**criteria_columns(event.criteria, event.evidence)))
    _changed(conn, entry, event.reason)


def _ground_imported(conn: Connection, entry: Entry, event: ev.GroundImported) -> None:
    row = {"station": entry.station, "digest": event.digest, "seq": entry.seq, "file": event.file}
    insert = upsert(ground_import, conn).values(row)
    conn.execute(
        insert.on_conflict_do_update(
            index_elements=["station", "digest"], set_={"seq": entry.seq, "file": event.file}
        )
    )
    _changed(conn, entry, event.reason)


def _map_sketched(conn: Connection, entry: Entry, event: ev.MapSketched) -> None:
    sketched = zone_shape.c.layer.in_(("street", "water"))
    conn.execute(zone_shape.delete().where(zone_shape.c.station == entry.station, sketched))
    rows = [{"station": entry.station, **row} for row in sketch_rows(event)]
    if rows:
        conn.execute(zone_shape.insert(), rows)
    _changed(conn, entry)


def _put_shape(conn: Connection, entry: Entry, row: dict[str, Any]) -> None:
    """The shape is there; one with the same id is replaced and keeps its place in the order."""
    whole = {"station": entry.station, "position": entry.seq, **row}
    keys = ["station", "layer", "id"]
    changed = {name: value for name, value in row.items() if name not in keys}
    insert = upsert(zone_shape, conn).values(whole)
    conn.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed))


def _drop_shape(conn: Connection, entry: Entry, layer: str, shape_id: str) -> None:
    conn.execute(zone_shape.delete().where(*_row_of(entry.station, layer, shape_id)))


def _row_of(of_station: str, layer: str, shape_id: str) -> tuple[Any, ...]:
    columns = zone_shape.c
    return columns.station == of_station, columns.layer == layer, columns.id == shape_id


def _changed(conn: Connection, entry: Entry, reason: Sealed | None = None) -> None:
    """Whoever has prepared answers about the ground must prepare them anew; and it stands in its history."""
    forget_remembered(conn)
    insert = upsert(zone_version, conn).values(station=entry.station, event_id=entry.id)
    conn.execute(insert.on_conflict_do_update(index_elements=["station"], set_={"event_id": entry.id}))
    line = {
        "station": entry.station,
        "seq": entry.seq,
        "at_us": to_us(entry.at),
        "actor": entry.actor,
        "kind": entry.kind,
        "subject": entry.event.subject,
        "reason_ref": reason and reason.ref,
    }
    conn.execute(zone_change.insert(), line)


def _names(name: Words) -> dict[str, str]:
    return {"name_th": name.th, "name_en": name.en}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
