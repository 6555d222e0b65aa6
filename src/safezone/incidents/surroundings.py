"""What stands around an incident: its SOS point, the zone and the nearest cameras. It helps; it may fail."""

from __future__ import annotations

import logging
from typing import Protocol

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from safezone.core.db import harmless
from safezone.core.errors import SafezoneError
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.in_force import SettingsInForce
from safezone.core.settings import Limits, Priorities
from safezone.incidents.views import CameraNear

logger = logging.getLogger("safezone.incidents")


class PointBrief(msgspec.Struct, frozen=True):
    """Where an SOS point stands and what it is called."""

    place: Point
    name: Words


class Estate(Protocol):
    """What incidents ask of the zone and its assets."""

    def find_sos_point(self, conn: Connection, station: str, point_id: str) -> PointBrief | None: ...

    def describe_place(self, conn: Connection, station: str, place: Point) -> Words | None: ...

    def list_near_cameras(self, conn: Connection, station: str, place: Point) -> list[CameraNear]: ...

    def is_synthetic(self, conn: Connection, station: str) -> bool: ...


class Surroundings:
    """Asks the estate; when that fails, the incident is shown without it rather than not at all."""

    def __init__(self, estate: Estate, in_force: SettingsInForce) -> None:
        self._estate = estate
        self._in_force = in_force

    def limits(self, conn: Connection, station: str) -> Limits:
        """The limits in force in this moment of the database."""
        return self._in_force.read(conn, station).limits

    def priorities(self, conn: Connection, station: str) -> Priorities:
        """The priorities in force in this moment of the database."""
        return self._in_force.read(conn, station).priorities

    def find_sos_point(self, conn: Connection, station: str, point_id: str) -> PointBrief | None:
        """The SOS point, or None when it is not known (or cannot be looked up now)."""
        try:
            with harmless(conn):
                return self._estate.find_sos_point(conn, station, point_id)
        except (SafezoneError, SQLAlchemyError):
            logger.exception("cannot look up the SOS point %s", point_id)
            return None

    def describe_place(self, conn: Connection, station: str, place: Point) -> Words | None:
        """In which part of the zone a place lies, or None."""
        try:
            with harmless(conn):
                return self._estate.describe_place(conn, station, place)
        except (SafezoneError, SQLAlchemyError):
            logger.exception("cannot say what is at a place")
            return None

    def list_near_cameras(self, conn: Connection, station: str, place: Point) -> list[CameraNear]:
        """The nearest camera sites, nearest first; none when they cannot be looked up."""
        try:
            with harmless(conn):
                return self._estate.list_near_cameras(conn, station, place)
        except (SafezoneError, SQLAlchemyError):
            logger.exception("cannot look up the nearest cameras")
            return []

    def is_synthetic(self, conn: Connection, station: str) -> bool:
        """Whether the station is a demonstration."""
        try:
            with harmless(conn):
                return self._estate.is_synthetic(conn, station)
        except (SafezoneError, SQLAlchemyError):
            logger.exception("cannot look up the station")
            return False
