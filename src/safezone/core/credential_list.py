"""What an administrator sees of the credentials that were given out: everything but their secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection, select

from safezone.core.credentials import CredentialSort, credential, is_good
from safezone.core.db import from_us, maybe_from_us
from safezone.core.identity import Role


class CredentialView(msgspec.Struct, frozen=True):
    """A credential without its secret; `state` is good, expired or revoked."""

    id: str
    sort: CredentialSort
    role: Role
    name: str
    issued_at: datetime
    expires_at: datetime | None
    state: Literal["good", "expired", "revoked"]
    exports: bool
    """May take lists out by itself."""


def list_credentials(conn: Connection, station: str, at: datetime) -> list[CredentialView]:
    """Every credential of a station, newest first, browser sessions left out."""
    rows = conn.execute(
        select(credential)
        .where(credential.c.station == station, credential.c.sort != "session")
        .order_by(credential.c.issued_at_us.desc(), credential.c.id.desc())
    )
    return [
        CredentialView(
            row.id,
            row.sort,
            row.role,
            row.name,
            from_us(row.issued_at_us),
            maybe_from_us(row.expires_at_us),
            "revoked" if row.revoked_at_us is not None else "good" if is_good(row, at) else "expired",
            bool(row.exports),
        )
        for row in rows
    ]


def credential_names(conn: Connection, station: str, ids: list[str]) -> dict[str, str]:
    """For what each of these was given out, such as `operator:ccoc-1`, by id; sessions too."""
    asked = select(credential.c.id, credential.c.role, credential.c.name).where(
        credential.c.station == station, credential.c.id.in_(ids)
    )
    return {row.id: f"{row.role}:{row.name}" for row in conn.execute(asked)}
