"""What people call the things that lines of the audit are about: an incident by its number, an account by its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, select

from safezone.core.accounts.tables import account
from safezone.core.credentials import credential
from safezone.incidents import queries as incidents
from safezone.patrol import queries as patrol

AT_ONCE: Final = 500


def names_of(conn: Connection, station: str, subjects: Iterable[str]) -> dict[str, str]:
    """A name for each of these subjects that has one besides its id; nobody's real name is among them."""
    wanted = sorted({each for each in subjects if each})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), AT_ONCE):
        ids = wanted[start : start + AT_ONCE]
        found |= _ways_in(conn, station, ids)
        found |= patrol.find_call_signs(conn, station, ids)
        found |= incidents.find_names(conn, station, ids)
    return found


def _ways_in(conn: Connection, station: str, ids: list[str]) -> dict[str, str]:
    given = select(credential.c.id, credential.c.role, credential.c.name).where(
        credential.c.station == station, credential.c.id.in_(ids)
    )
    named = {row.id: f"{row.role}:{row.name}" for row in conn.execute(given)}
    logins = select(account.c.id, account.c.login).where(account.c.station == station, account.c.id.in_(ids))
    return named | {row.id: row.login for row in conn.execute(logins)}
