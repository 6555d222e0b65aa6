"""PostgreSQL alone: starting on it, losing it in the middle, and several programs that write to one database."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from safezone.core.credentials import credential
from safezone.core.db import Database, metadata
from safezone.core.errors import CannotStart, Invalid, Unavailable
from safezone.core.follower import Follower
from safezone.core.identity import system
from safezone.core.log import log
from safezone.core.rebuild import verify
from safezone.core.schema import prepare
from safezone.entrypoints.house import MIGRATIONS
from tests.core.ground import STATION, SYSTEM, Ground, Say
from tests.support import postgres
from tests.support.places import eventually, free_port


@pytest.fixture
def url() -> Iterator[str]:
    """A database with every table and nothing in it."""
    name = postgres.server().create(postgres.empty_template())
    yield postgres.server().url(name)
    postgres.server().drop(name)


@pytest.fixture
def ground(url: str, tmp_path: Path) -> Iterator[Ground]:
    ground = Ground(tmp_path, Database(url))
    yield ground
    ground.close()


# ── starting ──


def test_the_migrations_make_the_tables_that_are_declared(url: str) -> None:
    database = Database(url)
    with database.write_connection() as conn, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, metadata)
    database.close()
    # `position` is partitioned there: a part is no table of its own.
    assert [each for each in differences if not str(each).count("position_default")] == []


def _refused(url: str) -> CannotStart:
    with pytest.raises(CannotStart) as refused:
        prepare(Database(url), MIGRATIONS)
    assert "\n" not in str(refused.value), "one line"
    return refused.value


def test_a_wrong_password_is_told_in_one_line_and_not_repeated() -> None:
    server = postgres.server()
    user, _ = postgres.GUARDED
    said = _refused(f"postgresql://{user}:the-wrong-one@127.0.0.1:{server.port}/postgres").words
    assert "password authentication failed" in said.en
    assert "รหัสผ่าน" in said.th
    assert "the-wrong-one" not in str(said)


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    assert (
        "that the server runs" in _refused(f"postgresql://safezone@127.0.0.1:{free_port()}/postgres").words.en
    )


def test_a_database_of_a_newer_program_is_refused(url: str) -> None:
    database = Database(url)
    with database.write_connection() as conn, conn.begin():
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    assert "newer version (schema 9999" in _refused(url).words.en


def test_a_database_that_cannot_hold_thai_is_refused() -> None:
    server = postgres.server()
    server.run("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII'")
    assert "UTF8" in _refused(server.url("ascii")).words.en
    server.drop("ascii")


@pytest.mark.parametrize("address", ["mysql://somewhere/x", "postgresql", "postgresql+asyncpg://h/d"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(CannotStart, match="database_url cannot be used"):
        Database(address)


def test_without_the_driver_the_words_say_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from safezone.core.db import Database\n"
        "Database('sqlite:///x.db')\n"
        "try:\n    Database('postgresql://h/d')\n"
        "except Exception as problem:\n    print(problem.words.en)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "pip install 'safezone[postgresql]'" in said.stdout


def test_two_programs_that_start_at_once_make_the_tables_once() -> None:
    name = postgres.server().create()
    start = (
        "import sys; from pathlib import Path\n"
        "from safezone.core.db import Database; from safezone.core.schema import prepare\n"
        "prepare(Database(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    words = [sys.executable, "-c", start, postgres.server().url(name), str(MIGRATIONS)]
    started = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for each in started:
        _, errors = each.communicate(timeout=120)
        assert each.returncode == 0, errors
    postgres.server().drop(name)


# ── what is different from SQLite ──


def test_a_reading_connection_cannot_write_and_sees_one_moment(url: str) -> None:
    database = Database(url)
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM station_head").scalar() == 0
        with database.write_connection() as writer, writer.begin():
            writer.exec_driver_sql("INSERT INTO station_head VALUES ('mdh', 1, 'x')")
        assert conn.exec_driver_sql("SELECT count(*) FROM station_head").scalar() == 0
    with pytest.raises(DBAPIError, match="read-only"), database.read() as conn:
        conn.exec_driver_sql("DELETE FROM log")
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM station_head").scalar() == 1
    database.close()


def test_a_commit_waits_for_the_disk_whatever_the_servers_default_is(url: str) -> None:
    name = url.rsplit("/", 1)[1]
    postgres.server().run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    database = Database(url)
    with database.write_connection() as conn:
        assert conn.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    database.close()


@pytest.mark.parametrize("thing", ["a\0b", "long " * 1000])
def test_what_cannot_be_kept_is_refused_and_harms_nobody_else(ground: Ground, thing: str) -> None:
    with ground.held():
        asked = [ground.lane.submit(Say(one), SYSTEM) for one in ("before", thing, "after")]
    assert [asked[0].result(20), asked[2].result(20)] == [1, 3]
    with pytest.raises(Invalid) as refused:
        asked[1].result(20)
    assert "บันทึกไม่ได้" in refused.value.words.th
    assert ground.verdict().content


# ── losing the server ──


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_is_gone_is_told_and_found_again(how: signal.Signals, tmp_path: Path) -> None:
    own = postgres.new_server()
    own.run("CREATE DATABASE station")
    database = Database(own.url("station"))
    prepare(database, MIGRATIONS)
    ground = Ground(tmp_path, database)
    assert ground.do(Say("before")) == 1
    own.stop(how)
    with pytest.raises(Unavailable):
        ground.do(Say("while it is away"))
    assert ground.lane.last_error
    with pytest.raises(DBAPIError):
        ground.head()
    own.start()
    assert ground.do(Say("after")) == 3
    assert ground.lane.last_error is None
    assert [row.name for row in ground.rows(select(credential.c.name))] == ["before", "after"]
    assert ground.verdict().content
    ground.close()
    own.close()


# ── several programs ──

_WRITER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from safezone.core.db import Database
from safezone.core.identity import system
from tests.core.ground import Ground, Say

me, url, stations = sys.argv[1], sys.argv[2], sys.argv[3:]
ground = Ground(Path("."), Database(url))
print("ready", flush=True)
sys.stdin.readline()
asked = [
    (station, ground.lane.submit(Say(f"{me} {number}"), system(station, "test")))
    for number in range(150) for station in (stations if int(me) % 2 else reversed(stations))
]
print(json.dumps([(station, one.result(60)) for station, one in asked]))
ground.close()
"""


