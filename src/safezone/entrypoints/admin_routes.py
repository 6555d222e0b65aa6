"""How the program is: for an administrator in words, for a supervisor of processes in one status."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from safezone import __version__
from safezone.core.auth import IssueCredential, Issued, RevokeCredential
from safezone.core.credential_list import CredentialView, list_credentials
from safezone.core.desk import Desk
from safezone.core.identity import Identity, Reach
from safezone.core.listeners import ListenerView, ResumeListener, list_listeners
from safezone.entrypoints import health
from safezone.entrypoints.safekeeping import Safekeeping
from safezone.entrypoints.scrapers import check_scraper


class NodeState(Protocol):
    """What the running program knows about its own parts."""

    @property
    def health(self) -> health.Health: ...

    def wake_listeners(self) -> None: ...

    def safekeeping(self) -> Safekeeping: ...


class ListenerList(msgspec.Struct, frozen=True):
    """Every listener and how far it is."""

    items: list[ListenerView]


class Alive(msgspec.Struct, frozen=True):
    """The process answers; nothing is said about its parts."""

    status: Literal["ok"]
    version: str


class Readiness(msgspec.Struct, frozen=True):
    """Every part by name. `down`: presses may not arrive or not be seen; `degraded`: they do, and a technician is needed."""

    status: health.State
    version: str
    degraded: list[str]
    """The parts that are not well, those that are down included."""
    parts: dict[str, health.Part]


class CredentialBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A credential to give out: a bearer token, a link that works once, or a device's secret."""

    sort: Literal["token", "one_time_link", "device"]
    role: Literal[
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
        "sos_point",
    ]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    unit_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    point_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] | None = None
    partner_id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9_-]{1,64}$")] | None = None
    lifetime_s: Annotated[int, msgspec.Meta(ge=60, le=366 * 86_400)] | None = None
    exports: bool = False
    """A token of a machine that may take lists out by itself; a person proves each time who they are."""
    reach: Reach = "station"
    """Of a commander: `region` sees also the stations that have named this one as the seat of their region."""


class NewCredential(msgspec.Struct, frozen=True):
    """A credential; its secret is shown this once and stored nowhere."""

    credential_id: str
    secret: str


class RevokeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class CredentialList(msgspec.Struct, frozen=True):
    """Credentials without their secrets."""

    items: list[CredentialView]


def _list_credentials(conn: Connection, desk: Desk, identity: Identity) -> list[CredentialView]:
    identity.require("admin")
    return list_credentials(conn, identity.station, desk.clock.now())


def _list(conn: Connection, desk: Desk, identity: Identity) -> list[ListenerView]:
    identity.require("admin", "supervisor", "auditor", "chief", "commander", "technician", "system")
    views = list_listeners(conn, desk.bus, identity.station)
    if identity.in_ccoc or identity.role == "system":
        return views
    # What went wrong is told in the words of the program, and they may quote what somebody has reported.
    return [msgspec.structs.replace(view, error=None) for view in views]


class AdminRoutes(Controller):
    """For administrators."""

    path = "/api/v1/admin"
    tags = ("administration",)

    @get("/listeners")
    async def list_listeners(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> ListenerList:
        """Every listener of the log, how far it is and whether it is parked; why, for the command centre alone."""
        return ListenerList(await desk.ask(_list, desk, identity))

    @post("/listeners/{name:str}/resume", status_code=200)
    async def resume_listener(
        self,
        name: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        node_state: NamedDependency[Any],
    ) -> ListenerList:
        """Let a parked listener go on."""
        await desk.execute(ResumeListener(name), identity)
        node_state.wake_listeners()
        return ListenerList(await desk.ask(_list, desk, identity))

    @get("/safekeeping")
    async def show_safekeeping(
        self, identity: NamedDependency[Identity], node_state: NamedDependency[Any]
    ) -> Safekeeping:
        """The last backup and the last restore drill, and the last of each that went well."""
        identity.require("admin", "supervisor", "auditor", "chief", "commander", "technician")
        state: Safekeeping = node_state.safekeeping()
        return state


class CredentialRoutes(Controller):
    """Who may come in: given out and taken back by an administrator."""

    path = "/api/v1/admin/credentials"
    tags = ("administration",)

    @get()
    async def list_credentials(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> CredentialList:
        """Every credential, newest first, without its secret."""
        return CredentialList(await desk.ask(_list_credentials, desk, identity))

    @post()
    async def issue_credential(
        self, data: JSONBody[CredentialBody], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> NewCredential:
        """Give one out. The broker that comes with the program knows a pole's new secret a moment later."""
        identity.require("admin")
        issued: Issued = await desk.execute(IssueCredential(**msgspec.structs.asdict(data)), identity)
        return NewCredential(issued.credential_id, issued.secret)

    @post("/{credential_id:str}/revoke", status_code=200)
    async def revoke_credential(
        self,
        credential_id: FromPath[str],
        data: JSONBody[RevokeBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> CredentialList:
        """Let nobody in with it any more, at once; a pole that is connected to the broker is put out too."""
        identity.require("admin")
        await desk.execute(RevokeCredential(credential_id, data.reason), identity)
        return CredentialList(await desk.ask(_list_credentials, desk, identity))


class HealthRoutes(Controller):
    """For whatever watches the process."""

    path = "/"
    tags = ("health",)

    @get("/healthz")
    async def healthz(self) -> Alive:
        """The process answers."""
        return Alive("ok", __version__)

    @get("/livez")
    async def livez(self) -> Alive:
        """The process answers: as /healthz, by the name that process supervisors look for."""
        return Alive("ok", __version__)

    @get("/metrics", media_type="text/plain; version=0.0.4; charset=utf-8")
    async def metrics(
        self, request: Request[Any, Any, Any], desk: NamedDependency[Desk], node_state: NamedDependency[Any]
    ) -> bytes:
        """Everything that is counted, for Prometheus. Who may read it is a setting (`[metrics]`)."""
        check_scraper(desk.settings.metrics, request)
        text: bytes = await node_state.metrics()
        return text

    @get("/readyz")
    async def readyz(self, node_state: NamedDependency[Any]) -> Response[Readiness]:
        """How every part is: 200, also when some are degraded; 503 when a part that presses depend on is down."""
        report = await node_state.health.look()
        said = Readiness(report.state, __version__, report.degraded, report.parts)
        return Response(said, status_code=503 if report.state == "down" else 200)
