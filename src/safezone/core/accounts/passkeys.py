"""Passkeys of accounts: the public half of each is sealed, because it belongs to a person, and goes with the account."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from safezone.core import vault
from safezone.core.accounts import events as ev
from safezone.core.accounts import refusals
from safezone.core.accounts.commands import OpenAccountSession, ProveSession
from safezone.core.accounts.own import Own, prove, require_account
from safezone.core.accounts.proof import is_fresh
from safezone.core.accounts.spent import spend
from safezone.core.accounts.tables import passkey
from safezone.core.auth import Issued
from safezone.core.bus import Bus
from safezone.core.db import from_us, maybe_from_us, to_us
from safezone.core.errors import Conflict, NotFound
from safezone.core.event import Entry, Event, Sealed
from safezone.core.i18n import Words
from safezone.core.ids import new_id
from safezone.core.sessions import Hint
from safezone.core.settings import Accounts
from safezone.core.work import UnitOfWork

MOST: Final = 12
"""Nobody needs more keys."""


class PasskeyAdded(Event, frozen=True, tag="passkey_added"):
    """The account can be opened with this key too."""

    subject_field = "account_id"
    account_id: str
    passkey_id: str
    content: Sealed
    sign_count: int = 0
    backed_up: bool = False


class PasskeyUsed(Event, frozen=True, tag="passkey_used"):
    """The key has signed. `suspicious`: its counter went back, so a copy of it may be about; it opens nothing any more."""

    subject_field = "account_id"
    account_id: str
    passkey_id: str
    sign_count: int
    backed_up: bool = False
    suspicious: bool = False


class PasskeyRemoved(Event, frozen=True, tag="passkey_removed"):
    """The key opens nothing any more."""

    subject_field = "account_id"
    account_id: str
    passkey_id: str


class KeyContent(msgspec.Struct, frozen=True):
    """What is kept of a key. It is good at the site `rp_id` and nowhere else."""

    name: str
    credential_id: bytes
    public_key: bytes
    rp_id: str
    transports: tuple[str, ...] = ()


class Passkey(msgspec.Struct, frozen=True):
    """A key of an account as it is compared."""

    id: str
    content: KeyContent
    sign_count: int
    backed_up: bool
    suspicious: bool
    added_at: datetime
    used_at: datetime | None


class Signed(msgspec.Struct, frozen=True):
    """A key has signed the challenge `once`, and its signature was found good."""

    passkey_id: str
    once: str
    sign_count: int
    backed_up: bool


class AddPasskey(msgspec.Struct, frozen=True):
    """A new key of mine, which has just answered the challenge `once`."""

    content: KeyContent
    once: str
    sign_count: int
    backed_up: bool


class RemovePasskey(msgspec.Struct, frozen=True):
    """This key of mine is to open nothing any more."""

    passkey_id: str


class OpenByPasskey(msgspec.Struct, frozen=True, kw_only=True):
    """Open a session for whoever holds the key; answers with `Issued`, or None when the key may have been copied."""

    account_id: str
    signed: Signed
    hint: Hint = Hint()
    browser_secret: str = ""


class ProveByPasskey(msgspec.Struct, frozen=True):
    """I have just shown once more who I am; answers whether it is taken."""

    signed: Signed


def register(bus: Bus, settings: Accounts) -> None:
    """The lane knows how keys are added, used and removed."""
    own = Own(settings)
    bus.handle(AddPasskey, _add)
    bus.handle(RemovePasskey, _remove)
    bus.handle(OpenByPasskey, lambda cmd, uow: _open(cmd, uow, own))
    bus.handle(ProveByPasskey, _prove)
    bus.apply(PasskeyAdded, _apply_added)
    bus.apply(PasskeyUsed, _apply_used)
    bus.apply(PasskeyRemoved, _apply_removed)
    bus.apply(ev.AccountReset, _apply_forgotten)
    bus.apply(ev.AccountErased, _apply_forgotten)


def _add(cmd: AddPasskey, uow: UnitOfWork) -> str:
    account_id = require_account(uow.identity)
    if not is_fresh(uow.identity, uow.at):
        raise refusals.step_up_needed()
    spend(uow, cmd.once)
    before = list_passkeys(uow.conn, uow.station, account_id)
    known = cmd.content.credential_id in [each.content.credential_id for each in before]
    if known or len(before) >= MOST:
        raise Conflict(
            "passkey_known",
            Words(
                th=f"กุญแจนี้ลงทะเบียนไว้แล้ว หรือมีครบ {MOST} ดอกแล้ว: ใช้กุญแจอื่น หรือลบดอกที่ไม่ใช้ก่อน",
                en=f"This key is registered already, or there are {MOST}: use another one, or remove one first.",
            ),
        )
    passkey_id = new_id()
    uow.record(
        PasskeyAdded(
            account_id=account_id,
            passkey_id=passkey_id,
            content=uow.seal(msgspec.json.encode(cmd.content), "passkey"),
            sign_count=cmd.sign_count,
            backed_up=cmd.backed_up,
        )
    )
    return passkey_id


def _remove(cmd: RemovePasskey, uow: UnitOfWork) -> None:
    account_id = require_account(uow.identity)
    if not is_fresh(uow.identity, uow.at):
        raise refusals.step_up_needed()
    row = _find(uow, account_id, cmd.passkey_id)
    uow.record(PasskeyRemoved(account_id=account_id, passkey_id=row.id))
    vault.erase(uow.conn, uow.station, [row.ref])


def _open(cmd: OpenByPasskey, uow: UnitOfWork, own: Own) -> Issued | None:
    uow.identity.require("system")
    if not _note_signed(uow, cmd.account_id, cmd.signed):
        return None
    asked = OpenAccountSession(
        account_id=cmd.account_id, by=("passkey",), hint=cmd.hint, browser_secret=cmd.browser_secret
    )
    return own.open_session(asked, uow)


def _prove(cmd: ProveByPasskey, uow: UnitOfWork) -> bool:
    account_id = require_account(uow.identity)
    if not _note_signed(uow, account_id, cmd.signed):
        return False
    prove(ProveSession(by=("passkey",)), uow)
    return True


def _note_signed(uow: UnitOfWork, account_id: str, signed: Signed) -> bool:
    """Whether the key may open something. A counter that stands still or goes back says that there are two of it."""
    spend(uow, signed.once)
    row = _find(uow, account_id, signed.passkey_id)
    counts = row.sign_count > 0 or signed.sign_count > 0
    suspicious = row.suspicious_at_us is not None or (counts and signed.sign_count <= row.sign_count)
    uow.record(
        PasskeyUsed(
            account_id=account_id,
            passkey_id=row.id,
            sign_count=max(row.sign_count, signed.sign_count),
            backed_up=signed.backed_up,
            suspicious=suspicious,
        )
    )
    return not suspicious


def _find(uow: UnitOfWork, account_id: str, passkey_id: str) -> Any:
    row = next((row for row in _rows(uow.conn, uow.station, account_id) if row.id == passkey_id), None)
    if row is None:
        raise NotFound(
            "no_passkey",
            Words(
                th="ไม่มีกุญแจนี้ อาจถูกลบไปแล้ว เปิดหน้าบัญชีของฉันใหม่เพื่อดูรายการ",
                en="There is no such passkey; it may have been removed. Open your account page anew to see which there are.",
            ),
        )
    return row


def _apply_added(conn: Connection, entry: Entry, event: PasskeyAdded) -> None:
    conn.execute(
        passkey.insert(),
        {
            "station": entry.station,
            "id": event.passkey_id,
            "account_id": event.account_id,
            "ref": event.content.ref,
            "added_at_us": to_us(entry.at),
            "used_at_us": None,
            "sign_count": event.sign_count,
            "backed_up": event.backed_up,
            "suspicious_at_us": None,
        },
    )


def _apply_used(conn: Connection, entry: Entry, event: PasskeyUsed) -> None:
    at_us = to_us(entry.at)
    values: dict[str, Any] = {
        "used_at_us": at_us,
        "sign_count": event.sign_count,
        "backed_up": event.backed_up,
    }
    if event.suspicious:
        values["suspicious_at_us"] = at_us
    of_it = (passkey.c.station == entry.station) & (passkey.c.id == event.passkey_id)
    conn.execute(passkey.update().where(of_it).values(**values))


def _apply_removed(conn: Connection, entry: Entry, event: PasskeyRemoved) -> None:
    of_it = (passkey.c.station == entry.station) & (passkey.c.id == event.passkey_id)
    conn.execute(passkey.delete().where(of_it))


def _apply_forgotten(conn: Connection, entry: Entry, event: ev.AccountErased | ev.AccountReset) -> None:
    of_it = (passkey.c.station == entry.station) & (passkey.c.account_id == event.account_id)
    conn.execute(passkey.delete().where(of_it))


# ── what is asked ──


def list_passkeys(conn: Connection, station: str, account_id: str) -> list[Passkey]:
    """The keys of an account, oldest first."""
    rows = _rows(conn, station, account_id)
    opened = vault.open_many(conn, station, [row.ref for row in rows]) if rows else {}
    return [
        Passkey(
            row.id,
            msgspec.json.decode(opened[row.ref], type=KeyContent),
            row.sign_count,
            bool(row.backed_up),
            row.suspicious_at_us is not None,
            from_us(row.added_at_us),
            maybe_from_us(row.used_at_us),
        )
        for row in rows
        if row.ref in opened
    ]


def _rows(conn: Connection, station: str, account_id: str) -> list[Any]:
    asked = select(passkey).where(passkey.c.station == station, passkey.c.account_id == account_id)
    return list(conn.execute(asked.order_by(passkey.c.added_at_us, passkey.c.id)))
