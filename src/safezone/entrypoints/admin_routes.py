"""How the program is: for an administrator in words, for a supervisor of processes in one status."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from safezone import __version__
from safezone.core.auth import CredentialView, IssueCredential, Issued, RevokeCredential, list_credentials
from safezone.core.desk import Desk
from safezone.core.identity import Identity, system
from safezone.core.listeners import ListenerView, ResumeListener, list_listeners
from safezone.entrypoints.safekeeping import Safekeeping


class NodeState(Protocol):
    """What the running program knows about its own parts."""

    def parts(self) -> dict[str, str]: ...

    def wake_listeners(self) -> None: ...

    def safekeeping(self) -> Safekeeping: ...


class ListenerList(msgspec.Struct, frozen=True):
    """Every listener and how far it is."""

    items: list[ListenerView]


class Health(msgspec.Struct, frozen=True):
    """`ok`, or what is not."""

    status: str
    version: str
    parts: dict[str, str]


class CredentialBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A credential to give out: a bearer token, a link that works once, or a device's secret."""

    sort: Literal["token", "one_time_link", "device"]
    role: Literal["operator", "supervisor", "admin", "auditor", "unit", "sos_point"]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    unit_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    point_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] | None = None
    lifetime_s: Annotated[int, msgspec.Meta(ge=60, le=366 * 86_400)] | None = None


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
    identity.require("admin", "supervisor", "system")
    return list_listeners(conn, desk.bus, identity.station)


class AdminRoutes(Controller):
    """For administrators."""

    path = "/api/v1/admin"
    tags = ("administration",)

    @get("/listeners")
    async def list_listeners(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> ListenerList:
        """Every listener of the log, how far it is and whether it is parked."""
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
        identity.require("admin", "supervisor")
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
        """Let nobody in with it any more, at once; a pole is refused when it connects the next time."""
        identity.require("admin")
        await desk.execute(RevokeCredential(credential_id, data.reason), identity)
        return CredentialList(await desk.ask(_list_credentials, desk, identity))


class HealthRoutes(Controller):
    """For whatever watches the process."""

    path = "/"
    tags = ("health",)

    @get("/healthz")
    async def healthz(self) -> Health:
        """The process answers."""
        return Health("ok", __version__, {})

    @get("/readyz")
    async def readyz(self, desk: NamedDependency[Desk], node_state: NamedDependency[Any]) -> Response[Health]:
        """Whether every part works: 200, or 503 with what does not."""
        parts = dict(node_state.parts())
        views = await desk.ask(_list, desk, system(desk.station, "readyz"))
        parked = [view.name for view in views if view.state == "parked"]
        parts["listeners"] = f"parked: {', '.join(parked)}" if parked else "ok"
        # A backup that failed must be seen to, but the station serves all the same.
        ready = all(said == "ok" for part, said in parts.items() if part != "backup")
        return Response(
            Health("ok" if ready else "not ready", __version__, parts), status_code=200 if ready else 503
        )
