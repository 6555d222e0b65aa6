"""The database: one connection that writes, several that only read, the same tables on SQLite and PostgreSQL."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, NoReturn

from sqlalchemy import (
    ClauseElement,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.keyring import Keyring

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


def keyring_of(conn: Connection) -> Keyring | None:
    """The ring of the database that the connection belongs to."""
    database: Database | None = conn.info.get("database")
    return None if database is None else database.keyring


def upsert(target: Table, conn: Connection) -> Any:
    """An INSERT that also has `on_conflict_do_update`, in the dialect of the connection."""
    if conn.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - a tenth of all that is loaded at the start

        return postgresql.insert(target)
    return sqlite.insert(target)


def remembered(conn: Connection) -> dict[str, Any]:
    """What may be remembered for the rest of this transaction, such as a version that was looked up already."""
    kept: dict[str, Any] = conn.info.setdefault("remembered", {})
    return kept


def forget_remembered(conn: Connection) -> None:
    """What was remembered may not be true any more: something that it was made of has changed."""
    conn.info.pop("remembered", None)


class Rows(list[Any]):
    """The rows of a prepared statement, each with the names of its columns."""

    def first(self) -> Any:
        """The first row, or None."""
        return self[0] if self else None

    def scalar(self) -> Any:
        """The first column of the first row, or None."""
        return self[0][0] if self else None


class Prepared:
    """A statement that is asked thousands of times a second: compiled once per dialect, then handed to the driver itself.

    It is for use inside a transaction that has begun. Bound values must be plain (numbers, text, bytes, bool, None), and
    so is what comes back: a flag is 0 or 1 on SQLite. SQLAlchemy's own way of running a statement costs 20 to 40 µs more
    (`bench/press.py`), which a press pays a dozen times.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, conn: Connection, values: Mapping[str, Any]) -> Rows:
        """The rows that the statement with these values gives; none where it only writes."""
        this = self._compiled.get(conn.dialect.name) or self._compile(conn)
        cursor = this.execute(conn, this.bind(values))
        if this.row is None:
            cursor.close()
            return Rows()
        rows = Rows(map(this.row._make, cursor.fetchall()))
        cursor.close()
        return rows

    def run_many(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """The statement is run once with each of the rows."""
        this = self._compiled.get(conn.dialect.name) or self._compile(conn)
        this.execute(conn, [this.bind(row) for row in rows], many=True).close()

    def _compile(self, conn: Connection) -> _Compiled:
        compiled: Any = self._statement.compile(dialect=conn.dialect)
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        asked = getattr(self._statement, "selected_columns", None)
        row = None if asked is None else namedtuple("Row", asked.keys())
        made = self._compiled[conn.dialect.name] = _Compiled(str(compiled), compiled.positiontup, fixed, row)
        return made


class _Compiled(NamedTuple):
    """A statement in the words of one dialect."""

    text: str
    names: list[str] | None
    """Of its values, where they are bound by place."""
    fixed: dict[str, Any]
    row: Any
    """The type of its rows; None when it gives none."""

    def bind(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver wants them."""
        given = {**self.fixed, **values} if self.fixed else values
        return given if self.names is None else [given[name] for name in self.names]

    def execute(self, conn: Connection, bound: Any, *, many: bool = False) -> Any:
        """The driver's cursor after the statement; SQLAlchemy's error when it fails."""
        cursor = conn.connection.cursor()
        try:
            (cursor.executemany if many else cursor.execute)(self.text, bound)
        except conn.dialect.loaded_dbapi.Error as problem:
            cursor.close()
            _raise(conn, self.text, problem, cursor)
        return cursor


@contextmanager
def harmless(conn: Connection) -> Iterator[None]:
    """A question inside a change that may fail without the change failing with it.

    PostgreSQL takes no further statement after a failed one until it is undone; SQLite goes on by itself, and a
    reading transaction has nothing to lose but its other questions, for which two more messages each are too dear.
    """
    if conn.dialect.name != "postgresql" or conn.info.get("reads_only"):
        yield
        return
    run_text(conn, "SAVEPOINT harmless")
    try:
        yield
    except BaseException:
        run_text(conn, "ROLLBACK TO SAVEPOINT harmless")
        run_text(conn, "RELEASE SAVEPOINT harmless")
        raise
    run_text(conn, "RELEASE SAVEPOINT harmless")


def copy_rows(conn: Connection, target: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many new rows at once: by COPY on PostgreSQL, prepared on SQLite. A row that is there already is an error."""
    if not rows:
        return
    if conn.dialect.name != "postgresql":
        conn.execute(target.insert(), rows)
        return
    names = list(rows[0])
    quote = conn.dialect.identifier_preparer.quote
    text = f"COPY {quote(target.name)} ({', '.join(map(quote, names))}) FROM STDIN"
    cursor = conn.connection.cursor()
    try:
        with cursor.copy(text) as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
    except conn.dialect.loaded_dbapi.Error as problem:
        _raise(conn, text, problem, cursor)
    finally:
        cursor.close()


def run_text(conn: Connection, text: str) -> None:
    """A statement without values and rows, handed to the driver itself; SQLAlchemy's error when it fails."""
    _Compiled(text, None, {}, None).execute(conn, ()).close()


def _raise(conn: Connection, text: str, problem: Exception, cursor: Any) -> NoReturn:
    """The driver's error as SQLAlchemy's; what was bound is not in it: it may be somebody's name."""
    lost = conn.dialect.is_disconnect(problem, conn.connection.dbapi_connection, cursor)  # type: ignore[arg-type]
    made = DBAPIError.instance(
        text,
        None,
        problem,
        conn.dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=conn.dialect,
    )
    raise made from problem


class Database:
    """One database by its URL: `sqlite:///path` (the default, WAL, synchronous=FULL) or `postgresql://user@host/name`.

    CannotStart when the address is none of these, or when the PostgreSQL driver is not installed.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.url = _with_driver(url)
        self.is_sqlite = self.url.startswith("sqlite")
        self.keyring: Keyring | None = None
        """With what the keys of sealed records are wrapped; without it they lie in plain (scratch databases, tests)."""
        if self.is_sqlite:
            # The driver opens no transactions by itself: BEGIN is ours, so that a savepoint is a savepoint.
            arguments = {"isolation_level": None, "check_same_thread": False, "timeout": 10.0}
            self._writer = create_engine(self.url, poolclass=NullPool, connect_args=arguments)
            self._reader = create_engine(
                self.url, poolclass=QueuePool, pool_size=READERS, max_overflow=READERS, connect_args=arguments
            )
            _as_sqlite(self._writer, reads_only=False, durable=durable)
            _as_sqlite(self._reader, reads_only=True, durable=durable)
        else:
            self._writer = _create(self.url, poolclass=NullPool)
            self._reader = _create(
                self.url,
                pool_size=READERS,
                max_overflow=READERS,
                # After a restart of the server a question finds a new connection instead of a dead one.
                pool_pre_ping=True,
                isolation_level="REPEATABLE READ",
            )
            _as_postgresql(self._writer, reads_only=False)
            _as_postgresql(self._reader, reads_only=True)
        for engine in (self._writer, self._reader):
            event.listen(engine, "connect", self._introduce)

    def _introduce(self, _connection: Any, record: Any) -> None:
        record.info["database"] = self

    @classmethod
    def at(cls, path: Path) -> Database:
        """The SQLite database in a file; it is created with its first write."""
        return cls(f"sqlite:///{path}")

    @classmethod
    def scratch(cls, path: Path) -> Database:
        """A SQLite database that nobody will miss: nothing waits for the disk."""
        return cls(f"sqlite:///{path}", durable=False)

    @property
    def shown(self) -> str:
        """The address as it may be printed: without its password."""
        return make_url(self.url).render_as_string(hide_password=True)

    def write_connection(self) -> Connection:
        """A new connection that may write. Only the writer lane and migrations open one."""
        return self._writer.connect()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the database and cannot change it."""
        with self._reader.connect() as conn, conn.begin():
            yield conn

    def empty_journal(self) -> bool:
        """Whether SQLite's write-ahead log is empty now: what was deleted is in no file any more. False while somebody reads."""
        if not self.is_sqlite:
            return True
        connection = self._writer.raw_connection()
        try:
            cursor = connection.cursor()
            # While it waits for readers nobody can write: not long.
            cursor.execute("PRAGMA busy_timeout=100")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            connection.close()
        return not busy

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A writing connection while no other program has one; CannotStart when one has.

        On SQLite this is the business of whoever holds the data folder's lock.
        """
        with self.write_connection() as conn:
            if not self.is_sqlite:
                free = conn.exec_driver_sql(f"SELECT pg_try_advisory_lock({_IN_USE})").scalar_one()
                conn.commit()
                if not free:
                    raise CannotStart(
                        Words(
                            th=f"มีโปรแกรม safezone ใช้ฐานข้อมูล {self.shown} อยู่: หยุดทุกโปรแกรมก่อน",
                            en=f"A safezone is using the database {self.shown}: stop every one of them first.",
                        )
                    )
            yield conn

    def close(self) -> None:
        """Every pooled connection is closed."""
        self._reader.dispose()
        self._writer.dispose()


def _with_driver(url: str) -> str:
    """The address with the one driver that is used for its engine; CannotStart when there is none."""
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername in ("sqlite", "postgresql+psycopg"):
            return parsed.render_as_string(hide_password=False)
    except (ArgumentError, ValueError):
        pass
    raise CannotStart(
        Words(
            th="database_url ใช้ไม่ได้: ต้องเป็น postgresql://ผู้ใช้@เครื่อง/ฐานข้อมูล หรือเว้นว่างเพื่อใช้ SQLite",
            en="database_url cannot be used: it must be postgresql://user@host/database, or empty for SQLite.",
        )
    )


def _create(url: str, **how: Any) -> Engine:
    """An engine on PostgreSQL; CannotStart when its driver is not installed."""
    try:
        # Names in an error may be somebody's: what was bound is never in its words.
        return create_engine(url, hide_parameters=True, connect_args=_CONNECT, **how)
    except ImportError as problem:
        raise CannotStart(
            Words(
                th="ยังไม่ได้ติดตั้งตัวเชื่อมต่อ PostgreSQL: pip install 'safezone[postgresql]'",
                en="The driver for PostgreSQL is not installed: pip install 'safezone[postgresql]'",
            )
        ) from problem


_IN_USE: Final = 7233702
"""The advisory lock that every writing connection shares, so that a program that must be alone can find out."""
_CONNECT: Final = {"connect_timeout": 5, "application_name": "safezone", "client_encoding": "utf8"}


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


def _as_postgresql(engine: Engine, *, reads_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:
        record.info["reads_only"] = reads_only
        if reads_only:
            connection.read_only = True
            return
        with connection.cursor() as cursor:
            # "Received" is said after the commit: it must be on disk by then, whatever the server's default is.
            cursor.execute(
                f"SELECT pg_try_advisory_lock_shared({_IN_USE}),"
                " CASE current_setting('synchronous_commit') WHEN 'off'"
                " THEN set_config('synchronous_commit', 'on', false) END"
            )
            if not cursor.fetchone()[0]:
                raise engine.dialect.loaded_dbapi.OperationalError(
                    "another program has it for itself at the moment"
                )
        connection.commit()

    @event.listens_for(engine, "begin")
    def _on_begin(conn: Connection) -> None:
        forget_remembered(conn)
