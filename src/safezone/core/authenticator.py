"""Finds out who holds a token, quickly; and nobody who was put out is known for a moment longer."""

from __future__ import annotations

import threading
from typing import Final

import msgspec
from sqlalchemy import bindparam, select

from safezone.core.auth import BAD_TOKEN
from safezone.core.clock import Clock
from safezone.core.credentials import (
    BY_SECRET,
    CredentialIssued,
    CredentialRevoked,
    SessionProven,
    is_good,
    sha256_hex,
)
from safezone.core.db import Database, maybe_from_us, to_us
from safezone.core.errors import NotSignedIn
from safezone.core.event import kind_of
from safezone.core.identity import Identity
from safezone.core.lane import Committed, WriterLane
from safezone.core.sessions import session_use

_USED: Final = select(session_use.c.at_us).where(
    session_use.c.station == bindparam("of_station"), session_use.c.credential_id == bindparam("of_id")
)


class _Known(msgspec.Struct, frozen=True):
    """Who a token is, remembered."""

    identity: Identity
    is_session: bool


class Authenticator:
    """Finds the identity behind a token; remembers it until any credential changes or it expires.

    With a `station` nobody of another one is known, though its credentials may lie in the same database.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        lane: WriterLane,
        station: str | None = None,
        idle_s: int | None = None,
    ) -> None:
        self._database = database
        self._station = station
        self._clock = clock
        self._idle_us = None if idle_s is None else idle_s * 1_000_000
        self._known: dict[str, _Known] = {}
        self._used_us: dict[str, int] = {}
        self._lock = threading.Lock()
        self._kinds = {kind_of(CredentialIssued), kind_of(CredentialRevoked), kind_of(SessionProven)}
        lane.observe(self._on_commit)

    def _on_commit(self, committed: Committed) -> None:
        # At once: a revoked person must get nothing more, on any channel.
        if any(entry.kind in self._kinds for entry in committed.entries):
            with self._lock:
                self._known = {}

    def find(self, token: str) -> Identity | None:
        """The identity of a good token or device secret; None for every other. A session is in use by being looked up."""
        known = self._known.get(token) or self._look_up(token)
        if known is None:
            return None
        now = self._clock.now()
        identity = known.identity
        if identity.expires_at is not None and identity.expires_at <= now:
            return None
        if known.is_session and not self._is_in_use(identity, to_us(now)):
            return None
        return identity

    def _look_up(self, token: str) -> _Known | None:
        memory = self._known
        with self._database.read() as conn:
            row = conn.execute(BY_SECRET, {"secret": sha256_hex(token)}).first()
        if row is None or not is_good(row, self._clock.now()) or row.sort == "one_time_link":
            return None
        if self._station not in (None, row.station):
            return None
        identity = Identity(
            station=row.station,
            role=row.role,
            name=row.name,
            unit_id=row.unit_id,
            point_id=row.point_id,
            credential_id=row.id,
            partner_id=row.partner_id,
            account_id=row.account_id,
            exports=bool(row.exports),
            reach=row.reach or "station",
            expires_at=maybe_from_us(row.expires_at_us),
            proven_at=maybe_from_us(row.proven_at_us),
        )
        known = _Known(identity, row.sort == "session")
        with self._lock:
            # What was read before a revocation must not be remembered after it.
            if memory is self._known:
                memory[token] = known
        return known

    def _is_in_use(self, identity: Identity, now_us: int) -> bool:
        """Whether the session was used lately, here or by another process; from now on it was."""
        credential_id = identity.credential_id or ""
        last_us = self._used_us.get(credential_id)
        if self._idle_us is not None and (last_us is None or now_us - last_us > self._idle_us):
            with self._database.read() as conn:
                asked = {"of_station": identity.station, "of_id": credential_id}
                last_us = conn.execute(_USED, asked).scalar()
            if last_us is not None and now_us - last_us > self._idle_us:
                self._used_us.pop(credential_id, None)
                return False
        self._used_us[credential_id] = now_us
        return True

    def take_used(self, since_us: int) -> dict[str, int]:
        """The sessions that were used since then, by id, with the time (µs); older ones are forgotten here."""
        used = {id_: at_us for id_, at_us in list(self._used_us.items()) if at_us > since_us}
        for id_ in [id_ for id_, at_us in list(self._used_us.items()) if at_us <= since_us]:
            self._used_us.pop(id_, None)
        return used

    def remembered(self, token: str) -> str | None:
        """The id of the credential, if this token was found good a moment ago; None says nothing about it."""
        known = self._known.get(token)
        return None if known is None else known.identity.credential_id

    def get(self, token: str) -> Identity:
        """As `find`; NotSignedIn when there is none."""
        identity = self.find(token)
        if identity is None:
            raise NotSignedIn("bad_token", BAD_TOKEN)
        return identity
