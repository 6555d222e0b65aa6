"""What anybody commits to a station's record, told once and in order to the observers of this process.

The lane knows what it has committed itself. What others did to the same database (another process of the station,
another program, or this one in a commit that was stored but not confirmed) the log says: this process reads it from its
own place when its lane or somebody else finds that there is more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from safezone.core.db import Database
from safezone.core.errors import SafezoneError
from safezone.core.event import Entry
from safezone.core.lane import Committed
from safezone.core.log import LogReader, last_seq

logger = logging.getLogger("safezone.follower")
AT_ONCE: Final = 500

Announce = Callable[[int, Sequence[Any], Mapping[str, str]], None]


class Follower:
    """Stands between the lane and its observers; thread-safe."""

    def __init__(
        self, database: Database, reader: LogReader, station: str, tell: Callable[[Committed], None]
    ) -> None:
        """`tell` gets every entry of the station once and in order, whoever has committed it."""
        self._database = database
        self._reader = reader
        self._station = station
        self._tell = tell
        self._lock = threading.Lock()
        self._position = 0
        self.announce: Announce = lambda _seq, _signals, _traces: None
        """Called after a commit of our own, with the log's new end, the signals and the traces, in the lane's thread."""

    def start(self) -> None:
        """What is committed from now on is told."""
        with self._database.read() as conn:
            self._position = last_seq(conn, self._station)

    @property
    def position(self) -> int:
        """The last line that was told."""
        return self._position

    def take(self, committed: Committed) -> None:
        """This process has had the log in hand: its own lines are told at once, after whatever others have written
        before them; those that a look has told already are left out.
        """
        with self._lock:
            new = [
                entry
                for entry in committed.entries
                if entry.station == self._station and entry.seq > self._position
            ]
            if committed.ends.get(self._station, 0) > self._position + len(new):
                self._read_on(committed.traces)
                new = []
            if new:
                self._position = new[-1].seq
            if new or committed.signals:
                self._tell(Committed(new, committed.signals, traces=committed.traces))
            position = self._position
        if committed.entries or committed.signals:
            self.announce(position, committed.signals, committed.traces)

    def look(self, signals: Sequence[Any] = (), traces: Mapping[str, str] = MappingProxyType({})) -> None:
        """Tell what others have committed, their signals, and of which of it they have recorded a trace.

        It reads the database: not for an event loop's thread.
        """
        with self._lock:
            self._read_on(traces)
            if signals:
                self._tell(Committed([], list(signals)))

    def _read_on(self, traces: Mapping[str, str] = MappingProxyType({})) -> None:
        try:
            while True:
                with self._database.read() as conn:
                    entries, end = self._reader.list_known_after(conn, self._station, self._position, AT_ONCE)
                if end == self._position:
                    return
                if len(entries) < end - self._position:
                    logger.warning("lines up to %d are of a newer version, and not shown here", end)
                self._position = end
                self._tell(Committed(entries, [], traces=_of(entries, traces)))
        except (SafezoneError, SQLAlchemyError) as problem:
            # The place is kept: the next look begins there.
            logger.warning("the log cannot be read now and is looked at again: %s", problem)


def _of(entries: Sequence[Entry], traces: Mapping[str, str]) -> Mapping[str, str]:
    return {each.id: traces[each.id] for each in entries if each.id in traces} if traces else traces
