"""What somebody must know who does not sit at the console, by the routes of the settings: shown on top of the office."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from sqlalchemy import Connection

from safezone.assets import queries as assets
from safezone.core.desk import Desk
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.core.settings import Notices, Told
from safezone.entrypoints.health import Notice
from safezone.incidents import queries as incidents

_BY_PART = {"backup": "backup_failed", "witness": "record_rewritten"}
"""Parts of the program whose trouble is told by a route of its own."""


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
        views = assets.list_asset_views(conn, identity.station, reader)
        down = [view.code for view in views if view.readiness == "DOWN"]
        if down:
            named = ", ".join(down[:6]) + (" …" if len(down) > 6 else "")
            words = Words(
                th=f"อุปกรณ์ใช้งานไม่ได้ {len(down)} รายการ: {named}",
                en=f"Equipment that is down ({len(down)}): {named}",
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
