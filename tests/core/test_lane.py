"""The writer lane: said = stored, many at once, each for itself; and nobody hears "received" when the disk fails."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from safezone.core.credentials import credential
from safezone.core.db import Database
from safezone.core.errors import Refused, SafezoneError, Unavailable
from safezone.core.lane import MAX_BATCH, Committed
from safezone.core.log import log
from tests.core.ground import STATION, SYSTEM, Ground, Say, SayMany
from tests.support.places import eventually

NAMES = select(credential.c.name).order_by(credential.c.name)


def test_waiting_commands_share_a_transaction(ground: Ground) -> None:
    count = 600
    with ground.held(), ThreadPoolExecutor(8) as callers:
        futures = list(callers.map(lambda n: ground.lane.submit(Say(f"{n:03}"), SYSTEM), range(count)))
    seqs = [future.result(timeout=60) for future in futures]
    assert len(set(seqs)) == count
    told = [c for c in ground.transactions() if c.entries]
    shared = [len(c.entries) // 2 for c in told if c.entries[0].seq <= max(seqs)]
    assert sum(shared) == count
    assert max(shared) <= MAX_BATCH
    assert len(shared) <= 5, f"600 waiting commands took {len(shared)} transactions"


def test_the_log_has_no_gap_and_every_entry_is_told_once_in_order(ground: Ground) -> None:
    with ground.held():
        asked = [Say(f"{n}", then=("keep", "refuse", "break")[n % 3]) for n in range(90)]
        futures = [ground.lane.submit(one, SYSTEM) for one in asked]
    kept = [one.thing for one, future in zip(asked, futures, strict=True) if _outcome(future) == "kept"]
    assert kept == [one.thing for one in asked if one.then == "keep"]
    entries = [entry for committed in ground.transactions() for entry in committed.entries]
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.id for entry in entries] == [entry.id for entry in ground.log()]
    assert [entry.event.subject for entry in entries if entry.kind == "test_said"][: len(kept)] == kept


def test_a_refused_or_broken_command_undoes_itself_alone(ground: Ground) -> None:
    with ground.held():
        futures = {
            one.thing: ground.lane.submit(one, SYSTEM)
            for one in (
                Say("a", "ก"),
                Say("b", "ข", then="refuse"),
                Say("c", "ค", then="break"),
                Say("d", "ง"),
            )
        }
    assert {thing: _outcome(future) for thing, future in futures.items()} == {
        "a": "kept", "b": "Refused", "c": "Unavailable", "d": "kept"
    }  # fmt: skip
    assert [row.name for row in ground.rows(NAMES)] == ["a", "d"]
    assert ground.rows(select(func.count()).select_from(log))[0][0] == 4
    assert ground.rows(select(func.count("*")).select_from(credential))[0][0] == 2
    assert len(ground.rows(select(credential.metadata.tables["sealed"].c.ref))) == 2, (
        "sealed and then not kept"
    )
    assert ground.verdict().content


def test_bulk_commands_may_record_in_any_order(ground: Ground) -> None:
    with ground.held():
        futures = [ground.lane.submit(SayMany(f"{n}"), SYSTEM) for n in range(20)]
    assert [future.result(timeout=60) for future in futures] == [f"{n}" for n in range(20)]
    assert ground.verdict().content
    entries = [entry for committed in ground.transactions() for entry in committed.entries]
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))


def test_what_was_answered_is_seen_by_another_process(ground: Ground) -> None:
    seq = ground.do(Say("seen elsewhere"))
    look = (
        "import sys; from safezone.core.db import Database\n"
        "with Database(sys.argv[1]).read() as conn:\n"
        "    print(conn.exec_driver_sql('SELECT count(*), max(seq) FROM log').one())"
    )
    seen = subprocess.run(
        [sys.executable, "-c", look, ground.database.url],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert seen.stdout.strip() == f"(2, {seq + 1})"


async def test_a_caller_that_went_away_is_done_all_the_same(ground: Ground) -> None:
    with ground.held():
        task = asyncio.ensure_future(ground.lane.execute(Say("hung up"), SYSTEM))
        stays = asyncio.ensure_future(ground.lane.execute(Say("stays on"), SYSTEM))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
    assert await stays == 3
    assert task.cancelled()
    assert [row.name for row in ground.rows(NAMES)] == ["hung up", "stays on"]


async def test_each_event_loop_hears_its_own_refusal(ground: Ground) -> None:
    with pytest.raises(Refused, match="no to this"):
        await ground.lane.execute(Say("this", then="refuse"), SYSTEM)
    with pytest.raises(Unavailable):
        await ground.lane.execute(Say("that", then="break"), SYSTEM)


def test_an_observer_that_fails_does_not_end_the_lane(ground: Ground) -> None:
    def fails(_committed: Committed) -> None:
        raise ZeroDivisionError("an observer")

    ground.lane.observe(fails)
    assert [ground.do(Say(thing)) for thing in ("a", "b")] == [1, 3]


def test_who_asks_after_the_end_is_told_so(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    ground.close()
    with pytest.raises(Unavailable):
        ground.do(Say("too late"))


# ── the disk ──


class SmallDisk(Database):
    """A database that may not grow beyond some pages; SQLite itself says that the disk is full."""

    most_pages = 1_000_000

    def write_connection(self) -> Connection:
        conn = super().write_connection()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {self.most_pages}")
        conn.commit()
        return conn


def test_a_full_disk_is_told_to_everybody_and_nothing_is_stored(tmp_path: Path) -> None:
    disk = SmallDisk(f"sqlite:///{tmp_path / 'ground.db'}")
    ground = Ground(tmp_path, disk)
    before = [ground.do(Say(f"{n}")) for n in range(3)][-1] + 1
    disk.most_pages = 1
    ground.lane.stop()
    ground.lane.start()  # A new connection, on the disk that has become small.
    with ground.held():
        long = "ยาว" * 5000
        futures = [
            ground.lane.submit(Say(f"full {n}", long, then="refuse" if n == 2 else "keep"), SYSTEM)
            for n in range(8)
        ]
    assert {_outcome(future) for future in futures} == {"Unavailable"}, (
        "a refusal too: nothing of it is certain"
    )
    assert "full" in (ground.lane.last_error or "")
    assert ground.head() == before
    disk.most_pages = 1_000_000
    assert ground.do(Say("there is room again", long)) == before + 1
    assert ground.lane.last_error is None
    assert ground.verdict().content
    ground.close()


_UNTIL_FULL = """
import json, resource, signal, sys
from pathlib import Path
from safezone.core.errors import Unavailable
from tests.core.ground import SYSTEM, Ground, Say

