"""Who may come in: tokens, device secrets and browser sessions, each of them revocable at once."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import bcrypt
import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, String, bindparam, select

from safezone.core.bus import Bus
from safezone.core.db import from_us, table, to_us
from safezone.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from safezone.core.event import Entry, Event
from safezone.core.i18n import Words
from safezone.core.identity import PARTNER_ROLES, Identity, Role, system
from safezone.core.ids import new_id
from safezone.core.sessions import Hint, note_opened
from safezone.core.work import UnitOfWork

CredentialSort = Literal["token", "one_time_link", "device", "session"]
SESSION_HOURS: Final = 12
BCRYPT_COST: Final = 4
"""Low on purpose: the secrets are 192 random bits, and a thousand poles may reconnect at once."""

_POINT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""It becomes part of a topic and of a user name, where anything else could mean more than itself."""

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


class IssueCredential(msgspec.Struct, frozen=True, kw_only=True):
    """Give out a credential; without `secret` a new one of 192 random bits is made."""

    sort: CredentialSort
    role: Role
    name: str
    unit_id: str | None = None
    point_id: str | None = None
    partner_id: str | None = None
    secret: str | None = None
    lifetime_s: int | None = None
    account_id: str | None = None
    """Of a link: whose password is chosen with it. Of a session: who opened it."""
    makes_account: bool = False
    """A link with which somebody chooses a name and a password, and is then an account of this role.

    An administrator's link always is one: nobody administers a station without an account, but a machine with a token.
    """
    exports: bool = False
    """May export without somebody who proves who they are: for a machine that does so by itself."""


class RevokeCredential(msgspec.Struct, frozen=True):
    """Let nobody in with this credential any more."""

    credential_id: str
    reason: str


class OpenSession(msgspec.Struct, frozen=True):
    """Exchange a token or a one-time link for a browser session."""

    token: str
    hint: Hint = Hint()


class CloseSession(msgspec.Struct, frozen=True):
    """Sign out: end the browser session of whoever asks. A token that is not a session stays good."""


class Issued(msgspec.Struct, frozen=True):
    """A new credential; the secret is shown this once and stored nowhere."""

    credential_id: str
    secret: str
    identity: Identity


def sha256_hex(secret: str) -> str:
    """The form in which a secret is kept and looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()


def register(bus: Bus) -> None:
    """The lane knows how credentials are given out and taken back."""
    bus.handle(IssueCredential, issue_credential)
    bus.handle(RevokeCredential, _revoke_credential)
    bus.handle(OpenSession, _open_session)
    bus.handle(CloseSession, _close_session)
    bus.apply(CredentialIssued, _apply_issued)
    bus.apply(CredentialRevoked, _apply_revoked)
    bus.apply(SessionProven, _apply_proven)


def issue_credential(cmd: IssueCredential, uow: UnitOfWork) -> Issued:
    """A credential of the asked role exists; only an administrator or the program itself may give one out.

    Invalid when it would belong to nobody: a unit's without the unit, a device's without its SOS point.
    """
    uow.identity.require("admin", "system")
    check_owner(cmd)
    if cmd.sort == "one_time_link" and cmd.role == "admin":
        cmd = msgspec.structs.replace(cmd, makes_account=True)
    login = None
    if cmd.sort == "device" and cmd.point_id is not None:
        login = device_username(uow.station, cmd.point_id)
        for before in good_devices(uow.conn, uow.station, uow.at, cmd.point_id):
            # The broker knows one secret by one name: what it does not take any more, nobody else takes either.
            if before.login in (None, login):
                uow.record(CredentialRevoked(credential_id=before.id, reason="replaced"))
    return issue(cmd, uow, login=login)


def check_owner(cmd: IssueCredential) -> None:
    """A unit's credential names the unit, a pole's the pole, a partner's the partner; a device is always a pole."""
    fits = (
        cmd.role not in ("public", "system")
        and (cmd.role == "unit") == (cmd.unit_id is not None)
        and (cmd.role == "sos_point") == (cmd.point_id is not None)
        and (cmd.role in PARTNER_ROLES) == (cmd.partner_id is not None)
        and (cmd.sort != "device" or cmd.role == "sos_point")
        and (cmd.point_id is None or _POINT_ID.fullmatch(cmd.point_id) is not None)
    )
    if not fits:
        raise Invalid(
            "credential_of_nobody",
            Words(
                th="สิทธิ์ของสายตรวจต้องมี unit_id ของเสา SOS ต้องมี point_id (A-Z a-z 0-9 _ -) "
                "ของเจ้าของกล้องและภาคีต้องมี partner_id บทบาทอื่นต้องไม่มี และ device ใช้ได้เฉพาะเสา SOS",
                en="A unit's credential takes a unit_id, an SOS point's a point_id (A-Z a-z 0-9 _ -), a camera owner's and a "
                "partner's a partner_id, every other role none; a device is always an SOS point.",
            ),
            field="role",
        )


