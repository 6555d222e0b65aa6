"""The database: one connection that writes, several that only read, the same tables on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import (
    ClauseElement,
    Column,
    Connection,
    CursorResult,
    Engine,
    MetaData,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import NullPool, QueuePool

Source = Literal["record", "log", "vault", "telemetry", "door"]
"""Where a table's truth lies. `record`: the log itself; `log`: rebuilt from it; `vault`: sealed content;
`telemetry`: positions and heartbeats with their own retention; `door`: what a door must remember."""

metadata: Final = MetaData()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
READERS: Final = 6


def table(name: str, *columns: Column[Any] | Any, source: Source) -> Table:
    """Declare a table and say where its truth lies; every table's first key column is `station`."""
    return Table(name, metadata, *columns, info={"source": source})


def tables_of(source: Source) -> list[Table]:
    """Every declared table whose truth lies in `source`, in order of creation."""
    return [t for t in metadata.sorted_tables if t.info.get("source") == source]


def to_us(at: datetime) -> int:
    """Microseconds since 1970 of an aware time, as tables keep it."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_us(at_us: int) -> datetime:
    """The aware UTC time of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at_us)


def maybe_from_us(at_us: int | None) -> datetime | None:
    """As `from_us`, and None of None."""
    return None if at_us is None else from_us(at_us)


def upsert(target: Table, conn: Connection) -> Any:
    """An INSERT that also has `on_conflict_do_update`, in the dialect of the connection."""
    if conn.dialect.name == "postgresql":
        return postgresql.insert(target)
    return sqlite.insert(target)


def remembered(conn: Connection) -> dict[str, Any]:
    """What may be remembered for the rest of this transaction, such as a version that was looked up already."""
    kept: dict[str, Any] = conn.info.setdefault("remembered", {})
    return kept


def forget_remembered(conn: Connection) -> None:
    """What was remembered may not be true any more: something that it was made of has changed."""
    conn.info.pop("remembered", None)


class Prepared:
    """A statement that is asked thousands of times a second: compiled once per dialect, run without further ado.

    Bound values must be plain (numbers, text, bytes, bool, None), and so is what comes back: a flag is 0 or 1 on SQLite.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def run(self, conn: Connection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """The result of the statement with these values."""
        text, names, fixed = self._compiled.get(conn.dialect.name) or self._compile(conn)
        given: Any = {**fixed, **values} if fixed else values
        return conn.exec_driver_sql(text, given if names is None else tuple([given[name] for name in names]))

    def run_many(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """The statement is run once with each of the rows."""
        text, names, _ = self._compiled.get(conn.dialect.name) or self._compile(conn)
        given: Any = rows if names is None else [tuple([row[name] for name in names]) for row in rows]
        conn.exec_driver_sql(text, given)

    def _compile(self, conn: Connection) -> tuple[str, list[str] | None, dict[str, Any]]:
        compiled: Any = self._statement.compile(dialect=conn.dialect)
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        made = (str(compiled), compiled.positiontup, fixed)
        self._compiled[conn.dialect.name] = made
        return made


class Database:
    """One database by its URL: `sqlite:///path` (the default, WAL, synchronous=FULL) or `postgresql+psycopg://…`."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            # The driver opens no transactions by itself: BEGIN is ours, so that a savepoint is a savepoint.
            arguments = {"isolation_level": None, "check_same_thread": False, "timeout": 10.0}
            self._writer = create_engine(url, poolclass=NullPool, connect_args=arguments)
            self._reader = create_engine(
                url, poolclass=QueuePool, pool_size=READERS, max_overflow=READERS, connect_args=arguments
            )
            _as_sqlite(self._writer, reads_only=False, durable=durable)
            _as_sqlite(self._reader, reads_only=True, durable=durable)
        else:
            self._writer = create_engine(url, poolclass=NullPool)
            self._reader = create_engine(url, pool_size=READERS, isolation_level="REPEATABLE READ")

    @classmethod
    def at(cls, path: Path) -> Database:
        """The SQLite database in a file; it is created with its first write."""
        return cls(f"sqlite:///{path}")

    @classmethod
    def scratch(cls, path: Path) -> Database:
        """A SQLite database that nobody will miss: nothing waits for the disk."""
        return cls(f"sqlite:///{path}", durable=False)

    def write_connection(self) -> Connection:
        """A new connection that may write. Only the writer lane and migrations open one."""
        return self._writer.connect()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the database and cannot change it."""
        with self._reader.connect() as conn, conn.begin():
            yield conn

    def close(self) -> None:
        """Every pooled connection is closed."""
        self._reader.dispose()
        self._writer.dispose()


def _as_sqlite(engine: Engine, *, reads_only: bool, durable: bool) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        if reads_only:
            cursor.execute("PRAGMA query_only=ON")
        else:
            cursor.execute("PRAGMA journal_mode=WAL")
            # FULL: a commit is on disk before anybody is told "received".
            cursor.execute("PRAGMA synchronous=FULL" if durable else "PRAGMA synchronous=OFF")
            # A deleted key must leave no copy of itself in free pages.
            cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-16000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(conn: Connection) -> None:
        forget_remembered(conn)
        conn.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
