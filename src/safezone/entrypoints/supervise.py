"""Keeps the parts of the program running: starts them, starts again what dies, and ends them all together.

A small process of its own that knows nothing of the station, so that nothing of the station can bring it down. It
imports the standard library only (about 12 MB of memory) and sleeps until something happens. Linux and macOS.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from safezone.entrypoints.child import Child, ChildSpec, die_with_parent
from safezone.entrypoints.sd_notify import Notifier
from safezone.entrypoints.voice import say

GIVE_UP_CODE: Final = 78
"""A child that ends with this code (EX_CONFIG) has said why it cannot start, and that trying again is of no use."""


class Supervisor:
    """Runs its children until it is told to stop, or until one of them says that it cannot start at all."""

    def __init__(
        self,
        children: Sequence[ChildSpec],
        run_dir: Path,
        *,
        grace_s: float = 5.0,
        when_alone: Callable[[], None] | None = None,
        when_ready: Callable[[], None] | None = None,
    ) -> None:
        """`run_dir` gets `children.json` (who runs, since when, how often started again) and a lock.

        `when_alone` is called before anything is started, once it is certain that no other supervisor works here.
        `when_ready` is called once, when every child that tells it is ready. The children are started in their order
        and ended in the opposite one; after `grace_s` in all, whoever is left is killed.
        """
        self._children = [Child(each) for each in children]
        self._run_dir = run_dir
        self._grace_s = grace_s
        self._when_alone = when_alone
        self._when_ready = when_ready
        self._has_been_ready = False
        self._status_is_old = False
        self._before_exec = die_with_parent()
        self._notifier = Notifier()

    def run(self) -> int:
        """Returns the exit code once every child has ended: 0 after SIGINT, SIGTERM or SIGHUP, else that of the child
        that could not start; 78 if another supervisor holds `run_dir`.
        """
        try:
            self._run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self._run_dir / "lock").open("w")
        except OSError as problem:
            _cannot_write(self._run_dir, problem)
            return GIVE_UP_CODE
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _say(
                    f"Safe Zone ทำงานอยู่แล้วกับข้อมูลชุดนี้ ({self._run_dir.parent})",
                    f"Safe Zone already runs on this data ({self._run_dir.parent})",
                )
                return GIVE_UP_CODE
            try:
                if self._when_alone is not None:
                    self._when_alone()
            except OSError as problem:
                _cannot_write(self._run_dir, problem)
                return GIVE_UP_CODE
            with _Signals() as signals:
                if not self._write_status():  # A disk without room for this has none for a press.
                    return GIVE_UP_CODE
                code = self._watch(signals)
                self._notifier.tell("STOPPING=1")
                self._end_all(signals)
        with suppress(OSError):  # On a disk that takes nothing more it stays: the next start writes it anew.
            (self._run_dir / "children.json").unlink()
        return code

    def _watch(self, signals: _Signals) -> int:
        while True:
            now_s = time.monotonic()
            for each in self._children:
                if each.start_at_s is not None and each.start_at_s <= now_s and not self._try_to_start(each):
                    return GIVE_UP_CODE
            self._announce()
            if self._status_is_old:
                self._write_status()
            if signals.wait([pipe for each in self._children for pipe in each.pipes], self._wait_s()):
                return 0
            for each in self._children:
                for pipe in filter(signals.readable, each.pipes):
                    each.hear(pipe)
                if each.process is not None and (code := each.process.poll()) is not None:
                    # What had come up before will again, once the disk has room or the port is free.
                    if code == GIVE_UP_CODE and not each.was_ready:
                        each.bury()
                        return code
                    self._mourn(each, code)
                elif each.line is not None and each.line.hangs():
                    self._end_hanging(each)

    def _try_to_start(self, child: Child) -> bool:
        """False if its program is not there at the first start: then it never will be."""
        try:
            child.start(self._before_exec)
        except OSError as problem:
            _say(
                f"เริ่ม {child.spec.name} ไม่ได้: {child.spec.argv[0]}: {problem.strerror}",
                f"Cannot start {child.spec.name}: {child.spec.argv[0]}: {problem.strerror}",
            )
            if not child.starts:
                return False
            child.started_s = time.monotonic()
            child.bury()
        self._write_status()
        return True

    def _end_hanging(self, child: Child) -> None:
        _say(
            f"{child.spec.name} ค้าง ไม่ตอบสนอง จะปิดแล้วเริ่มใหม่",
            f"{child.spec.name} hangs: it has given no sign of life; it is killed and started again",
        )
        child.signal(signal.SIGKILL)  # What hangs hears nothing else.

    def _mourn(self, child: Child, code: int) -> None:
        child.bury()
        delay_s = max(0.0, (child.start_at_s or 0.0) - time.monotonic())
        how_th, how_en = (
            (f"สัญญาณ {-code}", f"signal {-code}") if code < 0 else (f"รหัส {code}", f"code {code}")
        )
        _say(
            f"{child.spec.name} หยุด ({how_th}) จะเริ่มใหม่ใน {delay_s:.1f} วินาที",
            f"{child.spec.name} has ended ({how_en}) and is started again in {delay_s:.1f} s",
        )
        self._write_status()

    def _wait_s(self) -> float | None:
        """Until the next start, sign of life of theirs or ours, or attempt to say who runs; None when there is nothing to do."""
        now_s = time.monotonic()
        waits = [max(0.0, each.start_at_s - now_s) for each in self._children if each.start_at_s is not None]
        waits += [each.line.turn_left_s() for each in self._children if each.line and each.line.is_awaited]
        if (until_sign_s := self._notifier.tell_alive()) is not None:
            waits.append(until_sign_s)
        return min([*waits, 2.0] if self._status_is_old else waits, default=None)

    def _announce(self) -> None:
        if self._has_been_ready or not all(each.ready for each in self._children):
            return
        self._has_been_ready = True
        self._notifier.tell("READY=1")
        if self._when_ready is not None:
            self._when_ready()

    def _end_all(self, signals: _Signals) -> None:
        """The last one started is ended first, so that whoever still hands something on finds somebody to take it."""
        end_s = time.monotonic() + self._grace_s
        living = [each for each in reversed(self._children) if each.process is not None]
        for number, child in enumerate(living):
            child.signal(signal.SIGTERM)
            # Whoever comes later keeps a share of the time.
            until_s = end_s - self._grace_s * (len(living) - 1 - number) / (2 * len(living))
            while child.process is not None and child.process.poll() is None:
                left_s = until_s - time.monotonic()
                if left_s <= 0 or signals.wait([], left_s):  # A second Ctrl-C: at once.
                    break
            child.signal(signal.SIGKILL)  # And whatever it has started itself.
            if child.process is not None:
                child.process.wait()
            child.bury()

    def _write_status(self) -> bool:
        """Whoever looks can see who runs; False, and it was said, when it cannot be written."""
        now = {
            "supervisor": {"pid": os.getpid()},
            "children": [
                {
                    "name": each.spec.name,
                    "pid": each.process.pid if each.process is not None else None,
                    "since": each.since.isoformat().replace("+00:00", "Z")
                    if each.since is not None
                    else None,
                    "restarts": max(0, each.starts - 1),
                }
                for each in self._children
            ],
        }
        draft = self._run_dir / "children.json.new"
        try:
            draft.write_text(json.dumps(now, indent=1), "utf-8")
            draft.replace(self._run_dir / "children.json")
        except OSError as problem:  # A full disk is no reason to stop what runs.
            if not self._status_is_old:
                _cannot_write(self._run_dir, problem)
            self._status_is_old = True
            return False
        self._status_is_old = False
        return True


class _Signals:
    """Signals and the deaths of children as something that can be waited for, without polling."""

    _STOP: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._reading, self._writing = socket.socketpair()
        self._before: list[tuple[int, object]] = []
        self._heard: set[int] = set()

    def __enter__(self) -> _Signals:
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        for number in (*self._STOP, signal.SIGCHLD):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # Started with nohup.
            self._before.append((number, signal.signal(number, lambda *_: None)))
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._wakeup_before)
        self._reading.close()
        self._writing.close()

    def wait(self, pipes: list[int], timeout_s: float | None) -> bool:
        """Returns when a signal has come, a pipe has something or the time is over; True if we are to stop."""
        self._heard.clear()
        wakeup = self._reading.fileno()
        readable, _, _ = select.select([wakeup, *pipes], [], [], timeout_s)
        self._heard.update(readable)
        if wakeup in readable:
            return any(number in self._STOP for number in self._reading.recv(4096))
        return False

    def readable(self, pipe: int) -> bool:
        """Whether the last `wait` found something in this pipe."""
        return pipe in self._heard


def become_supervisor(children: Sequence[ChildSpec], run_dir: Path) -> NoReturn:
    """This process forgets all it has loaded and goes on, with the same id, as the supervisor of these children.

    OSError if `run_dir` cannot be written. For a command that had to load the program to know what to start.
    """
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    spec = run_dir / "supervise.json"
    with os.fdopen(os.open(spec, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump([{**each._asdict(), "env": dict(each.env)} for each in children], file)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "safezone.entrypoints.supervise", str(spec)])  # noqa: S606


def main(argv: Sequence[str]) -> int:
    """`python -m safezone.entrypoints.supervise FILE`: supervise the children in a file of `become_supervisor`."""
    spec = Path(argv[0])
    children = [ChildSpec(**each) for each in json.loads(spec.read_text("utf-8"))]
    return Supervisor(children, spec.parent).run()


def _cannot_write(directory: Path, problem: OSError) -> None:
    _say(f"เขียน {directory} ไม่ได้: {problem.strerror}", f"Cannot write to {directory}: {problem.strerror}")


def _say(th: str, en: str) -> None:
    say(f"{th} / {en}", "safezone.supervisor", "WARNING")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