def issue(
    cmd: IssueCredential,
    uow: UnitOfWork,
    *,
    parent_id: str | None = None,
    login: str | None = None,
    proven: bool = False,
) -> Issued:
    """A credential as asked; who may have it was decided by whoever calls this. `proven`: its holder is just proving it."""
    secret = cmd.secret or secrets.token_urlsafe(24)
    credential_id = new_id()
    is_device = cmd.sort == "device"
    expires_at = uow.at + timedelta(seconds=cmd.lifetime_s) if cmd.lifetime_s else None
    uow.record(
        CredentialIssued(
            credential_id=credential_id,
            sort=cmd.sort,
            role=cmd.role,
            name=cmd.name,
            secret_sha256=sha256_hex(secret),
            secret_bcrypt=bcrypt.hashpw(secret.encode(), bcrypt.gensalt(BCRYPT_COST)).decode()
            if is_device
            else None,
            unit_id=cmd.unit_id,
            point_id=cmd.point_id,
            partner_id=cmd.partner_id,
            parent_id=parent_id,
            login=login,
            expires_at=expires_at,
            account_id=cmd.account_id,
            makes_account=cmd.makes_account,
            exports=cmd.exports,
        )
    )
    identity = Identity(
        station=uow.station,
        role=cmd.role,
        name=cmd.name,
        unit_id=cmd.unit_id,
        point_id=cmd.point_id,
        credential_id=credential_id,
        partner_id=cmd.partner_id,
        account_id=cmd.account_id,
        exports=cmd.exports,
        expires_at=expires_at,
        proven_at=uow.at if proven else None,
    )
    return Issued(credential_id, secret, identity)


def _revoke_credential(cmd: RevokeCredential, uow: UnitOfWork) -> None:
    if uow.identity.credential_id != cmd.credential_id:
        uow.identity.require("admin", "system")
    found = uow.conn.execute(
        select(credential.c.id).where(
            credential.c.station == uow.station, credential.c.id == cmd.credential_id
        )
    ).first()
    if found is None:
        raise NotFound("no_credential", Words(th="ไม่พบสิทธิ์เข้าใช้นี้", en="There is no such credential."))
    uow.record(CredentialRevoked(credential_id=cmd.credential_id, reason=cmd.reason))


def opens_session(conn: Connection, station: str, token: str, at: datetime) -> bool:
    """Whether a session could be opened with this token or link now."""
    row = conn.execute(BY_SECRET, {"secret": sha256_hex(token)}).first()
    return row is not None and row.station == station and is_good(row, at) and row.sort != "device"


def _open_session(cmd: OpenSession, uow: UnitOfWork) -> Issued:
    row = uow.conn.execute(BY_SECRET, {"secret": sha256_hex(cmd.token)}).first()
    if row is None or row.station != uow.station or not is_good(row, uow.at) or row.sort == "device":
        raise NotSignedIn("bad_token", BAD_TOKEN)
    if is_invitation(row):
        raise NotAllowed("choose_password", _CHOOSE_PASSWORD)
    if row.sort == "one_time_link":
        uow.record(CredentialRevoked(credential_id=row.id, reason="used"))
    ask = IssueCredential(
        sort="session",
        role=row.role,
        name=row.name,
        unit_id=row.unit_id,
        point_id=row.point_id,
        partner_id=row.partner_id,
        lifetime_s=_session_lifetime_s(row, uow.at),
        account_id=row.account_id,
        exports=bool(row.exports),
    )
    # A one-time link is spent by being used: its session must outlive it. A session of a session hangs on the same
    # token as that one, so that revoking the token ends them all.
    parent_id = {"one_time_link": None, "session": row.parent_id or row.id}.get(row.sort, row.id)
    issued = issue(ask, uow, parent_id=parent_id)
    note_opened(uow, issued.credential_id, cmd.hint)
    return issued


