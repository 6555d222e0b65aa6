"""A unit of work: what one command reads, decides and records, all of it or nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from safezone.core import vault
from safezone.core.db import to_us
from safezone.core.event import Entry, Event, Sealed
from safezone.core.ids import new_id
from safezone.core.log import Head

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from safezone.core.bus import Bus
    from safezone.core.identity import Identity


class UnitOfWork:
    """What a handler works with. `at` is the server's time (aware UTC) at which the command was taken up."""

    def __init__(self, conn: Connection, bus: Bus, head: Head, identity: Identity, at: datetime) -> None:
        self.conn = conn
        self.station = identity.station
        self.identity = identity
        self.actor = identity.actor
        self.at = at
        self.entries: list[Entry] = []
        self.signals: list[Any] = []
        self._bus = bus
        self._head = head

    @property
    def at_us(self) -> int:
        """`at` in microseconds, as tables keep it."""
        return to_us(self.at)

    def record(self, event: Event) -> Entry:
        """The event has happened: its rows are written now, its line is appended when the work is committed."""
        self._head.seq += 1
        entry = Entry(self.station, self._head.seq, new_id(), self.at, self.actor, event)
        self._bus.apply_entry(self.conn, entry)
        self.entries.append(entry)
        return entry

    def seal(self, content: str | bytes, sort: str) -> Sealed:
        """Personal content goes into the vault; the reference that comes back may stand in an event."""
        raw = content.encode() if isinstance(content, str) else content
        return vault.seal(self.conn, self.station, raw, sort, self.at_us)

    def maybe_seal(self, content: str | None, sort: str) -> Sealed | None:
        """As `seal`; None when there is nothing to seal."""
        return self.seal(content, sort) if content else None

    def after_commit(self, signal: Any) -> None:
        """Tell the screens `signal` once this is on disk. Nothing of consequence may depend on it."""
        self.signals.append(signal)
