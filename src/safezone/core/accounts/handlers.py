"""What an administrator does with accounts: makes, changes, suspends and resets them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import select

from safezone.core import vault
from safezone.core.accounts import commands as cmds
from safezone.core.accounts import events as ev
from safezone.core.accounts import refusals, store
from safezone.core.accounts.proof import require_fresh_person
from safezone.core.accounts.rules import erased_login, normal_login
from safezone.core.accounts.selection import (
    count_other_admins,
    expiry_of,
    find_account,
    is_active_admin,
    key_refs,
)
from safezone.core.accounts.tables import account
from safezone.core.auth import IssueCredential, check_owner, issue
from safezone.core.bus import Bus
from safezone.core.credentials import CredentialRevoked, credential, reach_kept
from safezone.core.event import Sealed
from safezone.core.ids import new_id
from safezone.core.work import UnitOfWork

LINK_LIFETIME: Final = timedelta(days=3)
"""A link for choosing a password is good for so long."""


def register(bus: Bus) -> None:
    """The lane knows what an administrator may ask about accounts."""
    store.register(bus)
    bus.handle(cmds.CreateAccount, create_account)
    bus.handle(cmds.ChangeAccount, _change)
    bus.handle(cmds.SuspendAccount, _suspend)
    bus.handle(cmds.ResumeAccount, _resume)
    bus.handle(cmds.ResetAccount, _reset)
    bus.handle(cmds.EndSession, _end_session)
    bus.handle(cmds.EndSessions, _end_sessions)


def create_account(cmd: cmds.CreateAccount, uow: UnitOfWork) -> cmds.Invited:
    """The account is there, and a link with which its password is chosen; Conflict when the name is taken."""
    uow.identity.require("admin", "system")
    require_fresh_person(uow.identity, uow.at)
    account_id = add_account(uow, cmd.login, cmd.place)
    return cmds.Invited(account_id, _make_link(uow, find_account(uow.conn, uow.station, account_id)))


def add_account(uow: UnitOfWork, login: str, place: cmds.Place) -> str:
    """An account that waits for its password; the id of it. Invalid or Conflict when it cannot be like this."""
    named = normal_login(login)
    if named is None:
        raise refusals.bad_login()
    _check_place(uow, named, place)
    ever = (named, erased_login(named))
    taken = select(account.c.id).where(account.c.station == uow.station, account.c.login.in_(ever))
    if uow.conn.execute(taken).first() is not None:
        raise refusals.login_taken(named)
    account_id = new_id()
    uow.record(ev.AccountCreated(account_id=account_id, login=named, **_fields(uow, place)))
    return account_id


def _check_place(uow: UnitOfWork, login: str, place: cmds.Place) -> None:
    name = session_name(place.unit_id, login)
    check_owner(
        IssueCredential(
            sort="session",
            role=place.role,
            name=name,
            unit_id=place.unit_id,
            partner_id=place.partner_id,
            reach=place.reach,
        )
    )
    if place.role == "sos_point" or len(name) > 80:
        raise refusals.bad_login()
    if place.expires_at is not None and place.expires_at <= uow.at:
        raise refusals.has_ended()


def session_name(unit_id: str | None, login: str) -> str:
    """How the log names somebody: by the name they sign in with, on patrol behind the unit's."""
    return login if unit_id is None else f"{unit_id}/{login}"


def _fields(uow: UnitOfWork, place: cmds.Place) -> dict[str, Any]:
    return {
        "role": place.role,
        "duty": place.duty,
        "unit_id": place.unit_id,
        "partner_id": place.partner_id,
        "scope": place.scope,
        "reach": place.reach,
        "expires_at": place.expires_at,
        "person": _seal_person(uow, place.person),
    }


def _seal_person(uow: UnitOfWork, person: cmds.Person) -> Sealed | None:
    return None if person == cmds.Person() else uow.seal(msgspec.json.encode(person), "person")


def _make_link(uow: UnitOfWork, row: Any) -> str:
    """A new link for choosing a password; every older one of the account is worth nothing."""
    end_credentials(uow, row.id, "a newer link", sorts=("one_time_link",))
    asked = IssueCredential(
        sort="one_time_link",
        role=row.role,
        name=session_name(row.unit_id, row.login),
        unit_id=row.unit_id,
        partner_id=row.partner_id,
        lifetime_s=int(LINK_LIFETIME.total_seconds()),
        account_id=row.id,
    )
    return issue(asked, uow).secret


def account_to_change(uow: UnitOfWork, account_id: str) -> Any:
    """The account, for an administrator; NotFound when there is none, Conflict when it was erased."""
    uow.identity.require("admin", "system")
    row = find_account(uow.conn, uow.station, account_id)
    if row is None:
        raise refusals.no_account()
    if row.state == "erased":
        raise refusals.wrong_state(row.state)
    return row


