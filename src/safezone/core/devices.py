"""The secrets of devices: shown once, changed without cutting a pole off, taken back on every channel at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, func, select

from safezone.core.auth import IssueCredential, Issued, issue
from safezone.core.bus import Bus
from safezone.core.credentials import CredentialRevoked, credential, device_username, good_devices
from safezone.core.db import from_us, maybe_from_us, to_us
from safezone.core.errors import NotFound
from safezone.core.event import Entry, Event
from safezone.core.i18n import Words
from safezone.core.identity import Role
from safezone.core.work import UnitOfWork

KEEPERS: Final[tuple[Role, ...]] = ("admin", "technician")
"""Those who give poles their secrets."""
OVERLAP_H: Final = 72
"""So long the secret of before stays good when nothing else was asked for: a technician's way to a pole may take days."""


class DeviceSecretReplaced(Event, frozen=True, tag="device_secret_replaced"):
    """A device has a new secret; this older one stays good until the new one was used, at the latest until then."""

    subject_field = "credential_id"
    credential_id: str
    replaced_by: str
    good_until: datetime


class GiveDeviceSecret(msgspec.Struct, frozen=True):
    """Give a pole its first secret, or a new one; that of before stays good for so many hours, or until the new one is used."""

    point_id: str
    overlap_h: int = OVERLAP_H


class NoteDeviceUsed(msgspec.Struct, frozen=True):
    """The device has come in with this secret, so it does not need the one before any more."""

    credential_id: str


class EndOldSecret(msgspec.Struct, frozen=True):
    """The pole has its new secret: the old one ends now."""

    point_id: str


class RevokeDevice(msgspec.Struct, frozen=True):
    """Let this pole in no more, whichever of its secrets it has."""

    point_id: str
    reason: str


class NewSecret(msgspec.Struct, frozen=True):
    """What a technician types into a pole; the secret is shown this once and stored nowhere."""

    credential_id: str
    point_id: str
    username: str
    secret: str
    old_good_until: datetime | None
    """Until when the secret of before is taken too, if the new one is not used earlier; None when there is none."""


class Device(msgspec.Struct, frozen=True):
    """What a broker must know to let one device in."""

    username: str
    secret_bcrypt: str
    station: str
    point_id: str


class DeviceSecretView(msgspec.Struct, frozen=True):
    """One secret of a device, without the secret. `waiting`: given out, and the pole has not used it yet.

    `ending`: still taken, until the one that replaces it was used.
    """

    credential_id: str
    username: str
    state: Literal["good", "waiting", "ending"]
    issued_at: datetime
    good_until: datetime | None


def register(bus: Bus) -> None:
    """The lane knows how the secrets of devices are given, changed and taken back."""
    bus.handle(GiveDeviceSecret, _give)
    bus.handle(NoteDeviceUsed, _note_used)
    bus.handle(EndOldSecret, _end_old)
    bus.handle(RevokeDevice, _revoke)
    bus.apply(DeviceSecretReplaced, _apply_replaced)


def _give(cmd: GiveDeviceSecret, uow: UnitOfWork) -> NewSecret:
    uow.identity.require(*KEEPERS)
    ask = IssueCredential(sort="device", role="sos_point", name=cmd.point_id, point_id=cmd.point_id)
    before = good_devices(uow.conn, uow.station, uow.at, cmd.point_id)
    if not before:
        login = device_username(uow.station, cmd.point_id)
        return _told(cmd.point_id, issue(ask, uow, login=login), login, None)
    login = f"{device_username(uow.station, cmd.point_id)}.{_how_many(uow, cmd.point_id) + 1}"
    issued = issue(ask, uow, login=login)
    kept = [row for row in before if row.replaced_by is not None] or before[-1:]
    for row in before:
        # One that waits was never used, so the pole has the one before it: that one must live on.
        if row not in kept:
            uow.record(CredentialRevoked(credential_id=row.id, reason="never used"))
    if cmd.overlap_h == 0:
        for row in kept:
            uow.record(CredentialRevoked(credential_id=row.id, reason="replaced"))
        return _told(cmd.point_id, issued, login, None)
    until = uow.at + timedelta(hours=cmd.overlap_h)
    for row in kept:
        uow.record(
            DeviceSecretReplaced(credential_id=row.id, replaced_by=issued.credential_id, good_until=until)
        )
    return _told(cmd.point_id, issued, login, until)


