"""The secrets of devices, poles and trackers: shown once, changed without cutting one off, taken back at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, func, select

from safezone.core.auth import IssueCredential, issue
from safezone.core.bus import Bus
from safezone.core.credentials import (
    DEVICE_ID,
    CredentialRevoked,
    DeviceRole,
    credential,
    device_username,
    good_devices,
    is_good,
)
from safezone.core.db import from_us, maybe_from_us, to_us
from safezone.core.errors import NotFound
from safezone.core.event import Entry, Event
from safezone.core.i18n import Words
from safezone.core.identity import Role
from safezone.core.work import UnitOfWork

KEEPERS: Final[tuple[Role, ...]] = ("admin", "technician")
"""Those who give devices their secrets."""
OVERLAP_H: Final = 72
"""So long the secret of before stays good when nothing else was asked for: a technician's way to a pole may take days."""


class DeviceSecretReplaced(Event, frozen=True, tag="device_secret_replaced"):
    """A device has a new secret; this older one stays good until the new one was used, at the latest until then."""

    subject_field = "credential_id"
    credential_id: str
    replaced_by: str
    good_until: datetime


class GiveDeviceSecret(msgspec.Struct, frozen=True):
    """Give a device its first secret, or a new one; that of before stays good for so many hours, or until the new one is used.

    A pole is named by its own id, a tracker by the unit it tells about.
    """

    device_id: str
    overlap_h: int = OVERLAP_H
    role: DeviceRole = "sos_point"


class NoteDeviceUsed(msgspec.Struct, frozen=True):
    """The device has come in with this secret, so it does not need the one before any more."""

    credential_id: str


class EndOldSecret(msgspec.Struct, frozen=True):
    """The device has its new secret: the old one ends now."""

    device_id: str
    role: DeviceRole = "sos_point"


class RevokeDevice(msgspec.Struct, frozen=True):
    """Let this device in no more, whichever of its secrets it has."""

    device_id: str
    reason: str
    role: DeviceRole = "sos_point"


class NewSecret(msgspec.Struct, frozen=True):
    """What a technician types into a device; the secret is shown this once and stored nowhere."""

    credential_id: str
    device_id: str
    username: str
    secret: str
    old_good_until: datetime | None
    """Until when the secret of before is taken too, if the new one is not used earlier; None when there is none."""


class Device(msgspec.Struct, frozen=True):
    """What a broker must know to let one pole in."""

    username: str
    secret_bcrypt: str
    station: str
    point_id: str


