"""The equipment in a station set: camera sites, cameras and SOS points; and the whole set, read or refused at once."""

from __future__ import annotations

from pathlib import Path
from typing import Final, cast, get_args

import msgspec

from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.events.assets import (
    CameraRegistered,
    CameraSiteRegistered,
    Lifecycle,
    SosPointRegistered,
)
from safezone.zone.findings import Finding, Findings
from safezone.zone.geodesy import middle_of
from safezone.zone.nearby import Plane, Shape
from safezone.zone.rules import distance_words
from safezone.zone.sheets import Once, Row, list_rows
from safezone.zone.station_set import UnitRow, ZoneSet, list_units, read_zone_set

LIFECYCLES: Final[tuple[Lifecycle, ...]] = get_args(Lifecycle)
FAR_FROM_ZONE_M: Final = 20_000.0
_PLACED: Final = ("code", "name_th", "name_en", "lon", "lat", "owner_th", "owner_en", "lifecycle")
_CAMERA: Final = ("code", "site", "name_th", "name_en", "owner_th", "owner_en", "lifecycle")


class AssetSet(msgspec.Struct, frozen=True):
    """The equipment as read from camera_sites.csv, cameras.csv and sos_points.csv, in the structs of its events."""

    sites: list[CameraSiteRegistered] = []
    cameras: list[CameraRegistered] = []
    sos_points: list[SosPointRegistered] = []


class StationSet(msgspec.Struct, frozen=True):
    """A whole station set: the ground, the equipment, the patrol units, and what deserves a second look."""

    zone: ZoneSet
    assets: AssetSet
    units: list[UnitRow]
    notices: list[Finding]


def read_station_set(folder: Path) -> StationSet:
    """The station set in a folder; StationSetRefused with every problem of every file when there is one."""
    findings = Findings()
    zone = read_zone_set(folder, findings)
    if not folder.is_dir():
        findings.refuse_if_any()
    assets = read_asset_set(folder, zone, findings)
    units = list_units(folder, findings)
    findings.refuse_if_any()
    return StationSet(cast("ZoneSet", zone), assets, units, findings.notices)


def read_asset_set(folder: Path, zone: ZoneSet | None, findings: Findings) -> AssetSet:
    """The equipment of a folder, as synthetic as its zone; rows with problems are left out."""
    reader = _Reader(zone, findings)
    sites = [
        site
        for row in list_rows(folder / "camera_sites.csv", _PLACED, (), findings)
        if (site := reader.site(row)) is not None
    ]
    cameras = [
        camera
        for row in list_rows(folder / "cameras.csv", _CAMERA, (), findings)
        if (camera := reader.camera(row)) is not None
    ]
    points = [
        point
        for row in list_rows(folder / "sos_points.csv", _PLACED, (), findings)
        if (point := reader.sos_point(row)) is not None
    ]
    return AssetSet(sites, cameras, points)


class _Reader:
    """Reads rows of the three tables; a code is taken once, whichever table it stands in."""

    def __init__(self, zone: ZoneSet | None, findings: Findings) -> None:
        self._findings = findings
        self._once = Once()
        self._sites: set[str] = set()
        self._synthetic = zone is not None and zone.synthetic
        self._plane = self._shape = None
        if zone is not None:
            self._plane = Plane(middle_of(zone.boundary[0][0]))
            self._shape = Shape(self._plane.area(zone.boundary))

    def site(self, row: Row) -> CameraSiteRegistered | None:
        code, point = row.code("code"), self._point(row)
        self._sites.add(code.casefold())
        name, owner, lifecycle = self._common(row)
        if not self._once.take(row, "code", code) or point is None:
            return None
        return CameraSiteRegistered(
            site_id=code.lower(),
            code=code,
            name=name,
            point=point,
            owner=owner,
            lifecycle=lifecycle,
            synthetic=self._synthetic,
        )

    def camera(self, row: Row) -> CameraRegistered | None:
        code, site = row.code("code"), row.code("site")
        name, owner, lifecycle = self._common(row)
        if site and site.casefold() not in self._sites:
            row.problem("unknown_site", "site", value=site)
        if not self._once.take(row, "code", code):
            return None
        return CameraRegistered(
            camera_id=code.lower(),
            site_id=site.lower(),
            code=code,
            name=name,
            owner=owner,
            lifecycle=lifecycle,
            synthetic=self._synthetic,
        )

    def sos_point(self, row: Row) -> SosPointRegistered | None:
        code, point = row.code("code"), self._point(row)
        name, owner, lifecycle = self._common(row)
        if not self._once.take(row, "code", code) or point is None:
            return None
        return SosPointRegistered(
            point_id=code.lower(),
            code=code,
            name=name,
            point=point,
            owner=owner,
            lifecycle=lifecycle,
            synthetic=self._synthetic,
        )

    def _common(self, row: Row) -> tuple[Words, Words, Lifecycle]:
        name = Words(th=row.text("name_th"), en=row.text("name_en"))
        owner = Words(th=row.text("owner_th"), en=row.text("owner_en"))
        return name, owner, cast("Lifecycle", row.one_of("lifecycle", LIFECYCLES))

    def _point(self, row: Row) -> Point | None:
        point = row.point()
        if point is not None and self._plane is not None and self._shape is not None:
            away_m = self._shape.distance_m(*self._plane.place(point.lon, point.lat))
            if away_m > FAR_FROM_ZONE_M:
                row.notice("far_from_zone", "lon", value=distance_words(away_m))
        return point
