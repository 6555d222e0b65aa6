"""The trackers of units and their secrets: a telephone's app or a box in a car, which may say where its unit is, no more."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from safezone.core.desk import Desk
from safezone.core.devices import (
    KEEPERS,
    DeviceSecretView,
    EndOldSecret,
    GiveDeviceSecret,
    NewSecret,
    RevokeDevice,
    list_secrets,
)
from safezone.core.errors import NotFound
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.entrypoints.device_routes import GiveBody, WhyBody
from safezone.patrol.queries import find_brief, list_briefs


class TrackerView(msgspec.Struct, frozen=True):
    """A unit, and the secrets with which a tracker may say where it is. Where it is, and whether it is on duty, is not here."""

    unit_id: str
    call_sign: str
    secrets: list[DeviceSecretView]
    """Oldest first; none: no tracker is let in for this unit."""


class TrackerList(msgspec.Struct, frozen=True):
    """Every unit, by its call sign."""

    items: list[TrackerView]


class GivenTracker(msgspec.Struct, frozen=True):
    """What is typed into OsmAnd or the Traccar Client. The identifier is shown this once and stored nowhere."""

    unit_id: str
    call_sign: str
    path: str
    """Behind the station's address: where the tracker sends to."""
    identifier: str
    old_good_until: datetime | None


def _list(conn: Connection, desk: Desk, identity: Identity) -> TrackerList:
    identity.require(*KEEPERS)
    secrets = list_secrets(conn, desk.station, desk.clock.now(), "tracker")
    return TrackerList(
        [
            TrackerView(unit.unit_id, unit.call_sign, secrets.get(unit.unit_id, []))
            for unit in list_briefs(conn, desk.station)
        ]
    )


def _call_sign(conn: Connection, desk: Desk, identity: Identity, unit_id: str) -> str:
    """NotFound when there is no such unit."""
    identity.require(*KEEPERS)
    unit = find_brief(conn, desk.station, unit_id)
    if unit is None:
        raise NotFound("no_unit", Words(th=f"ไม่พบสายตรวจ {unit_id}", en=f"There is no unit {unit_id}."))
    return unit.call_sign


class TrackerRoutes(Controller):
    """The trackers' own identities."""

    path = "/api/v1/trackers"
    tags = ("devices",)

    @get()
    async def list_trackers(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> TrackerList:
        """Every unit with the secrets of its trackers (not the secrets themselves)."""
        return await desk.ask(_list, desk, identity)

    @post("/{unit_id:str}/secret")
    async def give_tracker_secret(
        self,
        unit_id: FromPath[str],
        data: JSONBody[GiveBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> GivenTracker:
        """Give the unit's tracker its first secret, or a new one; the old one is good until the new one was used."""
        call_sign = await desk.ask(_call_sign, desk, identity, unit_id)
        new: NewSecret = await desk.execute(GiveDeviceSecret(unit_id, data.overlap_h, "tracker"), identity)
        return GivenTracker(unit_id, call_sign, "/osmand", new.secret, new.old_good_until)

    @post("/{unit_id:str}/end-old", status_code=200)
    async def end_old_tracker_secret(
        self, unit_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> TrackerList:
        """The tracker has its new secret: the one before ends now."""
        await desk.ask(_call_sign, desk, identity, unit_id)
        await desk.execute(EndOldSecret(unit_id, "tracker"), identity)
        return await desk.ask(_list, desk, identity)

    @post("/{unit_id:str}/revoke", status_code=200)
    async def revoke_tracker(
        self,
        unit_id: FromPath[str],
        data: JSONBody[WhyBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> TrackerList:
        """Take no position from this unit's tracker any more, at once."""
        await desk.ask(_call_sign, desk, identity, unit_id)
        await desk.execute(RevokeDevice(unit_id, data.reason, "tracker"), identity)
        return await desk.ask(_list, desk, identity)
