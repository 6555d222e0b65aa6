"""Writes the rows of accounts, from their events and from nothing else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from safezone.core.accounts import events as ev
from safezone.core.accounts.rules import erased_login, erased_name
from safezone.core.accounts.tables import account
from safezone.core.bus import Bus
from safezone.core.credentials import SessionProven, credential, reach_kept
from safezone.core.db import to_us
from safezone.core.event import Entry


def register(bus: Bus) -> None:
    """The bus knows how each event's rows are written."""
    bus.apply(ev.AccountCreated, _created)
    bus.apply(ev.AccountChanged, _changed)
    bus.apply(ev.AccountSuspended, lambda conn, entry, event: _set(conn, entry, event, state="suspended"))
    bus.apply(ev.AccountResumed, _resumed)
    bus.apply(ev.AccountReset, _reset)
    bus.apply(ev.PasswordChosen, _password_chosen)
    bus.apply(ev.TotpEnrolled, _totp_enrolled)
    bus.apply(
        ev.TotpRemoved, lambda conn, entry, event: _set(conn, entry, event, totp_ref=None, totp_step=None)
    )
    bus.apply(ev.RecoveryCodesMade, _codes_made)
    bus.apply(ev.AccountErased, _erased)
    bus.apply(SessionProven, _proven)


def _set(conn: Connection, entry: Entry, event: Any, **values: Any) -> None:
    of_it = (account.c.station == entry.station) & (account.c.id == event.account_id)
    conn.execute(account.update().where(of_it).values(**values))


def _place(event: ev.AccountCreated | ev.AccountChanged) -> dict[str, Any]:
    return {
        "role": event.role,
        "duty": event.duty,
        "unit_id": event.unit_id,
        "partner_id": event.partner_id,
        "scope": event.scope,
        "reach": reach_kept(event.reach),
        "expires_at_us": to_us(event.expires_at) if event.expires_at else None,
        "person_ref": event.person.ref if event.person else None,
    }


def _created(conn: Connection, entry: Entry, event: ev.AccountCreated) -> None:
    conn.execute(
        account.insert(),
        {
            "station": entry.station,
            "id": event.account_id,
            "login": event.login,
            **_place(event),
            "state": "invited",
            "created_at_us": to_us(entry.at),
            "created_by": entry.actor,
            "password_ref": None,
            "password_at_us": None,
            "totp_ref": None,
            "totp_step": None,
            "recovery_ref": None,
            "recovery_left": 0,
            "recovery_used": "",
            "signed_in_at_us": None,
        },
    )


def _changed(conn: Connection, entry: Entry, event: ev.AccountChanged) -> None:
    _set(conn, entry, event, **_place(event))


def _resumed(conn: Connection, entry: Entry, event: ev.AccountResumed) -> None:
    has_password = account.c.password_ref.is_not(None)
    of_it = (account.c.station == entry.station) & (account.c.id == event.account_id)
    conn.execute(account.update().where(of_it, has_password).values(state="active"))
    conn.execute(account.update().where(of_it, ~has_password).values(state="invited"))


_NO_SECRETS: dict[str, Any] = {
    "password_ref": None,
    "password_at_us": None,
    "totp_ref": None,
    "totp_step": None,
    "recovery_ref": None,
    "recovery_left": 0,
    "recovery_used": "",
}


def _reset(conn: Connection, entry: Entry, event: ev.AccountReset) -> None:
    _set(conn, entry, event, state="invited", **_NO_SECRETS)


def _erased(conn: Connection, entry: Entry, event: ev.AccountErased) -> None:
    """Neither the account nor what was given out for it has the name any more; the lines of the log keep it."""
    of_it = (account.c.station == entry.station) & (account.c.id == event.account_id)
    login = str(conn.execute(select(account.c.login).where(of_it)).scalar_one())
    _set(
        conn,
        entry,
        event,
        state="erased",
        login=erased_login(login),
        person_ref=None,
        duty="",
        **_NO_SECRETS,
    )
    given = (credential.c.station == entry.station) & (credential.c.account_id == event.account_id)
    conn.execute(credential.update().where(given).values(name=erased_name(event.account_id)))


def _password_chosen(conn: Connection, entry: Entry, event: ev.PasswordChosen) -> None:
    chosen = {"password_ref": event.hashed.ref, "password_at_us": to_us(entry.at)}
    _set(conn, entry, event, state="active", **chosen)


def _totp_enrolled(conn: Connection, entry: Entry, event: ev.TotpEnrolled) -> None:
    _set(conn, entry, event, totp_ref=event.secret.ref, totp_step=event.step)


def _codes_made(conn: Connection, entry: Entry, event: ev.RecoveryCodesMade) -> None:
    made = {"recovery_ref": event.hashed.ref, "recovery_left": event.count, "recovery_used": ""}
    _set(conn, entry, event, **made)


def _proven(conn: Connection, entry: Entry, event: SessionProven) -> None:
    if event.occasion == "sign_in":
        _set(conn, entry, event, signed_in_at_us=to_us(entry.at))
    if event.totp_step is not None:
        _set(conn, entry, event, totp_step=event.totp_step)
    if event.recovery_code is not None:
        used = account.c.recovery_used + f"{event.recovery_code} "
        _set(conn, entry, event, recovery_used=used, recovery_left=account.c.recovery_left - 1)
