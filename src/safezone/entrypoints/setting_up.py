"""A station comes into being: its ground, its equipment, its units and the secrets of its devices, all or nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import cast

import msgspec

from safezone.assets.commands import RegisterAssets
from safezone.assets.station_set import StationSet
from safezone.core.auth import IssueCredential, Issued, installer
from safezone.core.credentials import device_username
from safezone.core.i18n import Words
from safezone.core.identity import PARTNER_ROLES, Role
from safezone.core.together import Together
from safezone.entrypoints.house import Engine
from safezone.events.patrol import UnitKind
from safezone.patrol.commands import RegisterUnits, UnitEntry
from safezone.zone.commands import CreateStation

FIRST_LINK_LIFETIME_S = 24 * 3600
NOT_SAID = Words(th="ยังไม่ได้ระบุ", en="Not written yet")
"""What stands for the reasons of a zone that was founded in the browser and is still a draft."""
PARTNER = "municipality"
"""Whose the cameras of the demonstration are."""


class DeviceSecret(msgspec.Struct, frozen=True):
    """What a technician types into a pole, shown once."""

    id: str
    username: str
    password: str


class NewStation(msgspec.Struct, frozen=True):
    """A station that was just created; its secrets are told this once."""

    station: str
    name: Words
    admin_token: str
    devices: list[DeviceSecret]
    tokens: dict[str, str]


def create_station(
    engine: Engine,
    read: StationSet,
    *,
    tokens: dict[str, Role] | None = None,
) -> NewStation:
    """The station of a set exists, with a link for its first administrator and a secret for each SOS point.

    With the link the first administrator chooses a name, a password and an app; it opens nothing by itself.
    `tokens` asks for further bearer tokens by name and role (the demonstration does); every unit gets one with it.
    """
    station = read.zone.station_id
    entries = [
        UnitEntry(
            unit_id=u.id,
            call_sign=u.call_sign,
            kind=cast(UnitKind, u.kind),
            name=u.name,
            synthetic=read.zone.synthetic,
        )
        for u in read.units
    ]
    points = [point.point_id for point in read.assets.sos_points]
    asks = [
        IssueCredential(
            sort="one_time_link",
            role="admin",
            name="first-administrator",
            lifetime_s=FIRST_LINK_LIFETIME_S,
        ),
        *(IssueCredential(sort="device", role="sos_point", name=point, point_id=point) for point in points),
        *(
            IssueCredential(
                sort="token", role=role, name=name, partner_id=PARTNER if role in PARTNER_ROLES else None
            )
            for name, role in (tokens or {}).items()
        ),
    ]
    if tokens:
        asks += [
            IssueCredential(sort="token", role="unit", name=e.unit_id, unit_id=e.unit_id) for e in entries
        ]
    together = Together(
        [CreateStation(read.zone), RegisterAssets(read.assets), RegisterUnits(entries), *asks]
    )
    answers = engine.lane.submit(together, installer(station)).result()
    link, *rest = (answer for answer in answers if isinstance(answer, Issued))
    devices = [
        DeviceSecret(one.identity.point_id, device_username(station, one.identity.point_id), one.secret)
        for one in rest
        if one.identity.point_id is not None
    ]
    call_signs = {entry.unit_id: entry.call_sign for entry in entries}
    given = {
        call_signs.get(one.identity.unit_id or "", one.identity.name): one.secret
        for one in rest
        if one.identity.point_id is None
    }
    return NewStation(station, read.zone.name, link.secret, devices, given)


def write_device_secrets(devices: list[DeviceSecret], into: Path) -> None:
    """The secrets lie in a CSV file that only this user can read, to be handed to the technician and deleted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")  # `cut` in a shell takes a password without a stray \r.
    writer.writerow(["sos_point", "username", "password"])
    writer.writerows([d.id, d.username, d.password] for d in devices)
    into.touch(mode=0o600)
    into.write_text(text.getvalue(), "utf-8")
