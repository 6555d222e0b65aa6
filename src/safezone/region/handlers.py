"""A look is in the log of the seat before anything is shown."""

from __future__ import annotations

from safezone.core.bus import Bus
from safezone.core.work import UnitOfWork
from safezone.events.region import ALL_OF_THEM, StationsLookedAt
from safezone.region import store
from safezone.region.commands import LookAtStations
from safezone.region.queries import check_in_reach, list_reach


def register(bus: Bus) -> None:
    """The lane knows how a region is looked at."""
    bus.handle(LookAtStations, look_at_stations)
    store.register(bus)


def look_at_stations(cmd: LookAtStations, uow: UnitOfWork) -> tuple[str, ...]:
    """The stations that may be shown from now on; NotAllowed or NotFound as the queries say."""
    stations = tuple(list_reach(uow.conn, uow.identity))
    if cmd.station_id is not None:
        check_in_reach(stations, cmd.station_id)
        stations = (cmd.station_id,)
    uow.record(StationsLookedAt(about=cmd.station_id or ALL_OF_THEM, stations=stations))
    return stations
