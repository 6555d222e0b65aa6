"""A database with a lane and a few commands of its own, for the tests of the ground."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from safezone.core import auth, devices, listeners, once, sessions, together
from safezone.core.auth import IssueCredential, issue_credential
from safezone.core.authenticator import Authenticator
from safezone.core.bus import Bus
from safezone.core.clock import ManualClock
from safezone.core.db import Database, metadata
from safezone.core.errors import Refused
from safezone.core.event import Entry, Event, Sealed
from safezone.core.i18n import Words
from safezone.core.identity import Identity, system
from safezone.core.lane import Committed, WriterLane
from safezone.core.log import last_seq
from safezone.core.rebuild import Verdict, rebuild, verify
from safezone.core.work import UnitOfWork
from tests.support.engines import open_database

STATION = "mdh"
SYSTEM = system(STATION, "test")


class Said(Event, frozen=True, tag="test_said"):
    """Somebody said something; it has no rows."""

    subject_field = "thing"
    thing: str
    text: Sealed | None = None


class Say(msgspec.Struct, frozen=True):
    """Record this, with a credential as its row, and then perhaps think better of it."""

    thing: str
    text: str | None = None
    then: Literal["keep", "refuse", "break"] = "keep"


class SayMany(msgspec.Struct, frozen=True):
    """As `Say`, but handled in bulk, the last one first."""

    thing: str


class Wait(msgspec.Struct, frozen=True):
    """Hold the lane until the gate is opened."""


class Ground:
    """A station's database with a running lane; nothing above the ground is wired."""

    def __init__(self, folder: Path, database: Database | None = None) -> None:
        self.clock = ManualClock()
        self.bus = Bus()
        for room in (auth, devices, sessions, once, together, listeners):
            room.register(self.bus)
        self.gate, self.is_waiting = threading.Event(), threading.Event()
        self.bus.handle(Say, _say)
        self.bus.handle_many(SayMany, _say_many)
        self.bus.handle(Wait, self._wait)
        self.bus.apply(Said, lambda _conn, _entry, _event: None)
        self.file = folder / "ground.db"
        if database is not None:
            with database.write_connection() as conn, conn.begin():
                metadata.create_all(conn)
        self.database = database or open_database(folder, self.file.name)
        self.lane = WriterLane(self.database, self.bus, self.clock)
        self.authenticator = Authenticator(self.database, self.clock, self.lane)
        self._committed: queue.SimpleQueue[Committed] = queue.SimpleQueue()
        self.lane.observe(self._committed.put)
        self.lane.start()

    def _wait(self, _cmd: Wait, _uow: UnitOfWork) -> None:
        self.is_waiting.set()
        assert self.gate.wait(60)

    def do(self, command: Any, identity: Identity = SYSTEM) -> Any:
        """The answer to a command, after its commit; raises its refusal."""
        return self.lane.submit(command, identity).result(timeout=60)

    @contextmanager
    def held(self) -> Iterator[None]:
        """What is asked in here waits, and is then taken up together."""
        self.gate.clear()
        self.is_waiting.clear()
        holding = self.lane.submit(Wait(), SYSTEM)
        assert self.is_waiting.wait(60)
        yield
        self.gate.set()
        holding.result(timeout=60)

    def transactions(self) -> list[Committed]:
        """What each transaction so far has put on disk, those that put nothing there left out."""
        # The lane answers before it tells: once it has answered this, it has told about all before it.
        self.do(IssueCredential(sort="token", role="operator", name="last"))
        self.do(Say("", then="keep"))
        told = []
        while not self._committed.empty():
            told.append(self._committed.get())
        return told

    def log(self) -> list[Entry]:
        """Every line of the log."""
        with self.database.read() as conn:
            return self.bus.reader().list_after(conn, STATION, 0, 1_000_000)

    def head(self) -> int:
        """The number of the last line."""
        with self.database.read() as conn:
            return last_seq(conn, STATION)

    def rows(self, statement: Any, values: dict[str, Any] | None = None) -> Sequence[Any]:
        """What a query gives."""
        with self.database.read() as conn:
            return conn.execute(statement, values or {}).all()

    def tamper(self, statement: str, *values: Any) -> int:
        """What somebody does who has the file and no respect; how many rows it changed."""
        with self.database.write_connection() as conn, conn.begin():
            if conn.dialect.name == "postgresql":
                statement = statement.replace("?", "%s")
            return conn.exec_driver_sql(statement, values).rowcount

    def verdict(self) -> Verdict:
        """What `safezone verify` says."""
        (verdict,) = verify(self.database, self.bus)
        return verdict

    def rebuild(self) -> dict[str, int]:
        """What `safezone rebuild` does, while the lane rests."""
        self.lane.stop()
        try:
            return rebuild(self.database, self.bus)
        finally:
            self.lane.start()

    def close(self) -> None:
        """The lane has ended and every connection is closed."""
        self.lane.stop()
        self.database.close()


def _say(cmd: Say, uow: UnitOfWork) -> int:
    entry = uow.record(Said(thing=cmd.thing, text=uow.maybe_seal(cmd.text, "text")))
    issue_credential(
        IssueCredential(sort="token", role="operator", name=cmd.thing, secret=f"secret {cmd.thing}"), uow
    )
    if cmd.then == "refuse":
        raise Refused("test", Words("ไม่", f"no to {cmd.thing}"))
    if cmd.then == "break":
        raise ZeroDivisionError(cmd.thing)
    return entry.seq


def _say_many(cmds: Sequence[SayMany], works: Sequence[UnitOfWork]) -> list[str]:
    for cmd, uow in reversed(list(zip(cmds, works, strict=True))):
        uow.record(Said(thing=cmd.thing))
    return [cmd.thing for cmd in cmds]


def read_rows(conn: Connection, statement: Any) -> Sequence[Any]:
    """Every row of a query."""
    return conn.execute(statement).all()