def test_several_programs_on_one_database_write_one_chain_without_a_gap(ground: Ground, url: str) -> None:
    """Each program asks for both stations, half of them the other way round: nobody waits for the other for ever."""
    names = (STATION, "nki")
    words = [sys.executable, "-c", _WRITER]
    programs = [
        subprocess.Popen(
            [*words, str(n), url, *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(3)
    ]
    for each in programs:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in programs:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    answered = [tuple(one) for each in programs for one in json.loads(each.communicate(timeout=120)[0])]
    assert len(answered) == len(set(answered)) == 3 * 150 * 2, "no line was given to two"
    counts = dict(ground.rows(select(log.c.station, func.count()).group_by(log.c.station)))
    assert counts == dict.fromkeys(names, 3 * 150 * 2)
    for verdict in verify(ground.database, ground.bus):
        assert verdict.content, verdict


def test_what_another_program_wrote_is_told_here_with_the_next_commit(
    ground: Ground, url: str, tmp_path: Path
) -> None:
    """The screens of each program see everything: the clock's jobs commit something every second."""
    follower = Follower(ground.database, ground.bus.reader(), STATION, ground.lane.tell)
    follower.start()
    ground.lane.report_to(follower.take)
    ground.do(Say("mine"))
    other = Ground(tmp_path, Database(url))
    other.do(Say("theirs"))
    other.close()
    ground.do(Say("mine again"))
    entries = [entry for committed in ground.transactions() for entry in committed.entries]
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert "theirs" in [entry.event.subject for entry in entries]


def test_a_station_does_not_wait_for_another(ground: Ground, url: str, tmp_path: Path) -> None:
    other = Ground(tmp_path, Database(url))
    for one in (ground, other):
        one.do(Say("first"), system("mdh" if one is ground else "nki", "test"))
    with ground.held():  # Its transaction is open and holds the head of its station.
        assert other.do(Say("meanwhile"), system("nki", "test")) == 3
        waits = other.lane.submit(Say("the same station"), SYSTEM)
        assert other.lane is not ground.lane
        assert not waits.done()
    assert eventually(waits.done)
    assert waits.result() == 3
    other.close()