folder = Path(sys.argv[1])
ground = Ground(folder)
ground.do(Say("before"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # The write fails instead, as on a full disk.
size = max(each.stat().st_size for each in folder.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, resource.RLIM_INFINITY))
stored, failed = ["before"], 0
for number in range(400):
    try:
        ground.do(Say(f"thing {number}", "ยาว" * 500))
        stored.append(f"thing {number}")
    except Unavailable:
        failed += 1
        if failed == 5:
            break
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
ground.do(Say("after"))
ground.close()
print(json.dumps({"stored": [*stored, "after"], "failed": failed}))
"""


def test_when_the_file_cannot_grow_only_what_was_stored_was_answered(tmp_path: Path) -> None:
    """The operating system itself refuses the write (RLIMIT_FSIZE), in the middle of a commit."""
    child = subprocess.run(
        [sys.executable, "-c", _UNTIL_FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert child.returncode == 0, child.stderr
    said = json.loads(child.stdout)
    assert said["failed"] == 5
    assert len(said["stored"]) > 5, "the disk was full too soon for the test to say anything"
    ground = Ground(tmp_path)
    assert [
        row.name
        for row in ground.rows(select(credential.c.name).order_by(credential.c.issued_at_us, credential.c.id))
    ] == said["stored"]
    assert ground.head() == 2 * len(said["stored"])
    assert ground.verdict().content
    ground.close()


def test_a_database_that_is_gone_is_told_and_found_again(tmp_path: Path) -> None:
    """Locked by another program for longer than is waited for: told as not stored, and no gap afterwards."""
    database = Database(f"sqlite:///{tmp_path / 'ground.db'}")
    ground = Ground(tmp_path, database)
    ground.do(Say("before"))
    with database.write_connection() as intruder:
        transaction = intruder.begin()
        waiting = ground.lane.submit(Say("waits"), SYSTEM)
        transaction.rollback()
    assert eventually(waiting.done)
    assert waiting.result() == 3
    assert ground.verdict().content
    ground.close()


def _outcome(future: Any) -> str:
    try:
        future.result(timeout=60)
    except SafezoneError as problem:
        return type(problem).__name__
    return "kept"


def test_a_station_keeps_a_log_of_its_own(ground: Ground) -> None:
    from safezone.core.identity import system

    assert ground.do(Say("a"), system(STATION, "test")) == 1
    assert ground.do(Say("b"), system("nki", "test")) == 1
    assert ground.do(Say("c"), system(STATION, "test")) == 3
