"""The SOS points and their secrets: given out, changed and taken back by an administrator or a technician."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection

from safezone.assets.queries import find_sos_point, list_asset_views
from safezone.core.desk import Desk
from safezone.core.devices import (
    KEEPERS,
    OVERLAP_H,
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


class DeviceView(msgspec.Struct, frozen=True):
    """A pole, when it was last heard, and the secrets with which it may come in."""

    point_id: str
    name: Words | None
    """None for a pole that has a secret and is not registered."""
    last_heard_at: datetime | None
    secrets: list[DeviceSecretView]
    """Oldest first; none: nobody is let in as this pole."""


class DeviceList(msgspec.Struct, frozen=True):
    """Every SOS point, by its id."""

    items: list[DeviceView]


class GiveBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the secret of before stays good, if the pole does not come with the new one earlier; 0 ends it now."""

    overlap_h: Annotated[int, msgspec.Meta(ge=0, le=24 * 31)] = OVERLAP_H


class GivenSecret(msgspec.Struct, frozen=True):
    """What a technician types into the pole. The secret is shown this once and stored nowhere."""

    point_id: str
    name: Words | None
    station: str
    username: str
    secret: str
    topic: str
    """Below which the pole speaks: `…/press`, `…/heartbeat`, and hears `…/receipt`."""
    mqtt_port: int
    mqtt_tls: bool
    old_good_until: datetime | None


class WhyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


def _list(conn: Connection, desk: Desk, identity: Identity) -> DeviceList:
    identity.require(*KEEPERS)
    secrets = list_secrets(conn, desk.station, desk.clock.now())
    known = {view.id: view for view in list_asset_views(conn, desk.station, identity, "sos_point")}
    return DeviceList(
        [
            DeviceView(
                point_id,
                known[point_id].name if point_id in known else None,
                known[point_id].last_heartbeat_at if point_id in known else None,
                secrets.get(point_id, []),
            )
            for point_id in sorted(known.keys() | secrets.keys())
        ]
    )


def _name_of(conn: Connection, desk: Desk, identity: Identity, point_id: str) -> Words | None:
    """The pole's name; None where it has a secret and is not registered. NotFound when there is neither."""
    identity.require(*KEEPERS)
    point = find_sos_point(conn, desk.station, point_id)
    if point is None and point_id not in list_secrets(conn, desk.station, desk.clock.now()):
        raise NotFound(
            "no_asset",
            Words(th=f"ไม่มีเสา SOS “{point_id}”", en=f"There is no SOS point “{point_id}”."),
        )
    return None if point is None else point.name


class DeviceRoutes(Controller):
    """The poles' own identities."""

    path = "/api/v1/devices"
    tags = ("devices",)

    @get()
    async def list_devices(
        self, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> DeviceList:
        """Every SOS point with its secrets (not the secrets themselves) and when it was last heard."""
        return await desk.ask(_list, desk, identity)

    @post("/{point_id:str}/secret")
    async def give_device_secret(
        self,
        point_id: FromPath[str],
        data: JSONBody[GiveBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> GivenSecret:
        """Give the pole its first secret, or a new one while the old one stays good until the new one was used."""
        name = await desk.ask(_name_of, desk, identity, point_id)
        new: NewSecret = await desk.execute(GiveDeviceSecret(point_id, data.overlap_h), identity)
        broker = desk.settings.broker
        return GivenSecret(
            point_id,
            name,
            desk.station,
            new.username,
            new.secret,
            f"safezone/{desk.station}/sos/{point_id}",
            broker.port,
            broker.tls or bool(broker.tls_ca_file),
            new.old_good_until,
        )

    @post("/{point_id:str}/end-old", status_code=200)
    async def end_old_device_secret(
        self, point_id: FromPath[str], identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> DeviceList:
        """The pole has its new secret: the one before ends now, also where it is connected with it."""
        await desk.ask(_name_of, desk, identity, point_id)
        await desk.execute(EndOldSecret(point_id), identity)
        return await desk.ask(_list, desk, identity)

    @post("/{point_id:str}/revoke", status_code=200)
    async def revoke_device(
        self,
        point_id: FromPath[str],
        data: JSONBody[WhyBody],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> DeviceList:
        """Let the pole in no more, at once: requests are refused, and its connection to the broker is ended."""
        await desk.ask(_name_of, desk, identity, point_id)
        await desk.execute(RevokeDevice(point_id, data.reason), identity)
        return await desk.ask(_list, desk, identity)
