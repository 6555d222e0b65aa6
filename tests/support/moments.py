"""Named moments inside a program that runs: it is killed, or its disk fails or is slow, exactly there.

    moments = Moments(tmp_path)                                   # skips, and says so, without a C compiler
    with running(data, env=moments.env) as station:
        moments.kill(station.children()["node"], BEFORE_FLUSH)    # at the next flush to disk, before it happens

A small library (moments.c) is loaded into the processes with LD_PRELOAD; the program has no hook for it. nats-server is
linked statically and hears nothing of this.
"""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

import pytest

SOURCE: Final = Path(__file__).with_name("moments.c")


class Moment(NamedTuple):
    """A place in the life of a process; `let_pass` of its kind are let pass first."""

    number: int
    let_pass: int = 0


BEFORE_WRITE: Final = Moment(1)
"""Something is about to be written into the record: the transaction is half there, or its first byte is missing."""
BEFORE_FLUSH: Final = Moment(2)
"""All of it is written, and nothing is certain to be on disk."""
AFTER_FLUSH: Final = Moment(3)
"""It is on disk, and nobody knows."""
BEFORE_WORD: Final = Moment(4)
"""The first word about it is about to go out, to whomever: a receipt, an answer, a console."""
AFTER_WORD: Final = Moment(5)
SECOND_WORD: Final = Moment(4, 1)
"""Somebody was told; the next one was not."""
BEFORE_ASKED: Final = Moment(6)
"""PostgreSQL: everything was sent but the word COMMIT."""
AFTER_ASKED: Final = Moment(7)
"""PostgreSQL: it was sent, and nobody has heard what came of it."""


class Moments:
    """The library, built, with the page through which it is told what to do."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            pytest.skip("no C compiler on this machine: a process cannot be struck at a named moment")
        library, page = folder / "moments.so", folder / "moments.page"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True
        )
        page.write_bytes(bytes(mmap.PAGESIZE))
        page.chmod(0o666)  # PostgreSQL runs as another user where we are root.
        with page.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.env = {"LD_PRELOAD": str(library), "SAFEZONE_TEST_MOMENTS": str(page)}

    def kill(self, pid: int, moment: Moment, *, with_parent: bool = False) -> None:
        """The process gets SIGKILL the next time it comes to this moment, and its parent too where that is asked for."""
        self._tell(pid, moment.number, moment.let_pass, with_parent=with_parent)

    def fail(self, pid: int, moment: Moment, error: int) -> None:
        """Every write or flush of this process fails with this errno, until `calm`."""
        self._tell(pid, moment.number, error=error)

    def slow(self, pid: int, flush_s: float) -> None:
        """Every flush to disk of this process takes so much longer, until `calm`."""
        self._tell(pid, slow_us=round(flush_s * 1e6))

    def shift(self, pid: int, by_s: int) -> None:
        """The clock of this process (not its stopwatch) is wrong by so many seconds, until `calm`."""
        self._tell(pid, shift_s=by_s)

    def calm(self) -> None:
        """Nothing happens any more."""
        self._tell(0)

    def _tell(
        self,
        pid: int,
        moment: int = 0,
        let_pass: int = 0,
        error: int = 0,
        slow_us: int = 0,
        shift_s: int = 0,
        *,
        with_parent: bool = False,
    ) -> None:
        # The process is named last: before that nobody obeys what is half written.
        self._page[:4] = struct.pack("i", 0)
        self._page[4:32] = struct.pack("7i", moment, let_pass, error, slow_us, shift_s, 0, with_parent)
        self._page[:4] = struct.pack("i", pid)