def _told(point_id: str, issued: Issued, login: str, until: datetime | None) -> NewSecret:
    return NewSecret(issued.credential_id, point_id, login, issued.secret, until)


def _how_many(uow: UnitOfWork, point_id: str) -> int:
    """How many secrets the pole has ever had: a user name is never given twice."""
    of_it = (credential.c.station == uow.station) & (credential.c.point_id == point_id)
    asked = select(func.count()).where(of_it, credential.c.sort == "device")
    return int(uow.conn.execute(asked).scalar_one())


def _note_used(cmd: NoteDeviceUsed, uow: UnitOfWork) -> int:
    uow.identity.require("system", "sos_point")
    if uow.identity.role == "sos_point" and uow.identity.credential_id != cmd.credential_id:
        return 0
    old = waited_for(uow.conn, uow.station, uow.at, cmd.credential_id)
    for credential_id in old:
        uow.record(CredentialRevoked(credential_id=credential_id, reason="replaced"))
    return len(old)


def _end_old(cmd: EndOldSecret, uow: UnitOfWork) -> None:
    uow.identity.require(*KEEPERS)
    for row in good_devices(uow.conn, uow.station, uow.at, cmd.point_id):
        if row.replaced_by is not None:
            uow.record(CredentialRevoked(credential_id=row.id, reason="replaced"))


def _revoke(cmd: RevokeDevice, uow: UnitOfWork) -> None:
    uow.identity.require(*KEEPERS)
    good = good_devices(uow.conn, uow.station, uow.at, cmd.point_id)
    if not good:
        raise NotFound(
            "no_secret",
            Words(
                th=f"เสา {cmd.point_id} ไม่มีรหัสลับที่ใช้ได้อยู่แล้ว",
                en=f"The SOS point {cmd.point_id} has no secret that is good.",
            ),
        )
    for row in good:
        uow.record(CredentialRevoked(credential_id=row.id, reason=cmd.reason))


def _apply_replaced(conn: Connection, entry: Entry, event: DeviceSecretReplaced) -> None:
    of_it = (credential.c.station == entry.station) & (credential.c.id == event.credential_id)
    conn.execute(
        credential.update()
        .where(of_it)
        .values(replaced_by=event.replaced_by, expires_at_us=to_us(event.good_until))
    )


# ── what is asked ──


def waited_for(conn: Connection, station: str, at: datetime, credential_id: str) -> list[str]:
    """The older secrets that end as soon as this one is used."""
    return [row.id for row in good_devices(conn, station, at) if row.replaced_by == credential_id]


def list_devices(conn: Connection, station: str, at: datetime) -> list[Device]:
    """Every device that may speak to the broker now, by user name; after a change a pole has two for a while."""
    by_name = {login_of(row): row for row in good_devices(conn, station, at)}
    found = [Device(name, row.secret_bcrypt, station, row.point_id) for name, row in by_name.items()]
    return sorted(found, key=lambda device: device.username)


def next_end(conn: Connection, station: str, at: datetime) -> datetime | None:
    """When the first of the secrets that are good now ends by itself."""
    ends = [row.expires_at_us for row in good_devices(conn, station, at) if row.expires_at_us is not None]
    return maybe_from_us(min(ends, default=None))


def waiting_logins(conn: Connection, station: str, at: datetime) -> dict[str, str]:
    """By user name, the secrets whose first use ends an older one: their credential's id."""
    good = good_devices(conn, station, at)
    successors = {row.replaced_by for row in good}
    return {login_of(row): row.id for row in good if row.id in successors}


def list_secrets(conn: Connection, station: str, at: datetime) -> dict[str, list[DeviceSecretView]]:
    """By pole, the secrets that are good now, oldest first."""
    good = good_devices(conn, station, at)
    successors = {row.replaced_by for row in good}
    found: dict[str, list[DeviceSecretView]] = {}
    for row in good:
        state: Literal["good", "waiting", "ending"] = (
            "ending" if row.replaced_by is not None else "waiting" if row.id in successors else "good"
        )
        view = DeviceSecretView(
            row.id, login_of(row), state, from_us(row.issued_at_us), maybe_from_us(row.expires_at_us)
        )
        found.setdefault(row.point_id, []).append(view)
    return found


def login_of(row: Any) -> str:
    """The user name at the broker of a device's row."""
    return str(row.login or device_username(row.station, row.point_id))