class DeviceSecretView(msgspec.Struct, frozen=True):
    """One secret of a device, without the secret. `waiting`: given out, and the device has not used it yet.

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
    pole, unit = (cmd.device_id, None) if cmd.role == "sos_point" else (None, cmd.device_id)
    ask = IssueCredential(sort="device", role=cmd.role, name=cmd.device_id, point_id=pole, unit_id=unit)
    before = good_devices(uow.conn, uow.station, uow.at, cmd.role, cmd.device_id)
    login = device_username(uow.station, cmd.device_id, cmd.role)
    if before or cmd.role == "tracker":
        login = f"{login}.{_how_many(uow, cmd) + 1}"
    issued = issue(ask, uow, login=login)
    kept = [row for row in before if row.replaced_by is not None] or before[-1:]
    for row in before:
        # One that waits was never used, so the device has the one before it: that one must live on.
        if row not in kept:
            uow.record(CredentialRevoked(credential_id=row.id, reason="never used"))
    until = uow.at + timedelta(hours=cmd.overlap_h) if kept and cmd.overlap_h else None
    for row in kept:
        if until is None:
            uow.record(CredentialRevoked(credential_id=row.id, reason="replaced"))
        else:
            uow.record(
                DeviceSecretReplaced(credential_id=row.id, replaced_by=issued.credential_id, good_until=until)
            )
    return NewSecret(issued.credential_id, cmd.device_id, login, issued.secret, until)


def _how_many(uow: UnitOfWork, cmd: GiveDeviceSecret) -> int:
    """How many secrets the device has ever had: a user name is never given twice."""
    of_it = (credential.c.station == uow.station) & (credential.c.role == cmd.role)
    asked = select(func.count()).where(
        of_it, DEVICE_ID[cmd.role] == cmd.device_id, credential.c.sort == "device"
    )
    return int(uow.conn.execute(asked).scalar_one())


def _note_used(cmd: NoteDeviceUsed, uow: UnitOfWork) -> int:
    uow.identity.require("system", "sos_point", "tracker")
    if uow.identity.role != "system" and uow.identity.credential_id != cmd.credential_id:
        return 0
    old = waited_for(uow.conn, uow.station, uow.at, cmd.credential_id)
    for credential_id in old:
        uow.record(CredentialRevoked(credential_id=credential_id, reason="replaced"))
    return len(old)


def _end_old(cmd: EndOldSecret, uow: UnitOfWork) -> None:
    uow.identity.require(*KEEPERS)
    for row in good_devices(uow.conn, uow.station, uow.at, cmd.role, cmd.device_id):
        if row.replaced_by is not None:
            uow.record(CredentialRevoked(credential_id=row.id, reason="replaced"))


def _revoke(cmd: RevokeDevice, uow: UnitOfWork) -> None:
    uow.identity.require(*KEEPERS)
    good = good_devices(uow.conn, uow.station, uow.at, cmd.role, cmd.device_id)
    if not good:
        raise NotFound(
            "no_secret",
            Words(
                th=f"{cmd.device_id} ไม่มีรหัสลับที่ใช้ได้อยู่แล้ว",
                en=f"{cmd.device_id} has no secret that is good.",
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
    asked = select(credential).where(
        credential.c.station == station, credential.c.replaced_by == credential_id
    )
    return [row.id for row in conn.execute(asked) if is_good(row, at)]


def list_devices(conn: Connection, station: str, at: datetime) -> list[Device]:
    """Every pole that may speak to the broker now, by user name; after a change a pole has two for a while."""
    by_name = {login_of(row): row for row in good_devices(conn, station, at, "sos_point")}
    found = [Device(name, row.secret_bcrypt, station, row.point_id) for name, row in by_name.items()]
    return sorted(found, key=lambda device: device.username)


def next_end(conn: Connection, station: str, at: datetime) -> datetime | None:
    """When the first of the poles' secrets that are good now ends by itself."""
    good = good_devices(conn, station, at, "sos_point")
    return maybe_from_us(
        min((row.expires_at_us for row in good if row.expires_at_us is not None), default=None)
    )


def waiting_logins(conn: Connection, station: str, at: datetime) -> dict[str, str]:
    """By a pole's user name, the secrets whose first use ends an older one: their credential's id."""
    good = good_devices(conn, station, at, "sos_point")
    successors = {row.replaced_by for row in good}
    return {login_of(row): row.id for row in good if row.id in successors}


def list_secrets(
    conn: Connection, station: str, at: datetime, role: DeviceRole = "sos_point"
) -> dict[str, list[DeviceSecretView]]:
    """By pole, or by the unit of a tracker, the secrets that are good now, oldest first."""
    good = good_devices(conn, station, at, role)
    successors = {row.replaced_by for row in good}
    found: dict[str, list[DeviceSecretView]] = {}
    for row in good:
        state: Literal["good", "waiting", "ending"] = (
            "ending" if row.replaced_by is not None else "waiting" if row.id in successors else "good"
        )
        view = DeviceSecretView(
            row.id, login_of(row), state, from_us(row.issued_at_us), maybe_from_us(row.expires_at_us)
        )
        found.setdefault(row.point_id if role == "sos_point" else row.unit_id, []).append(view)
    return found


def login_of(row: Any) -> str:
    """The user name at the broker of a device's row."""
    return str(row.login or device_username(row.station, row.point_id))
