"""Which sessions were opened by the provider, and what they are there: so that whoever goes out of one goes out of the other.

Kept beside the log, for a day. What the provider calls its session is kept as a hash, its ID token as its door has sealed it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from safezone.core.accounts.tables import provider_session
from safezone.core.bus import Bus
from safezone.core.credentials import CredentialRevoked, credential, sha256_hex
from safezone.core.work import UnitOfWork

KEPT_US: Final = 24 * 3600 * 1_000_000
"""Longer than any session is open."""


class AtProvider(msgspec.Struct, frozen=True):
    """What a sign-in is at the provider. `sid`: how it calls its session, if it does; `id_token`: sealed by the door."""

    sid: str
    id_token: str


class EndProviderSessions(msgspec.Struct, frozen=True):
    """The session that the provider calls so is over there, and so are ours that were opened by it; answers how many."""

    sid: str


def register(bus: Bus) -> None:
    """The lane knows how the provider ends sessions."""
    bus.handle(EndProviderSessions, _end)


def note_at_provider(uow: UnitOfWork, credential_id: str, at: AtProvider) -> None:
    """This session was opened by the provider; what is too old is forgotten."""
    old = (provider_session.c.station == uow.station) & (provider_session.c.at_us < uow.at_us - KEPT_US)
    uow.conn.execute(provider_session.delete().where(old))
    row = {
        "station": uow.station,
        "credential_id": credential_id,
        "sid_sha256": sha256_hex(at.sid) if at.sid else None,
        "id_token": at.id_token,
        "at_us": uow.at_us,
    }
    uow.conn.execute(provider_session.insert(), row)


def find_id_token(conn: Connection, station: str, credential_id: str | None) -> str | None:
    """The sealed ID token by which a session was opened (empty: it was too long to keep); None when it was not."""
    asked = select(provider_session.c.id_token).where(
        provider_session.c.station == station, provider_session.c.credential_id == credential_id
    )
    found: str | None = conn.execute(asked).scalar()
    return found


def count_open(conn: Connection, station: str, sid: str) -> int:
    """How many sessions that were opened by the provider's session of this name are not ended."""
    return len(_open(conn, station, sid))


def _end(cmd: EndProviderSessions, uow: UnitOfWork) -> int:
    uow.identity.require("system")
    rows = _open(uow.conn, uow.station, cmd.sid)
    for row in rows:
        uow.record(CredentialRevoked(credential_id=row.id, reason="signed out at the provider"))
    return len(rows)


def _open(conn: Connection, station: str, sid: str) -> list[Any]:
    of_it = (provider_session.c.station == credential.c.station) & (
        provider_session.c.credential_id == credential.c.id
    )
    asked = (
        select(credential.c.id)
        .join(provider_session, of_it)
        .where(
            credential.c.station == station,
            credential.c.revoked_at_us.is_(None),
            provider_session.c.sid_sha256 == sha256_hex(sid),
        )
    )
    return list(conn.execute(asked))
