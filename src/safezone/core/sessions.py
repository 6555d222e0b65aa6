"""When a session was last used, and from what: kept beside the log, because it changes with every look at a screen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Column, Connection, String

from safezone.core.bus import Bus
from safezone.core.db import table, to_us, upsert
from safezone.core.work import UnitOfWork

KEPT_DAYS: Final = 180
"""Where a session came from is known for so long after it was last used."""

session_use = table(
    "session_use",
    Column("station", String(32), primary_key=True),
    Column("credential_id", String(36), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("address", String(64), nullable=False),
    Column("browser", String(40), nullable=False),
    source="telemetry",
)


class Hint(msgspec.Struct, frozen=True):
    """From what a session was opened: the address, and the family of the browser."""

    address: str = ""
    browser: str = ""


class NoteUse(msgspec.Struct, frozen=True):
    """These sessions were in use, by id, with the time (µs)."""

    used: dict[str, int]


def register(bus: Bus) -> None:
    """The lane knows how to write down that sessions were used."""
    bus.handle(NoteUse, _note_use)


def note_opened(uow: UnitOfWork, credential_id: str, hint: Hint) -> None:
    """The session is in use from now on, and it is known from where."""
    row = {"address": hint.address[:64], "browser": hint.browser[:40], "at_us": uow.at_us}
    uow.conn.execute(session_use.insert(), {"station": uow.station, "credential_id": credential_id, **row})


def _note_use(cmd: NoteUse, uow: UnitOfWork) -> None:
    uow.identity.require("system")
    for credential_id, at_us in cmd.used.items():
        _put(uow.conn, uow.station, credential_id, at_us)
    before_us = to_us(uow.at - timedelta(days=KEPT_DAYS))
    old = (session_use.c.station == uow.station) & (session_use.c.at_us < before_us)
    uow.conn.execute(session_use.delete().where(old))


def _put(conn: Connection, station: str, credential_id: str, at_us: int) -> None:
    row = {"station": station, "credential_id": credential_id, "at_us": at_us, "address": "", "browser": ""}
    later = session_use.c.at_us < at_us
    conn.execute(
        upsert(session_use, conn)
        .values(row)
        .on_conflict_do_update(
            index_elements=["station", "credential_id"], set_={"at_us": at_us}, where=later
        )
    )


class SessionView(msgspec.Struct, frozen=True):
    """A session that is open: whose, since when, last used when and from what. `here`: the one that asks."""

    id: str
    role: str
    name: str
    account_id: str | None
    opened_at: datetime
    seen_at: datetime | None
    expires_at: datetime | None
    address: str
    browser: str
    here: bool
