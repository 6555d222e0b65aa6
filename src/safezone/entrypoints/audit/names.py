"""What people call the things that lines of the audit are about: an incident by its number, an account by its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from safezone.core.accounts import selection as accounts
from safezone.core.credential_list import credential_names
from safezone.incidents import queries as incidents
from safezone.patrol import queries as patrol

AT_ONCE: Final = 500


def names_of(conn: Connection, station: str, subjects: Iterable[str]) -> dict[str, str]:
    """A name for each of these subjects that has one besides its id; nobody's real name is among them."""
    wanted = sorted({each for each in subjects if each})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), AT_ONCE):
        ids = wanted[start : start + AT_ONCE]
        found |= credential_names(conn, station, ids) | accounts.find_logins(conn, station, ids)
        found |= patrol.find_call_signs(conn, station, ids)
        found |= incidents.find_names(conn, station, ids)
    return found
