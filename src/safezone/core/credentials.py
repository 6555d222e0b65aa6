"""What was given out to let somebody in: its events and its rows. Only hashes of a secret are ever kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, String, bindparam, select

from safezone.core.bus import Bus
from safezone.core.db import from_us, table, to_us
from safezone.core.errors import NotSignedIn
from safezone.core.event import Entry, Event
from safezone.core.i18n import Words
from safezone.core.identity import Identity, Reach, Role

CredentialSort = Literal["token", "one_time_link", "device", "session"]
DeviceRole = Literal["sos_point", "tracker"]
"""A pole, or what tells where a unit is: a telephone's app, a box in a car."""

credential = table(
    "credential",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("sort", String(16), nullable=False),
    Column("role", String(16), nullable=False),
    Column("name", String(80), nullable=False),
    Column("unit_id", String(64)),
    Column("point_id", String(64)),
    Column("partner_id", String(64)),
    Column("account_id", String(36)),
    Column("makes_account", Boolean),
    Column("exports", Boolean),
    Column("reach", String(8)),
    Column("proven_at_us", BigInteger),
    Column("secret_sha256", String(64), nullable=False),
    Column("secret_bcrypt", String(80)),
    Column("parent_id", String(36)),
    Column("login", String(140)),
    Column("replaced_by", String(36)),
    Column("issued_at_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger),
    Column("revoked_at_us", BigInteger),
    Index("credential_by_secret", "secret_sha256"),
    Index("credential_by_account", "station", "account_id"),
    source="log",
)


class CredentialIssued(Event, frozen=True, tag="credential_issued"):
    """A token, link, device secret or session was given out; only hashes of the secret are kept."""

    subject_field = "credential_id"
    credential_id: str
    sort: CredentialSort
    role: Role
    name: str
    secret_sha256: str
    secret_bcrypt: str | None = None
    unit_id: str | None = None
    point_id: str | None = None
    partner_id: str | None = None
    parent_id: str | None = None
    login: str | None = None
    """The user name of a device at the broker; None in what was written before devices had several secrets."""
    expires_at: datetime | None = None
    account_id: str | None = None
    makes_account: bool = False
    exports: bool = False
    reach: Reach = "station"


class SessionProven(Event, frozen=True, tag="session_proven"):
    """Whoever holds this session has just proven who they are: when it was opened, or once more before an export."""

    subject_field = "account_id"
    account_id: str
    credential_id: str
    occasion: Literal["sign_in", "step_up"]
    by: tuple[str, ...]
    """What was shown, such as `password` and `totp`."""
    totp_step: int | None = None
    """The interval of the code that was used: that one, and those before it, are not taken again."""
    recovery_code: int | None = None
    """Which of the recovery codes was used up."""


class CredentialRevoked(Event, frozen=True, tag="credential_revoked"):
    """A credential and every session opened with it are no longer accepted."""

    subject_field = "credential_id"
    credential_id: str
    reason: str


DEVICE_ID: Final[Mapping[Role, Column[Any]]] = {
    "sos_point": credential.c.point_id,
    "tracker": credential.c.unit_id,
}
"""Whose a device's secret is: a pole's own, a tracker's that of the unit it tells about."""
BY_SECRET: Final = select(credential).where(credential.c.secret_sha256 == bindparam("secret"))


_BY_ID: Final = select(credential.c.expires_at_us, credential.c.revoked_at_us).where(
    credential.c.station == bindparam("of_station"), credential.c.id == bindparam("of_id")
)
_SIGNED_OUT: Final = Words(
    th="ออกจากระบบไปแล้วระหว่างทาง กรุณาเริ่มใหม่", en="You were signed out meanwhile; begin again."
)


def reach_kept(reach: Reach) -> str | None:
    """As a row has it: absent, not `station`, so it is in the rows that were there before there were regions."""
    return None if reach == "station" else reach


def sha256_hex(secret: str) -> str:
    """The form in which a secret is kept and looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_good(row: object, at: datetime) -> bool:
    """Whether a credential is neither expired nor revoked."""
    expires_at_us: int | None = getattr(row, "expires_at_us", None)
    revoked_at_us: int | None = getattr(row, "revoked_at_us", None)
    return revoked_at_us is None and (expires_at_us is None or from_us(expires_at_us) > at)


def require_still_good(conn: Connection, identity: Identity, at: datetime) -> None:
    """Return unless what somebody has come in with has ended since they were let in: NotSignedIn then.

    Asked once more where a change is written and between the pieces of what is taken out: a list takes half a minute to come in,
    and whoever is put out is out of that too. A device is not asked here: its press is taken when it was let in.
    """
    if identity.credential_id is None or identity.role in DEVICE_ID:
        return
    row = conn.execute(_BY_ID, {"of_station": identity.station, "of_id": identity.credential_id}).first()
    if row is None or not is_good(row, at):
        raise NotSignedIn("signed_out", _SIGNED_OUT)


def good_devices(
    conn: Connection, station: str, at: datetime, role: DeviceRole, device_id: str | None = None
) -> list[Any]:
    """The rows of every device secret that is good now, of one SOS point or tracker or of all; oldest first."""
    asked = select(credential).where(
        credential.c.station == station,
        credential.c.sort == "device",
        credential.c.role == role,
        credential.c.revoked_at_us.is_(None),
        credential.c.expires_at_us.is_(None) | (credential.c.expires_at_us > to_us(at)),
    )
    if device_id is not None:
        asked = asked.where(DEVICE_ID[role] == device_id)
    return list(conn.execute(asked.order_by(credential.c.issued_at_us, credential.c.id)))


def device_username(station: str, device_id: str, role: DeviceRole = "sos_point") -> str:
    """The user name of a device: with it an SOS point signs in to the broker; a tracker's only tells its secrets apart."""
    return f"{station}.{device_id}" if role == "sos_point" else f"{station}.{role}.{device_id}"


def register_rows(bus: Bus) -> None:
    """What the events leave in the table."""
    bus.apply(CredentialIssued, _apply_issued)
    bus.apply(CredentialRevoked, _apply_revoked)
    bus.apply(SessionProven, _apply_proven)


def _apply_issued(conn: Connection, entry: Entry, event: CredentialIssued) -> None:
    conn.execute(
        credential.insert(),
        {
            "station": entry.station,
            "id": event.credential_id,
            "sort": event.sort,
            "role": event.role,
            "name": event.name,
            "unit_id": event.unit_id,
            "point_id": event.point_id,
            "partner_id": event.partner_id,
            "secret_sha256": event.secret_sha256,
            "secret_bcrypt": event.secret_bcrypt,
            "parent_id": event.parent_id,
            "login": event.login,
            "replaced_by": None,
            "account_id": event.account_id,
            # Absent, not false: so it is in the rows that were there before there were such.
            "makes_account": event.makes_account or None,
            "exports": event.exports or None,
            "reach": reach_kept(event.reach),
            "proven_at_us": None,
            "issued_at_us": to_us(entry.at),
            "expires_at_us": to_us(event.expires_at) if event.expires_at else None,
            "revoked_at_us": None,
        },
    )


def _apply_revoked(conn: Connection, entry: Entry, event: CredentialRevoked) -> None:
    of_it = (credential.c.id == event.credential_id) | (credential.c.parent_id == event.credential_id)
    conn.execute(
        credential.update()
        .where(credential.c.station == entry.station, of_it, credential.c.revoked_at_us.is_(None))
        .values(revoked_at_us=to_us(entry.at))
    )


def _apply_proven(conn: Connection, entry: Entry, event: SessionProven) -> None:
    of_it = (credential.c.station == entry.station) & (credential.c.id == event.credential_id)
    conn.execute(credential.update().where(of_it).values(proven_at_us=to_us(entry.at)))
