"""Forgets accounts: at once when an administrator asks, and by the clock when nobody has come in with one for long enough.

What is sealed of the account goes with its keys, whatever line of the log it stands in: who it was, password, app, recovery
codes, passkeys, its names at the provider, why it was suspended. The log says by the id which account it was.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from safezone.core import vault
from safezone.core.accounts import commands as cmds
from safezone.core.accounts import events as ev
from safezone.core.accounts.handlers import account_to_change, end_credentials, keep_an_admin
from safezone.core.accounts.selection import count_other_admins
from safezone.core.accounts.tables import account, known_browser, provider_session
from safezone.core.bus import Bus
from safezone.core.credentials import credential
from safezone.core.db import to_us
from safezone.core.event import seals_in
from safezone.core.log import LogReader
from safezone.core.sessions import session_use
from safezone.core.work import UnitOfWork


def register(bus: Bus) -> None:
    """The lane knows how an account is erased by hand."""

    def erase(cmd: cmds.EraseAccount, uow: UnitOfWork) -> None:
        row = account_to_change(uow, cmd.account_id)
        keep_an_admin(uow, row)
        forget(uow, row, bus.reader())

    bus.handle(cmds.EraseAccount, erase)


def forget(uow: UnitOfWork, row: Any, reader: LogReader) -> tuple[tuple[str, ...], int]:
    """The account is erased: what was sealed of it, by reference, and how many records of that were still there."""
    refs = tuple(
        dict.fromkeys(
            one.ref for entry in reader.list_about(uow.conn, uow.station, row.id) for one in seals_in(entry)
        )
    )
    uow.record(ev.AccountErased(account_id=row.id))
    gone = vault.erase(uow.conn, uow.station, refs)
    end_credentials(uow, row.id, "account erased")
    _forget_browsers(uow, row.id)
    return refs, gone


def _forget_browsers(uow: UnitOfWork, account_id: str) -> None:
    """From what they came is kept beside the log and goes too."""
    known = (known_browser.c.station == uow.station) & (known_browser.c.account_id == account_id)
    uow.conn.execute(known_browser.delete().where(known))
    sessions = select(credential.c.id).where(
        credential.c.station == uow.station, credential.c.account_id == account_id
    )
    for beside in (session_use, provider_session):
        of_them = (beside.c.station == uow.station) & beside.c.credential_id.in_(sessions)
        uow.conn.execute(beside.delete().where(of_them))


def list_due(
    conn: Connection, station: str, at_us: int, before_us: int, held: set[str], limit: int, reader: LogReader
) -> list[Any]:
    """Accounts with which nobody could come in since `before_us`, at most `limit`.

    None whose name is `held`. An administrator's only while another one can sign in: with it the station is brought back.
    """
    asked = select(account).where(
        account.c.station == station, account.c.state != "erased", account.c.created_at_us <= before_us
    )
    found = []
    for row in conn.execute(asked.order_by(account.c.created_at_us, account.c.id)):
        ended_us = ended_at_us(conn, row, reader)
        if ended_us is None or ended_us > before_us or row.login in held:
            continue
        if row.role == "admin" and not count_other_admins(conn, station, row.id, at_us):
            continue
        found.append(row)
        if len(found) == limit:
            break
    return found


def ended_at_us(conn: Connection, row: Any, reader: LogReader) -> int | None:
    """Since when (or from when on) nobody can come in with the account; None when somebody may, without end.

    Its own end, its suspension, or, where nobody has taken it up, the end of the newest link to it; whichever is first.
    """
    ends = [row.expires_at_us]
    if row.state == "suspended":
        lines = reader.list_about(conn, row.station, row.id)
        ends.append(max(to_us(line.at) for line in lines if isinstance(line.event, ev.AccountSuspended)))
    if row.state == "invited":
        links = select(func.max(credential.c.expires_at_us)).where(
            credential.c.station == row.station,
            credential.c.account_id == row.id,
            credential.c.sort == "one_time_link",
        )
        ends.append(conn.execute(links).scalar_one_or_none())
    return min((end for end in ends if end is not None), default=None)
