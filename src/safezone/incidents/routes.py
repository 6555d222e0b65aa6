"""The HTTP face of the incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from safezone.core.desk import Desk
from safezone.core.geo import Point
from safezone.core.identity import Identity
from safezone.core.pictures import clean_photo
from safezone.events.incidents import Outcome
from safezone.incidents import commands as cmds
from safezone.incidents import queries
from safezone.incidents.rules import claim_in_utc
from safezone.incidents.surroundings import Surroundings
from safezone.incidents.views import IncidentDetail, IncidentView

Version = Annotated[int, msgspec.Meta(ge=1)]
OnceKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=200, required=False)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an action needs; `expected_version` is the version of the incident on the screen of whoever acts."""


class AcknowledgeBody(Body, frozen=True):
    """I take it."""

    expected_version: Version


class DispatchBody(Body, frozen=True):
    """Which units; the reason is needed when one of them is on another incident."""

    expected_version: Version
    unit_ids: Annotated[list[str], msgspec.Meta(min_length=1, max_length=50)]
    second_assignment_reason: cmds.Reason | None = None


class StepBody(Body, frozen=True):
    """How far the unit has come; a unit that cannot come says why."""

    state: cmds.AssignmentStep
    reason: cmds.Reason | None = None


class PriorityBody(Body, frozen=True):
    """The new priority (1 is the most urgent), and why."""

    expected_version: Version
    priority: cmds.Priority
    reason: cmds.Reason


class PlaceBody(Body, frozen=True):
    """Where it is, as a person confirms it."""

    expected_version: Version
    place: Point


class NoteBody(Body, frozen=True):
    """What is to be remembered."""

    text: cmds.Text


class MergeBody(Body, frozen=True):
    """The incident to which this one belongs."""

    expected_version: Version
    into: str


class CloseBody(Body, frozen=True):
    """How it ended."""

    expected_version: Version
    outcome: Outcome
    note: cmds.Text | None = None


class ReopenBody(Body, frozen=True):
    """Why it was not over."""

    expected_version: Version
    reason: cmds.Reason


class IncidentList(msgspec.Struct, frozen=True):
    """Incidents, newest first."""

    items: list[IncidentView]


class Acting:
    """Somebody about to act on an incident: does the command, and answers with the incident as it stands then."""

    def __init__(
        self, desk: Desk, identity: Identity, surroundings: Surroundings, once_key: str | None
    ) -> None:
        self.desk = desk
        self.identity = identity
        self._surroundings = surroundings
        self._once_key = once_key

    async def do(self, command: object) -> IncidentView:
        """The command is done and on disk; a repetition of the same `Idempotency-Key` changes nothing more."""
        incident_id = await self.desk.execute(command, self.identity, self._once_key)
        return await self.desk.ask(queries.get_acted_on, self.identity, incident_id, self._surroundings)


async def provide_acting(
    desk: NamedDependency[Desk],
    identity: NamedDependency[Identity],
    surroundings: NamedDependency[Surroundings],
    once_key: OnceKey = None,
) -> Acting:
    """What an action's route is given."""
    return Acting(desk, identity, surroundings, once_key)


