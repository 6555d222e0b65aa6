"""Changing the ground over HTTP: each change says on which version it was made and is answered with the new one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from safezone.core.desk import Desk
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.events.zone import Area, Coverage, Evidence, SelectionCriteria
from safezone.zone import commands as cmds
from safezone.zone.editing import check_editor
from safezone.zone.geodesy import area_m2, perimeter_m
from safezone.zone.history import Version, list_versions
from safezone.zone.outlines import OutlineProblem, list_problems, read_area
from safezone.zone.queries import ZoneDetails, get_zone_details

OnceKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=200, required=False)]


class Geometry(msgspec.Struct, frozen=True):
    """A GeoJSON Polygon or MultiPolygon, degrees, WGS 84."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]

    def area(self) -> Area:
        """As events keep it."""
        return read_area(self.type, self.coordinates)


class EditBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every change: `expected_version` is the version of the map on the screen of whoever changes it."""

    expected_version: Annotated[str, msgspec.Meta(max_length=64)]


class BoundaryBody(EditBody, frozen=True, kw_only=True):
    """The boundary anew, and why."""

    geometry: Geometry
    reason: cmds.Reason
    name: Words | None = None


class CommunityBody(EditBody, frozen=True, kw_only=True):
    """A community; with the `id` of one that is there it is replaced, which takes a reason."""

    name: Words
    coverage: Coverage
    geometry: Geometry
    id: cmds.Code | None = None
    reason: cmds.Reason | None = None


class PlaceBody(EditBody, frozen=True, kw_only=True):
    """A place; `id` and `reason` as for a community."""

    name: Words
    point: Point
    kind: Annotated[str, msgspec.Meta(max_length=32)] = "other"
    geometry: Geometry | None = None
    id: cmds.Code | None = None
    reason: cmds.Reason | None = None


class RemoveBody(EditBody, frozen=True, kw_only=True):
    """Why it goes."""

    reason: cmds.Reason


class PopulationBody(EditBody, frozen=True, kw_only=True):
    """Who lives in the zone, or in one community; `as_of` is a day of the Christian or the Buddhist era."""

    residents: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    source: Words
    households: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    as_of: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    community_id: str | None = None
    reason: cmds.Reason | None = None


class CriteriaBody(EditBody, frozen=True, kw_only=True):
    """Why the zone was chosen, and what that rests on."""

    criteria: SelectionCriteria
    evidence: Annotated[list[Evidence], msgspec.Meta(max_length=100)] = []
    reason: cmds.Reason | None = None


class Changed(msgspec.Struct, frozen=True):
    """It is on disk; this is the version of the map now."""

    version: str


class Measured(msgspec.Struct, frozen=True):
    """What an outline measures, and what is wrong with it, each with its place on the map."""

    area_m2: float
    perimeter_m: float
    problems: list[OutlineProblem]


class Versions(msgspec.Struct, frozen=True):
    """The versions of the ground, newest first."""

    items: list[Version]


class ZoneEditRoutes(Controller):
    """The ground is changed and its history is read."""

    path = "/api/v1/zone"
    tags = ("zone",)

    @get("/details")
    async def get_details(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> ZoneDetails:
        """Everything that is said of the zone: figures, reasons with their evidence, communities, places."""
        return await desk.ask(get_zone_details, identity.station, identity)

    @get("/versions")
    async def list_versions(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        limit: FromQuery[Annotated[int, QueryParameter(ge=1, le=500)]] = 100,
    ) -> Versions:
        """Who changed what, when and why, newest first."""
        return Versions(await desk.ask(list_versions, identity.station, identity, desk.reader, limit))

    @post("/check", status_code=200)
    async def check_outline(
        self, data: JSONBody[Geometry], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> Measured:
        """What an outline measures and what is wrong with it; nothing is changed."""
        check_editor(identity)
        return await desk.think(_measure, data)

    @post("/boundary", status_code=200)
    async def draw_zone(
        self,
        data: JSONBody[BoundaryBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Changed:
        """Draw the boundary anew. 409 with the current version when somebody was first."""
        asked = cmds.DrawZone(
            expected_version=data.expected_version,
            area=data.geometry.area(),
            reason=data.reason,
            name=data.name,
        )
        return Changed(await desk.execute(asked, identity, once_key))

    @post("/communities", status_code=200)
    async def define_community(
        self,
        data: JSONBody[CommunityBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Changed:
        """Draw a community, or draw it anew."""
        asked = cmds.DefineCommunity(
            expected_version=data.expected_version,
            name=data.name,
            coverage=data.coverage,
            area=data.geometry.area(),
            id=data.id,
            reason=data.reason,
        )
        return Changed(await desk.execute(asked, identity, once_key))

    @post("/communities/{community_id:str}/remove", status_code=200)
    async def remove_community(
        self,
        data: JSONBody[RemoveBody],
        community_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Changed:
        """Take a community off the map; what it was stays in the history."""
        asked = cmds.RemoveCommunity(
            expected_version=data.expected_version, id=community_id, reason=data.reason
        )
        return Changed(await desk.execute(asked, identity, once_key))

    @post("/places", status_code=200)
    async def name_place(
        self,
        data: JSONBody[PlaceBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Changed:
        """Name a place, or say anew what and where it is."""
        asked = cmds.NamePlace(
            expected_version=data.expected_version,
            name=data.name,
            sort=data.kind,
            point=data.point,
            area=None if data.geometry is None else data.geometry.area(),
            id=data.id,
            reason=data.reason,
        )
        return Changed(await desk.execute(asked, identity, once_key))

    @post("/places/{place_id:str}/remove", status_code=200)
    async def remove_place(
        self,
        data: JSONBody[RemoveBody],
        place_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Changed:
        """Take a place off the map; what it was stays in the history."""
        asked = cmds.RemovePlace(expected_version=data.expected_version, id=place_id, reason=data.reason)
        return Changed(await desk.execute(asked, identity, once_key))

    @post("/population", status_code=200)
    async def record_population(
        self,
        data: JSONBody[PopulationBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Changed:
        """Record how many people live in the zone or in a community, with the source and the day of the figure."""
        asked = cmds.RecordPopulation(**msgspec.structs.asdict(data))
        return Changed(await desk.execute(asked, identity, once_key))

    @post("/criteria", status_code=200)
    async def record_criteria(
        self,
        data: JSONBody[CriteriaBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        once_key: OnceKey = None,
    ) -> Changed:
        """Record why the zone was chosen (risk, landmark, economic), with the evidence."""
        asked = cmds.RecordCriteria(**msgspec.structs.asdict(data))
        return Changed(await desk.execute(asked, identity, once_key))


def _measure(drawn: Geometry) -> Measured:
    area = drawn.area()
    problems = list_problems(area)
    if any(problem.code in ("swapped", "metres", "out_of_range") for problem in problems):
        return Measured(0.0, 0.0, problems)
    return Measured(round(area_m2(area), 1), round(perimeter_m(area), 1), problems)
