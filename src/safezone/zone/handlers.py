"""What happens when somebody asks something of the ground."""

from __future__ import annotations

from safezone.core.bus import Bus
from safezone.core.errors import Conflict, Invalid
from safezone.core.i18n import Words
from safezone.core.work import UnitOfWork
from safezone.events.zone import MapSketched, StationCreated, ZoneDrawn
from safezone.zone import editing, store
from safezone.zone.commands import CreateStation
from safezone.zone.geodesy import area_m2, perimeter_m

ZONE_ID = "zone"


def register(bus: Bus) -> None:
    """The bus knows the commands and events of the ground."""
    store.register(bus)
    editing.register(bus)
    bus.handle(CreateStation, create_station)


def create_station(cmd: CreateStation, uow: UnitOfWork) -> str:
    """The station, its zone, communities, places and sketch map are there; returns the station's id.

    Conflict when the station exists; Invalid when the set describes another station than the one that asks.
    """
    uow.identity.require("admin", "system")
    read = cmd.zone
    if read.station_id != uow.station:
        raise Invalid(
            "other_station",
            Words(
                th=f"ชุดข้อมูลนี้เป็นของสถานี “{read.station_id}” ไม่ใช่ “{uow.station}”",
                en=f"This set describes the station “{read.station_id}”, not “{uow.station}”.",
            ),
        )
    if store.find_version(uow.conn, uow.station) is not None:
        raise Conflict(
            "station_exists",
            Words(
                th=f"มีสถานี “{uow.station}” อยู่แล้ว: ไม่มีอะไรเปลี่ยนแปลง",
                en=f"The station “{uow.station}” exists already: nothing was changed.",
            ),
        )
    uow.record(
        StationCreated(station_id=uow.station, name=read.name, synthetic=read.synthetic, note=read.note)
    )
    uow.record(
        ZoneDrawn(
            zone_id=ZONE_ID,
            name=read.zone_name,
            area=read.boundary,
            area_m2=round(area_m2(read.boundary), 1),
            perimeter_m=round(perimeter_m(read.boundary), 1),
            criteria=read.criteria,
            population=read.population,
        )
    )
    for part in (*read.communities, *read.places):
        uow.record(part)
    if read.streets or read.waters:
        uow.record(MapSketched(station_id=uow.station, streets=read.streets, waters=read.waters))
    return uow.station
