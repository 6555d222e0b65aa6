"""The disk is slow, refuses, or was torn in mid-write: nobody is told "received" for nothing, and nothing is lost.

Write errors and slow flushes are made inside the program's own calls (tests/support/moments.c); what was torn is the end
of the write-ahead log of a station that was killed before it had flushed.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.support.life import NO_ESCALATION, living
from tests.support.moments import BEFORE_FLUSH, BEFORE_WRITE, Moment, Moments
from tests.support.places import eventually, let_pass
from tests.support.record import head_of
from tests.support.running import Station, finish, running

SLOW_S: Final = 2.0


@pytest.mark.matrix
def test_every_flush_takes_two_seconds(tmp_path: Path) -> None:
    moments = Moments(tmp_path)
    with (
        running(tmp_path / "data", settings=NO_ESCALATION, env=moments.env) as station,
        living(station, pace_s=0.5) as life,
    ):
        node = station.children()["node"]
        moments.slow(node, SLOW_S)
        press, began = life.poles[0].press(), time.monotonic()
        eventually(lambda: press.receipts)
        waited_s = time.monotonic() - began
        assert waited_s >= SLOW_S * 0.9, "it was told before it was on disk"
        said = eventually(_says(station, "check the disk"))
        let_pass(20.0)
        assert station.children()["node"] == node, "slow is not hung"
        moments.calm()
        life.wait_for_more()
        life.settle()
        print(
            f"a flush takes {SLOW_S:.0f} s: receipt after {waited_s:.1f} s; /readyz: {said}; {life.judge()}"
        )


def _says(station: Station, words: str) -> Callable[[], str]:
    """What /readyz says of the record, once these words are in it."""

    def ask() -> str:
        told = str(station.readiness().json()["parts"]["record"])
        return told if words in told else ""

    return ask


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("moment", "error"),
    [
        (BEFORE_WRITE, errno.EROFS),
        (BEFORE_WRITE, errno.EIO),
        (BEFORE_FLUSH, errno.EIO),
        (BEFORE_WRITE, errno.ENOSPC),
    ],
    ids=lambda each: (
        errno.errorcode[each] if isinstance(each, int) else ("write" if each == BEFORE_WRITE else "flush")
    ),
)
def test_the_disk_refuses_for_a_while(tmp_path: Path, moment: Moment, error: int) -> None:
    moments = Moments(tmp_path)
    with (
        running(tmp_path / "data", settings=NO_ESCALATION, env=moments.env) as station,
        living(station) as life,
    ):
        node = station.children()["node"]
        moments.fail(node, moment, error)
        press = life.poles[0].press()
        eventually(lambda: press.tries >= 3)
        assert press.receipts == [], "a lie"
        for _ in range(20):  # Also while a job, which writes nothing, has its turn every second.
            assert station.readiness().status_code == 503
            let_pass(0.1)
        assert station.ask("GET", "/console").status_code == 200, "what is known can still be read"
        head = head_of(station.database)
        let_pass(1.0)
        assert head_of(station.database) == head
        moments.calm()
        began = time.monotonic()
        life.wait_for_more()
        again_s = time.monotonic() - began
        assert station.children()["node"] == node, "the program lived through it"
        life.settle()
        print(f"{errno.errorcode[error]}: all served {again_s:.1f} s after it was over; {life.judge()}")


# ── torn ──


def _kill_before_flush(tmp_path: Path) -> tuple[Path, int, int, int]:
    """A folder as a power cut leaves it: its data, how much of its log was flushed, all of it, and the last line."""
    moments = Moments(tmp_path)
    data = tmp_path / "data"
    with running(data, settings=NO_ESCALATION, env=moments.env) as station:
        for number in range(5):
            answer = station.ask("POST", "/reports", {"kind": "fire", "dedupe_key": str(number)}, who=None)
            assert answer.status_code == 201
        wal = data / "safezone.db-wal"
        told, certain = head_of(station.database), _settled_size(station, wal)
        # Nothing may bring the program back: it would put in order what is to be looked at.
        moments.kill(node := station.children()["node"], BEFORE_FLUSH)
        station.process.send_signal(signal.SIGSTOP)
        with pytest.raises(Exception, match=r"disconnected|reset|closed|[Rr]emote"):
            station.ask("POST", "/reports", {"kind": "fire", "dedupe_key": "torn"}, who=None)
        eventually(lambda: not _runs(node))
        shutil.copytree(data, tmp_path / "cut")
        station.process.send_signal(signal.SIGCONT)
        station.wait_until_answering("node", unlike=node)
    return tmp_path / "cut", certain, (tmp_path / "cut" / "safezone.db-wal").stat().st_size, told


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _settled_size(station: Station, wal: Path) -> int:
    def is_quiet() -> bool:
        listed = station.ask("GET", "/admin/listeners", who="admin").json()["items"]
        return not any(each["lag"] for each in listed)

    eventually(is_quiet)
    return wal.stat().st_size


@pytest.mark.matrix
def test_a_torn_end_of_the_write_ahead_log_takes_nothing_with_it_that_was_confirmed(tmp_path: Path) -> None:
    folder, certain, whole, told = _kill_before_flush(tmp_path)
    assert whole > certain, "nothing stands behind what was flushed"
    chance = random.Random(7)
    wal = folder / "safezone.db-wal"
    original = wal.read_bytes()
    cuts = [
        certain,
        certain + 1,
        certain + 24,
        whole - 1,
        *(chance.randrange(certain, whole) for _ in range(4)),
    ]
    torn = {f"cut at {cut - certain} of {whole - certain}": original[:cut] for cut in cuts}
    for number in range(4):
        at = chance.randrange(certain, whole - 64)
        torn[f"garbled at {at - certain} ({number})"] = (
            original[:at] + chance.randbytes(64) + original[at + 64 :]
        )
    hole = certain + (whole - certain) // 2 // 4096 * 4096
    torn["a page of zeroes"] = original[:hole] + bytes(4096) + original[hole + 4096 :]
    torn["whole"] = original
    for name, content in torn.items():
        tried = folder.parent / "tried"
        shutil.copytree(folder, tried)
        (tried / "safezone.db-wal").write_bytes(content)
        (tried / "safezone.db-shm").unlink(missing_ok=True)
        verified = finish(["verify", "--data", str(tried), "--json"])
        assert verified.returncode == 0, f"{name}: {verified.stdout}{verified.stderr}"
        (verdict,) = json.loads(verified.stdout)
        assert verdict["events"] >= told, f"{name}: {verdict}"
        assert not verdict["broken"], name
        assert not verdict["differences"], name
        shutil.rmtree(tried)
    print(
        f"{len(torn)} ways to tear {whole - certain} bytes that were not flushed: {told} confirmed events, none missing"
    )


@pytest.mark.matrix
def test_a_page_of_the_record_that_is_garbled_is_told_and_not_served(tmp_path: Path) -> None:
    """What was flushed and has rotted since cannot be repaired; it must be noticed."""
    with running(tmp_path / "data") as station:
        for number in range(50):
            station.ask(
                "POST", "/reports", {"kind": "fire", "text": "x" * 500, "dedupe_key": str(number)}, who=None
            )
    database = tmp_path / "data" / "safezone.db"
    with database.open("r+b") as file:
        for page in range(4, database.stat().st_size // 4096, 3):
            file.seek(page * 4096)
            file.write(os.urandom(2048))
    verified = finish(["verify", "--data", str(tmp_path / "data")])
    assert verified.returncode != 0
    assert "Traceback" not in verified.stderr, verified.stderr
    print(
        f"garbled pages: verify ends with {verified.returncode}: {(verified.stdout + verified.stderr).strip()[:300]}"
    )


@pytest.mark.matrix
def test_life_goes_on_after_a_power_cut(tmp_path: Path) -> None:
    folder, certain, whole, told = _kill_before_flush(tmp_path)
    os.truncate(folder / "safezone.db-wal", (certain + whole) // 2)
    for each in ("run/children.json", "run/node.lock", "run/lock"):
        (folder / each).unlink(missing_ok=True)
    with running(folder) as station:
        assert head_of(station.database) >= told
        assert (
            station.ask("POST", "/reports", {"kind": "fire", "dedupe_key": "torn"}, who=None).status_code
            == 201
        )