def is_invitation(row: Any) -> bool:
    """A link that opens no session by itself: with it somebody chooses a password (and perhaps a name) first."""
    return row.sort == "one_time_link" and (row.account_id is not None or bool(row.makes_account))


def find_invitation(conn: Connection, station: str, token: str, at: datetime) -> Any:
    """The row of a good link with which a password is chosen; NotSignedIn when this is none."""
    row = conn.execute(BY_SECRET, {"secret": sha256_hex(token)}).first()
    if row is None or row.station != station or not is_good(row, at) or not is_invitation(row):
        raise NotSignedIn("bad_token", BAD_TOKEN)
    return row


def _session_lifetime_s(row: Any, at: datetime) -> int:
    """Twelve hours, but never longer than the token or session with which it is opened."""
    longest_s = SESSION_HOURS * 3600
    if row.sort == "one_time_link" or row.expires_at_us is None:
        return longest_s
    left_s = (from_us(row.expires_at_us) - at).total_seconds()
    return min(longest_s, max(1, int(left_s)))


def _close_session(_cmd: CloseSession, uow: UnitOfWork) -> bool:
    of_it = (credential.c.station == uow.station) & (credential.c.id == uow.identity.credential_id)
    row = uow.conn.execute(select(credential.c.id).where(of_it, credential.c.sort == "session")).first()
    if row is not None:
        uow.record(CredentialRevoked(credential_id=row.id, reason="signed out"))
    return row is not None


BAD_TOKEN: Final = Words(
    th="ลิงก์หรือโทเค็นนี้ใช้ไม่ได้: หมดอายุ ถูกยกเลิก หรือใช้ไปแล้ว ขอใหม่จากผู้ดูแลระบบ",
    en="This link or token is not valid: expired, revoked or used already. Ask the administrator for a new one.",
)

_CHOOSE_PASSWORD: Final = Words(
    th="ลิงก์นี้ใช้ตั้งรหัสผ่านของบัญชี: เปิดลิงก์ในเบราว์เซอร์แล้วทำตามขั้นตอน",
    en="This link is for choosing the account's password: open it in a browser and follow the steps.",
)


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


BY_SECRET: Final = select(credential).where(credential.c.secret_sha256 == bindparam("secret"))


def is_good(row: object, at: datetime) -> bool:
    """Whether a credential is neither expired nor revoked."""
    expires_at_us: int | None = getattr(row, "expires_at_us", None)
    revoked_at_us: int | None = getattr(row, "revoked_at_us", None)
    return revoked_at_us is None and (expires_at_us is None or from_us(expires_at_us) > at)


def good_devices(conn: Connection, station: str, at: datetime, point_id: str | None = None) -> list[Any]:
    """The rows of every device secret that is good now, of one SOS point or of all; oldest first."""
    asked = select(credential).where(
        credential.c.station == station,
        credential.c.sort == "device",
        credential.c.point_id.is_not(None) if point_id is None else credential.c.point_id == point_id,
        credential.c.revoked_at_us.is_(None),
        credential.c.expires_at_us.is_(None) | (credential.c.expires_at_us > to_us(at)),
    )
    return list(conn.execute(asked.order_by(credential.c.issued_at_us, credential.c.id)))


def device_username(station: str, point_id: str) -> str:
    """The user name with which a device signs in to the broker."""
    return f"{station}.{point_id}"


def installer(station: str) -> Identity:
    """The identity under which a station is set up from the machine's own console."""
    return system(station, "installer")