class IncidentRoutes(Controller):
    """Reads of incidents, and every action on one; an action answers with the incident as it stands then."""

    path = "/api/v1/incidents"
    tags = ("incidents",)
    dependencies = {"acting": Provide(provide_acting)}  # noqa: RUF012 - Litestar's own way

    @get()
    async def list_incidents(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        surroundings: NamedDependency[Surroundings],
        which: Annotated[Literal["open", "closed", "all"], QueryParameter(name="state")] = "open",
        limit: Annotated[int, QueryParameter(ge=1, le=queries.LONGEST_LIST)] = 200,
        before: FromQuery[datetime | None] = None,
    ) -> IncidentList:
        """Incidents, newest first; a time without an offset is taken as UTC."""
        items = await desk.ask(
            queries.list_incidents,
            identity,
            surroundings,
            state=which,
            limit=limit,
            before=claim_in_utc(before),
        )
        return IncidentList(items)

    @get("/{incident_id:str}")
    async def get_incident(
        self,
        incident_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        surroundings: NamedDependency[Surroundings],
    ) -> IncidentDetail:
        """Everything about one incident."""
        return await desk.ask(queries.get_detail, identity, incident_id, surroundings, desk.reader)

    @post("/{incident_id:str}/acknowledge", status_code=200)
    async def acknowledge(
        self,
        incident_id: FromPath[str],
        data: JSONBody[AcknowledgeBody],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """I take this incident."""
        command = cmds.AcknowledgeIncident(incident_id, data.expected_version)
        return await acting.do(command)

    @post("/{incident_id:str}/dispatch", status_code=200)
    async def dispatch(
        self,
        incident_id: FromPath[str],
        data: JSONBody[DispatchBody],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """Send these units."""
        command = cmds.DispatchUnits(
            incident_id, data.expected_version, data.unit_ids, data.second_assignment_reason
        )
        return await acting.do(command)

    @post("/{incident_id:str}/assignments/{unit_id:str}", status_code=200)
    async def progress(
        self,
        incident_id: FromPath[str],
        unit_id: FromPath[str],
        data: JSONBody[StepBody],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """The unit has accepted, is on its way, has arrived, has left or cannot come. Repeating it changes nothing."""
        command = cmds.ProgressAssignment(incident_id, unit_id, data.state, data.reason)
        return await acting.do(command)

    @post("/{incident_id:str}/priority", status_code=200)
    async def change_priority(
        self,
        incident_id: FromPath[str],
        data: JSONBody[PriorityBody],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """Set another priority, with a reason."""
        command = cmds.ChangePriority(incident_id, data.expected_version, data.priority, data.reason)
        return await acting.do(command)

    @post("/{incident_id:str}/place", status_code=200)
    async def correct_place(
        self,
        incident_id: FromPath[str],
        data: JSONBody[PlaceBody],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """Confirm or correct where it is."""
        command = cmds.CorrectPlace(incident_id, data.expected_version, data.place)
        return await acting.do(command)

    @post("/{incident_id:str}/notes", status_code=201)
    async def add_note(
        self,
        incident_id: FromPath[str],
        data: JSONBody[NoteBody],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """Write something down; it never conflicts with anybody."""
        return await acting.do(cmds.AddNote(incident_id, data.text))

    @post("/{incident_id:str}/photos", status_code=201)
    async def add_photo(
        self,
        incident_id: FromPath[str],
        request: Request[Any, Any, Any],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """Add a JPEG, PNG or WebP (the request's body, at most 8 MiB); its metadata is stripped."""
        acting.identity.require("operator", "supervisor", "admin", "unit")
        clean = await acting.desk.think(clean_photo, await request.body())
        command = cmds.AddPhoto(incident_id, clean.image, clean.media_type, clean.width_px, clean.height_px)
        return await acting.do(command)

    @get("/{incident_id:str}/photos/{photo_id:str}")
    async def get_photo(
        self,
        incident_id: FromPath[str],
        photo_id: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        surroundings: NamedDependency[Surroundings],
    ) -> Response[bytes]:
        """A photo."""
        image, media_type = await desk.ask(queries.get_photo, identity, incident_id, photo_id, surroundings)
        headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
        return Response(image, media_type=media_type, headers=headers)

    @post("/{incident_id:str}/merge", status_code=200)
    async def merge(
        self,
        incident_id: FromPath[str],
        data: JSONBody[MergeBody],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """This incident is the same as `into`; answers with that one."""
        command = cmds.MergeIncident(incident_id, data.expected_version, data.into)
        return await acting.do(command)

    @post("/{incident_id:str}/close", status_code=200)
    async def close(
        self,
        incident_id: FromPath[str],
        data: JSONBody[CloseBody],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """It is over, with this outcome."""
        command = cmds.CloseIncident(incident_id, data.expected_version, data.outcome, data.note)
        return await acting.do(command)

    @post("/{incident_id:str}/reopen", status_code=200)
    async def reopen(
        self,
        incident_id: FromPath[str],
        data: JSONBody[ReopenBody],
        acting: NamedDependency[Acting],
    ) -> IncidentView:
        """It was not over after all."""
        command = cmds.ReopenIncident(incident_id, data.expected_version, data.reason)
        return await acting.do(command)
