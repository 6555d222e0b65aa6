"""What each domain puts into the live feed, and what one domain is told about another: adapters, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from safezone.assets import queries as assets
from safezone.assets.on_console import find_console_assets
from safezone.core.changing_settings import SettingChanged
from safezone.core.event import Entry
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.in_force import SettingsInForce
from safezone.entrypoints.console_routes import console_settings
from safezone.events.assets import AssetsChanged, AssetsRegistered, CameraRegistered
from safezone.events.incidents import HandoverNoted, IncidentMerged, TwinAbsorbed, TwinSuggested
from safezone.incidents import queries as incidents
from safezone.incidents.needs import UnitBrief
from safezone.incidents.surroundings import PointBrief, Surroundings
from safezone.incidents.views import CameraNear
from safezone.patrol import queries as patrol
from safezone.patrol.handlers import PositionsMoved
from safezone.zone import queries as zone

AT_ONCE: Final = 200


class IncidentFeed:
    """Every incident that an entry changed, for the command centre and the units that are sent to it."""

    field = "incidents"
    is_list = True

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def touched(self, entry: Entry) -> Sequence[str]:
        """The incident of the entry, and the other one where it is about two."""
        event = entry.event
        incident_id: str | None = getattr(event, "incident_id", None)
        if incident_id is None or not type(event).__module__.endswith("events.incidents"):
            return ()
        match event:
            case TwinSuggested(other_id=other) | TwinAbsorbed(other_id=other) | IncidentMerged(into=other):
                return (incident_id, other)
        return (incident_id,)

    def views(self, conn: Connection, station: str, ids: Sequence[str]) -> dict[str, Any]:
        """How these incidents stand now."""
        return dict(incidents.incident_views(conn, station, ids, self._surroundings))

    def visible_to(self, view: Any, identity: Identity) -> Any | None:
        """The incident, when this identity may see it."""
        return incidents.visible_to(view, identity)


class HandoverFeed:
    """The newest handover note, for the command centre."""

    field = "handover"
    is_list = False

    def touched(self, entry: Entry) -> Sequence[str]:
        """The note of the entry."""
        return (entry.event.note_id,) if isinstance(entry.event, HandoverNoted) else ()

    def views(self, conn: Connection, station: str, ids: Sequence[str]) -> dict[str, Any]:
        """These notes."""
        reader = Identity(station, "admin", "live-feed")
        return {id_: incidents.get_handover(conn, reader, id_) for id_ in ids}

    def visible_to(self, view: Any, identity: Identity) -> Any | None:
        """Notes are for the command centre."""
        return view if identity.in_ccoc else None


class UnitFeed:
    """Every unit that an entry changed."""

    field = "units"
    is_list = True

    def touched(self, entry: Entry) -> Sequence[str]:
        """The unit of the entry."""
        event = entry.event
        unit_id: str | None = getattr(event, "unit_id", None)
        return (unit_id,) if unit_id and type(event).__module__.endswith("events.patrol") else ()

    def views(self, conn: Connection, station: str, ids: Sequence[str]) -> dict[str, Any]:
        """How these units stand now."""
        return dict(patrol.unit_views(conn, station, ids))

    def visible_to(self, view: Any, identity: Identity) -> Any | None:
        """The unit as this identity may see it."""
        return patrol.visible_to(view, identity)


class AssetFeed:
    """Every asset that an entry changed."""

    field = "assets"
    is_list = True

    def touched(self, entry: Entry) -> Sequence[str]:
        """The asset of the entry; with a new camera also its site, which counts its cameras; of a list all of it."""
        event = entry.event
        match event:
            case CameraRegistered():
                return (event.camera_id, event.site_id)
            case AssetsRegistered() | AssetsChanged():
                listed = event.assets
                return sorted(
                    {each.id for each in listed} | {each.site_id for each in listed if each.site_id}
                )
        is_about_one = type(event).__module__.endswith(("events.assets", "events.upkeep"))
        return (event.subject,) if is_about_one else ()

    def views(self, conn: Connection, station: str, ids: Sequence[str]) -> dict[str, Any]:
        """How those of these assets stand now that a console shows; of the others it is told that they are gone."""
        return dict(find_console_assets(conn, station, ids))

    def visible_to(self, view: Any, identity: Identity) -> Any | None:
        """Where the equipment stands and how it is may be seen by everybody on duty."""
        return view if identity.in_ccoc or identity.role == "unit" else None


class SettingsFeed:
    """What the console draws by, when a setting was changed in the browser."""

    field = "settings"
    is_list = False

    def __init__(self, in_force: SettingsInForce) -> None:
        self._in_force = in_force

    def touched(self, entry: Entry) -> Sequence[str]:
        """The settings, whichever of them it was."""
        return ("settings",) if isinstance(entry.event, SettingChanged) else ()

    def views(self, conn: Connection, station: str, ids: Sequence[str]) -> dict[str, Any]:
        """As much of them as the console draws by."""
        return dict.fromkeys(ids, console_settings(self._in_force.read(conn, station)))

    def visible_to(self, view: Any, identity: Identity) -> Any | None:
        """They are for the command centre."""
        return view if identity.in_ccoc else None


class MovingUnits:
    """Positions of units, which move too often for the log."""

    def moved(self, signal: Any) -> dict[str, Any]:
        """The newest fix of each unit in the signal."""
        return {one.unit_id: one.fix for one in signal.moved} if isinstance(signal, PositionsMoved) else {}

    def split(self, signal: Any) -> list[Any]:
        """The signal in pieces of at most 200 units (about 40 KiB as JSON)."""
        if not isinstance(signal, PositionsMoved):
            return [signal]
        slices = range(0, len(signal.moved), AT_ONCE)
        return [PositionsMoved(signal.station, signal.moved[start : start + AT_ONCE]) for start in slices]

    def may_see(self, identity: Identity, moving_id: str) -> bool:
        """Where an officer is, is for the command centre and for the officer."""
        return patrol.may_see_position(identity, moving_id)


class EstateAdapter:
    """Answers what incidents ask of the zone and its assets."""

    def find_sos_point(self, conn: Connection, station: str, point_id: str) -> PointBrief | None:
        """Where an SOS point stands and what it is called."""
        found = assets.find_sos_point(conn, station, point_id)
        return PointBrief(found.place, found.name) if found else None

    def describe_place(self, conn: Connection, station: str, place: Point) -> Words | None:
        """In which part of the zone a place lies."""
        return zone.what_is_at(conn, station, place).words

    def list_near_cameras(self, conn: Connection, station: str, place: Point) -> list[CameraNear]:
        """The nearest camera sites."""
        near = assets.nearest_camera_sites(conn, station, place)
        return [CameraNear(site.id, site.code, site.name, round(site.distance_m)) for site in near]

    def is_synthetic(self, conn: Connection, station: str) -> bool:
        """Whether the station is a demonstration."""
        return zone.is_synthetic(conn, station)


class PatrolAdapter:
    """Answers what incidents ask of the patrol."""

    def find_unit(self, conn: Connection, station: str, unit_id: str) -> UnitBrief | None:
        """As much of a unit as dispatching needs."""
        found = patrol.find_brief(conn, station, unit_id)
        return (
            UnitBrief(found.unit_id, found.call_sign, found.on_duty, found.unavailable_because)
            if found
            else None
        )
