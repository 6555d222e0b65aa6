"""The writer lane: every change goes through here, one after the other, and is answered only when it is on disk."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from safezone.core import log, tracing
from safezone.core.bus import Bus
from safezone.core.clock import Clock
from safezone.core.credentials import require_still_good
from safezone.core.db import (
    Database,
    forget_remembered,
    run_text,
)
from safezone.core.errors import CANNOT_BE_KEPT, Invalid, Refused, SafezoneError, Unavailable
from safezone.core.event import Entry
from safezone.core.identity import Identity
from safezone.core.nul import has_nul
from safezone.core.record_faults import WrongValue, is_trouble_of_the_store
from safezone.core.work import UnitOfWork

logger = logging.getLogger("safezone.lane")

MAX_BATCH: Final = 256
"""Commands in one transaction: enough to share an fsync, few enough that nobody waits long for it."""


class Committed(msgspec.Struct, frozen=True):
    """What one transaction has put on disk: log entries in order, and signals for the screens."""

    entries: list[Entry]
    signals: list[Any]
    ends: Mapping[str, int] = {}
    """The last line of each station whose log the transaction had in hand, whoever has written it."""
    traces: Mapping[str, str] = {}
    """Traceparent by the id of an entry, of those that are recorded."""


Observer = Callable[[Committed], None]


class Ask:
    """One command on its way, and how its answer gets back to whoever asked."""

    __slots__ = (
        "asked_s",
        "began_s",
        "command",
        "done_s",
        "error",
        "future",
        "identity",
        "loop",
        "result",
        "trace",
    )

    def __init__(
        self,
        command: Any,
        identity: Identity,
        future: asyncio.Future[Any] | Future[Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.command = command
        self.identity = identity
        self.future = future
        self.loop = loop
        self.asked_s = time.perf_counter()
        self.trace = tracing.current.get()
        """The traceparent of what is asked; None when it is not recorded, and then nobody notes the next two."""
        self.began_s = self.done_s = self.asked_s
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        future = self.future
        if future.done():
            return
        if self.error is not None:
            future.set_exception(self.error)
        else:
            future.set_result(self.result)


class Batch(msgspec.Struct, frozen=True):
    """What the lane did with commands that shared one transaction; times by `time.perf_counter`."""

    asks: list[Ask]
    began_s: float
    worked_s: float
    """Every command was carried out; what follows is the commit."""
    ended_s: float


Meter = Callable[[Batch], None]


class LaneState(msgspec.Struct, frozen=True):
    """How the lane stands: commands that wait, seconds since the oldest of them was handed in, and the last commit."""

    waiting: int
    oldest_s: float
    committed_at: datetime | None
    """By the clock of the program; None before the first commit."""
    last_error: str | None


def _seq_of(entry: Entry) -> int:
    return entry.seq


def _settle_all(asks: Sequence[Ask]) -> None:
    for ask in asks:
        ask.settle()


class WriterLane:
    """One thread with the one connection that writes; waiting commands share a transaction (group commit)."""

    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._waiting: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self._observers: list[Observer] = []
        self._report: Observer = self.tell
        self._thread: threading.Thread | None = None
        self._conn: Connection | None = None
        self._ended = threading.Event()
        self._taken: list[Ask] = []
        self._worked_s = 0.0
        self._committed_at: datetime | None = None
        self.last_error: str | None = None
        self._busy_since: float | None = None
        self.meter: Meter | None = None
        """Called in the lane's thread after everybody in a batch was answered; it must be quick and must not raise."""

    def busy_s(self) -> float:
        """For how long the lane has been at the transaction under way; 0 when there is none."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def state(self) -> LaneState:
        """How the lane stands now; may be asked from any thread."""
        taken = self._taken
        oldest_s = time.perf_counter() - taken[0].asked_s if taken else 0.0
        return LaneState(self._waiting.qsize() + len(taken), oldest_s, self._committed_at, self.last_error)

    def observe(self, observer: Observer) -> None:
        """`observer` is called in the lane's thread after each commit; it must be quick and must not raise."""
        self._observers.append(observer)

    def report_to(self, follower: Observer) -> None:
        """Commits go to `follower`, which tells the observers (by `tell`) in the order of the log, also what others wrote.

        It is called after each transaction, even after one that has put nothing on disk.
        """
        self._report = follower

    def tell(self, committed: Committed) -> None:
        """Every observer hears of it, if there is anything to hear."""
        if not committed.entries and not committed.signals:
            return
        for observer in self._observers:
            try:
                observer(committed)
            except Exception:  # a screen's trouble must not end the lane
                logger.exception("an observer of the lane failed")

    def start(self) -> None:
        """The lane takes commands from now on."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name="writer-lane", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What was asked before this call is finished; the lane has ended when it returns."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    async def execute(self, command: Any, identity: Identity) -> Any:
        """The handler's answer, after the commit; raises its refusal, or Unavailable when it could not be stored."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._hand_in(Ask(command, identity, future, loop))
        return await future

    def submit(self, command: Any, identity: Identity) -> Future[Any]:
        """As `execute`, for threads: a future that is done after the commit."""
        future: Future[Any] = Future()
        self._hand_in(Ask(command, identity, future, None))
        return future

    def _hand_in(self, ask: Ask) -> None:
        if has_nul(ask.command):
            ask.error = Invalid("cannot_be_kept", CANNOT_BE_KEPT)
            ask.settle()
            return
        self._waiting.put(ask)
        if self._ended.is_set():
            self._refuse_waiting()

    def _refuse_waiting(self) -> None:
        """Whoever asks when it is too late hears so, instead of waiting for ever."""
        late: list[Ask] = []
        while True:
            try:
                ask = self._waiting.get_nowait()
            except queue.Empty:
                break
            if ask is not None:
                ask.error = Unavailable("not stored: the program is ending")
                late.append(ask)
        self._answer(late)

    def _run(self) -> None:
        stopping = False
        if not self._database.is_sqlite:
            # From now on, not from the first command on, the database is seen to be in use.
            with suppress(SQLAlchemyError):
                self._conn = self._database.write_connection()
        while not stopping:
            first = self._waiting.get()
            if first is None:
                break
            asks = [first]
            while len(asks) < MAX_BATCH:
                try:
                    following = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    stopping = True
                    break
                asks.append(following)
            self._busy_since = time.monotonic()
            self._take(asks)
            self._busy_since = None
        self._drop_connection()
        self._ended.set()
        self._refuse_waiting()

    def _take(self, asks: list[Ask]) -> None:
        """Every ask of the batch is answered, after its commit or with the reason why there was none."""
        self._taken = asks
        began_s = self._worked_s = time.perf_counter()
        try:
            committed = self._transact(asks)
            self._committed_at = self._clock.now()
        except Exception as problem:  # noqa: BLE001 - the lane outlives every fault of one batch
            # Full disk, lost database: nothing of the batch was stored, so nobody may hear "received".
            why = str(problem.__cause__ or problem)
            if why != self.last_error:  # Once, not twenty times a second onto a disk that is full.
                logger.error("nothing is stored until this is over: %s", why)  # noqa: TRY400 - one line for a full disk
            self.last_error = why
            self._drop_connection()
            for ask in asks:
                ask.result, ask.error = None, Unavailable(f"not stored: {self.last_error}")
            committed = None
        # Told before it is answered: whoever hears "revoked" must not find the door still open for a moment.
        ended_s = time.perf_counter()
        if committed is not None:
            self._report(committed)
        self._answer(asks)
        self._taken = []
        if self.meter is not None:
            self.meter(Batch(asks, began_s, self._worked_s, ended_s))

    def _transact(self, asks: list[Ask]) -> Committed:
        if self._conn is None:
            self._conn = self._database.write_connection()
        conn = self._conn
        entries: list[Entry] = []
        signals: list[Any] = []
        traces: dict[str, str] = {}
        with conn.begin():
            # In one order in every process, so that two batches over the same stations never wait for each other.
            stations = sorted({ask.identity.station for ask in asks})
            heads = {station: log.Head.lock(conn, station) for station in stations}
            by_station: dict[str, list[Entry]] = {}
            bulk: dict[type[Any], list[Ask]] = {}
            for ask in asks:
                if self._bus.many_handler_of(type(ask.command)) is not None:
                    bulk.setdefault(type(ask.command), []).append(ask)
                    continue
                if ask.trace is None:
                    self._attempt(conn, heads, [ask], by_station, signals)
                else:
                    traces |= self._attempt_traced(conn, heads, ask, by_station, signals)
            for group in bulk.values():
                self._attempt(conn, heads, group, by_station, signals)
            for station, of_station in by_station.items():
                log.append(conn, heads[station], of_station)
                entries.extend(of_station)
            if self.last_error is not None:
                # Most turns of a job write nothing, and so prove nothing: it is over when something could be written.
                for head in heads.values():
                    log.touch(conn, head)
            self._worked_s = time.perf_counter()
        self.last_error = None
        return Committed(entries, signals, {station: head.seq for station, head in heads.items()}, traces)

    def _attempt_traced(
        self,
        conn: Connection,
        heads: dict[str, log.Head],
        ask: Ask,
        by_station: dict[str, list[Entry]],
        signals: list[Any],
    ) -> dict[str, str]:
        """As `_attempt`, noting when; what is logged meanwhile names the trace. Answers with the trace of each entry."""
        station, token = ask.identity.station, tracing.current.set(ask.trace)
        before, ask.began_s = len(by_station.get(station, ())), time.perf_counter()
        try:
            self._attempt(conn, heads, [ask], by_station, signals)
        finally:
            ask.done_s = time.perf_counter()
            tracing.current.reset(token)
        return {entry.id: ask.trace or "" for entry in by_station.get(station, ())[before:]}

    def _attempt(
        self,
        conn: Connection,
        heads: dict[str, log.Head],
        group: list[Ask],
        by_station: dict[str, list[Entry]],
        signals: list[Any],
    ) -> None:
        """The group's commands are done inside a savepoint; a refusal undoes it and touches nobody else."""
        now = self._clock.now()
        works = [UnitOfWork(conn, self._bus, heads[ask.identity.station], ask.identity, now) for ask in group]
        before = {station: head.seq for station, head in heads.items()}
        run_text(conn, "SAVEPOINT one_command")
        try:
            many = self._bus.many_handler_of(type(group[0].command))
            if many is not None:
                results = many([ask.command for ask in group], works)
                for ask, result in zip(group, results, strict=True):
                    ask.result = result
            else:
                (ask,) = group
                if not getattr(ask.command, "also_when_signed_out", False):
                    require_still_good(conn, ask.identity, now)
                handler = self._bus.handler_of(type(ask.command))
                ask.result = handler(ask.command, works[0])
        except SQLAlchemyError as problem:
            if is_trouble_of_the_store(problem):
                raise
            self._undo(conn, heads, before)
            self._fail(
                group,
                Invalid("cannot_be_kept", CANNOT_BE_KEPT) if isinstance(problem, WrongValue) else problem,
            )
        except Exception as problem:  # noqa: BLE001 - one bad command must not take the batch with it
            self._undo(conn, heads, before)
            self._fail(group, problem)
        else:
            run_text(conn, "RELEASE SAVEPOINT one_command")
            made = [entry for work in works for entry in work.entries]
            if len(works) > 1:
                # In bulk a handler may record in another order than that of the commands: the log goes by number.
                made.sort(key=_seq_of)
            for entry in made:
                by_station.setdefault(entry.station, []).append(entry)
            for work in works:
                signals.extend(work.signals)

    def _undo(self, conn: Connection, heads: dict[str, log.Head], before: dict[str, int]) -> None:
        run_text(conn, "ROLLBACK TO SAVEPOINT one_command")
        run_text(conn, "RELEASE SAVEPOINT one_command")
        forget_remembered(conn)
        for station, seq in before.items():
            heads[station].seq = seq

    def _fail(self, group: list[Ask], problem: Exception) -> None:
        if not isinstance(problem, Refused):
            logger.error("%s failed", type(group[0].command).__name__, exc_info=problem)
        for ask in group:
            ask.error = (
                problem if isinstance(problem, SafezoneError) else Unavailable(f"not stored: {problem!r}")
            )

    def _answer(self, asks: list[Ask]) -> None:
        """Each event loop is woken once for all of its asks."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Ask]] = {}
        for ask in asks:
            if ask.loop is None:
                ask.settle()
            else:
                by_loop.setdefault(ask.loop, []).append(ask)
        for loop, of_loop in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle_all, of_loop)

    def _drop_connection(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None