def keep_an_admin(uow: UnitOfWork, row: Any) -> None:
    """Conflict when nobody could look after the station any more; the machine's own console may all the same."""
    if (
        uow.identity.role != "system"
        and is_active_admin(row, uow.at_us)
        and not count_other_admins(uow.conn, uow.station, row.id, uow.at_us)
    ):
        raise refusals.last_admin()


def _change(cmd: cmds.ChangeAccount, uow: UnitOfWork) -> None:
    row, place = account_to_change(uow, cmd.account_id), cmd.place
    require_fresh_person(uow.identity, uow.at)
    _check_place(uow, row.login, place)
    if place.role != "admin":
        keep_an_admin(uow, row)
    before = (row.role, row.unit_id, row.partner_id, row.scope, row.reach, expiry_of(row))
    uow.record(ev.AccountChanged(account_id=row.id, **_fields(uow, place)))
    vault.erase(uow.conn, uow.station, [row.person_ref] if row.person_ref else [])
    reach = reach_kept(place.reach)
    if before != (place.role, place.unit_id, place.partner_id, place.scope, reach, place.expires_at):
        # A session is what it was when it was opened: whoever may do something else signs in anew.
        end_credentials(uow, row.id, "account changed", sorts=("session",))
        if row.state == "invited":
            end_credentials(uow, row.id, "account changed", sorts=("one_time_link",))


def _suspend(cmd: cmds.SuspendAccount, uow: UnitOfWork) -> None:
    row = account_to_change(uow, cmd.account_id)
    if row.state == "suspended":
        raise refusals.wrong_state(row.state)
    keep_an_admin(uow, row)
    uow.record(ev.AccountSuspended(account_id=row.id, reason=uow.maybe_seal(cmd.reason, "account_reason")))
    end_credentials(uow, row.id, "account suspended")


def _resume(cmd: cmds.ResumeAccount, uow: UnitOfWork) -> None:
    row = account_to_change(uow, cmd.account_id)
    if row.state != "suspended":
        raise refusals.wrong_state(row.state)
    uow.record(ev.AccountResumed(account_id=row.id))


def _reset(cmd: cmds.ResetAccount, uow: UnitOfWork) -> cmds.Invited:
    row = account_to_change(uow, cmd.account_id)
    require_fresh_person(uow.identity, uow.at)
    if row.state == "suspended":
        raise refusals.wrong_state(row.state)
    if row.state == "active":
        keep_an_admin(uow, row)
        keys = key_refs(uow.conn, uow.station, row.id)
        uow.record(ev.AccountReset(account_id=row.id))
        forget_secrets(uow, row, *keys)
    end_credentials(uow, row.id, "account reset")
    return cmds.Invited(row.id, _make_link(uow, row))


def forget_secrets(uow: UnitOfWork, row: Any, *more: str | None) -> None:
    """What is sealed of the account is gone for good."""
    refs = [ref for ref in (row.password_ref, row.totp_ref, row.recovery_ref, *more) if ref]
    vault.erase(uow.conn, uow.station, refs)


def end_credentials(
    uow: UnitOfWork,
    account_id: str,
    reason: str,
    *,
    sorts: tuple[str, ...] = ("session", "one_time_link"),
    but: str | None = None,
) -> int:
    """Sessions and links of the account are worth nothing from now on; how many there were."""
    rows = uow.conn.execute(
        select(credential.c.id).where(
            credential.c.station == uow.station,
            credential.c.account_id == account_id,
            credential.c.sort.in_(sorts),
            credential.c.revoked_at_us.is_(None),
            credential.c.expires_at_us.is_(None) | (credential.c.expires_at_us > uow.at_us),
        )
    ).all()
    for row in rows:
        if row.id != but:
            uow.record(CredentialRevoked(credential_id=row.id, reason=reason))
    return len(rows)


def _end_session(cmd: cmds.EndSession, uow: UnitOfWork) -> None:
    row = uow.conn.execute(
        select(credential).where(
            credential.c.station == uow.station,
            credential.c.id == cmd.credential_id,
            credential.c.sort == "session",
        )
    ).first()
    mine = row is not None and uow.identity.account_id in {row.account_id} - {None}
    if row is None or not (mine or uow.identity.role in ("admin", "system")):
        raise refusals.no_session()
    if row.revoked_at_us is None:
        uow.record(CredentialRevoked(credential_id=row.id, reason="ended"))


def _end_sessions(cmd: cmds.EndSessions, uow: UnitOfWork) -> int:
    if cmd.account_id != uow.identity.account_id:
        uow.identity.require("admin", "system")
    return end_credentials(uow, cmd.account_id, "ended", sorts=("session",), but=uow.identity.credential_id)
