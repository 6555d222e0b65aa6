"""Who has an account and who is signed in: for administrators, for auditors without the names, and for oneself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from safezone.core.accounts import refusals
from safezone.core.accounts.commands import Person
from safezone.core.accounts.own import require_account, takes_second_factor
from safezone.core.accounts.selection import find_account, open_persons, state_of
from safezone.core.accounts.tables import account
from safezone.core.credentials import credential
from safezone.core.db import from_us, maybe_from_us, to_us
from safezone.core.identity import Identity, Reach
from safezone.core.sessions import SessionView, session_use
from safezone.core.settings import Accounts


class AccountView(msgspec.Struct, frozen=True):
    """An account. `state` is invited, active, suspended, expired or erased; `sessions` is how many are open."""

    id: str
    login: str
    role: str
    duty: str
    unit_id: str | None
    partner_id: str | None
    scope: str | None
    reach: Reach
    state: str
    person: Person | None
    """Who it is; for administrators alone."""
    expires_at: datetime | None
    created_at: datetime
    created_by: str
    signed_in_at: datetime | None
    has_totp: bool
    takes_second_factor: bool
    recovery_left: int
    sessions: int


def list_accounts(
    conn: Connection, identity: Identity, at: datetime, settings: Accounts
) -> list[AccountView]:
    """Every account that was not erased, by name."""
    identity.require("admin", "auditor")
    asked = select(account).where(account.c.station == identity.station, account.c.state != "erased")
    return _views(conn, identity, conn.execute(asked.order_by(account.c.login)).all(), at, settings)


def get_account(
    conn: Connection, identity: Identity, account_id: str, at: datetime, settings: Accounts
) -> AccountView:
    """One account; NotFound when there is none."""
    identity.require("admin", "auditor")
    row = find_account(conn, identity.station, account_id)
    if row is None:
        raise refusals.no_account()
    return _views(conn, identity, [row], at, settings)[0]


def get_own(conn: Connection, identity: Identity, at: datetime, settings: Accounts) -> AccountView:
    """The account of whoever asks."""
    row = find_account(conn, identity.station, require_account(identity))
    if row is None:
        raise refusals.no_account()
    return _views(conn, identity, [row], at, settings)[0]


def _views(
    conn: Connection, identity: Identity, rows: Sequence[Any], at: datetime, settings: Accounts
) -> list[AccountView]:
    shows = [row for row in rows if identity.role == "admin" or row.id == identity.account_id]
    persons = open_persons(conn, identity.station, [row.person_ref for row in shows])
    counts: dict[str, int] = {}
    for row in _open_sessions(conn, identity.station, at):
        counts[row.account_id] = counts.get(row.account_id, 0) + 1
    return [
        AccountView(
            id=row.id,
            login=row.login,
            role=row.role,
            duty=row.duty,
            unit_id=row.unit_id,
            partner_id=row.partner_id,
            scope=row.scope,
            reach=row.reach or "station",
            state=state_of(row, to_us(at)),
            person=persons.get(row.person_ref),
            expires_at=maybe_from_us(row.expires_at_us),
            created_at=from_us(row.created_at_us),
            created_by=row.created_by,
            signed_in_at=maybe_from_us(row.signed_in_at_us),
            has_totp=row.totp_ref is not None,
            takes_second_factor=takes_second_factor(settings, row.role),
            recovery_left=row.recovery_left,
            sessions=counts.get(row.id, 0),
        )
        for row in rows
    ]


def list_sessions(
    conn: Connection, identity: Identity, at: datetime, settings: Accounts
) -> list[SessionView]:
    """Every session that is open, the one used last first; for administrators."""
    identity.require("admin")
    return _session_views(identity, _open_sessions(conn, identity.station, at), at, settings)


def list_own_sessions(
    conn: Connection, identity: Identity, at: datetime, settings: Accounts
) -> list[SessionView]:
    """The open sessions of one's own account."""
    mine = require_account(identity)
    rows = [row for row in _open_sessions(conn, identity.station, at) if row.account_id == mine]
    return _session_views(identity, rows, at, settings)


def _open_sessions(conn: Connection, station: str, at: datetime) -> list[Any]:
    joined = credential.outerjoin(
        session_use,
        (session_use.c.station == credential.c.station) & (session_use.c.credential_id == credential.c.id),
    )
    asked = (
        select(credential, session_use.c.at_us, session_use.c.address, session_use.c.browser)
        .select_from(joined)
        .where(
            credential.c.station == station,
            credential.c.sort == "session",
            credential.c.revoked_at_us.is_(None),
            credential.c.expires_at_us > to_us(at),
        )
        .order_by(session_use.c.at_us.desc(), credential.c.id)
    )
    return list(conn.execute(asked))


def _session_views(
    identity: Identity, rows: Sequence[Any], at: datetime, settings: Accounts
) -> list[SessionView]:
    idle_us = settings.idle_min * 60_000_000
    return [
        SessionView(
            row.id,
            row.role,
            row.name,
            row.account_id,
            from_us(row.issued_at_us),
            maybe_from_us(row.at_us),
            maybe_from_us(row.expires_at_us),
            row.address or "",
            row.browser or "",
            row.id == identity.credential_id,
        )
        for row in rows
        # A minute of patience: that a session was used is written down now and then.
        if row.at_us is None or to_us(at) - row.at_us <= idle_us + 60_000_000
    ]
