"""What somebody must know who does not sit at the console, by the routes of the settings: shown on top of the office."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from sqlalchemy import Connection

from safezone.assets import search
from safezone.core.desk import Desk
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.core.settings import Notices, Told
from safezone.entrypoints.health import Notice
from safezone.incidents import queries as incidents

_BY_PART = {"backup": "backup_failed", "witness": "record_rewritten"}
"""Parts of the program whose trouble is told by a route of its own."""
DOWN: Final = search.Wanted(readiness="DOWN")
MOST_NAMED: Final = 6
"""Of much that is down so much is named; the rest is a number, and the office lists it."""


class NoticeView(msgspec.Struct, frozen=True):
    """One thing to know; `route` is the setting that says who is told."""

    route: str
    words: Words


class NoticeList(msgspec.Struct, frozen=True):
    """Everything that this role is told now."""

    items: list[NoticeView]


def _list(conn: Connection, identity: Identity, desk: Desk, parts: Sequence[Notice]) -> list[NoticeView]:
    identity.require(*get_args(Told))
    routes: Notices = desk.in_force.read(conn, identity.station).notices
    told = {name for name in routes.__struct_fields__ if identity.role in getattr(routes, name)}
    found: list[NoticeView] = []
    if "not_acknowledged" in told and (count := incidents.count_escalated(conn, identity.station)):
        words = Words(
            th=f"มี {count} เหตุที่ยังไม่มีผู้รับทราบเกินเวลาที่กำหนด",
            en=f"Incidents that nobody has acknowledged in time: {count}",
        )
        found.append(NoticeView("not_acknowledged", words))
    if "device_down" in told:
        reader = system(identity.station, "notices")
        down = search.find_page(conn, reader, DOWN, desk.clock.now().date(), limit=MOST_NAMED)
        if down.total:
            named = ", ".join(view.code for view in down.items) + (" …" if down.total > MOST_NAMED else "")
            words = Words(
                th=f"อุปกรณ์ใช้งานไม่ได้ {down.total} รายการ: {named}",
                en=f"Equipment that is down ({down.total}): {named}",
            )
            found.append(NoticeView("device_down", words))
    for part in parts:
        route = _BY_PART.get(part.part)
        if route in told:
            found.append(NoticeView(route, part.reason))
    return found


class NoticeRoutes(Controller):
    """For everybody whom a route may name."""

    path = "/api/v1/notices"
    tags = ("settings",)

    @get()
    async def list_notices(
        self,
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        node_state: NamedDependency[Any],
    ) -> NoticeList:
        """What whoever asks must know now, by the routes in the settings."""
        return NoticeList(await desk.ask(_list, identity, desk, list(node_state.hub.notices)))
