"""How the program is: for an administrator in words, for a supervisor of processes in one status."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from litestar import Controller, Response, get, post
from sqlalchemy import Connection

from safezone import __version__
from safezone.core.desk import Desk
from safezone.core.identity import Identity, system
from safezone.core.listeners import ListenerView, ResumeListener, list_listeners
from safezone.core.log import last_seq


class NodeState(Protocol):
    """What the running program knows about its own parts."""

    def parts(self) -> dict[str, str]: ...

    def wake_listeners(self) -> None: ...


class ListenerList(msgspec.Struct, frozen=True):
    """Every listener and how far it is."""

    items: list[ListenerView]


class Health(msgspec.Struct, frozen=True):
    """`ok`, or what is not."""

    status: str
    version: str
    parts: dict[str, str]


def _list(conn: Connection, desk: Desk, identity: Identity) -> list[ListenerView]:
    identity.require("admin", "supervisor", "system")
    return list_listeners(conn, desk.bus, identity.station, last_seq(conn, identity.station))


class AdminRoutes(Controller):
    """For administrators."""

    path = "/api/v1/admin"
    tags = ("administration",)

    @get("/listeners")
    async def list_listeners(self, identity: Identity, desk: Desk) -> ListenerList:
        """Every listener of the log, how far it is and whether it is parked."""
        return ListenerList(await desk.ask(_list, desk, identity))

    @post("/listeners/{name:str}/resume", status_code=200)
    async def resume_listener(self, name: str, identity: Identity, desk: Desk, node_state: Any) -> ListenerList:
        """Let a parked listener go on."""
        await desk.execute(ResumeListener(name), identity)
        node_state.wake_listeners()
        return ListenerList(await desk.ask(_list, desk, identity))


class HealthRoutes(Controller):
    """For whatever watches the process."""

    path = "/"
    tags = ("health",)

    @get("/healthz")
    async def healthz(self) -> Health:
        """The process answers."""
        return Health("ok", __version__, {})

    @get("/readyz")
    async def readyz(self, desk: Desk, node_state: Any) -> Response[Health]:
        """Whether every part works: 200, or 503 with what does not."""
        parts = dict(node_state.parts())
        views = await desk.ask(_list, desk, system(desk.station, "readyz"))
        parked = [view.name for view in views if view.state == "parked"]
        parts["listeners"] = f"parked: {', '.join(parked)}" if parked else "ok"
        ready = all(said == "ok" for said in parts.values())
        return Response(Health("ok" if ready else "not ready", __version__, parts), status_code=200 if ready else 503)
