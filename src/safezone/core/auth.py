"""Who may come in: tokens, device secrets and browser sessions, each of them revocable at once."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import bcrypt
import msgspec
from sqlalchemy import Connection, select

from safezone.core.accounts.proof import require_fresh_person, require_recent_proof
from safezone.core.bus import Bus
from safezone.core.credentials import (
    BY_SECRET,
    CredentialIssued,
    CredentialRevoked,
    CredentialSort,
    credential,
    device_username,
    good_devices,
    is_good,
    register_rows,
    sha256_hex,
)
from safezone.core.db import from_us
from safezone.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from safezone.core.i18n import Words
from safezone.core.identity import PARTNER_ROLES, Identity, Reach, Role, system
from safezone.core.ids import new_id
from safezone.core.sessions import Hint, note_opened
from safezone.core.work import UnitOfWork

SESSION_HOURS: Final = 12
_OF_LITTLE_POWER: Final[tuple[Role, ...]] = ("unit", "sos_point")
"""They see what concerns themselves and take nothing out."""
BCRYPT_COST: Final = 4
"""Low on purpose: the secrets are 192 random bits, and a thousand poles may reconnect at once."""

_POINT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""It becomes part of a topic and of a user name, where anything else could mean more than itself."""


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
    reach: Reach = "station"


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

    also_when_signed_out: ClassVar[bool] = True


class Issued(msgspec.Struct, frozen=True):
    """A new credential; the secret is shown this once and stored nowhere."""

    credential_id: str
    secret: str
    identity: Identity


def register(bus: Bus) -> None:
    """The lane knows how credentials are given out and taken back."""
    bus.handle(IssueCredential, issue_credential)
    bus.handle(RevokeCredential, _revoke_credential)
    bus.handle(OpenSession, _open_session)
    bus.handle(CloseSession, _close_session)
    register_rows(bus)


def issue_credential(cmd: IssueCredential, uow: UnitOfWork) -> Issued:
    """A credential of the asked role exists; only an administrator or the program itself may give one out.

    Invalid when it would belong to nobody: a unit's without the unit, a device's without its SOS point.
    """
    uow.identity.require("admin", "system")
    check_owner(cmd)
    if cmd.exports and cmd.sort != "token":
        raise Invalid("exports_of_a_person", _EXPORTS_OF_A_PERSON, field="exports")
    if cmd.exports:
        # Nobody gives what they do not have.
        require_recent_proof(uow.identity, uow.at)
    elif cmd.role not in _OF_LITTLE_POWER:
        require_fresh_person(uow.identity, uow.at)
    if cmd.sort == "one_time_link" and cmd.role == "admin":
        cmd = msgspec.structs.replace(cmd, makes_account=True)
    login = None
    if cmd.sort == "device" and cmd.point_id is not None:
        login = device_username(uow.station, cmd.point_id)
        for before in good_devices(uow.conn, uow.station, uow.at, "sos_point", cmd.point_id):
            # The broker knows one secret by one name: what it does not take any more, nobody else takes either.
            if before.login in (None, login):
                uow.record(CredentialRevoked(credential_id=before.id, reason="replaced"))
    return issue(cmd, uow, login=login)


_EXPORTS_OF_A_PERSON: Final = Words(
    th="สิทธิ์ส่งออกให้ได้เฉพาะโทเค็นของเครื่อง ให้บุคคลใช้บัญชีของตน และยืนยันตัวตนทุกครั้งที่ส่งออก",
    en="Only a machine's token may export by itself; a person uses an account and proves each time who they are.",
)


_REACH_OF_A_COMMANDER: Final = Words(
    th="ขอบเขตทั้งภูมิภาคให้ได้เฉพาะผู้บังคับบัญชา (commander)",
    en="Only a commander may have the scope of a region.",
)


def check_owner(cmd: IssueCredential) -> None:
    """A unit's and a tracker's credential names the unit, a pole's the pole, a partner's the partner; a tracker is a device."""
    if cmd.reach == "region" and cmd.role != "commander":
        raise Invalid("reach_of_a_commander", _REACH_OF_A_COMMANDER, field="reach")
    fits = (
        cmd.role not in ("public", "system")
        and (cmd.role in ("unit", "tracker")) == (cmd.unit_id is not None)
        and (cmd.role == "sos_point") == (cmd.point_id is not None)
        and (cmd.role in PARTNER_ROLES) == (cmd.partner_id is not None)
        and (cmd.sort != "device" or cmd.role in ("sos_point", "tracker"))
        and (cmd.sort == "device" or cmd.role != "tracker")
        and (cmd.point_id is None or _POINT_ID.fullmatch(cmd.point_id) is not None)
    )
    if not fits:
        raise Invalid(
            "credential_of_nobody",
            Words(
                th="สิทธิ์ของสายตรวจและเครื่องบอกตำแหน่งต้องมี unit_id ของเสา SOS ต้องมี point_id (A-Z a-z 0-9 _ -) "
                "ของเจ้าของกล้องและภาคีต้องมี partner_id บทบาทอื่นต้องไม่มี และ device ใช้ได้เฉพาะเสา SOS และเครื่องบอกตำแหน่ง",
                en="A unit's and a tracker's credential takes a unit_id, an SOS point's a point_id (A-Z a-z 0-9 _ -), a camera "
                "owner's and a partner's a partner_id, every other role none; a device is an SOS point or a tracker.",
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
    for_broker = cmd.role == "sos_point" and cmd.sort == "device"
    expires_at = uow.at + timedelta(seconds=cmd.lifetime_s) if cmd.lifetime_s else None
    uow.record(
        CredentialIssued(
            credential_id=credential_id,
            sort=cmd.sort,
            role=cmd.role,
            name=cmd.name,
            secret_sha256=sha256_hex(secret),
            secret_bcrypt=bcrypt.hashpw(secret.encode(), bcrypt.gensalt(BCRYPT_COST)).decode()
            if for_broker
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
            reach=cmd.reach,
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
        reach=cmd.reach,
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
        raise NotFound(
            "no_credential",
            Words(
                th="ไม่พบสิทธิ์เข้าใช้นี้ เปิดรายการใหม่เพื่อดูว่ามีอะไรบ้าง",
                en="There is no such credential; open the list anew to see which there are.",
            ),
        )
    uow.record(CredentialRevoked(credential_id=cmd.credential_id, reason=cmd.reason))


def opens_session(conn: Connection, station: str, token: str, at: datetime) -> bool:
    """Whether a session could be opened with this token or link now."""
    return _find_opening(conn, station, token, at) is not None


def _find_opening(conn: Connection, station: str, token: str, at: datetime) -> Any:
    """The row of a good token, link or session with which another session is opened; None for every other.

    Not a person's session: each new one could be tried with as many passwords as the first, by whoever has found a screen open.
    """
    row = conn.execute(BY_SECRET, {"secret": sha256_hex(token)}).first()
    if row is None or row.station != station or not is_good(row, at):
        return None
    closed = row.sort == "device" or (row.sort == "session" and row.account_id is not None)
    return None if closed else row


def _open_session(cmd: OpenSession, uow: UnitOfWork) -> Issued:
    row = _find_opening(uow.conn, uow.station, cmd.token, uow.at)
    if row is None:
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
        reach=row.reach or "station",
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


def installer(station: str) -> Identity:
    """The identity under which a station is set up from the machine's own console."""
    return system(station, "installer")
