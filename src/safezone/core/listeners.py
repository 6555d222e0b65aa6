"""Those who act on what has happened, each at its own pace: one that fails is retried, then parked with an alarm."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import ClassVar, Final, Literal, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Integer, String, Text, bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError

from safezone.core.bus import Bus, Listener
from safezone.core.db import Database, table, upsert
from safezone.core.errors import SafezoneError
from safezone.core.event import Entry, Event
from safezone.core.identity import system
from safezone.core.lane import Committed, WriterLane
from safezone.core.log import log
from safezone.core.work import UnitOfWork

logger = logging.getLogger("safezone.listeners")

MAX_TRIES: Final = 6
FIRST_RETRY_S: Final = 0.2
AT_ONCE: Final = 200
GATHER_S: Final = 0.05
"""A listener acts this long after the event: what came together is heard together, and never ahead of a waiting press."""

listener_cursor = table(
    "listener_cursor",
    Column("station", String(32), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("error", Text),
    Column("at_us", BigInteger, nullable=False),
    source="door",
)


class ListenerParked(Event, frozen=True, tag="listener_parked"):
    """A listener failed too often at one line of the log and waits for a technician."""

    subject_field = "name"
    name: str
    at_seq: int
    error: str


class ListenerResumed(Event, frozen=True, tag="listener_resumed"):
    """A parked listener goes on where it stood."""

    subject_field = "name"
    name: str


class Hear(msgspec.Struct, frozen=True):
    """Let a listener act on these entries and move its cursor to `up_to_seq`, in one transaction."""

    keeps_any_text: ClassVar[bool] = True
    name: str
    entries: list[Entry]
    up_to_seq: int


class NoteFailure(msgspec.Struct, frozen=True):
    """Keep the listener's place and count the failure; after `MAX_TRIES` it is parked."""

    name: str
    at_seq: int
    error: str


class ResumeListener(msgspec.Struct, frozen=True):
    """A technician lets a parked listener go on."""

    name: str


class ListenerView(msgspec.Struct, frozen=True):
    """How far a listener has read; `lag` is how many events of its kinds it has not acted on yet."""

    name: str
    state: Literal["running", "parked"]
    seq: int
    lag: int
    tries: int
    error: str | None


def register(bus: Bus) -> None:
    """The lane knows how listeners hear, fail and go on."""

    def hear(cmd: Hear, uow: UnitOfWork) -> None:
        listener = bus.listeners[cmd.name]
        for entry in cmd.entries:
            listener.hear(entry, entry.event, uow)
        _save(uow.conn, uow.station, cmd.name, cmd.up_to_seq, "running", 0, None, uow.at_us)

    bus.handle(Hear, hear)
    bus.handle(NoteFailure, _note_failure)
    bus.handle(ResumeListener, _resume)
    bus.apply(ListenerParked, _no_rows)
    bus.apply(ListenerResumed, _no_rows)


def _no_rows(_conn: Connection, _entry: Entry, _event: Event) -> None:
    """The cursor table remembers the state; the log only tells that it happened."""


def _note_failure(cmd: NoteFailure, uow: UnitOfWork) -> bool:
    row = _find(uow.conn, uow.station, cmd.name)
    tries = (row.tries if row else 0) + 1
    parked = tries >= MAX_TRIES
    seq = row.seq if row else cmd.at_seq - 1
    state = "parked" if parked else "running"
    _save(uow.conn, uow.station, cmd.name, seq, state, tries, cmd.error, uow.at_us)
    if parked:
        uow.record(ListenerParked(name=cmd.name, at_seq=cmd.at_seq, error=cmd.error))
    return parked


def _resume(cmd: ResumeListener, uow: UnitOfWork) -> None:
    uow.identity.require("admin", "system")
    row = _find(uow.conn, uow.station, cmd.name)
    if row is not None and row.state == "parked":
        _save(uow.conn, uow.station, cmd.name, row.seq, "running", 0, None, uow.at_us)
        uow.record(ListenerResumed(name=cmd.name))


def _find(conn: Connection, station: str, name: str) -> _Cursor | None:
    row = conn.execute(_FIND, {"of_station": station, "of_name": name}).first()
    return None if row is None else _Cursor(row.seq, row.state, row.tries, row.error)


class _Cursor(msgspec.Struct, frozen=True):
    seq: int
    state: Literal["running", "parked"]
    tries: int
    error: str | None


_FIND: Final = select(listener_cursor).where(
    listener_cursor.c.station == bindparam("of_station"), listener_cursor.c.name == bindparam("of_name")
)


def _save(
    conn: Connection, station: str, name: str, seq: int, state: str, tries: int, error: str | None, at_us: int
) -> None:
    values = {"seq": seq, "state": state, "tries": tries, "error": error, "at_us": at_us}
    insert = upsert(listener_cursor, conn).values(station=station, name=name, **values)
    conn.execute(insert.on_conflict_do_update(index_elements=["station", "name"], set_=values))


def list_listeners(conn: Connection, bus: Bus, station: str) -> list[ListenerView]:
    """Every listener of the program and how far it is."""
    views = []
    for name, listener in sorted(bus.listeners.items()):
        cursor = _find(conn, station, name) or _Cursor(0, "running", 0, None)
        asked = {"of_station": station, "after_seq": cursor.seq, "kinds": sorted(listener.kinds)}
        lag = conn.execute(_COUNT_BEHIND, asked).scalar_one()
        views.append(ListenerView(name, cursor.state, cursor.seq, lag, cursor.tries, cursor.error))
    return views


