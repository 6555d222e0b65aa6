"""Attempts to guess a password or code, counted by the database where several processes of a station take them.

Each of them asks before it compares anything, and what it asks is one transaction: of attempts that come to several
processes at the same moment, as many are looked at as if there were one. An attempt counts as failed from its beginning and
is forgiven when it was right. Beside the log, because nothing has happened yet.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from safezone.core.accounts.rules import LONGEST_DELAY_S, delay_after
from safezone.core.accounts.tables import guess
from safezone.core.bus import Bus
from safezone.core.credentials import sha256_hex
from safezone.core.db import upsert
from safezone.core.work import UnitOfWork

QUIET_US: Final = 900 * 1_000_000
"""After a quarter of an hour without an attempt everything is forgotten."""


class Counted(msgspec.Struct, frozen=True):
    """Under what attempts are counted together, and how many may fail before the next one waits."""

    key: str
    free: int

    @property
    def digest(self) -> str:
        """As it is kept: neither a name nor an address."""
        return sha256_hex(self.key)


class BeginGuess(msgspec.Struct, frozen=True):
    """Somebody tries; answers with the seconds to wait, and then it was not tried, or 0."""

    counted: tuple[Counted, ...]


class ForgiveGuess(msgspec.Struct, frozen=True):
    """It was right, as far as it went. `wholly`: what failed under the first key before is forgotten too."""

    counted: tuple[Counted, ...]
    wholly: bool


def register(bus: Bus) -> None:
    """The lane counts attempts; only the program itself may ask it to."""
    bus.handle(BeginGuess, _begin)
    bus.handle(ForgiveGuess, _forgive)


def wait_s(conn: Connection, station: str, counted: tuple[Counted, ...], at_us: int) -> float:
    """Seconds until the next attempt under all of these keys is looked at."""
    return _longest_s(_rows(conn, station, counted), at_us)


def _longest_s(rows: dict[str, Any], at_us: int) -> float:
    return max((_left_s(row, at_us) for row in rows.values()), default=0.0)


def _left_s(row: Any, at_us: int) -> float:
    left_s = (row.until_us - at_us) / 1e6
    # Longer than any wait is: the clock was set back since.
    return left_s if 0 < left_s <= LONGEST_DELAY_S else 0.0


def _begin(cmd: BeginGuess, uow: UnitOfWork) -> float:
    uow.identity.require("system")
    rows = _rows(uow.conn, uow.station, cmd.counted)
    if left_s := _longest_s(rows, uow.at_us):
        return left_s
    for each in cmd.counted:
        row = rows.get(each.digest)
        failures = row.failures + 1 if row is not None and uow.at_us - row.until_us <= QUIET_US else 1
        _put(uow, each, failures, uow.at_us + int(delay_after(failures, each.free) * 1e6))
    old = (guess.c.station == uow.station) & (guess.c.until_us < uow.at_us - QUIET_US)
    uow.conn.execute(guess.delete().where(old))
    return 0.0


def _forgive(cmd: ForgiveGuess, uow: UnitOfWork) -> None:
    uow.identity.require("system")
    rows = _rows(uow.conn, uow.station, cmd.counted)
    for number, each in enumerate(cmd.counted):
        row = rows.get(each.digest)
        failures = 0 if row is None or (cmd.wholly and not number) else row.failures - 1
        if failures > 0:
            _put(uow, each, failures, uow.at_us)
        else:
            uow.conn.execute(guess.delete().where(_of(uow.station, each)))


def _rows(conn: Connection, station: str, counted: tuple[Counted, ...]) -> dict[str, Any]:
    asked = select(guess).where(
        guess.c.station == station, guess.c.key_sha256.in_([each.digest for each in counted])
    )
    return {row.key_sha256: row for row in conn.execute(asked)}


def _of(station: str, one: Counted) -> Any:
    return (guess.c.station == station) & (guess.c.key_sha256 == one.digest)


def _put(uow: UnitOfWork, one: Counted, failures: int, until_us: int) -> None:
    values = {"failures": failures, "until_us": until_us}
    row = {"station": uow.station, "key_sha256": one.digest, **values}
    insert = upsert(guess, uow.conn).values(row)
    uow.conn.execute(insert.on_conflict_do_update(index_elements=["station", "key_sha256"], set_=values))