_COUNT_BEHIND: Final = (
    select(func.count())
    .select_from(log)
    .where(
        log.c.station == bindparam("of_station"),
        log.c.seq > bindparam("after_seq"),
        log.c.kind.in_(bindparam("kinds", expanding=True)),
    )
)


class _News(NamedTuple):
    """Whom something concerns that is now in the log; `at_once`: also those who wait to try again."""

    names: frozenset[str]
    at_once: bool = False


class Listeners:
    """One thread that leads every listener along the log of one station."""

    def __init__(self, database: Database, bus: Bus, lane: WriterLane, station: str) -> None:
        self._database = database
        self._bus = bus
        self._lane = lane
        self._station = station
        self._reader = bus.reader()
        self._news: queue.SimpleQueue[_News | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._retry_at: dict[str, float] = {}

    def start(self) -> None:
        """Every listener takes up where its cursor stands."""
        self._lane.observe(self._on_commit)
        self._thread = threading.Thread(target=self._run, name="listeners", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No listener acts after this returns. Call it before the lane stops."""
        if self._thread is not None:
            self._news.put(None)
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """Look again at once, for instance after a parked listener was resumed."""
        self._news.put(_News(frozenset(self._bus.listeners), at_once=True))

    def _on_commit(self, committed: Committed) -> None:
        kinds = {entry.kind for entry in committed.entries}
        concerned = frozenset(name for name, one in self._bus.listeners.items() if kinds & one.kinds)
        if concerned:
            self._news.put(_News(concerned))
        if any(isinstance(entry.event, ListenerResumed) for entry in committed.entries):
            self.wake()

    def _run(self) -> None:
        concerned: frozenset[str] | None = frozenset(self._bus.listeners)
        while (concerned := self._gather(concerned)) is not None:
            now = time.monotonic()
            waiting = {name for name, at in self._retry_at.items() if at > now}
            again = self._retry_at.keys() - waiting
            for listener in self._bus.listeners.values():
                if listener.name in (concerned | again) - waiting:
                    self._retry_at.pop(listener.name, None)
                    self._try_to_lead(listener)
            concerned = self._wait()

    def _wait(self) -> frozenset[str] | None:
        """Whom the next news concern; nobody in particular when it is time to try something again; None at the end."""
        # One whose time came while the others were led is due now: it must not wait for the next event.
        retry_at = min(self._retry_at.values(), default=None)
        try:
            news = self._news.get(timeout=None if retry_at is None else max(0.0, retry_at - time.monotonic()))
        except queue.Empty:
            return frozenset()
        return self._take(news)

    def _gather(self, concerned: frozenset[str] | None) -> frozenset[str] | None:
        """Whom the news concern, with what came together with them; None when it is time to end."""
        until = time.monotonic() + GATHER_S
        while concerned is not None and (left_s := until - time.monotonic()) > 0:
            try:
                more = self._take(self._news.get(timeout=left_s))
            except queue.Empty:
                break
            concerned = None if more is None else concerned | more
        return concerned

    def _take(self, news: _News | None) -> frozenset[str] | None:
        if news is not None and news.at_once:
            self._retry_at.clear()
        return None if news is None else news.names

    def _try_to_lead(self, listener: Listener) -> None:
        try:
            self._lead(listener)
        except (SafezoneError, SQLAlchemyError) as problem:
            # The record itself is in trouble, and that is nobody's failure: the place is kept, and tried again.
            logger.warning("listener %s cannot read or keep its place now: %s", listener.name, problem)
            self._retry_at[listener.name] = time.monotonic() + 1.0

    def _lead(self, listener: Listener) -> None:
        """The listener has heard what comes next in the log, or its failure is noted; what is left has its next turn.

        One turn and no more, because what a listener does may concern itself: it would never come to the end.
        """
        with self._database.read() as conn:
            cursor = _find(conn, self._station, listener.name) or _Cursor(0, "running", 0, None)
            if cursor.state == "parked":
                return
            entries = self._reader.list_after(conn, self._station, cursor.seq, AT_ONCE)
        if not entries:
            return
        wanted = [entry for entry in entries if entry.kind in listener.kinds]
        if self._hear(listener, wanted, entries[-1].seq, cursor) and len(entries) == AT_ONCE:
            self._news.put(_News(frozenset([listener.name])))

    def _hear(self, listener: Listener, wanted: list[Entry], up_to_seq: int, cursor: _Cursor) -> bool:
        who = system(self._station, listener.name)
        # After a failure go one by one, so that everything before the bad line still gets through.
        steps = [[entry] for entry in wanted] if cursor.tries else ([wanted] if wanted else [])
        for step in steps:
            end = step[-1].seq if cursor.tries else up_to_seq
            try:
                self._lane.submit(Hear(listener.name, step, end), who).result()
            except SafezoneError as problem:
                self._failed(listener, step[0].seq, problem, cursor.tries)
                return False
        if not wanted or cursor.tries:
            # So that nothing is read twice: cheap, because only a listener that something concerns comes here.
            self._lane.submit(Hear(listener.name, [], up_to_seq), who).result()
        return True

    def _failed(self, listener: Listener, at_seq: int, problem: SafezoneError, tries: int) -> None:
        logger.warning("listener %s failed at line %d: %s", listener.name, at_seq, problem)
        self._retry_at[listener.name] = time.monotonic() + FIRST_RETRY_S * 2**tries
        try:
            note = NoteFailure(listener.name, at_seq, str(problem))
            parked = self._lane.submit(note, system(self._station, listener.name)).result()
        except SafezoneError:
            return  # the disk is in trouble: the next try will say so again
        if parked:
            logger.error("listener %s is parked at line %d: %s", listener.name, at_seq, problem)
            self._retry_at.pop(listener.name, None)
